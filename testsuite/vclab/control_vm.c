/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_vm - see control_vm.h. */
#include <stdlib.h>
#include <string.h>

#include "control_disk.h"
#include "control_vm.h"
#include "folder.h"
#include "host_system.h"
#include "network.h"
#include "vm.h"

#define LIST_MAX 100

struct vm *control_find(struct lab *lab, const char *text)
{
	struct vm *found = vm_of(mob_find(lab, text));
	struct entity *entity;
	struct mob *mob;
	size_t pos = 0;

	if (found)
		return found;
	entity = *text == '/' ? entity_at_path(lab, text) : NULL;
	if (entity)
		return vm_of(&entity->mob);
	while ((mob = table_next(lab->objects, &pos, NULL)) != NULL) {
		struct vm *vm = vm_of(mob);

		if (!vm || strcmp(vm->entity.name, text) != 0)
			continue;
		if (found)
			return NULL;
		found = vm;
	}
	return found;
}

static int _text(const struct json *json, const char *key, const char **out,
		 struct err *err)
{
	return json_get_str(json, key, out, err);
}

static int _from_fault(const struct fault *fault, struct err *err)
{
	return err_set(err, ERR_REFUSED, "%s: %s", fault->type, fault->text);
}

static int _rename(struct vm *vm, const struct json *json, struct err *err)
{
	struct fault fault = FAULT_NONE;
	const char *name;

	if (_text(json, "name", &name, err) < 0)
		return -1;
	if (entity_rename(&vm->entity, name, &fault) < 0)
		return _from_fault(&fault, err);
	vm->facts.name = vm->entity.name;
	return 0;
}

static int _move(struct vm *vm, const struct json *json, struct err *err)
{
	struct fault fault = FAULT_NONE;
	struct entity *folder;
	const char *path;

	if (_text(json, "folder", &path, err) < 0)
		return -1;
	folder = entity_at_path(vm->entity.mob.lab, path);
	if (!folder || folder->mob.class != &folder_class)
		return err_set(err, ERR_NOTFOUND, "no folder '%s'", path);
	return entity_move(&vm->entity, folder, &fault) < 0
		       ? _from_fault(&fault, err) : 0;
}

static int _migrate(struct vm *vm, const struct json *json, struct err *err)
{
	struct host *host;
	const char *name;

	if (_text(json, "host", &name, err) < 0)
		return -1;
	host = table_get(vm->entity.mob.lab->hosts, name);
	if (!host)
		return err_set(err, ERR_NOTFOUND, "no host '%s'", name);
	vm->host = host;
	vm_move_room(vm);
	mob_changed(&vm->entity.mob, VM_HOST);
	return 0;
}

static int _set(struct vm *vm, const struct json *json, struct err *err)
{
	const char *key, *value;

	if (_text(json, "key", &key, err) < 0 ||
	    json_get_str_or(json, "value", "", &value, err) < 0)
		return -1;
	return vm_set_option(vm, key, value, err);
}

static int _kill(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm->ops->power_off(vm->guest);
	vm_note(vm, "guest_off", NULL, NULL, "killed by the test");
	vm_set_power(vm, false);
	return 0;
}

static int _thaw(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm_set_frozen(vm, false);
	return 0;
}

static int _freeze(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm_set_frozen(vm, true);
	return 0;
}

static int _question(struct vm *vm, const struct json *json, struct err *err)
{
	const char *text;

	if (json_get_str_or(json, "text", NULL, &text, err) < 0)
		return -1;
	vm_set_question(vm, text && *text ? text : NULL);
	return 0;
}

static int _append(char ***list, size_t *count, const char *text,
		   struct err *err)
{
	if (*count >= LIST_MAX)
		return err_set(err, ERR_REFUSED, "the list is full");
	*list = reallocarray(*list, *count + 1, sizeof(**list));
	if (!*list)
		abort();
	(*list)[(*count)++] = lab_strdup(text);
	return 0;
}

static int _disable(struct vm *vm, const struct json *json, struct err *err)
{
	const char *method;

	if (_text(json, "method", &method, err) < 0 ||
	    _append(&vm->disabled, &vm->ndisabled, method, err) < 0)
		return -1;
	mob_changed(&vm->entity.mob, VM_METHODS);
	return 0;
}

static int _template(struct vm *vm, const struct json *json, struct err *err)
{
	if (json_get_bool_or(json, "on", true, &vm->is_template, err) < 0)
		return -1;
	vm_configured(vm, 0);
	return 0;
}

static int _uuid(struct vm *vm, const struct json *json, struct err *err)
{
	const char *uuid;

	if (_text(json, "instance_uuid", &uuid, err) < 0)
		return -1;
	return vm_set_instance_uuid(vm, uuid, err);
}

static int _bios_uuid(struct vm *vm, const struct json *json,
		      struct err *err)
{
	const char *uuid;

	if (_text(json, "bios_uuid", &uuid, err) < 0)
		return -1;
	return vm_set_bios_uuid(vm, uuid, err);
}

/* As PowerOnVM_Task by somebody; the guest itself stays off. */
static int _power_on(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm_note(vm, "vm_powered_on", NULL, NULL, "by the test");
	vm_set_power(vm, true);
	return 0;
}

