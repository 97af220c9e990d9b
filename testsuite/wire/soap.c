/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies as vCenter, gateways and enemies send them: each ends in one
 * callback with the right code, whatever the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "common/vim25/soap.h"
#include "await.h"
#include "canned.h"
#include "tap.h"

#define RETURN                                                              \
	"<CurrentTimeResponse xmlns=\"urn:vim25\"><returnval>2026-01-01"    \
	"</returnval></CurrentTimeResponse>"

/* The reply the server gives next, raw. */
static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	const struct buf *raw = arg;

	(void) request;
	buf_add(reply, raw->data, raw->len);
	return CANNED_KEEP;
}

struct rig {
	struct loop *loop;
	struct canned *canned;
	struct http *http;
	struct buf raw;
	unsigned count;
	struct err err;
	struct fault fault;
	char value[64];
};

static void _done(const struct soap_reply *reply, void *arg)
{
	struct rig *rig = arg;

	rig->count++;
	rig->err = (struct err) ERR_INIT;
	rig->fault = (struct fault) { .type = "" };
	rig->value[0] = '\0';
	if (reply->err)
		rig->err = *reply->err;
	if (reply->fault)
		rig->fault = *reply->fault;
	if (reply->response)
		snprintf(rig->value, sizeof(rig->value), "%s",
			 xml_text(xml_child(reply->response, "returnval")));
}

/* One call, answered with what stands in rig->raw. */
static void _call(struct rig *rig, enum soap_kind kind)
{
	static const struct moref self = { "ServiceInstance",
					   "ServiceInstance" };
	cleanup_soap_request struct soap_request request;
	unsigned before = rig->count;

	soap_begin(&request, kind, "CurrentTime", &self, "test-1");
	if (soap_end(&request, NULL) ||
	    !soap_send(rig->http, &request, _done, rig, NULL))
		bail_out("cannot send");
	await(rig->loop, &rig->count, before + 1);
}

static void _answer(struct rig *rig, int status, const char *body)
{
	buf_reset(&rig->raw);
	canned_reply(&rig->raw, status, "", body, strlen(body));
}

static void _codes(struct rig *rig, enum err_code read, enum err_code change,
		   const char *what)
{
	_call(rig, SOAP_READ);
	if (!is_str(err_name(rig->err.code), err_name(read), what))
		diag("read: %s", rig->err.text);
	_call(rig, SOAP_CHANGE);
	if (!is_str(err_name(rig->err.code), err_name(change), what))
		diag("change: %s", rig->err.text);
}

static void _test_good(struct rig *rig)
{
	canned_soap(&rig->raw, 200, RETURN);
	_codes(rig, ERR_NONE, ERR_NONE, "a usual reply");
	is_str(rig->value, "2026-01-01", "its value");
	_answer(rig, 200, "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/"
		"soap/envelope/'><S:Header><x/></S:Header><S:Body>"
		"<v:CurrentTimeResponse xmlns:v='urn:vim25'><v:new/>"
		"<v:returnval>7</v:returnval></v:CurrentTimeResponse>"
		"</S:Body></S:Envelope>");
	_codes(rig, ERR_NONE, ERR_NONE, "other prefixes, more elements");
	is_str(rig->value, "7", "the value all the same");
}

static void _test_faults(struct rig *rig)
{
	buf_reset(&rig->raw);
	canned_fault(&rig->raw, "DuplicateName");
	_codes(rig, ERR_EXISTS, ERR_EXISTS, "fault DuplicateName");
	has_str(rig->err.text, "CurrentTime: DuplicateName: said so",
		"method, type and message are told");
	is_str(rig->fault.type, "DuplicateName", "the type is given");

	buf_reset(&rig->raw);
	canned_fault(&rig->raw, "FaultOfTheFuture");
	_codes(rig, ERR_TRANSIENT, ERR_TRANSIENT, "an unknown fault");

	buf_reset(&rig->raw);
	canned_soap(&rig->raw, 500, "<soapenv:Fault><faultcode>c</faultcode>"
		    "<faultstring>s</faultstring></soapenv:Fault>");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "a fault without a type");

	buf_reset(&rig->raw);
	canned_soap(&rig->raw, 500, "<soapenv:Fault><detail>"
		    "<ManagedObjectNotFoundFault xmlns='urn:vim25'>"
		    "<obj type='VirtualMachine'>vm-7</obj>"
		    "<faultCause><fault xsi:type='NotFound'/>"
		    "<localizedMessage>deep down</localizedMessage>"
		    "</faultCause></ManagedObjectNotFoundFault></detail>"
		    "<faultstring>outside</faultstring></soapenv:Fault>");
	_codes(rig, ERR_NOTFOUND, ERR_NOTFOUND, "a fault without xsi:type");
	is_str(rig->fault.text, "deep down", "the innermost message");
	is_str(rig->fault.object.id, "vm-7", "the object it names");
}

