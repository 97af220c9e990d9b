/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to slurmctld, in place of ipc/slurm_link: one call at a time, each
 * answered in order; some are lost, some are done late, and now and then the
 * child has to be killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "common/ipc/slurm_link.h"
#include "agenda.h"
#include "dice.h"
#include "fake_link.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"

#define VERB_SIZE 24
#define REASON_SIZE 240

struct call {
	struct call *next;
	char verb[VERB_SIZE];
	struct json *args;
	int64_t sent;		/* once no other is before it: mono, us */
	void (*done)(const struct json *answer, const struct err *failure,
		     void *arg);
	void *arg;
};

struct slurm_link {
	struct call *first, **last;
	struct agenda_entry entry;	/* of the call under way */
	struct json *answer;
	struct err failure;
	uint64_t told;			/* versions up to that one */
	bool fresh;			/* the child was started anew */
	void (*idle)(void *arg);
	void *idle_arg;
};

/* An update that slurmctld has got. */
struct update {
	char verb[VERB_SIZE];
	unsigned nodes;
	char reason[REASON_SIZE];
	uint32_t job;			/* that it is about */
	uint32_t failed[SLURM_NODES];	/* or the jobs that failed there */
	int64_t sent;
};

static uint64_t calls;

uint64_t link_calls(void)
{
	return calls;
}

/* --- nodes -------------------------------------------------------------- */

static struct json *_tell_node(int i)
{
	const struct slurm_node *node = slurm_node(i);
	static const char *const bases[NODE_BASES] = {
		"UNKNOWN", "IDLE", "ALLOCATED", "DOWN", "FUTURE"
	};
	struct json *json = json_new_object();
	char state[160];

	snprintf(state, sizeof(state), "%s+CLOUD%s%s%s%s%s%s",
		 bases[node->base], node->powering_up ? "+POWERING_UP" : "",
		 node->powered_down ? "+POWERED_DOWN" : "",
		 node->powering_down ? "+POWERING_DOWN" : "",
		 node->power_down ? "+POWER_DOWN" : "",
		 node->drain ? "+DRAIN" : "",
		 node->not_responding ? "+NOT_RESPONDING" : "");
	slurm_told_drain(i);
	json_put_str(json, "name", slurm_node_name(i));
	json_put_str(json, "state", state);
	json_put_int(json, "boot", node->booted / S);
	json_put_int(json, "cpus", 1);
	json_put_int(json, "memory", 1);
	if (*node->reason)
		json_put_str(json, "reason", node->reason);
	return json;
}

/* What changed since the child told last, or all. */
static void _nodes(struct slurm_link *link, const struct json *args,
		   struct json *answer)
{
	struct json *list = json_new_array();
	uint64_t told = link->told;
	bool all = false;

	(void) json_get_bool_or(args, "all", false, &all, NULL);
	all |= link->fresh;
	for (int i = 0; i < SLURM_NODES; i++) {
		uint64_t version = slurm_node(i)->version;

		if (all || version > told)
			json_append(list, _tell_node(i));
		if (version > link->told)
			link->told = version;
	}
	link->fresh = false;
	json_put_bool(answer, "complete", all);
	json_put(answer, "nodes", list);
}

static void _config(struct json *answer)
{
	struct json *config = json_new_object();

	json_put_int(config, "resume_timeout", SLURM_RESUME_TIMEOUT);
	json_put_int(config, "suspend_timeout", SLURM_SUSPEND_TIMEOUT);
	json_put_int(config, "boot", slurm_started() / S);
	json_put(answer, "config", config);
}

static struct json *_partitions(void)
{
	struct json *list = json_new_array();
	struct json *vm = json_new_object();

	json_put_str(vm, "name", "vm");
	json_put_str(vm, "nodes", "vm[1-4]");
	json_put_bool(vm, "exclusive", !slurm_shares());
	json_put_bool(vm, "power_down_on_idle", false);
	json_append(list, vm);
	return list;
}

/* --- updates ------------------------------------------------------------ */

