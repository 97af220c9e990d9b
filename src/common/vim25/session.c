/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "login.h"
#include "session.h"

#define SWEEP_MS 250	/* how exactly waiting calls time out */

enum phase {
	PHASE_AWAY,	/* not connected; the next call connects */
	PHASE_ASKING,	/* versions, service content or login under way */
	PHASE_READY,
	PHASE_PAUSED,	/* an attempt failed; the next one is timed */
	PHASE_REJECTED,	/* the password was wrong */
	PHASE_CLOSING,	/* after session_logout() */
};

struct session_call {
	struct session *session;
	struct soap_request request;
	struct soap_call *soap;	/* NULL while waiting */
	soap_done_fn *done;
	void *arg;
	int64_t deadline_us;	/* of the wait for a login */
	unsigned login;		/* sent under which login */
	bool again;		/* has been sent before */
	uint64_t turn;		/* in which order it came to wait */
	TAILQ_ENTRY(session_call) link;
};
TAILQ_HEAD(call_list, session_call);

struct session {
	struct loop *loop;
	struct http *http;
	struct login *login;
	enum phase phase;
	struct err problem;	/* of the last attempt */
	unsigned logins;
	struct call_list parked, sent;
	size_t n_parked;
	uint64_t turn;
	bool tell;	/* end all waiting calls with the problem */
	TAILQ_HEAD(, session_hook) hooks;


	struct loop_timer *timer;	/* back-off, keep-alive */
	struct loop_timer *sweep;	/* waiting calls */
	int64_t last_sent_us;
	void (*closed)(void *arg);
	void *closed_arg;
	unsigned busy;
	bool doomed;
};

static void _attempt(struct session *session, bool all);
static void _wake(struct session *session);
static void _release(struct session *session);

/* --- callbacks may destroy the session --- */

static void _enter(struct session *session)
{
	session->busy++;
}

static void _leave(struct session *session)
{
	if (!--session->busy && session->doomed)
		_release(session);
}

/* --- waiting calls --- */

static void _free_call(struct session_call *call)
{
	soap_request_free(&call->request);
	free(call);
}

static void _park(struct session_call *call)
{
	struct session *session = call->session;

	call->deadline_us = clock_mono_us() +
			    call->request.timeout_ms * CLOCK_US_PER_MS;
	call->turn = ++session->turn;
	TAILQ_INSERT_TAIL(&session->parked, call, link);
	if (!session->n_parked++)
		loop_timer_set(session->sweep, SWEEP_MS * CLOCK_US_PER_MS);
}

static void _unpark(struct session_call *call)
{
	TAILQ_REMOVE(&call->session->parked, call, link);
	call->session->n_parked--;
}

/* End a call that is in no list any more. */
static void _finish(struct session_call *call, const struct soap_reply *reply)
{
	call->done(reply, call->arg);
	_free_call(call);
}

static void _fail(struct session_call *call, const struct err *err)
{
	struct soap_reply reply = { .err = err };

	_finish(call, &reply);
}

/* The first waiting call that came by this turn and whose time is up. */
static struct session_call *_find_parked(struct session *session,
					 uint64_t turn, int64_t now)
{
	struct session_call *call;

	TAILQ_FOREACH(call, &session->parked, link) {
		if (call->turn > turn)
			return NULL;
		if (call->deadline_us <= now)
			return call;
	}
	return NULL;
}

/* End the calls that wait now and whose time is up. Their callbacks may make
 * or cancel others, so each time the list is looked at afresh. */
static void _fail_parked(struct session *session, int64_t now,
			 const struct err *err)
{
	struct session_call *call;
	uint64_t turn = session->turn;

	_enter(session);
	while (!session->doomed) {
		call = _find_parked(session, turn, now);
		if (!call)
			break;
		_unpark(call);
		_fail(call, err);
	}
	_leave(session);
}

