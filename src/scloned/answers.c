/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/ipc/verbs.h"
#include "answers.h"
#include "bundle.h"
#include "cycle.h"
#include "explanation.h"
#include "receipts.h"
#include "templates.h"

static int _put_text(struct json *row, const char *key, const char *text)
{
	return text && *text ? json_put_str(row, key, text) : 0;
}

/* --- status ------------------------------------------------------------- */

static int _put_link(struct json *daemon, const char *key,
		     const struct err *problem)
{
	struct json *link = json_new_object();
	int rc = link ? 0 : -1;

	if (rc == 0)
		rc = json_put_str(link, "state", problem ? "down" : "up");
	if (rc == 0 && problem)
		rc = json_put_str(link, "error", problem->text);
	return rc | json_put(daemon, key, link);
}

/* What stands in the clone folder; left out until it was looked at. */
static int _put_folder(struct json *daemon,
		       const struct reconciler *reconciler)
{
	const struct reconciler_tally *tally = reconciler_tally(reconciler);
	const struct err *problem = reconciler_problem(reconciler);
	struct json *folder;
	int rc;

	if (!tally->at && !problem)
		return 0;
	folder = json_new_object();
	rc = folder ? 0 : -1;
	if (rc == 0) {
		rc |= json_put_int(folder, "at", tally->at);
		rc |= json_put_int(folder, "ours", (int64_t) tally->ours);
		rc |= json_put_int(folder, "foreign",
				   (int64_t) tally->foreign);
		rc |= json_put_int(folder, "strays", (int64_t) tally->strays);
		rc |= json_put_int(folder, "waiting",
				   (int64_t) tally->waiting);
		rc |= json_put_bool(folder, "braked", tally->braked);
		rc |= _put_text(folder, "error", problem ? problem->text
							 : NULL);
	}
	return rc | json_put(daemon, "folder", folder);
}

struct json *answers_daemon(const struct daemon *daemon)
{
	cleanup_json struct json *json = json_new_object();
	int rc = json ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(json, "version", PACKAGE_VERSION);
	rc |= json_put_str(json, "cluster",
			   config_global(daemon->config)->cluster);
	rc |= json_put_int(json, "pid", getpid());
	rc |= json_put_int(json, "started", daemon->started);
	rc |= json_put_int(json, "now", clock_wall_us());
	rc |= json_put_bool(json, "paused", planner_paused(daemon->planner));
	rc |= json_put_bool(json, "journal_low",
			    journal_is_low(daemon->journal));
	rc |= _put_link(json, "vcenter", executor_problem(daemon->executor));
	rc |= _put_link(json, "slurm", sight_problem(daemon->sight));
	rc |= _put_folder(json, daemon->reconciler);
	rc |= _put_text(json, "spool", intake_problem(daemon->intake));
	return rc == 0 ? steal_ptr(&json) : NULL;
}

/* Nothing is there, and nothing is left to be done about it. */
static bool _is_over(const struct record *rec)
{
	return rec->phase == PHASE_ABSENT && !rec->settle &&
	       rec->tell == TELL_NOTHING;
}

static const char *_why(const struct record *rec)
{
	if (rec->phase != PHASE_ABSENT || _is_over(rec))
		return rec->why;
	return rec->tell ? "gone; Slurm is to be told of a failure"
			 : "gone; Slurm is to be told that the name is free";
}

