/* SPDX-License-Identifier: GPL-2.0-or-later */
/* task - see task.h. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "filter.h"
#include "host_system.h"
#include "session.h"
#include "task.h"
#include "user.h"
#include "vm.h"
#include "witness.h"
#include "xw.h"

#define TASK_STATE (ENTITY_OWN << 0)
#define TASK_RESULT (ENTITY_OWN << 1)
#define TASK_ERROR_SET (ENTITY_OWN << 2)

#define QUESTION_POLL_US 20000

static const char *const _states[] = { "queued", "running", "success",
				       "error" };

static void _run(void *arg);

static void _note(const struct task *task, const char *event)
{
	bool failed = task->state == TASK_ERROR;

	witness_note(task->mob.lab->witness, event, "task", task->mob.id,
		     "method", task->kind->name, "vm", task->entity->mob.id,
		     "name", task->entity->name, "user", task->user,
		     "operationID", task->operation_id, "fault",
		     failed ? task->error.type : NULL, "result", task->result,
		     NULL);
}

/* -- lists ---------------------------------------------------------- */

static void _link(struct task *task)
{
	struct tasks *tasks = task->mob.lab->tasks;

	task->next = tasks->first;
	task->link = &tasks->first;
	if (task->next)
		task->next->link = &task->next;
	tasks->first = task;
	tasks->count++;
	if (!task->vm)
		return;
	task->vm_next = task->vm->tasks;
	task->vm_link = &task->vm->tasks;
	if (task->vm_next)
		task->vm_next->vm_link = &task->vm_next;
	task->vm->tasks = task;
}

static void _forget(void *arg)
{
	struct task *task = arg;

	if (!task->link)
		return;
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	task->link = NULL;
	task->mob.lab->tasks->count--;
	if (task->vm)
		*task->vm_link = task->vm_next;
	if (task->vm_next)
		task->vm_next->vm_link = task->vm_link;
	mob_changed(&task->entity->mob, ENTITY_TASKS);
	mob_remove(&task->mob);
}

void task_forget_all(struct lab *lab)
{
	while (lab->tasks->first) {
		struct task *task = lab->tasks->first;

		if (task->state >= TASK_SUCCESS)
			sched_cancel(lab->sched, task);
		_forget(task);
	}
}

/* The reference that every task has until it is complete. */
static void _live(struct task *task)
{
	struct tasks *tasks = task->mob.lab->tasks;

	(void) mob_ref(&task->mob);
	task->live_next = tasks->live;
	task->live_link = &tasks->live;
	if (task->live_next)
		task->live_next->live_link = &task->live_next;
	tasks->live = task;
}

static void _die(struct task *task)
{
	*task->live_link = task->live_next;
	if (task->live_next)
		task->live_next->live_link = task->live_link;
	mob_unref(&task->mob);
}

void task_drop_all(struct lab *lab)
{
	while (lab->tasks->live)
		_die(lab->tasks->live);
}

void task_refs_recent(const struct mob *mob, mob_visit *visit, void *arg)
{
	const struct vm *vm = (const struct vm *) mob;
	size_t finished = 0;

	for (struct task *t = vm->tasks; t; t = t->vm_next) {
		if (t->state < TASK_SUCCESS ||
		    ++finished <= TASKS_RECENT_MAX)
			visit(&t->mob, arg);
	}
}

/* -- life ----------------------------------------------------------- */

static void _free_slot(struct task *task);

/* The end, for good or bad. */
static void _complete(struct task *task)
{
	struct lab *lab = task->mob.lab;

	if (task->kind->free_arg)
		task->kind->free_arg(task->arg);
	task->arg = NULL;
	task->completed_us = clock_wall_us();
	mob_changed(&task->mob, TASK_STATE | TASK_RESULT |
		    (task->state == TASK_ERROR ? TASK_ERROR_SET : 0));
	_note(task, "task_end");
	if (task->kind->exclusive && task->vm && task->vm->exclusive == task)
		task->vm->exclusive = NULL;
	if (task->shared)
		task->vm->sharers--;
	task->shared = false;
	_free_slot(task);
	if (task->link)
		sched_after(lab->sched, lab->limits.task_keep_s * 1000000,
			    _forget, task, task);
	_die(task);
}

void task_finish(struct task *task, int rc)
{
	if (rc == 0 && task->rule.kind == INJECT_ERROR_AFTER)
		rc = fault_set(&task->error, task->rule.type, "%s",
			       task->rule.text);
	task->state = rc == 0 ? TASK_SUCCESS : TASK_ERROR;
	if (rc < 0) {
		free(task->result);
		task->result = NULL;
	}
	_complete(task);
}

