/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many sleepers on one timer, against a plain list. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "scloned/wake.h"
#include "tap.h"

#define SLEEPERS 500

static struct wake_entry entries[SLEEPERS];
static int64_t now = 1000000, last;
static size_t woken, disorder;

static int64_t _time(void *arg)
{
	(void) arg;
	return now;
}

static void _woken(struct wake_entry *entry, void *arg)
{
	(void) arg;
	woken++;
	if (entry->when > now || entry->when < last)
		disorder++;
	last = entry->when;
}

int main(void)
{
	struct clock_source source = { _time, _time, NULL };
	struct err err = ERR_INIT;
	struct loop *loop = loop_create(&err);
	struct wake *wake = wake_create(loop, SLEEPERS, _woken, NULL, &err);
	size_t due = 0;

	if (!loop || !wake)
		bail_out("%s", err.text);
	clock_set_source(&source);
	srand(7);
	for (int round = 0; round < 4; round++)
		for (size_t i = 0; i < SLEEPERS; i++)
			wake_set(wake, &entries[i],
				 rand() % 5 ? now + 1 + rand() % 2000 : 0);
	now += 1000;
	for (size_t i = 0; i < SLEEPERS; i++)
		due += entries[i].when && entries[i].when <= now;
	wake_set(wake, &entries[0], entries[0].when);
	for (int i = 0; i < 3 && woken < due; i++)
		loop_turn(loop, 1000000, &err);
	is_int((int64_t) woken, (int64_t) due, "all that are due, once");
	is_int((int64_t) disorder, 0, "in the order of their times");
	now += 1;
	woken = 0;
	for (size_t i = 0; i < SLEEPERS; i++)
		wake_set(wake, &entries[i], 0);
	wake_set(wake, &entries[3], now);
	loop_turn(loop, 1000000, &err);
	is_int((int64_t) woken, 1, "a dropped time wakes nobody");
	wake_destroy(wake);
	loop_destroy(loop);
	return done_testing();
}
