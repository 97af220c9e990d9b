/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - one login at one vCenter, through which every call goes.
 *
 * Logs in when the first call comes; calls that come meanwhile wait, so that
 * there is never more than one login under way. When the server says
 * NotAuthenticated, it has not executed the call: the session logs in once
 * more and sends the call again, once. While vCenter is away, calls wait for
 * it up to their own time limit, and attempts pause longer and longer, with
 * jitter.
 *
 * A rejected password is not tried again before its file has changed or 15
 * minutes have passed: single sign-on locks accounts after a few attempts.
 * Until then all calls end with AUTH at once. The password is read for each
 * login and kept nowhere.
 */
#ifndef SCLONE_VIM25_SESSION_H
#define SCLONE_VIM25_SESSION_H

#include <sys/queue.h>
#include <sys/types.h>

#include "service.h"
#include "soap.h"

#define SESSION_PARKED_MAX 16384	/* calls waiting for a login */
#define SESSION_KEEPALIVE_MS (10 * 60 * 1000)

struct session;
struct session_call;

struct session_config {
	struct http_config http;
	const char *user;
	const char *password_file;	/* see path_read_secret() */
	uid_t password_owner;
};

/* NULL: CONFIG, FATAL. Strings are copied; nothing is connected yet. */
struct session *session_create(struct loop *loop,
			       const struct session_config *config,
			       struct err *err);

/* Drops all calls without callbacks, and does not log out. Accepts NULL; fine
 * inside a callback. */
void session_destroy(struct session *session);
CLEANUP_DEFINE(struct session *, session_destroy)
#define cleanup_session cleanup_with(session_destroy_cleanup_)

/*
 * Send a finished request (soap_end()) as soon as there is a login. The
 * request's memory is taken over in any case. The callback comes once,
 * later, from the loop. NULL, and no callback: BUSY when too many wait,
 * REFUSED after session_logout(), FATAL.
 */
struct session_call *session_call(struct session *session,
				  struct soap_request *request,
				  soap_done_fn *done, void *arg,
				  struct err *err);

/* No callback will come; the server may execute the call all the same.
 * Accepts NULL. Not for a call whose callback has begun. */
void session_cancel(struct session_call *call);

/*
 * Log out and then call back, after 5 s at the latest, also when nobody was
 * logged in or vCenter hangs. Calls that wait for a login end with TRANSIENT,
 * those under way go on, new ones are refused.
 */
void session_logout(struct session *session, void (*done)(void *arg),
		    void *arg);

/* The server's singletons; assumed names before the first login. Borrowed,
 * and changed by logins. */
const struct service *session_service(const struct session *session);

/* The key of the login ("" before the first); HasPrivilegeOnEntities asks
 * for it. */
const char *session_key(const struct session *session);

bool session_is_ready(const struct session *session);

/* Why the last attempt to log in failed; NULL when it did not. */
const struct err *session_problem(const struct session *session);

/* Logins and HTTP requests so far. */
unsigned session_logins(const struct session *session);
uint64_t session_requests(const struct session *session);

struct loop *session_loop(struct session *session);

/* Called after each login: what the one before owned on the server (filters,
 * views) is gone. The hook is the caller's and stays put until removed; a
 * hook may remove itself, not others. */
struct session_hook {
	void (*cb)(void *arg);
	void *arg;
	TAILQ_ENTRY(session_hook) link;
};
void session_hook_add(struct session *session, struct session_hook *hook);
void session_hook_remove(struct session *session, struct session_hook *hook);

#endif