static struct json *_node_row(const struct record *rec)
{
	const struct record_request *req = record_request(rec);
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= cycle_put_common(row, rec);
	rc |= json_put_str(row, "phase", record_phase_name(rec->phase));
	rc |= json_put_int(row, "since", rec->at[rec->phase]);
	if (req)
		rc |= json_put_int(row, "deadline", req->deadline);
	rc |= _put_text(row, "why", _why(rec));
	rc |= _put_text(row, "error", rec->error);
	rc |= _put_text(row, "quarantine", rec->quarantine);
	if (rec->hold)
		rc |= json_put_bool(row, "hold", true);
	rc |= _put_text(row, "refused", rec->refusal);
	if (rec->next.used)
		rc |= json_put_bool(row, "waiting", true);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

static int _append_node(struct json *nodes, const struct record *rec, bool all)
{
	if (_is_over(rec) && !all && !*rec->error && !*rec->quarantine)
		return 0;
	return json_append(nodes, _node_row(rec));
}

static int _put_nodes(const struct daemon *daemon, struct json *reply,
		      const struct hostlist *wanted, bool all)
{
	struct json *nodes = json_new_array();
	const struct record *rec;
	size_t pos = 0;
	int rc = nodes ? 0 : -1;

	if (wanted)
		for (size_t i = 0; !rc && i < hostlist_count(wanted); i++)
			rc = _append_node(nodes,
					  fleet_record(daemon->fleet,
						       hostlist_at(wanted,
								   i)), true);
	else
		while (!rc && (rec = fleet_next(daemon->fleet, &pos)))
			rc = _append_node(nodes, rec, all);
	return rc | json_put(reply, "nodes", nodes);
}

/* The request's nodes, all of which exist; none asked for: NULL. */
static int _wanted(const struct daemon *daemon, const struct json *request,
		   struct hostlist **wanted, struct err *err)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	const char *text;

