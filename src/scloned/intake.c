/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/clone/choose.h"
#include "common/ipc/request.h"
#include "common/ipc/resume_file.h"
#include "common/ipc/slurmcall.h"
#include "common/ipc/spool.h"
#include "common/rules/template.h"
#include "intake.h"
#include "shelf.h"

#define RETRY_US CLOCK_US_PER_S
#define LOOK_UP_US (5 * CLOCK_US_PER_S)	/* for what Slurm knows of it */

/* The request being taken. */
struct taking {
	struct request *request;
	struct server_call *call;	/* it came by the socket; else NULL */
	struct resume_file *file;
	size_t next_job;		/* to be looked up */
};

struct intake {
	struct intake_context ctx;
	struct loop_timer *timer;
	int64_t scan_at;	/* when it looks into the spool again */
	struct shelf *shelf;	/* files that stay */
	struct taking now;
};

static void _begin(struct intake *intake, struct request *request,
		   struct server_call *call);

static const char *_spool(const struct intake *intake)
{
	return config_global(*intake->ctx.config)->spool_dir;
}

/* Not while a request is taken, which ends in _finish(). */
static void _arm(struct intake *intake)
{
	int64_t delay = intake->scan_at - clock_mono_us();

	if (!intake->now.request)
		loop_timer_set(intake->timer, delay > 0 ? delay : 0);
}

static void _scan_in(struct intake *intake, int64_t delay)
{
	intake->scan_at = clock_mono_us() + delay;
	_arm(intake);
}

/* --- the end of a request ----------------------------------------------- */

static void _clear(struct intake *intake)
{
	struct taking *now = &intake->now;

	resume_file_destroy(now->file);
	request_destroy(now->request);
	memset(now, 0, sizeof(*now));
}

static void _answer(struct server_call *call, const struct err *failure)
{
	if (!call)
		return;
	if (failure)
		server_call_fail(call, failure);
	else
		server_call_reply(call, json_new_object());
}

/* Who calls is told, and tries again soon when it is BUSY: that puts off
 * nothing that is in the spool. */
static void _finish(struct intake *intake, const struct err *failure)
{
	struct server_call *call = intake->now.call;

	if (failure && !(call && failure->code == ERR_BUSY))
		log_error("request %s: %s", intake->now.request->id,
			  failure->text);
	else if (!failure && !call)
		shelf_remove(intake->shelf, intake->now.request->id);
	_answer(call, failure);
	_clear(intake);
	if (call)
		_arm(intake);
	else
		_scan_in(intake, failure ? RETRY_US : 0);
}

/* --- templates ---------------------------------------------------------- */

/*
 * What to prefer among alternatives: all nodes of a job shall be the same, and
 * Slurm may ask for them in several calls.
 */
static uint64_t _healthy(const struct intake *intake,
			 const struct resume_job *job)
{
	const struct config *config = *intake->ctx.config;
	const struct record *rec;
	size_t pos = 0;
	int index;

	if (!job || !job->features || !strchr(job->features, '|'))
		return TEMPLATE_ALL;
	while ((rec = fleet_next_in(intake->ctx.fleet, &pos, PHASE_REQUESTED,
				    PHASE_READY)) != NULL) {
		index = config_template_index(config, rec->req.template_name);
		if (rec->req.job == job->id && index >= 0)
			return UINT64_C(1) << index;
	}
	return planner_healthy(intake->ctx.planner);
}

/* slurmctld has let pass what cannot be had. */
static void _refuse(struct intake *intake, const char *name, uint32_t job,
		    const struct err *why)
{
	struct event ev = { .kind = EVENT_MISFIT, .cause = CAUSE_TEMPLATE,
			    .job = job, .text = why->text,
			    .asked = intake->now.request->time_us };

	fleet_event(intake->ctx.fleet, name, &ev);
}

/* --- events ------------------------------------------------------------- */

/* Slurm was asked for the node for a test: that says what it becomes. */
static void _take_test(struct intake *intake, const char *name,
		       struct event *ev)
{
	const struct trial *trial = trials_take(intake->ctx.trials, name,
						ev->id);

	if (!trial)
		return;
	ev->template_name = trial->template_name;
	ev->source = trial->source;
	ev->text = "a test of its source";
	if (ev->deadline > trial->since + trial->limit)
		ev->deadline = trial->since + trial->limit;
}

