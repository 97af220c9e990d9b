/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session: one login for everybody, one try for a wrong password, one
 * more login when the server has forgotten us.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "await.h"
#include "tap.h"
#include "vc.h"

#define LONG 20000	/* ms; a limit, never waited for */

static void _test_single_flight(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	for (int i = 0; i < 100; i++)
		vc_call(session, SOAP_CHANGE, LONG, &ends);
	await(vc.loop, &ends.count, 100);
	is_int(ends.failed, 0, "100 calls at once");
	is_int(vc.logins, 1, "share one login");
	is_int(vc.calls, 100, "and are executed once each");
	is_int((int64_t) session_requests(session), 103,
	       "three requests to get in");
	is_str(session_key(session), "key-1", "the session's key is known");
	is_str(session_service(session)->property_collector.id, "pc",
	       "names come from the service content");
	session_destroy(session);
	vc_stop(&vc);
}

static void _test_rejected(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	vc_set_password(&vc, "wrong");
	session = vc_session(&vc);
	for (int i = 0; i < 50; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 50);
	for (int i = 0; i < 50; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 100);
	is_int(ends.failed, 100, "a wrong password fails all calls");
	is_str(err_name(ends.err.code), "AUTH", "with AUTH");
	has_str(ends.err.text, vc.password_file, "that names the file");
	ok(!strstr(ends.err.text, "wrong"), "and not the password");
	is_int(vc.logins, 1, "and is sent exactly once");
	ok(session_problem(session), "the problem can be asked for");
	vc_set_password(&vc, "good");
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 101);
	is_int(ends.failed, 100, "a changed file is tried");
	is_int(vc.logins, 2, "once");
	ok(!session_problem(session), "no problem left");
	session_destroy(session);
	vc_stop(&vc);
}

static int64_t _later(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return *(int64_t *) arg + now.tv_sec * CLOCK_US_PER_S +
	       now.tv_nsec / 1000;
}

static void _test_rejected_for_long(void)
{
	int64_t ahead = 0;
	struct clock_source source = { .wall_us = _later, .mono_us = _later,
				       .arg = &ahead };
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	vc_set_password(&vc, "wrong");
	session = vc_session(&vc);
	clock_set_source(&source);
	for (unsigned i = 0; i < 3; i++) {
		vc_call(session, SOAP_READ, LONG, &ends);
		await(vc.loop, &ends.count, i + 1);
		ahead += 7 * 60 * CLOCK_US_PER_S;
	}
	is_int(vc.logins, 1, "not tried again for 14 minutes");
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 4);
	is_int(vc.logins, 2, "tried again after 15");
	clock_set_source(NULL);
	session_destroy(session);
	vc_stop(&vc);
}

static void _test_expired(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 1);
	vc.session += 100;
	for (int i = 0; i < 30; i++)
		vc_call(session, SOAP_CHANGE, LONG, &ends);
	await(vc.loop, &ends.count, 31);
	is_int(ends.failed, 0, "an expired session is not noticed outside");
	is_int(vc.logins, 2, "30 calls log in again once");
	is_int(vc.calls, 31, "and are executed once each");
	session_destroy(session);
	vc_stop(&vc);
}

static void _test_expired_before_many(void)
{
	struct vc vc = { .connections = 1 };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 1);
	vc.session += 100;
	for (int i = 0; i < 20; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 21);
	is_int(vc.strangers, 1, "the login goes before the calls that wait");
	is_int(ends.failed, 0, "none of which fails");
	session_destroy(session);
	vc_stop(&vc);
}

static enum canned_act _never(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	(void) request;
	(void) arg;
	canned_fault(reply, "NotAuthenticated");
	return CANNED_KEEP;
}

static void _test_never_authenticated(void)
{
	struct vc vc = { .serve = _never };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 1);
	is_str(err_name(ends.err.code), "AUTH", "NotAuthenticated for ever");
	is_int(vc.logins, 2, "one login more, not many");
	is_int(vc.calls, 2, "the call is repeated once");
	session_destroy(session);
	vc_stop(&vc);
}

static void _await_problem(const struct vc *vc, const struct session *session)
{
	int64_t end = clock_mono_us() + LONG * CLOCK_US_PER_MS;

	while (!session_problem(session))
		if (loop_turn(vc->loop, 100 * CLOCK_US_PER_MS, NULL) < 0 ||
		    clock_mono_us() > end)
			bail_out("no problem shows");
}

static void _test_away(void)
{
	struct vc vc = { .away = 1 };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_CHANGE, LONG, &ends);
	await(vc.loop, &ends.count, 1);
	is_int(ends.failed, 0, "a call waits until vCenter is back");
	session_destroy(session);

	vc.away = 1000;
	session = vc_session(&vc);
	vc_call(session, SOAP_CHANGE, LONG, &ends);
	_await_problem(&vc, session);
	vc_call(session, SOAP_CHANGE, 100, &ends);
	await(vc.loop, &ends.count, 2);
	is_str(err_name(ends.err.code), "TRANSIENT", "but not for ever");
	has_str(ends.err.text, "503", "and is told why");
	has_str(ends.err.text, "VCenter=", "and what to look at");
	is_int(vc.logins, 1, "nobody sent a password to a closed door");
	session_destroy(session);
	vc_stop(&vc);
}

