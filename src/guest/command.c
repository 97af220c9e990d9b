/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - see command.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "command.h"

#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
		 "/sbin:/bin"

/* One child under way. */
struct run {
	const struct command *command;	/* NULL: a function */
	pid_t pid;
	int fail;	/* closes by the exec, or says errno; or -1 */
	int code;	/* what it said; 0: nothing */
	int end;	/* signalfd: a child has ended */
	int out;	/* the child's output, or -1 */
	int64_t deadline;	/* CLOCK_MONOTONIC µs; 0: none */
	sigset_t mask;	/* before we blocked SIGCHLD */
};

static int _become(const char *user)
{
	struct passwd *pw = getpwnam(user);

	if (!pw) {
		errno = EINVAL;
		return -1;
	}
	if (initgroups(user, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0)
		return -1;
	return setuid(pw->pw_uid);
}

static int _child_setup(const struct run *run, int out, const char *user)
{
	int null = open("/dev/null", O_RDWR);

	(void) setpgid(0, 0);
	(void) signal(SIGPIPE, SIG_DFL);
	(void) sigprocmask(SIG_SETMASK, &run->mask, NULL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	if (null > STDERR_FILENO)
		(void) close(null);
	if (out >= 0 &&
	    (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0))
		return -1;
	return user ? _become(user) : 0;
}

/* Failures go to the parent through fail. */
static void _child(const struct command *command, const struct run *run,
		   int out, int fail) __attribute__((noreturn));
static void _child(const struct command *command, const struct run *run,
		   int out, int fail)
{
	char *env[COMMAND_ENV_MAX + 2];
	size_t n = 0;
	int code;

	env[n++] = (char *) PATH_ENV;
	for (size_t i = 0; command->env && command->env[i] &&
			   n <= COMMAND_ENV_MAX; i++)
		env[n++] = (char *) command->env[i];
	env[n] = NULL;
	if (_child_setup(run, out, command->user) == 0)
		(void) execve(command->argv[0], (char *const *) command->argv,
			      env);
	code = errno;
	(void) !write(fail, &code, sizeof(code));
	_exit(127);
}

static int _watch_children(struct run *run, struct err *err)
{
	sigset_t set;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, &run->mask) < 0)
		return err_errno(err, ERR_FATAL, errno, "sigprocmask");
	run->end = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->end < 0) {
		err_errno(err, ERR_FATAL, errno, "signalfd");
		(void) sigprocmask(SIG_SETMASK, &run->mask, NULL);
		return -1;
	}
	return 0;
}

static void _forget_children(struct run *run)
{
	(void) close(run->end);
	(void) sigprocmask(SIG_SETMASK, &run->mask, NULL);
}

static void _drain(struct run *run, struct buf *output)
{
	char chunk[1024];
	ssize_t n;

	while (run->out >= 0) {
		n = read(run->out, chunk, sizeof(chunk));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			(void) close(run->out);
			run->out = -1;
			return;
		}
		if ((size_t) n > output->max - output->len)
			n = (ssize_t) (output->max - output->len);
		buf_add(output, chunk, (size_t) n);
	}
}

/* The child has become its program, or could not; or does not say yet. */
static void _hear_exec(struct run *run)
{
	ssize_t n;

	if (run->fail < 0)
		return;
	n = read(run->fail, &run->code, sizeof(run->code));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t) sizeof(run->code))
		run->code = 0;
	(void) close(run->fail);
	run->fail = -1;
	if (!run->code && run->command->started)
		run->command->started(run->command->arg);
}

/* 1 ended, 0 the limit passed, -1 error. */
static int _wait_end(struct run *run, struct buf *output, int *wstatus,
		     struct err *err)
{
	struct signalfd_siginfo info;
	struct pollfd fds[3] = { { .fd = run->end, .events = POLLIN },
				 { .events = POLLIN },
				 { .events = POLLIN } };

	for (;;) {
		int wait = -1;
		pid_t got = waitpid(run->pid, wstatus, WNOHANG);

		if (got < 0)
			return err_errno(err, ERR_FATAL, errno, "waitpid");
		if (got == run->pid)
			return 1;
		if (run->deadline) {
			int64_t left = run->deadline - clock_mono_us();

			if (left <= 0)
				return 0;
			wait = (int) (left / CLOCK_US_PER_MS) + 1;
		}
		fds[1].fd = run->out;
		fds[2].fd = run->fail;
		if (poll(fds, 3, wait) < 0 && errno != EINTR)
			return err_errno(err, ERR_FATAL, errno, "poll");
		_hear_exec(run);
		while (read(run->end, &info, sizeof(info)) > 0)
			;
		_drain(run, output);
	}
}

