/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm - see vm.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "common/base/clock.h"
#include "common/base/parse.h"
#include "filter.h"
#include "task.h"
#include "vm.h"
#include "witness.h"

/* VMs that share a UUID, mostly one. */
struct uuid_slot {
	size_t count;
	struct vm *vms[];
};

struct vm *vm_of(struct mob *mob)
{
	return mob && mob->class == &vm_class ? (struct vm *) mob : NULL;
}

/* -- indexes -------------------------------------------------------- */

static void _lower(const char *text, char *out, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		out[i] = (char) (text[i] >= 'A' && text[i] <= 'Z'
					 ? text[i] - 'A' + 'a' : text[i]);
	out[i] = '\0';
}

static void _index(struct table *index, const char *uuid, struct vm *vm)
{
	const struct uuid_slot *old = table_get(index, uuid);
	size_t count = old ? old->count : 0;
	struct err err = ERR_INIT;
	struct uuid_slot *slot;

	slot = lab_alloc(sizeof(*slot) + (count + 1) * sizeof(slot->vms[0]));
	if (old)
		memcpy(slot->vms, old->vms, count * sizeof(slot->vms[0]));
	slot->vms[count] = vm;
	slot->count = count + 1;
	if (table_set(index, uuid, slot, &err) < 0)
		abort();
}

static void _unindex(struct table *index, const char *uuid,
		     const struct vm *vm)
{
	struct uuid_slot *slot = table_get(index, uuid);
	size_t kept = 0;

	if (!slot)
		return;
	for (size_t i = 0; i < slot->count; i++) {
		if (slot->vms[i] != vm)
			slot->vms[kept++] = slot->vms[i];
	}
	slot->count = kept;
	if (kept == 0)
		free(table_take(index, uuid));
}

size_t vm_by_uuid(const struct table *index, const char *uuid,
		  struct vm **out, size_t max)
{
	const struct uuid_slot *slot;
	char lower[64];
	size_t n;

	_lower(uuid, lower, sizeof(lower));
	slot = table_get(index, lower);
	if (!slot)
		return 0;
	n = slot->count < max ? slot->count : max;
	memcpy(out, slot->vms, n * sizeof(*out));
	return n;
}

/* -- life ----------------------------------------------------------- */

struct vm *vm_create(struct lab *lab, const char *name,
		     struct entity *folder, const char *uuid)
{
	struct vm *vm = lab_alloc(sizeof(*vm));
	char text[64];

	entity_init_hidden(&vm->entity, lab, &vm_class, lab_id(lab, "vm"),
			   name, folder);
	lab_uuid(lab, text);
	vm->instance_uuid = lab_strdup(text);
	lab_uuid(lab, text);
	if (uuid)
		_lower(uuid, text, sizeof(text));
	vm->bios_uuid = lab_strdup(text);
	vm->version = 1;
	vm->facts.id = vm->entity.mob.id;
	vm->facts.name = vm->entity.name;
	vm->facts.uuid = vm->bios_uuid;
	vm->facts.lab = vm;
	vm->facts.cpus = 1;
	vm->facts.memory_mb = 256;
	vm->facts.disk_mb = 1024;
	return vm;
}

void vm_place(struct vm *vm, struct host *host, struct entity *pool,
	      struct datastore *datastore)
{
	vm->host = host;
	vm->pool = pool;
	vm->datastore = datastore;
}

void vm_set_disk(struct vm *vm, struct disk *disk)
{
	disk_unref(vm->disk);
	vm->disk = disk;
	vm->facts.disk = disk ? disk->path : NULL;
	vm->facts.parent_disk = disk && disk->parent ? disk->parent->path
						     : NULL;
	vm_laid_out(vm, 0);
}

void vm_publish(struct vm *vm)
{
	struct lab *lab = vm->entity.mob.lab;

	_index(lab->bios_uuids, vm->bios_uuid, vm);
	_index(lab->instance_uuids, vm->instance_uuid, vm);
	entity_publish(&vm->entity);
}

