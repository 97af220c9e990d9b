/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/clone/choose.h"
#include "common/rules/text.h"
#include "waiters.h"

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct waiters *waiters;
	struct server_call *call;
	uint32_t job;
	int64_t since;		/* when the prolog began */
	/* What the job asks for; both live in the call. */
	struct choose_prolog asks;
	char fits[RECORD_TEMPLATE_SIZE];	/* a template that is that */
	struct table *nodes;	/* those not up yet, all of them in the fleet;
				 * values: not NULL */
};

struct waiters {
	struct fleet *fleet;
	const struct config *const *config;
	struct loop_timer *tell;	/* the engine whose prolog waits */
	TAILQ_HEAD(, waiter) list;
	size_t count;
};

static void _remove(struct waiter *waiter)
{
	TAILQ_REMOVE(&waiter->waiters->list, waiter, link);
	waiter->waiters->count--;
	table_destroy(waiter->nodes);
	free(waiter);
}

void waiters_destroy(struct waiters *waiters)
{
	struct waiter *waiter;

	if (!waiters)
		return;
	while ((waiter = TAILQ_FIRST(&waiters->list)) != NULL) {
		server_call_drop(waiter->call);
		_remove(waiter);
	}
	loop_timer_destroy(waiters->tell);
	free(waiters);
}

static void _finish(struct waiter *waiter)
{
	struct server_call *call = waiter->call;

	_remove(waiter);
	server_call_reply(call, json_new_object());
}

/* That node is not waited for any more. */
static void _spare(struct waiter *waiter, const char *node)
{
	(void) table_take(waiter->nodes, node);
	if (!table_count(waiter->nodes))
		_finish(waiter);
}

/* The job must not start: slurmctld requeues or ends it when its prolog
 * fails. */
static void _refuse(struct waiter *waiter, const struct record *rec)
{
	struct server_call *call = waiter->call;
	cleanup_json struct json *reply = json_new_object();
	bool misfit = rec->tell_job == waiter->job;
	char text[ACTION_TEXT_SIZE];

	failure_reason(misfit ? rec->tell_cause : CAUSE_SHARED,
		       misfit ? rec->tell_text : NULL, text, sizeof(text));
	log_error("node %s: job %u cannot be sent away; its prolog fails",
		  rec->node, waiter->job);
	_remove(waiter);
	if (!reply || json_put_str(reply, "refused", text) < 0)
		abort();	/* restarted by systemd; it asks again */
	server_call_reply(call, steal_ptr(&reply));
}

static void _gone(struct server_call *call, void *arg)
{
	_remove(arg);
	server_call_drop(call);
}

/* Not later than now, wherever the clock was set since. */
static int64_t _since(const struct waiter *waiter)
{
	int64_t now = clock_wall_us();

	return waiter->since < now ? waiter->since : now;
}

/* The node was asked for as something else than the job asks for. */
static enum cause _misfit(struct waiter *waiter, const struct record *rec,
			  struct err *why)
{
	const struct record_request *req = record_request(rec);
	enum cause cause;

	if (!req ||
	    (req->job && req->job != waiter->job && !req->shared) ||
	    record_must_leave(rec, waiter->job, _since(waiter)) ||
	    (*waiter->fits && text_same(waiter->fits, req->template_name)))
		return CAUSE_NONE;
	cause = choose_misfit(*waiter->waiters->config, req->template_name,
			      req->shared, &waiter->asks, why);
	if (cause == CAUSE_NONE)
		text_set(waiter->fits, req->template_name);
	return cause;
}

static enum wait _judge(struct waiter *waiter, const struct record *rec)
{
	if (_misfit(waiter, rec, NULL) != CAUSE_NONE)
		return record_has_to_tell(rec) ? WAIT_ON : WAIT_ASK;
	return record_wait(rec, waiter->job, _since(waiter));
}

/* A node of which the engine is still to be told that the waiter's job has
 * it: it is another job's, or of a request without a job. */
static const char *_unasked(struct waiter *waiter)
{
	const char *node;
	size_t pos = 0;

	while (table_next(waiter->nodes, &pos, &node)) {
		const struct record *rec =
			fleet_record(waiter->waiters->fleet, node);

		if (_judge(waiter, rec) == WAIT_ASK)
			return node;
	}
	return NULL;
}

static void _ask(struct waiter *waiter, const char *node)
{
	struct fleet *fleet = waiter->waiters->fleet;
	struct err why = ERR_INIT;
	struct event ev = { .kind = EVENT_PROLOG, .job = waiter->job,
			    .asked = _since(waiter), .text = why.text };
	const struct record *rec = fleet_record(fleet, node);

	ev.cause = rec ? _misfit(waiter, rec, &why) : CAUSE_NONE;
	if (ev.cause != CAUSE_NONE)
		ev.kind = EVENT_MISFIT;
	fleet_event(fleet, node, &ev);
}

/* One at a time: the answer to an event can end any waiter. */
static void _tell(void *arg)
{
	struct waiters *waiters = arg;
	struct waiter *waiter;
	const char *node;

	TAILQ_FOREACH(waiter, &waiters->list, link) {
		node = _unasked(waiter);
		if (!node)
			continue;
		loop_timer_set(waiters->tell, 0);
		_ask(waiter, node);
		return;
	}
}

