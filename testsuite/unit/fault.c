/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of slurmctld's answers are for ever, and which are none. */
#include <errno.h>
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/slurm/fault.h"
#include "common/slurm/job.h"
#include "common/slurm/node.h"
#include "tap.h"

static const struct {
	int number;
	enum err_code code;
	enum err_code acting;
} _cases[] = {
	{ -1, ERR_REFUSED, ERR_REFUSED },	/* slurm.ERROR in Lua */
	{ ESLURM_INVALID_ACCOUNT, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_JOB_FINISHED, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_DISABLED, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_INVALID_NODE_STATE, ERR_REFUSED, ERR_REFUSED },
	{ 2999, ERR_REFUSED, ERR_REFUSED },
	{ ESLURM_INVALID_JOB_ID, ERR_NOTFOUND, ERR_NOTFOUND },
	{ ESLURM_ACCESS_DENIED, ERR_AUTH, ERR_AUTH },
	{ SLURM_PROTOCOL_AUTHENTICATION_ERROR, ERR_AUTH, ERR_AUTH },
	{ SLURM_PROTOCOL_VERSION_ERROR, ERR_CONFIG, ERR_CONFIG },
	{ 0, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ENOENT, ERR_TRANSIENT, ERR_TRANSIENT },	/* left behind */
	{ EINVAL, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ENOTTY, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ECONNREFUSED, ERR_TRANSIENT, ERR_TRANSIENT },
	{ SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR, ERR_TRANSIENT,
	  ERR_TRANSIENT },
	{ 1804, ERR_TRANSIENT, ERR_TRANSIENT },	/* its rate limit, 23.02 on */
	{ ESLURM_IN_STANDBY_MODE, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_TRANSITION_STATE_NO_UPDATE, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_JOB_PENDING, ERR_TRANSIENT, ERR_TRANSIENT },
	{ ESLURM_DB_CONNECTION, ERR_TRANSIENT, ERR_TRANSIENT },
	{ SLURMCTLD_COMMUNICATIONS_RECEIVE_ERROR, ERR_TRANSIENT, ERR_UNKNOWN },
	{ SLURM_PROTOCOL_SOCKET_IMPL_TIMEOUT, ERR_TRANSIENT, ERR_UNKNOWN },
	{ ECONNRESET, ERR_TRANSIENT, ERR_UNKNOWN },
};

/* libslurm's calls, in its place. */
static struct {
	int number;	/* what fails says; 0: nothing */
	bool goes;	/* slurmctld is there until something is changed */
	bool away;
} _ctl;

static int _fail(void)
{
	if (_ctl.number)
		errno = _ctl.number;
	return SLURM_ERROR;
}

int slurm_load_job(job_info_msg_t **message, uint32_t id, uint16_t flags)
{
	(void) flags;
	if (_ctl.away)
		return _fail();
	*message = calloc(1, sizeof(**message));
	if (!*message)
		bail_out("no memory");
	(*message)->job_array = calloc(1, sizeof(slurm_job_info_t));
	if (!(*message)->job_array)
		bail_out("no memory");
	(*message)->record_count = 1;
	(*message)->job_array[0].job_id = id;
	(*message)->job_array[0].array_task_id = NO_VAL;
	(*message)->job_array[0].nodes = (char *) (uintptr_t) "vm1";
	return 0;
}

void slurm_free_job_info_msg(job_info_msg_t *message)
{
	free(message->job_array);
	free(message);
}

int slurm_load_jobs(time_t since, job_info_msg_t **message, uint16_t flags)
{
	(void) since;
	(void) message;
	(void) flags;
	return _fail();
}

int slurm_update_job(job_desc_msg_t *desc)
{
	(void) desc;
	_ctl.away = _ctl.goes;
	return _fail();
}

int slurm_notify_job(uint32_t id, char *text)
{
	(void) id;
	(void) text;
	return _fail();
}

int slurm_requeue(uint32_t id, uint32_t flags)
{
	(void) id;
	(void) flags;
	return _fail();
}

int slurm_kill_job2(const char *id, uint16_t number, uint16_t flags,
		    const char *sibling)
{
	(void) id;
	(void) number;
	(void) flags;
	(void) sibling;
	return _fail();
}

int slurm_update_node(update_node_msg_t *update)
{
	(void) update;
	return _fail();
}

static int _comment(struct err *err)
{
	return job_append_comment(7, "sclone: no", err);
}

static int _notify(struct err *err)
{
	return job_notify(7, "sclone: no", err);
}

static int _requeue(struct err *err)
{
	return job_requeue(7, "vm1", err);
}

static int _kill(struct err *err)
{
	return job_kill(7, "vm1", err);
}

static int _update(struct err *err)
{
	return node_update("vm1", NODE_ACT_DRAIN, "no", err);
}

static int _next(struct err *err)
{
	struct job_turn turn = { 0 };

	return job_of_node("vm1", turn, &turn, err);
}

/* What a call before has left in errno says nothing of this one. */
static void _not_said(void)
{
	static const struct {
		const char *what;
		int (*run)(struct err *err);
	} calls[] = {
		{ "comment", _comment }, { "notify", _notify },
		{ "requeue", _requeue }, { "kill", _kill },
		{ "update", _update },	 { "next job", _next },
	};
	static const int old[] = { 0, ENOENT, ESLURM_JOB_FINISHED,
				   ESLURM_INVALID_JOB_ID };

	_ctl.number = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		for (size_t j = 0; j < sizeof(old) / sizeof(*old); j++) {
			struct err err = ERR_INIT;

			errno = old[j];
			is_int(calls[i].run(&err), -1, calls[i].what);
			is_str(err_name(err.code), "TRANSIENT",
			       "nothing is said of it: later");
		}
	}
}

/* Of a plain number only the comment's may be a plugin's. */
static void _plain(void)
{
	static const int numbers[] = { EPERM, ENOENT, EAGAIN };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		_ctl.number = numbers[i];
		_comment(&err);
		is_str(err_name(err.code), "REFUSED",
		       "\"return 1\" of a plugin's, and slurmctld is there");
		_requeue(&err);
		is_str(err_name(err.code), "TRANSIENT", "no plugin's");
		_ctl.goes = true;
		_comment(&err);
		is_str(err_name(err.code), "TRANSIENT", "slurmctld is away");
		_ctl.goes = _ctl.away = false;
	}
	_ctl.number = ETIMEDOUT;
	_comment(&err);
	is_str(err_name(err.code), "UNKNOWN", "it may have arrived");
}

int main(void)
{
	char what[64];

	for (size_t i = 0; i < sizeof(_cases) / sizeof(*_cases); i++) {
		struct err ask = ERR_INIT, act = ERR_INIT;

		fault_set(&ask, _cases[i].number, false, "ask");
		fault_set(&act, _cases[i].number, true, "act");
		snprintf(what, sizeof(what), "%d when asking",
			 _cases[i].number);
		is_str(err_name(ask.code), err_name(_cases[i].code), what);
		snprintf(what, sizeof(what), "%d when acting",
			 _cases[i].number);
		is_str(err_name(act.code), err_name(_cases[i].acting), what);
	}
	_not_said();
	_plain();
	return done_testing();
}
