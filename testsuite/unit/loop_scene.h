/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop_scene - for tests that set the clock themselves: have a loop do what is
 * due by it.
 */
#ifndef SCLONE_UNIT_LOOP_SCENE_H
#define SCLONE_UNIT_LOOP_SCENE_H

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "tap.h"

#define LOOP_SCENE_MS 5000

static void _count_turn(void *arg)
{
	++*(unsigned *) arg;
}

/* All timers that are due now, those of others before one of its own. */
static void turn_what_is_due(struct loop *loop)
{
	unsigned turns = 0;
	struct err err = ERR_INIT;
	struct loop_timer *timer = loop_timer_create(loop, _count_turn,
						     &turns, &err);

	if (!timer)
		bail_out("%s", err.text);
	loop_timer_set(timer, 0);
	while (!turns)
		if (loop_turn(loop, LOOP_SCENE_MS * CLOCK_US_PER_MS, &err) < 0)
			bail_out("%s", err.text);
	loop_timer_destroy(timer);
}

#endif
