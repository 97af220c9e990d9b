/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both sides of scloned's socket: a server in a child process, calls and
 * hostile bytes from this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/ipc/server.h"
#include "common/ipc/wire.h"
#include "tap.h"

#define IDLE_US 300000
#define CLIENTS_MAX 8
#define OTHERS_MAX 3
#define BOUND_MS 20000		/* no wait here is longer */
#define FRAME "{\"text\":\"\",\"v\":1}\n"	/* of the longest reply */

static char dir[] = "/tmp/server.XXXXXX";
static char path[64];
static int64_t idle_us = IDLE_US;	/* of the next server */
static size_t others_max = OTHERS_MAX;

/* The child. */

struct state {
	struct loop *loop;
	struct loop_timer *timer;
	struct server_call *held;	/* answered by the timer, or gone */
	bool answering;
	int64_t pokes, gone, nested;
};

static struct json *_number(const char *key, int64_t value)
{
	struct json *reply = json_new_object();

	(void) json_put_int(reply, key, value);
	return reply;
}

static void _on_timer(void *arg)
{
	struct state *state = arg;

	state->answering = true;
	server_call_reply(state->held, _number("late", 1));
	state->answering = false;
	state->held = NULL;
}

static void _on_gone(struct server_call *call, void *arg)
{
	struct state *state = arg;

	state->gone++;
	loop_timer_stop(state->timer);
	server_call_drop(call);
	state->held = NULL;
}

static void _hold(struct state *state, struct server_call *call)
{
	state->held = call;
	server_call_on_gone(call, _on_gone, state);
}

static void _big(struct server_call *call, size_t len)
{
	cleanup_free char *text = malloc(len + 1);
	struct json *reply = json_new_object();

	memset(text, 'x', len);
	text[len] = '\0';
	(void) json_put_str(reply, "text", text);
	server_call_reply(call, reply);
}

static void _peer(struct server_call *call)
{
	const struct server_peer *peer = server_call_peer(call);
	struct json *reply = _number("uid", peer->uid);

	(void) json_put_int(reply, "pid", peer->pid);
	(void) json_put_bool(reply, "trusted", peer->trusted);
	server_call_reply(call, reply);
}

static void _handle(struct server_call *call, void *arg)
{
	const char *verb = server_call_verb(call);
	struct err err = ERR_INIT;
	struct state *state = arg;

	state->nested += state->answering;
	if (!strcmp(verb, "poke")) {
		state->pokes++;
		server_call_reply(call, _number("ok", 1));
	} else if (!strcmp(verb, "counts")) {
		struct json *reply = _number("pokes", state->pokes);

		(void) json_put_int(reply, "gone", state->gone);
		(void) json_put_int(reply, "nested", state->nested);
		(void) json_put_bool(reply, "held", state->held != NULL);
		server_call_reply(call, reply);
	} else if (!strcmp(verb, "peer")) {
		_peer(call);
	} else if (!strcmp(verb, "late")) {
		_hold(state, call);
		(void) loop_timer_set(state->timer, 50000);
	} else if (!strcmp(verb, "never")) {
		_hold(state, call);
	} else if (!strcmp(verb, "big")) {
		_big(call, WIRE_REPLY_MAX);
	} else if (!strcmp(verb, "fill")) {
		_big(call, WIRE_REPLY_MAX - strlen(FRAME));
	} else if (!strcmp(verb, "drop")) {
		server_call_drop(call);
	} else if (!strcmp(verb, "nomem")) {
		server_call_reply(call, NULL);
	} else if (!strcmp(verb, "stop")) {
		server_call_reply(call, _number("ok", 1));
		loop_stop(state->loop, 0);
	} else {
		err_set(&err, ERR_REFUSED, "no verb \"%s\"", verb);
		server_call_fail(call, &err);
	}
}

static struct server *_create(struct loop *loop, struct state *state,
			      struct err *err)
{
	const struct server_options options = {
		.path = path,
		.mode = 0666,
		.clients_max = CLIENTS_MAX,
		.others_max = others_max,
		.idle_us = idle_us,
		.handle = _handle,
		.arg = state,
	};

	return server_create(loop, &options, err);
}

static int _serve(int ready)
{
	struct err err = ERR_INIT;
	struct state state = { 0 };
	cleanup_loop struct loop *loop = loop_create(&err);
	struct server *server;
	int rc;

	state.loop = loop;
	state.timer = loop_timer_create(loop, _on_timer, &state, &err);
	server = _create(loop, &state, &err);
	if (!server)
		return 2;
	close(ready);
	rc = loop_run(loop, &err);
	server_destroy(server);
	if (state.held)
		server_call_reply(state.held, _number("too late", 1));
	loop_timer_destroy(state.timer);
	return rc;
}

