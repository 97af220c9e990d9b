/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ipc/server.h"
#include "agenda.h"
#include "dice.h"
#include "front.h"
#include "process.h"
#include "fake_server.h"
#include "slurm.h"

#define AGAIN (250 * MS)	/* sclone-prolog's pause between two calls */

struct server {
	struct server_options options;
};

struct server_call {
	char verb[16];
	struct json *request;
	uint32_t prolog;	/* the job that waits, or 0 */
	unsigned nodes;		/* of that job */
	int64_t since;		/* when its prolog began, wall */
	void (*gone)(struct server_call *call, void *arg);
	void *gone_arg;
	struct server_call *next, **back;
};

/* What sclone-prolog leaves in the spool, see ipc/claim. */
struct claim {
	uint32_t job;		/* 0: none */
	int64_t since;
};

static struct server *self;
static struct server_call *calls;
static struct claim claims[SLURM_NODES];

/* --- who connects ------------------------------------------------------- */

static struct server_call *_call(const char *verb)
{
	struct server_call *call = calloc(1, sizeof(*call));

	if (!call)
		abort();
	snprintf(call->verb, sizeof(call->verb), "%s", verb);
	call->request = json_new_object();
	call->next = calls;
	call->back = &calls;
	if (calls)
		calls->back = &call->next;
	calls = call;
	return call;
}

static bool _listens(void)
{
	return self && process_passes(BARRIER_BEFORE_EVENT);
}

void server_order(const char *verb, const char *nodes)
{
	struct server_call *call;

	if (!_listens())
		return;
	call = _call(verb);
	if (nodes)
		json_put_str(call->request, "nodes", nodes);
	self->options.handle(call, self->options.arg);
}

/* A prolog that waits; the nodes tell it from the job's next one. */
struct prolog {
	uint32_t job;
	unsigned nodes;
	int64_t since;
};

void server_begin(void)
{
	memset(claims, 0, sizeof(claims));
}

void server_drop_claim(int node)
{
	claims[node].job = 0;
}

static void _claim(const struct prolog *prolog)
{
	for (int i = 0; i < SLURM_NODES; i++)
		if (prolog->nodes & 1u << i)
			claims[i] = (struct claim) { prolog->job,
						     agenda_wall() };
}

static void _tell_claims(const struct prolog *prolog, struct json *request)
{
	struct json *list = json_new_array();

	for (int i = 0; i < SLURM_NODES; i++) {
		struct json *row;

		if (!(prolog->nodes & 1u << i) || !claims[i].job ||
		    claims[i].job == prolog->job)
			continue;
		row = json_new_object();
		json_put_str(row, "node", slurm_node_name(i));
		json_put_int(row, "job", claims[i].job);
		json_put_int(row, "since", claims[i].since);
		json_append(list, row);
	}
	json_put(request, "claims", list);
}

static void _prolog_done(const struct prolog *prolog)
{
	struct slurm_job *job = slurm_job(prolog->job);

	if (!job || job->state != JOB_CONFIGURING)
		return;
	_claim(prolog);
	job->prolog_done = true;
	slurm_try_start(job);
}

static void _connect(void *data)
{
	struct prolog *prolog = data;
	const struct slurm_job *job = slurm_job(prolog->job);
	struct server_call *call;
	char nodes[64] = "";

	if (!job || job->state != JOB_CONFIGURING ||
	    job->nodes != prolog->nodes)
		return;		/* the job has ended, and so has this */
	if (!_listens()) {
		agenda_after(AGAIN, _connect, prolog, sizeof(*prolog));
		return;
	}
	for (int i = 0; i < SLURM_NODES; i++)
		if (job->nodes & 1u << i)
			snprintf(nodes + strlen(nodes),
				 sizeof(nodes) - strlen(nodes), "%s%s",
				 *nodes ? "," : "", slurm_node_name(i));
	call = _call("wait");
	call->prolog = prolog->job;
	call->nodes = prolog->nodes;
	call->since = prolog->since;
	json_put_int(call->request, "job", prolog->job);
	json_put_int(call->request, "since", prolog->since);
	json_put_str(call->request, "nodes", nodes);
	_tell_claims(prolog, call->request);
	self->options.handle(call, self->options.arg);
}

void front_prolog(uint32_t id)
{
	const struct slurm_job *job = slurm_job(id);
	struct prolog prolog = { id, job ? job->nodes : 0, agenda_wall() };

	agenda_after(dice_us(MS, 50 * MS), _connect, &prolog, sizeof(prolog));
}

static struct server_call *_call_of(const struct prolog *prolog)
{
	struct server_call *call = calls;

	while (call && (!call->gone || call->prolog != prolog->job ||
			call->nodes != prolog->nodes))
		call = call->next;
	return call;
}

static void _hang_up(void *data)
{
	struct server_call *call;

	while (process_lives() && (call = _call_of(data)) != NULL)
		call->gone(call, call->gone_arg);
}

void server_hang_up(uint32_t job, unsigned nodes)
{
	struct prolog prolog = { job, nodes, 0 };

	agenda_after(dice_us(MS, 50 * MS), _hang_up, &prolog, sizeof(prolog));
}

void front_order(const char *verb, int node)
{
	server_order(verb, node < 0 ? NULL : slurm_node_name(node));
}

/* --- ipc/server.h ------------------------------------------------------- */

struct server *server_create(struct loop *loop,
			     const struct server_options *options,
			     struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));

	(void) loop;
	if (!server) {
		err_nomem(err);
		return NULL;
	}
	server->options = *options;
	self = server;
	return server;
}

void server_destroy(struct server *server)
{
	free(server);
	self = NULL;
}

const char *server_call_verb(const struct server_call *call)
{
	return call->verb;
}

const struct json *server_call_request(const struct server_call *call)
{
	return call->request;
}

const struct server_peer *server_call_peer(const struct server_call *call)
{
	static const struct server_peer root = { .trusted = true };

	(void) call;
	return &root;
}

void server_call_on_gone(struct server_call *call,
			 void (*cb)(struct server_call *call, void *arg),
			 void *arg)
{
	call->gone = cb;
	call->gone_arg = arg;
}

static void _end(struct server_call *call, bool answered)
{
	struct prolog prolog = { call->prolog, call->nodes, call->since };

	*call->back = call->next;
	if (call->next)
		call->next->back = call->back;
	json_destroy(call->request);
	free(call);
	if (!prolog.job)
		return;
	if (answered && process_lives())
		_prolog_done(&prolog);
	else
		agenda_after(AGAIN, _connect, &prolog, sizeof(prolog));
}

void server_call_reply(struct server_call *call, struct json *reply)
{
	json_destroy(reply);
	_end(call, true);
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	(void) failure;
	_end(call, false);
}

void server_call_drop(struct server_call *call)
{
	_end(call, false);
}
