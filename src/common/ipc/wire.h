/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire - the client's side of scloned's socket: a UNIX stream socket on
 * which each request and each reply is one JSON object on one line.
 *
 *	request	{"v":1,"verb":"…", …}
 *	reply	{"v":1, …}  or  {"v":1,"error":{"code":"BUSY","text":"…"}}
 *
 * The front ends' verbs:
 *	nudge		the spool has something new; no reply is read
 *	request		"request": an object of request.h, for when the spool
 *			cannot be written; the reply means it is committed
 *	wait		"job": N, "nodes": hostlist, and more: waiters.h has
 *			it; replied when the job's nodes are up, or when
 *			waiting makes no sense
 * Calls block, with a deadline; server.h is the other side.
 */
#ifndef SCLONE_IPC_WIRE_H
#define SCLONE_IPC_WIRE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "request.h"

#define WIRE_VERSION 1
#define WIRE_FRAME_MAX (64 * 1024)	/* a request of anybody */
/* Of root and scloned's own user. */
#define WIRE_TRUSTED_FRAME_MAX (REQUEST_SIZE_MAX + 4096)
#define WIRE_REPLY_MAX (16 * 1024 * 1024)

/* {"v":1,"verb":verb}, owned by the caller; NULL when out of memory. */
struct json *wire_request(const char *verb, struct err *err);

/*
 * Connect, send, and read the reply, all before deadline_us on the monotonic
 * clock. The reply is owned by the caller. NULL and the error the reply
 * holds, or TRANSIENT when the request was not sent, UNKNOWN when it was but
 * no reply came, AUTH when the socket is closed to us, PROTOCOL, FATAL.
 */
struct json *wire_call(const char *path, const struct json *request,
		       int64_t deadline_us, struct err *err);

/* Connect and send, without waiting for anything. TRANSIENT when it would
 * have to wait or nobody listens; AUTH, FATAL. */
int wire_poke(const char *path, const struct json *request, struct err *err);

/* Put member "error" for a failure; -1 when out of memory. */
int wire_put_error(struct json *reply, const struct err *failure);

/* 0 when the reply has no "error", else -1 with that error in *err. */
int wire_get_error(const struct json *reply, struct err *err);

#endif
