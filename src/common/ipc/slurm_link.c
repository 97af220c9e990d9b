/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm_link - one child, one call under way, a queue behind it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "slurmcall.h"
#include "wire.h"
#include "slurm_link.h"

#define CHILD_FD 3
#define PAUSE_MIN_US 100000
#define PAUSE_MAX_US (10 * CLOCK_US_PER_S)
#define GRACE_US CLOCK_US_PER_S	/* for a child that hung up, to end */

struct call {
	struct call *next;
	int64_t id;
	int64_t deadline_us;
	bool acts;
	struct buf line;
	size_t sent;
	void (*done)(const struct json *answer, const struct err *failure,
		     void *arg);
	void *arg;
};

struct slurm_link {
	struct loop *loop;
	char *program, *conf;
	size_t calls_max;
	void (*died)(const char *how, void *arg);
	void (*idle)(void *arg);
	void *arg;
	pid_t pid;			/* 0: no child */
	int fd;				/* -1: none, or given up */
	struct loop_io *io;
	struct loop_child *child;
	struct loop_timer *deadline;	/* of the earliest call, or before */
	int64_t deadline_us;		/* when it fires; 0: it does not */
	struct loop_timer *start;	/* of the next child, or the end of
					 * one that hung up */
	int64_t pause_us;		/* before the next child, if this one
					 * dies without an answer */
	struct buf in;
	struct call *current;		/* being sent or answered */
	struct call *first, **last;	/* waiting */
	size_t count;
	int64_t next_id;
	bool restart;			/* the child is not wanted any more */
	char how[64];			/* the last child's end */
};

static void _pump(struct slurm_link *link);

/* Calls. */

static void _call_free(struct call *call)
{
	buf_free(&call->line);
	free(call);
}

/* A call that ends leaves the timer as it is: thousands may wait, and it
 * looks at them all when it fires. */
static void _lower_deadline(struct slurm_link *link, const struct call *call)
{
	if (link->deadline_us && link->deadline_us <= call->deadline_us)
		return;
	link->deadline_us = call->deadline_us;
	(void) loop_timer_set(link->deadline,
			      call->deadline_us - clock_mono_us());
}

static void _set_deadline(struct slurm_link *link)
{
	link->deadline_us = 0;
	if (link->current)
		_lower_deadline(link, link->current);
	for (const struct call *call = link->first; call; call = call->next)
		_lower_deadline(link, call);
}

static void _finish(struct slurm_link *link, struct call *call,
		    const struct json *answer, const struct err *failure)
{
	link->count--;
	call->done(answer, failure, call->arg);
	_call_free(call);
}

/* The call under way will not be answered. */
static void _lose_current(struct slurm_link *link, const char *why)
{
	struct call *call = steal_ptr(&link->current);
	struct err failure = ERR_INIT;

	if (!call)
		return;
	err_set(&failure, call->acts && call->sent ? ERR_UNKNOWN
						   : ERR_TRANSIENT,
		"no answer from scloned-slurm: %s", why);
	_finish(link, call, NULL, &failure);
}

/* The child. */

static void _hang_up(struct slurm_link *link)
{
	loop_io_destroy(link->io);
	link->io = NULL;
	if (link->fd >= 0)
		(void) close(link->fd);
	link->fd = -1;
	buf_free(&link->in);
}

/* It cannot be trusted any more; _on_child does the rest. */
static void _give_up(struct slurm_link *link, const char *why)
{
	_hang_up(link);
	if (link->pid)
		(void) kill(link->pid, SIGKILL);
	_lose_current(link, why);
}

static void _describe_end(struct slurm_link *link, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		snprintf(link->how, sizeof(link->how), "it exited with %d",
			 info->si_status);
	else
		snprintf(link->how, sizeof(link->how),
			 "it was ended by signal %d", info->si_status);
}

static void _on_child(pid_t pid, const siginfo_t *info, void *arg)
{
	struct slurm_link *link = arg;
	bool wanted = link->restart;

	(void) pid;
	_describe_end(link, info);
	loop_child_destroy(link->child);
	link->child = NULL;
	link->pid = 0;
	link->restart = false;
	_hang_up(link);
	(void) loop_timer_set(link->start, wanted ? 0 : link->pause_us);
	if (!wanted)
		link->pause_us = link->pause_us < PAUSE_MAX_US / 2
					 ? link->pause_us * 2
					 : PAUSE_MAX_US;
	_lose_current(link, link->how);
	if (!wanted && link->died)
		link->died(link->how, link->arg);
}

static void _answered(struct slurm_link *link, const struct json *answer)
{
	struct call *call = steal_ptr(&link->current);
	struct err failure = ERR_INIT;

	link->pause_us = PAUSE_MIN_US;
	if (wire_get_error(answer, &failure))
		_finish(link, call, NULL, &failure);
	else
		_finish(link, call, answer, NULL);
}

