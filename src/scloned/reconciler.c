/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pass goes: when did slurmctld start -> the census of the folder -> each
 * record against what was seen -> the brake -> events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/clone/census.h"
#include "common/rules/reconcile.h"
#include "daemon.h"
#include "reconciler.h"

#define PASS_US (300 * CLOCK_US_PER_S)
#define POLL_US CLOCK_US_PER_S		/* until both answer */
#define RETRY_US (10 * CLOCK_US_PER_S)	/* after a pass that failed */
#define SLACK_US CLOCK_US_PER_S		/* clocks are not equally fast */
#define CONFIG_US (30 * CLOCK_US_PER_S)

/* What stands under a node's name, or bears its mark. */
struct sighting {
	enum reconcile_sight sight;
	uint64_t epoch;
	char vm[RECORD_MOREF_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
};

/* An event that may be due. */
struct due {
	const char *node;	/* the record's */
	struct reconcile_row row;
};

struct reconciler {
	struct daemon *daemon;
	struct loop_timer *timer;
	struct table *counts;	/* by node: struct reconcile_count */
	struct reconciler_tally tally;
	struct err problem;

	/* The pass under way. */
	struct census *census;
	int64_t began, slurm_started;
	struct table *explained;	/* nodes whose VM is as recorded */
	struct table *sightings;	/* by node: struct sighting */
	struct reconciler_tally fresh;
	size_t missed;			/* walks the fleet */
};

/* --- the end of a pass -------------------------------------------------- */

static void _forget_pass(struct reconciler *reconciler)
{
	table_destroy(steal_ptr(&reconciler->explained));
	table_destroy(steal_ptr(&reconciler->sightings));
}

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

static void _give_up(struct reconciler *reconciler, const struct err *why)
{
	_forget_pass(reconciler);
	_set_problem(reconciler, why);
	loop_timer_set(reconciler->timer, RETRY_US);
}

/* --- what the census sees ----------------------------------------------- */

static struct sighting *_sighting(struct reconciler *reconciler,
				  const char *node)
{
	struct sighting *sighting = table_get(reconciler->sightings, node);

	if (sighting)
		return sighting;
	sighting = calloc(1, sizeof(*sighting));
	if (!sighting || table_set(reconciler->sightings, node, sighting,
				   NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
	return sighting;
}

/* Better news of a node: its own VM before a former one before a stranger. */
static void _sight(struct reconciler *reconciler, const char *node,
		   enum reconcile_sight sight, const struct census_row *row)
{
	struct sighting *sighting = _sighting(reconciler, node);

	if (sighting->sight != SIGHT_UNKNOWN && sighting->sight <= sight)
		return;
	sighting->sight = sight;
	sighting->epoch = row->owner.epoch;
	snprintf(sighting->vm, sizeof(sighting->vm), "%s", row->vm);
	snprintf(sighting->instance_uuid, sizeof(sighting->instance_uuid),
		 "%s", row->instance_uuid ? row->instance_uuid : "");
}

static bool _explains(const struct census_row *row, void *arg)
{
	struct reconciler *reconciler = arg;
	const struct record *rec;

	rec = row->name ? fleet_record(reconciler->daemon->fleet, row->name)
			: NULL;
	if (!rec || rec->phase == PHASE_ABSENT || !row->bios_uuid ||
	    strcasecmp(row->bios_uuid, rec->bios_uuid) != 0 ||
	    (*rec->vm && strcmp(row->vm, rec->vm) != 0))
		return false;
	if (table_set(reconciler->explained, rec->node, reconciler, NULL) < 0)
		return false;
	reconciler->fresh.ours++;
	return true;
}

/* A VM may have been moved out of the folder, or renamed: that is not lost. */
static const char *_missed(void *arg)
{
	struct reconciler *reconciler = arg;
	const struct record *rec;

	while ((rec = fleet_next(reconciler->daemon->fleet,
				 &reconciler->missed)) != NULL)
		if (reconcile_stage(rec->phase) == STAGE_USING && *rec->vm &&
		    !table_get(reconciler->explained, rec->node))
			return rec->vm;
	return NULL;
}

static void _row(const struct census_row *row, void *arg)
{
	struct reconciler *reconciler = arg;
	struct daemon *daemon = reconciler->daemon;
	const char *cluster = config_global(daemon->config)->cluster;
	const struct record *rec;

	if (row->owned && !strcasecmp(row->owner.cluster, cluster)) {
		rec = fleet_record(daemon->fleet, row->owner.node);
		reconciler->fresh.ours++;
		if (rec)
			_sight(reconciler, rec->node,
			       rec->epoch == row->owner.epoch ? SIGHT_OURS
							      : SIGHT_OTHER,
			       row);
		else
			reconciler->fresh.strays++;
	} else if (row->inside) {
		reconciler->fresh.foreign++;
		rec = row->name ? fleet_record(daemon->fleet, row->name)
				: NULL;
		if (rec)
			_sight(reconciler, rec->node, SIGHT_FOREIGN, row);
	}
}

/* --- the judgement ------------------------------------------------------ */

static enum reconcile_sight _sight_of(const struct reconciler *reconciler,
				      const char *node)
{
	const struct sighting *sighting =
		table_get(reconciler->sightings, node);

	if (table_get(reconciler->explained, node))
		return SIGHT_OURS;
	return sighting ? sighting->sight : SIGHT_NONE;
}

/* Count what was seen of one node; true when its row is due. */
static bool _count(struct reconciler *reconciler, const struct record *rec,
		   struct reconcile_row *row)
{
	enum reconcile_stage stage = reconcile_stage(rec->phase);
	enum reconcile_sight sight = _sight_of(reconciler, rec->node);
	enum reconcile_node node = reconcile_node(&rec->view);
	const struct sighting *sighting =
		table_get(reconciler->sightings, rec->node);
	struct reconcile_count *count = table_get(reconciler->counts,
						  rec->node);
	struct reconcile_count fresh = { 0 };
	int64_t born = sighting ? (int64_t) sighting->epoch : 0;
	bool is_due;

	*row = reconcile_row(stage, sight, node);
	if (!row->found || (row->event != EVENT_FOUND &&
			    row->event != EVENT_VM_LOST)) {
		free(table_take(reconciler->counts, rec->node));
		return false;
	}
	is_due = reconcile_confirm(count ? count : &fresh, stage, sight, node,
				   born ? sighting->epoch : rec->epoch, born,
				   reconciler->began);
	if (!count && row->twice) {
		count = calloc(1, sizeof(*count));
		if (!count || table_set(reconciler->counts, rec->node, count,
					NULL) < 0)
			abort();	/* as above */
		*count = fresh;
	}
	reconciler->fresh.waiting += !is_due;
	return is_due;
}

static void _pass_on(struct reconciler *reconciler, const struct due *due)
{
	struct fleet *fleet = reconciler->daemon->fleet;
	const struct record *rec = fleet_record(fleet, due->node);
	const struct sighting *sighting =
		table_get(reconciler->sightings, due->node);
	struct event ev = { .kind = due->row.event, .text = due->row.text };

	if (ev.kind == EVENT_FOUND) {
		ev.found_epoch = sighting->epoch;
		ev.vm = sighting->vm;
		ev.instance_uuid = sighting->instance_uuid;
	} else {
		ev.epoch = rec->epoch;
	}
	log_warn("node %s epoch %llu: %s%s%s", due->node,
		 (unsigned long long) (sighting ? sighting->epoch
						: rec->epoch),
		 due->row.text, ev.vm ? ": " : "", ev.vm ? ev.vm : "");
	fleet_event(fleet, due->node, &ev);
}

/* What Slurm did not ask for has to wait for calm, and for the brake. */
static void _pass_all_on(struct reconciler *reconciler, const struct due *due,
			 size_t count)
{
	struct reconciler_tally *fresh = &reconciler->fresh;
	bool calm = reconcile_calm(!sight_problem(reconciler->daemon->sight),
				   reconciler->slurm_started,
				   reconciler->began);
	size_t unasked = 0;

	for (size_t i = 0; i < count; i++)
		unasked += due[i].row.unasked;
	fresh->braked = reconcile_brake(unasked, fresh->ours);
	if (fresh->braked && !reconciler->tally.braked)
		log_error("%zu VMs of %zu would go although Slurm does not "
			  "ask for it: none of them does. Is this the right "
			  "journal, and the right slurmctld?", unasked,
			  fresh->ours);
	for (size_t i = 0; i < count; i++)
		if (due[i].row.unasked && (fresh->braked || !calm))
			fresh->waiting++;
		else
			_pass_on(reconciler, &due[i]);
}

/* A record that was touched since the pass began is for the next one. */
static size_t _judge(struct reconciler *reconciler, struct due *due)
{
	const struct record *rec;
	size_t pos = 0, count = 0;

	while ((rec = fleet_next(reconciler->daemon->fleet, &pos)) != NULL) {
		if (rec->at[rec->phase] >= reconciler->began)
			continue;
		due[count].node = rec->node;
		if (_count(reconciler, rec, &due[count].row))
			count++;
	}
	return count;
}

/* Until the next pass: soon when it can settle something. */
static int64_t _pause(const struct reconciler *reconciler)
{
	int64_t calm = reconciler->slurm_started + RECONCILE_CALM -
		       clock_wall_us();

	if (!reconciler->tally.waiting)
		return PASS_US;
	return (calm > 0 && calm < RECONCILE_GAP ? calm : RECONCILE_GAP) +
	       SLACK_US;
}

static void _counted(const struct err *failure, void *arg)
{
	struct reconciler *reconciler = arg;
	cleanup_free struct due *due =
		calloc(fleet_count(reconciler->daemon->fleet) + 1,
		       sizeof(*due));
	struct err err = ERR_INIT;
	bool first = !reconciler->tally.at;

	reconciler->census = NULL;
	if (failure || !due) {
		err_nomem(&err);
		_give_up(reconciler, failure ? failure : &err);
		return;
	}
	_pass_all_on(reconciler, due, _judge(reconciler, due));
	_forget_pass(reconciler);
	_set_problem(reconciler, NULL);
	reconciler->fresh.at = reconciler->began;
	reconciler->tally = reconciler->fresh;
	loop_timer_set(reconciler->timer, _pause(reconciler));
	if (first)
		log_info("the clone folder holds %zu VMs of ours, %zu of "
			 "others", reconciler->tally.ours,
			 reconciler->tally.foreign);
}

/* --- the beginning of a pass -------------------------------------------- */

static void _take_census(struct reconciler *reconciler)
{
	struct census_hooks hooks = { _explains, _missed, _row, _counted,
				      reconciler };
	struct err err = ERR_INIT;

	reconciler->began = clock_wall_us();
	reconciler->fresh = (struct reconciler_tally) { 0 };
	reconciler->missed = 0;
	reconciler->explained = table_create(FLEET_NODES_MAX, NULL);
	reconciler->sightings = table_create(FLEET_NODES_MAX, free);
	if (!reconciler->explained || !reconciler->sightings)
		err_nomem(&err);
	else
		reconciler->census = census_start(reconciler->daemon->executor,
						  &hooks, &err);
	if (!reconciler->census)
		_give_up(reconciler, &err);
}

static void _config_told(const struct json *answer, const struct err *failure,
			 void *arg)
{
	struct reconciler *reconciler = arg;
	struct err err = ERR_INIT;
	int64_t boot;

	if (failure) {
		_give_up(reconciler, failure);
		return;
	}
	if (json_get_int(json_get(answer, "config"), "boot", 0,
			 INT64_MAX / CLOCK_US_PER_S, &boot, &err) < 0) {
		_give_up(reconciler, &err);
		return;
	}
	reconciler->slurm_started = boot * CLOCK_US_PER_S;
	_take_census(reconciler);
}

static void _begin(void *arg)
{
	struct reconciler *reconciler = arg;
	struct daemon *daemon = reconciler->daemon;
	struct err err = ERR_INIT;

	if (executor_problem(daemon->executor) ||
	    sight_problem(daemon->sight)) {
		loop_timer_set(reconciler->timer, POLL_US);
		return;
	}
	if (slurm_link_call(daemon->link, "config", NULL, CONFIG_US,
			    _config_told, reconciler, &err) < 0)
		_give_up(reconciler, &err);
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
	census_cancel(reconciler->census);
	_forget_pass(reconciler);
	loop_timer_destroy(reconciler->timer);
	table_destroy(reconciler->counts);
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