/* What the node becomes, and what said so. false and err: not what its job
 * asks for. */
static bool _choose(const struct intake *intake,
		    const struct config_node *node,
		    const struct resume_job *job, char how[CHOOSE_TEXT_SIZE],
		    struct event *ev, struct err *err)
{
	const struct config *config = *intake->ctx.config;

	ev->template_name = choose_template(config, node, job,
					    intake->now.request->features,
					    _healthy(intake, job), how, err);
	ev->text = ev->template_name ? how : err->text;
	if (ev->template_name)
		return true;
	/* A shared one is made for the others all the same. */
	if (node->set->isolation == ISOLATION_SHARED)
		ev->template_name = choose_default(config, node);
	return false;
}

static void _resume(struct intake *intake, const char *name,
		    const struct config_node *node)
{
	const struct request *request = intake->now.request;
	const struct config *config = *intake->ctx.config;
	const struct resume_job *job =
		resume_file_of_node(intake->now.file, name);
	int64_t margin = (int64_t) config_global(config)->margin *
			 CLOCK_US_PER_S;
	char how[CHOOSE_TEXT_SIZE];
	struct err err = ERR_INIT;
	bool fits;
	struct event ev = {
		.kind = EVENT_REQUESTED,
		.id = request->id,
		.asked = request->time_us,
		.deadline = request->time_us +
			    timing_resume(intake->ctx.timing) - margin,
	};

	fits = _choose(intake, node, job, how, &ev, &err);
	ev.job = job ? job->id : 0;
	ev.user = job ? job->user : NULL;
	if (!job)
		_take_test(intake, name, &ev);
	fleet_event(intake->ctx.fleet, name, &ev);
	if (!fits)
		_refuse(intake, name, ev.job, &err);
}

static void _post(struct intake *intake, const char *name,
		  const struct config_node *node)
{
	struct event ev = { .asked = intake->now.request->time_us };

	switch (intake->now.request->kind) {
	case REQUEST_RESUME:
		_resume(intake, name, node);
		return;
	case REQUEST_SUSPEND:
		ev.kind = EVENT_SUSPENDED;
		break;
	case REQUEST_RESUME_FAIL:
		ev.kind = EVENT_RESUME_FAILED;
		break;
	}
	fleet_event(intake->ctx.fleet, name, &ev);
}

/* Nodes that are not in sclone.conf. */
static struct hostlist *_foreign(const struct intake *intake,
				 const struct hostlist *nodes, struct err *err)
{
	cleanup_hostlist struct hostlist *foreign = hostlist_create();

	if (!foreign)
		err_nomem(err);
	for (size_t i = 0; foreign && i < hostlist_count(nodes); i++) {
		const char *name = hostlist_at(nodes, i);

		if (!config_node(*intake->ctx.config, name) &&
		    hostlist_add(foreign, name, err) < 0)
			return NULL;
	}
	return steal_ptr(&foreign);
}

static void _post_all(struct intake *intake, const struct hostlist *nodes)
{
	for (size_t i = 0; i < hostlist_count(nodes); i++) {
		const char *name = hostlist_at(nodes, i);
		const struct config_node *node =
			config_node(*intake->ctx.config, name);

		if (node)
			_post(intake, name, node);
	}
}

/* Events and commit. others: nodes with a chained program, which is owed
 * before the request is taken, or NULL. */
static int _take(struct intake *intake, const struct hostlist *nodes,
		 const char *others, struct err *err)
{
	const struct request *request = intake->now.request;
	int owed = 0, fresh;

	if (others)
		owed = shelf_owe(intake->shelf, request->id, others, err);
	if (owed < 0)
		return -1;
	fresh = journal_take_request(intake->ctx.journal, request->id,
				     clock_wall_us(), err);
	if (fresh <= 0 && owed)
		shelf_forgive(intake->shelf, request->id);
	if (fresh < 0)
		return -1;
	if (fresh)
		_post_all(intake, nodes);
	return fleet_commit(intake->ctx.fleet, err);
}

/* No file could wait for a chained program: it is started at once or not at
 * all, which is told, and what is sclone's own is taken all the same. */
