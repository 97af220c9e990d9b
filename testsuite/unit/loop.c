/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop: each kind of source, and destroying one in its callback. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/loop.h"
#include "tap.h"

struct world {
	struct loop *loop;
	struct loop_io *io;
	struct loop_timer *timer;
	struct loop_signal *sig;
	struct loop_child *child;
	unsigned events;
	int got;
};

static void _on_io(int fd, unsigned events, void *arg)
{
	struct world *w = arg;
	char c;

	w->events |= events;
	if (events & LOOP_READ && read(fd, &c, 1) == 1)
		w->got++;
	if (events & LOOP_HANGUP) {
		loop_io_destroy(w->io);
		w->io = NULL;
		loop_stop(w->loop, 3);
	}
}

static void _io(struct world *w)
{
	struct err err = ERR_INIT;
	int fds[2];

	w->got = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		bail_out("socketpair");
	w->io = loop_io_create(w->loop, fds[0], LOOP_READ, _on_io, w, &err);
	if (!w->io || write(fds[1], "x", 1) != 1)
		bail_out("%s", err.text);
	is_int(loop_turn(w->loop, 1000000, &err), 1, "a byte arrives");
	is_int(w->got, 1, "and is read");
	is_int(loop_turn(w->loop, 0, &err), 0, "nothing more");
	loop_io_set(w->io, LOOP_WRITE);
	loop_turn(w->loop, 1000000, &err);
	ok(w->events & LOOP_WRITE, "writable once asked");
	loop_io_set(w->io, 0);
	is_int(loop_turn(w->loop, 0, &err), 0, "quiet when not asked");
	close(fds[1]);
	is_int(loop_run(w->loop, &err), 3, "a hang-up is always told; code");
	close(fds[0]);
}

static void _on_timer(void *arg)
{
	struct world *w = arg;

	if (++w->got < 3) {
		loop_timer_set(w->timer, 0);
		return;
	}
	loop_timer_destroy(w->timer);
	w->timer = NULL;
}

static void _timer(struct world *w)
{
	struct err err = ERR_INIT;

	w->got = 0;
	w->timer = loop_timer_create(w->loop, _on_timer, w, &err);
	is_int(loop_turn(w->loop, 0, &err), 0, "a new timer is idle");
	loop_timer_set(w->timer, 1000);
	loop_timer_stop(w->timer);
	is_int(loop_turn(w->loop, 5000, &err), 0, "a stopped one too");
	loop_timer_set(w->timer, 1000);
	for (int i = 0; i < 20 && w->timer; i++)
		loop_turn(w->loop, 1000000, &err);
	is_int(w->got, 3, "set again in its callback, destroyed there");
}

static void _on_signal(int signo, void *arg)
{
	((struct world *) arg)->got = signo;
}

static void _signal(struct world *w)
{
	struct err err = ERR_INIT;

	w->sig = loop_signal_create(w->loop, SIGUSR1, _on_signal, w, &err);
	raise(SIGUSR1);
	loop_turn(w->loop, 1000000, &err);
	is_int(w->got, SIGUSR1, "a signal comes through the loop");
	loop_signal_destroy(w->sig);
}

static void _on_child(pid_t pid, const siginfo_t *info, void *arg)
{
	struct world *w = arg;

	(void) pid;
	w->got = info->si_status;
	loop_child_destroy(w->child);
	w->child = NULL;
}

static void _child(struct world *w)
{
	struct err err = ERR_INIT;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	w->child = loop_child_create(w->loop, pid, _on_child, w, &err);
	for (int i = 0; i < 20 && w->child; i++)
		loop_turn(w->loop, 1000000, &err);
	is_int(w->got, 7, "a child's end is told with its status");
}

/* As a debugger does, or the leak checker of a sanitized program: a dead
 * child is shown to who traces it first, and to its parent later. */
static void _trace(pid_t pid, int ready, int go)
{
	char c;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0)
		(void) !write(ready, "x", 1);
	close(ready);
	(void) !read(go, &c, 1);
	_exit(0);
}

static bool _is_dead(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	file = fopen(path, "re");
	if (file) {
		(void) !fgets(text, sizeof(text), file);
		fclose(file);
	}
	return strstr(text, ") Z ") != NULL;
}

static void _traced_child(struct world *w)
{
	struct err err = ERR_INIT;
	pid_t pid, tracer;
	int ready[2], go[2];
	char c;

	if (pipe(ready) || pipe(go) || (pid = fork()) < 0)
		bail_out("no child");
	if (pid == 0) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		(void) !write(ready[1], "x", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	w->child = loop_child_create(w->loop, pid, _on_child, w, &err);
	if (read(ready[0], &c, 1) != 1 || (tracer = fork()) < 0)
		bail_out("no tracer");
	if (tracer == 0) {
		close(go[1]);
		_trace(pid, ready[1], go[0]);
	}
	close(ready[1]);
	ok(read(ready[0], &c, 1) == 1, "the child is traced");
	w->got = 0;
	kill(pid, SIGKILL);
	for (int i = 0; i < 20000 && !_is_dead(pid); i++)
		loop_turn(w->loop, 1000, &err);
	for (int i = 0; i < 10; i++)
		loop_turn(w->loop, 1000, &err);
	ok(w->child, "its end is not ours yet");
	close(go[1]);
	waitpid(tracer, NULL, 0);
	for (int i = 0; i < 20 && w->child; i++)
		loop_turn(w->loop, 1000000, &err);
	is_int(w->got, SIGKILL, "and is told when its tracer has gone");
	loop_child_destroy(w->child);
	close(ready[0]);
	close(go[0]);
}

int main(void)
{
	struct err err = ERR_INIT;
	struct world w = { .loop = loop_create(&err) };

	if (!w.loop)
		bail_out("%s", err.text);
	_timer(&w);
	_signal(&w);
	_child(&w);
	_traced_child(&w);
	_io(&w);
	loop_destroy(w.loop);
	return done_testing();
}