static void _test_not_soap(struct rig *rig)
{
	static const char html[] = "<html><body>Service Unavailable</body>";

	_answer(rig, 503, html);
	_codes(rig, ERR_TRANSIENT, ERR_UNKNOWN, "503 with HTML");
	_answer(rig, 200, html);
	_codes(rig, ERR_TRANSIENT, ERR_UNKNOWN, "200 with HTML");
	_answer(rig, 500, "upstream connect error");
	_codes(rig, ERR_TRANSIENT, ERR_UNKNOWN, "500 with plain text");
	_answer(rig, 404, html);
	_codes(rig, ERR_CONFIG, ERR_CONFIG, "404");
	buf_reset(&rig->raw);
	canned_reply(&rig->raw, 302, "Location: http://127.0.0.1:1/\r\n", "",
		     0);
	_codes(rig, ERR_CONFIG, ERR_CONFIG, "a redirect is not followed");
	_answer(rig, 200, "");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "an empty reply");
	_answer(rig, 200, "<a><b/></a>");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "other XML");
	buf_reset(&rig->raw);
	canned_soap(&rig->raw, 200, "<LogoutResponse xmlns='urn:vim25'/>");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "the reply to another call");
	buf_reset(&rig->raw);
	canned_soap(&rig->raw, 200, "");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "an empty body");
	_answer(rig, 200, "<?xml version='1.0' encoding='UTF-16'?><a/>");
	_codes(rig, ERR_PROTOCOL, ERR_UNKNOWN, "a wrong charset");
	buf_reset(&rig->raw);
	buf_puts(&rig->raw, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
	_codes(rig, ERR_TRANSIENT, ERR_UNKNOWN, "another protocol");
}

/* Cut after every byte of the body, and after every byte of the whole. */
static void _test_cut(struct rig *rig)
{
	struct buf whole;
	const char *body;
	size_t len;
	unsigned bad = 0;

	buf_init(&whole, 65536);
	canned_soap(&whole, 200, RETURN);
	body = strstr(buf_str(&whole), "\r\n\r\n") + 4;
	len = whole.len - (size_t) (body - whole.data);
	for (size_t i = 0; i < len; i++) {
		buf_reset(&rig->raw);
		canned_reply(&rig->raw, 200, "", body, i);
		_call(rig, SOAP_CHANGE);
		bad += rig->err.code != ERR_UNKNOWN;
	}
	is_int(bad, 0, "a change's reply cut at every byte: UNKNOWN");
	buf_free(&whole);
}

static void _test_request(struct rig *rig)
{
	static const struct moref self = { "Folder", "group-<1>" };
	cleanup_soap_request struct soap_request request;
	struct err err = ERR_INIT;

	(void) rig;
	soap_begin(&request, SOAP_READ, "M", &self, "op&1");
	is_int(soap_end(&request, &err), 0, "a request");
	has_str(buf_str(&request.text),
		"<soapenv:Header><operationID>op&amp;1</operationID>"
		"</soapenv:Header><soapenv:Body><M xmlns=\"urn:vim25\">"
		"<_this type=\"Folder\">group-&lt;1&gt;</_this></M>",
		"operationID, escaped");
	soap_request_free(&request);
	soap_begin(&request, SOAP_READ, "M", &self, NULL);
	xml_put(&request.text, "a", "bell\a");
	is_int(soap_end(&request, &err), -1, "a control character");
	is_str(err_name(err.code), "FATAL", "is refused before it is sent");
}

int main(void)
{
	struct rig rig = { .loop = loop_create(NULL) };
	struct http_config config = { .connections = 1, .connect_ms = 5000,
				      .reply_max = 65536 };

	buf_init(&rig.raw, 1 << 20);
	rig.canned = canned_start(_serve, &rig.raw);
	config.url = canned_url(rig.canned);
	rig.http = http_create(rig.loop, &config, NULL);
	if (!rig.loop || !rig.http)
		bail_out("cannot start");
	_test_good(&rig);
	_test_faults(&rig);
	_test_not_soap(&rig);
	_test_cut(&rig);
	_test_request(&rig);
	http_destroy(rig.http);
	canned_stop(rig.canned);
	buf_free(&rig.raw);
	loop_destroy(rig.loop);
	return done_testing();
}