void vm_remove(struct vm *vm)
{
	struct lab *lab = vm->entity.mob.lab;

	if (vm->guest)
		vm->ops->destroy(vm->guest);
	vm->guest = NULL;
	vm->started = NULL;
	vm_give_room(vm);
	vm_nics_clear(vm);
	_unindex(lab->bios_uuids, vm->bios_uuid, vm);
	_unindex(lab->instance_uuids, vm->instance_uuid, vm);
	entity_remove(&vm->entity);
}

static void _free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void _free_options(struct vm_option *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(options[i].key);
		free(options[i].value);
	}
	free(options);
}

static void _free_snapshots(struct vm *vm)
{
	for (size_t i = 0; i < vm->nsnapshots; i++) {
		free(vm->snapshots[i].name);
		for (size_t d = 0; d < vm->snapshots[i].count; d++)
			disk_unref(vm->snapshots[i].tops[d]);
	}
	free(vm->snapshots);
}

static void _free(struct mob *mob)
{
	struct vm *vm = (struct vm *) mob;

	_free_options(vm->options, vm->noptions);
	_free_options(vm->barred, vm->nbarred);
	_free_snapshots(vm);
	_free_texts(vm->disabled, vm->ndisabled);
	disk_unref(vm->disk);
	for (size_t i = 0; i < vm->nmore; i++)
		disk_unref(vm->more[i]);
	free(vm->iso);
	free(vm->bios_uuid);
	free(vm->instance_uuid);
	free(vm->dir);
	free((char *) vm->facts.dir);
	free(vm->question);
	free(vm->annotation);
	entity_clear(&vm->entity);
}

/* -- extraConfig ---------------------------------------------------- */

static struct vm_option *_option(const struct vm *vm, const char *key)
{
	for (size_t i = 0; i < vm->noptions; i++) {
		if (strcmp(vm->options[i].key, key) == 0)
			return &vm->options[i];
	}
	return NULL;
}

const char *vm_option(const struct vm *vm, const char *key)
{
	const struct vm_option *option = _option(vm, key);

	return option ? option->value : NULL;
}

static void _drop_option(struct vm *vm, struct vm_option *option)
{
	size_t i = (size_t) (option - vm->options);

	free(option->key);
	free(option->value);
	vm->noptions--;
	memmove(option, option + 1, (vm->noptions - i) * sizeof(*option));
}

int vm_set_option(struct vm *vm, const char *key, const char *value,
		  struct err *err)
{
	struct vm_option *option = _option(vm, key);

	if (strlen(value) > VM_VALUE_MAX || *key == '\0' ||
	    (!option && vm->noptions >= VM_OPTIONS_MAX))
		return err_set(err, ERR_REFUSED, "extraConfig is full, or "
			       "the value of '%.60s' is too long", key);
	if (*value == '\0' && option) {
		_drop_option(vm, option);
	} else if (*value && option) {
		free(option->value);
		option->value = lab_strdup(value);
	} else if (*value) {
		vm->options = reallocarray(vm->options, vm->noptions + 1,
					   sizeof(*vm->options));
		if (!vm->options)
			abort();
		vm->options[vm->noptions++] = (struct vm_option) {
			lab_strdup(key), lab_strdup(value)
		};
	}
	vm_configured(vm, VM_OPTIONS);
	return 0;
}

/* -- state ---------------------------------------------------------- */

void vm_configured(struct vm *vm, uint32_t groups)
{
	vm->version++;
	mob_changed(&vm->entity.mob, groups | VM_CONFIG);
}

void vm_laid_out(struct vm *vm, uint32_t groups)
{
	int64_t now = clock_wall_us();

	vm->layout_us = now > vm->layout_us ? now : vm->layout_us + 1;
	vm_configured(vm, groups | VM_DEVICES);
}

void vm_set_power(struct vm *vm, bool on)
{
	if (vm->powered_on == on)
		return;
	vm->powered_on = on;
	vm->boot_us = on ? clock_wall_us() : 0;
	if (on)
		vm_force_room(vm);
	else
		vm_give_room(vm);
	mob_changed(&vm->entity.mob, VM_POWER);
	if (!on)
		vm_set_frozen(vm, false);
}

