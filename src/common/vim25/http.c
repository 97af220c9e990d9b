/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each lane is a curl multi handle with a fixed set of transfers, the
 * slots; calls wait in the lane's own queue for a slot, so that their time
 * limit starts when they do. libcurl tells which sockets and what time-out
 * to watch; the loop calls back; finished transfers are taken off afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "transfer.h"
#include "url.h"
#include "http.h"

#define REPLY_KEEP (256 * 1024)	/* larger reply buffers are given back */

struct slot {
	struct lane *lane;
	struct http_call *call;	/* NULL: free */
	struct transfer transfer;
};

struct lane {
	struct http *http;
	CURLM *multi;
	struct loop_timer *timer;
	struct slot *slots;
	unsigned n_slots;
	struct http_call *first, *last;	/* waiting */
	size_t waiting;
};

struct http_call {
	struct lane *lane;
	struct slot *slot;	/* NULL while waiting */
	struct http_call *next, *prev;
	struct http_request request;
	http_done_fn *done;
	void *arg;
};

struct http {
	struct loop *loop;
	struct http_config config;	/* strings owned */
	char *origin;			/* "https://host:port" */
	char cookie[TRANSFER_COOKIE_SIZE];
	struct lane lanes[HTTP_LANES];
	struct loop_timer *kick;
	uint64_t count;
	unsigned busy;	/* inside this many callbacks */
	bool doomed;	/* destroyed inside one of them */
};

/* A socket libcurl asked to watch. */
struct watch {
	struct lane *lane;
	struct loop_io *io;
};


static void _unlink(struct http_call *call)
{
	struct lane *lane = call->lane;

	if (call->prev)
		call->prev->next = call->next;
	else
		lane->first = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		lane->last = call->prev;
	call->next = call->prev = NULL;
	lane->waiting--;
}

static void _enqueue(struct http_call *call)
{
	struct lane *lane = call->lane;
	bool first = call->request.first;

	call->prev = first ? NULL : lane->last;
	call->next = first ? lane->first : NULL;
	if (call->prev)
		call->prev->next = call;
	else
		lane->first = call;
	if (call->next)
		call->next->prev = call;
	else
		lane->last = call;
	lane->waiting++;
}

static struct slot *_free_slot(struct lane *lane)
{
	for (unsigned i = 0; i < lane->n_slots; i++)
		if (!lane->slots[i].call)
			return &lane->slots[i];
	return NULL;
}

/* Take the call off its slot and report how it ended. */
static void _finish(struct slot *slot, CURLcode code)
{
	struct transfer *transfer = &slot->transfer;
	struct http *http = slot->lane->http;
	struct http_call *call = slot->call;
	struct http_reply reply = { .body = buf_str(&transfer->reply),
				    .len = transfer->reply.len };
	struct err err = ERR_INIT;
	bool good = code == CURLE_OK;

	if (good)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
				  &reply.status);
	else
		transfer_error(transfer, code, &err);
	/* The slot stays taken until its reply has been read. */
	http->busy++;
	call->done(good ? &reply : NULL, good ? NULL : &err, call->arg);
	http->busy--;
	free(call);
	slot->call = NULL;
	transfer->again = false;
	if (transfer->reply.cap > REPLY_KEEP)
		buf_free(&transfer->reply);
}

static CURLcode _submit(struct slot *slot)
{
	slot->lane->http->count++;
	return transfer_start(&slot->transfer, slot->lane->multi,
			      &slot->call->request);
}

/* Give waiting calls to free slots. */
static void _fill(struct lane *lane)
{
	struct slot *slot = _free_slot(lane);
	CURLcode rc;

	while (slot && lane->first && !lane->http->doomed) {
		slot->call = lane->first;
		_unlink(slot->call);
		slot->call->slot = slot;
		rc = _submit(slot);
		if (rc != CURLE_OK)
			_finish(slot, rc);
		slot = _free_slot(lane);
	}
}

static void _complete(struct slot *slot, CURLcode code)
{
	struct transfer *transfer = &slot->transfer;

	curl_multi_remove_handle(slot->lane->multi, transfer->easy);
	if (transfer_died(code) && transfer->request->repeatable &&
	    !transfer->again) {
		transfer->again = true;
		code = _submit(slot);
		if (code == CURLE_OK)
			return;
	}
	_finish(slot, code);
}

