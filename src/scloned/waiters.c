/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "waiters.h"

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct waiters *waiters;
	struct server_call *call;
	uint32_t job;
	struct table *nodes;	/* those not up yet; values: not NULL */
};

struct waiters {
	struct fleet *fleet;
	struct loop_timer *tell;	/* the engine of intruders */
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

/* The job must not start: slurmctld requeues or ends it when its prolog
 * fails. */
static void _refuse(struct waiter *waiter, const struct record *rec)
{
	struct server_call *call = waiter->call;
	cleanup_json struct json *reply = json_new_object();
	char text[ACTION_TEXT_SIZE];

	failure_reason(CAUSE_SHARED, NULL, text, sizeof(text));
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

static void _ask(struct waiters *waiters, const char *node, uint32_t job)
{
	struct event ev = { .kind = EVENT_PROLOG, .job = job,
			    .asked = clock_wall_us() };

	fleet_event(waiters->fleet, node, &ev);
}

/* A node where the waiter's job intrudes and the engine is not told yet. */
static const char *_intruded(const struct waiter *waiter)
{
	const char *node;
	size_t pos = 0;

	while (table_next(waiter->nodes, &pos, &node)) {
		const struct record *rec =
			fleet_record(waiter->waiters->fleet, node);

		if (record_wait(rec, waiter->job) == WAIT_INTRUDER)
			return node;
	}
	return NULL;
}

/* One at a time: the answer to an event can end any waiter. */
static void _tell(void *arg)
{
	struct waiters *waiters = arg;
	struct waiter *waiter;
	const char *node;

	TAILQ_FOREACH(waiter, &waiters->list, link) {
		node = _intruded(waiter);
		if (!node)
			continue;
		loop_timer_set(waiters->tell, 0);
		_ask(waiters, node, waiter->job);
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
		switch (record_wait(rec, waiter->job)) {
		case WAIT_ON:
			break;
		case WAIT_OVER:
			(void) table_take(waiter->nodes, rec->node);
			if (!table_count(waiter->nodes))
				_finish(waiter);
			break;
		case WAIT_INTRUDER:
			loop_timer_set(waiters->tell, 0);
			break;
		case WAIT_REFUSED:
			_refuse(waiter, rec);
			break;
		}
	}
}

/* Tell the engine of the job, then keep those of its nodes that are ours
 * and to be waited for. NULL: out of memory. */
static struct table *_awaited(struct waiters *waiters,
			      const struct hostlist *nodes, uint32_t job)
{
	cleanup_table struct table *awaited = table_create(HOSTLIST_MAX, NULL);

	for (size_t i = 0; awaited && i < hostlist_count(nodes); i++) {
		const char *node = hostlist_at(nodes, i);
		const struct record *rec;

		_ask(waiters, node, job);
		rec = fleet_record(waiters->fleet, node);
		if (rec && record_wait(rec, job) != WAIT_OVER &&
		    table_set(awaited, node, waiters, NULL) < 0)
			return NULL;
	}
	return steal_ptr(&awaited);
}

static int _parse(const struct json *request, uint32_t *job,
		  struct hostlist **nodes, struct err *err)
{
	const char *text;
	int64_t number;

	if (json_get_int(request, "job", 1, UINT32_MAX, &number, err) < 0 ||
	    json_get_str(request, "nodes", &text, err) < 0)
		return -1;
	*nodes = hostlist_parse(text, HOSTLIST_MAX, err);
	*job = (uint32_t) number;
	return *nodes ? 0 : -1;
}

void waiters_add(struct waiters *waiters, struct server_call *call)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	cleanup_table struct table *awaited = NULL;
	struct err err = ERR_INIT;
	struct waiter *waiter;
	uint32_t job;

	if (_parse(server_call_request(call), &job, &nodes, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	awaited = _awaited(waiters, nodes, job);
	if (awaited && !table_count(awaited)) {
		server_call_reply(call, json_new_object());
		return;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!awaited || !waiter) {
		free(waiter);
		server_call_reply(call, NULL);
		return;
	}
	*waiter = (struct waiter) { .waiters = waiters, .call = call,
				    .job = job,
				    .nodes = steal_ptr(&awaited) };
	TAILQ_INSERT_TAIL(&waiters->list, waiter, link);
	waiters->count++;
	server_call_on_gone(call, _gone, waiter);
	loop_timer_set(waiters->tell, 0);
}

size_t waiters_count(const struct waiters *waiters)
{
	return waiters->count;
}

struct waiters *waiters_create(struct loop *loop, struct fleet *fleet,
			       struct err *err)
{
	struct waiters *waiters = calloc(1, sizeof(*waiters));

	if (!waiters) {
		err_nomem(err);
		return NULL;
	}
	waiters->fleet = fleet;
	TAILQ_INIT(&waiters->list);
	waiters->tell = loop_timer_create(loop, _tell, waiters, err);
	if (!waiters->tell) {
		free(waiters);
		return NULL;
	}
	return waiters;
}
