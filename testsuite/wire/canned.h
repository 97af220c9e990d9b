/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * canned - a small HTTP server for tests, on a loopback port of its own and
 * in a thread of its own. What it answers is up to the test; it can also
 * break off, stay silent, or answer rubbish.
 */
#ifndef SCLONE_TESTSUITE_CANNED_H
#define SCLONE_TESTSUITE_CANNED_H

#include "common/base/buf.h"

struct canned;

enum canned_act {
	CANNED_KEEP,	/* send the reply and keep the connection */
	CANNED_CLOSE,	/* send the reply and close */
	CANNED_HOLD,	/* send nothing, keep the connection */
};

struct canned_request {
	const char *head;	/* request line and headers */
	const char *body;
	unsigned on_connection;	/* how many came before on this connection */
	unsigned number;	/* how many came before at all */
};

/* Called in the server's thread, one request after the other. */
typedef enum canned_act canned_fn(const struct canned_request *request,
				  struct buf *reply, void *arg);

/* Ends the test program when it cannot. */
struct canned *canned_start(canned_fn *fn, void *arg);
void canned_stop(struct canned *canned);

/* "http://127.0.0.1:PORT/sdk" */
const char *canned_url(const struct canned *canned);

/* Requests that came whole so far. */
unsigned canned_count(struct canned *canned);

/* Write a complete HTTP reply. */
void canned_reply(struct buf *reply, int status, const char *headers,
		  const char *body, size_t len);

/* The same with a SOAP envelope around the body's content. */
void canned_soap(struct buf *reply, int status, const char *content);

/* A SOAP fault of this type. */
void canned_fault(struct buf *reply, const char *type);

#endif