static void _release(struct http *http);

/* Report what has finished in this lane. */
static void _reap(struct lane *lane)
{
	CURLMsg *msg;
	CURLcode code;
	void *slot;
	int left;

	while (!lane->http->doomed) {
		msg = curl_multi_info_read(lane->multi, &left);
		if (!msg)
			break;
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &slot);
		_complete(slot, code);
	}
}

/* Let libcurl act on a socket or a time-out, report what finished, and
 * start what waits. The client may be gone afterwards. */
static void _act(struct lane *lane, curl_socket_t fd, int mask)
{
	struct http *http = lane->http;
	int running;

	http->busy++;
	curl_multi_socket_action(lane->multi, fd, mask, &running);
	_reap(lane);
	for (int i = 0; i < HTTP_LANES; i++)
		_fill(&http->lanes[i]);
	http->busy--;
	if (http->doomed && !http->busy)
		_release(http);
}

/* --- libcurl and the loop --- */

static void _on_socket(int fd, unsigned events, void *arg)
{
	struct watch *watch = arg;
	struct lane *lane = watch->lane;
	int mask = 0;

	if (events & LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	if (events & LOOP_HANGUP)
		mask |= CURL_CSELECT_IN | CURL_CSELECT_ERR;
	/* The watch may be gone after this. */
	_act(lane, fd, mask);
}

static void _on_timeout(void *arg)
{
	_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* Calls came while nothing of libcurl's was going on. */
static void _on_kick(void *arg)
{
	struct http *http = arg;

	http->busy++;
	for (int i = 0; i < HTTP_LANES; i++)
		_fill(&http->lanes[i]);
	http->busy--;
	if (http->doomed && !http->busy)
		_release(http);
}

static int _watch_timer(CURLM *multi, long ms, void *arg)
{
	struct lane *lane = arg;

	(void) multi;
	if (ms < 0)
		loop_timer_stop(lane->timer);
	else
		loop_timer_set(lane->timer, ms * (int64_t) 1000);
	return 0;
}

static struct watch *_watch_create(struct lane *lane, int fd, unsigned events)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->lane = lane;
	watch->io = loop_io_create(lane->http->loop, fd, events, _on_socket,
				   watch, NULL);
	if (!watch->io) {
		free(watch);
		return NULL;
	}
	return watch;
}

static int _watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
			 void *socket_arg)
{
	struct lane *lane = arg;
	struct watch *watch = socket_arg;
	unsigned events = 0;

	(void) easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch) {
			loop_io_destroy(watch->io);
			free(watch);
		}
		curl_multi_assign(lane->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		events |= LOOP_WRITE;
	/* What cannot be watched ends by its time limit: libcurl would give
	 * up the lane for ever if it were told. */
	if (watch) {
		(void) loop_io_set(watch->io, events);
		return 0;
	}
	watch = _watch_create(lane, fd, events);
	if (watch)
		curl_multi_assign(lane->multi, fd, watch);
	return 0;
}

/* --- set up and tear down --- */

static int _set_multi(struct lane *lane)
{
	CURLM *multi = lane->multi;
	int rc = CURLM_OK;

	rc |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, _watch_socket);
	rc |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, lane);
	rc |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, _watch_timer);
	rc |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, lane);
	rc |= curl_multi_setopt(multi, CURLMOPT_PIPELINING,
				(long) CURLPIPE_NOTHING);
	rc |= curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
				(long) lane->n_slots);
	rc |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
				(long) lane->n_slots);
	return rc == CURLM_OK ? 0 : -1;
}

static int _lane_init(struct lane *lane, struct http *http, unsigned slots,
		      struct err *err)
{
	struct slot *slot;

	lane->http = http;
	lane->timer = loop_timer_create(http->loop, _on_timeout, lane, err);
	if (!lane->timer)
		return -1;
	lane->slots = calloc(slots, sizeof(*lane->slots));
	lane->multi = curl_multi_init();
	if (!lane->slots || !lane->multi)
		return err_nomem(err);
	while (lane->n_slots < slots) {
		slot = &lane->slots[lane->n_slots++];
		slot->lane = lane;
		if (transfer_init(&slot->transfer, &http->config,
				  http->origin, http->cookie, err))
			return -1;
		curl_easy_setopt(slot->transfer.easy, CURLOPT_PRIVATE, slot);
	}
	if (_set_multi(lane))
		return err_set(err, ERR_FATAL, "libcurl refuses its settings");
	return 0;
}