static pid_t _start(void)
{
	int fds[2];
	struct pollfd pfd = { .events = POLLIN };
	pid_t pid;

	if (pipe(fds))
		bail_out("pipe");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		alarm(BOUND_MS / 1000);
		exit(_serve(fds[1]));
	}
	close(fds[1]);
	pfd.fd = fds[0];
	if (poll(&pfd, 1, BOUND_MS) != 1)
		bail_out("the server does not start");
	close(fds[0]);
	return pid;
}

/* This process. */

static int64_t _in_ms(int64_t ms)
{
	return clock_mono_us() + ms * CLOCK_US_PER_MS;
}

static struct json *_call(const char *verb, struct err *err)
{
	cleanup_json struct json *request = wire_request(verb, err);

	return wire_call(path, request, _in_ms(BOUND_MS), err);
}

static int64_t _get(const struct json *reply, const char *key)
{
	int64_t value = -1;

	if (reply)
		(void) json_get_int(reply, key, 0, INT64_MAX, &value, NULL);
	return value;
}

static int _dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)))
		bail_out("connect: %s", strerror(errno));
	return fd;
}

/* All that comes until the peer hangs up. */
static const char *_read_all(int fd)
{
	static char text[4096];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	for (;;) {
		if (poll(&pfd, 1, BOUND_MS) != 1)
			return "(still open)";
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t) n;
	}
	text[len] = '\0';
	return text;
}

static void _test_calls(void)
{
	struct err err = ERR_INIT;
	cleanup_json struct json *peer = _call("peer", &err);
	cleanup_json struct json *late = _call("late", &err);

	is_int(_get(peer, "uid"), geteuid(), "the handler knows our uid");
	is_int(_get(peer, "pid"), getpid(), "and our pid");
	is_int(_get(late, "late"), 1, "an answer may come later");
	ok(!_call("nonsense", &err) && err.code == ERR_REFUSED,
	   "an error keeps its code");
	is_str(err.text, "no verb \"nonsense\"", "and its text");
	ok(!_call("drop", &err) && err.code == ERR_UNKNOWN,
	   "a hang-up after the request is UNKNOWN");
	ok(!_call("big", &err) && err.code == ERR_FATAL,
	   "too long a reply is an error, not a cut line");
	ok(!_call("nomem", &err) && err.code == ERR_FATAL,
	   "a reply that could not be built is an error");
}

static void _test_poke(void)
{
	cleanup_json struct json *request = wire_request("poke", NULL);
	struct err err = ERR_INIT;
	int64_t pokes = 0;

	for (int i = 0; i < 3; i++)
		is_int(wire_poke(path, request, &err), 0, "poked");
	for (int64_t end = _in_ms(BOUND_MS);
	     pokes < 3 && clock_mono_us() < end;) {
		cleanup_json struct json *counts = _call("counts", &err);

		pokes = _get(counts, "pokes");
	}
	is_int(pokes, 3, "each poke arrived, though its client was gone");
}

static void _test_gone(void)
{
	cleanup_json struct json *request = wire_request("never", NULL);
	struct err err = ERR_INIT;
	int64_t gone = 0;

	ok(!wire_call(path, request, _in_ms(100), &err) &&
		   err.code == ERR_UNKNOWN,
	   "a deadline after the request was sent is UNKNOWN");
	for (int64_t end = _in_ms(BOUND_MS);
	     gone < 1 && clock_mono_us() < end;) {
		cleanup_json struct json *counts = _call("counts", &err);

		gone = _get(counts, "gone");
	}
	is_int(gone, 1, "the handler learns that its client has gone");
}