/* A VM does one exclusive thing at a time, and nothing beside it. */
static int _lock(struct task *task)
{
	struct vm *vm = task->vm;
	bool busy = vm && (vm->exclusive ||
			   (task->kind->exclusive && vm->sharers > 0));

	if (!vm)
		return 0;
	if (vm->entity.mob.gone)
		return fault_gone(&task->error, "VirtualMachine",
				  vm->entity.mob.id);
	if (busy) {
		const struct task *other = vm->exclusive ? vm->exclusive
							  : task;

		(void) fault_set(&task->error, "TaskInProgress",
				 "Another task is already in progress.");
		return fault_add_ref(&task->error, "task", "Task",
				     other->mob.id);
	}
	if (task->kind->exclusive) {
		vm->exclusive = task;
		return 0;
	}
	vm->sharers++;
	task->shared = true;
	return 0;
}

static void _run(void *arg)
{
	struct task *task = arg;
	struct lab *lab = task->mob.lab;
	int rc = 0;

	if (task->vm && task->vm->question) {
		sched_after(lab->sched, QUESTION_POLL_US, _run, task, NULL);
		return;
	}
	if (task->entity->mob.gone)
		rc = fault_gone(&task->error, task->entity->mob.class->type,
				task->entity->mob.id);
	else if (task->rule.kind == INJECT_TASK_ERROR)
		rc = fault_set(&task->error, task->rule.type, "%s",
			       task->rule.text);
	else if (task->vm)
		rc = host_check(task->vm->host, &task->error);
	if (rc == 0)
		rc = task->kind->run(task);
	if (rc != TASK_ASYNC)
		task_finish(task, rc);
}

static void _start(void *arg)
{
	struct task *task = arg;
	struct lab *lab = task->mob.lab;

	if (task->cancelled) {
		task_finish(task, fault_set(&task->error, "RequestCanceled",
					    "The task was canceled by a "
					    "user."));
		return;
	}
	task->state = TASK_RUNNING;
	task->started_us = clock_wall_us();
	mob_changed(&task->mob, TASK_STATE);
	if (_lock(task) < 0) {
		task_finish(task, -1);
		return;
	}
	sched_after(lab->sched, lab_delay(lab, task->kind->name), _run, task,
		    NULL);
}

static void _take_slot(struct task *task)
{
	struct host *host = task->vm->host;

	if (host->busy < host->slots) {
		host->busy++;
		task->slot = host;
		sched_after(host->entity.mob.lab->sched, 0, _start, task,
			    NULL);
		return;
	}
	if (host->last)
		host->last->next_waiting = task;
	else
		host->first = task;
	host->last = task;
}

static void _free_slot(struct task *task)
{
	struct host *host = task->slot;
	struct task *next;

	if (!host)
		return;
	task->slot = NULL;
	host->busy--;
	next = host->first;
	if (!next)
		return;
	host->first = next->next_waiting;
	if (!host->first)
		host->last = NULL;
	next->next_waiting = NULL;
	_take_slot(next);
}

static void _free(struct mob *mob)
{
	struct task *task = (struct task *) mob;

	if (task->arg && task->kind->free_arg)
		task->kind->free_arg(task->arg);
	if (task->found)
		task->kind->free_found(task->found);
	mob_unref(&task->entity->mob);
	free(task->result);
	free(task->user);
	free(task->operation_id);
}

int task_submit(struct call *call, const struct task_kind *kind, void *arg)
{
	return task_submit_for(call, kind, entity_of(call->self), arg);
}

int task_submit_for(struct call *call, const struct task_kind *kind,
		    struct entity *entity, void *arg)
{
	struct task *task = lab_alloc(sizeof(*task));
	struct lab *lab = call->lab;

	task->kind = kind;
	task->entity = (struct entity *) mob_ref(&entity->mob);
	task->vm = vm_of(&entity->mob);
	task->arg = arg;
	task->rule = call->rule;
	task->user = lab_strdup(call->session->user->name);
	task->operation_id = lab_strdup(call->operation_id);
	task->queued_us = clock_wall_us();
	mob_init(&task->mob, lab, &task_class, lab_id(lab, "task"));
	_live(task);
	_link(task);
	mob_changed(&entity->mob, ENTITY_TASKS);
	filter_tree_changed(lab);
	_note(task, "task_queued");
	call_return_ref(call, &task->mob);
	if (kind->slot)
		_take_slot(task);
	else
		sched_after(lab->sched, 0, _start, task, NULL);
	return 0;
}

/* -- properties ----------------------------------------------------- */

static const struct task *_task(const struct mob *mob)
{
	return (const struct task *) mob;
}

static void _emit_key(struct val *val, const struct mob *mob)
{
	val_str(val, mob->id);
}

