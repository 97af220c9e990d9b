/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_power - on, off, reset, and answers to questions; see vm.h. */
#include <string.h>

#include "call.h"
#include "host_system.h"
#include "task.h"
#include "vm.h"

static void _note(const struct task *task, const char *event)
{
	vm_note(task->vm, event, task->user, task->operation_id, NULL);
}

static int _run_off(struct task *task)
{
	struct vm *vm = task->vm;

	if (vm_need_power(vm, true, &task->error) < 0)
		return -1;
	vm->ops->power_off(vm->guest);
	vm_set_power(vm, false);
	_note(task, "vm_powered_off");
	return 0;
}

static void _started(struct vm *vm, const struct err *err, void *arg)
{
	struct task *task = arg;

	if (err) {
		vm->ops->power_off(vm->guest);
		vm_give_room(vm);
		task_finish(task, fault_set(&task->error,
					    "GenericVmConfigFault", "%s",
					    err->text));
		return;
	}
	vm_set_power(vm, true);
	_note(task, "vm_powered_on");
	task_finish(task, 0);
}

static int _start(struct task *task)
{
	struct vm *vm = task->vm;
	struct err err = ERR_INIT;

	if (vm_take_room(vm, &task->error) < 0)
		return -1;
	vm->started = _started;
	vm->started_arg = task;
	if (vm->ops->power_on(vm->guest, &err) == 0)
		return TASK_ASYNC;
	vm->started = NULL;
	vm_give_room(vm);
	return fault_set(&task->error, "GenericVmConfigFault", "%s",
			 err.text);
}

static int _run_on(struct task *task)
{
	struct vm *vm = task->vm;

	if (vm_need_power(vm, false, &task->error) < 0)
		return -1;
	if (vm->is_template)
		return fault_set(&task->error, "NotSupported",
				 "A template cannot be powered on.");
	return _start(task);
}

static int _run_reset(struct task *task)
{
	struct vm *vm = task->vm;

	if (vm_need_power(vm, true, &task->error) < 0)
		return -1;
	vm->ops->power_off(vm->guest);
	vm_set_frozen(vm, false);
	_note(task, "vm_reset");
	return _start(task);
}

static const struct task_kind _off = {
	.name = "PowerOffVM_Task",
	.description = "VirtualMachine.powerOff",
	.exclusive = true,
	.run = _run_off,
};
static const struct task_kind _on = {
	.name = "PowerOnVM_Task",
	.description = "VirtualMachine.powerOn",
	.exclusive = true,
	.run = _run_on,
};
static const struct task_kind _reset = {
	.name = "ResetVM_Task",
	.description = "VirtualMachine.reset",
	.exclusive = true,
	.run = _run_reset,
};

static int _submit(struct call *call, const struct task_kind *kind)
{
	return vm_need_enabled(call) < 0 ? -1 : task_submit(call, kind, NULL);
}

int vm_power_off(struct call *call)
{
	return _submit(call, &_off);
}

int vm_power_on(struct call *call)
{
	return _submit(call, &_on);
}

int vm_reset(struct call *call)
{
	return _submit(call, &_reset);
}

int vm_answer(struct call *call)
{
	struct vm *vm = (struct vm *) call->self;

	if (!vm->question ||
	    strcmp(call_arg_text(call, "questionId"), "1") != 0)
		return fault_argument(&call->fault, "questionId",
				      "no such question");
	vm_set_question(vm, NULL);
	return 0;
}