static void _test_hostile(void)
{
	static const struct {
		const char *bytes, *reply;
	} cases[] = {
		{ "garbage\n", "PROTOCOL" },
		{ "\n", "PROTOCOL" },
		{ "[]\n", "PROTOCOL" },
		{ "{\"verb\":\"peer\"}\n", "'v'" },
		{ "{\"v\":2,\"verb\":\"peer\"}\n", "'v'" },
		{ "{\"v\":1}\n", "'verb'" },
		{ "{\"v\":1,\"verb\":7}\n", "'verb'" },
		{ "{\"v\":1,\"verb\":\"pe", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_close int fd = _dial();

		(void) !send(fd, cases[i].bytes, strlen(cases[i].bytes), 0);
		has_str(_read_all(fd), cases[i].reply,
			"hostile bytes: told so, and cut");
	}
}

static void _test_two_lines(void)
{
	static const char lines[] = "{\"v\":1,\"verb\":\"late\"}\n"
				    "{\"v\":1,\"verb\":\"poke\"}\n";
	cleanup_json struct json *counts = NULL;
	cleanup_close int fd = _dial();
	struct err err = ERR_INIT;

	(void) !send(fd, lines, sizeof(lines) - 1, 0);
	shutdown(fd, SHUT_WR);
	is_str(_read_all(fd), "{\"late\":1,\"v\":1}\n{\"ok\":1,\"v\":1}\n",
	       "calls on one connection are answered in order");
	counts = _call("counts", &err);
	is_int(_get(counts, "nested"), 0,
	       "and who answers one is not called with the next");
}

static void _test_too_many(void)
{
	struct err err = ERR_INIT;
	int fds[CLIENTS_MAX];

	for (int i = 0; i < CLIENTS_MAX; i++)
		fds[i] = _dial();
	ok(!_call("peer", &err) && err.code == ERR_BUSY,
	   "one client too many is told BUSY");
	for (int i = 0; i < CLIENTS_MAX; i++)
		is_str(_read_all(fds[i]), "", "a silent client is cut");
	for (int i = 0; i < CLIENTS_MAX; i++)
		close(fds[i]);
}

/* As somebody else: shorter lines, and not all the places. */
static int _as_other(void)
{
	cleanup_free char *line = malloc(WIRE_FRAME_MAX + 16);
	int fds[OTHERS_MAX], bad = 0;
	struct err err = ERR_INIT;
	cleanup_json struct json *peer = NULL;
	bool trusted = true;

	if (setuid(65534))
		return 1;
	peer = _call("peer", &err);
	bad |= !peer || json_get_bool(peer, "trusted", &trusted, &err) ||
	       trusted ? 2 : 0;
	fds[0] = _dial();
	memset(line, ' ', WIRE_FRAME_MAX + 16);
	(void) !send(fds[0], line, WIRE_FRAME_MAX + 16, MSG_NOSIGNAL);
	bad |= strstr(_read_all(fds[0]), "too long") ? 0 : 4;
	close(fds[0]);
	for (int i = 0; i < OTHERS_MAX; i++)
		fds[i] = _dial();
	bad |= !_call("peer", &err) && err.code == ERR_BUSY ? 0 : 8;
	return bad;
}

static void _test_others(void)
{
	int status = -1;
	pid_t pid;

	if (geteuid() != 0) {
		ok(true, "others' limits # SKIP needs root");
		return;
	}
	(void) chmod(dir, 0755);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(_as_other());
	if (waitpid(pid, &status, 0) != pid)
		bail_out("waitpid");
	is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0,
	       "others: not trusted, shorter lines, fewer places");
}

/* As somebody else: as many replies as may wait, none of them read. Then
 * byte by byte: told so, and held until the parent has seen enough. */
static int _fill_up(int told, int hold)
{
	static const char line[] = "{\"v\":1,\"verb\":\"fill\"}\n";
	int fds[SERVER_QUEUED_MAX / WIRE_REPLY_MAX];
	struct pollfd pfd = { .events = POLLIN };
	struct err err = ERR_INIT;
	char byte = 0;

	if (setuid(65534))
		return 1;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = pfd.fd = _dial();
		(void) !send(fds[i], line, sizeof(line) - 1, MSG_NOSIGNAL);
		if (poll(&pfd, 1, BOUND_MS) != 1)
			return 2;
	}
	if (_call("peer", &err) || err.code != ERR_BUSY)
		return 4;
	return write(told, &byte, 1) == 1 && read(hold, &byte, 1) == 0 ? 0 : 8;
}

static void _see_filled(pid_t pid, int told)
{
	struct pollfd pfd = { .fd = told, .events = POLLIN };
	struct err err = ERR_INIT;
	cleanup_json struct json *peer = NULL;
	char byte;

	if (poll(&pfd, 1, BOUND_MS) != 1 || read(told, &byte, 1) != 1)
		diag("process %d has filled nothing", (int) pid);
	peer = _call("peer", &err);
	ok(peer != NULL, "others who read no replies keep ours from nobody: "
	   "%s", err.text);
}