/* Wait, and kill the group when the limit passes. */
static int _finish(struct run *run, const char *what, struct buf *output,
		   int *status, struct err *err)
{
	int wstatus = 0;
	int ended = _wait_end(run, output, &wstatus, err);

	if (ended <= 0) {
		(void) kill(-run->pid, SIGKILL);
		(void) kill(run->pid, SIGKILL);
	}
	/* A child stuck in the kernel does not die: then leave it. */
	run->deadline = clock_mono_us() + CLOCK_US_PER_S;
	if (ended == 0)
		(void) _wait_end(run, output, &wstatus, NULL);
	_hear_exec(run);
	_drain(run, output);
	if (run->fail >= 0)
		(void) close(run->fail);
	if (run->out >= 0)
		(void) close(run->out);
	if (ended < 0)
		return -1;
	if (ended == 0)
		return err_set(err, ERR_TRANSIENT,
			       "%s did not end within its limit", what);
	*status = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus)
				     : 128 + WTERMSIG(wstatus);
	return 0;
}

/* The earlier of a limit and a deadline; 0: none. */
static int64_t _deadline(uint64_t limit_s, int64_t deadline)
{
	int64_t limit = clock_mono_us() + (int64_t) limit_s * CLOCK_US_PER_S;

	if (!limit_s || (deadline && deadline < limit))
		return deadline;
	return limit;
}

static int _check_time(const struct run *run, const char *what,
		       struct err *err)
{
	if (!run->deadline || run->deadline > clock_mono_us())
		return 0;
	return err_set(err, ERR_TRANSIENT, "no time left for %s", what);
}

/* The reader does not block. */
static int _pipe(int *reader, int *writer, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, ERR_FATAL, errno, "pipe");
	(void) fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*reader = fds[0];
	*writer = fds[1];
	return 0;
}

static int _run(const struct command *command, struct run *run, int *status,
		struct err *err)
{
	cleanup_close int fail = -1, fail_in = -1, out = -1, out_in = -1;
	struct buf none;

	buf_init(&none, 0);
	run->command = command;
	run->deadline = _deadline(command->limit_s, command->deadline);
	if (_check_time(run, command->argv[0], err) < 0 ||
	    _pipe(&fail, &fail_in, err) < 0 ||
	    (command->output && _pipe(&out, &out_in, err) < 0))
		return -1;
	run->pid = fork();
	if (run->pid < 0)
		return err_errno(err, ERR_FATAL, errno, "fork");
	if (run->pid == 0)
		_child(command, run, out_in, fail_in);
	(void) setpgid(run->pid, run->pid);
	(void) close(steal_fd(&fail_in));
	if (out_in >= 0)
		(void) close(steal_fd(&out_in));
	run->fail = steal_fd(&fail);
	run->out = steal_fd(&out);
	if (_finish(run, command->argv[0],
		    command->output ? command->output : &none, status,
		    err) < 0)
		return -1;
	if (run->code)
		return err_errno(err,
				 run->code == ENOENT ? ERR_NOTFOUND
						     : ERR_FATAL,
				 run->code, "run %s", command->argv[0]);
	return 0;
}

int command_run(const struct command *command, int *status, struct err *err)
{
	struct run run = { .pid = -1, .fail = -1, .out = -1 };
	int rc;

	if (_watch_children(&run, err) < 0)
		return -1;
	rc = _run(command, &run, status, err);
	_forget_children(&run);
	return rc;
}

/* The last line that is not empty, in place. */
static const char *_last_line(struct buf *output)
{
	char *text = output->data;
	char *line;

	while (output->len > 0 && text[output->len - 1] <= ' ')
		text[--output->len] = '\0';
	line = output->len ? strrchr(text, '\n') : NULL;
	return line ? line + 1 : buf_str(output);
}

int command_must(const struct command *command, struct err *err)
{
	struct command copy = *command;
	cleanup_buf struct buf own;
	const char *last;
	int status;

	buf_init(&own, 4096);
	if (!copy.output)
		copy.output = &own;
	if (command_run(&copy, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	last = _last_line(copy.output);
	return err_set(err, ERR_FATAL, "%s ended with %d: %s", copy.argv[0],
		       status, *last ? last : "its log may say why");
}

int command_call(int (*fn)(void *arg), void *arg, int64_t deadline,
		 int *status, struct err *err)
{
	struct run run = { .pid = -1, .fail = -1, .out = -1,
			   .deadline = deadline };
	struct buf none;
	int rc;

	buf_init(&none, 0);
	if (_check_time(&run, "a system call", err) < 0 ||
	    _watch_children(&run, err) < 0)
		return -1;
	run.pid = fork();
	if (run.pid == 0) {
		(void) setpgid(0, 0);
		(void) sigprocmask(SIG_SETMASK, &run.mask, NULL);
		_exit(fn(arg) & 0xff);
	}
	if (run.pid < 0)
		rc = err_errno(err, ERR_FATAL, errno, "fork");
	else
		rc = _finish(&run, "a system call", &none, status, err);
	_forget_children(&run);
	return rc;
}
