/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_guest - the lab's side of guest.h; see vm.h. */
#include <stdlib.h>
#include <string.h>

#include "vm.h"
#include "witness.h"

#define PREFIX "guestinfo."

static const struct guest_ops *const _kinds[] = {
	&guest_sim_ops,
	&guest_proc_ops,
	&guest_qemu_ops,
};

#define KINDS (sizeof(_kinds) / sizeof(_kinds[0]))

/* Kinds that were used, and what their guests share. */
struct guests {
	bool open[KINDS];
	void *shared[KINDS];
};

/* A report of failure, handled outside of the guest's own call. */
struct failure {
	struct vm *vm;		/* a reference */
	struct err err;
};

static struct vm *_vm(const struct guest_vm *facts)
{
	return facts->lab;
}

static void _report(struct vm *vm, const struct err *err)
{
	void (*started)(struct vm *, const struct err *, void *) =
		vm->started;

	vm->started = NULL;
	if (started)
		started(vm, err, vm->started_arg);
}

static void _drop_failure(void *arg)
{
	struct failure *failure = arg;

	mob_unref(&failure->vm->entity.mob);
	free(failure);
}

static void _failed(void *arg)
{
	struct failure *failure = arg;

	_report(failure->vm, &failure->err);
	_drop_failure(failure);
}

static void _drop_vm(void *arg)
{
	struct vm *vm = arg;

	mob_unref(&vm->entity.mob);
}

static void _refreeze(void *arg)
{
	struct vm *vm = arg;
	struct err err = ERR_INIT;

	if (vm->powered_on && !vm->frozen && vm->guest)
		(void) vm->ops->freeze(vm->guest, &err);
	_drop_vm(vm);
}

static void _started(struct guest_vm *facts, const struct err *err)
{
	struct vm *vm = _vm(facts);
	struct lab *lab = vm->entity.mob.lab;
	struct failure *failure;

	if (!err) {
		_report(vm, NULL);
		if (vm->freezes && vm->ops->lab_freezes)
			sched_after_owned(lab->sched, 0, _refreeze,
					  mob_ref(&vm->entity.mob), _drop_vm);
		return;
	}
	failure = lab_alloc(sizeof(*failure));
	failure->vm = (struct vm *) mob_ref(&vm->entity.mob);
	failure->err = *err;
	sched_after_owned(lab->sched, 0, _failed, failure, _drop_failure);
}

static void _frozen(struct guest_vm *facts, const struct err *err)
{
	struct vm *vm = _vm(facts);

	if (!err)
		vm_set_frozen(vm, true);
	vm_note(vm, err ? "freeze_failed" : "vm_frozen", NULL, NULL,
		err ? err->text : NULL);
}

static void _off(struct guest_vm *facts, const char *why)
{
	struct vm *vm = _vm(facts);

	vm_note(vm, "guest_off", NULL, NULL, why);
	vm_set_power(vm, false);
}

static void _note(struct guest_vm *facts, const char *event,
		  const char *text)
{
	vm_note(_vm(facts), event, NULL, NULL, text);
}

static const char *_info_get(struct guest_vm *facts, const char *key)
{
	return strncmp(key, PREFIX, strlen(PREFIX)) == 0
		       ? vm_option(_vm(facts), key) : NULL;
}

static int _info_set(struct guest_vm *facts, const char *key,
		     const char *value, struct err *err)
{
	struct vm *vm = _vm(facts);

	if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
		return err_set(err, ERR_REFUSED, "Permission denied");
	if (vm_set_option(vm, key, value, err) < 0)
		return -1;
	witness_note(vm->entity.mob.lab->witness, "guest_set", "vm",
		     vm->entity.mob.id, "name", vm->entity.name, "key", key,
		     "value", value, NULL);
	return 0;
}

static int _freeze(struct guest_vm *facts, struct err *err)
{
	struct vm *vm = _vm(facts);

	if (vm->frozen || !vm->guest)
		return err_set(err, ERR_REFUSED, "Cannot freeze now");
	vm_note(vm, "freeze_request", NULL, NULL, NULL);
	return vm->ops->freeze(vm->guest, err);
}

static void _after(const struct guest_lab *api, int64_t delay_us,
		   void (*cb)(void *arg), void *arg, const void *key)
{
	sched_after(((struct lab *) api->lab)->sched, delay_us, cb, arg, key);
}

static void _cancel(const struct guest_lab *api, const void *key)
{
	sched_cancel(((struct lab *) api->lab)->sched, key);
}

void vm_guest_lab(struct lab *lab)
{
	lab->guests = lab_alloc(sizeof(*lab->guests));
	lab->guest_lab = (struct guest_lab) {
		.loop = lab->loop,
		.state_dir = lab->state_dir,
		.lab = lab,
		.started = _started,
		.frozen = _frozen,
		.off = _off,
		.note = _note,
		.info_get = _info_get,
		.info_set = _info_set,
		.freeze = _freeze,
		.after = _after,
		.cancel = _cancel,
	};
}

const struct guest_ops *vm_guest_kind(const char *kind)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(_kinds[i]->kind, kind) == 0)
			return _kinds[i];
	}
	return NULL;
}

void vm_guest_close_all(struct lab *lab)
{
	for (size_t i = 0; lab->guests && i < KINDS; i++) {
		if (lab->guests->open[i] && _kinds[i]->close)
			_kinds[i]->close(lab->guests->shared[i]);
	}
	free(lab->guests);
}

static size_t _number(const struct guest_ops *ops)
{
	size_t i = 0;

	while (_kinds[i] != ops)
		i++;
	return i;
}

int vm_make_guest(struct vm *vm, const struct guest_ops *ops,
		  const struct json *params, struct err *err)
{
	struct lab *lab = vm->entity.mob.lab;
	size_t kind = _number(ops);

	if (!lab->guests->open[kind]) {
		if (ops->open && ops->open(&lab->guest_lab,
					   &lab->guests->shared[kind],
					   err) < 0)
			return -1;
		lab->guests->open[kind] = true;
	}
	vm->ops = ops;
	vm->facts.params = params;
	vm->guest = ops->create(&lab->guest_lab, lab->guests->shared[kind],
				&vm->facts, err);
	return vm->guest ? 0 : -1;
}
