/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass goes: a survey -> each record against what was seen -> the brake ->
 * events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "daemon.h"
#include "reconciler.h"

#define PASS_US (300 * CLOCK_US_PER_S)
#define POLL_US CLOCK_US_PER_S		/* until both answer */
#define RETRY_US (10 * CLOCK_US_PER_S)	/* after a pass that failed */
#define SLACK_US CLOCK_US_PER_S		/* clocks are not equally fast */

/* A pass that somebody asks for. */
struct wish {
	enum reconciler_mode mode;
	void (*done)(const struct err *failure, void *arg);
	void *arg;
};

struct reconciler {
	struct daemon *daemon;
	struct loop_timer *timer;
	struct table *counts;	/* by node: struct reconcile_count */
	struct wish wish;	/* done: somebody waits */
	struct wish now;	/* of the pass under way */
	struct survey *running;

	/* The last whole pass. */
	struct reconciler_tally tally;
	struct survey *survey;
	struct difference *differences;
	size_t count, room;
	struct err problem;	/* of the last pass */
};

/* --- the end of a pass -------------------------------------------------- */

/* Said once, and again when it is over. */
static void _set_problem(struct reconciler *reconciler, const struct err *why)
{
	if (why && strcmp(why->text, reconciler->problem.text) != 0)
		log_warn("the clone folder was not looked through: %s",
			 why->text);
	if (why)
		reconciler->problem = *why;
	else
		reconciler->problem = (struct err) ERR_INIT;
}

/* The next pass: soon when it can settle something, or is asked for. */
static int64_t _pause(const struct reconciler *reconciler)
{
	int64_t calm;

	if (reconciler->wish.done)
		return 0;
	if (reconciler->problem.code)
		return RETRY_US;
	if (!reconciler->tally.waiting)
		return PASS_US;
	calm = survey_slurm_started(reconciler->survey) + RECONCILE_CALM -
	       clock_wall_us();
	return (calm > 0 && calm < RECONCILE_GAP ? calm : RECONCILE_GAP) +
	       SLACK_US;
}

static void _end(struct reconciler *reconciler, const struct err *failure)
{
	struct wish wish = reconciler->now;

	_set_problem(reconciler, failure);
	reconciler->now = (struct wish) { 0 };
	loop_timer_set(reconciler->timer, _pause(reconciler));
	if (wish.done)
		wish.done(failure, wish.arg);
}

/* --- the judgement ------------------------------------------------------ */

static struct difference *_add(struct reconciler *reconciler)
{
	size_t room = reconciler->room ? 2 * reconciler->room : 64;

	if (reconciler->count == reconciler->room) {
		struct difference *list =
			reallocarray(reconciler->differences, room,
				     sizeof(*list));
		if (!list)
			abort();	/* restarted by systemd */
		reconciler->differences = list;
		reconciler->room = room;
	}
	return memset(&reconciler->differences[reconciler->count++], 0,
		      sizeof(struct difference));
}

static void _fill(struct reconciler *reconciler, const struct record *rec,
		  struct difference *diff)
{
	const struct survey_vm *vm = survey_vm(reconciler->survey, rec->node);

	snprintf(diff->node, sizeof(diff->node), "%s", rec->node);
	diff->phase = rec->phase;
	diff->epoch = rec->epoch;
	diff->sight = survey_sight(reconciler->survey, rec);
	diff->slurm = survey_node(reconciler->survey, rec);
	diff->vm_epoch = vm ? vm->epoch : 0;
	if (diff->sight != SIGHT_NONE)
		snprintf(diff->vm, sizeof(diff->vm), "%s",
			 vm ? vm->vm : rec->vm);
	if (diff->sight == SIGHT_OURS)
		diff->vm_epoch = rec->epoch;
	diff->row = reconcile_row(reconcile_stage(rec->phase), diff->sight,
				  diff->slurm);
}

/* Count what was seen of a node. */
static enum reconcile_when _sighted(struct reconciler *reconciler,
				    const struct difference *diff)
{
	struct reconcile_count *count = table_get(reconciler->counts,
						  diff->node);
	bool exists = diff->vm_epoch != 0;

	if (!diff->row.found || !diff->row.twice) {
		free(table_take(reconciler->counts, diff->node));
		return RECONCILE_NOW;
	}
	if (!count) {
		count = calloc(1, sizeof(*count));
		if (!count || table_set(reconciler->counts, diff->node, count,
					NULL) < 0)
			abort();	/* as above */
	}
	return reconcile_confirm(count, reconcile_stage(diff->phase),
				 diff->sight, diff->slurm,
				 exists ? diff->vm_epoch : diff->epoch, exists,
				 survey_began(reconciler->survey));
}