/* Soon, from the loop: a call never ends before session_call() returns. */
static void _tell_parked(struct session *session)
{
	session->tell = true;
	loop_timer_set(session->sweep, 0);
}

static void _on_sweep(void *arg)
{
	struct session *session = arg;
	struct err err = session->problem;
	int64_t now = session->tell ? INT64_MAX : clock_mono_us();

	if (session->n_parked)
		loop_timer_set(session->sweep, SWEEP_MS * CLOCK_US_PER_MS);
	if (!session->tell) {
		if (err.code == ERR_NONE)
			err_set(&err, ERR_TRANSIENT, "no answer yet");
		err_wrap(&err, "not logged in at vCenter");
		err.code = ERR_TRANSIENT;
	}
	session->tell = false;
	_fail_parked(session, now, &err);
}

/* --- calls that are under way --- */

static bool _is_unauthenticated(const struct session_call *call,
				const struct soap_reply *reply)
{
	if (reply->fault)
		return !strcmp(reply->fault->type, "NotAuthenticated");
	return reply->response && call->request.is_unauthenticated &&
	       call->request.is_unauthenticated(reply->response);
}

static void _on_reply(const struct soap_reply *reply, void *arg);

static int _submit(struct session_call *call, struct err *err)
{
	struct session *session = call->session;

	call->login = session->logins;
	call->soap = soap_send(session->http, &call->request, _on_reply, call,
			       err);
	if (!call->soap)
		return -1;
	session->last_sent_us = clock_mono_us();
	TAILQ_INSERT_TAIL(&session->sent, call, link);
	return 0;
}

/* From the loop, for a call that has waited. */
static void _send(struct session_call *call)
{
	struct err err = ERR_INIT;

	if (_submit(call, &err))
		_fail(call, &err);
}

/* The session this call was sent under is gone; the call was not executed. */
static void _send_again(struct session_call *call)
{
	struct session *session = call->session;

	call->again = true;
	_park(call);
	if (session->phase != PHASE_READY) {
		_wake(session);
	} else if (call->login == session->logins) {
		_attempt(session, false);
	} else {
		_unpark(call);
		_send(call);
	}
}

static void _on_reply(const struct soap_reply *reply, void *arg)
{
	struct session_call *call = arg;
	struct session *session = call->session;
	struct err err = ERR_INIT;

	call->soap = NULL;
	TAILQ_REMOVE(&session->sent, call, link);
	_enter(session);
	if (!_is_unauthenticated(call, reply)) {
		_finish(call, reply);
	} else if (!call->again && session->phase != PHASE_CLOSING) {
		_send_again(call);
	} else {
		err_set(&err, ERR_AUTH, "%s: not logged in, also after "
			"another login", call->request.method);
		_fail(call, &err);
	}
	_leave(session);
}

/* A login: tell the hooks, send what waits. */
static void _open(struct session *session)
{
	struct session_hook *hook, *next;
	struct session_call *call;
	uint64_t turn = session->turn;

	_enter(session);
	for (hook = TAILQ_FIRST(&session->hooks); hook && !session->doomed;
	     hook = next) {
		next = TAILQ_NEXT(hook, link);
		hook->cb(hook->arg);
	}
	while (!session->doomed && session->phase == PHASE_READY) {
		call = TAILQ_FIRST(&session->parked);
		if (!call || call->turn > turn)
			break;
		_unpark(call);
		_send(call);
	}
	_leave(session);
}

/* --- how an attempt ends --- */

/* Pause before the next attempt. What only a human can change is told to
 * those who wait; else they wait on. */
static void _pause(struct session *session, const struct err *err)
{
	session->problem = *err;
	session->phase = PHASE_PAUSED;
	loop_timer_set(session->timer, login_pause_us(session->login));
	if (err->code != ERR_TRANSIENT && err->code != ERR_UNKNOWN)
		_tell_parked(session);
}

