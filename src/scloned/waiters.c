/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
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
	TAILQ_HEAD(, waiter) list;
	size_t count;
};

struct waiters *waiters_create(struct fleet *fleet)
{
	struct waiters *waiters = calloc(1, sizeof(*waiters));

	if (!waiters)
		return NULL;
	waiters->fleet = fleet;
	TAILQ_INIT(&waiters->list);
	return waiters;
}

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
	free(waiters);
}

static void _answer(struct server_call *call, const char *why)
{
	struct json *reply = json_new_object();

	if (reply && why)
		json_put_str(reply, "why", why);
	server_call_reply(call, reply);
}

static void _finish(struct waiter *waiter, const char *why)
{
	struct server_call *call = waiter->call;

	_remove(waiter);
	_answer(call, why);
}

static void _gone(struct server_call *call, void *arg)
{
	_remove(arg);
	server_call_drop(call);
}

enum wait { WAIT_ON, WAIT_UP, WAIT_LOST };

/* What the record says to a prolog of this job. */
static enum wait _look(const struct record *rec, uint32_t job)
{
	const struct record_request *req = record_request(rec);

	if (rec->phase == PHASE_READY)
		return WAIT_UP;
	if (req && (!req->job || req->job == job))
		return WAIT_ON;
	/* The prolog can be quicker than the resume program. */
	return rec->prolog_job == job ? WAIT_ON : WAIT_LOST;
}

void waiters_stepped(struct waiters *waiters, const struct record *rec)
{
	struct waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&waiters->list); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, link);
		if (!table_get(waiter->nodes, rec->node))
			continue;
		switch (_look(rec, waiter->job)) {
		case WAIT_ON:
			break;
		case WAIT_UP:
			(void) table_take(waiter->nodes, rec->node);
			if (!table_count(waiter->nodes))
				_finish(waiter, NULL);
			break;
		case WAIT_LOST:
			_finish(waiter, rec->node);
			break;
		}
	}
}

/* Tell the engine of the job, then keep those of its nodes that are ours
 * and not up. NULL: out of memory. */
static struct table *_awaited(struct waiters *waiters,
			      const struct hostlist *nodes, uint32_t job)
{
	cleanup_table struct table *awaited = table_create(HOSTLIST_MAX, NULL);

	for (size_t i = 0; awaited && i < hostlist_count(nodes); i++) {
		const char *node = hostlist_at(nodes, i);
		struct event ev = { .kind = EVENT_PROLOG, .job = job,
				    .asked = clock_wall_us() };
		const struct record *rec;

		fleet_event(waiters->fleet, node, &ev);
		rec = fleet_record(waiters->fleet, node);
		if (rec && _look(rec, job) == WAIT_ON &&
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
		_answer(call, NULL);
		return;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!awaited || !waiter) {
		free(waiter);
		_answer(call, "out of memory");
		return;
	}
	*waiter = (struct waiter) { .waiters = waiters, .call = call,
				    .job = job,
				    .nodes = steal_ptr(&awaited) };
	TAILQ_INSERT_TAIL(&waiters->list, waiter, link);
	waiters->count++;
	server_call_on_gone(call, _gone, waiter);
}

size_t waiters_count(const struct waiters *waiters)
{
	return waiters->count;
}
