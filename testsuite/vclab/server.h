/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - HTTP(S) on loopback: hands requests to call.h (/sdk) and
 * control.h (/lab), sends their answers now or later, and mistreats them
 * when a fault rule says so. libmicrohttpd without threads, driven by the
 * lab's loop.
 */
#ifndef SCLONE_VCLAB_SERVER_H
#define SCLONE_VCLAB_SERVER_H

#include "common/base/buf.h"
#include "inject.h"
#include "lab.h"
#include "tls.h"

#define SERVER_BODY_MAX (32u << 20)
#define SERVER_CONNECTIONS_MAX 4096

struct call;
struct conn;
struct server;

/* address is IPv4, "127.0.0.1"; port 0 takes a free one. tls NULL: plain
 * HTTP. */
struct server *server_create(struct lab *lab, const char *address, int port,
			     const struct tls *tls, struct err *err);
void server_destroy(struct server *server);	/* accepts NULL */
int server_port(const struct server *server);

/*
 * Answer a request once; body is copied. cookie may be NULL; rule says how
 * to spoil it (NULL: not).
 */
void conn_reply(struct conn *conn, unsigned status, const struct buf *body,
		const char *cookie, const struct inject_rule *rule);

/* As JSON. */
void conn_reply_json(struct conn *conn, unsigned status,
		     const struct json *json);

/* The answer comes later; call hears (call_abandon) if the client goes. */
void conn_wait(struct conn *conn, struct call *call);

#endif
