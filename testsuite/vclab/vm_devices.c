/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_devices - a VM's controller and disks as virtual devices, changes to its
 * devices, and its files as layoutEx; see vm.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "call.h"
#include "host_system.h"
#include "vm.h"
#include "witness.h"
#include "xn.h"
#include "xw.h"

#define CONTROLLER_KEY 1000
#define IDE_CONTROLLER_KEY 200
#define CDROM_KEY 3000
#define KB_PER_MB 1024

static const struct vm *_vm(const struct mob *mob)
{
	return (const struct vm *) mob;
}

static void _write_info(struct buf *out, const char *label,
			const char *summary)
{
	xw_open(out, "deviceInfo");
	xw_str(out, "label", label);
	xw_str(out, "summary", summary);
	xw_close(out, "deviceInfo");
}

static const char *_sharing(enum vm_oddity oddity)
{
	return oddity == VM_MULTI_WRITER ? "sharingMultiWriter"
					 : "sharingNone";
}

static const char *_mode(enum vm_oddity oddity)
{
	return oddity == VM_INDEPENDENT ? "independent_persistent"
					: "persistent";
}

static void _open_backing(struct buf *out, const struct disk *disk,
			  const char *tag, const char *type)
{
	xw_open_as(out, tag, type);
	xw_str(out, "fileName", disk->name);
	xw_ref(out, "datastore", "Datastore",
	       disk->datastore->entity.mob.id);
}

static void _write_raw(struct buf *out, const struct disk *disk)
{
	_open_backing(out, disk, "backing",
		      "VirtualDiskRawDiskMappingVer1BackingInfo");
	xw_str(out, "lunUuid", disk->uuid);
	xw_str(out, "deviceName", "vml.0200000000");
	xw_str(out, "compatibilityMode", "physicalMode");
	xw_str(out, "diskMode", "independent_persistent");
	xw_str(out, "uuid", disk->uuid);
	xw_str(out, "sharing", "sharingNone");
	xw_close(out, "backing");
}

static void _write_pmem(struct buf *out, const struct disk *disk)
{
	_open_backing(out, disk, "backing", "VirtualDiskLocalPMemBackingInfo");
	xw_str(out, "diskMode", "persistent");
	xw_str(out, "uuid", disk->uuid);
	xw_close(out, "backing");
}

static void _write_flat(struct buf *out, const struct disk *disk,
			const char *tag, enum vm_oddity oddity)
{
	_open_backing(out, disk, tag, "VirtualDiskFlatVer2BackingInfo");
	xw_str(out, "diskMode", _mode(oddity));
	xw_bool(out, "thinProvisioned", true);
	xw_str(out, "uuid", disk->uuid);
	if (disk->parent)
		_write_flat(out, disk->parent, "parent", VM_PLAIN);
	xw_str(out, "sharing", _sharing(oddity));
	xw_close(out, tag);
}

static void _emit_controller(struct val *val, const struct vm *vm)
{
	struct disk *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);

	val_open(val, "ParaVirtualSCSIController");
	xw_int(val->out, "key", CONTROLLER_KEY);
	_write_info(val->out, "SCSI controller 0", "VMware paravirtual SCSI");
	xw_int(val->out, "busNumber", 0);
	for (size_t i = 0; i < count; i++)
		xw_int(val->out, "device", VM_DISK_KEY + (int64_t) i);
	xw_str(val->out, "sharedBus", vm->oddity == VM_SHARED_BUS
					      ? "physicalSharing"
					      : "noSharing");
	xw_int(val->out, "scsiCtlrUnitNumber", 7);
	val_close(val);
}

static void _emit_disk(struct val *val, const struct disk *disk,
		       int64_t number, enum vm_oddity oddity)
{
	char label[32];

	(void) snprintf(label, sizeof(label), "Hard disk %d",
			(int) number + 1);
	val_open(val, "VirtualDisk");
	xw_int(val->out, "key", VM_DISK_KEY + number);
	_write_info(val->out, label, "disk");
	if (oddity == VM_RAW)
		_write_raw(val->out, disk);
	else if (oddity == VM_PMEM)
		_write_pmem(val->out, disk);
	else if (oddity == VM_HIDDEN_TOP && disk->parent)
		_write_flat(val->out, disk->parent, "backing", VM_PLAIN);
	else
		_write_flat(val->out, disk, "backing", oddity);
	xw_int(val->out, "controllerKey", CONTROLLER_KEY);
	xw_int(val->out, "unitNumber", number);
	xw_int(val->out, "capacityInKB", disk->mb * KB_PER_MB);
	xw_int(val->out, "capacityInBytes", disk->mb << 20);
	val_close(val);
}

static void _emit_cdrom(struct val *val, const struct vm *vm)
{
	val_open(val, "VirtualCdrom");
	xw_int(val->out, "key", CDROM_KEY);
	_write_info(val->out, "CD/DVD drive 1", vm->iso);
	xw_open_as(val->out, "backing", "VirtualCdromIsoBackingInfo");
	xw_str(val->out, "fileName", vm->iso);
	xw_close(val->out, "backing");
	xw_int(val->out, "controllerKey", IDE_CONTROLLER_KEY);
	xw_int(val->out, "unitNumber", 0);
	val_close(val);
}