/* Gateways and load balancers have pages of their own, with status 200. */
static void _test_page(const char *page, const char *what)
{
	struct vc vc = { .away = 2, .page = page };
	struct session *session;
	struct ends ends = { .count = 0 };

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_CHANGE, LONG, &ends);
	_await_problem(&vc, session);
	has_str(session_problem(session)->text, "VCenter=", "another server "
		"may have the URL");
	await(vc.loop, &ends.count, 1);
	ok(!ends.failed, "a call waits until vCenter is back, though %s "
	   "answers: %s", what, ends.err.text);
	is_int(vc.logins, 1, "which is sent no password");
	session_destroy(session);
	vc_stop(&vc);
}

static void _refused(struct vc *vc, const char *part, const char *what)
{
	struct session *session;
	struct ends ends = { .count = 0 };

	session = vc_session(vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc->loop, &ends.count, 1);
	is_str(err_name(ends.err.code), "CONFIG", what);
	has_str(ends.err.text, part, "and says why");
	session_destroy(session);
}

static void _test_config(void)
{
	struct vc vc = { .version = "6.5" };

	vc_start(&vc);
	_refused(&vc, "6.7", "a vCenter before 6.7 is refused");
	vc.version = "6.7";
	vc.api_type = "HostAgent";
	_refused(&vc, "HostAgent", "a host instead of a vCenter is refused");
	vc.api_type = NULL;
	snprintf(vc.password_file, sizeof(vc.password_file), "%s/none",
		 vc.directory);
	_refused(&vc, "/none", "no password file");
	snprintf(vc.password_file, sizeof(vc.password_file), "%s/password",
		 vc.directory);
	is_int(vc.logins, 0, "none of these sent a password");
	vc_stop(&vc);
}

static void _count(void *arg)
{
	++*(unsigned *) arg;
}

static void _test_logout(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };
	unsigned closed = 0;

	vc_start(&vc);
	session = vc_session(&vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 1);
	session_logout(session, _count, &closed);
	await(vc.loop, &closed, 1);
	is_int(vc.logouts, 1, "logged out");
	ok(!vc_call(session, SOAP_READ, LONG, &ends), "calls are refused");
	is_str(err_name(ends.err.code), "REFUSED", "afterwards");
	session_destroy(session);

	session = vc_session(&vc);
	vc_call(session, SOAP_READ, LONG, &ends);
	session_logout(session, _count, &closed);
	await(vc.loop, &closed, 2);
	await(vc.loop, &ends.count, 2);
	is_str(err_name(ends.err.code), "TRANSIENT",
	       "a call that waits when we leave");
	is_int(vc.logouts, 1, "nobody to log out");
	session_destroy(session);
	vc_stop(&vc);
}

static enum canned_act _silent(const struct canned_request *request,
			       struct buf *reply, void *arg)
{
	(void) request;
	(void) reply;
	(void) arg;
	return CANNED_HOLD;
}

static void _test_logout_hangs(void)
{
	struct vc vc = { .version = NULL, .serve = _silent };
	struct session *session;
	struct ends ends = { .count = 0 };
	unsigned closed = 0;

	vc_start(&vc);
	session = vc_session(&vc);
	for (int i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	for (int i = 0; i < LONG && vc.calls < 4; i++)
		await_quiet(vc.loop, 1);
	is_int(vc.calls, 4, "all connections wait for replies");
	session_logout(session, _count, &closed);
	await(vc.loop, &closed, 1);
	is_int(ends.count, 0, "leaving waits for no call that hangs");
	session_destroy(session);
	vc_stop(&vc);
}

static void _test_callbacks(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 }, other = { .count = 0 };
	struct session_call *call;

	vc_start(&vc);
	session = vc_session(&vc);
	ends.cancel = &call;
	vc_call(session, SOAP_READ, LONG, &ends);
	for (int i = 0; i < 10; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	call = vc_call(session, SOAP_READ, LONG, &other);
	await(vc.loop, &ends.count, 11);
	session_cancel(vc_call(session, SOAP_READ, LONG, &other));
	await_quiet(vc.loop, 30);
	is_int(other.count, 0, "a cancelled call ends silently");
	ends.cancel = NULL;
	ends.destroy = &session;
	for (int i = 0; i < 10; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 12);
	await_quiet(vc.loop, 30);
	is_int(ends.count, 12, "destroyed in a callback: no more callbacks");

	vc_set_password(&vc, "wrong");
	session = vc_session(&vc);
	for (int i = 0; i < 10; i++)
		vc_call(session, SOAP_READ, LONG, &ends);
	await(vc.loop, &ends.count, 13);
	await_quiet(vc.loop, 30);
	is_int(ends.count, 13, "the same among waiting calls");
	vc_stop(&vc);
}

static void _test_bound(void)
{
	struct vc vc = { .version = NULL };
	struct session *session;
	struct ends ends = { .count = 0 };
	int i;

	vc_start(&vc);
	session = vc_session(&vc);
	for (i = 0; i <= SESSION_PARKED_MAX; i++)
		if (!vc_call(session, SOAP_READ, LONG, &ends))
			break;
	is_int(i, SESSION_PARKED_MAX, "so many calls may wait");
	is_str(err_name(ends.err.code), "BUSY", "and no more");
	session_destroy(session);
	vc_stop(&vc);
}

int main(void)
{
	_test_single_flight();
	_test_rejected();
	_test_rejected_for_long();
	_test_expired();
	_test_expired_before_many();
	_test_never_authenticated();
	_test_away();
	_test_page("<!DOCTYPE html><html><body>starting<br></html>",
		   "an HTML page");
	_test_page("<html><body>starting</body></html>", "an XML page");
	_test_page("", "an empty page");
	_test_config();
	_test_logout();
	_test_logout_hangs();
	_test_callbacks();
	_test_bound();
	return done_testing();
}
