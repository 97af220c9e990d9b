/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/ipc/slurmcall.h"
#include "sight.h"

#define HURRY_US (100 * CLOCK_US_PER_MS)
#define HURRY_MAX_US CLOCK_US_PER_S
#define LEISURE_US (5 * CLOCK_US_PER_S)
#define LEISURE_MAX_US (30 * CLOCK_US_PER_S)
#define LIMIT_US (60 * CLOCK_US_PER_S)
#define SHARE 10	/* pause that many times the look's length */

struct sight {
	struct slurm_link *link;
	struct fleet *fleet;
	struct loop_timer *timer;
	bool looking;
	bool hurry;
	bool all;		/* the next look is at every node */
	bool renew;		/* so is the one after that under way */
	bool soon;		/* it is to be made at once */
	void (*whole)(int64_t began, const struct err *failure, void *arg);
	void *whole_arg;
	void (*watch_seen)(const char *node, const struct nodeview *view,
			   void *arg);
	void (*watch_looked)(int64_t began, void *arg);
	void *watch_arg;
	bool whole_begun;	/* the look under way is the one wanted */
	int64_t began;		/* of the look under way, wall */
	int64_t last_us;	/* length of the last look */
	int64_t seen;
	struct err problem;
};

/* A slurmctld that stood still for once must not cost the waiters tenfold. */
int64_t sight_pause(bool hurry, int64_t last_us)
{
	int64_t least = hurry ? HURRY_US : LEISURE_US;
	int64_t most = hurry ? HURRY_MAX_US : LEISURE_MAX_US;

	if (last_us > most / SHARE)
		return most;
	return last_us * SHARE > least ? last_us * SHARE : least;
}

static void _schedule(struct sight *sight)
{
	bool at_once = sight->whole || sight->soon;

	if (!sight->looking)
		loop_timer_set(sight->timer,
			       at_once ? 0 : sight_pause(sight->hurry,
							 sight->last_us));
}

static enum node_base _base(enum slurmcall_base base)
{
	switch (base) {
	case SLURMCALL_IDLE:
		return NODE_IDLE;
	case SLURMCALL_ALLOCATED:
	case SLURMCALL_MIXED:
		return NODE_ALLOCATED;
	case SLURMCALL_DOWN:
	case SLURMCALL_ERROR:
		return NODE_DOWN;
	case SLURMCALL_FUTURE:
		return NODE_OTHER;
	case SLURMCALL_UNKNOWN:
		break;
	}
	return NODE_UNKNOWN;
}

int sight_read(const struct json *json, int64_t seen, const char **name,
	       struct nodeview *view, struct err *err)
{
	struct slurmcall_node node;

	if (slurmcall_read_node(json, &node, err) < 0)
		return -1;
	*view = (struct nodeview) {
		.seen = seen,
		.base = _base(node.base),
		.powering_up = node.flags & SLURMCALL_POWERING_UP,
		.powered_down = node.flags & SLURMCALL_POWERED_DOWN,
		.powering_down = node.flags & SLURMCALL_POWERING_DOWN,
		.power_down = node.flags & SLURMCALL_POWER_DOWN,
		.drain = node.flags & SLURMCALL_DRAIN,
		.not_responding = node.flags & SLURMCALL_NOT_RESPONDING,
		.completing = node.flags & SLURMCALL_COMPLETING,
		.boot = node.boot_s * CLOCK_US_PER_S,
		.job_unasked = true,
	};
	snprintf(view->reason, sizeof(view->reason), "%s",
		 node.reason ? node.reason : "");
	*name = node.name;
	return 0;
}

static int _take(struct sight *sight, const struct json *answer,
		 struct err *err)
{
	const struct json *nodes = json_get(answer, "nodes");

	for (size_t i = 0; i < json_count(nodes); i++) {
		struct event ev = { .kind = EVENT_NODE_STATE };
		struct nodeview view;
		const char *name;

		if (sight_read(json_at(nodes, i), sight->began, &name, &view,
			       err) < 0)
			return -1;
		ev.view = &view;
		if (sight->watch_seen)
			sight->watch_seen(name, &view, sight->watch_arg);
		fleet_event(sight->fleet, name, &ev);
	}
	return 0;
}

static void _tell_whole(struct sight *sight, const struct err *failure)
{
	if (!sight->whole_begun)
		return;
	sight->whole_begun = false;
	steal_ptr(&sight->whole)(sight->began, failure, sight->whole_arg);
}

static void _done(const struct json *answer, const struct err *failure,
		  void *arg)
{
	struct sight *sight = arg;
	struct err err = ERR_INIT;

	sight->looking = false;
	sight->last_us = clock_wall_us() - sight->began;
	if (failure)
		err = *failure;
	else if (_take(sight, answer, &err) == 0)
		sight->seen = sight->began;
	/* What was missed is asked for anew. */
	sight->all = err.code != ERR_NONE || sight->renew;
	sight->problem = err;
	_tell_whole(sight, sight_problem(sight));
	if (!err.code && sight->watch_looked)
		sight->watch_looked(sight->began, sight->watch_arg);
	_schedule(sight);
}

static void _look(void *arg)
{
	struct sight *sight = arg;
	struct json *args = json_new_object();

	sight->whole_begun = sight->whole != NULL;
	sight->renew = sight->soon = false;
	if (args)
		json_put_bool(args, "all", sight->all || sight->whole_begun);
	sight->began = clock_wall_us();
	sight->looking = slurm_link_call(sight->link, "nodes", args, LIMIT_US,
					 _done, sight, &sight->problem) == 0;
	if (!sight->looking)
		_tell_whole(sight, &sight->problem);
	_schedule(sight);
}

struct sight *sight_create(struct loop *loop, struct slurm_link *link,
			   struct fleet *fleet, struct err *err)
{
	struct sight *sight = calloc(1, sizeof(*sight));

	if (!sight) {
		err_nomem(err);
		return NULL;
	}
	sight->link = link;
	sight->fleet = fleet;
	sight->all = true;
	err_set(&sight->problem, ERR_TRANSIENT, "not asked yet");
	sight->timer = loop_timer_create(loop, _look, sight, err);
	if (!sight->timer) {
		free(sight);
		return NULL;
	}
	loop_timer_set(sight->timer, 0);
	return sight;
}

void sight_destroy(struct sight *sight)
{
	if (!sight)
		return;
	loop_timer_destroy(sight->timer);
	free(sight);
}

void sight_poke(struct sight *sight)
{
	sight->soon = true;
	_schedule(sight);
}

void sight_renew(struct sight *sight)
{
	sight->renew = sight->all = true;
	sight_poke(sight);
}

void sight_watch(struct sight *sight,
		 void (*seen)(const char *node, const struct nodeview *view,
			      void *arg),
		 void (*looked)(int64_t began, void *arg), void *arg)
{
	sight->watch_seen = seen;
	sight->watch_looked = looked;
	sight->watch_arg = arg;
}

void sight_hurry(struct sight *sight, bool hurry)
{
	if (sight->hurry == hurry)
		return;
	sight->hurry = hurry;
	_schedule(sight);
}

void sight_whole(struct sight *sight,
		 void (*done)(int64_t began, const struct err *failure,
			      void *arg), void *arg)
{
	sight->whole = done;
	sight->whole_arg = arg;
	if (!done)
		sight->whole_begun = false;
	_schedule(sight);
}

int64_t sight_seen(const struct sight *sight)
{
	return sight->seen;
}

const struct err *sight_problem(const struct sight *sight)
{
	return sight->problem.code ? &sight->problem : NULL;
}
