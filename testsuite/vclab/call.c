/* SPDX-License-Identifier: GPL-2.0-or-later */
/* call - see call.h. */
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "call.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "user.h"
#include "validate.h"
#include "witness.h"
#include "xw.h"

#define SOAP_NS "http://schemas.xmlsoap.org/soap/envelope/"
#define HEAD                                                                \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                      \
	"<soapenv:Envelope xmlns:soapenc=\"http://schemas.xmlsoap.org/soap" \
	"/encoding/\" xmlns:soapenv=\"" SOAP_NS "\" xmlns:xsd=\"http://www" \
	".w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001"       \
	"/XMLSchema-instance\">\n<soapenv:Body>\n"
#define TAIL "\n</soapenv:Body>\n</soapenv:Envelope>\n"

const xmlNode *call_arg(const struct call *call, const char *name)
{
	return xn_child(call->node, name);
}

const char *call_arg_text(const struct call *call, const char *name)
{
	return xn_child_text(call->node, name);
}

struct mob *call_object(struct call *call, const xmlNode *ref)
{
	struct mob *mob = mob_find(call->lab, xn_text(ref));

	if (mob && strcmp(mob->class->type, xn_ref_type(ref)) == 0)
		return mob;
	(void) fault_gone(&call->fault, xn_ref_type(ref), xn_text(ref));
	return NULL;
}

void call_return_ref(struct call *call, const struct mob *mob)
{
	xw_ref(&call->out, "returnval", mob->class->type, mob->id);
}

int call_need(struct call *call, const struct mob *mob,
	      const char *privilege)
{
	if (user_may(call->lab, call->session->user, mob, privilege))
		return 0;
	(void) fault_set(&call->fault, "NoPermission",
			 "Permission to perform this operation was denied: "
			 "%s", privilege);
	(void) fault_add_ref(&call->fault, "object", mob->class->type,
			     mob->id);
	return fault_add(&call->fault, "privilegeId", privilege);
}

/* -- the answer ----------------------------------------------------- */

static void _write_fault(const struct call *call, struct buf *out)
{
	const struct fault *fault = &call->fault;

	buf_puts(out, "<soapenv:Fault><faultcode>ServerFaultCode"
		      "</faultcode>");
	xw_str(out, "faultstring", fault->text);
	buf_printf(out, "<detail><%sFault xmlns=\"urn:vim25\" xsi:type=\""
			"%s\">%s</%sFault></detail></soapenv:Fault>",
		   fault->type, fault->type, fault->detail, fault->type);
}

static void _write_result(const struct call *call, struct buf *out)
{
	buf_printf(out, "<%sResponse xmlns=\"urn:vim25\">",
		   call->method->name);
	buf_add(out, buf_str(&call->out), call->out.len);
	buf_printf(out, "</%sResponse>", call->method->name);
}

static void _pad(struct buf *out, int64_t bytes)
{
	static const char fill[] = "................................"
				   "................................";

	buf_puts(out, "<!--");
	while (bytes > 0 && !out->failed) {
		buf_add(out, fill, sizeof(fill) - 1);
		bytes -= (int64_t) sizeof(fill) - 1;
	}
	buf_puts(out, "-->");
}

static void _free(struct call *call)
{
	if (call->doc)
		xmlFreeDoc(call->doc);
	mob_unref(call->self);
	buf_free(&call->out);
	free(call->operation_id);
	free(call->cookie);
	free(call->session_key);
	free(call);
}

static void _send(struct call *call, int rc)
{
	struct buf body;

	buf_init(&body, CALL_REPLY_MAX);
	buf_puts(&body, HEAD);
	if (rc < 0)
		_write_fault(call, &body);
	else
		_write_result(call, &body);
	if (call->rule.kind == INJECT_HUGE)
		_pad(&body, call->rule.bytes);
	buf_puts(&body, TAIL);
	conn_reply(call->conn, rc < 0 ? 500 : 200, &body, call->cookie,
		   &call->rule);
	buf_free(&body);
}

static void _send_later(void *arg)
{
	struct call *call = arg;

	if (call->conn)
		_send(call, call->fault.type[0] ? -1 : 0);
	_free(call);
}

