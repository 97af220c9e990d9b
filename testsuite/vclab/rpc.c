/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpc - see rpc.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "rpc.h"

#define KEY_MAX 256
#define PENDING_MAX (4 * RPC_LINE_MAX)

struct rpc {
	const struct guest_lab *lab;
	struct guest_vm *vm;
	int fd;
	struct loop_io *io;
	struct buf in;
	struct buf out;
	bool skipping;		/* the rest of a line that was too long */
	void (*closed)(struct rpc *rpc, void *arg);
	void *arg;
};

static int _flush(struct rpc *rpc)
{
	while (rpc->out.len > 0) {
		ssize_t n = write(rpc->fd, rpc->out.data, rpc->out.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -1;
		buf_consume(&rpc->out, (size_t) n);
	}
	return loop_io_set(rpc->io, rpc->out.len ? LOOP_READ | LOOP_WRITE
						 : LOOP_READ);
}

static void _say(struct rpc *rpc, char sign, const char *text)
{
	buf_putc(&rpc->out, sign);
	buf_puts(&rpc->out, text);
	buf_putc(&rpc->out, '\n');
}

static void _get(struct rpc *rpc, const char *key)
{
	const char *value = rpc->lab->info_get(rpc->vm, key);

	if (!value)
		_say(rpc, '-', "No value found");
	else if (strchr(value, '\n'))
		_say(rpc, '-', "Value has a line break");
	else
		_say(rpc, '+', value);
}

static void _set(struct rpc *rpc, const char *args)
{
	struct err err = ERR_INIT;
	size_t len = strcspn(args, " ");
	char key[KEY_MAX];

	if (len == 0 || len >= sizeof(key) || args[len] == '\0') {
		_say(rpc, '-', "Bad arguments");
		return;
	}
	memcpy(key, args, len);
	key[len] = '\0';
	if (rpc->lab->info_set(rpc->vm, key, args + len + 1, &err) < 0)
		_say(rpc, '-', err.text);
	else
		_say(rpc, '+', "");
}

static void _freeze(struct rpc *rpc)
{
	struct err err = ERR_INIT;

	if (rpc->lab->freeze(rpc->vm, &err) < 0)
		_say(rpc, '-', err.text);
}

static void _time(struct rpc *rpc)
{
	int64_t now = clock_wall_us() + rpc->lab->clock_us;
	char text[48];

	(void) snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64,
			now / CLOCK_US_PER_S, now % CLOCK_US_PER_S);
	_say(rpc, '+', text);
}

static void _line(struct rpc *rpc, const char *line)
{
	if (strncmp(line, "info-get ", 9) == 0)
		_get(rpc, line + 9);
	else if (strncmp(line, "info-set ", 9) == 0)
		_set(rpc, line + 9);
	else if (strcmp(line, "instantclone.freeze") == 0)
		_freeze(rpc);
	else if (strcmp(line, "vclab.hosttime") == 0)
		_time(rpc);
	else
		_say(rpc, '-', "Unknown command");
}

static void _lines(struct rpc *rpc)
{
	char *end;

	while (rpc->in.len > 0 &&
	       (end = memchr(rpc->in.data, '\n', rpc->in.len)) != NULL) {
		*end = '\0';
		if (!rpc->skipping)
			_line(rpc, rpc->in.data);
		rpc->skipping = false;
		buf_consume(&rpc->in, (size_t) (end - rpc->in.data) + 1);
	}
	if (rpc->in.len > RPC_LINE_MAX) {
		if (!rpc->skipping)
			_say(rpc, '-', "Request too long");
		rpc->skipping = true;
		buf_reset(&rpc->in);
	}
}

/* -1: the peer has gone. */
static int _read(struct rpc *rpc)
{
	char piece[16384];
	ssize_t n = read(rpc->fd, piece, sizeof(piece));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	buf_add(&rpc->in, piece, (size_t) n);
	_lines(rpc);
	return rpc->in.failed || rpc->out.failed ? -1 : 0;
}

static void _ready(int fd, unsigned events, void *arg)
{
	struct rpc *rpc = arg;
	int rc = 0;

	(void) fd;
	if (events & (LOOP_READ | LOOP_HANGUP))
		rc = _read(rpc);
	if (rc == 0)
		rc = _flush(rpc);
	if (rc == 0)
		return;
	loop_io_destroy(steal_ptr(&rpc->io));
	if (rpc->closed)
		rpc->closed(rpc, rpc->arg);
}

struct rpc *rpc_create(const struct guest_lab *lab, struct guest_vm *vm,
		       int fd, void (*closed)(struct rpc *rpc, void *arg),
		       void *arg, struct err *err)
{
	struct rpc *rpc = calloc(1, sizeof(*rpc));

	if (!rpc) {
		(void) close(fd);
		(void) err_nomem(err);
		return NULL;
	}
	rpc->lab = lab;
	rpc->vm = vm;
	rpc->fd = fd;
	rpc->closed = closed;
	rpc->arg = arg;
	buf_init(&rpc->in, RPC_LINE_MAX + 32768);
	buf_init(&rpc->out, PENDING_MAX);
	(void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	rpc->io = loop_io_create(lab->loop, fd, LOOP_READ, _ready, rpc, err);
	if (!rpc->io) {
		rpc_destroy(rpc);
		return NULL;
	}
	return rpc;
}

void rpc_destroy(struct rpc *rpc)
{
	if (!rpc)
		return;
	loop_io_destroy(rpc->io);
	(void) close(rpc->fd);
	buf_free(&rpc->in);
	buf_free(&rpc->out);
	free(rpc);
}

int rpc_answer(struct rpc *rpc, const char *line, struct err *err)
{
	buf_puts(&rpc->out, line);
	buf_putc(&rpc->out, '\n');
	if (!rpc->io || rpc->out.failed || _flush(rpc) < 0)
		return err_set(err, ERR_TRANSIENT, "the guest's port is "
			       "closed");
	return 0;
}