static bool _is_about_job(const char *verb)
{
	return !strcmp(verb, "admin_comment_append") ||
	       !strcmp(verb, "notify_job") ||
	       !strcmp(verb, "requeue_job") || !strcmp(verb, "kill_job");
}

static bool _is_read(const char *verb)
{
	return !strcmp(verb, "nodes") || !strcmp(verb, "node") ||
	       !strcmp(verb, "config") || !strcmp(verb, "partitions") ||
	       !strcmp(verb, "job");
}

static void _read_update(const struct call *call, struct update *update)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	const char *text = "", *reason = "";
	int64_t job = 0;

	(void) json_get_str_or(call->args, "nodes", "", &text, NULL);
	(void) json_get_str_or(call->args, "reason", "", &reason, NULL);
	(void) json_get_int_or(call->args, "job", 0, UINT32_MAX, 0, &job,
			       NULL);
	*update = (struct update) { .job = (uint32_t) job,
				    .sent = call->sent };
	memcpy(update->verb, call->verb, sizeof(update->verb));
	snprintf(update->reason, sizeof(update->reason), "%s", reason);
	if (*text)
		nodes = hostlist_parse(text, SLURM_NODES, NULL);
	for (size_t i = 0; nodes && i < hostlist_count(nodes); i++) {
		const char *name = hostlist_at(nodes, i);
		const struct record *rec = process_record(name);
		int node = slurm_node_index(name);

		update->nodes |= 1u << node;
		update->failed[node] = rec ? rec->tell_job : 0;
	}
}

static int _execute(const struct update *update, struct err *err)
{
	if (_is_about_job(update->verb))
		return slurm_update_job(update->verb, update->job, err);
	for (int i = 0; i < SLURM_NODES; i++)
		if (update->nodes & 1u << i)
			slurm_update(update->verb, i, update->reason,
				     update->failed[i], update->sent);
	return 0;
}

static void _execute_late(void *data)
{
	if (!slurm_is_away())
		(void) _execute(data, NULL);
}

/* --- calls -------------------------------------------------------------- */

static void _next(struct slurm_link *link);

static void _answer(void *arg)
{
	struct slurm_link *link = arg;
	struct call *call = link->first;
	struct json *answer = link->answer;
	struct err failure = link->failure;

	if (!process_passes(BARRIER_BEFORE_ANSWER))
		return;
	link->first = call->next;
	if (!link->first)
		link->last = &link->first;
	link->answer = NULL;
	_next(link);
	call->done(failure.code ? NULL : answer,
		   failure.code ? &failure : NULL, call->arg);
	json_destroy(answer);
	json_destroy(call->args);
	free(call);
	if (!link->first)
		link->idle(link->idle_arg);
}

static void _answer_in(struct slurm_link *link, int64_t us)
{
	link->entry.fn = _answer;
	agenda_set(&link->entry, us);
}

/* Whether that job has the node or, with who, the next one after it. */
static void _tell_whose(int node, const struct json *args,
			struct json *answer)
{
	const struct slurm_job *job;
	int64_t id = 0, start = 0;

	(void) json_get_int_or(args, "job", 0, UINT32_MAX, 0, &id, NULL);
	(void) json_get_int_or(args, "start", 0, INT64_MAX, 0, &start, NULL);
	if (json_get(args, "who")) {
		job = slurm_job_after(node, (uint32_t) id, start);
		json_put_int(answer, "job", job ? job->id : 0);
		json_put_int(answer, "start", job ? job->start : 0);
	} else if (id) {
		job = slurm_job((uint32_t) id);
		json_put_bool(answer, "holds", job && job->nodes & 1u << node);
	}
}

static void _read(struct slurm_link *link, const struct call *call)
{
	const char *name = "";

	link->answer = json_new_object();
	if (!strcmp(call->verb, "nodes")) {
		_nodes(link, call->args, link->answer);
	} else if (!strcmp(call->verb, "node")) {
		(void) json_get_str(call->args, "name", &name, NULL);
		json_put(link->answer, "node",
			 _tell_node(slurm_node_index(name)));
		_tell_whose(slurm_node_index(name), call->args, link->answer);
	} else if (!strcmp(call->verb, "config")) {
		_config(link->answer);
	} else {
		json_put(link->answer, "partitions", _partitions());
	}
	_answer_in(link, dice_us(MS, 20 * MS));
}

