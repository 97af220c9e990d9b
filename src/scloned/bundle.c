/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/clone/snapshot.h"
#include "common/ipc/verbs.h"
#include "answers.h"
#include "bundle.h"
#include "explanation.h"
#include "portrait.h"
#include "templates.h"

#define DECISIONS_MAX 2000	/* the last ones */

/* It never was in use, and is in Slurm as such a node is. */
static bool _is_idle(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	return rec->phase == PHASE_ABSENT && !rec->epoch &&
	       !rec->next.used && !*rec->quarantine && !*rec->error &&
	       !*rec->admin_drain && !*view->reason && !view->drain &&
	       (!view->seen || (view->base == NODE_IDLE &&
				view->powered_down && !view->not_responding));
}

/* --- the first page ------------------------------------------------------ */

static int _put_idle(const struct daemon *daemon, struct json *reply)
{
	cleanup_hostlist struct hostlist *idle = hostlist_create();
	cleanup_free char *text = NULL;
	const struct record *rec;
	size_t pos = 0;

	while (idle && (rec = fleet_next(daemon->fleet, &pos)) != NULL)
		if (_is_idle(rec) &&
		    hostlist_add(idle, rec->node, NULL) < 0)
			return -1;
	text = idle ? hostlist_print(idle) : NULL;
	return text ? json_put_str(reply, "idle", text) : -1;
}

static int _put_phases(const struct daemon *daemon, struct json *reply)
{
	struct json *phases = json_new_object();
	int rc = phases ? 0 : -1;

	for (int i = 0; !rc && i < PHASES; i++)
		rc = json_put_int(phases, record_phase_name((enum phase) i),
				  (int64_t) fleet_in_phase(daemon->fleet,
							   (enum phase) i));
	return rc | json_put(reply, "phases", phases);
}

static int _put_decisions(const struct daemon *daemon, struct json *reply)
{
	size_t skip = diary_count(daemon->diary);
	struct json *list = json_new_array();
	const struct diary_page *pos = NULL;
	const struct diary_entry *entry;
	int rc = list ? 0 : -1;

	skip = skip > DECISIONS_MAX ? skip - DECISIONS_MAX : 0;
	while (!rc && (entry = diary_next(daemon->diary, NULL, &pos)) != NULL)
		if (skip)
			skip--;
		else
			rc = json_append(list, explanation_entry(entry));
	return rc | json_put(reply, "decisions", list);
}

static int _put_head(const struct daemon *daemon, struct json *reply)
{
	char head[RECEIPT_HEAD_SIZE];

	receipt_print_head(ledger_head(daemon->ledger), head);
	return json_put_str(reply, "receipt_head", head);
}

static const char *_refuses(const char *node, void *arg)
{
	const struct daemon *daemon = arg;

	return partitions_refuse(daemon->partitions, node);
}

static int _put_rules(struct daemon *daemon, struct json *reply)
{
	struct snapshot_from from = {
		daemon->config, planner_plan(daemon->planner),
		room_tally(daemon->room), _refuses, daemon,
	};

	return snapshot_put(reply, &from) | room_put(daemon->room, reply);
}

static int _put_first(struct daemon *daemon, struct json *reply)
{
	const struct timing *timing = daemon->timing;
	int rc = 0;

	rc |= _put_rules(daemon, reply);
	rc |= json_put_int(reply, "at", clock_wall_us());
	rc |= json_put(reply, "daemon", answers_daemon(daemon));
	rc |= json_put_str(reply, "slurm_version", timing_version(timing));
	rc |= json_put_int(reply, "resume_timeout", timing_resume(timing));
	rc |= json_put_int(reply, "suspend_timeout", timing_suspend(timing));
	rc |= _put_phases(daemon, reply);
	rc |= templates_put(daemon, reply);
	rc |= _put_head(daemon, reply);
	rc |= _put_decisions(daemon, reply);
	rc |= _put_idle(daemon, reply);
	return rc | json_put_int(reply, "next", 0);
}

/* --- the pages of nodes -------------------------------------------------- */

static int _put_nodes(const struct daemon *daemon, struct json *reply,
		      int64_t from, int64_t limit)
{
	struct json *list = json_new_array();
	const struct record *rec = NULL;
	size_t pos = (size_t) from;
	int rc = list ? 0 : -1;

	while (!rc && json_count(list) < (size_t) limit &&
	       (rec = fleet_next(daemon->fleet, &pos)) != NULL)
		if (!_is_idle(rec))
			rc = json_append(list, portrait_of(rec));
	if (!rc && rec)
		rc = json_put_int(reply, "next", (int64_t) pos);
	return rc | json_put(reply, "nodes", list);
}

void bundle_answer(struct daemon *daemon, struct server_call *call)
{
	const struct json *request = server_call_request(call);
	cleanup_json struct json *reply = json_new_object();
	struct err err = ERR_INIT;
	int64_t from, limit;

	if (json_get_int_or(request, "from", 0, INT64_MAX, -1, &from,
			    &err) < 0 ||
	    json_get_int_or(request, "limit", 1, VERBS_SNAPSHOT_NODES,
			    VERBS_SNAPSHOT_NODES, &limit, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	if (reply && (from < 0 ? _put_first(daemon, reply)
			       : _put_nodes(daemon, reply, from,
						    limit)) < 0) {
		json_destroy(reply);
		reply = NULL;
	}
	server_call_reply(call, steal_ptr(&reply));
}