static void _forget_conn(struct call *call, void *arg)
{
	(void) call;
	(void) arg;
}

void call_finish(struct call *call, int rc)
{
	call->abandon = NULL;
	if (rc >= 0)
		call->fault.type[0] = '\0';
	if (call->rule.kind == INJECT_DELAY_REPLY && call->conn) {
		conn_wait(call->conn, call);
		call->abandon = _forget_conn;
		sched_after(call->lab->sched, call->rule.ms * 1000,
			    _send_later, call, NULL);
		return;
	}
	if (call->conn)
		_send(call, rc);
	_free(call);
}

void call_abandon(struct call *call)
{
	void (*abandon)(struct call *, void *) = call->abandon;

	call->conn = NULL;
	if (abandon == _forget_conn)
		return;
	if (abandon)
		abandon(call, call->abandon_arg);
	_free(call);
}

/* -- parsing -------------------------------------------------------- */

static bool _in(const xmlNode *node, const char *space, const char *name)
{
	return node && node->ns &&
	       strcmp((const char *) node->ns->href, space) == 0 &&
	       xn_is(node, name);
}

static int _parse(struct call *call, const char *body, size_t len)
{
	const xmlNode *envelope, *part, *id;

	call->doc = xmlReadMemory(body, (int) len, NULL, NULL,
				  XML_PARSE_NONET | XML_PARSE_NOCDATA |
				  XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				  XML_PARSE_NOENT | XML_PARSE_COMPACT);
	if (!call->doc || call->doc->intSubset)
		return fault_request(&call->fault, "not well-formed XML, or "
				     "with a document type");
	envelope = xmlDocGetRootElement(call->doc);
	if (!_in(envelope, SOAP_NS, "Envelope"))
		return fault_request(&call->fault, "no SOAP 1.1 envelope");
	part = xn_first(envelope);
	if (_in(part, SOAP_NS, "Header")) {
		id = xn_child(part, "operationID");
		call->operation_id = lab_strdup(id ? xn_text(id) : "");
		part = xn_next(part);
	}
	if (!_in(part, SOAP_NS, "Body") || xn_next(part))
		return fault_request(&call->fault, "no SOAP body");
	call->node = (xmlNode *) xn_first(part);
	if (!call->node || xn_next(call->node))
		return fault_request(&call->fault,
				     "the body must hold one call");
	if (!_in(call->node, VALIDATE_NS, (const char *) call->node->name))
		return fault_request(&call->fault,
				     "the call is not in " VALIDATE_NS);
	return 0;
}

/* "urn:vim25/6.7.1" is 6071; without a release the client is of 2.5 days,
 * and another name space is not ours (-1). */
static int _version(const char *action)
{
	int part[3] = { 2, 5, 0 };
	size_t len = action ? strlen(action) : 0;

	if (len >= 2 && action[0] == '"')
		action++;
	if (!action || *action == '\0' || *action == '"')
		return 2050;
	if (strncmp(action, "urn:vim25", 9) != 0)
		return -1;
	if (action[9] == '/') {
		char *at = (char *) action + 9;

		part[2] = 0;
		for (int i = 0; i < 3 && (*at == '/' || *at == '.'); i++)
			part[i] = (int) strtol(at + 1, &at, 10);
	}
	return part[0] * 1000 + part[1] * 10 + part[2];
}

static int _no_method(struct call *call, const char *name)
{
	(void) fault_set(&call->fault, "MethodNotFound",
			 "Unable to find the method '%s'", name);
	(void) fault_add_ref(&call->fault, "receiver",
			     call->self->class->type, call->self->id);
	return fault_add(&call->fault, "method", name);
}

static int _receiver(struct call *call, const char *name)
{
	const xmlNode *self = xn_first(call->node);
	struct mob *mob;
	const char *type;

	if (!schema_knows_method(name))
		return fault_request(&call->fault, "no method '%s'", name);
	if (!self || !xn_is(self, "_this"))
		return fault_request(&call->fault, "%s without _this", name);
	type = xn_ref_type(self);
	mob = mob_find(call->lab, xn_text(self));
	if (!schema_type(type))
		return fault_request(&call->fault, "_this: no type '%s'",
				     type);
	if (!mob || strcmp(mob->class->type, type) != 0)
		return fault_gone(&call->fault, type, xn_text(self));
	call->self = mob_ref(mob);
	call->method = schema_method(mob->type, name);
	if (!call->method || call->version < call->method->version)
		return _no_method(call, name);
	return validate_call(call->node, call->method, call->version,
			     &call->fault);
}

