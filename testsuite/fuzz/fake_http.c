/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/queue.h>

#include "common/vim25/http.h"
#include "fake_http.h"
#include "fuzz.h"

struct http_call {
	struct http_request request;
	http_done_fn *done;
	void *arg;
	TAILQ_ENTRY(http_call) link;
};

struct http {
	uint64_t count;
};

static TAILQ_HEAD(, http_call) calls = TAILQ_HEAD_INITIALIZER(calls);

struct http *http_create(struct loop *loop, const struct http_config *config,
			 struct err *err)
{
	(void) loop;
	(void) config;
	(void) err;
	return calloc(1, sizeof(struct http));
}

void http_destroy(struct http *http)
{
	free(http);
}

struct http_call *http_send(struct http *http,
			    const struct http_request *request,
			    http_done_fn *done, void *arg, struct err *err)
{
	struct http_call *call = calloc(1, sizeof(*call));

	(void) err;
	fuzz_must(call != NULL);
	*call = (struct http_call) { *request, done, arg, { 0 } };
	TAILQ_INSERT_TAIL(&calls, call, link);
	http->count++;
	return call;
}

void http_cancel(struct http_call *call)
{
	if (!call)
		return;
	TAILQ_REMOVE(&calls, call, link);
	free(call);
}

void http_forget(struct http *http)
{
	(void) http;
}

uint64_t http_count(const struct http *http)
{
	return http->count;
}

bool fake_http_next(const char **body)
{
	const struct http_call *call = TAILQ_FIRST(&calls);

	if (call)
		*body = call->request.body;
	return call != NULL;
}

void fake_http_answer(const char *text, size_t len)
{
	struct http_call *call = TAILQ_FIRST(&calls);
	struct http_reply reply = { .status = 200, .body = text,
				    .len = len };

	TAILQ_REMOVE(&calls, call, link);
	call->done(&reply, NULL, call->arg);
	free(call);
}
