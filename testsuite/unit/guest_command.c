/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that the guest starts: within limits, as daemons, as hooks;
 * and what the processor gives of randomness. */
#include <poll.h>
#include <pwd.h>
#include <signal.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "guest/entropy.h"
#include "guest/hooks.h"
#include "guest_dir.h"

static int _shell(const char *script, uint64_t limit_s, struct buf *output,
		  int *status, struct err *err)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	static const char *const env[] = { "WORD=said", NULL };
	struct command command = { .argv = argv,
				   .env = env,
				   .limit_s = limit_s,
				   .output = output };

	return command_run(&command, status, err);
}

static void _test_command(void)
{
	const char *none[] = { "/nonexistent/program", NULL };
	struct command missing = { .argv = none, .limit_s = 5 };
	struct err err = ERR_INIT;
	struct buf out;
	int status = -1;

	buf_init(&out, 64);
	ok(_shell("echo $WORD; echo err >&2; exit 3", 20, &out, &status,
		  &err) == 0,
	   "a program runs");
	is_int(status, 3, "its status");
	is_str(buf_str(&out), "said\nerr\n", "both its streams, its setting");
	buf_reset(&out);
	ok(_shell("kill -TERM $$", 20, &out, &status, &err) == 0 &&
		   status == 128 + SIGTERM,
	   "death by a signal is 128 and its number");
	ok(_shell("yes | head -c 1000000", 20, &out, &status, &err) == 0,
	   "a talkative program ends");
	is_int((int64_t) out.len, 64, "its output is cut at the bound");
	ok(command_run(&missing, &status, &err) < 0 &&
		   err.code == ERR_NOTFOUND,
	   "a program that is not there");
	buf_reset(&out);
	(void) signal(SIGPIPE, SIG_IGN);	/* as main() of sclone-guest */
	ok(_shell("kill -PIPE $$", 20, &out, &status, &err) == 0 &&
		   status == 128 + SIGPIPE,
	   "what we ignore, it does not");
	buf_free(&out);
}

/*
 * A hung program and what it started are killed when the limit passes: the
 * grandchild holds a pipe, and its end is the event that we await.
 */
static void _test_limit(void)
{
	char script[PATH_MAX + 64], byte;
	struct err err = ERR_INIT;
	int64_t before = clock_mono_us();
	struct pollfd poller = { .events = POLLIN };
	int status, fds[2];

	if (pipe(fds) < 0)
		bail_out("pipe");
	(void) snprintf(script, sizeof(script), "sleep 1000 & sleep 1000");
	ok(_shell(script, 1, NULL, &status, &err) < 0 &&
		   err.code == ERR_TRANSIENT,
	   "a program that hangs is given up");
	ok(clock_mono_us() - before >= CLOCK_US_PER_S, "not before its limit");
	(void) close(fds[1]);
	poller.fd = fds[0];
	ok(poll(&poller, 1, 20000) == 1 && read(fds[0], &byte, 1) == 0,
	   "and nothing of it is left");
	(void) close(fds[0]);
}

/* The C library's, for a user whose name server does not answer. */
struct passwd *getpwnam(const char *name)
{
	(void) name;
	(void) pause();
	return NULL;
}

/* Nor does the child get as far as its program. */
static void _test_stuck(void)
{
	const char *argv[] = { "/bin/true", NULL };
	struct command command = { .argv = argv, .user = "nobody",
				   .limit_s = 1 };
	struct err err = ERR_INIT;
	int status;

	(void) alarm(60);	/* it would hang for ever */
	ok(command_run(&command, &status, &err) < 0 &&
		   err.code == ERR_TRANSIENT,
	   "a child that hangs before its exec is given up");
	(void) alarm(0);
}

/* A daemon keeps the output open: its parent's end is what counts. */
static void _test_daemon(void)
{
	struct err err = ERR_INIT;
	struct buf out;
	int status = -1;
	long pid;

	buf_init(&out, 64);
	ok(_shell("sleep 1000 & echo $!", 30, &out, &status, &err) == 0 &&
		   status == 0,
	   "a daemon left behind is not waited for");
	pid = strtol(buf_str(&out), NULL, 10);
	ok(pid > 1 && kill((pid_t) pid, SIGKILL) == 0, "and lives on");
	buf_free(&out);
}