void vm_set_frozen(struct vm *vm, bool frozen)
{
	if (vm->frozen == frozen)
		return;
	vm->frozen = frozen;
	mob_changed(&vm->entity.mob, VM_FROZEN);
}

void vm_set_question(struct vm *vm, const char *text)
{
	free(vm->question);
	vm->question = text ? lab_strdup(text) : NULL;
	mob_changed(&vm->entity.mob, VM_QUESTION);
}

static const struct mob_prop _nothing[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_class _ghosts = { "VirtualMachine", _nothing, NULL,
					  NULL };

static int _set_uuid(struct vm *vm, struct table *index, char **field,
		     const char *uuid, struct err *err)
{
	char lower[64];

	if (!parse_is_uuid(uuid))
		return err_set(err, ERR_CONFIG, "'%s' is no UUID", uuid);
	_lower(uuid, lower, sizeof(lower));
	_unindex(index, *field, vm);
	free(*field);
	*field = lab_strdup(lower);
	_index(index, *field, vm);
	vm_configured(vm, 0);
	return 0;
}

int vm_set_instance_uuid(struct vm *vm, const char *uuid, struct err *err)
{
	return _set_uuid(vm, vm->entity.mob.lab->instance_uuids,
			 &vm->instance_uuid, uuid, err);
}

int vm_set_bios_uuid(struct vm *vm, const char *uuid, struct err *err)
{
	int rc = _set_uuid(vm, vm->entity.mob.lab->bios_uuids,
			   &vm->bios_uuid, uuid, err);

	vm->facts.uuid = vm->bios_uuid;
	return rc;
}

void vm_set_id(struct vm *vm, char *id)
{
	struct disk *files[VM_CHAIN_MAX];
	size_t count = vm_files(vm, files);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(files[i]->owner, vm->entity.mob.id) != 0)
			continue;
		free(files[i]->owner);
		files[i]->owner = lab_strdup(id);
	}
	mob_set_id(&vm->entity.mob, &_ghosts, id);
	vm->facts.id = vm->entity.mob.id;
	mob_changed(&vm->entity.parent->mob, ENTITY_CHILDREN);
	filter_tree_changed(vm->entity.mob.lab);
}

void vm_note(const struct vm *vm, const char *event, const char *user,
	     const char *operation_id, const char *text)
{
	const struct entity *entity = &vm->entity;

	witness_note(entity->mob.lab->witness, event, "vm", entity->mob.id,
		     "name", entity->name, "folder",
		     entity->parent ? entity->parent->mob.id : NULL,
		     "folder_name",
		     entity->parent ? entity->parent->name : NULL, "uuid",
		     vm->bios_uuid, "instance_uuid", vm->instance_uuid,
		     "user", user, "operationID", operation_id, "text", text,
		     NULL);
}

int vm_need_power(const struct vm *vm, bool on, struct fault *fault)
{
	if (vm->powered_on == on)
		return 0;
	(void) fault_set(fault, "InvalidPowerState",
			 "The attempted operation cannot be performed in the "
			 "current state (%s).",
			 vm->powered_on ? "Powered on" : "Powered off");
	(void) fault_add(fault, "requestedState",
			 on ? "poweredOn" : "poweredOff");
	return fault_add(fault, "existingState",
			 vm->powered_on ? "poweredOn" : "poweredOff");
}

int vm_need_enabled(struct call *call)
{
	const struct vm *vm = (const struct vm *) call->self;

	for (size_t i = 0; i < vm->ndisabled; i++) {
		if (strcmp(vm->disabled[i], call->method->name) == 0)
			return fault_set(&call->fault, "MethodDisabled",
					 "The method is disabled by "
					 "'vclab'");
	}
	return 0;
}

const struct mob_class vm_class = { "VirtualMachine", vm_props, vm_methods,
				    _free };