static void _lane_done(struct lane *lane)
{
	struct http_call *call;

	for (struct slot *slot = lane->slots;
	     slot < lane->slots + lane->n_slots; slot++) {
		if (slot->call)
			curl_multi_remove_handle(lane->multi,
						 slot->transfer.easy);
		transfer_done(&slot->transfer);
		free(slot->call);
	}
	while (lane->first) {
		call = lane->first;
		_unlink(call);
		free(call);
	}
	free(lane->slots);
	curl_multi_cleanup(lane->multi);
	loop_timer_destroy(lane->timer);
}

static void _release(struct http *http)
{
	for (int i = 0; i < HTTP_LANES; i++)
		_lane_done(&http->lanes[i]);
	loop_timer_destroy(http->kick);
	http_forget(http);
	free(http->origin);
	free((char *) http->config.url);
	free((char *) http->config.ca_file);
	free((char *) http->config.pin);
	free(http);
}

void http_destroy(struct http *http)
{
	if (!http)
		return;
	http->doomed = true;
	if (!http->busy)
		_release(http);
}

static int _copy(const char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -1 : 0;
}

static int _configure(struct http *http, const struct http_config *config,
		      struct err *err)
{
	http->config = *config;
	http->config.url = http->config.ca_file = http->config.pin = NULL;
	http->origin = strndup(config->url, (size_t) (url_path(config->url) -
						     config->url));
	if (!http->origin || _copy(&http->config.url, config->url) ||
	    _copy(&http->config.ca_file, config->ca_file) ||
	    _copy(&http->config.pin, config->pin))
		return err_nomem(err);
	return 0;
}

struct http *http_create(struct loop *loop, const struct http_config *config,
			 struct err *err)
{
	cleanup_http struct http *http = NULL;

	if (url_check(config->url, err))
		return NULL;
	if (!config->connections ||
	    config->connections > HTTP_CONNECTIONS_MAX) {
		err_set(err, ERR_CONFIG, "1..%d connections",
			HTTP_CONNECTIONS_MAX);
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_FATAL, "libcurl does not start");
		return NULL;
	}
	http = calloc(1, sizeof(*http));
	if (!http) {
		err_nomem(err);
		return NULL;
	}
	http->loop = loop;
	http->kick = loop_timer_create(loop, _on_kick, http, err);
	if (!http->kick || _configure(http, config, err) ||
	    _lane_init(&http->lanes[HTTP_CALL], http, config->connections,
		       err) ||
	    _lane_init(&http->lanes[HTTP_POLL], http, 1, err))
		return NULL;
	return steal_ptr(&http);
}

/* --- calls --- */

struct http_call *http_send(struct http *http,
			    const struct http_request *request,
			    http_done_fn *done, void *arg, struct err *err)
{
	struct lane *lane = &http->lanes[request->lane];
	struct http_call *call;

	if (lane->waiting >= HTTP_QUEUE_MAX) {
		err_set(err, ERR_BUSY, "%d requests are waiting already",
			HTTP_QUEUE_MAX);
		return NULL;
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		err_nomem(err);
		return NULL;
	}
	*call = (struct http_call) { .lane = lane, .request = *request,
				     .done = done, .arg = arg };
	if (!request->path)
		call->request.path = url_path(http->config.url);
	_enqueue(call);
	/* Inside a callback the queue is looked at when it returns. */
	if (!http->busy)
		loop_timer_set(http->kick, 0);
	return call;
}

void http_cancel(struct http_call *call)
{
	if (!call)
		return;
	if (call->slot) {
		curl_multi_remove_handle(call->lane->multi,
					 call->slot->transfer.easy);
		call->slot->call = NULL;
		call->slot->transfer.again = false;
	} else {
		_unlink(call);
	}
	/* A slot is free: the next call may go. */
	if (!call->lane->http->busy)
		loop_timer_set(call->lane->http->kick, 0);
	free(call);
}

void http_forget(struct http *http)
{
	explicit_bzero(http->cookie, sizeof(http->cookie));
}

uint64_t http_count(const struct http *http)
{
	return http->count;
}
