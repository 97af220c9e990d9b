/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client may send over scloned's socket: the first byte says in what
 * pieces the others come, and whether the client waits for the answers. The
 * server answers each line or cuts the client, keeps nothing of it, and goes
 * on serving.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ipc/server.h"
#include "fuzz.h"

#define TURNS_MAX 100000
#define IDLE_US (INT64_C(3600) * 1000000)

static struct loop *loop;
static struct server *server;
static struct server_call *held;
static char path[64];

static void _gone(struct server_call *call, void *arg)
{
	(void) arg;
	held = NULL;
	server_call_drop(call);
}

/* Answers at once, later, or never. */
static void _handle(struct server_call *call, void *arg)
{
	const char *verb = server_call_verb(call);
	struct err why = { .code = ERR_REFUSED, .text = "no" };

	(void) arg;
	fuzz_must(json_is_object(server_call_request(call)));
	if (!strcmp(verb, "hold") && !held) {
		held = call;
		server_call_on_gone(call, _gone, NULL);
	} else if (!strcmp(verb, "drop")) {
		server_call_drop(call);
	} else if (!strcmp(verb, "fail")) {
		server_call_fail(call, &why);
	} else {
		server_call_reply(call, json_new_object());
	}
}

static void _leave(void)
{
	server_destroy(server);
	loop_destroy(loop);
}

static void _start(void)
{
	struct server_options options = { .path = path, .mode = 0600,
					  .clients_max = 4, .others_max = 4,
					  .idle_us = IDLE_US,
					  .handle = _handle };

	(void) snprintf(path, sizeof(path), "/tmp/sclone-fuzz-server.%d",
			(int) getpid());
	loop = loop_create(NULL);
	server = loop ? server_create(loop, &options, NULL) : NULL;
	fuzz_must(server != NULL);
	(void) atexit(_leave);
}

static void _settle(void)
{
	for (unsigned n = 0; loop_turn(loop, 0, NULL) > 0; n++)
		fuzz_must(n < TURNS_MAX);
}

static int _connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	memcpy(addr.sun_path, path, sizeof(path));
	fuzz_must(fd >= 0 && !connect(fd, (const struct sockaddr *) &addr,
				      sizeof(addr)));
	return fd;
}

/* Whole lines, each a JSON object, as far as they have come. */
static void _take(int fd)
{
	static char text[1 << 20];
	ssize_t n = recv(fd, text, sizeof(text), 0);
	const char *at = text, *end;

	while (n > 0 && (end = memchr(at, '\n',
				      (size_t) (text + n - at))) != NULL) {
		cleanup_json struct json *reply =
			json_parse(at, (size_t) (end - at), NULL);

		fuzz_must(json_is_object(reply));
		at = end + 1;
	}
	fuzz_must(n <= 0 || at == text + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t piece, sent = 1;
	bool waits;
	int fd;

	if (!server)
		_start();
	if (len < 2)
		return 0;
	piece = (size_t) (bytes[0] & 0x7f) + 1;
	waits = bytes[0] & 0x80;
	fd = _connect();
	for (; sent < len; sent += piece) {
		size_t some = len - sent < piece ? len - sent : piece;

		if (send(fd, bytes + sent, some, MSG_NOSIGNAL) < 0)
			break;
		_settle();
		if (waits)
			_take(fd);
	}
	(void) shutdown(fd, SHUT_WR);
	_settle();
	_take(fd);
	if (held)
		server_call_reply(steal_ptr(&held), json_new_object());
	_settle();
	(void) close(fd);
	_settle();
	fuzz_must(server_clients(server) == 0 && !held);
	return 0;
}
