/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "fake_executor.h"
#include "guest.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"
#include "vcenter.h"

#define MACHINES_MAX 64
#define TASKS_MAX 64

static struct machine_is machines[MACHINES_MAX];
static struct clone_task tasks[TASKS_MAX];	/* a ring */
static unsigned machine_count, task_count, numbers;
static int64_t away_until, source_until[VCENTER_SOURCES];
static int64_t offs_forgotten;
static const char *const paths[VCENTER_SOURCES] = {
	"/DC/vm/templates/r9-1", "/DC/vm/templates/r9-2"
};

/* --- machines ----------------------------------------------------------- */

static void _make_uuid(char *out)
{
	snprintf(out, UUID_TEXT_SIZE, "%08x-%04x-4%03x-8%03x-%012llx",
		 (unsigned) dice(1u << 31), (unsigned) dice(65536),
		 (unsigned) dice(4096), (unsigned) dice(4096),
		 (unsigned long long) dice(UINT64_C(1) << 48));
}

static struct machine_is *_new(const char *name, const char *folder)
{
	struct machine_is *vm = NULL;

	for (int i = 0; i < MACHINES_MAX && !vm; i++)
		if (!machines[i].exists)
			vm = &machines[i];
	if (!vm)
		abort();	/* nothing is ever destroyed, it seems */
	*vm = (struct machine_is) { .exists = true, .folder = folder,
				    .born = agenda_true_wall() };
	snprintf(vm->id, sizeof(vm->id), "vm-%u", ++numbers);
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	snprintf(vm->disk, sizeof(vm->disk), "[ds] %s_%u/disk.vmdk", name,
		 numbers);
	_make_uuid(vm->instance_uuid);
	_make_uuid(vm->bios_uuid);
	machine_count++;
	return vm;
}

static void _remove(struct machine_is *vm)
{
	vm->exists = false;
	vm->on = false;
	machine_count--;
	executor_changed(vm);
}

void vcenter_begin(void)
{
	memset(machines, 0, sizeof(machines));
	memset(tasks, 0, sizeof(tasks));
	machine_count = task_count = 0;
	numbers = 100;
	away_until = offs_forgotten = 0;
	for (size_t i = 0; i < VCENTER_SOURCES; i++) {
		struct machine_is *vm = _new(strrchr(paths[i], '/') + 1,
					     VCENTER_ELSEWHERE);

		vm->source = vm->on = true;
		source_until[i] = 0;
	}
}

const char *vcenter_source_path(size_t index)
{
	return paths[index];
}

struct machine_is *vcenter_source(size_t index)
{
	return &machines[index];
}

bool vcenter_source_fits(size_t index)
{
	return agenda_now() >= source_until[index];
}

bool vcenter_is_away(void)
{
	return agenda_now() < away_until;
}

struct machine_is *vcenter_next(const struct machine_is *last)
{
	for (int i = last ? (int) (last - machines) + 1 : 0; i < MACHINES_MAX;
	     i++)
		if (machines[i].exists)
			return &machines[i];
	return NULL;
}

struct machine_is *vcenter_by_id(const char *id)
{
	struct machine_is *vm = NULL;

	while ((vm = vcenter_next(vm)) && strcmp(vm->id, id) != 0)
		;
	return vm;
}

struct machine_is *vcenter_by_name(const char *name)
{
	struct machine_is *vm = NULL;

	while ((vm = vcenter_next(vm)) &&
	       (strcmp(vm->folder, VCENTER_FOLDER) != 0 ||
		strcmp(vm->name, name) != 0))
		;
	return vm;
}

struct machine_is *vcenter_by_bios(const char *uuid)
{
	struct machine_is *vm = NULL;

	while ((vm = vcenter_next(vm)) && strcmp(vm->bios_uuid, uuid) != 0)
		;
	return vm;
}

struct machine_is *vcenter_by_instance(const char *uuid)
{
	struct machine_is *vm = NULL;

	while ((vm = vcenter_next(vm)) &&
	       strcmp(vm->instance_uuid, uuid) != 0)
		;
	return vm;
}

/* --- clones ------------------------------------------------------------- */

