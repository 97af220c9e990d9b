/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone plan - what would be cloned where, and why not, if Slurm asked for
 * these nodes now: by scloned's own rules, from a snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/ipc/resume_file.h"
#include "plan.h"
#include "snapshot.h"

#define FILE_SIZE_MAX (512 * 1024 * 1024)
#define TIMEOUT_US (600 * CLOCK_US_PER_S)	/* ResumeTimeout not known */
#define PLANNED_JOB UINT32_MAX	/* of the nodes that no file gives a job */

struct asked {
	const char *subject;		/* hostlist, or the file's path */
	const char *template_name;	/* --template, or NULL */
	const char *snapshot_path;	/* --snapshot, or NULL */
	struct resume_file *file;	/* or NULL */
	struct hostlist *nodes;
};

/* --- what is asked ------------------------------------------------------- */

static char *_read(const char *path, size_t *len, struct err *err)
{
	cleanup_buf struct buf text;
	char *out;

	buf_init(&text, FILE_SIZE_MAX);
	if (path_read(path, &text, err) < 0)
		return NULL;
	*len = text.len;
	out = buf_steal(&text);
	if (!out)
		err_nomem(err);
	return out;
}

static int _read_file(struct asked *asked, struct err *err)
{
	size_t len;
	cleanup_free char *text = _read(asked->subject, &len, err);
	const char *all;

	if (!text)
		return -1;
	asked->file = resume_file_parse(text, err);
	if (!asked->file)
		return err_wrap(err, "%s", asked->subject);
	all = resume_file_all(asked->file);
	if (!all)
		return err_set(err, ERR_CONFIG, "%s: it names no nodes; save "
			       "what SLURM_RESUME_FILE names while "
			       "ResumeProgram runs", asked->subject);
	asked->nodes = hostlist_parse(all, HOSTLIST_MAX, err);
	return asked->nodes ? 0 : -1;
}

static int _parse(int argc, char **argv, struct asked *asked,
		  struct err *err)
{
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--template") && i + 1 < argc)
			asked->template_name = argv[++i];
		else if (!strcmp(argv[i], "--snapshot") && i + 1 < argc)
			asked->snapshot_path = argv[++i];
		else if (*argv[i] == '-' || asked->subject)
			return err_set(err, ERR_CONFIG, "'%s': the options "
				       "here are --template NAME and "
				       "--snapshot FILE", argv[i]);
		else
			asked->subject = argv[i];
	}
	if (!asked->subject)
		return err_set(err, ERR_CONFIG, "say for which nodes");
	if (access(asked->subject, F_OK) == 0)
		return _read_file(asked, err);
	asked->nodes = hostlist_parse(asked->subject, HOSTLIST_MAX, err);
	return asked->nodes ? 0 : -1;
}

static struct snapshot *_snapshot(const struct command_options *options,
				  const struct asked *asked)
{
	const char *path = asked->snapshot_path;
	cleanup_free char *text = NULL;
	struct snapshot *snapshot;
	struct err err = ERR_INIT;
	struct json *doc;
	size_t len;

	if (path) {
		text = _read(path, &len, &err);
		doc = text ? json_parse(text, len, &err) : NULL;
		if (!doc) {
			command_fail(path, &err);
			return NULL;
		}
	} else {
		doc = snapshot_take(options);
		if (!doc) {
			fprintf(stderr, "with a saved one, scloned need not "
				"run: --snapshot FILE\n");
			return NULL;
		}
	}
	snapshot = snapshot_read(doc, &err);
	if (!snapshot)
		command_fail(path ? path : "scloned's answer", &err);
	return snapshot;
}

/* --- one node ------------------------------------------------------------ */

static const char *_record(const struct json *row, const char *key)
{
	return command_str(json_get(row, "record"), key);
}

/* Of a node that is not free nothing is decided now. */
static void _look_at_state(const struct json *row, struct forecast *fate)
{
	const char *quarantine = command_str(row, "quarantine");
	const char *phase = _record(row, "phase");
	const char *job = _record(row, "req.job");

	if (*quarantine) {
		fate->fate = FORECAST_REFUSED;
		err_set(&fate->why, ERR_REFUSED, "in quarantine: %s",
			quarantine);
	} else if (*phase && strcmp(phase, "absent") != 0) {
		fate->fate = FORECAST_WAITS;
		err_set(&fate->why, ERR_BUSY, "%s%s%s: its VM must be proven "
			"gone first", phase, *job ? " for job " : "", job);
	}
}

/* The reason of a drain, which stands for the node being drained at all. */
static const char *_drain(const struct json *row)
{
	const struct json *slurm = json_get(row, "slurm");
	const struct json *flags = json_get(slurm, "flags");

	for (size_t i = 0; i < json_count(flags); i++) {
		const char *flag = json_str(json_at(flags, i));

		if (flag && !strcmp(flag, "DRAIN"))
			return command_str(slurm, "reason");
	}
	return NULL;
}

static const char *_named(const struct config *config,
			  const struct config_set *set, const char *name,
			  struct err *err)
{
	for (size_t i = 0; i < set->template_count; i++) {
		const char *own =
			config_template(config, set->templates[i])->name;

		if (!strcmp(own, name) &&
		    config_set_offers(set) >> set->templates[i] & 1)
			return own;
	}
	err_set(err, ERR_CONFIG, "it cannot become %s, but %s", name,
		set->isolation == ISOLATION_SHARED
			? config_template(config, set->templates[0])->name
			: set->templates_text);
	return NULL;
}

