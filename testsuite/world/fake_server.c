/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ipc/server.h"
#include "agenda.h"
#include "dice.h"
#include "front.h"
#include "plan.h"
#include "process.h"
#include "fake_server.h"
#include "slurm.h"
#include "story.h"

/* As in sclone-prolog. */
#define AGAIN (250 * MS)	/* between two calls */
#define PATIENCE (60 * S)	/* with a scloned that does not answer */
#define LASTED (5 * S)		/* a call that was no failed start */

#define HASTY_CALLS 10	/* with so many scloned was not away */

struct server {
	struct server_options options;
};

/* A prolog that waits; the nodes tell it from the job's next one. */
struct prolog {
	uint32_t job;		/* 0: none */
	unsigned run, nodes;
	int64_t since;		/* when it began, wall */
	int64_t called, lost;	/* its last call; no answer since; mono */
	unsigned calls;
};

struct server_call {
	char verb[16];
	struct json *request;
	struct prolog prolog;	/* who waits */
	void (*gone)(struct server_call *call, void *arg);
	void *gone_arg;
	struct server_call *next, **back;
};

/* What sclone-prolog leaves in the spool, see ipc/claim. */
struct claim {
	uint32_t job;		/* 0: none */
	unsigned run;
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

void server_begin(void)
{
	memset(claims, 0, sizeof(claims));
}

void server_drop_claim(int node, int64_t until)
{
	if (claims[node].since <= until || claims[node].since > agenda_wall())
		claims[node].job = 0;
}

/* Nodes for many jobs are not claimed. */
static void _claim(const struct prolog *prolog)
{
	for (int i = 0; i < SLURM_NODES && !plan_is_shared(); i++)
		if (prolog->nodes & 1u << i)
			claims[i] = (struct claim) {
				prolog->job, prolog->run, agenda_wall() };
}

static bool _is_others(int i, const struct prolog *prolog)
{
	return prolog->nodes & 1u << i && claims[i].job &&
	       (claims[i].job != prolog->job || claims[i].run != prolog->run);
}

static void _tell_claims(const struct prolog *prolog, struct json *request)
{
	struct json *list = json_new_array();

	for (int i = 0; i < SLURM_NODES; i++) {
		struct json *row;

		if (!_is_others(i, prolog))
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
	slurm_prolog_done(job);
}

/* scloned has been away for too long: the job goes on without its word, but
 * not onto a VM that another one was let onto. */
static void _lose_patience(const struct prolog *prolog, struct slurm_job *job)
{
	story("prolog", "of job %u waits no longer", job->id);
	job->hasty = prolog->calls > HASTY_CALLS;
	for (int i = 0; i < SLURM_NODES; i++) {
		if (!_is_others(i, prolog))
			continue;
		slurm_prolog_failed(job);
		return;
	}
	_prolog_done(prolog);
}

static void _connect(void *data);

static void _go_without(struct prolog *prolog, struct slurm_job *job)
{
	if (agenda_now() - prolog->lost >= PATIENCE)
		_lose_patience(prolog, job);
	else
		agenda_after(AGAIN, _connect, prolog, sizeof(*prolog));
}

static void _connect(void *data)
{
	struct prolog *prolog = data;
	struct slurm_job *job = slurm_job(prolog->job);
	struct server_call *call;
	char nodes[64] = "";

	if (!job || job->state != JOB_CONFIGURING ||
	    job->nodes != prolog->nodes)
		return;		/* the job has ended, and so has this */
	if (!_listens()) {
		_go_without(prolog, job);
		return;
	}
	for (int i = 0; i < SLURM_NODES; i++)
		if (job->nodes & 1u << i)
			snprintf(nodes + strlen(nodes),
				 sizeof(nodes) - strlen(nodes), "%s%s",
				 *nodes ? "," : "", slurm_node_name(i));
	call = _call("wait");
	prolog->called = agenda_now();
	prolog->calls++;
	call->prolog = *prolog;
	json_put_int(call->request, "job", prolog->job);
	json_put_int(call->request, "since", prolog->since);
	json_put_str(call->request, "nodes", nodes);
	_tell_claims(prolog, call->request);
	self->options.handle(call, self->options.arg);
}

void front_prolog(uint32_t id)
{
	const struct slurm_job *job = slurm_job(id);
	struct prolog prolog = { .job = id, .run = job ? job->run : 0,
				 .nodes = job ? job->nodes : 0,
				 .since = agenda_wall(),
				 .lost = agenda_now() };

	agenda_after(dice_us(MS, 50 * MS), _connect, &prolog, sizeof(prolog));
}

static struct server_call *_call_of(const struct prolog *prolog)
{
	struct server_call *call = calls;

	while (call && (!call->gone || call->prolog.job != prolog->job ||
			call->prolog.nodes != prolog->nodes))
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
	struct prolog prolog = { .job = job, .nodes = nodes };

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

static void _call_again(struct prolog *prolog)
{
	if (agenda_now() - prolog->called > LASTED)
		prolog->lost = agenda_now();
	agenda_after(AGAIN, _connect, prolog, sizeof(*prolog));
}

static void _answered(const struct prolog *prolog, bool refused)
{
	struct slurm_job *job = slurm_job(prolog->job);

	if (!refused)
		_prolog_done(prolog);
	else if (job && job->state == JOB_CONFIGURING &&
		 job->nodes == prolog->nodes)
		slurm_prolog_failed(job);
}

static void _end(struct server_call *call, bool answered, bool refused)
{
	struct prolog prolog = call->prolog;

	*call->back = call->next;
	if (call->next)
		call->next->back = call->back;
	json_destroy(call->request);
	free(call);
	if (!prolog.job)
		return;
	if (answered && process_lives())
		_answered(&prolog, refused);
	else
		_call_again(&prolog);
}

void server_call_reply(struct server_call *call, struct json *reply)
{
	bool refused = json_get(reply, "refused") != NULL;

	json_destroy(reply);
	_end(call, true, refused);
}

void server_call_fail(struct server_call *call, const struct err *failure)
{
	(void) failure;
	_end(call, false, false);
}

void server_call_drop(struct server_call *call)
{
	_end(call, false, false);
}