/* The child had to be killed. */
static void _lose(struct slurm_link *link, bool is_read)
{
	err_set(&link->failure, is_read ? ERR_TRANSIENT : ERR_UNKNOWN,
		"scloned-slurm did not answer");
	link->fresh = true;
	_answer_in(link, dice_us(S, 60 * S));
}

static void _change(struct slurm_link *link, const struct call *call)
{
	struct update update;

	_read_update(call, &update);
	if (plan_strikes(FAULT_CALL_UNKNOWN)) {
		(void) _execute(&update, NULL);
		_lose(link, false);
	} else if (plan_strikes(FAULT_CALL_LATE)) {
		agenda_after(dice_us(0, 10 * S), _execute_late, &update,
			     sizeof(update));
		_lose(link, false);
	} else {
		(void) _execute(&update, &link->failure);
		link->answer = json_new_object();
		_answer_in(link, dice_us(MS, 20 * MS));
	}
}

/* The call reaches slurmctld. */
static void _arrive(void *arg)
{
	struct slurm_link *link = arg;
	const struct call *call = link->first;
	bool is_read = _is_read(call->verb);

	calls++;
	if (slurm_is_away()) {
		err_set(&link->failure, ERR_TRANSIENT, "slurmctld is away");
		_answer_in(link, dice_us(10 * MS, S));
	} else if (plan_strikes(FAULT_CALL_LOST)) {
		_lose(link, is_read);
	} else if (is_read) {
		_read(link, call);
	} else {
		_change(link, call);
	}
	if (!is_read)
		(void) process_passes(BARRIER_AFTER_CALL);
}

static void _start(void *arg)
{
	struct slurm_link *link = arg;

	if (!_is_read(link->first->verb) &&
	    !process_passes(BARRIER_BEFORE_CALL))
		return;
	link->entry.fn = _arrive;
	agenda_set(&link->entry, dice_us(MS, 20 * MS));
}

static void _next(struct slurm_link *link)
{
	link->failure = (struct err) ERR_INIT;
	if (!link->first)
		return;
	/* The child has it now, however long scloned is busy after that. */
	link->first->sent = agenda_now();
	link->entry.fn = _start;
	agenda_set(&link->entry, 0);
}

/* --- ipc/slurm_link.h --------------------------------------------------- */

int slurm_link_call(struct slurm_link *link, const char *verb,
		    struct json *args, int64_t timeout_us,
		    void (*done)(const struct json *answer,
				 const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	struct call *call = calloc(1, sizeof(*call));

	(void) timeout_us;
	if (!call) {
		json_destroy(args);
		return err_nomem(err);
	}
	snprintf(call->verb, sizeof(call->verb), "%s", verb);
	call->args = args;
	call->done = done;
	call->arg = arg;
	*link->last = call;
	link->last = &call->next;
	if (link->first == call)
		_next(link);
	return 0;
}

size_t slurm_link_waiting(const struct slurm_link *link)
{
	return link->first != NULL;
}

/* What it was asked goes on all the same. */
void slurm_link_restart(struct slurm_link *link)
{
	(void) link;
}

struct slurm_link *slurm_link_create(struct loop *loop,
				     const struct slurm_link_options *options,
				     struct err *err)
{
	struct slurm_link *link = calloc(1, sizeof(*link));

	(void) loop;
	if (!link) {
		err_nomem(err);
		return NULL;
	}
	link->last = &link->first;
	link->entry.arg = link;
	link->fresh = true;
	link->idle = options->idle;
	link->idle_arg = options->arg;
	return link;
}

void slurm_link_destroy(struct slurm_link *link)
{
	struct call *call;

	if (!link)
		return;
	agenda_stop(&link->entry);
	while ((call = link->first) != NULL) {
		link->first = call->next;
		json_destroy(call->args);
		free(call);
	}
	json_destroy(link->answer);
	free(link);
}
