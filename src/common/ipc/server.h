/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - the listening side of wire.h, on the event loop.
 *
 * Each request line becomes a struct server_call, answered at once or later.
 * A client has one call at a time; what it sends meanwhile waits in its
 * socket. Clients of the server's own user and of root are "trusted": they
 * may send longer lines, and the others cannot take their places, nor
 * their room for replies. What a peer may ask for is the handler's decision.
 */
#ifndef SCLONE_IPC_SERVER_H
#define SCLONE_IPC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/loop.h"

struct server;
struct server_call;

struct server_peer {
	uid_t uid;	/* of the process that connected (SO_PEERCRED) */
	gid_t gid;
	pid_t pid;
	bool trusted;	/* root, or the server's own user */
};

struct server_options {
	const char *path;	/* of the socket; borrowed for the call */
	mode_t mode;		/* of the socket, e.g. 0666 */
	size_t clients_max;	/* connected at a time, all together */
	size_t others_max;	/* of them, those that are not trusted */
	int64_t idle_us;	/* for a whole request to come, and for a
				 * reply to be taken; then the client is cut */
	/* Gets each call and must see to its answer. Not for
	 * server_destroy(). */
	void (*handle)(struct server_call *call, void *arg);
	void *arg;
};

#define SERVER_QUEUED_MAX (64 * 1024 * 1024)	/* bytes of replies waiting
						 * for all trusted clients
						 * together, and as many for
						 * all others */

/*
 * Listen. A stale socket file is replaced, also while what its dead owner
 * has forked still has it open; when somebody listens there already: EXISTS.
 * CONFIG (path), FATAL.
 */
struct server *server_create(struct loop *loop,
			     const struct server_options *options,
			     struct err *err);

/* Cuts all clients and removes the socket. Calls not yet answered live on
 * and still have to be answered or dropped. Accepts NULL. */
void server_destroy(struct server *server);
CLEANUP_DEFINE(struct server *, server_destroy)
#define cleanup_server cleanup_with(server_destroy_cleanup_)

size_t server_clients(const struct server *server);

/* Borrowed until the call is answered or dropped. */
const char *server_call_verb(const struct server_call *call);
const struct json *server_call_request(const struct server_call *call);
const struct server_peer *server_call_peer(const struct server_call *call);

/* Call back, at most once, when the client goes before the answer; the call
 * still has to be answered or dropped, the callback may do that. */
void server_call_on_gone(struct server_call *call,
			 void (*cb)(struct server_call *call, void *arg),
			 void *arg);

/*
 * Exactly one of these ends a call, from the handler or any time later, also
 * when the client has gone; no call is handled in here, what its client asks
 * next comes from the loop. The reply is taken over; its "v" is set here.
 * NULL (out of memory when it was built) is answered as FATAL.
 */
void server_call_reply(struct server_call *call, struct json *reply);
void server_call_fail(struct server_call *call, const struct err *failure);
void server_call_drop(struct server_call *call);	/* cuts the client */

#endif
