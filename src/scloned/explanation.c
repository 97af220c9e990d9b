/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/ipc/verbs.h"
#include "cycle.h"
#include "explanation.h"
#include "portrait.h"
#include "receipts.h"

#define NODE_CYCLES 5		/* of one node, the last ones */

/* Of what to tell. */
struct subject {
	struct daemon *daemon;
	const char *node;	/* or NULL */
	uint32_t job;		/* or 0 */
	struct table *nodes;	/* names: of the job */
	bool more;		/* it has more than are told of */
};

struct json *explanation_entry(const struct diary_entry *entry)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_int(row, "at", entry->at);
	rc |= json_put_int(row, "number", (int64_t) entry->number);
	rc |= json_put_str(row, "node", entry->node);
	rc |= json_put_int(row, "epoch", (int64_t) entry->epoch);
	if (entry->job)
		rc |= json_put_int(row, "job", entry->job);
	rc |= json_put_str(row, "what", entry->what);
	if (*entry->text)
		rc |= json_put_str(row, "text", entry->text);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

/* It is of a VM that the job shares with another one, whose the entry is. */
static bool _shares(const struct subject *subject, const struct record *rec,
		    const struct diary_entry *entry)
{
	return rec->req.shared && entry->epoch == rec->epoch &&
	       record_names(&rec->req, subject->job);
}

static struct json *_decisions(const struct subject *subject,
			       const struct record *rec)
{
	cleanup_json struct json *list = json_new_array();
	const struct diary_page *pos = NULL;
	const struct diary_entry *entry;

	while (list && (entry = diary_next(subject->daemon->diary, rec->node,
					   &pos)) != NULL) {
		if (subject->job && entry->job != subject->job &&
		    !_shares(subject, rec, entry))
			continue;
		if (json_append(list, explanation_entry(entry)) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

static int _append_node(const struct subject *subject, const char *node,
			struct json *list)
{
	const struct record *rec = fleet_record(subject->daemon->fleet, node);
	struct json *row;

	if (!rec)	/* it has left sclone.conf */
		return 0;
	row = portrait_of(rec);
	if (!row || json_put(row, "decisions",
			     _decisions(subject, rec)) < 0) {
		json_destroy(row);
		return -1;
	}
	return json_append(list, row);
}

/* --- the nodes of a job -------------------------------------------------- */

static int _note(struct subject *subject, const char *node, struct err *err)
{
	static char here;

	if (table_get(subject->nodes, node))
		return 0;
	if (table_count(subject->nodes) >= VERBS_WHY_NODES_MAX) {
		subject->more = true;
		return 0;
	}
	return table_set(subject->nodes, node, &here, err);
}

/* Those it has now, and those it had lately. */
static int _collect(struct subject *subject, struct err *err)
{
	const struct diary_page *page = NULL;
	const struct diary_entry *entry;
	const struct record *rec;
	size_t pos = 0;

	while ((rec = fleet_next(subject->daemon->fleet, &pos)) != NULL)
		if ((record_names(&rec->req, subject->job) ||
		     record_names(&rec->next, subject->job)) &&
		    _note(subject, rec->node, err) < 0)
			return -1;
	while ((entry = diary_next(subject->daemon->diary, NULL, &page)))
		if (entry->job == subject->job &&
		    _note(subject, entry->node, err) < 0)
			return -1;
	return 0;
}

/* --- the answer ---------------------------------------------------------- */

static int _put_nodes(struct subject *subject, struct json *reply,
		      struct err *err)
{
	struct json *list = json_new_array();
	const char *node;
	size_t pos = 0;
	int rc = list ? 0 : -1;

	if (!rc && subject->node)
		rc = _append_node(subject, subject->node, list);
	while (!rc && table_next(subject->nodes, &pos, &node))
		rc = _append_node(subject, node, list);
	if (json_put(reply, "nodes", list) < 0 || rc < 0)
		return err_nomem(err);
	return 0;
}

static int _put_past(const struct subject *subject, struct json *reply,
		     struct err *err)
{
	cleanup_json struct json *cycles = json_new_array();
	cleanup_json struct json *receipts = json_new_array();
	size_t limit = subject->node ? NODE_CYCLES : VERBS_WHY_NODES_MAX;
	const struct journal_receipts wanted = {
		.node = subject->node, .job = subject->job,
		.newest = true, .limit = limit,
	};

	if (!cycles || !receipts)
		return err_nomem(err);
	if (journal_history(subject->daemon->journal, subject->node,
			    subject->job, limit, cycle_append, cycles,
			    err) < 0 ||
	    receipts_read(subject->daemon, &wanted, receipts, err) < 0)
		return -1;
	if (json_put(reply, "cycles", steal_ptr(&cycles)) < 0 ||
	    json_put(reply, "receipts", steal_ptr(&receipts)) < 0)
		return err_nomem(err);
	return 0;
}

static int _read_subject(const struct json *request, struct subject *subject,
			 struct err *err)
{
	int64_t job;

	if (json_get_str_or(request, "node", NULL, &subject->node, err) < 0 ||
	    json_get_int_or(request, "job", 0, UINT32_MAX, 0, &job, err) < 0)
		return -1;
	subject->job = (uint32_t) job;
	if (!subject->node == !subject->job)
		return err_set(err, ERR_PROTOCOL, "ask of a node or a job");
	if (subject->node &&
	    !fleet_record(subject->daemon->fleet, subject->node))
		return err_set(err, ERR_NOTFOUND, "no node '%s' in "
			       "sclone.conf", subject->node);
	return 0;
}

static int64_t _since(const struct daemon *daemon)
{
	int64_t whole = diary_whole_since(daemon->diary);

	return whole > daemon->started ? whole : daemon->started;
}

static int _explain(struct subject *subject, struct json *reply,
		    struct err *err)
{
	if (subject->job && _collect(subject, err) < 0)
		return -1;
	if (_put_nodes(subject, reply, err) < 0 ||
	    _put_past(subject, reply, err) < 0)
		return -1;
	if (json_put_int(reply, "since", _since(subject->daemon)) < 0 ||
	    json_put_int(reply, "now", clock_wall_us()) < 0 ||
	    json_put_bool(reply, "more", subject->more) < 0)
		return err_nomem(err);
	return 0;
}

void explanation_answer(struct daemon *daemon, struct server_call *call)
{
	cleanup_json struct json *reply = json_new_object();
	cleanup_table struct table *nodes = table_create(VERBS_WHY_NODES_MAX,
							 NULL);
	struct subject subject = { .daemon = daemon, .nodes = nodes };
	struct err err = ERR_INIT;

	if (!reply || !nodes) {
		server_call_reply(call, NULL);
		return;
	}
	if (_read_subject(server_call_request(call), &subject, &err) < 0 ||
	    _explain(&subject, reply, &err) < 0)
		server_call_fail(call, &err);
	else
		server_call_reply(call, steal_ptr(&reply));
}