static int _take_call(struct intake *intake, const struct hostlist *nodes,
		      const char *others, struct err *err)
{
	const struct request *request = intake->now.request;
	int taken = _take(intake, nodes, NULL, err);
	struct err why = ERR_INIT;

	if (taken < 0 && err->code == ERR_BUSY)
		return -1;	/* it calls again */
	if (others && shelf_start(intake->shelf, request, others, &why) < 0 &&
	    taken == 0)
		return err_set(err, why.code, "sclone's own nodes are taken, "
			       "but not the others: %s", why.text);
	return taken;
}

/* Everything is known. */
static int _apply(struct intake *intake, const struct hostlist *nodes,
		  struct err *err)
{
	cleanup_hostlist struct hostlist *foreign =
		_foreign(intake, nodes, err);
	cleanup_free char *names = foreign ? hostlist_print(foreign) : NULL;
	const char *others;

	if (!foreign || !names)
		return foreign ? err_nomem(err) : -1;
	others = hostlist_count(foreign) > 0 ? names : NULL;
	return intake->now.call ? _take_call(intake, nodes, others, err)
				: _take(intake, nodes, others, err);
}

static void _complete(struct intake *intake)
{
	const struct request *request = intake->now.request;
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err err = ERR_INIT;

	nodes = hostlist_parse(request->nodes, HOSTLIST_MAX, &err);
	if (!nodes) {
		/* What is malformed stays so: say it once, and drop it. */
		if (err.code == ERR_CONFIG)
			log_error("request %s: %s", request->id, err.text);
		_finish(intake, err.code == ERR_CONFIG ? NULL : &err);
		return;
	}
	log_info("%s %s (request %s)", request_kind_name(request->kind),
		 request->nodes, request->id);
	if (_apply(intake, nodes, &err) < 0)
		_finish(intake, &err);
	else
		_finish(intake, NULL);
}

/* --- partitions --------------------------------------------------------- */

static void _partitions_told(const struct json *answer,
			     const struct err *failure, void *arg)
{
	struct intake *intake = arg;
	struct err err = ERR_INIT;

	if (!failure && partitions_take(intake->ctx.partitions,
					json_get(answer, "partitions"),
					&err) < 0)
		failure = &err;
	if (failure) {
		partitions_missed(intake->ctx.partitions);
		log_warn("partitions: %s; what they were last counts",
			 failure->text);
	}
	_complete(intake);
}

/* Clones are made where partitions allow it as they are now. */
static void _look_at_partitions(struct intake *intake)
{
	struct err err = ERR_INIT;

	if (intake->now.request->kind != REQUEST_RESUME ||
	    partitions_fresh(intake->ctx.partitions)) {
		_complete(intake);
		return;
	}
	if (slurm_link_call(intake->ctx.link, "partitions", NULL, LOOK_UP_US,
			    _partitions_told, intake, &err) < 0)
		_partitions_told(NULL, &err, intake);
}

/* --- jobs --------------------------------------------------------------- */

static void _look_up_next(struct intake *intake);

static void _looked_up(const struct json *answer, const struct err *failure,
		       void *arg)
{
	struct intake *intake = arg;
	struct resume_job *job;
	struct slurmcall_job record;
	struct err err = ERR_INIT;

	job = resume_file_job(intake->now.file, intake->now.next_job++);
	if (failure) {
		log_warn("job %" PRIu32 ": %s; its nodes get their default "
			 "template", job->id, failure->text);
		/* With Slurm away the others would wait in vain, and
		 * releases behind them. */
		if (failure->code == ERR_TRANSIENT)
			intake->now.next_job =
				resume_file_jobs(intake->now.file);
	} else if (slurmcall_read_job(json_get(answer, "job"), &record,
				      &err) < 0) {
		log_warn("job %" PRIu32 ": %s", job->id, err.text);
	} else {
		if (record.features && !job->features)
			job->features = strdup(record.features);
		if (record.user && !job->user)
			job->user = strdup(record.user);
	}
	_look_up_next(intake);
}

static bool _needs_look_up(const struct intake *intake,
			   const struct resume_job *job)
{
	return !job->has_features &&
	       config_template_count(*intake->ctx.config) > 1;
}