/* -- serving -------------------------------------------------------- */

static int _not_authenticated(struct call *call)
{
	(void) fault_set(&call->fault, "NotAuthenticated",
			 "The session is not authenticated.");
	(void) fault_add_ref(&call->fault, "object",
			     call->self->class->type, call->self->id);
	return fault_add(&call->fault, "privilegeId",
			 call->method->privilege ? call->method->privilege
						 : "System.View");
}

static int _authorize(struct call *call)
{
	const char *privilege = call->method->privilege;
	bool anonymous = privilege &&
			 strcmp(privilege, "System.Anonymous") == 0;

	if (!call->session && !anonymous)
		return _not_authenticated(call);
	if (!privilege || anonymous || !entity_of(call->self))
		return 0;
	return call_need(call, call->self, privilege);
}

static int _run(struct call *call)
{
	const struct mob_method *m = call->self->class->methods;

	if (_authorize(call) < 0)
		return -1;
	for (; m && m->name; m++) {
		if (strcmp(m->name, call->method->name) == 0)
			return m->run(call);
	}
	return _no_method(call, call->method->name);
}

static void _execute(struct call *call)
{
	int rc;

	call->lab->caller = call->session;
	rc = _run(call);
	call->lab->caller = NULL;
	if (rc != CALL_PENDING)
		call_finish(call, rc);
	else if (call->conn)
		conn_wait(call->conn, call);
	else
		call_abandon(call);
}

static void _execute_later(void *arg)
{
	struct call *call = arg;

	/* The client may have gone: that does not stop a server. */
	call->abandon = NULL;
	call->session = session_find(call->lab, call->session_key);
	_execute(call);
}

/* Faults that strike before the call is executed. True: it is over. */
static bool _strike(struct call *call)
{
	const struct inject_rule *rule = &call->rule;

	switch (rule->kind) {
	case INJECT_FAULT:
		call_finish(call, fault_set(&call->fault, rule->type, "%s",
					    rule->text));
		return true;
	case INJECT_RESET:
	case INJECT_HTML:
		call_finish(call, 0);
		return true;
	case INJECT_EXPIRE:
		if (call->session)
			session_end(call->session, "fault");
		call->session = NULL;
		return false;
	case INJECT_RESTART:
		lab_restart(call->lab);
		call->session = NULL;
		return false;
	case INJECT_DELAY:
		conn_wait(call->conn, call);
		call->abandon = _forget_conn;
		sched_after(call->lab->sched, rule->ms * 1000,
			    _execute_later, call, NULL);
		return true;
	default:
		return false;
	}
}

static int _accept(struct call *call, const char *body, size_t len)
{
	const char *name;

	if (_parse(call, body, len) < 0)
		return -1;
	name = (const char *) call->node->name;
	if (call->version < 0)
		return fault_request(&call->fault,
				     "SOAPAction is not urn:vim25/RELEASE");
	stats_call(call->lab->stats, schema_knows_method(name) ? name
							       : "(unknown)");
	return _receiver(call, name);
}

void call_serve(struct lab *lab, struct conn *conn, const char *body,
		size_t len, const char *soap_action, const char *cookie)
{
	struct call *call = lab_alloc(sizeof(*call));

	call->lab = lab;
	call->conn = conn;
	call->version = _version(soap_action);
	call->session = session_find(lab, cookie);
	call->session_key = lab_strdup(cookie ? cookie : "");
	buf_init(&call->out, CALL_REPLY_MAX);
	if (_accept(call, body, len) < 0) {
		call_finish(call, -1);
		return;
	}
	if (!call->operation_id)
		call->operation_id = lab_strdup("");
	call->rule = inject_next(lab->inject, call->method->name);
	if (call->rule.kind != INJECT_NONE)
		witness_note(lab->witness, "fault", "kind",
			     inject_kind_name(call->rule.kind), "method",
			     call->method->name, NULL);
	if (!_strike(call))
		_execute(call);
}
