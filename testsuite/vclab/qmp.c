/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qmp - see qmp.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "qmp.h"

#define QMP_LINE_MAX (256 * 1024)

struct qmp {
	int fd;
	struct loop_io *io;
	struct buf in;
	const struct qmp_handler *handler;
	void *arg;
	bool *gone;	/* set when destroyed within a callback */
};

/* The text of an "error" object, or of what should have been one. */
static const char *_why(const struct json *error)
{
	const char *text = json_str(json_get(error, "desc"));

	return text ? text : "no description";
}

static void _dispatch(struct qmp *qmp, const struct json *message)
{
	const char *event = json_str(json_get(message, "event"));
	const struct json *error = json_get(message, "error");

	if (event)
		qmp->handler->event(qmp->arg, event,
				    json_get(message, "data"));
	else if (error)
		qmp->handler->reply(qmp->arg, _why(error));
	else if (json_get(message, "return"))
		qmp->handler->reply(qmp->arg, NULL);
	else if (json_get(message, "QMP"))
		qmp->handler->ready(qmp->arg);
}

/* Hand on all whole lines; stops when a callback destroyed us. */
static void _lines(struct qmp *qmp)
{
	bool gone = false;
	char *end;

	qmp->gone = &gone;
	while (qmp->in.len > 0) {
		cleanup_json struct json *message = NULL;
		size_t len;

		end = memchr(qmp->in.data, '\n', qmp->in.len);
		if (!end)
			break;
		len = (size_t) (end - qmp->in.data);
		message = json_parse(qmp->in.data, len, NULL);
		buf_consume(&qmp->in, len + 1);
		if (message)
			_dispatch(qmp, message);
		if (gone)
			return;
	}
	qmp->gone = NULL;
}

static void _readable(int fd, unsigned events, void *arg)
{
	struct qmp *qmp = arg;
	char chunk[4096];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	(void) events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* QEMU's end is told by its process. */
		(void) loop_io_set(qmp->io, 0);
		loop_io_destroy(qmp->io);
		qmp->io = NULL;
		return;
	}
	buf_add(&qmp->in, chunk, (size_t) n);
	_lines(qmp);
}

struct qmp *qmp_create(struct loop *loop, int fd,
		       const struct qmp_handler *handler, void *arg,
		       struct err *err)
{
	struct qmp *qmp = calloc(1, sizeof(*qmp));

	if (!qmp) {
		(void) close(fd);
		err_nomem(err);
		return NULL;
	}
	qmp->fd = fd;
	qmp->handler = handler;
	qmp->arg = arg;
	buf_init(&qmp->in, QMP_LINE_MAX);
	qmp->io = loop_io_create(loop, fd, LOOP_READ, _readable, qmp, err);
	if (!qmp->io) {
		qmp_destroy(qmp);
		return NULL;
	}
	return qmp;
}

void qmp_destroy(struct qmp *qmp)
{
	if (!qmp)
		return;
	if (qmp->gone)
		*qmp->gone = true;
	loop_io_destroy(qmp->io);
	(void) close(qmp->fd);
	buf_free(&qmp->in);
	free(qmp);
}

int qmp_send(struct qmp *qmp, const char *line, struct err *err)
{
	struct buf out;
	ssize_t n;

	buf_init(&out, QMP_LINE_MAX);
	buf_printf(&out, "%s\n", line);
	n = buf_ok(&out, "QMP command", err) < 0 ? 0 :
		send(qmp->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n != (ssize_t) out.len)
		err_errno(err, ERR_FATAL, errno, "QMP");
	n -= (ssize_t) out.len;
	buf_free(&out);
	return n == 0 ? 0 : -1;
}
