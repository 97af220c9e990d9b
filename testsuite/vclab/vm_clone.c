/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_clone - InstantClone_Task and its check; see vm.h. The clone gets a
 * child disk, a new MAC, the config as extraConfig, and runs at once on the
 * source's host. A running source gets a new top disk with each clone.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "folder.h"
#include "host_system.h"
#include "task.h"
#include "vm.h"
#include "xw.h"

/* A spec whose references are known to be good. */
struct request {
	xmlDoc *doc;			/* holds the nodes */
	const xmlNode *spec;
	const xmlNode *location;
	struct entity *folder;		/* references */
	struct entity *pool;
	struct datastore *datastore;
};

static void _free_request(void *arg)
{
	struct request *request = arg;

	if (request->doc)
		xmlFreeDoc(request->doc);
	if (request->folder)
		mob_unref(&request->folder->mob);
	if (request->pool)
		mob_unref(&request->pool->mob);
	if (request->datastore)
		mob_unref(&request->datastore->entity.mob);
	free(request);
}

/* -- checks before there is a task ---------------------------------- */

/* "All other settings are NOT supported", says the API reference. */
static int _check_location(struct call *call, const xmlNode *location)
{
	static const char *const allowed[] = { "folder", "datastore", "pool",
					       "deviceChange" };

	for (const xmlNode *n = xn_first(location); n; n = xn_next(n)) {
		char property[96];
		bool ok = false;

		for (size_t i = 0; i < 4; i++)
			ok |= xn_is(n, allowed[i]);
		if (ok)
			continue;
		(void) snprintf(property, sizeof(property),
				"spec.location.%s", n->name);
		return fault_argument(&call->fault, property,
				      "not supported for an instant clone");
	}
	return 0;
}

static int _resolve(struct call *call, const xmlNode *location,
		    const char *name, const struct mob_class *class,
		    struct mob *fallback, struct mob **out)
{
	const xmlNode *ref = xn_child(location, name);
	struct mob *mob = fallback;

	if (ref) {
		mob = call_object(call, ref);
		if (!mob)
			return -1;
	}
	if (mob->class != class)
		return fault_argument(&call->fault, name, "of another kind");
	*out = mob_ref(mob);
	return 0;
}

static int _check_rights(struct call *call, const struct request *r)
{
	if (call_need(call, &r->folder->mob,
		      "VirtualMachine.Inventory.CreateFromExisting") < 0 ||
	    call_need(call, &r->folder->mob,
		      "VirtualMachine.Interact.PowerOn") < 0 ||
	    call_need(call, &r->pool->mob, "Resource.AssignVMToPool") < 0 ||
	    call_need(call, &r->datastore->entity.mob,
		      "Datastore.AllocateSpace") < 0)
		return -1;
	return vm_nics_need_rights(call,
				   xn_child(r->location, "deviceChange"));
}

static int _read(struct call *call, struct vm *source, struct request *r)
{
	struct mob *folder, *pool, *datastore;

	r->spec = call_arg(call, "spec");
	r->location = xn_child(r->spec, "location");
	if (_check_location(call, r->location) < 0 ||
	    _resolve(call, r->location, "folder", &folder_class,
		     &source->entity.parent->mob, &folder) < 0)
		return -1;
	r->folder = (struct entity *) folder;
	if (_resolve(call, r->location, "pool", &pool_class,
		     &source->pool->mob, &pool) < 0)
		return -1;
	r->pool = (struct entity *) pool;
	if (_resolve(call, r->location, "datastore", &datastore_class,
		     &source->datastore->entity.mob, &datastore) < 0)
		return -1;
	r->datastore = (struct datastore *) datastore;
	if (pool_cluster(r->pool) != source->host->cluster)
		return fault_argument(&call->fault, "spec.location.pool",
				      "not in the source's cluster");
	if (*xn_child_text(r->spec, "name") == '\0')
		return fault_argument(&call->fault, "spec.name", "empty");
	return vm_change_devices(source,
				 xn_child(r->location, "deviceChange"),
				 false, false, &call->fault);
}

/* -- the operation --------------------------------------------------- */

static int _duplicate(const struct request *r, struct fault *fault)
{
	const char *name = xn_child_text(r->spec, "name");
	const struct entity *other = entity_child(r->folder, name);

	if (!other)
		return 0;
	(void) fault_set(fault, "DuplicateName",
			 "The name '%s' already exists.", name);
	(void) fault_add(fault, "name", name);
	return fault_add_ref(fault, "object", "VirtualMachine",
			     other->mob.id);
}

static int _possible(const struct vm *source, const struct request *r,
		     struct fault *fault)
{
	int64_t depth = disk_depth(source->disk);

	if (host_check(source->host, fault) < 0 ||
	    vm_need_power(source, true, fault) < 0)
		return -1;
	if (source->is_template)
		return fault_set(fault, "NotSupported",
				 "A template cannot be instant-cloned.");
	if (!source->frozen &&
	    depth >= source->entity.mob.lab->limits.chain_max)
		return fault_set(fault, "GenericVmConfigFault",
				 "Unable to prepare migration "
				 "(msg.migrate.prepare.failed)");
	return _duplicate(r, fault);
}

/* A running source goes on in a new top disk. */
static int _split(struct vm *source, struct fault *fault)
{
	struct disk *top;
	char *file;

	if (!source->disk)
		return 0;
	file = lab_printf("%s-%06llu.vmdk", source->dir,
			  (unsigned long long) ++source->datastore->files);
	top = disk_create(source->datastore, source->dir, file,
			  source->entity.mob.id, source->disk->mb,
			  source->disk, !source->ops->makes_disks, fault);
	free(file);
	if (!top)
		return -1;
	vm_set_disk(source, top);
	return 0;
}