static int64_t _in(int seconds)
{
	return clock_mono_us() + seconds * CLOCK_US_PER_S;
}

static int _touch(void *arg)
{
	return files_replace(arg, "", NULL) < 0;
}

static int _seven(void *arg)
{
	(void) arg;
	return 7;
}

static int _hang(void *arg)
{
	(void) arg;
	(void) pause();
	return 0;
}

static void _test_call(void)
{
	struct err err = ERR_INIT;
	int status = 0;

	ok(command_call(_seven, NULL, _in(20), &status, &err) == 0 &&
		   status == 7,
	   "a function runs in a child");
	ok(command_call(_hang, NULL, _in(1), &status, &err) < 0 &&
		   err.code == ERR_TRANSIENT,
	   "one that hangs is given up");
	ok(command_call(_touch, (char *) _at("late"), _in(-1), &status,
			&err) < 0 && err.code == ERR_TRANSIENT &&
		   access(_at("late"), F_OK) < 0,
	   "after the deadline it does not run at all");
}

static int _hooks(const char *dir, uint64_t limit_s, struct err *err)
{
	const char *env[] = { "SCLONE_NODE=vm1", NULL };
	struct hooks hooks = { .dir = _at(dir),
			       .env = env,
			       .limit_s = limit_s };

	return hooks_run(&hooks, err);
}

static void _test_hooks(void)
{
	struct err err = ERR_INIT;

	ok(_hooks("no-such-dir", 5, &err) == 0, "no directory, no hooks");
	_mkdir("hooks");
	ok(_hooks("hooks", 5, &err) == 0, "an empty directory");
	_put("hooks/20-b", "#!/bin/sh\necho b$SCLONE_NODE >>${0%/*}/../log\n",
	     0755);
	_put("hooks/10-a", "#!/bin/sh\necho a >>${0%/*}/../log\n", 0755);
	_put("hooks/15-x.bak", "#!/bin/sh\necho bak >>${0%/*}/../log\n",
	     0755);
	_put("hooks/16-off", "#!/bin/sh\necho off >>${0%/*}/../log\n", 0644);
	ok(_hooks("hooks", 20, &err) == 0, "hooks run");
	is_str(_get("log"), "a\nbvm1\n", "in order, and only hooks");
	_put("hooks/15-fail", "#!/bin/sh\necho reason >&2\nexit 4\n", 0755);
	ok(_hooks("hooks", 20, &err) < 0 && err.code == ERR_FATAL,
	   "a hook's failure is ours");
	has_str(err.text, "15-fail ended with 4: reason", "with its words");
	is_str(_get("log"), "a\nbvm1\na\n", "and none runs after it");
	_put("hooks/15-fail", "#!/bin/sh\nexec sleep 1000\n", 0755);
	ok(_hooks("hooks", 1, &err) < 0 && err.code == ERR_TRANSIENT,
	   "a hook that hangs is given up");
	_put("hooks/15-fail", "#!/bin/sh\n", 0775);
	ok(_hooks("hooks", 5, &err) < 0 && err.code == ERR_CONFIG,
	   "a hook that others may change is not run");
	(void) unlink(_at("hooks/15-fail"));
	(void) unlink(_at("log"));
	chmod(_at("hooks"), 0775);
	ok(_hooks("hooks", 5, &err) < 0 && err.code == ERR_CONFIG &&
		   access(_at("log"), F_OK) < 0,
	   "nor one in a directory that others may change");
	has_str(err.text, "chmod go-w", "which the error says how to cure");
	chmod(_at("hooks"), 0755);
}

static void _test_hardware(void)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	size_t n = entropy_hardware(a, sizeof(a));

	ok(n == 0 || n == sizeof(a), "the processor gives all or nothing");
	ok(n == 0 || (entropy_hardware(b, sizeof(b)) == n &&
		      memcmp(a, b, n) != 0),
	   "and never the same twice");
}

int main(void)
{
	_begin();
	_test_command();
	_test_limit();
	_test_stuck();
	_test_daemon();
	_test_call();
	_test_hooks();
	_test_hardware();
	_end();
	return done_testing();
}
