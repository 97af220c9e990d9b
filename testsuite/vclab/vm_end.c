/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_end - Destroy_Task and UnregisterVM; see vm.h.
 *
 * Destroy deletes what a vCenter deletes: the top file of each of the VM's
 * disks and of its snapshots' disks, whoever else builds on it, and the
 * files below it that were made for this VM. A VM whose disk was edited to
 * be its parent's file takes that file with it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "task.h"
#include "vm.h"

/* What else the guest left in the VM's directory; one level. */
static void _delete_dir(const struct vm *vm)
{
	DIR *dir;
	const struct dirent *entry;

	if (!vm->facts.dir || !vm->entity.mob.lab->real_files)
		return;
	dir = opendir(vm->facts.dir);
	while (dir && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		bool disk = len > 5 &&
			    strcmp(entry->d_name + len - 5, ".vmdk") == 0;

		if (!disk)
			(void) unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		(void) closedir(dir);
	(void) rmdir(vm->facts.dir);	/* stays while disks are in it */
}

/* A top goes whoever uses it; below it, what was made for this VM. */
static void _delete_chain(const struct vm *vm, struct disk *top)
{
	disk_delete(top);
	for (struct disk *disk = top->parent;
	     disk && strcmp(disk->owner, vm->entity.mob.id) == 0;
	     disk = disk->parent)
		disk_delete(disk);
}

void vm_delete_files(struct vm *vm)
{
	struct disk *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);

	for (size_t i = 0; i < count; i++)
		_delete_chain(vm, tops[i]);
	for (size_t s = 0; s < vm->nsnapshots; s++)
		for (size_t i = 0; i < vm->snapshots[s].count; i++)
			_delete_chain(vm, vm->snapshots[s].tops[i]);
	_delete_dir(vm);
}

static int _run(struct task *task)
{
	struct vm *vm = task->vm;

	if (vm_need_power(vm, false, &task->error) < 0)
		return -1;
	vm_delete_files(vm);
	vm_note(vm, "vm_destroyed", task->user, task->operation_id, NULL);
	vm_remove(vm);
	return 0;
}

static const struct task_kind _kind = {
	.name = "Destroy_Task",
	.description = "VirtualMachine.destroy",
	.exclusive = true,
	.run = _run,
};

/* Folders and the like are not vclab's to destroy: VMs only. */
int vm_destroy(struct call *call)
{
	if (vm_need_enabled(call) < 0 ||
	    call_need(call, call->self,
		      "VirtualMachine.Inventory.Delete") < 0)
		return -1;
	return task_submit(call, &_kind, NULL);
}

int vm_unregister(struct call *call)
{
	struct vm *vm = (struct vm *) call->self;

	if (vm_need_enabled(call) < 0 ||
	    vm_need_power(vm, false, &call->fault) < 0)
		return -1;
	vm_note(vm, "vm_unregistered", NULL, call->operation_id, NULL);
	vm_remove(vm);
	return 0;
}
