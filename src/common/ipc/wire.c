/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wire - blocking calls for small programs; server.c has the event loop. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "wire.h"

struct json *wire_request(const char *verb, struct err *err)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || json_put_int(json, "v", WIRE_VERSION) ||
	    json_put_str(json, "verb", verb)) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&json);
}

int wire_put_error(struct json *reply, const struct err *failure)
{
	cleanup_json struct json *error = json_new_object();

	if (!error || json_put_str(error, "code", err_name(failure->code)) ||
	    json_put_str(error, "text", failure->text))
		return -1;
	return json_put(reply, "error", steal_ptr(&error));
}

int wire_get_error(const struct json *reply, struct err *err)
{
	const struct json *error = json_get(reply, "error");
	const char *name = NULL, *text = NULL;
	int code;

	if (!error)
		return 0;
	if (json_get_str(error, "code", &name, err) ||
	    json_get_str(error, "text", &text, err))
		return -1;
	code = err_code_of(name);
	if (code <= ERR_NONE)
		return err_set(err, ERR_PROTOCOL,
			       "unknown error code \"%.40s\": %s", name, text);
	return err_set(err, (enum err_code) code, "%s", text);
}

static int _connect_error(const char *path, int errnum, struct err *err)
{
	enum err_code code = ERR_TRANSIENT;

	if (errnum == EACCES || errnum == EPERM)
		code = ERR_AUTH;
	return err_errno(err, code, errnum, "connect to scloned at %s", path);
}

/* A full queue of an overloaded listener is EAGAIN at once. */
static int _connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_close int fd = -1;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_CONFIG, "socket path too long: %s",
			       path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "socket");
	if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
		return _connect_error(path, errno, err);
	return steal_fd(&fd);
}

/* Wait for events; -1 at the deadline (ETIMEDOUT) or on failure. */
static int _await(int fd, short events, int64_t deadline_us)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left_us, left_ms;
	int n;

	do {
		left_us = deadline_us - clock_mono_us();
		if (left_us <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		/* Rounded up: never late before the deadline. */
		left_ms = (left_us - 1) / CLOCK_US_PER_MS + 1;
		n = poll(&pfd, 1, left_ms > INT_MAX ? INT_MAX : (int) left_ms);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

/* deadline_us < 0: do not wait at all. */
static int _send(int fd, const struct buf *line, int64_t deadline_us,
		 struct err *err)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = send(fd, line->data + sent, line->len - sent,
				 MSG_NOSIGNAL);

		if (n > 0) {
			sent += (size_t) n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN || deadline_us < 0 ||
		    _await(fd, POLLOUT, deadline_us))
			return err_errno(err, ERR_TRANSIENT, errno,
					 "send to scloned");
	}
	return 0;
}

static int _print(const struct json *request, struct buf *line,
		  struct err *err)
{
	json_print(request, line);
	buf_putc(line, '\n');
	return buf_ok(line, "the request", err);
}

/* Up to the first newline, which is dropped. */
static int _receive(int fd, struct buf *line, int64_t deadline_us,
		    struct err *err)
{
	char chunk[16384];
	const char *end = NULL;

	while (!end) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN &&
		    !_await(fd, POLLIN, deadline_us))
			continue;
		if (n < 0)
			return err_errno(err, ERR_UNKNOWN, errno,
					 "no reply from scloned");
		if (n == 0)
			return err_set(err, ERR_UNKNOWN,
				       "scloned hung up without a reply");
		end = memchr(chunk, '\n', (size_t) n);
		buf_add(line, chunk, end ? (size_t) (end - chunk)
					 : (size_t) n);
		if (line->failed)
			return err_set(err, ERR_PROTOCOL,
				       "scloned's reply is too long");
	}
	return 0;
}

static struct json *_parse_reply(const struct buf *line, struct err *err)
{
	cleanup_json struct json *reply = NULL;
	int64_t version;

	reply = json_parse(buf_str(line), line->len, err);
	if (!reply || json_get_int(reply, "v", WIRE_VERSION, WIRE_VERSION,
				   &version, err)) {
		err_wrap(err, "scloned's reply");
		return NULL;
	}
	if (wire_get_error(reply, err))
		return NULL;
	return steal_ptr(&reply);
}

struct json *wire_call(const char *path, const struct json *request,
		       int64_t deadline_us, struct err *err)
{
	cleanup_buf struct buf line;
	cleanup_close int fd = -1;
	struct err unsent = ERR_INIT;

	buf_init(&line, WIRE_REPLY_MAX);
	if (_print(request, &line, err))
		return NULL;
	fd = _connect(path, err);
	if (fd < 0)
		return NULL;
	(void) _send(fd, &line, deadline_us, &unsent);
	buf_reset(&line);
	if (!unsent.code && _receive(fd, &line, deadline_us, err))
		return NULL;
	/* A server that hung up on us may have said why before. */
	if (unsent.code && _receive(fd, &line, 0, NULL)) {
		err_set(err, unsent.code, "%s", unsent.text);
		return NULL;
	}
	return _parse_reply(&line, err);
}

int wire_poke(const char *path, const struct json *request, struct err *err)
{
	cleanup_buf struct buf line;
	cleanup_close int fd = -1;

	buf_init(&line, WIRE_FRAME_MAX);
	if (_print(request, &line, err))
		return -1;
	fd = _connect(path, err);
	if (fd < 0)
		return -1;
	return _send(fd, &line, -1, err);
}