static void _take_line(struct slurm_link *link)
{
	cleanup_json struct json *answer = NULL;
	struct err err = ERR_INIT;
	int64_t id = -1;

	answer = json_parse(buf_str(&link->in), link->in.len, &err);
	buf_free(&link->in);
	if (!answer || json_get_int(answer, "id", 0, INT64_MAX, &id, &err) ||
	    !link->current || id != link->current->id ||
	    link->current->sent < link->current->line.len) {
		_give_up(link, "it does not keep to the protocol");
		return;
	}
	_answered(link, answer);
}

/* One answer for one call: its newline is the last byte there is. */
static void _read(struct slurm_link *link)
{
	char chunk[65536];
	const char *end;
	ssize_t n = recv(link->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* How it ends says more; but it has to. */
		_hang_up(link);
		(void) loop_timer_set(link->start, GRACE_US);
		return;
	}
	end = memchr(chunk, '\n', (size_t) n);
	buf_add(&link->in, chunk, (size_t) n);
	if (link->in.failed || (end && end != chunk + n - 1))
		_give_up(link, "it does not keep to the protocol");
	else if (end)
		_take_line(link);
}

static void _write(struct slurm_link *link)
{
	struct call *call = link->current;

	while (call->sent < call->line.len) {
		ssize_t n = send(link->fd, call->line.data + call->sent,
				 call->line.len - call->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		/* EPIPE: it has ended; _on_child comes. */
		if (n < 0)
			break;
		call->sent += (size_t) n;
	}
	(void) loop_io_set(link->io, call->sent < call->line.len
					     ? LOOP_READ | LOOP_WRITE
					     : LOOP_READ);
}

static void _on_io(int fd, unsigned events, void *arg)
{
	struct slurm_link *link = arg;

	(void) fd;
	if (events & (LOOP_READ | LOOP_HANGUP))
		_read(link);
	else if (link->current)
		_write(link);
	_pump(link);
}

static void _exec(const struct slurm_link *link, int fd)
{
	char fd_option[] = "--fd", conf_option[] = "--conf", number[16];
	char *argv[6] = { link->program, fd_option, number };
	sigset_t none;

	if (link->conf) {
		argv[3] = conf_option;
		argv[4] = link->conf;
	}
	snprintf(number, sizeof(number), "%d", CHILD_FD);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	/* What libslurm prints belongs into the log. */
	(void) dup2(STDERR_FILENO, STDOUT_FILENO);
	if (fd == CHILD_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, CHILD_FD) < 0)
		_exit(126);
	execv(link->program, argv);
	_exit(127);
}

static int _watch(struct slurm_link *link, pid_t pid, struct err *err)
{
	link->child = loop_child_create(link->loop, pid, _on_child, link, err);
	if (link->child)
		link->io = loop_io_create(link->loop, link->fd, LOOP_READ,
					  _on_io, link, err);
	if (link->io) {
		link->pid = pid;
		return 0;
	}
	loop_child_destroy(link->child);
	link->child = NULL;
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	_hang_up(link);
	return -1;
}

static int _spawn(struct slurm_link *link, struct err *err)
{
	cleanup_close int theirs = -1;
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_errno(err, ERR_FATAL, errno, "socketpair");
	link->fd = fds[0];
	theirs = fds[1];
	pid = fork();
	if (pid == 0)
		_exec(link, theirs);
	if (pid < 0) {
		err_errno(err, ERR_FATAL, errno, "fork");
		_hang_up(link);
		return -1;
	}
	return _watch(link, pid, err);
}

static void _on_start(void *arg)
{
	struct slurm_link *link = arg;

	if (link->pid) {
		(void) kill(link->pid, SIGKILL);
		return;
	}
	/* No memory or no process: only time helps. */
	if (_spawn(link, NULL))
		(void) loop_timer_set(link->start, PAUSE_MAX_US);
	_pump(link);
}

/* The queue. */

static struct call *_take_first(struct slurm_link *link)
{
	struct call *call = link->first;

	link->first = call->next;
	if (!link->first)
		link->last = &link->first;
	call->next = NULL;
	return call;
}

static void _pump(struct slurm_link *link)
{
	if (!link->current && link->restart && link->fd >= 0) {
		_hang_up(link);
		(void) kill(link->pid, SIGKILL);
	} else if (!link->current && link->first && link->fd >= 0) {
		link->current = _take_first(link);
		_write(link);
	} else if (!link->count && link->idle) {
		link->idle(link->arg);
	}
}

