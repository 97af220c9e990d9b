/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_disks - all disks of a VM, their files and its snapshots; see vm.h. */
#include <stdlib.h>
#include <string.h>

#include "vm.h"

size_t vm_tops(const struct vm *vm, struct disk *tops[VM_DISKS_MAX])
{
	size_t count = 0;

	if (vm->disk)
		tops[count++] = vm->disk;
	for (size_t i = 0; i < vm->nmore; i++)
		tops[count++] = vm->more[i];
	return count;
}

static size_t _add_chain(struct disk *disk, struct disk **files, size_t count)
{
	for (; disk; disk = disk->parent) {
		size_t i = 0;

		while (i < count && files[i] != disk)
			i++;
		if (i == count && count < VM_CHAIN_MAX)
			files[count++] = disk;
	}
	return count;
}

size_t vm_files(const struct vm *vm, struct disk *files[VM_CHAIN_MAX])
{
	struct disk *tops[VM_DISKS_MAX];
	size_t ntops = vm_tops(vm, tops);
	size_t count = 0;

	for (size_t i = 0; i < ntops; i++)
		count = _add_chain(tops[i], files, count);
	for (size_t s = 0; s < vm->nsnapshots; s++)
		for (size_t i = 0; i < vm->snapshots[s].count; i++)
			count = _add_chain(vm->snapshots[s].tops[i], files,
					   count);
	return count;
}

size_t vm_datastores(const struct vm *vm,
		     struct datastore *list[VM_DISKS_MAX])
{
	struct disk *files[VM_CHAIN_MAX];
	size_t nfiles = vm_files(vm, files);
	size_t count = 0;

	list[count++] = vm->datastore;
	for (size_t f = 0; f < nfiles; f++) {
		size_t i = 0;

		while (i < count && list[i] != files[f]->datastore)
			i++;
		if (i == count && count < VM_DISKS_MAX)
			list[count++] = files[f]->datastore;
	}
	return count;
}

int vm_attach(struct vm *vm, struct disk *disk, struct err *err)
{
	if (vm->nmore == VM_DISKS_MAX - 1) {
		disk_unref(disk);
		return err_set(err, ERR_REFUSED, "no room for a disk");
	}
	vm->more[vm->nmore++] = disk;
	vm_laid_out(vm, 0);
	return 0;
}

int vm_detach(struct vm *vm, struct err *err)
{
	if (!vm->nmore)
		return err_set(err, ERR_REFUSED, "no disk to detach");
	disk_unref(vm->more[--vm->nmore]);
	vm_laid_out(vm, 0);
	return 0;
}

/* -- new files ------------------------------------------------------ */

/* The disk's successor in the VM's directory; parent NULL: a flat one. */
static struct disk *_successor(struct vm *vm, const struct disk *disk,
			       struct disk *parent, struct fault *fault)
{
	struct disk *made;
	char *file;

	file = lab_printf("%s-%06llu.vmdk", vm->dir,
			  (unsigned long long) ++vm->datastore->files);
	made = disk_create(vm->datastore, vm->dir, file, vm->entity.mob.id,
			   disk->mb, parent, true, fault);
	free(file);
	return made;
}

/* Put made in the place of a top, which is the VM's no more. */
static void _replace(struct vm *vm, size_t index, struct disk *made)
{
	if (index == 0 && vm->disk) {
		vm_set_disk(vm, made);
		return;
	}
	index -= vm->disk != NULL;
	disk_unref(vm->more[index]);
	vm->more[index] = made;
	vm_laid_out(vm, 0);
}

static void _keep(struct vm *vm, const char *name)
{
	struct vm_snapshot *snapshot;

	vm->snapshots = reallocarray(vm->snapshots, vm->nsnapshots + 1,
				     sizeof(*vm->snapshots));
	if (!vm->snapshots)
		abort();
	snapshot = &vm->snapshots[vm->nsnapshots++];
	snapshot->name = lab_strdup(name);
	snapshot->count = vm_tops(vm, snapshot->tops);
	for (size_t i = 0; i < snapshot->count; i++)
		(void) disk_ref(snapshot->tops[i]);
	vm_laid_out(vm, VM_SNAPSHOT);
}

int vm_grow(struct vm *vm, const char *snapshot, struct fault *fault)
{
	struct disk *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);

	if (snapshot)
		_keep(vm, snapshot);
	/* Guests that make their disks know nothing of this. */
	for (size_t i = 0; i < count && !vm->ops->makes_disks; i++) {
		struct disk *made = _successor(vm, tops[i], tops[i], fault);

		if (!made)
			return -1;
		_replace(vm, i, made);
	}
	return 0;
}

int vm_relocate(struct vm *vm, struct datastore *to, struct fault *fault)
{
	struct disk *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);
	char *dir;

	if (vm->ops->makes_disks || vm->nsnapshots)
		return fault_set(fault, "NotSupported", "vclab moves the "
				 "disks of simple guests only");
	dir = datastore_make_dir(to, vm->entity.name, fault);
	if (!dir)
		return -1;
	vm_delete_files(vm);
	free(vm->dir);
	free((char *) vm->facts.dir);
	vm->dir = dir;
	vm->datastore = to;
	vm->facts.dir = lab_printf("%s/%s", to->path, dir);
	for (size_t i = 0; i < count; i++) {
		struct disk *made = _successor(vm, tops[i], NULL, fault);

		if (!made)
			return -1;
		_replace(vm, i, made);
	}
	vm_move_room(vm);
	vm_laid_out(vm, VM_HOST);
	return 0;
}
