/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When what clones take is asked for, and what the planner is told of it.
 * Only the listing, the planner and the clock are made up. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/clone/usage.h"
#include "scloned/growth.h"
#include "loop_scene.h"
#include "tap.h"

#define S CLOCK_US_PER_S
#define WALL (500 * S)		/* wall time is ahead of the other by that */

static int64_t now = 1000 * S;
static struct loop *loop;
static struct growth *growth;

/* What the planner has. */
static bool wants, untold;
static char told_node[16];
static int64_t told_memory, told_space, told_older;
static unsigned weighed;

/* The listing. */
static struct usage_hooks hooks;
static bool refuses;
static unsigned asked, cancelled, warned;

/* --- what growth sees --------------------------------------------------- */

struct usage *usage_start(struct executor *executor,
			  const struct usage_hooks *cbs, struct err *err)
{
	(void) executor;
	asked++;
	hooks = *cbs;
	if (!refuses)
		return (struct usage *) (uintptr_t) &asked; /* not looked at */
	err_set(err, ERR_TRANSIENT, "the clone folder is being looked for");
	return NULL;
}

void usage_cancel(struct usage *usage)
{
	cancelled += usage != NULL;
}

void log_warn(const char *fmt, ...)
{
	(void) fmt;
	warned++;
}

const struct plan *planner_plan(const struct planner *planner)
{
	(void) planner;
	return NULL;
}

bool plan_wants_figures(const struct plan *plan, bool *of_one)
{
	(void) plan;
	*of_one = untold;
	return wants;
}

void planner_takes(struct planner *planner, const char *node, int64_t memory,
		   int64_t space)
{
	(void) planner;
	snprintf(told_node, sizeof(told_node), "%s", node);
	told_memory = memory;
	told_space = space;
}

void planner_weigh(struct planner *planner, int64_t older)
{
	(void) planner;
	told_older = older;
	weighed++;
}

/* --- time --------------------------------------------------------------- */

static int64_t _wall(void *arg)
{
	(void) arg;
	return now + WALL;
}

static int64_t _mono(void *arg)
{
	(void) arg;
	return now;
}

/* News of the sources at that time; what is due is done. */
static void _round(int64_t at)
{
	now = at;
	growth_sources(growth);
	turn_what_is_due(loop);
}

static void _asked_at(int64_t at, const char *what)
{
	unsigned before = asked;

	_round(at - 1);
	is_int(asked, before, "not before");
	_round(at);
	is_int(asked, before + 1, what);
}

static void _end(enum err_code code)
{
	struct err err = ERR_INIT;

	if (code)
		err_set(&err, code, "no permission");
	hooks.done(code ? &err : NULL, hooks.arg);
}

/* --- the tests ---------------------------------------------------------- */

static void _test_when(void)
{
	int64_t began = now;

	_round(now + 3600 * S);
	is_int(asked, 0, "without clones nothing is asked");
	now = began;
	wants = untold = true;
	_asked_at(began + S, "soon after a clone has come");
	_round(now + 3600 * S);
	is_int(asked, 1, "once, while there is no answer");
	now -= 3600 * S;
	untold = false;
	_end(ERR_NONE);
	_asked_at(now + 60 * S, "then each minute");
	untold = true;
	_end(ERR_NONE);
	_asked_at(now + S, "soon again for a new one");
	now += 10 * S;
	_end(ERR_NONE);
	_asked_at(now + 500 * S, "listing takes a fiftieth of the time");
	_end(ERR_NONE);
}

static void _row(const char *node, int64_t memory, int64_t space,
		 const char *what)
{
	struct usage_row row = { node, memory, space };

	hooks.row(&row, hooks.arg);
	ok(!strcmp(told_node, node) && told_memory == memory &&
	   told_space == space, "%s", what);
}

static void _test_told(void)
{
	unsigned before = weighed;

	_round(now + 60 * S);
	_row("vm1", 300, 40, "what it takes is told in MiB, as it came");
	_row("vm2", SOURCE_UNTOLD, 40, "so is what the account cannot read");
	_row("vm3", 300, SOURCE_UNTOLD, "or only in part");
	is_int(weighed, before, "it is weighed at the end");
	now += S / 10;
	_end(ERR_NONE);
	ok(weighed == before + 1 && told_older == now + WALL - S / 10,
	   "clones older than the listing that it did not tell of show "
	   "nothing more");
}

static void _test_fails(void)
{
	unsigned before = weighed;

	_round(now + 60 * S);
	_end(ERR_AUTH);
	ok(weighed == before + 1 && told_older == 0,
	   "when it cannot be listed, nothing is taken for told");
	_asked_at(now + 60 * S, "it is tried again in a minute, also for new "
		  "clones");
	_end(ERR_AUTH);
	is_int(warned, 1, "which is logged once");
	_round(now + 60 * S);
	_end(ERR_NONE);
	_asked_at(now + S, "once it can be, soon");
	_end(ERR_NONE);
}

static void _test_refused(void)
{
	refuses = true;
	_asked_at(now + S, "it is asked for while there is no clone folder");
	_round(now);
	refuses = false;
	_round(now);
	_end(ERR_NONE);
	_asked_at(now + S, "and goes on when there is one");
}

int main(void)
{
	static const struct clock_source clock = { _wall, _mono, NULL };
	struct err err = ERR_INIT;

	loop = loop_create(&err);
	if (!loop)
		bail_out("%s", err.text);
	clock_set_source(&clock);
	growth = growth_create(loop, NULL, NULL, &err);
	if (!growth)
		bail_out("%s", err.text);
	_test_when();
	_test_told();
	_test_fails();
	_test_refused();
	growth_destroy(growth);
	is_int(cancelled, 1, "a listing under way ends with it");
	loop_destroy(loop);
	return done_testing();
}