struct making {
	unsigned task;
	struct clone_spec spec;
};

const struct clone_task *vcenter_task(const char *id)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (tasks[i].known && !strcmp(tasks[i].id, id))
			return &tasks[i];
	return NULL;
}

static const struct clone_task *_unfinished(const char *node)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (*tasks[i].id && !tasks[i].done &&
		    !strcmp(tasks[i].node, node))
			return &tasks[i];
	return NULL;
}

bool vcenter_clones(const char *node)
{
	const struct clone_task *task = _unfinished(node);

	return task && task->known && !task->late;
}

void vcenter_clones_forgotten(void)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (!tasks[i].done)
			tasks[i].late = true;
}

bool vcenter_unfinished(const char *source,
			bool (*is_others)(const struct clone_task *task))
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (tasks[i].known && !tasks[i].done &&
		    !strcmp(tasks[i].source, source) && !is_others(&tasks[i]))
			return true;
	return false;
}

static void _make(struct clone_task *task, const struct clone_spec *spec)
{
	struct machine_is *vm = _new(spec->node, VCENTER_FOLDER);

	memcpy(vm->bios_uuid, spec->bios_uuid, sizeof(vm->bios_uuid));
	if (!plan_strikes(FAULT_NO_OWNER))
		memcpy(vm->owner, spec->owner, sizeof(vm->owner));
	vm->epoch = spec->epoch;
	vm->not_after = spec->not_after;
	vm->late = spec->late;
	vm->on = true;
	memcpy(task->vm, vm->id, sizeof(task->vm));
	story("vcenter", "%s is %s, epoch %llu", vm->id, vm->name,
	      (unsigned long long) vm->epoch);
	guest_wake(vm);
}

static void _task_ends(void *data)
{
	struct making *making = data;
	struct clone_task *task = &tasks[making->task];

	task->done = true;
	if (!task->known || task->late)	/* nobody can have awaited it */
		making->spec.late = true;
	if (vcenter_by_name(making->spec.node)) {
		task->failure = CAUSE_EXISTS;
	} else if (plan_strikes(FAULT_TASK_FAILS)) {
		task->failure = CAUSE_CAPACITY;
	} else {
		_make(task, &making->spec);
		if (plan_strikes(FAULT_TASK_FAILS_LATE))
			task->failure = CAUSE_TRANSIENT;
	}
	story("vcenter", "%s of %s ends: %s", task->id, task->node,
	      failure_of(task->failure)->name);
	executor_task_ended(task);
}

int vcenter_clone(const struct clone_spec *spec, char id[VCENTER_ID_SIZE],
		  enum cause *fault)
{
	struct making making = { task_count % TASKS_MAX, *spec };
	struct clone_task *task = &tasks[making.task];

	if (vcenter_by_name(spec->node) || _unfinished(spec->node)) {
		*fault = CAUSE_EXISTS;
		return -1;
	}
	if (*task->id && !task->done)
		abort();	/* more clones at a time than nodes */
	*task = (struct clone_task) { .known = true, .epoch = spec->epoch,
				      .late = spec->late };
	snprintf(task->id, sizeof(task->id), "task-%u", ++task_count);
	memcpy(task->source, spec->source, sizeof(task->source));
	memcpy(task->node, spec->node, sizeof(task->node));
	agenda_after(dice_us(200 * MS, 4 * S), _task_ends, &making,
		     sizeof(making));
	memcpy(id, task->id, sizeof(task->id));
	return 0;
}

/* --- ends --------------------------------------------------------------- */

void vcenter_offs_forgotten(void)
{
	offs_forgotten = agenda_now();
}

enum cause vcenter_power_off(const char *id, int64_t sent)
{
	struct machine_is *vm = vcenter_by_id(id);

	if (!vm)
		return CAUSE_NOTFOUND;
	if (!vm->epoch)
		audit_wrong(vm->name, "a VM that is not ours is powered off");
	if (vm->on && sent >= offs_forgotten)
		slurm_vm_taken(vm, sent);
	vm->on = false;
	executor_changed(vm);
	return CAUSE_NONE;
}

enum cause vcenter_destroy(const char *id)
{
	struct machine_is *vm = vcenter_by_id(id);

