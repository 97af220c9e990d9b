/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http - requests to one vCenter over few kept connections; with transfer.c
 * the only user of libcurl.
 *
 * HTTP/1.1 alone, no redirects, no proxy of the environment, TLS verified,
 * replies bounded and unpacked, one cookie (vmware_soap_session) kept in
 * memory. Nothing here knows SOAP.
 *
 * Never twice: libcurl sends a POST again by itself when a kept connection
 * turns out dead, even if the server has executed it. Here the body comes
 * from a callback that gives each byte once and cannot rewind, so that this
 * ends in an error, and the error says which it was: TRANSIENT when the
 * server cannot have had the whole request, UNKNOWN when it may.
 */
#ifndef SCLONE_VIM25_HTTP_H
#define SCLONE_VIM25_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/loop.h"

#define HTTP_CONNECTIONS_MAX 16
#define HTTP_QUEUE_MAX 16384	/* requests waiting for a connection */

struct http;
struct http_call;

struct http_config {
	const char *url;	/* "https://vc.example.org/sdk"; http:// is
				 * taken for loopback addresses alone */
	const char *ca_file;	/* PEM, these authorities alone; NULL: the
				 * system's */
	const char *pin;	/* "sha256//BASE64" of the public key, or
				 * NULL; checked besides the certificate */
	bool insecure;		/* do not verify the certificate */
	unsigned connections;	/* for calls, 1..HTTP_CONNECTIONS_MAX */
	size_t reply_max;	/* bytes of one reply, unpacked */
	unsigned connect_ms;	/* to connect, TLS included */
};

/* Calls share the connections; the long poll has one of its own. */
enum http_lane { HTTP_CALL, HTTP_POLL, HTTP_LANES };

struct http_request {
	enum http_lane lane;
	const char *path;	/* instead of the URL's own, or NULL */
	const char *action;	/* SOAPAction, quotes included, or NULL */
	const char *body;	/* borrowed until the callback or the
				 * cancel; NULL: GET */
	size_t len;
	unsigned timeout_ms;	/* from the moment a connection is free */
	bool repeatable;	/* harmless when executed twice: a lost reply
				 * is TRANSIENT, and a dead kept connection
				 * costs nothing but a second try */
	bool takes_cookie;	/* Set-Cookie of the reply counts */
	bool secret;		/* the body has one: no copy is kept */
	bool first;		/* before all that wait for a connection */
};

struct http_reply {
	long status;		/* any */
	const char *body;	/* NUL-terminated; never NULL */
	size_t len;
};

/*
 * The end of a call: a complete reply of any status (err NULL), or an error
 * (reply NULL): TRANSIENT, UNKNOWN, CONFIG (certificate, URL), PROTOCOL
 * (reply too long), FATAL. Both are borrowed for the callback.
 */
typedef void http_done_fn(const struct http_reply *reply,
			  const struct err *err, void *arg);

/* NULL and CONFIG when the configuration is not acceptable, FATAL. Nothing
 * is connected yet. The config's strings are copied. */
struct http *http_create(struct loop *loop, const struct http_config *config,
			 struct err *err);

/* Drops all calls without their callbacks and closes the connections.
 * Accepts NULL; fine inside a callback. */
void http_destroy(struct http *http);
CLEANUP_DEFINE(struct http *, http_destroy)
#define cleanup_http cleanup_with(http_destroy_cleanup_)

/*
 * Queue a request. The callback comes once, later, from the loop. NULL and
 * BUSY when the queue is full, FATAL.
 */
struct http_call *http_send(struct http *http,
			    const struct http_request *request,
			    http_done_fn *done, void *arg, struct err *err);

/* Drop a call whose callback has not come: no callback will. The server may
 * execute the request all the same. Accepts NULL. */
void http_cancel(struct http_call *call);

/* Forget the cookie. */
void http_forget(struct http *http);

/* Requests handed to libcurl so far, to measure by. */
uint64_t http_count(const struct http *http);

#endif