static int _make_files(struct vm *clone, const struct vm *source,
		       struct disk *parent, struct fault *fault)
{
	const char *name = clone->entity.name;
	struct disk *disk;
	char *file;

	clone->dir = datastore_make_dir(clone->datastore, name, fault);
	if (!clone->dir)
		return -1;
	clone->facts.dir = lab_printf("%s/%s", clone->datastore->path,
				      clone->dir);
	if (!parent)
		return 0;
	file = lab_printf("%s.vmdk", clone->dir);
	disk = disk_create(clone->datastore, clone->dir, file,
			   clone->entity.mob.id, parent->mb, parent,
			   !source->ops->makes_disks, fault);
	free(file);
	if (!disk)
		return -1;
	vm_set_disk(clone, disk);
	return 0;
}

static void _copy_options(struct vm *clone, const struct vm *source,
			  const struct request *r)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < source->noptions; i++)
		(void) vm_set_option(clone, source->options[i].key,
				     source->options[i].value, &err);
	for (const xmlNode *o = xn_child(r->spec, "config"); o;
	     o = xn_again(o))
		(void) vm_set_option(clone, xn_child_text(o, "key"),
				     xn_child_text(o, "value"), &err);
}

static struct vm *_make(struct vm *source, const struct request *r)
{
	const char *uuid = xn_child_text(r->spec, "biosUuid");
	struct vm *clone = vm_create(source->entity.mob.lab,
				     xn_child_text(r->spec, "name"),
				     r->folder, uuid);

	vm_place(clone, source->host, r->pool, r->datastore);
	vm_nics_copy(clone, source);
	clone->facts.cpus = source->facts.cpus;
	clone->facts.memory_mb = source->facts.memory_mb;
	clone->facts.disk_mb = source->facts.disk_mb;
	clone->reserved_mb = source->reserved_mb;
	_copy_options(clone, source, r);
	return clone;
}

static int _guest_fault(struct fault *fault, const struct err *err)
{
	return fault_set(fault,
			 err->code == ERR_CAPACITY
				 ? "InsufficientResourcesFault"
				 : "GenericVmConfigFault",
			 "%s", err->text);
}

static void _undo(struct vm *clone)
{
	vm_delete_files(clone);
	vm_remove(clone);
}

static void _started(struct vm *clone, const struct err *err, void *arg)
{
	struct task *task = arg;

	if (err) {
		_undo(clone);
		task_finish(task, _guest_fault(&task->error, err));
		return;
	}
	vm_set_power(clone, true);
	vm_publish(clone);
	vm_note(clone, "vm_created", task->user, task->operation_id,
		task->vm->entity.mob.id);
	task->result = lab_strdup(clone->entity.mob.id);
	task_finish(task, 0);
}

static int _fork(struct task *task, struct vm *clone, bool frozen)
{
	struct vm *source = task->vm;
	struct err err = ERR_INIT;

	clone->started = _started;
	clone->started_arg = task;
	if (vm_make_guest(clone, source->ops, source->facts.params,
			  &err) == 0 &&
	    source->ops->clone(source->guest, clone->guest, frozen,
			       &err) == 0)
		return TASK_ASYNC;
	clone->started = NULL;
	_undo(clone);
	return _guest_fault(&task->error, &err);
}

static int _run(struct task *task)
{
	struct vm *source = task->vm;
	const struct request *r = task->arg;
	struct disk *parent = source->disk;
	bool frozen = source->frozen;
	struct vm *clone;

	if (_possible(source, r, &task->error) < 0)
		return -1;
	if (r->folder->mob.gone)
		return fault_gone(&task->error, "Folder", r->folder->mob.id);
	if (!frozen && _split(source, &task->error) < 0)
		return -1;
	clone = _make(source, r);
	/* It shall wake with the addresses that it was given. */
	if (vm_take_room(clone, &task->error) < 0 ||
	    _make_files(clone, source, parent, &task->error) < 0 ||
	    vm_change_devices(clone, xn_child(r->location, "deviceChange"),
			      true, false, &task->error) < 0) {
		_undo(clone);
		return -1;
	}
	return _fork(task, clone, frozen);
}

static const struct task_kind _kind = {
	.name = "InstantClone_Task",
	.description = "VirtualMachine.instantClone",
	.slot = true,
	.run = _run,
	.free_arg = _free_request,
};

int vm_instant_clone(struct call *call)
{
	struct vm *source = (struct vm *) call->self;
	struct request *request = lab_alloc(sizeof(*request));

	if (vm_need_enabled(call) < 0 ||
	    _read(call, source, request) < 0 ||
	    _check_rights(call, request) < 0) {
		_free_request(request);
		return -1;
	}
	request->doc = steal_ptr(&call->doc);
	return task_submit(call, &_kind, request);
}

/* -- VirtualMachineProvisioningChecker ------------------------------- */

static int _run_check(struct task *task)
{
	return _possible(task->vm, task->arg, &task->error);
}

static const struct task_kind _check_kind = {
	.name = "CheckInstantClone_Task",
	.description = "VirtualMachineProvisioningChecker.checkInstantClone",
	.run = _run_check,
	.free_arg = _free_request,
};

int vm_check_instant_clone(struct call *call)
{
	struct vm *source = vm_of(call_object(call, call_arg(call, "vm")));
	struct request *request;

	if (!source)
		return -1;
	request = lab_alloc(sizeof(*request));
	if (_read(call, source, request) < 0) {
		_free_request(request);
		return -1;
	}
	request->doc = steal_ptr(&call->doc);
	mob_unref(call->self);
	call->self = mob_ref(&source->entity.mob);
	return task_submit(call, &_check_kind, request);
}