/* Why the row of a difference is not passed on, without regard to others. */
static void _set_wait(struct reconciler *reconciler, struct difference *diff,
		      bool calm)
{
	enum reconcile_when when = _sighted(reconciler, diff);
	const char *wait = "";

	if (!diff->row.found)
		return;
	if (diff->row.twice && !calm)
		wait = "slurmctld was started less than 2 minutes ago";
	else if (when == RECONCILE_AGE)
		wait = "the VM is younger than 5 minutes";
	else if (when == RECONCILE_AGAIN)
		wait = "to be seen again, a minute after the first time";
	snprintf(diff->wait, sizeof(diff->wait), "%s", wait);
}

/* Compare all; a record that was touched since the pass began is for the
 * next one. */
static void _compare(struct reconciler *reconciler)
{
	const struct survey *survey = reconciler->survey;
	bool calm = reconcile_calm(!sight_problem(reconciler->daemon->sight),
				   survey_slurm_started(survey),
				   survey_began(survey));
	const struct record *rec;
	size_t pos = 0;

	reconciler->count = 0;
	while ((rec = fleet_next(reconciler->daemon->fleet, &pos)) != NULL) {
		struct difference *diff;

		if (rec->at[rec->phase] >= survey_began(survey))
			continue;
		diff = _add(reconciler);
		_fill(reconciler, rec, diff);
		_set_wait(reconciler, diff, calm);
		if (!diff->row.odd)
			reconciler->count--;
	}
}

/* --- the brake ---------------------------------------------------------- */

static bool _is_due(const struct difference *diff)
{
	return diff->row.found && !*diff->wait;
}

/* What has befallen so many counts before it is due: see reconcile_brake. */
static bool _brakes(const struct reconciler *reconciler)
{
	size_t unasked = 0, due = 0;

	for (size_t i = 0; i < reconciler->count; i++) {
		const struct difference *diff = &reconciler->differences[i];

		unasked += diff->row.unasked;
		due += diff->row.unasked && _is_due(diff);
	}
	if (!due || !reconcile_brake(unasked,
				     survey_ours(reconciler->survey)))
		return false;
	if (!reconciler->tally.braked)
		log_error("%zu nodes of %zu VMs would be ended although "
			  "Slurm does not ask for it: none is. Is this the "
			  "right journal, and the right slurmctld? sclone "
			  "reconcile shows them", unasked,
			  survey_ours(reconciler->survey));
	return true;
}

static const char *_hindrance(const struct reconciler *reconciler,
			      const struct difference *diff, bool braked)
{
	if (reconciler->now.mode == RECONCILER_DRY)
		return "due: only looked at";
	if (braked && diff->row.unasked &&
	    reconciler->now.mode != RECONCILER_APPLY)
		return "too many at once: sclone reconcile --apply";
	return NULL;
}

/* --- what follows ------------------------------------------------------- */

static void _found(struct fleet *fleet, const struct survey_vm *vm,
		   const char *why)
{
	struct event ev = { .kind = EVENT_FOUND };

	if (!vm)
		return;		/* the clock was set back meanwhile */
	ev.found_epoch = vm->epoch;
	ev.vm = vm->vm;
	ev.instance_uuid = vm->instance_uuid;
	log_warn("node %s epoch %" PRIu64 ": %s: %s", vm->node, vm->epoch,
		 why, vm->vm);
	fleet_event(fleet, vm->node, &ev);
}

static void _pass_on(struct reconciler *reconciler, struct difference *diff)
{
	struct fleet *fleet = reconciler->daemon->fleet;
	const struct record *rec = fleet_record(fleet, diff->node);
	struct event ev = { .kind = diff->row.event, .cause = diff->row.cause,
			    .text = diff->row.text, .epoch = diff->epoch };

	diff->done = true;
	if (ev.kind == EVENT_FOUND) {
		_found(fleet, survey_vm(reconciler->survey, diff->node),
		       diff->row.text);
		return;
	}
	/* Slurm's programs would have said it when it was seen. */
	ev.asked = rec->view.seen;
	if (diff->slurm == RECONCILE_BOOTING)
		ev.job = rec->prolog_job;	/* for whom Slurm waits */
	log_warn("node %s epoch %" PRIu64 ": %s", diff->node, diff->epoch,
		 diff->row.text);
	fleet_event(fleet, diff->node, &ev);
}

/* Nodes that left the configuration are kept for as long as there is
 * something to do. */
static void _forget_former(struct reconciler *reconciler)
{
	struct daemon *daemon = reconciler->daemon;
	char node[OWNER_NODE_SIZE];
	struct err err = ERR_INIT;
	const struct record *rec;
	size_t pos = 0;
	int rc;

	while ((rec = fleet_next_in(daemon->fleet, &pos, PHASE_ABSENT,
				    PHASE_ABSENT)) != NULL) {
		if (config_node(daemon->config, rec->node))
			continue;
		snprintf(node, sizeof(node), "%s", rec->node);
		rc = fleet_forget(daemon->fleet, node, &err);
		if (rc == 0)
			free(table_take(reconciler->counts, node));
		else if (rc < 0)
			log_warn("journal: %s", err.text);
	}
}