static void _emit_self(struct val *val, const struct mob *mob)
{
	val_ref(val, mob);
}

static void _emit_name(struct val *val, const struct mob *mob)
{
	val_str(val, _task(mob)->kind->name);
}

static void _emit_description(struct val *val, const struct mob *mob)
{
	val_str(val, _task(mob)->kind->description);
}

static void _emit_entity(struct val *val, const struct mob *mob)
{
	val_ref(val, &_task(mob)->entity->mob);
}

static void _emit_entity_name(struct val *val, const struct mob *mob)
{
	val_str(val, _task(mob)->entity->name);
}

static void _emit_state(struct val *val, const struct mob *mob)
{
	val_str(val, _states[_task(mob)->state]);
}

static void _emit_cancelled(struct val *val, const struct mob *mob)
{
	val_bool(val, _task(mob)->cancelled);
}

static void _emit_cancelable(struct val *val, const struct mob *mob)
{
	val_bool(val, _task(mob)->state == TASK_QUEUED);
}

static void _emit_error(struct val *val, const struct mob *mob)
{
	if (_task(mob)->state != TASK_ERROR)
		return;
	val_open(val, NULL);
	fault_print(&_task(mob)->error, val->out);
	val_close(val);
}

static void _emit_result(struct val *val, const struct mob *mob)
{
	if (_task(mob)->found && _task(mob)->state == TASK_SUCCESS)
		_task(mob)->kind->emit(val, _task(mob));
	else if (_task(mob)->result)
		val_ref_id(val, "VirtualMachine", _task(mob)->result);
}

static void _emit_reason(struct val *val, const struct mob *mob)
{
	val_open(val, "TaskReasonUser");
	xw_str(val->out, "userName", _task(mob)->user);
	val_close(val);
}

static void _emit_time(struct val *val, int64_t wall_us)
{
	if (wall_us)
		val_time(val, wall_us);
}

static void _emit_queue_time(struct val *val, const struct mob *mob)
{
	_emit_time(val, _task(mob)->queued_us);
}

static void _emit_start_time(struct val *val, const struct mob *mob)
{
	_emit_time(val, _task(mob)->started_us);
}

static void _emit_complete_time(struct val *val, const struct mob *mob)
{
	_emit_time(val, _task(mob)->completed_us);
}

static void _emit_zero(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_int(val, 0);
}

static const struct mob_prop _props[] = {
	{ "info.key", _emit_key, NULL, 0 },
	{ "info.task", _emit_self, NULL, 0 },
	{ "info.name", _emit_name, NULL, 0 },
	{ "info.descriptionId", _emit_description, NULL, 0 },
	{ "info.entity", _emit_entity, NULL, 0 },
	{ "info.entityName", _emit_entity_name, NULL, 0 },
	{ "info.state", _emit_state, NULL, TASK_STATE },
	{ "info.cancelled", _emit_cancelled, NULL, TASK_STATE },
	{ "info.cancelable", _emit_cancelable, NULL, TASK_STATE },
	{ "info.error", _emit_error, NULL, TASK_ERROR_SET },
	{ "info.result", _emit_result, NULL, TASK_RESULT },
	{ "info.reason", _emit_reason, NULL, 0 },
	{ "info.queueTime", _emit_queue_time, NULL, 0 },
	{ "info.startTime", _emit_start_time, NULL, TASK_STATE },
	{ "info.completeTime", _emit_complete_time, NULL, TASK_STATE },
	{ "info.eventChainId", _emit_zero, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};

static int _cancel(struct call *call)
{
	struct task *task = (struct task *) call->self;

	if (task->state == TASK_RUNNING)
		return fault_set(&call->fault, "NotSupported",
				 "The task is running and cannot be "
				 "canceled.");
	if (task->state >= TASK_SUCCESS)
		return fault_set(&call->fault, "InvalidState",
				 "The task is complete.");
	task->cancelled = true;
	mob_changed(&task->mob, TASK_STATE);
	return 0;
}

static const struct mob_method _methods[] = {
	{ "CancelTask", _cancel },
	{ NULL, NULL },
};
const struct mob_class task_class = { "Task", _props, _methods, _free };

static void _refs_recent(const struct mob *mob, mob_visit *visit, void *arg)
{
	size_t finished = 0;

	for (struct task *t = mob->lab->tasks->first; t; t = t->next) {
		if (t->state < TASK_SUCCESS ||
		    ++finished <= TASKS_RECENT_MAX)
			visit(&t->mob, arg);
	}
}

static const struct mob_prop _manager_props[] = {
	{ "recentTask", NULL, _refs_recent, 0 },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class task_manager_class = { "TaskManager", _manager_props,
					      NULL, NULL };
