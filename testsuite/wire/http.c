/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport: what is sent, what is refused, and above all that nothing
 * is sent twice.
 */
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/vim25/http.h"
#include "await.h"
#include "canned.h"
#include "tap.h"

/* What a server does with the requests of one test. */
struct script {
	unsigned die_on;	/* n-th request of a connection: executed, no
				 * reply; 0: never */
	bool die_in_reply;	/* ... but half a reply */
	bool hold;		/* never answer */
	unsigned executed;
	char head[4096];	/* of the last request */
	const char *headers;
	size_t size;		/* of the reply's body */
};

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct script *script = arg;
	cleanup_free char *body = calloc(1, script->size + 1);

	script->executed++;
	snprintf(script->head, sizeof(script->head), "%s", request->head);
	if (script->hold)
		return CANNED_HOLD;
	if (script->die_on && request->on_connection + 1 == script->die_on) {
		if (script->die_in_reply)
			buf_puts(reply, "HTTP/1.1 200 OK\r\n"
				 "Content-Length: 100\r\n\r\nhalf");
		return CANNED_CLOSE;
	}
	memset(body, 'x', script->size);
	canned_reply(reply, 200, script->headers ? script->headers : "", body,
		     script->size);
	return CANNED_KEEP;
}

struct outcome {
	unsigned count, failed;
	struct err err;
	long status;
	size_t len;
	struct http **destroy;	/* destroy it in the callback */
	struct http_call **cancel;
};

static void _done(const struct http_reply *reply, const struct err *err,
		  void *arg)
{
	struct outcome *outcome = arg;

	outcome->count++;
	if (err) {
		outcome->failed++;
		outcome->err = *err;
	} else {
		outcome->status = reply->status;
		outcome->len = reply->len;
	}
	if (outcome->cancel)
		http_cancel(steal_ptr(outcome->cancel));
	if (outcome->destroy)
		http_destroy(steal_ptr(outcome->destroy));
}

static struct http *_client(struct loop *loop, const char *url,
			    unsigned connections)
{
	struct http_config config = {
		.url = url, .connections = connections,
		.reply_max = 64 * 1024, .connect_ms = 5000,
	};
	struct err err = ERR_INIT;
	struct http *http = http_create(loop, &config, &err);

	if (!http)
		bail_out("%s", err.text);
	return http;
}

static struct http_call *_post(struct http *http, const char *body,
			       bool repeatable, struct outcome *outcome)
{
	struct http_request request = {
		.action = "\"urn:vim25/6.7\"", .body = body,
		.len = strlen(body), .timeout_ms = 10000,
		.repeatable = repeatable, .takes_cookie = true,
	};

	return http_send(http, &request, _done, outcome, NULL);
}

static void _test_reply_lost(struct loop *loop, bool half)
{
	struct script script = { .die_on = 2, .die_in_reply = half };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };

	_post(http, "first", false, &outcome);
	await(loop, &outcome.count, 1);
	is_int(outcome.status, 200, "the first call opens the connection");
	_post(http, "change", false, &outcome);
	await(loop, &outcome.count, 2);
	is_str(err_name(outcome.err.code), "UNKNOWN",
	       half ? "half a reply on a kept connection: UNKNOWN"
		    : "no reply on a kept connection: UNKNOWN");
	is_int(canned_count(canned), 2, "and the server saw it exactly once");
	_post(http, "again", false, &outcome);
	await(loop, &outcome.count, 3);
	is_int(outcome.failed, 1, "the next call has a new connection");
	canned_stop(canned);
}

static void _test_repeatable(struct loop *loop)
{
	struct script script = { .die_on = 2 };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };

	_post(http, "first", true, &outcome);
	await(loop, &outcome.count, 1);
	_post(http, "read", true, &outcome);
	await(loop, &outcome.count, 2);
	is_int(outcome.failed, 0, "a read survives a dead kept connection");
	is_int(canned_count(canned), 3, "by a second try");
	canned_stop(canned);
	_post(http, "read", true, &outcome);
	await(loop, &outcome.count, 3);
	is_str(err_name(outcome.err.code), "TRANSIENT", "nobody there");
	_post(http, "change", false, &outcome);
	await(loop, &outcome.count, 4);
	is_str(err_name(outcome.err.code), "TRANSIENT",
	       "a change that was not sent has not happened");
}

