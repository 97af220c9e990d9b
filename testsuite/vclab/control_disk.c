/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_disk - see control_disk.h. */
#include <stdlib.h>
#include <string.h>

#include "control_disk.h"
#include "control_vm.h"

#define SNAPSHOTS_MAX 100

static struct lab *_lab(const struct vm *vm)
{
	return vm->entity.mob.lab;
}

static int _from_fault(const struct fault *fault, struct err *err)
{
	return err_set(err, ERR_REFUSED, "%s: %s", fault->type, fault->text);
}

/* The VM that a member names. */
static struct vm *_other(const struct vm *vm, const struct json *json,
			 const char *key, struct err *err)
{
	const char *name;
	struct vm *other;

	if (json_get_str(json, key, &name, err) < 0)
		return NULL;
	other = control_find(_lab(vm), name);
	if (!other)
		err_set(err, ERR_NOTFOUND, "no VM '%s', or several", name);
	return other;
}

/* The top disk of another VM becomes this one's: what guards are for. */
static int _steal_disk(struct vm *vm, const struct json *json,
		       struct err *err)
{
	struct vm *other = _other(vm, json, "from", err);

	if (!other)
		return -1;
	if (!other->disk)
		return err_set(err, ERR_NOTFOUND, "it has no disk");
	vm_set_disk(vm, disk_ref(other->disk));
	return 0;
}

/* A disk more: another VM's ("from"), or a new file in its directory. */
static int _attach(struct vm *vm, const struct json *json, struct err *err)
{
	bool old = json_get(json, "from") != NULL;
	struct vm *other = _other(vm, json, old ? "from" : "in", err);
	struct fault fault = FAULT_NONE;
	struct disk *disk;
	char *file;

	if (!other)
		return -1;
	if (old && !other->disk)
		return err_set(err, ERR_NOTFOUND, "it has no disk");
	if (old)
		return vm_attach(vm, disk_ref(other->disk), err);
	file = lab_printf("data-%06llu.vmdk",
			  (unsigned long long) ++other->datastore->files);
	disk = disk_create(other->datastore, other->dir, file,
			   vm->entity.mob.id, 1, NULL, true, &fault);
	free(file);
	return disk ? vm_attach(vm, disk, err) : _from_fault(&fault, err);
}

static int _detach(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	return vm_detach(vm, err);
}

static int _snapshot(struct vm *vm, const struct json *json, struct err *err)
{
	struct fault fault = FAULT_NONE;
	const char *name;

	if (json_get_str_or(json, "name", "snapshot", &name, err) < 0)
		return -1;
	if (vm->nsnapshots == SNAPSHOTS_MAX)
		return err_set(err, ERR_REFUSED, "too many snapshots");
	return vm_grow(vm, name, &fault) < 0 ? _from_fault(&fault, err) : 0;
}

static int _grow(struct vm *vm, const struct json *json, struct err *err)
{
	struct fault fault = FAULT_NONE;

	(void) json;
	return vm_grow(vm, NULL, &fault) < 0 ? _from_fault(&fault, err) : 0;
}

/* The file below the top is no longer known. */
static int _orphan(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	if (!vm->disk || !vm->disk->parent)
		return err_set(err, ERR_REFUSED, "its disk has no parent");
	disk_unref(steal_ptr(&vm->disk->parent));
	vm_laid_out(vm, 0);
	return 0;
}

static int _show(struct vm *vm, const struct json *json, struct err *err)
{
	static const char *const names[VM_ODDITIES] = {
		[VM_PLAIN] = "plain",
		[VM_MULTI_WRITER] = "multi_writer",
		[VM_SHARED_BUS] = "shared_bus",
		[VM_INDEPENDENT] = "independent",
		[VM_RAW] = "raw",
		[VM_PMEM] = "pmem",
		[VM_STALE_LAYOUT] = "stale_layout",
		[VM_HIDDEN_TOP] = "hidden_top",
	};
	const char *as;

	if (json_get_str(json, "as", &as, err) < 0)
		return -1;
	for (size_t i = 0; i < VM_ODDITIES; i++) {
		if (strcmp(names[i], as) != 0)
			continue;
		vm->oddity = (enum vm_oddity) i;
		vm_laid_out(vm, 0);
		return 0;
	}
	return err_set(err, ERR_CONFIG, "nothing is shown as '%s'", as);
}

/* Its .vmx lies in another VM's directory; its disks stay. */
static int _home(struct vm *vm, const struct json *json, struct err *err)
{
	struct vm *other = _other(vm, json, "in", err);

	if (!other)
		return -1;
	free(vm->dir);
	free((char *) vm->facts.dir);
	vm->dir = lab_strdup(other->dir);
	vm->facts.dir = lab_strdup(other->facts.dir);
	vm->datastore = other->datastore;
	vm_laid_out(vm, VM_HOST);
	return 0;
}

static int _relocate(struct vm *vm, const struct json *json, struct err *err)
{
	struct fault fault = FAULT_NONE;
	struct datastore *to;
	const char *name;

	if (json_get_str(json, "datastore", &name, err) < 0)
		return -1;
	to = table_get(_lab(vm)->datastores, name);
	if (!to)
		return err_set(err, ERR_NOTFOUND, "no datastore '%s'", name);
	return vm_relocate(vm, to, &fault) < 0 ? _from_fault(&fault, err) : 0;
}

/* An image that lies in another VM's directory. */
static int _iso(struct vm *vm, const struct json *json, struct err *err)
{
	struct vm *other = _other(vm, json, "in", err);

	if (!other)
		return -1;
	free(vm->iso);
	vm->iso = lab_printf("[%s] %s/setup.iso",
			     other->datastore->entity.name, other->dir);
	vm_configured(vm, VM_DEVICES);
	return 0;
}

int control_disk(struct vm *vm, const char *action, const struct json *json,
		 struct err *err)
{
	static const struct {
		const char *action;
		int (*run)(struct vm *vm, const struct json *json,
			   struct err *err);
	} actions[] = {
		{ "steal_disk", _steal_disk },
		{ "attach", _attach },
		{ "detach", _detach },
		{ "snapshot", _snapshot },
		{ "grow", _grow },
		{ "orphan", _orphan },
		{ "show", _show },
		{ "home", _home },
		{ "relocate", _relocate },
		{ "iso", _iso },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(actions[i].action, action))
			return actions[i].run(vm, json, err);
	return err_set(err, ERR_CONFIG, "no action '%s'", action);
}