void vm_emit_devices(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	struct disk *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);

	_emit_controller(val, vm);
	for (size_t i = 0; i < count; i++)
		_emit_disk(val, tops[i], (int64_t) i,
			   i ? VM_PLAIN : vm->oddity);
	if (vm->iso)
		_emit_cdrom(val, vm);
	vm_nics_emit(val, vm);
}

/* -- layoutEx ------------------------------------------------------- */

static void _emit_file(struct val *val, int64_t key, const char *name,
		       const char *type, int64_t size)
{
	val_open(val, NULL);
	xw_int(val->out, "key", key);
	xw_str(val->out, "name", name);
	xw_str(val->out, "type", type);
	xw_int(val->out, "size", size);
	xw_int(val->out, "uniqueSize", size);
	xw_bool(val->out, "accessible", true);
	val_close(val);
}

static int64_t _size(const struct disk *disk)
{
	struct stat st;

	return stat(disk->path, &st) == 0 ? (int64_t) st.st_size : 0;
}

/* Keys: 0 the vmx; then one for each file of vm_files(). */
void vm_emit_layout_files(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	struct disk *files[VM_CHAIN_MAX];
	size_t count = vm_files(vm, files);
	char name[600];

	(void) snprintf(name, sizeof(name), "[%s] %s/%s.vmx",
			vm->datastore->entity.name, vm->dir, vm->dir);
	_emit_file(val, 0, name, "config", 0);
	for (size_t i = 0; i < count; i++)
		if (files[i] != vm->disk || vm->oddity != VM_STALE_LAYOUT)
			_emit_file(val, (int64_t) i + 1, files[i]->name,
				   "diskDescriptor", _size(files[i]));
}

/* The links of a chain, from its base to its top. */
static void _write_links(struct buf *out, const struct disk *disk,
			 struct disk **files)
{
	int64_t key = 1;

	if (!disk)
		return;
	_write_links(out, disk->parent, files);
	while (files[key - 1] != disk)
		key++;
	xw_open(out, "chain");
	xw_int(out, "fileKey", key);
	xw_close(out, "chain");
}

void vm_emit_layout_disks(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	struct disk *files[VM_CHAIN_MAX], *tops[VM_DISKS_MAX];
	size_t count = vm_tops(vm, tops);

	(void) vm_files(vm, files);
	for (size_t i = 0; i < count; i++) {
		bool stale = i == 0 && vm->oddity == VM_STALE_LAYOUT;

		val_open(val, NULL);
		xw_int(val->out, "key", VM_DISK_KEY + (int64_t) i);
		_write_links(val->out, stale ? tops[i]->parent : tops[i],
			     files);
		val_close(val);
	}
}

static void _write_layout(struct buf *out, const struct vm_snapshot *snapshot,
			  struct disk **files)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		xw_open(out, "disk");
		xw_int(out, "key", VM_DISK_KEY + (int64_t) i);
		_write_links(out, snapshot->tops[i], files);
		xw_close(out, "disk");
	}
}

void vm_emit_layout_snapshots(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	struct disk *files[VM_CHAIN_MAX];
	char id[64];

	(void) vm_files(vm, files);
	for (size_t i = 0; i < vm->nsnapshots; i++) {
		(void) snprintf(id, sizeof(id), "%s-snapshot-%zu", mob->id,
				i + 1);
		val_open(val, NULL);
		xw_ref(val->out, "key", "VirtualMachineSnapshot", id);
		xw_int(val->out, "dataKey", -1);
		xw_int(val->out, "memoryKey", -1);
		_write_layout(val->out, &vm->snapshots[i], files);
		val_close(val);
	}
}

/* -- changes -------------------------------------------------------- */

static int _bad(struct fault *fault, const char *what)
{
	(void) fault_set(fault, "InvalidDeviceSpec",
			 "Invalid configuration for device: %s", what);
	(void) fault_add(fault, "property", "deviceChange");
	return fault_add(fault, "deviceIndex", "0");
}

static int _remove_disk(struct vm *vm, const xmlNode *change, bool apply,
			struct fault *fault)
{
	const xmlNode *device = xn_child(change, "device");
	const char *operation = xn_child_text(change, "fileOperation");

	if (xn_child_int(device, "key", -1) != VM_DISK_KEY || !vm->disk)
		return _bad(fault, "no such disk");
	if (operation && strcmp(operation, "destroy") != 0)
		return _bad(fault, "fileOperation");
	if (!apply)
		return 0;
	if (operation)
		disk_delete(vm->disk);
	vm_set_disk(vm, NULL);
	return 0;
}

int vm_change_devices(struct vm *vm, const void *first_change, bool apply,
		      bool may_remove, struct fault *fault)
{
	const xmlNode *change;

	for (change = first_change; change; change = xn_again(change)) {
		const char *operation = xn_child_text(change, "operation");
		int rc;

		if (operation && strcmp(operation, "edit") == 0)
			rc = vm_nics_edit(vm, xn_child(change, "device"),
					  apply, fault);
		else if (may_remove && operation &&
			 strcmp(operation, "remove") == 0)
			rc = _remove_disk(vm, change, apply, fault);
		else
			rc = _bad(fault, "operation not supported here");
		if (rc < 0)
			return -1;
	}
	return 0;
}