static void _expire_waiting(struct slurm_link *link, int64_t now)
{
	struct err failure = ERR_INIT;
	struct call **at = &link->first;
	struct call *expired = NULL, **tail = &expired;

	while (*at) {
		struct call *call = *at;

		if (call->deadline_us > now) {
			at = &call->next;
			continue;
		}
		*at = call->next;
		call->next = NULL;
		*tail = call;
		tail = &call->next;
	}
	link->last = at;
	err_set(&failure, ERR_TRANSIENT, "Slurm was not asked in time%s%s",
		link->pid ? "" : ": scloned-slurm is down, ",
		link->pid ? "" : link->how);
	while (expired) {
		struct call *call = expired;

		expired = call->next;
		_finish(link, call, NULL, &failure);
	}
}

static void _on_deadline(void *arg)
{
	struct slurm_link *link = arg;
	int64_t now = clock_mono_us();

	_expire_waiting(link, now);
	if (link->current && link->current->deadline_us <= now)
		_give_up(link, "its time is over");
	_pump(link);
	_set_deadline(link);
}

static bool _acts(const char *verb)
{
	static const char *const asking[] = { "ping", "nodes", "node", "job",
					      "partitions", "config" };

	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
		if (!strcmp(asking[i], verb))
			return false;
	}
	return true;
}

static int _print(struct call *call, const char *verb, struct json *args,
		  struct err *err)
{
	if (!args || json_put_int(args, "id", call->id) ||
	    json_put_str(args, "verb", verb) ||
	    json_put_int(args, "deadline", call->deadline_us))
		return err_nomem(err);
	json_print(args, &call->line);
	buf_putc(&call->line, '\n');
	return buf_ok(&call->line, "the call", err);
}

int slurm_link_call(struct slurm_link *link, const char *verb,
		    struct json *args, int64_t timeout_us,
		    void (*done)(const struct json *answer,
				 const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	cleanup_json struct json *owned = args ? args : json_new_object();
	struct call *call;

	if (link->count >= link->calls_max)
		return err_set(err, ERR_BUSY, "%zu calls wait for Slurm",
			       link->count);
	call = calloc(1, sizeof(*call));
	if (!call)
		return err_nomem(err);
	buf_init(&call->line, SLURMCALL_LINE_MAX);
	call->id = link->next_id++;
	call->deadline_us = clock_mono_us() + timeout_us;
	call->acts = _acts(verb);
	call->done = done;
	call->arg = arg;
	if (_print(call, verb, owned, err)) {
		_call_free(call);
		return -1;
	}
	*link->last = call;
	link->last = &call->next;
	link->count++;
	_lower_deadline(link, call);
	_pump(link);
	return 0;
}

void slurm_link_restart(struct slurm_link *link)
{
	if (!link->pid)
		return;
	link->restart = true;
	_pump(link);
}

size_t slurm_link_waiting(const struct slurm_link *link)
{
	return link->count;
}

pid_t slurm_link_pid(const struct slurm_link *link)
{
	return link->pid;
}

static int _prepare(struct slurm_link *link,
		    const struct slurm_link_options *options, struct err *err)
{
	link->program = strdup(options->program);
	link->conf = options->conf ? strdup(options->conf) : NULL;
	if (!link->program || (options->conf && !link->conf))
		return err_nomem(err);
	if (access(link->program, X_OK))
		return err_errno(err, ERR_CONFIG, errno, "execute %s",
				 link->program);
	link->deadline = loop_timer_create(link->loop, _on_deadline, link,
					   err);
	link->start = loop_timer_create(link->loop, _on_start, link, err);
	return link->deadline && link->start ? 0 : -1;
}

struct slurm_link *slurm_link_create(struct loop *loop,
				     const struct slurm_link_options *options,
				     struct err *err)
{
	cleanup_slurm_link struct slurm_link *link = calloc(1, sizeof(*link));

	if (!link) {
		err_nomem(err);
		return NULL;
	}
	link->loop = loop;
	link->calls_max = options->calls_max;
	link->died = options->died;
	link->idle = options->idle;
	link->arg = options->arg;
	link->fd = -1;
	link->last = &link->first;
	link->pause_us = PAUSE_MIN_US;
	buf_init(&link->in, SLURMCALL_ANSWER_MAX);
	if (_prepare(link, options, err) || _spawn(link, err))
		return NULL;
	return steal_ptr(&link);
}

void slurm_link_destroy(struct slurm_link *link)
{
	if (!link)
		return;
	_hang_up(link);
	loop_child_destroy(link->child);
	if (link->pid) {
		(void) kill(link->pid, SIGKILL);
		(void) waitpid(link->pid, NULL, 0);
	}
	loop_timer_destroy(link->deadline);
	loop_timer_destroy(link->start);
	if (link->current)
		_call_free(link->current);
	while (link->first)
		_call_free(_take_first(link));
	free(link->program);
	free(link->conf);
	free(link);
}