	if (!vm)
		return CAUSE_NOTFOUND;
	if (!vm->epoch)
		audit_wrong(vm->name, "a VM that is not ours is destroyed");
	if (vm->on)
		return CAUSE_BUSY;
	story("vcenter", "%s of %s is destroyed", vm->id, vm->name);
	_remove(vm);
	return CAUSE_NONE;
}

/* --- people and hardware ------------------------------------------------ */

static struct machine_is *_some_clone(void)
{
	struct machine_is *vm = NULL;
	uint64_t nth = dice(machine_count);

	while ((vm = vcenter_next(vm)) && nth--)
		;
	return vm && vm->epoch ? vm : NULL;
}

static void _move_away(void *data)
{
	struct machine_is *vm = vcenter_by_id(data);

	if (vm && !vm->epoch)
		_remove(vm);
}

static void _leave_later(const struct machine_is *vm)
{
	agenda_after(dice_us(S, 400 * S), _move_away, vm->id, sizeof(vm->id));
}

static void _put_stranger(void)
{
	const char *name = slurm_node_name((int) dice(SLURM_NODES));

	if (vcenter_by_name(name) || _unfinished(name))
		return;		/* a clone has its name from the start */
	story("people", "a foreign VM is put at %s", name);
	_leave_later(_new(name, VCENTER_FOLDER));
}

/* Whoever copies a VM copies its key or its BIOS UUID. (With both, nobody
 * but its owner can tell which is which: the guard refuses.) */
static void _put_copy(const struct machine_is *of)
{
	struct machine_is *vm = _new("copy", dice(2) ? VCENTER_FOLDER
						     : VCENTER_ELSEWHERE);

	story("people", "%s is copied to %s", of->id, vm->id);
	if (dice(2))
		memcpy(vm->owner, of->owner, sizeof(vm->owner));
	else
		memcpy(vm->bios_uuid, of->bios_uuid, sizeof(vm->bios_uuid));
	_leave_later(vm);
}

/*
 * A clone without its key whose epoch is over is nobody's any more, as sclone
 * status shows: its node stays as it is until somebody removes it.
 */
static void _tidy_up(struct machine_is *vm)
{
	const struct record *rec = process_record(vm->name);

	if (!vm->epoch || *vm->owner || !rec || rec->epoch == vm->epoch ||
	    rec->phase != PHASE_ABSENT || !dice_permille(20))
		return;
	story("people", "%s of %s is removed, which has no key", vm->id,
	      vm->name);
	_remove(vm);
}

static void _happen_to(struct machine_is *vm)
{
	if (plan_strikes(FAULT_VM_DIES)) {
		story("vcenter", "%s of %s dies", vm->id, vm->name);
		vm->on = false;
		executor_changed(vm);
	} else if (plan_strikes(FAULT_VM_REMOVED)) {
		story("people", "%s of %s is removed", vm->id, vm->name);
		_remove(vm);
	} else if (plan_strikes(FAULT_COPY) && machine_count < 20) {
		_put_copy(vm);
	}
}

static void _forget_tasks(void)
{
	story("vcenter", "restarts and forgets its tasks");
	for (int i = 0; i < TASKS_MAX; i++)
		tasks[i].known = false;
	executor_task_ended(NULL);
}

void vcenter_tick(void)
{
	struct machine_is *vm = _some_clone();

	if (vm && plan_is_peace())
		_tidy_up(vm);
	else if (vm)
		_happen_to(vm);
	if (plan_strikes(FAULT_FOREIGN))
		_put_stranger();
	if (plan_strikes(FAULT_TASKS_LOST))
		_forget_tasks();
	if (plan_strikes(FAULT_AWAY)) {
		story("vcenter", "does not answer for a while");
		away_until = agenda_now() + dice_us(S, 200 * S);
	}
	if (plan_strikes(FAULT_SOURCE))
		source_until[dice(VCENTER_SOURCES)] =
			agenda_now() + dice_us(S, 100 * S);
	if (plan_is_peace()) {
		away_until = 0;
		memset(source_until, 0, sizeof(source_until));
	}
}
