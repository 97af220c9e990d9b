/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop in virtual time, in place of base/loop: timers alone, for
 * the programs' other ends are played by the world as well.
 */
#include <stdlib.h>

#include "common/base/loop.h"
#include "agenda.h"
#include "process.h"

struct loop {
	int unused;
};

struct loop_timer {
	struct agenda_entry entry;
	void (*cb)(void *arg);
	void *arg;
};

struct loop *loop_create(struct err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		err_nomem(err);
	return loop;
}

void loop_destroy(struct loop *loop)
{
	free(loop);
}

void loop_stop(struct loop *loop, int code)
{
	(void) loop;
	(void) code;
}

static void _fire(void *arg)
{
	struct loop_timer *timer = arg;

	if (process_passes(BARRIER_TIMER))
		timer->cb(timer->arg);
}

struct loop_timer *loop_timer_create(struct loop *loop,
				     void (*cb)(void *arg), void *arg,
				     struct err *err)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));

	(void) loop;
	if (!timer) {
		err_nomem(err);
		return NULL;
	}
	timer->entry.fn = _fire;
	timer->entry.arg = timer;
	timer->cb = cb;
	timer->arg = arg;
	return timer;
}

int loop_timer_set(struct loop_timer *timer, int64_t delay_us)
{
	agenda_set(&timer->entry, delay_us);
	return 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
	agenda_stop(&timer->entry);
}

void loop_timer_destroy(struct loop_timer *timer)
{
	if (!timer)
		return;
	agenda_stop(&timer->entry);
	free(timer);
}

/* The world has no children: chained programs are for foreign nodes. */
struct loop_child *loop_child_create(struct loop *loop, pid_t pid,
				     void (*cb)(pid_t pid,
						const siginfo_t *info,
						void *arg),
				     void *arg, struct err *err)
{
	(void) loop;
	(void) pid;
	(void) cb;
	(void) arg;
	err_set(err, ERR_FATAL, "the world has no children");
	return NULL;
}

void loop_child_destroy(struct loop_child *child)
{
	(void) child;
}