static void _reject(struct session *session, const struct err *err)
{
	session->problem = *err;
	session->phase = PHASE_REJECTED;
	_tell_parked(session);
}

static void _accept(struct session *session)
{
	session->problem = (struct err) ERR_INIT;
	session->phase = PHASE_READY;
	session->logins++;
	session->last_sent_us = clock_mono_us();
	loop_timer_set(session->timer, SESSION_KEEPALIVE_MS * CLOCK_US_PER_MS);
	_open(session);
}

static void _on_attempt(const struct err *err, bool rejected, void *arg)
{
	struct session *session = arg;

	if (!err)
		_accept(session);
	else if (rejected)
		_reject(session, err);
	else
		_pause(session, err);
}

static void _attempt(struct session *session, bool all)
{
	session->phase = PHASE_ASKING;
	login_start(session->login, all);
}

/* A call has come to wait: see to it that it does not wait in vain. */
static void _wake(struct session *session)
{
	if (session->phase == PHASE_REJECTED &&
	    login_may_retry(session->login))
		session->phase = PHASE_AWAY;
	if (session->phase == PHASE_AWAY)
		_attempt(session, true);
	else if (session->phase == PHASE_REJECTED)
		_tell_parked(session);
}

/* --- time --- */

static void _on_alive(const struct soap_reply *reply, void *arg)
{
	(void) reply;
	(void) arg;
}

static void _keep_alive(struct session *session)
{
	static const struct moref self = { "ServiceInstance",
					   "ServiceInstance" };
	struct soap_request request;

	loop_timer_set(session->timer, SESSION_KEEPALIVE_MS * CLOCK_US_PER_MS);
	if (clock_mono_us() - session->last_sent_us <
	    SESSION_KEEPALIVE_MS * CLOCK_US_PER_MS)
		return;
	soap_begin(&request, SOAP_READ, "CurrentTime", &self, NULL);
	if (!soap_end(&request, NULL))
		(void) session_call(session, &request, _on_alive, NULL, NULL);
	else
		soap_request_free(&request);
}

static void _closed(struct session *session)
{
	void (*closed)(void *arg) = session->closed;

	session->closed = NULL;
	if (closed)
		closed(session->closed_arg);
}

static void _on_timer(void *arg)
{
	struct session *session = arg;

	switch (session->phase) {
	case PHASE_PAUSED:
		session->phase = PHASE_AWAY;
		if (session->n_parked)
			_attempt(session, true);
		break;
	case PHASE_READY:
		_keep_alive(session);
		break;
	case PHASE_CLOSING:
		_closed(session);
		break;
	default:
		break;
	}
}

/* --- calls --- */

static int _admit(struct session *session, struct err *err)
{
	if (session->phase == PHASE_CLOSING)
		return err_set(err, ERR_REFUSED, "logging out of vCenter");
	if (session->n_parked >= SESSION_PARKED_MAX)
		return err_set(err, ERR_BUSY, "%d calls wait for vCenter "
			       "already", SESSION_PARKED_MAX);
	return 0;
}

static struct session_call *_make(struct session *session,
				  const struct soap_request *request,
				  soap_done_fn *done, void *arg,
				  struct err *err)
{
	struct session_call *call;

	if (_admit(session, err))
		return NULL;
	call = calloc(1, sizeof(*call));
	if (!call) {
		err_nomem(err);
		return NULL;
	}
	call->session = session;
	call->request = *request;
	call->done = done;
	call->arg = arg;
	return call;
}

struct session_call *session_call(struct session *session,
				  struct soap_request *request,
				  soap_done_fn *done, void *arg,
				  struct err *err)
{
	struct session_call *call = _make(session, request, done, arg, err);

	if (!call) {
		soap_request_free(request);
		return NULL;
	}
	buf_init(&request->text, 0);
	if (session->phase != PHASE_READY) {
		_park(call);
		_wake(session);
	} else if (_submit(call, err)) {
		_free_call(call);
		return NULL;
	}
	return call;
}

