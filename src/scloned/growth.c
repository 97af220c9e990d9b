/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/clone/usage.h"
#include "growth.h"

#define SOON_US CLOCK_US_PER_S		/* after new clones */
#define LATER_US (60 * CLOCK_US_PER_S)
#define SHARE 50	/* pause that many times the listing's length */

struct growth {
	struct executor *executor;
	struct planner *planner;
	struct loop_timer *timer;
	struct usage *usage;		/* the listing under way, or NULL */
	int64_t began, ended, length;	/* of the last one; monotonic */
	int64_t began_wall;
	bool failed;
};

static void _row(const struct usage_row *row, void *arg)
{
	struct growth *growth = arg;

	planner_takes(growth->planner, row->name, row->memory, row->space);
}

static void _done(const struct err *failure, void *arg)
{
	struct growth *growth = arg;

	growth->usage = NULL;
	growth->ended = clock_mono_us();
	growth->length = growth->ended - growth->began;
	if (failure && !growth->failed)
		log_warn("what clones take of memory and space cannot be "
			 "read: %s", failure->text);
	growth->failed = failure != NULL;
	planner_weigh(growth->planner, failure ? 0 : growth->began_wall);
	growth_sources(growth);
}

static void _list(void *arg)
{
	struct growth *growth = arg;
	struct usage_hooks hooks = { _row, _done, growth };

	if (growth->usage)
		return;
	growth->began = clock_mono_us();
	growth->began_wall = clock_wall_us();
	growth->usage = usage_start(growth->executor, &hooks, NULL);
}

/* From the end of the last listing on. */
static int64_t _pause(const struct growth *growth, bool untold)
{
	int64_t least = untold && !growth->failed ? SOON_US : LATER_US;
	int64_t share = growth->length * SHARE;

	return share > least ? share : least;
}

void growth_sources(struct growth *growth)
{
	int64_t now = clock_mono_us();
	int64_t due;
	bool untold;

	if (growth->usage ||
	    !plan_wants_figures(planner_plan(growth->planner), &untold))
		return;
	due = growth->ended + _pause(growth, untold);
	loop_timer_set(growth->timer, due > now ? due - now : 0);
}

struct growth *growth_create(struct loop *loop, struct executor *executor,
			     struct planner *planner, struct err *err)
{
	struct growth *growth = calloc(1, sizeof(*growth));

	if (growth) {
		growth->executor = executor;
		growth->planner = planner;
		growth->ended = clock_mono_us();	/* others look first */
		growth->timer = loop_timer_create(loop, _list, growth, err);
	}
	if (!growth || !growth->timer) {
		growth_destroy(growth);
		err_nomem(err);
		return NULL;
	}
	return growth;
}

void growth_destroy(struct growth *growth)
{
	if (!growth)
		return;
	usage_cancel(growth->usage);
	loop_timer_destroy(growth->timer);
	free(growth);
}
