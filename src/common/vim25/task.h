/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * task - a call that vCenter executes in the background: submitted and
 * awaited as one operation, with exactly one end.
 *
 * UNKNOWN means that it may have been executed, or still be running: the
 * reply to the submission was lost, the task is not watched any more, or it
 * took too long. Look at what it was about; never just submit again.
 */
#ifndef SCLONE_VIM25_TASK_H
#define SCLONE_VIM25_TASK_H

#include "watch.h"

struct task;

struct task_result {
	const struct err *err;		/* NULL: success */
	const struct fault *fault;	/* the server's, or NULL */
	const struct moref *object;	/* what it made, or NULL */
	const struct moref *task;	/* NULL when it was never accepted */
};

/* Borrowed for the callback. */
typedef void task_done_fn(const struct task_result *result, void *arg);

/*
 * Submit a finished request of a *_Task method and await its end, at most
 * limit_ms from the submission. The request is taken over in any case. NULL,
 * and no callback: BUSY, REFUSED, FATAL.
 */
struct task *task_start(struct watch *watch, struct soap_request *request,
			unsigned limit_ms, task_done_fn *done, void *arg,
			struct err *err);

/*
 * Be told as well when vCenter has accepted the task, with the argument of
 * task_start(): for callers that write its id down. Does not come when the
 * task was refused or the reply lost. The callback must not cancel the task.
 */
typedef void task_accept_fn(const struct moref *ref, void *arg);
void task_on_accept(struct task *task, task_accept_fn *accepted);

/* No callback will come; the task runs on in vCenter. Accepts NULL. Not for
 * a task whose callback has begun. */
void task_cancel(struct task *task);

#endif