void session_cancel(struct session_call *call)
{
	if (!call)
		return;
	if (call->soap) {
		soap_cancel(call->soap);
		TAILQ_REMOVE(&call->session->sent, call, link);
	} else {
		_unpark(call);
	}
	_free_call(call);
}

/* --- the end --- */

static void _on_left(void *arg)
{
	_closed(arg);
}

void session_logout(struct session *session, void (*done)(void *arg),
		    void *arg)
{
	bool was_ready = session->phase == PHASE_READY;
	int64_t limit_us = LOGIN_LEAVE_MS * CLOCK_US_PER_MS;

	session->phase = PHASE_CLOSING;
	session->closed = done;
	session->closed_arg = arg;
	login_stop(session->login);
	if (!was_ready || login_leave(session->login, _on_left, session))
		limit_us = 0;
	/* All connections may wait for replies that do not come. */
	loop_timer_set(session->timer, limit_us);
	err_set(&session->problem, ERR_TRANSIENT, "logging out of vCenter");
	_tell_parked(session);
}

static void _drop_calls(struct call_list *list)
{
	struct session_call *call;

	while (!TAILQ_EMPTY(list)) {
		call = TAILQ_FIRST(list);
		TAILQ_REMOVE(list, call, link);
		soap_cancel(call->soap);
		_free_call(call);
	}
}

static void _release(struct session *session)
{
	login_destroy(session->login);
	_drop_calls(&session->parked);
	_drop_calls(&session->sent);
	http_destroy(session->http);
	loop_timer_destroy(session->timer);
	loop_timer_destroy(session->sweep);
	free(session);
}

void session_destroy(struct session *session)
{
	if (!session)
		return;
	session->doomed = true;
	if (!session->busy)
		_release(session);
}

/* --- the beginning --- */

static int _configure(struct session *session,
		      const struct session_config *config, struct err *err)
{
	struct login_config login = {
		.url = config->http.url,
		.user = config->user,
		.password_file = config->password_file,
		.password_owner = config->password_owner,
	};

	session->http = http_create(session->loop, &config->http, err);
	if (!session->http)
		return -1;
	session->login = login_create(session->http, &login, _on_attempt,
				      session);
	return session->login ? 0 : err_nomem(err);
}

struct session *session_create(struct loop *loop,
			       const struct session_config *config,
			       struct err *err)
{
	cleanup_session struct session *session = calloc(1, sizeof(*session));

	if (!session) {
		err_nomem(err);
		return NULL;
	}
	session->loop = loop;
	TAILQ_INIT(&session->parked);
	TAILQ_INIT(&session->sent);
	TAILQ_INIT(&session->hooks);
	session->timer = loop_timer_create(loop, _on_timer, session, err);
	if (!session->timer)
		return NULL;
	session->sweep = loop_timer_create(loop, _on_sweep, session, err);
	if (!session->sweep || _configure(session, config, err))
		return NULL;
	return steal_ptr(&session);
}

/* --- what it knows --- */

const struct service *session_service(const struct session *session)
{
	return login_service(session->login);
}

const char *session_key(const struct session *session)
{
	return login_key(session->login);
}

bool session_is_ready(const struct session *session)
{
	return session->phase == PHASE_READY;
}

const struct err *session_problem(const struct session *session)
{
	return session->problem.code == ERR_NONE ? NULL : &session->problem;
}

unsigned session_logins(const struct session *session)
{
	return session->logins;
}

uint64_t session_requests(const struct session *session)
{
	return http_count(session->http);
}

struct loop *session_loop(struct session *session)
{
	return session->loop;
}

void session_hook_add(struct session *session, struct session_hook *hook)
{
	TAILQ_INSERT_TAIL(&session->hooks, hook, link);
}

void session_hook_remove(struct session *session, struct session_hook *hook)
{
	TAILQ_REMOVE(&session->hooks, hook, link);
}
