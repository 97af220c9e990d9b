/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * soap - one vim25 call: the envelope around it, the sense of its reply.
 *
 * A request is built in memory and may be sent again as it is. Whether a
 * reply that was lost or is garbage means UNKNOWN (it may have happened)
 * depends on whether the call changes anything; its builder says so.
 */
#ifndef SCLONE_VIM25_SOAP_H
#define SCLONE_VIM25_SOAP_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "fault.h"
#include "http.h"
#include "moref.h"
#include "xml.h"

/* The API version this client speaks; vCenter takes the request and trims
 * the reply accordingly. 6.7 is the first with InstantClone_Task. */
#define SOAP_ACTION "\"urn:vim25/6.7\""
#define SOAP_REQUEST_MAX (4 * 1024 * 1024)
#define SOAP_TIMEOUT_MS 60000	/* for a call that does not say */

/* Whether the call may be executed twice. */
enum soap_kind {
	SOAP_READ,	/* yes: a lost reply is TRANSIENT */
	SOAP_CHANGE,	/* no: a lost reply is UNKNOWN */
};

struct soap_request {
	struct buf text;
	const char *method;	/* static storage */
	enum soap_kind kind;
	enum http_lane lane;
	unsigned timeout_ms;
	bool takes_cookie;
	bool secret, first;	/* see http.h */
	/* Whether a reply says "not logged in" though it is no fault; NULL:
	 * never. */
	bool (*is_unauthenticated)(const struct xml_node *response);
};

/*
 * Start a request: envelope, header, the method and its _this. operation
 * (may be NULL) goes into the operationID header, which vCenter writes into
 * its log. Parameters are then put into request->text with xml_put* in the
 * order of the schema.
 */
void soap_begin(struct soap_request *request, enum soap_kind kind,
		const char *method, const struct moref *self,
		const char *operation);

/* <name type="TYPE">ID</name> */
void soap_put_ref(struct soap_request *request, const char *name,
		  const struct moref *ref);

/* Close it. FATAL when a value cannot be written or it is too long. The
 * request stays the caller's, to be freed in either case. */
int soap_end(struct soap_request *request, struct err *err);

/* Wipes it too: it may hold a password. */
void soap_request_free(struct soap_request *request);
#define cleanup_soap_request __attribute__((cleanup(soap_request_free)))

/* Of these three the first is set on success, the others on failure. All
 * are borrowed for the callback. */
struct soap_reply {
	const struct xml_node *response;	/* METHODResponse */
	const struct err *err;
	const struct fault *fault;	/* NULL when it is no fault of the
					 * server's */
};

typedef void soap_done_fn(const struct soap_reply *reply, void *arg);

struct soap_call;

/* Send; the callback comes once, later, from the loop. The request stays the
 * caller's and must live until then. NULL: BUSY, FATAL. */
struct soap_call *soap_send(struct http *http,
			    const struct soap_request *request,
			    soap_done_fn *done, void *arg, struct err *err);

/* No callback will come. Accepts NULL. */
void soap_cancel(struct soap_call *call);

/* Read an object reference from an element; PROTOCOL. */
int soap_ref(const struct xml_node *node, struct moref *ref,
	     struct err *err);

/* For a reply that makes no sense: UNKNOWN when the call changes something,
 * else PROTOCOL. Always returns -1. */
int soap_garbled(enum soap_kind kind, const char *method, const char *why,
		 struct err *err);

#endif
