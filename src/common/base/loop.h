/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - the event loop of a single-threaded program; the only user of
 * sd-event.
 *
 * Sources belong to whoever added them and are destroyed by that owner,
 * before the loop; destroying one inside its own callback is fine, and no
 * callback comes after it. Callbacks must not block.
 */
#ifndef SCLONE_BASE_LOOP_H
#define SCLONE_BASE_LOOP_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;
struct loop_child;

#define LOOP_READ 1u
#define LOOP_WRITE 2u
#define LOOP_HANGUP 4u	/* reported only: error or hang-up */

struct loop *loop_create(struct err *err);
void loop_destroy(struct loop *loop);	/* accepts NULL */
CLEANUP_DEFINE(struct loop *, loop_destroy)
#define cleanup_loop cleanup_with(loop_destroy_cleanup_)

/* Run until loop_stop(); returns its code. FATAL on failure of the loop. */
int loop_run(struct loop *loop, struct err *err);
void loop_stop(struct loop *loop, int code);

/* One turn: wait at most timeout_us (< 0: for ever) and dispatch one event.
 * 1 something happened, 0 nothing, -1 error. */
int loop_turn(struct loop *loop, int64_t timeout_us, struct err *err);

/* Watch a descriptor (borrowed). events is 0 or LOOP_READ | LOOP_WRITE. */
struct loop_io *loop_io_create(struct loop *loop, int fd, unsigned events,
			       void (*cb)(int fd, unsigned events, void *arg),
			       void *arg, struct err *err);
int loop_io_set(struct loop_io *io, unsigned events);
void loop_io_destroy(struct loop_io *io);	/* accepts NULL */

/* A one-shot timer on monotonic time, created idle; set again at will. */
struct loop_timer *loop_timer_create(struct loop *loop,
				     void (*cb)(void *arg), void *arg,
				     struct err *err);
int loop_timer_set(struct loop_timer *timer, int64_t delay_us);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_destroy(struct loop_timer *timer);	/* accepts NULL */

/* Blocks the signal for the process and calls back from the loop. */
struct loop_signal *loop_signal_create(struct loop *loop, int signo,
				       void (*cb)(int signo, void *arg),
				       void *arg, struct err *err);
void loop_signal_destroy(struct loop_signal *sig);	/* accepts NULL */

/* Called once when the child process ends; it has been reaped then. SIGCHLD
 * must be blocked before (loop_create does that). */
struct loop_child *loop_child_create(struct loop *loop, pid_t pid,
				     void (*cb)(pid_t pid,
						const siginfo_t *info,
						void *arg),
				     void *arg, struct err *err);
void loop_child_destroy(struct loop_child *child);	/* accepts NULL */

#endif