static void _choose(const struct asked *asked, const struct snapshot *snapshot,
		    const struct config_node *node,
		    const struct resume_job *job, struct plan_row *row,
		    struct forecast *fate)
{
	const struct place_source *places;
	const char *name;
	size_t count;

	places = plan_places(snapshot->plan, &count);
	if (asked->template_name) {
		name = _named(snapshot->config, node->set,
			      asked->template_name, &fate->why);
		snprintf(row->how, sizeof(row->how), "--template");
	} else {
		name = choose_template(snapshot->config, node, job, NULL,
				       choose_healthy(snapshot->config,
						      places, count,
						      snapshot->at),
				       row->how, &fate->why);
	}
	if (name)
		row->template_name = name;
	else
		fate->fate = FORECAST_REFUSED;
}

/* Slurm would not give the node to one job alone. */
static void _isolate(const struct snapshot *snapshot, const char *node,
		     struct forecast *fate)
{
	const char *why = table_get(snapshot->refused, node);

	if (!why || fate->fate != FORECAST_OPEN)
		return;
	fate->fate = FORECAST_REFUSED;
	err_set(&fate->why, ERR_REFUSED, "%s", why);
}

static void _ask(const struct asked *asked, const struct snapshot *snapshot,
		 struct plan_row *row, struct forecast *fate)
{
	const struct config *config = snapshot->config;
	const struct config_node *node = config_node(config, row->node);
	const struct json *known = table_get(snapshot->nodes, row->node);
	const struct resume_job *job =
		asked->file ? resume_file_of_node(asked->file, row->node)
			    : NULL;
	int64_t timeout = snapshot->resume_timeout ? snapshot->resume_timeout
						   : TIMEOUT_US;

	row->template_name = "";
	if (!node) {
		fate->fate = FORECAST_REFUSED;
		err_set(&fate->why, ERR_NOTFOUND, "not in sclone.conf");
		return;
	}
	_choose(asked, snapshot, node, job, row, fate);
	_isolate(snapshot, row->node, fate);
	row->note = known ? _drain(known) : NULL;
	fate->entry = (struct admit_entry) {
		.node = row->node,
		.job = job ? job->id : asked->file ? 0 : PLANNED_JOB,
		.template_name = row->template_name,
		.deadline = snapshot->at + timeout -
			    (int64_t) config_global(config)->margin *
				    CLOCK_US_PER_S,
	};
	/* Who waits or is being cloned is the plan's to tell. */
	if (known && fate->fate == FORECAST_OPEN &&
	    !plan_seat(snapshot->plan, row->node))
		_look_at_state(known, fate);
}

/* --- all ----------------------------------------------------------------- */

static int _run(const struct asked *asked, struct snapshot *snapshot,
		struct plan_row *rows, struct forecast *fates,
		struct err *err)
{
	struct forecast_count counts = { snapshot_took, snapshot };
	size_t count = hostlist_count(asked->nodes);

	for (size_t i = 0; i < count; i++) {
		rows[i].node = hostlist_at(asked->nodes, i);
		_ask(asked, snapshot, &rows[i], &fates[i]);
	}
	return forecast_run(snapshot->plan, fates, count, snapshot->at,
			    &counts, err);
}

static int _show(const struct command_options *options,
		 const struct plan_result *result)
{
	int exit_status = COMMAND_OK;

	if (options->json) {
		cleanup_json struct json *json = plan_json(result);

		if (!json)
			return COMMAND_CRITICAL;
		(void) command_print_json(json);
	} else {
		plan_print(result);
	}
	for (size_t i = 0; i < result->count; i++)
		if (result->fates[i].fate != FORECAST_PLACED)
			exit_status = COMMAND_WARNING;
	return exit_status;
}

static int _plan(const struct command_options *options,
		 const struct asked *asked, struct snapshot *snapshot)
{
	size_t count = hostlist_count(asked->nodes);
	cleanup_free struct plan_row *rows = calloc(count + 1, sizeof(*rows));
	cleanup_free struct forecast *fates = calloc(count + 1,
						     sizeof(*fates));
	struct plan_result result = {
		.snapshot = snapshot, .rows = rows, .fates = fates,
		.count = count,
		.cloning = plan_rates(snapshot->plan)->cloning,
		.booting = plan_rates(snapshot->plan)->booting,
	};
	struct err err = ERR_INIT;

	if (!rows || !fates)
		err_nomem(&err);
	else if (_run(asked, snapshot, rows, fates, &err) == 0)
		return _show(options, &result);
	return command_fail("plan", &err);
}

int plan_command(const struct command_options *options, int argc, char **argv)
{
	cleanup_snapshot struct snapshot *snapshot = NULL;
	struct asked asked = { .subject = NULL };
	int exit_status = COMMAND_CRITICAL;
	struct err err = ERR_INIT;

	if (_parse(argc, argv, &asked, &err) < 0)
		command_fail("plan", &err);
	else
		snapshot = _snapshot(options, &asked);
	if (snapshot)
		exit_status = _plan(options, &asked, snapshot);
	hostlist_destroy(asked.nodes);
	resume_file_destroy(asked.file);
	return exit_status;
}