static void _test_timeout(struct loop *loop)
{
	struct script script = { .hold = true };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };
	struct http_request request = { .body = "b", .len = 1,
					.timeout_ms = 100 };

	http_send(http, &request, _done, &outcome, NULL);
	await(loop, &outcome.count, 1);
	is_str(err_name(outcome.err.code), "UNKNOWN",
	       "a change without an answer in time: UNKNOWN");
	request.repeatable = true;
	http_send(http, &request, _done, &outcome, NULL);
	await(loop, &outcome.count, 2);
	is_str(err_name(outcome.err.code), "TRANSIENT",
	       "a read without an answer in time: TRANSIENT");
	canned_stop(canned);
}

static void _test_bounds(struct loop *loop)
{
	struct script script = { .size = 64 * 1024 };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 2);
	struct outcome outcome = { .count = 0 };

	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 1);
	is_int((int64_t) outcome.len, 64 * 1024, "the largest reply");
	script.size = 10 * 1024 * 1024;
	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 2);
	is_str(err_name(outcome.err.code), "PROTOCOL", "10 MiB: refused");
	_post(http, "b", false, &outcome);
	await(loop, &outcome.count, 3);
	is_str(err_name(outcome.err.code), "UNKNOWN",
	       "10 MiB to a change: UNKNOWN");
	canned_stop(canned);
}

/* As many x as a reply may have, packed with gzip; and one more. */
static const unsigned char packed[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
	0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x80, 0x90, 0xdb,
	0xcd, 0xef, 0x08, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6a, 0x9a, 0x58,
	0xb4, 0x2c, 0x00, 0x00, 0x01, 0x00,
};
static const unsigned char packed_more[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
	0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x82, 0xa0, 0xdb,
	0xce, 0xaf, 0x21, 0x40, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x0d, 0x81,
	0xd8, 0x2a, 0x9c, 0x01, 0x00, 0x01, 0x00,
};

static enum canned_act _pack(const struct canned_request *request,
			     struct buf *reply, void *arg)
{
	const unsigned *more = arg;
	const void *bytes = *more ? packed_more : packed;
	size_t len = *more ? sizeof(packed_more) : sizeof(packed);

	(void) request;
	canned_reply(reply, 200, "Content-Encoding: gzip\r\n", bytes, len);
	return CANNED_KEEP;
}

static void _test_packed(struct loop *loop)
{
	unsigned more = 0;
	struct canned *canned = canned_start(_pack, &more);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };

	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 1);
	is_int((int64_t) outcome.len, 65536, "a packed reply is unpacked");
	more = 1;
	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 2);
	is_str(err_name(outcome.err.code), "PROTOCOL",
	       "and bounded by what it unpacks to");
	canned_stop(canned);
}

static void _test_headers(struct loop *loop)
{
	struct script script = {
		.headers = "Set-Cookie: other=1; Path=/\r\n"
			   "set-cookie: vmware_soap_session=\"abc-1\"; Path=/;"
			   " HttpOnly; Secure;\r\n",
	};
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };

	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 1);
	ok(!strstr(script.head, "Cookie:"), "no cookie at first");
	ok(!strstr(script.head, "Expect:"), "no Expect");
	has_str(script.head, "POST /sdk HTTP/1.1\r\n", "HTTP/1.1");
	has_str(script.head, "SOAPAction: \"urn:vim25/6.7\"\r\n", "action");
	has_str(script.head, "Content-Type: text/xml; charset=UTF-8\r\n",
		"content type");
	has_str(script.head, "Accept-Encoding: gzip\r\n", "gzip");
	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 2);
	has_str(script.head, "Cookie: vmware_soap_session=\"abc-1\"\r\n",
		"the session's cookie alone");
	ok(!strstr(script.head, "other"), "no other cookie");
	http_forget(http);
	script.headers = "Location: http://127.0.0.1:1/\r\n";
	_post(http, "b", true, &outcome);
	await(loop, &outcome.count, 3);
	ok(!strstr(script.head, "Cookie:"), "forgotten");
	canned_stop(canned);
}

