/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/clone/census.h"
#include "daemon.h"
#include "survey.h"

#define CONFIG_US (30 * CLOCK_US_PER_S)

struct survey {
	struct daemon *daemon;
	void (*done)(const struct err *failure, void *arg);
	void *arg;
	struct census *census;
	bool sighting;		/* Slurm's nodes are being loaded */
	size_t missed;		/* walks the fleet */

	int64_t began, slurm_started;
	struct table *missing;	/* nodes that Slurm's table does not hold */
	struct table *explained;	/* nodes whose VM is as recorded */
	struct table *seen;	/* by node: struct survey_vm */
	struct table *strays;	/* by VM: struct survey_vm */
	size_t ours, foreign;
};

static void _end(struct survey *survey, const struct err *failure)
{
	survey->done(failure, survey->arg);
}

/* --- what the census sees ----------------------------------------------- */

static struct survey_vm *_entry(struct table *table, const char *key)
{
	struct survey_vm *vm = table_get(table, key);

	if (vm)
		return vm;
	vm = calloc(1, sizeof(*vm));
	if (!vm || table_set(table, key, vm, NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
	return vm;
}

static void _fill(struct survey_vm *vm, const struct census_row *row)
{
	vm->ours = row->owned;
	vm->epoch = row->owned ? row->owner.epoch : 0;
	snprintf(vm->node, sizeof(vm->node), "%s",
		 row->owned ? row->owner.node : row->name);
	snprintf(vm->vm, sizeof(vm->vm), "%s", row->vm);
	snprintf(vm->instance_uuid, sizeof(vm->instance_uuid), "%s",
		 row->instance_uuid ? row->instance_uuid : "");
	snprintf(vm->name, sizeof(vm->name), "%s",
		 row->name ? row->name : "");
}

/* A VM of ours before a stranger, a later one before an earlier. */
static void _see(struct survey *survey, const char *node,
		 const struct census_row *row)
{
	struct survey_vm *vm = _entry(survey->seen, node);

	if (!*vm->vm || (row->owned && (!vm->ours ||
					vm->epoch < row->owner.epoch)))
		_fill(vm, row);
}

static bool _explains(const struct census_row *row, void *arg)
{
	struct survey *survey = arg;
	const struct record *rec;

	rec = row->name ? fleet_record(survey->daemon->fleet, row->name)
			: NULL;
	if (!rec || rec->phase == PHASE_ABSENT || !row->bios_uuid ||
	    strcasecmp(row->bios_uuid, rec->bios_uuid) != 0 ||
	    (*rec->vm && strcmp(row->vm, rec->vm) != 0))
		return false;
	if (table_set(survey->explained, rec->node, survey, NULL) < 0)
		return false;
	survey->ours++;
	return true;
}

/* A VM may have been moved out of the folder, or renamed: that is not lost. */
static const char *_missed(void *arg)
{
	struct survey *survey = arg;
	const struct record *rec;

	while ((rec = fleet_next(survey->daemon->fleet,
				 &survey->missed)) != NULL)
		if (reconcile_stage(rec->phase) == STAGE_USING && *rec->vm &&
		    !table_get(survey->explained, rec->node))
			return rec->vm;
	return NULL;
}

static void _row(const struct census_row *row, void *arg)
{
	struct survey *survey = arg;
	struct daemon *daemon = survey->daemon;
	const char *cluster = config_global(daemon->config)->cluster;

	if (row->owned && !strcasecmp(row->owner.cluster, cluster)) {
		survey->ours++;
		if (fleet_record(daemon->fleet, row->owner.node))
			_see(survey, row->owner.node, row);
		else
			_fill(_entry(survey->strays, row->vm), row);
	} else if (row->inside) {
		struct census_row foreign = *row;

		survey->foreign++;
		foreign.owned = false;
		if (row->name && fleet_record(daemon->fleet, row->name))
			_see(survey, row->name, &foreign);
	}
}

/* --- the three reads ---------------------------------------------------- */

static void _counted(const struct err *failure, void *arg)
{
	struct survey *survey = arg;

	survey->census = NULL;
	_end(survey, failure);
}

static void _take_census(struct survey *survey)
{
	struct census_hooks hooks = { _explains, _missed, _row, _counted,
				      survey };
	struct err err = ERR_INIT;

	survey->census = census_start(survey->daemon->executor, &hooks, &err);
	if (!survey->census)
		_end(survey, &err);
}

/* To be noted at once: a view is forgotten when the node is changed, and goes
 * with the clock. */
static void _note_missing(struct survey *survey, int64_t began)
{
	const struct record *rec;
	size_t pos = 0;

	while ((rec = fleet_next(survey->daemon->fleet, &pos)) != NULL)
		if (rec->view.seen < began &&
		    table_set(survey->missing, rec->node, survey, NULL) < 0)
			abort();	/* as above */
}

static void _looked(int64_t began, const struct err *failure, void *arg)
{
	struct survey *survey = arg;

	struct err err = ERR_INIT;

	survey->sighting = false;
	if (!failure && clock_wall_us() < began) {
		err_set(&err, ERR_TRANSIENT, "the clock was set back while "
			"Slurm's nodes were read");
		failure = &err;
	}
	if (failure) {
		_end(survey, failure);
		return;
	}
	_note_missing(survey, began);
	_take_census(survey);
}

static void _config_told(const struct json *answer, const struct err *failure,
			 void *arg)
{
	struct survey *survey = arg;
	struct err err = ERR_INIT;
	int64_t boot;

	if (failure) {
		_end(survey, failure);
	} else if (json_get_int(json_get(answer, "config"), "boot", 0,
				INT64_MAX / CLOCK_US_PER_S, &boot,
				&err) < 0) {
		_end(survey, &err);
	} else {
		survey->slurm_started = boot * CLOCK_US_PER_S;
		survey->sighting = true;
		sight_whole(survey->daemon->sight, _looked, survey);
	}
}

/* --- the whole ---------------------------------------------------------- */

struct survey *survey_start(struct daemon *daemon,
			    void (*done)(const struct err *failure,
					 void *arg),
			    void *arg, struct err *err)
{
	const struct err *problem = executor_problem(daemon->executor);
	cleanup_survey struct survey *survey = calloc(1, sizeof(*survey));

	if (!problem)
		problem = sight_problem(daemon->sight);
	if (problem) {
		err_set(err, ERR_TRANSIENT, "%s", problem->text);
		return NULL;
	}
	if (survey) {
		survey->daemon = daemon;
		survey->done = done;
		survey->arg = arg;
		survey->began = clock_wall_us();
		survey->explained = table_create(FLEET_NODES_MAX, NULL);
		survey->missing = table_create(FLEET_NODES_MAX, NULL);
		survey->seen = table_create(FLEET_NODES_MAX, free);
		survey->strays = table_create(CENSUS_ODD_MAX, free);
	}
	if (!survey || !survey->explained || !survey->missing ||
	    !survey->seen || !survey->strays) {
		err_nomem(err);
		return NULL;
	}
	if (slurm_link_call(daemon->link, "config", NULL, CONFIG_US,
			    _config_told, survey, err) < 0)
		return NULL;
	return steal_ptr(&survey);
}

void survey_destroy(struct survey *survey)
{
	if (!survey)
		return;
	if (survey->sighting)
		sight_whole(survey->daemon->sight, NULL, NULL);
	census_cancel(survey->census);
	table_destroy(survey->explained);
	table_destroy(survey->missing);
	table_destroy(survey->seen);
	table_destroy(survey->strays);
	free(survey);
}

/* --- what was seen ------------------------------------------------------ */

int64_t survey_began(const struct survey *survey)
{
	return survey->began;
}

int64_t survey_slurm_started(const struct survey *survey)
{
	return survey->slurm_started;
}

size_t survey_ours(const struct survey *survey)
{
	return survey->ours;
}

size_t survey_foreign(const struct survey *survey)
{
	return survey->foreign;
}

enum reconcile_sight survey_sight(const struct survey *survey,
				  const struct record *rec)
{
	const struct survey_vm *vm = table_get(survey->seen, rec->node);

	if (table_get(survey->explained, rec->node))
		return SIGHT_OURS;
	if (!vm)
		return SIGHT_NONE;
	return vm->ours ? reconcile_sight(rec, vm->epoch) : SIGHT_FOREIGN;
}

enum reconcile_node survey_node(const struct survey *survey,
				const struct record *rec)
{
	return reconcile_node(&rec->view,
			      table_get(survey->missing, rec->node) != NULL);
}

const struct survey_vm *survey_vm(const struct survey *survey,
				  const char *node)
{
	return table_get(survey->seen, node);
}

const struct survey_vm *survey_stray(const struct survey *survey,
				     size_t *pos)
{
	return table_next(survey->strays, pos, NULL);
}

size_t survey_strays(const struct survey *survey)
{
	return table_count(survey->strays);
}