/* Unregistered and registered: the same files under another id. */
static int _register(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm_note(vm, "vm_unregistered", NULL, NULL, "by the test");
	vm_set_id(vm, lab_id(vm->entity.mob.lab, "vm"));
	vm_note(vm, "vm_created", NULL, NULL, "registered by the test");
	return 0;
}

/* After a restore of vCenter's database an id may be another VM's. */
static int _take_id(struct vm *vm, const struct json *json, struct err *err)
{
	struct vm *other;
	const char *from;
	char *id;

	if (_text(json, "from", &from, err) < 0)
		return -1;
	other = control_find(vm->entity.mob.lab, from);
	if (!other || other == vm)
		return err_set(err, ERR_NOTFOUND, "no VM '%s'", from);
	id = lab_strdup(other->entity.mob.id);
	vm_note(other, "vm_unregistered", NULL, NULL, "by the test");
	vm_set_power(other, false);
	vm_remove(other);
	vm_set_id(vm, id);
	return 0;
}

/* The property cannot be read: with a fault, or it is just not there. */
static int _bar(struct vm *vm, const struct json *json, struct err *err)
{
	const char *path, *type;

	if (_text(json, "property", &path, err) < 0 ||
	    json_get_str_or(json, "type", "", &type, err) < 0)
		return -1;
	if (vm->nbarred == LIST_MAX)
		return err_set(err, ERR_REFUSED, "the list is full");
	vm->barred = reallocarray(vm->barred, vm->nbarred + 1,
				  sizeof(*vm->barred));
	if (!vm->barred)
		abort();
	vm->barred[vm->nbarred++] = (struct vm_option) {
		lab_strdup(path), lab_strdup(type)
	};
	return 0;
}

static int _unbar(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	while (vm->nbarred > 0) {
		vm->nbarred--;
		free(vm->barred[vm->nbarred].key);
		free(vm->barred[vm->nbarred].value);
	}
	return 0;
}

static int _remove(struct vm *vm, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	vm_note(vm, "vm_unregistered", NULL, NULL, "by the test");
	vm_set_power(vm, false);
	vm_remove(vm);
	return 0;
}

static const struct {
	const char *action;
	int (*run)(struct vm *vm, const struct json *json, struct err *err);
} _actions[] = {
	{ "rename", _rename },
	{ "move", _move },
	{ "migrate", _migrate },
	{ "set", _set },
	{ "kill", _kill },
	{ "freeze", _freeze },
	{ "thaw", _thaw },
	{ "question", _question },
	{ "disable_method", _disable },
	{ "template", _template },
	{ "instance_uuid", _uuid },
	{ "bios_uuid", _bios_uuid },
	{ "power_on", _power_on },
	{ "register", _register },
	{ "take_id", _take_id },
	{ "bar", _bar },
	{ "unbar", _unbar },
	{ "remove", _remove },
};

int control_vm(struct lab *lab, const struct json *json, struct json *answer,
	       struct err *err)
{
	const char *name, *action;
	struct vm *vm;

	if (json_get_str(json, "vm", &name, err) < 0 ||
	    json_get_str(json, "action", &action, err) < 0)
		return -1;
	vm = control_find(lab, name);
	if (!vm)
		return err_set(err, ERR_NOTFOUND, "no VM '%s', or several",
			       name);
	(void) json_put_str(answer, "id", vm->entity.mob.id);
	for (size_t i = 0; i < sizeof(_actions) / sizeof(_actions[0]); i++) {
		if (strcmp(_actions[i].action, action) == 0)
			return _actions[i].run(vm, json, err);
	}
	return control_disk(vm, action, json, err);
}

static struct json *_describe_nics(const struct vm *vm)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < vm->nnics; i++) {
		const struct vm_nic *nic = &vm->nics[i];
		struct json *json = json_new_object();

		(void) json_put_str(json, "mac", nic->mac);
		(void) json_put_str(json, "network",
				    nic->network->entity.name);
		(void) json_put_bool(json, "manual", nic->manual);
		(void) json_put_bool(json, "connected", nic->connected);
		(void) json_append(list, json);
	}
	return list;
}

static struct json *_describe(const struct vm *vm)
{
	struct json *json = json_new_object();
	const struct entity *e = &vm->entity;

	(void) json_put_str(json, "id", e->mob.id);
	(void) json_put_str(json, "name", e->name);
	(void) json_put_str(json, "folder", e->parent->name);
	(void) json_put_str(json, "host", vm->host->entity.name);
	(void) json_put_str(json, "uuid", vm->bios_uuid);
	(void) json_put_str(json, "instance_uuid", vm->instance_uuid);
	(void) json_put_str(json, "mac", vm->nnics ? vm->nics[0].mac : NULL);
	(void) json_put(json, "nics", _describe_nics(vm));
	(void) json_put_bool(json, "on", vm->powered_on);
	(void) json_put_bool(json, "frozen", vm->frozen);
	(void) json_put_str(json, "disk",
			    vm->disk ? vm->disk->path : NULL);
	return json;
}

int control_vms(struct lab *lab, const struct json *json,
		struct json *answer, struct err *err)
{
	struct json *list = json_new_array();
	struct mob *mob;
	size_t pos = 0;

	(void) json;
	(void) err;
	while ((mob = table_next(lab->objects, &pos, NULL)) != NULL) {
		if (vm_of(mob))
			(void) json_append(list, _describe(vm_of(mob)));
	}
	return json_put(answer, "vms", list);
}
