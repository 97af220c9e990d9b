/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <systemd/sd-event.h>

#include "loop.h"

#define TIMER_ACCURACY_US 250

struct loop {
	sd_event *event;
};

struct loop_io {
	sd_event_source *source;
	void (*cb)(int fd, unsigned events, void *arg);
	void *arg;
};

struct loop_timer {
	sd_event_source *source;
	void (*cb)(void *arg);
	void *arg;
};

struct loop_signal {
	sd_event_source *source;
	void (*cb)(int signo, void *arg);
	void *arg;
};

struct loop_child {
	sd_event_source *source;
	void (*cb)(pid_t pid, const siginfo_t *info, void *arg);
	void *arg;
};

static int _block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

struct loop *loop_create(struct err *err)
{
	cleanup_loop struct loop *loop = calloc(1, sizeof(*loop));
	int rc;

	if (!loop) {
		err_nomem(err);
		return NULL;
	}
	rc = sd_event_new(&loop->event);
	if (rc < 0 || _block(SIGCHLD) < 0) {
		err_errno(err, ERR_FATAL, rc < 0 ? -rc : errno, "event loop");
		return NULL;
	}
	return steal_ptr(&loop);
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	sd_event_unref(loop->event);
	free(loop);
}

int loop_run(struct loop *loop, struct err *err)
{
	int rc = sd_event_loop(loop->event);

	if (rc < 0)
		return err_errno(err, ERR_FATAL, -rc, "event loop");
	return rc;
}

void loop_stop(struct loop *loop, int code)
{
	(void) sd_event_exit(loop->event, code);
}

int loop_turn(struct loop *loop, int64_t timeout_us, struct err *err)
{
	uint64_t timeout = timeout_us < 0 ? UINT64_MAX : (uint64_t) timeout_us;
	int rc = sd_event_run(loop->event, timeout);

	if (rc < 0)
		return err_errno(err, ERR_FATAL, -rc, "event loop");
	return rc > 0;
}

/* The source's own reference is dropped at once; sd-event keeps a source
 * alive while its callback runs. */
static void _drop(sd_event_source *source)
{
	sd_event_source_disable_unref(source);
}

static uint32_t _to_epoll(unsigned events)
{
	return (events & LOOP_READ ? EPOLLIN : 0u) |
	       (events & LOOP_WRITE ? EPOLLOUT : 0u);
}

static int _on_io(sd_event_source *source, int fd, uint32_t revents,
		  void *arg)
{
	struct loop_io *io = arg;
	unsigned events = 0;

	(void) source;
	if (revents & EPOLLIN)
		events |= LOOP_READ;
	if (revents & EPOLLOUT)
		events |= LOOP_WRITE;
	if (revents & (EPOLLERR | EPOLLHUP))
		events |= LOOP_HANGUP;
	io->cb(fd, events, io->arg);
	return 0;
}

struct loop_io *loop_io_create(struct loop *loop, int fd, unsigned events,
			       void (*cb)(int fd, unsigned events, void *arg),
			       void *arg, struct err *err)
{
	struct loop_io *io = calloc(1, sizeof(*io));
	int rc;

	if (!io) {
		err_nomem(err);
		return NULL;
	}
	io->cb = cb;
	io->arg = arg;
	rc = sd_event_add_io(loop->event, &io->source, fd, _to_epoll(events),
			     _on_io, io);
	if (rc < 0) {
		free(io);
		err_errno(err, ERR_FATAL, -rc, "watch descriptor %d", fd);
		return NULL;
	}
	return io;
}

int loop_io_set(struct loop_io *io, unsigned events)
{
	return sd_event_source_set_io_events(io->source, _to_epoll(events)) < 0
		       ? -1 : 0;
}

void loop_io_destroy(struct loop_io *io)
{
	if (!io)
		return;
	_drop(io->source);
	free(io);
}

static int _on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct loop_timer *timer = arg;

	(void) source;
	(void) usec;
	timer->cb(timer->arg);
	return 0;
}

struct loop_timer *loop_timer_create(struct loop *loop,
				     void (*cb)(void *arg), void *arg,
				     struct err *err)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));
	int rc;

	if (!timer) {
		err_nomem(err);
		return NULL;
	}
	timer->cb = cb;
	timer->arg = arg;
	rc = sd_event_add_time(loop->event, &timer->source, CLOCK_MONOTONIC, 0,
			       TIMER_ACCURACY_US, _on_timer, timer);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(timer->source, SD_EVENT_OFF);
	if (rc < 0) {
		_drop(timer->source);
		free(timer);
		err_errno(err, ERR_FATAL, -rc, "make a timer");
		return NULL;
	}
	return timer;
}

int loop_timer_set(struct loop_timer *timer, int64_t delay_us)
{
	uint64_t delay = delay_us < 0 ? 0 : (uint64_t) delay_us;

	if (sd_event_source_set_time_relative(timer->source, delay) < 0)
		return -1;
	return sd_event_source_set_enabled(timer->source,
					   SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
	(void) sd_event_source_set_enabled(timer->source, SD_EVENT_OFF);
}

void loop_timer_destroy(struct loop_timer *timer)
{
	if (!timer)
		return;
	_drop(timer->source);
	free(timer);
}

static int _on_signal(sd_event_source *source,
		      const struct signalfd_siginfo *info, void *arg)
{
	struct loop_signal *sig = arg;

	(void) source;
	sig->cb((int) info->ssi_signo, sig->arg);
	return 0;
}

struct loop_signal *loop_signal_create(struct loop *loop, int signo,
				       void (*cb)(int signo, void *arg),
				       void *arg, struct err *err)
{
	struct loop_signal *sig = calloc(1, sizeof(*sig));
	int rc;

	if (!sig) {
		err_nomem(err);
		return NULL;
	}
	sig->cb = cb;
	sig->arg = arg;
	rc = _block(signo) < 0 ? -errno
			       : sd_event_add_signal(loop->event, &sig->source,
						     signo, _on_signal, sig);
	if (rc < 0) {
		free(sig);
		err_errno(err, ERR_FATAL, -rc, "watch signal %d", signo);
		return NULL;
	}
	return sig;
}

void loop_signal_destroy(struct loop_signal *sig)
{
	if (!sig)
		return;
	_drop(sig->source);
	free(sig);
}

static int _on_child(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct loop_child *child = arg;

	if (info->si_code == CLD_CONTINUED)
		return 0;
	(void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
	child->cb(info->si_pid, info, child->arg);
	return 0;
}

struct loop_child *loop_child_create(struct loop *loop, pid_t pid,
				     void (*cb)(pid_t pid,
						const siginfo_t *info,
						void *arg),
				     void *arg, struct err *err)
{
	struct loop_child *child = calloc(1, sizeof(*child));
	int rc;

	if (!child) {
		err_nomem(err);
		return NULL;
	}
	child->cb = cb;
	child->arg = arg;
	/* With WEXITED alone sd-event goes by a pidfd and looks at the child
	 * once, when it dies; if it is being traced then, it is not shown to
	 * its parent yet. With more it goes by SIGCHLD, which comes for the
	 * end of the tracing, too. */
	rc = sd_event_add_child(loop->event, &child->source, pid,
				WEXITED | WCONTINUED, _on_child, child);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(child->source, SD_EVENT_ON);
	if (rc < 0) {
		_drop(child->source);
		free(child);
		err_errno(err, ERR_FATAL, -rc, "watch process %d", (int) pid);
		return NULL;
	}
	return child;
}

void loop_child_destroy(struct loop_child *child)
{
	if (!child)
		return;
	_drop(child->source);
	free(child);
}
