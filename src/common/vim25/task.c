/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/clock.h"
#include "task.h"

struct task {
	struct watch *watch;
	const char *method;
	struct session_call *submit;	/* at first */
	struct watch_item *item;	/* then */
	struct loop_timer *limit;
	struct moref ref;
	task_accept_fn *accepted;	/* or NULL */
	task_done_fn *done;
	void *arg;
};

/* The submission is over, whether its reply has come or not. */
static void _end_submit(struct task *task)
{
	if (!task->submit)
		return;
	session_cancel(steal_ptr(&task->submit));
	watch_arrived(task->watch);
}

static void _free(struct task *task)
{
	_end_submit(task);
	watch_remove(task->item);
	loop_timer_destroy(task->limit);
	free(task);
}

static void _finish(struct task *task, const struct err *err,
		    const struct fault *fault, const struct moref *object)
{
	struct task_result result = {
		.err = err, .fault = fault, .object = object,
		.task = moref_is_set(&task->ref) ? &task->ref : NULL,
	};

	_end_submit(task);
	task->done(&result, task->arg);
	_free(task);
}

static void _finish_unknown(struct task *task, const char *why)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_UNKNOWN, "%s: %s%s%s", task->method, task->ref.id,
		moref_is_set(&task->ref) ? ": " : "", why);
	_finish(task, &err, NULL, NULL);
}

static void _on_limit(void *arg)
{
	struct task *task = arg;

	_finish_unknown(task, task->submit
			? "no task within its time limit"
			: "not finished within its time limit");
}

static void _on_event(const struct watch_event *event, void *arg)
{
	struct task *task = arg;
	struct err err = ERR_INIT;

	task->item = NULL;
	switch (event->kind) {
	case WATCH_ENDED:
		if (event->fault)
			fault_error(event->fault, task->method, &err);
		_finish(task, event->fault ? &err : NULL, event->fault,
			event->result);
		break;
	case WATCH_GONE:
		_finish_unknown(task, "vCenter knows no such task any more");
		break;
	default:
		_finish_unknown(task, "lost with vCenter's session");
	}
}

static int _accepted(struct task *task, const struct xml_node *response,
		     struct err *err)
{
	if (soap_ref(xml_child(response, "returnval"), &task->ref, err))
		return soap_garbled(SOAP_CHANGE, task->method,
				    "no task in the reply", err);
	task->item = watch_add(task->watch, &task->ref, WATCH_TASK, _on_event,
			       task, err);
	return task->item ? 0 : -1;
}

static void _on_submit(const struct soap_reply *reply, void *arg)
{
	struct task *task = arg;
	struct err err = ERR_INIT;
	int rc = reply->err ? 0 : _accepted(task, reply->response, &err);

	task->submit = NULL;
	watch_arrived(task->watch);
	if (reply->err)
		_finish(task, reply->err, reply->fault, NULL);
	else if (rc && moref_is_set(&task->ref))
		_finish_unknown(task, err.text);
	else if (rc)
		_finish(task, &err, NULL, NULL);
	else if (task->accepted)
		task->accepted(&task->ref, task->arg);
}

struct task *task_start(struct watch *watch, struct soap_request *request,
			unsigned limit_ms, task_done_fn *done, void *arg,
			struct err *err)
{
	struct session *session = watch_session(watch);
	struct task *task = calloc(1, sizeof(*task));

	if (!task) {
		soap_request_free(request);
		err_nomem(err);
		return NULL;
	}
	*task = (struct task) { .watch = watch, .method = request->method,
				.done = done, .arg = arg };
	task->limit = loop_timer_create(session_loop(session), _on_limit, task,
					err);
	if (!task->limit) {
		soap_request_free(request);
		_free(task);
		return NULL;
	}
	loop_timer_set(task->limit, limit_ms * CLOCK_US_PER_MS);
	task->submit = session_call(session, request, _on_submit, task, err);
	if (!task->submit) {
		_free(task);
		return NULL;
	}
	watch_announce(watch);
	return task;
}

void task_on_accept(struct task *task, task_accept_fn *accepted)
{
	task->accepted = accepted;
}

void task_cancel(struct task *task)
{
	if (task)
		_free(task);
}