static void _test_many(struct loop *loop)
{
	struct script script = { .size = 10 };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 4);
	struct outcome outcome = { .count = 0 };

	for (int i = 0; i < 500; i++)
		_post(http, "b", false, &outcome);
	await(loop, &outcome.count, 500);
	is_int(outcome.failed, 0, "500 calls over 4 connections");
	is_int(script.executed, 500, "each once");
	canned_stop(canned);
}

static void _test_cancel(struct loop *loop)
{
	struct script script = { .size = 10 };
	struct canned *canned = canned_start(_serve, &script);
	struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 }, other = { .count = 0 };
	struct http_call *call;

	_post(http, "a", false, &outcome);
	call = _post(http, "b", false, &other);
	outcome.cancel = &call;
	await(loop, &outcome.count, 1);
	await_quiet(loop, 30);
	is_int(other.count, 0, "cancelled in another call's callback");

	call = _post(http, "c", false, &other);
	http_cancel(call);
	outcome.cancel = NULL;
	outcome.destroy = &http;
	_post(http, "d", false, &outcome);
	_post(http, "e", false, &other);
	await(loop, &outcome.count, 2);
	await_quiet(loop, 30);
	is_int(other.count, 0, "destroyed in a callback: no more callbacks");
	canned_stop(canned);
}

/* --- a name server that does not answer --- */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned asked;		/* begun */
	unsigned over;		/* ended, since nobody let it go */
	bool go;
} names = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0,
	    false };

/* In the place of the C library's, for libcurl's threads: all names that are
 * asked for here are unknown. */
int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **found)
{
	struct timespec until;
	int rc = 0;

	(void) name;
	(void) service;
	(void) hints;
	*found = NULL;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&names.mutex);
	names.asked++;
	pthread_cond_broadcast(&names.cond);
	while (!names.go && !rc)
		rc = pthread_cond_timedwait(&names.cond, &names.mutex,
					    &until);
	names.over += rc != 0;
	pthread_mutex_unlock(&names.mutex);
	return EAI_AGAIN;
}

static unsigned _over(void)
{
	unsigned over;

	pthread_mutex_lock(&names.mutex);
	over = names.over;
	pthread_mutex_unlock(&names.mutex);
	return over;
}

/* Turn the loop until so many names have been asked for. */
static void _await_asked(struct loop *loop, unsigned want)
{
	unsigned asked = 0;

	for (int i = 0; i < 2000 && asked < want; i++) {
		(void) loop_turn(loop, 10000, NULL);
		pthread_mutex_lock(&names.mutex);
		asked = names.asked;
		pthread_mutex_unlock(&names.mutex);
	}
	is_int(asked, want, "the name server is asked");
}

/* libcurl asks in a thread of its own, and must not wait for that. */
static void _test_name_server(struct loop *loop)
{
	struct http_config config = {
		.url = "https://vc.example.org/sdk", .connections = 2,
		.reply_max = 1024, .connect_ms = 300,
	};
	struct http *http = http_create(loop, &config, NULL);
	struct outcome outcome = { .count = 0 };
	struct http_call *call;

	if (!http)
		bail_out("no client");
	_post(http, "a", false, &outcome);
	await(loop, &outcome.count, 1);
	is_str(err_name(outcome.err.code), "TRANSIENT",
	       "no answer from the name server: not sent");
	is_int(_over(), 0, "and the loop does not wait for one");
	http_destroy(http);

	config.connect_ms = 30000;
	http = http_create(loop, &config, NULL);
	if (!http)
		bail_out("no client");
	call = _post(http, "b", false, &outcome);
	_await_asked(loop, 2);
	http_cancel(call);
	is_int(_over(), 0, "nor does it when the call is cancelled");
	_post(http, "c", false, &outcome);
	_await_asked(loop, 3);
	http_destroy(http);
	is_int(_over(), 0, "nor at the end");
	is_int(outcome.count, 1, "which tells nobody");
	pthread_mutex_lock(&names.mutex);
	names.go = true;
	pthread_cond_broadcast(&names.cond);
	pthread_mutex_unlock(&names.mutex);
}