static void _test_unread(void)
{
	int told[2], hold[2], status = -1;
	pid_t server, pid;

	if (geteuid() != 0) {
		ok(true, "unread replies of others # SKIP needs root");
		return;
	}
	others_max = CLIENTS_MAX - 1;
	idle_us = BOUND_MS * CLOCK_US_PER_MS;
	server = _start();
	if (pipe(told) || pipe(hold) || (pid = fork()) < 0)
		bail_out("no process to fill the server");
	if (pid == 0) {
		close(told[0]);
		close(hold[1]);
		_exit(_fill_up(told[1], hold[0]));
	}
	close(told[1]);
	close(hold[0]);
	_see_filled(pid, told[0]);
	close(hold[1]);
	close(told[0]);
	(void) waitpid(pid, &status, 0);
	is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0,
	       "one reply more than fits is BUSY to themselves");
	json_destroy(_call("stop", &(struct err) ERR_INIT));
	(void) waitpid(server, &status, 0);
	others_max = OTHERS_MAX;
	idle_us = IDLE_US;
}

static void _test_listen(void)
{
	struct err err = ERR_INIT;
	cleanup_loop struct loop *loop = loop_create(&err);

	ok(!_create(loop, NULL, &err) && err.code == ERR_EXISTS,
	   "a second server on the same path is refused");
	ok(!access(path, F_OK), "and leaves the first one's socket alone");
}

static void _test_stop(pid_t pid)
{
	struct err err = ERR_INIT;
	cleanup_json struct json *never = wire_request("never", &err);
	cleanup_json struct json *stop = NULL;
	cleanup_close int fd = _dial();
	int status = -1;

	(void) !send(fd, "{\"v\":1,\"verb\":\"never\"}\n", 23, 0);
	stop = _call("stop", &err);
	is_int(_get(stop, "ok"), 1, "stopped with a call unanswered");
	(void) waitpid(pid, &status, 0);
	is_int(status, 0, "the server ended cleanly");
	ok(access(path, F_OK) < 0, "its socket is gone");
	ok(!wire_call(path, never, _in_ms(1000), &err) &&
		   err.code == ERR_TRANSIENT,
	   "nobody listens: TRANSIENT");
	ok(wire_poke(path, never, &err) && err.code == ERR_TRANSIENT,
	   "for a poke too");
}

static void _test_stale(void)
{
	struct err err = ERR_INIT;
	pid_t pid = _start();
	int status;

	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, &status, 0);
	ok(!access(path, F_OK), "a killed server leaves its socket");
	pid = _start();
	json_destroy(_call("stop", &err));
	(void) waitpid(pid, &status, 0);
	is_int(status, 0, "the next one takes its place");
}

/* Listens, forks what goes on to wait for the pipe's end, dies. */
static void _leave_child(int wait_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	memcpy(addr.sun_path, path, sizeof(path));
	if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) ||
	    listen(fd, 1))
		_exit(1);
	if (fork() == 0) {
		(void) !read(wait_fd, &byte, 1);
		_exit(0);
	}
	(void) kill(getpid(), SIGKILL);
}

/* What a killed scloned has forked and not yet replaced by exec() has its
 * socket for a moment, on which nobody will answer. */
static void _test_survived_by_child(void)
{
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		bail_out("no process to be killed");
	if (pid == 0) {
		close(fds[1]);
		_leave_child(fds[0]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		bail_out("the child did not die as planned");
	pid = _start();
	json_destroy(_call("stop", &(struct err) ERR_INIT));
	(void) waitpid(pid, &status, 0);
	is_int(status, 0, "a child of a killed one does not keep its place");
	close(fds[0]);
	close(fds[1]);
}

static void _test_not_a_socket(void)
{
	struct err err = ERR_INIT;
	cleanup_loop struct loop *loop = loop_create(&err);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	close(fd);
	ok(!_create(loop, NULL, &err), "a file in the socket's place is kept");
	ok(!access(path, F_OK), "not removed");
	(void) unlink(path);
}

int main(void)
{
	pid_t pid;

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	snprintf(path, sizeof(path), "%s/s", dir);
	pid = _start();
	_test_calls();
	_test_poke();
	_test_gone();
	_test_hostile();
	_test_two_lines();
	_test_too_many();
	_test_others();
	_test_listen();
	_test_stop(pid);
	_test_unread();
	_test_stale();
	_test_survived_by_child();
	_test_not_a_socket();
	(void) rmdir(dir);
	return done_testing();
}
