/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "daemon.h"
#include "upkeep.h"

#define ROUND_US CLOCK_US_PER_S
#define ROUNDS_PER_RESERVE 10
#define ROUNDS_PER_PRUNE 3600

/* Something outside that can be away. */
struct peer {
	const char *name;
	char problem[ERR_TEXT_SIZE];	/* as last said; "": it was fine */
	bool known;			/* anything has been said at all */
};

struct upkeep {
	struct daemon *daemon;
	struct loop_timer *timer;
	unsigned round;
	struct peer vcenter, slurm;
};

/* Each change is said once. */
static void _watch(struct peer *peer, const struct err *problem)
{
	const char *text = problem ? problem->text : "";

	if (peer->known && !strcmp(peer->problem, text))
		return;
	if (problem)
		log_warn("%s: %s", peer->name, text);
	else
		log_info("%s: answers", peer->name);
	snprintf(peer->problem, sizeof(peer->problem), "%s", text);
	peer->known = true;
}

static void _prune(struct daemon *daemon)
{
	int64_t keep = (int64_t) config_global(daemon->config)->keep_history *
		       CLOCK_US_PER_S;
	struct err err = ERR_INIT;

	if (journal_prune(daemon->journal, clock_wall_us() - keep, &err) < 0 ||
	    ledger_prune(daemon->ledger, clock_wall_us() - keep, &err) < 0)
		log_warn("journal: old history stays: %s", err.text);
}

static void _round(void *arg)
{
	struct upkeep *upkeep = arg;
	struct daemon *daemon = upkeep->daemon;

	_watch(&upkeep->vcenter, executor_problem(daemon->executor));
	_watch(&upkeep->slurm, sight_problem(daemon->sight));
	if (journal_is_low(daemon->journal) &&
	    upkeep->round % ROUNDS_PER_RESERVE == 0 &&
	    journal_restore_reserve(daemon->journal, NULL) == 0)
		log_info("journal: there is room again");
	planner_starve(daemon->planner, journal_is_low(daemon->journal));
	if (upkeep->round % ROUNDS_PER_PRUNE == 0)
		_prune(daemon);
	upkeep->round++;
	loop_timer_set(upkeep->timer, ROUND_US);
}

struct upkeep *upkeep_create(struct daemon *daemon, struct err *err)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));

	if (!upkeep) {
		err_nomem(err);
		return NULL;
	}
	upkeep->daemon = daemon;
	upkeep->vcenter.name = "vCenter";
	upkeep->slurm.name = "Slurm";
	upkeep->timer = loop_timer_create(daemon->loop, _round, upkeep, err);
	if (!upkeep->timer) {
		free(upkeep);
		return NULL;
	}
	loop_timer_set(upkeep->timer, ROUND_US);
	return upkeep;
}

void upkeep_destroy(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	loop_timer_destroy(upkeep->timer);
	free(upkeep);
}