	if (json_get_str_or(request, "nodes", NULL, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	nodes = hostlist_parse(text, HOSTLIST_MAX, err);
	for (size_t i = 0; nodes && i < hostlist_count(nodes); i++)
		if (!fleet_record(daemon->fleet, hostlist_at(nodes, i)))
			return err_set(err, ERR_NOTFOUND,
				       "no node '%s' in sclone.conf",
				       hostlist_at(nodes, i));
	*wanted = steal_ptr(&nodes);
	return *wanted ? 0 : -1;
}

static void _status(struct daemon *daemon, struct server_call *call)
{
	const struct json *request = server_call_request(call);
	cleanup_json struct json *reply = json_new_object();
	cleanup_hostlist struct hostlist *wanted = NULL;
	struct err err = ERR_INIT;
	bool all;

	if (_wanted(daemon, request, &wanted, &err) < 0 ||
	    json_get_bool_or(request, "all", false, &all, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	if (reply && (json_put(reply, "daemon", answers_daemon(daemon)) < 0 ||
		      templates_put(daemon, reply) < 0 ||
		      room_put(daemon->room, reply) < 0 ||
		      _put_nodes(daemon, reply, wanted, all) < 0)) {
		json_destroy(reply);
		reply = NULL;
	}
	server_call_reply(call, steal_ptr(&reply));
}

/* --- history ------------------------------------------------------------ */

static int _read_history(struct daemon *daemon, const struct json *request,
			 struct json *cycles, struct err *err)
{
	const char *node;
	int64_t job, limit;

	if (json_get_str_or(request, "node", NULL, &node, err) < 0 ||
	    json_get_int_or(request, "job", 0, UINT32_MAX, 0, &job, err) < 0 ||
	    json_get_int_or(request, "limit", 1, VERBS_HISTORY_MAX,
			    VERBS_HISTORY_DEFAULT, &limit, err) < 0)
		return -1;
	return journal_history(daemon->journal, node, job, (size_t) limit,
			       cycle_append, cycles, err);
}

static void _history(struct daemon *daemon, struct server_call *call)
{
	cleanup_json struct json *reply = json_new_object();
	cleanup_json struct json *cycles = json_new_array();
	struct err err = ERR_INIT;

	if (!reply || !cycles) {
		server_call_reply(call, NULL);
		return;
	}
	if (_read_history(daemon, server_call_request(call), cycles,
			  &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	json_put(reply, "cycles", steal_ptr(&cycles));
	server_call_reply(call, steal_ptr(&reply));
}

/* --- orders ------------------------------------------------------------- */

static void _pause(struct daemon *daemon, struct server_call *call)
{
	log_warn("paused by uid %u", (unsigned) server_call_peer(call)->uid);
	planner_pause(daemon->planner, true);
	server_call_reply(call, json_new_object());
}

static void _unpause(struct daemon *daemon, struct server_call *call)
{
	log_warn("unpaused by uid %u", (unsigned) server_call_peer(call)->uid);
	planner_pause(daemon->planner, false);
	server_call_reply(call, json_new_object());
}

/* Give every node of the request an event; replies with how many. */
static void _event_to_nodes(struct daemon *daemon, struct server_call *call,
			    enum event_kind kind)
{
	cleanup_hostlist struct hostlist *wanted = NULL;
	struct json *reply = json_new_object();
	struct err err = ERR_INIT;

	if (_wanted(daemon, server_call_request(call), &wanted, &err) < 0 ||
	    !wanted) {
		if (!wanted && !err.code)
			err_set(&err, ERR_PROTOCOL, "'nodes' is missing");
		json_destroy(reply);
		server_call_fail(call, &err);
		return;
	}
	for (size_t i = 0; i < hostlist_count(wanted); i++) {
		struct event ev = { .kind = kind };

		fleet_event(daemon->fleet, hostlist_at(wanted, i), &ev);
	}
	if (reply)
		json_put_int(reply, "nodes",
			     (int64_t) hostlist_count(wanted));
	server_call_reply(call, reply);
}

static void _hold(struct daemon *daemon, struct server_call *call)
{
	_event_to_nodes(daemon, call, EVENT_HOLD);
}

static void _unhold(struct daemon *daemon, struct server_call *call)
{
	_event_to_nodes(daemon, call, EVENT_UNHOLD);
}

static void _reload(struct daemon *daemon, struct server_call *call)
{
	struct json *reply = json_new_object();
	struct err err = ERR_INIT;
	size_t nodes, sources;

	if (daemon_reload(daemon, &err) < 0) {
		json_destroy(reply);
		server_call_fail(call, &err);
		return;
	}
	nodes = config_node_count(daemon->config);
	sources = sources_count(executor_sources(daemon->executor));
	if (reply && (json_put_int(reply, "nodes", (int64_t) nodes) < 0 ||
		      json_put_int(reply, "sources", (int64_t) sources) < 0)) {
		json_destroy(reply);
		reply = NULL;
	}
	server_call_reply(call, reply);
}

static void _reconcile(struct daemon *daemon, struct server_call *call)
{
	orders_reconcile(daemon->orders, call);
}

static void _release(struct daemon *daemon, struct server_call *call)
{
	orders_release(daemon->orders, call);
}

static void _test(struct daemon *daemon, struct server_call *call)
{
	trials_order(daemon->trials, call);
}

/* --- the front ends ----------------------------------------------------- */

static void _nudge(struct daemon *daemon, struct server_call *call)
{
	intake_poke(daemon->intake);
	server_call_reply(call, json_new_object());
}

static void _request(struct daemon *daemon, struct server_call *call)
{
	intake_take_call(daemon->intake, call);
}

static void _wait(struct daemon *daemon, struct server_call *call)
{
	waiters_add(daemon->waiters, call);
	daemon_hurry(daemon);
}

/* --- the table ---------------------------------------------------------- */

static const struct {
	const char *verb;
	bool everybody;
	void (*answer)(struct daemon *daemon, struct server_call *call);
} verbs[] = {
	{ VERB_STATUS, true, _status },
	{ VERB_HISTORY, true, _history },
	{ VERB_RECEIPTS, true, receipts_answer },
	{ VERB_WHY, true, explanation_answer },
	{ VERB_TEMPLATES, true, templates_answer },
	{ VERB_SNAPSHOT, false, bundle_answer },
	{ VERB_PAUSE, false, _pause },
	{ VERB_UNPAUSE, false, _unpause },
	{ VERB_HOLD, false, _hold },
	{ VERB_UNHOLD, false, _unhold },
	{ VERB_DRAIN, false, templates_drain },
	{ VERB_UNDRAIN, false, templates_undrain },
	{ VERB_TEST, false, _test },
	{ VERB_RELOAD, false, _reload },
	{ VERB_RECONCILE, true, _reconcile },
	{ VERB_RELEASE, false, _release },
	{ "nudge", false, _nudge },
	{ "request", false, _request },
	{ "wait", false, _wait },
};

void answers_handle(struct server_call *call, void *arg)
{
	const char *verb = server_call_verb(call);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].verb, verb))
			continue;
		if (verbs[i].everybody || server_call_peer(call)->trusted) {
			verbs[i].answer(arg, call);
			return;
		}
		err_set(&err, ERR_AUTH, "'%s' is for root and scloned's own "
			"user", verb);
		server_call_fail(call, &err);
		return;
	}
	err_set(&err, ERR_PROTOCOL, "no verb '%s' in sclone %s", verb,
		PACKAGE_VERSION);
	server_call_fail(call, &err);
}