/* --- sockets that cannot be watched -------------------------------------- */

struct loop_io *__wrap_loop_io_create(struct loop *loop, int fd,
				      unsigned events,
				      void (*cb)(int fd, unsigned events,
						 void *arg),
				      void *arg, struct err *err);
struct loop_io *__real_loop_io_create(struct loop *loop, int fd,
				      unsigned events,
				      void (*cb)(int fd, unsigned events,
						 void *arg),
				      void *arg, struct err *err);

static bool blind;

struct loop_io *__wrap_loop_io_create(struct loop *loop, int fd,
				      unsigned events,
				      void (*cb)(int fd, unsigned events,
						 void *arg),
				      void *arg, struct err *err)
{
	if (!blind)
		return __real_loop_io_create(loop, fd, events, cb, arg, err);
	err_nomem(err);
	return NULL;
}

static void _test_blind(struct loop *loop)
{
	struct script script = { 0 };
	struct canned *canned = canned_start(_serve, &script);
	cleanup_http struct http *http = _client(loop, canned_url(canned), 1);
	struct outcome outcome = { .count = 0 };
	struct http_request request = { .action = "a", .body = "b", .len = 1,
					.timeout_ms = 100 };

	blind = true;
	http_send(http, &request, _done, &outcome, NULL);
	await(loop, &outcome.count, 1);
	is_int(outcome.failed, 1, "a socket that cannot be watched is in "
	       "vain");
	blind = false;
	_post(http, "later", false, &outcome);
	await(loop, &outcome.count, 2);
	is_int(outcome.status, 200, "the next one is not");
	canned_stop(canned);
}

static void _url_is(struct loop *loop, const char *url, bool good)
{
	struct http_config config = { .url = url, .connections = 1,
				      .reply_max = 1, .connect_ms = 1 };
	struct err err = ERR_INIT;
	cleanup_http struct http *http = http_create(loop, &config, &err);

	ok(good ? http != NULL : !http && err.code == ERR_CONFIG, "%s: %s",
	   url, good ? "taken" : err.text);
}

static void _test_urls(struct loop *loop)
{
	_url_is(loop, "https://vc.example.org/sdk", true);
	_url_is(loop, "https://[2001:db8::1]:8443/sdk", true);
	_url_is(loop, "http://127.0.0.1:8989/sdk", true);
	_url_is(loop, "http://[::1]:8989/sdk", true);
	_url_is(loop, "http://vc.example.org/sdk", false);
	_url_is(loop, "http://127.0.0.1.example.org/sdk", false);
	_url_is(loop, "https://vc.example.org", false);
	_url_is(loop, "https:///sdk", false);
	_url_is(loop, "https://user:secret@vc.example.org/sdk", false);
	_url_is(loop, "ftp://vc.example.org/sdk", false);
	_url_is(loop, "vc.example.org", false);
}

int main(void)
{
	cleanup_loop struct loop *loop = loop_create(NULL);

	if (!loop)
		bail_out("no loop");
	_test_reply_lost(loop, false);
	_test_reply_lost(loop, true);
	_test_repeatable(loop);
	_test_timeout(loop);
	_test_bounds(loop);
	_test_packed(loop);
	_test_headers(loop);
	_test_many(loop);
	_test_cancel(loop);
	_test_blind(loop);
	_test_urls(loop);
	_test_name_server(loop);
	return done_testing();
}
