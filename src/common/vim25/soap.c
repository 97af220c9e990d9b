/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "soap.h"

#define ENVELOPE                                                            \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                      \
	"<soapenv:Envelope"                                                 \
	" xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\""      \
	" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""          \
	" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"

struct soap_call {
	const struct soap_request *request;
	struct http_call *http;
	soap_done_fn *done;
	void *arg;
};

void soap_begin(struct soap_request *request, enum soap_kind kind,
		const char *method, const struct moref *self,
		const char *operation)
{
	struct buf *text = &request->text;

	*request = (struct soap_request) {
		.method = method, .kind = kind, .lane = HTTP_CALL,
		.timeout_ms = SOAP_TIMEOUT_MS,
	};
	buf_init(text, SOAP_REQUEST_MAX);
	buf_puts(text, ENVELOPE);
	if (operation) {
		buf_puts(text, "<soapenv:Header>");
		xml_put(text, "operationID", operation);
		buf_puts(text, "</soapenv:Header>");
	}
	buf_printf(text, "<soapenv:Body><%s xmlns=\"urn:vim25\">", method);
	soap_put_ref(request, "_this", self);
}

void soap_put_ref(struct soap_request *request, const char *name,
		  const struct moref *ref)
{
	struct buf *text = &request->text;

	buf_printf(text, "<%s type=\"", name);
	xml_put_text(text, ref->type);
	buf_puts(text, "\">");
	xml_put_text(text, ref->id);
	xml_put_end(text, name);
}

int soap_end(struct soap_request *request, struct err *err)
{
	xml_put_end(&request->text, request->method);
	buf_puts(&request->text, "</soapenv:Body></soapenv:Envelope>\n");
	if (!request->text.failed)
		return 0;
	return err_set(err, ERR_FATAL, "%s: a value is not text XML can "
		       "carry, or the request is longer than %d bytes",
		       request->method, SOAP_REQUEST_MAX);
}

void soap_request_free(struct soap_request *request)
{
	buf_wipe(&request->text);
}

int soap_garbled(enum soap_kind kind, const char *method, const char *why,
		 struct err *err)
{
	if (kind == SOAP_CHANGE)
		return err_set(err, ERR_UNKNOWN, "%s: executed or not, the "
			       "reply does not say: %s", method, why);
	return err_set(err, ERR_PROTOCOL, "%s: %s", method, why);
}

int soap_ref(const struct xml_node *node, struct moref *ref, struct err *err)
{
	const char *type = xml_attr(node, "type");

	if (!type)
		return err_set(err, ERR_PROTOCOL,
			       "no object reference in '%s'", xml_name(node));
	return moref_set(ref, type, xml_text(node), err);
}

/* A gateway's or a web server's page instead of SOAP. */
static bool _is_html(const struct http_reply *reply)
{
	const char *p = reply->body + strspn(reply->body, " \t\r\n");

	return !strncasecmp(p, "<!doctype", 9) || !strncasecmp(p, "<html", 5);
}

/* No SOAP in the reply. Gateways answer 5xx also when the server behind them
 * broke off in the middle, so that says nothing about execution. */
static int _no_soap(const struct soap_request *request,
		    const struct http_reply *reply, const struct err *cause,
		    struct err *err)
{
	char why[96];

	snprintf(why, sizeof(why), "HTTP status %ld%s", reply->status,
		 _is_html(reply) ? " with an HTML page" : "");
	if ((reply->status >= 300 && reply->status < 400) ||
	    reply->status == 404)
		return err_set(err, ERR_CONFIG, "%s: %s: no vSphere API at "
			       "this URL (see VCenter=)", request->method,
			       why);
	if (reply->status == 200 && !_is_html(reply))
		return soap_garbled(request->kind, request->method,
				    cause->text, err);
	if (request->kind == SOAP_CHANGE)
		return soap_garbled(request->kind, request->method, why, err);
	return err_set(err, ERR_TRANSIENT, "%s: %s", request->method, why);
}

static bool _is_response(const struct xml_node *node, const char *method)
{
	const char *name = xml_name(node);
	size_t len = strlen(method);

	return !strncmp(name, method, len) && !strcmp(name + len, "Response");
}

/* Look into the envelope. */
static int _open(const struct soap_request *request, const struct xml *xml,
		 const struct xml_node **response, struct fault *fault,
		 struct err *err)
{
	const struct xml_node *root = xml_root(xml);
	const struct xml_node *body = xml_child(root, "Body");
	const struct xml_node *first = xml_child(body, NULL);

	if (strcmp(xml_name(root), "Envelope") || !first)
		return soap_garbled(request->kind, request->method,
				    "not a SOAP envelope", err);
	if (_is_response(first, request->method)) {
		*response = first;
		return 0;
	}
	if (strcmp(xml_name(first), "Fault"))
		return soap_garbled(request->kind, request->method,
				    "the reply is to another call", err);
	fault_read_soap(fault, first);
	if (!fault->type[0])
		return soap_garbled(request->kind, request->method,
				    fault->text[0] ? fault->text
						   : "a fault of no type",
				    err);
	return fault_error(fault, request->method, err);
}

static struct xml *_parse(const struct soap_request *request,
			  const struct http_reply *reply, struct err *err)
{
	struct err cause = ERR_INIT;
	struct xml *xml = NULL;

	if (reply->status == 200 || reply->status == 500)
		xml = xml_parse(reply->body, reply->len, &cause);
	if (!xml)
		_no_soap(request, reply, &cause, err);
	return xml;
}

static void _on_reply(const struct http_reply *reply, const struct err *error,
		      void *arg)
{
	cleanup_free struct soap_call *call = arg;
	cleanup_xml struct xml *xml = NULL;
	struct fault fault = { .type = "" };
	struct err err = ERR_INIT;
	struct soap_reply result = { .err = NULL };

	if (!error) {
		xml = _parse(call->request, reply, &err);
		if (!xml || _open(call->request, xml, &result.response,
				  &fault, &err))
			error = &err;
	}
	if (error) {
		result.err = error;
		result.fault = fault.type[0] ? &fault : NULL;
	}
	call->done(&result, call->arg);
}

struct soap_call *soap_send(struct http *http,
			    const struct soap_request *request,
			    soap_done_fn *done, void *arg, struct err *err)
{
	struct soap_call *call = calloc(1, sizeof(*call));
	struct http_request post = {
		.lane = request->lane, .action = SOAP_ACTION,
		.body = buf_str(&request->text), .len = request->text.len,
		.timeout_ms = request->timeout_ms,
		.repeatable = request->kind == SOAP_READ,
		.takes_cookie = request->takes_cookie,
		.secret = request->secret, .first = request->first,
	};

	if (!call) {
		err_nomem(err);
		return NULL;
	}
	*call = (struct soap_call) { .request = request, .done = done,
				     .arg = arg };
	call->http = http_send(http, &post, _on_reply, call, err);
	if (!call->http) {
		free(call);
		return NULL;
	}
	return call;
}

void soap_cancel(struct soap_call *call)
{
	if (!call)
		return;
	http_cancel(call->http);
	free(call);
}
