/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session - see session.h. */
#include <stdlib.h>
#include <string.h>

#include "collector.h"
#include "common/base/clock.h"
#include "retrieve.h"
#include "session.h"
#include "stats.h"
#include "user.h"
#include "view.h"
#include "witness.h"
#include "xw.h"

static void _remove_collectors(struct session *session)
{
	struct collector *c;
	struct collector *next;

	for (c = session->lab->collectors; c; c = next) {
		next = c->next;
		if (c->session == session)
			collector_remove(c);
	}
}

void session_end(struct session *session, const char *why)
{
	struct lab *lab = session->lab;

	witness_note(lab->witness, "session_end", "user",
		     session->user->name, "why", why, NULL);
	(void) table_take(lab->sessions, session->key);
	_remove_collectors(session);
	view_remove_of(lab, session);
	while (session->retrievals) {
		struct retrieval *r = session->retrievals;

		session->retrievals = r->after;
		retrieve_free(r);
	}
	if (lab->caller == session)
		lab->caller = NULL;
	free(session->key);
	free(session);
}

void session_end_all(struct lab *lab, const char *why)
{
	struct session *session;
	size_t pos = 0;

	while ((session = table_next(lab->sessions, &pos, NULL)) != NULL)
		session_end(session, why);
}

static bool _waits(const struct session *session)
{
	for (struct collector *c = session->lab->collectors; c; c = c->next) {
		if (c->session == session && c->waiter)
			return true;
	}
	return false;
}

struct session *session_find(struct lab *lab, const char *cookie)
{
	struct session *session = cookie ? table_get(lab->sessions, cookie)
					 : NULL;
	int64_t now = clock_mono_us();

	if (!session)
		return NULL;
	if (now - session->active_us > lab->limits.session_idle_s * 1000000 &&
	    !_waits(session)) {
		session_end(session, "idle");
		return NULL;
	}
	session->active_us = now;
	session->calls++;
	return session;
}

static struct session *_create(struct lab *lab, struct user *user)
{
	struct session *session = lab_alloc(sizeof(*session));
	struct err err = ERR_INIT;
	char uuid[40];

	lab_uuid(lab, uuid);
	session->lab = lab;
	session->key = lab_strdup(uuid);
	session->user = user;
	session->login_us = clock_wall_us();
	session->active_us = clock_mono_us();
	session->collector = collector_create(session, true);
	if (table_set(lab->sessions, session->key, session, &err) < 0)
		abort();
	return session;
}

static void _write_session(struct buf *out, const struct session *session,
			   const char *tag)
{
	if (tag)
		xw_open(out, tag);
	xw_str(out, "key", session->key);
	xw_str(out, "userName", session->user->name);
	xw_str(out, "fullName", session->user->name);
	xw_time(out, "loginTime", session->login_us);
	xw_time(out, "lastActiveTime", clock_wall_us());
	xw_str(out, "locale", "en");
	xw_str(out, "messageLocale", "en");
	xw_bool(out, "extensionSession", false);
	xw_str(out, "ipAddress", "127.0.0.1");
	xw_str(out, "userAgent", "");
	xw_int(out, "callCount", session->calls);
	if (tag)
		xw_close(out, tag);
}

static bool _password_ok(struct lab *lab, struct user *user,
			 const char *password)
{
	int64_t now = clock_mono_us();

	if (!user)
		return false;
	if (user->locked_until > now)
		return false;
	if (password && strcmp(user->password, password) == 0) {
		user->failures = 0;
		return true;
	}
	if (++user->failures >= lab->limits.login_failures) {
		user->locked_until = now + lab->limits.lockout_s * 1000000;
		witness_note(lab->witness, "locked_out", "user", user->name,
			     NULL);
	}
	return false;
}

static int _login(struct call *call)
{
	const char *name = call_arg_text(call, "userName");
	const char *password = call_arg_text(call, "password");
	struct lab *lab = call->lab;
	struct user *user = table_get(lab->users, name);

	/* A session logs in once; a second Login is a wrong one. */
	if (call->session || !_password_ok(lab, user, password)) {
		lab->stats->failed_logins++;
		witness_note(lab->witness, "login_failed", "user", name,
			     NULL);
		return fault_set(&call->fault, "InvalidLogin",
				 "Cannot complete login due to an incorrect "
				 "user name or password.");
	}
	if (table_count(lab->sessions) >= SESSIONS_MAX)
		return fault_set(&call->fault, "SystemError",
				 "too many sessions");
	lab->stats->logins++;
	call->session = _create(lab, user);
	call->cookie = lab_printf(SESSION_COOKIE "=\"%s\"; Path=/; HttpOnly; "
				  "Secure; ", call->session->key);
	witness_note(lab->witness, "login", "user", name, NULL);
	_write_session(&call->out, call->session, "returnval");
	return 0;
}

static int _logout(struct call *call)
{
	session_end(call->session, "logout");
	call->session = NULL;
	return 0;
}

static int _is_active(struct call *call)
{
	const struct session *session =
		table_get(call->lab->sessions,
			  call_arg_text(call, "sessionID"));
	const char *user = call_arg_text(call, "userName");

	if (!user_may(call->lab, call->session->user,
		      &call->lab->root->mob, "Sessions.ValidateSession"))
		return call_need(call, &call->lab->root->mob,
				 "Sessions.ValidateSession");
	xw_bool(&call->out, "returnval",
		session && strcmp(session->user->name, user) == 0);
	return 0;
}

static int _terminate(struct call *call)
{
	struct session *session;

	if (call_need(call, &call->lab->root->mob,
		      "Sessions.TerminateSession") < 0)
		return -1;
	for (const xmlNode *id = call_arg(call, "sessionId"); id;
	     id = xn_again(id)) {
		session = table_get(call->lab->sessions, xn_text(id));
		if (!session || session == call->session)
			return fault_set(&call->fault, "NotFound",
					 "no such session");
		session_end(session, "terminated");
	}
	return 0;
}

static void _emit_current(struct val *val, const struct mob *mob)
{
	if (!mob->lab->caller)
		return;
	val_open(val, "UserSession");
	_write_session(val->out, mob->lab->caller, NULL);
	val_close(val);
}

static void _emit_list(struct val *val, const struct mob *mob)
{
	struct session *session;
	size_t pos = 0;

	while ((session = table_next(mob->lab->sessions, &pos, NULL))) {
		val_open(val, "UserSession");
		_write_session(val->out, session, NULL);
		val_close(val);
	}
}

static void _emit_locale(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "en");
}

static const struct mob_prop _props[] = {
	{ "sessionList", _emit_list, NULL, 0 },
	{ "currentSession", _emit_current, NULL, 0 },
	{ "defaultLocale", _emit_locale, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _methods[] = {
	{ "Login", _login },
	{ "Logout", _logout },
	{ "SessionIsActive", _is_active },
	{ "TerminateSession", _terminate },
	{ NULL, NULL },
};
const struct mob_class session_manager_class = { "SessionManager", _props,
						 _methods, NULL };