/* On to the next job that has to be looked up, or to the end. */
static void _look_up_next(struct intake *intake)
{
	struct taking *now = &intake->now;

	for (; now->next_job < resume_file_jobs(now->file); now->next_job++) {
		struct resume_job *job =
			resume_file_job(now->file, now->next_job);
		struct err err = ERR_INIT;
		struct json *args;

		if (!_needs_look_up(intake, job))
			continue;
		args = json_new_object();
		if (args)
			json_put_int(args, "job", job->id);
		if (slurm_link_call(intake->ctx.link, "job", args, LOOK_UP_US,
				    _looked_up, intake, &err) == 0)
			return;
		log_warn("job %" PRIu32 ": %s", job->id, err.text);
	}
	_look_at_partitions(intake);
}

static void _begin(struct intake *intake, struct request *request,
		   struct server_call *call)
{
	struct err err = ERR_INIT;

	loop_timer_stop(intake->timer);
	intake->now.request = request;
	intake->now.call = call;
	if (request->resume)
		intake->now.file = resume_file_parse(request->resume, &err);
	if (request->resume && !intake->now.file)
		log_warn("request %s: SLURM_RESUME_FILE: %s", request->id,
			 err.text);
	if (!intake->now.file)
		intake->now.file = resume_file_create();
	if (!intake->now.file) {
		err_nomem(&err);
		_finish(intake, &err);
		return;
	}
	_look_up_next(intake);
}

/* --- the spool ---------------------------------------------------------- */

static struct request *_read_oldest(struct intake *intake)
{
	cleanup_spool_list struct spool_list list = { 0 };
	struct err err = ERR_INIT;
	struct request *request;

	if (spool_list(_spool(intake), &list, &err) < 0) {
		log_error("spool: %s", err.text);
		return NULL;
	}
	shelf_tidy(intake->shelf, &list);
	for (size_t i = 0; i < list.count; i++) {
		const char *id = list.ids[i];

		if (shelf_has_taken(intake->shelf, id))
			continue;
		request = spool_read(_spool(intake), id, &err);
		shelf_shut(intake->shelf, id, request ? NULL : &err);
		if (request)
			return request;
	}
	return NULL;
}

static void _scan(void *arg)
{
	struct intake *intake = arg;
	struct request *request = NULL;

	/* Deadlines follow from Slurm's limits: without them nothing is
	 * taken, and the spool keeps it. */
	if (timing_known(intake->ctx.timing)) {
		request = _read_oldest(intake);
		desk_set_behind(intake->ctx.desk, request != NULL);
	}
	if (request)
		_begin(intake, request, NULL);
	else
		_scan_in(intake, shelf_pause(intake->shelf));
}

const char *intake_problem(const struct intake *intake)
{
	return shelf_problem(intake->shelf);
}

void intake_poke(struct intake *intake)
{
	_scan_in(intake, 0);
}

void intake_take_call(struct intake *intake, struct server_call *call)
{
	struct err err = ERR_INIT;
	struct request *request;

	if (intake->now.request || !timing_known(intake->ctx.timing)) {
		err_set(&err, ERR_BUSY, "%s; try again",
			intake->now.request
				? "another request is being taken"
				: "slurmctld has not told its time limits "
				  "yet");
		server_call_fail(call, &err);
		return;
	}
	request = request_from_json(json_get(server_call_request(call),
					     "request"), &err);
	if (!request) {
		server_call_fail(call, &err);
		return;
	}
	_begin(intake, request, call);
}

struct intake *intake_create(const struct intake_context *context,
			     struct err *err)
{
	const struct shelf_context shelf = {
		.fleet = context->fleet,
		.journal = context->journal,
		.chain = context->chain,
		.config = context->config,
	};
	struct intake *intake = calloc(1, sizeof(*intake));

	if (!intake) {
		err_nomem(err);
		return NULL;
	}
	intake->ctx = *context;
	intake->timer = loop_timer_create(context->loop, _scan, intake, err);
	intake->shelf = shelf_create(&shelf, err);
	if (!intake->timer || !intake->shelf ||
	    spool_prepare(_spool(intake), err) < 0) {
		intake_destroy(intake);
		return NULL;
	}
	desk_set_behind(context->desk, true);
	_scan_in(intake, 0);
	return intake;
}

void intake_destroy(struct intake *intake)
{
	if (!intake)
		return;
	if (intake->now.call)
		server_call_drop(intake->now.call);
	_clear(intake);
	shelf_destroy(intake->shelf);
	loop_timer_destroy(intake->timer);
	free(intake);
}
