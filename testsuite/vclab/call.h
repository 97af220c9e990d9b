/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call - one SOAP request on its way: parsed, validated, dispatched to the
 * object's method, answered now or later.
 */
#ifndef SCLONE_VCLAB_CALL_H
#define SCLONE_VCLAB_CALL_H

#include <libxml/tree.h>

#include "fault.h"
#include "inject.h"
#include "mob.h"
#include "xn.h"

struct conn;
struct session;

#define CALL_PENDING 1
#define CALL_REPLY_MAX (256u << 20)

struct call {
	struct lab *lab;
	struct conn *conn;		/* NULL: the client has gone */
	struct session *session;	/* NULL: not logged in */
	const struct schema_method *method;
	struct mob *self;		/* holds a reference */
	xmlDoc *doc;
	xmlNode *node;			/* the method's element */
	struct buf out;			/* what stands in the response */
	struct fault fault;
	char *operation_id;		/* "" when the client sent none */
	char *cookie;			/* to set, or NULL */
	char *session_key;		/* as sent, "" for none */
	int version;			/* of the SOAPAction */
	struct inject_rule rule;	/* kind 0: no fault asked for */
	/* While pending: the client or the session went away. */
	void (*abandon)(struct call *call, void *arg);
	void *abandon_arg;
};

/*
 * A method returns 0 (call->out is the response's content), -1 (call->fault)
 * or CALL_PENDING: it keeps the call, sets abandon, and ends it with
 * call_finish(call, 0 or -1) later.
 */
void call_finish(struct call *call, int rc);

/*
 * Serve a request; answers through conn. cookie is the session's, or NULL.
 */
void call_serve(struct lab *lab, struct conn *conn, const char *body,
		size_t len, const char *soap_action, const char *cookie);

/* The client has closed its connection while the call is pending. */
void call_abandon(struct call *call);

/* Argument elements of the method; NULL when left out. */
const xmlNode *call_arg(const struct call *call, const char *name);
const char *call_arg_text(const struct call *call, const char *name);

/*
 * The object a reference element names. NULL with ManagedObjectNotFound.
 */
struct mob *call_object(struct call *call, const xmlNode *ref);

/* <returnval type=..>id</returnval> as the answer. */
void call_return_ref(struct call *call, const struct mob *mob);

/* NoPermission unless the caller has the privilege on the object. */
int call_need(struct call *call, const struct mob *mob,
	      const char *privilege);

#endif