void waiters_stepped(struct waiters *waiters, const struct record *rec)
{
	struct waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&waiters->list); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, link);
		if (!table_get(waiter->nodes, rec->node))
			continue;
		switch (_judge(waiter, rec)) {
		case WAIT_ON:
			break;
		case WAIT_OVER:
			_spare(waiter, rec->node);
			break;
		case WAIT_ASK:
			loop_timer_set(waiters->tell, 0);
			break;
		case WAIT_REFUSED:
			_refuse(waiter, rec);
			break;
		}
	}
}

void waiters_forgotten(struct waiters *waiters, const char *node)
{
	struct waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&waiters->list); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, link);
		if (table_get(waiter->nodes, node))
			_spare(waiter, node);
	}
}

/* Who has had a node while nobody could be asked comes first. */
static void _claim(const struct waiter *waiter, const struct json *row)
{
	struct fleet *fleet = waiter->waiters->fleet;
	struct event ev = { .kind = EVENT_CLAIM };
	const char *node;
	int64_t job;

	if (json_get_str(row, "node", &node, NULL) < 0 ||
	    json_get_int(row, "job", 1, UINT32_MAX, &job, NULL) < 0 ||
	    json_get_int(row, "since", 1, INT64_MAX, &ev.asked, NULL) < 0)
		return;
	ev.job = (uint32_t) job;
	if (fleet_record(fleet, node))
		fleet_event(fleet, node, &ev);
}

static void _claim_all(const struct waiter *waiter)
{
	const struct json *list =
		json_get(server_call_request(waiter->call), "claims");

	for (size_t i = 0; i < json_count(list); i++)
		_claim(waiter, json_at(list, i));
}

/* Tell the engine of the job, then keep those of its nodes that are ours
 * and to be waited for. -1: out of memory. */
static int _await(struct waiter *waiter, const struct hostlist *nodes)
{
	struct fleet *fleet = waiter->waiters->fleet;

	waiter->nodes = table_create(HOSTLIST_MAX, NULL);
	_claim_all(waiter);
	for (size_t i = 0; waiter->nodes && i < hostlist_count(nodes); i++) {
		const char *node = hostlist_at(nodes, i);
		const struct record *rec;

		_ask(waiter, node);
		rec = fleet_record(fleet, node);
		if (rec && _judge(waiter, rec) != WAIT_OVER &&
		    table_set(waiter->nodes, node, waiter, NULL) < 0)
			return -1;
	}
	return waiter->nodes ? 0 : -1;
}

/* "since" is not believed when it lies ahead. */
static int _parse(const struct json *request, struct waiter *waiter,
		  struct hostlist **nodes, struct err *err)
{
	int64_t job, since, now = clock_wall_us();
	const char *text;

	if (json_get_str_or(request, "features", NULL, &waiter->asks.features,
			    err) < 0 ||
	    json_get_str_or(request, "template", NULL, &waiter->asks.option,
			    err) < 0)
		return -1;
	if (json_get_int(request, "job", 1, UINT32_MAX, &job, err) < 0 ||
	    json_get_int_or(request, "since", 1, INT64_MAX, now, &since,
			    err) < 0 ||
	    json_get_str(request, "nodes", &text, err) < 0)
		return -1;
	*nodes = hostlist_parse(text, HOSTLIST_MAX, err);
	waiter->job = (uint32_t) job;
	waiter->since = since < now ? since : now;
	return *nodes ? 0 : -1;
}

static void _keep(struct waiter *waiter)
{
	struct waiters *waiters = waiter->waiters;

	TAILQ_INSERT_TAIL(&waiters->list, waiter, link);
	waiters->count++;
	server_call_on_gone(waiter->call, _gone, waiter);
	loop_timer_set(waiters->tell, 0);
}

void waiters_add(struct waiters *waiters, struct server_call *call)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err err = ERR_INIT;

	if (!waiter) {
		server_call_reply(call, NULL);
		return;
	}
	waiter->waiters = waiters;
	waiter->call = call;
	if (_parse(server_call_request(call), waiter, &nodes, &err) < 0)
		server_call_fail(call, &err);
	else if (_await(waiter, nodes) < 0)
		server_call_reply(call, NULL);
	else if (!table_count(waiter->nodes))
		server_call_reply(call, json_new_object());
	else
		_keep(steal_ptr(&waiter));
	if (waiter)
		table_destroy(waiter->nodes);
	free(waiter);
}

size_t waiters_count(const struct waiters *waiters)
{
	return waiters->count;
}

struct waiters *waiters_create(struct loop *loop, struct fleet *fleet,
			       const struct config *const *config,
			       struct err *err)
{
	struct waiters *waiters = calloc(1, sizeof(*waiters));

	if (!waiters) {
		err_nomem(err);
		return NULL;
	}
	waiters->fleet = fleet;
	waiters->config = config;
	TAILQ_INIT(&waiters->list);
	waiters->tell = loop_timer_create(loop, _tell, waiters, err);
	if (!waiters->tell) {
		free(waiters);
		return NULL;
	}
	return waiters;
}
