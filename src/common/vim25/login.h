/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * login - one attempt at a time to log in: API versions, service content,
 * Login. The password is read for each attempt and kept nowhere; what the
 * file looked like when it was rejected is remembered, because single
 * sign-on locks accounts after a few wrong passwords.
 *
 * For session.c alone, which decides when to try.
 */
#ifndef SCLONE_VIM25_LOGIN_H
#define SCLONE_VIM25_LOGIN_H

#include <sys/types.h>

#include "http.h"
#include "service.h"

#define LOGIN_REJECTED_MS (15 * 60 * 1000)
#define LOGIN_LEAVE_MS 5000

struct login;

struct login_config {
	const char *url;
	const char *user;
	const char *password_file;	/* see path_read_secret() */
	uid_t password_owner;
};

/*
 * The end of an attempt: err is NULL when logged in. rejected: the server
 * refused user or password; err says AUTH and what to do. Else TRANSIENT,
 * UNKNOWN (the reply to Login was lost), CONFIG, PROTOCOL, FATAL.
 */
typedef void login_done_fn(const struct err *err, bool rejected, void *arg);

/* The config's strings are copied. NULL when out of memory. */
struct login *login_create(struct http *http,
			   const struct login_config *config,
			   login_done_fn *done, void *arg);

/* Accepts NULL; fine inside the callback. */
void login_destroy(struct login *login);

/* Start an attempt, when none is under way: with all its steps, or with
 * Login alone when the server has just been talked to. */
void login_start(struct login *login, bool all);

/* Drop the attempt under way, if any. */
void login_stop(struct login *login);

/* Log out; left() is called later, from the loop, when that is done or has
 * failed: LOGIN_LEAVE_MS after a connection is free for it, which may never
 * be. -1: it will not be called. */
int login_leave(struct login *login, void (*left)(void *arg), void *arg);

/* How long to pause before the next attempt: longer after each failure, with
 * jitter, until a login succeeds. */
int64_t login_pause_us(struct login *login);

/* After a rejection: whether the password file has changed since, or 15
 * minutes have passed. */
bool login_may_retry(const struct login *login);

/* What the last successful steps brought; see session.h. */
const struct service *login_service(const struct login *login);
const char *login_key(const struct login *login);

/* The request itself. */
void login_write(struct soap_request *request,
		 const struct moref *session_manager, const char *user,
		 const char *password);

#endif