static void _conclude(struct reconciler *reconciler)
{
	bool first = !reconciler->tally.at;
	struct reconciler_tally tally = {
		.at = survey_began(reconciler->survey),
		.ours = survey_ours(reconciler->survey),
		.foreign = survey_foreign(reconciler->survey),
		.strays = survey_strays(reconciler->survey),
		.braked = _brakes(reconciler),
	};

	for (size_t i = 0; i < reconciler->count; i++) {
		struct difference *diff = &reconciler->differences[i];
		const char *why = _hindrance(reconciler, diff, tally.braked);

		if (_is_due(diff) && !why)
			_pass_on(reconciler, diff);
		else if (_is_due(diff))
			snprintf(diff->wait, sizeof(diff->wait), "%s", why);
		tally.waiting += diff->row.found && !diff->done;
	}
	reconciler->tally = tally;
	_forget_former(reconciler);
	if (first)
		log_info("the clone folder holds %zu VMs of ours, %zu of "
			 "others", tally.ours, tally.foreign);
}

static void _surveyed(const struct err *failure, void *arg)
{
	struct reconciler *reconciler = arg;
	struct err err = ERR_INIT;

	if (failure) {
		err = *failure;		/* it may be of the survey */
		survey_destroy(steal_ptr(&reconciler->running));
		_end(reconciler, &err);
		return;
	}
	survey_destroy(reconciler->survey);
	reconciler->survey = steal_ptr(&reconciler->running);
	_compare(reconciler);
	_conclude(reconciler);
	_end(reconciler, NULL);
}

/* --- the beginning of a pass -------------------------------------------- */

static void _begin(void *arg)
{
	struct reconciler *reconciler = arg;
	struct daemon *daemon = reconciler->daemon;
	struct err err = ERR_INIT;

	if (!reconciler->wish.done && (executor_problem(daemon->executor) ||
				       sight_problem(daemon->sight))) {
		loop_timer_set(reconciler->timer, POLL_US);
		return;
	}
	reconciler->now = reconciler->wish;
	reconciler->wish = (struct wish) { 0 };
	reconciler->running = survey_start(daemon, _surveyed, reconciler,
					   &err);
	if (!reconciler->running)
		_end(reconciler, &err);
}

int reconciler_pass(struct reconciler *reconciler, enum reconciler_mode mode,
		    void (*done)(const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	if (reconciler->wish.done || reconciler->now.done)
		return err_set(err, ERR_BUSY, "somebody else has asked for a "
			       "pass; try again");
	reconciler->wish = (struct wish) { mode, done, arg };
	if (!reconciler->running)
		loop_timer_set(reconciler->timer, 0);
	return 0;
}

void reconciler_give_up(struct reconciler *reconciler)
{
	reconciler->wish = (struct wish) { 0 };
	reconciler->now = (struct wish) { 0 };	/* as usual, from here on */
}

/* --- the whole ---------------------------------------------------------- */

struct reconciler *reconciler_create(struct daemon *daemon, struct err *err)
{
	struct reconciler *reconciler = calloc(1, sizeof(*reconciler));

	if (reconciler) {
		reconciler->daemon = daemon;
		reconciler->counts = table_create(FLEET_NODES_MAX, free);
		reconciler->timer = loop_timer_create(daemon->loop, _begin,
						      reconciler, err);
	}
	if (!reconciler || !reconciler->counts || !reconciler->timer) {
		reconciler_destroy(reconciler);
		err_nomem(err);
		return NULL;
	}
	loop_timer_set(reconciler->timer, 0);
	return reconciler;
}

void reconciler_destroy(struct reconciler *reconciler)
{
	if (!reconciler)
		return;
	survey_destroy(reconciler->running);
	survey_destroy(reconciler->survey);
	loop_timer_destroy(reconciler->timer);
	table_destroy(reconciler->counts);
	free(reconciler->differences);
	free(reconciler);
}

const struct reconciler_tally *
reconciler_tally(const struct reconciler *reconciler)
{
	return &reconciler->tally;
}

const struct err *reconciler_problem(const struct reconciler *reconciler)
{
	return reconciler->problem.code ? &reconciler->problem : NULL;
}

const struct survey *reconciler_survey(const struct reconciler *reconciler)
{
	return reconciler->survey;
}

const struct difference *
reconciler_difference(const struct reconciler *reconciler, size_t index)
{
	return index < reconciler->count ? &reconciler->differences[index]
					 : NULL;
}

int reconciler_release(struct reconciler *reconciler,
		       const struct survey_vm *vm, const char *why,
		       struct err *err)
{
	struct daemon *daemon = reconciler->daemon;
	const char *cluster = config_global(daemon->config)->cluster;

	if (!fleet_record(daemon->fleet, vm->node) &&
	    fleet_add(daemon->fleet, cluster, vm->node, err) < 0)
		return -1;
	_found(daemon->fleet, vm, why);
	return 0;
}
