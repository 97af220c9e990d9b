/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_props - what can be read of a VirtualMachine; see vm.h. */
#include <inttypes.h>

#include "call.h"
#include "host_system.h"
#include "task.h"
#include "vm.h"
#include "xw.h"

static const struct vm *_vm(const struct mob *mob)
{
	return (const struct vm *) mob;
}

static void _emit_self(struct val *val, const struct mob *mob)
{
	val_ref(val, mob);
}

static void _refs_pool(const struct mob *mob, mob_visit *visit, void *arg)
{
	visit(&_vm(mob)->pool->mob, arg);
}

static void _refs_datastore(const struct mob *mob, mob_visit *visit,
			    void *arg)
{
	struct datastore *list[VM_DISKS_MAX];
	size_t count = vm_datastores(_vm(mob), list);

	for (size_t i = 0; i < count; i++)
		visit(&list[i]->entity.mob, arg);
}

static void _refs_host(const struct mob *mob, mob_visit *visit, void *arg)
{
	visit(&_vm(mob)->host->entity.mob, arg);
}

static void _emit_connection(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->host->lost ? "disconnected" : "connected");
}

static void _emit_power(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->powered_on ? "poweredOn" : "poweredOff");
}

static void _emit_boot(struct val *val, const struct mob *mob)
{
	if (_vm(mob)->boot_us)
		val_time(val, _vm(mob)->boot_us);
}

static void _emit_frozen(struct val *val, const struct mob *mob)
{
	val_bool(val, _vm(mob)->frozen);
}

static void _emit_question(struct val *val, const struct mob *mob)
{
	if (!_vm(mob)->question)
		return;
	val_open(val, NULL);
	xw_str(val->out, "id", "1");
	xw_str(val->out, "text", _vm(mob)->question);
	xw_open(val->out, "choice");
	xw_open(val->out, "choiceInfo");
	xw_str(val->out, "label", "Retry");
	xw_str(val->out, "summary", "Retry");
	xw_str(val->out, "key", "0");
	xw_close(val->out, "choiceInfo");
	xw_close(val->out, "choice");
	val_close(val);
}

static void _emit_change_version(struct val *val, const struct mob *mob)
{
	char text[24];

	(void) snprintf(text, sizeof(text), "%" PRId64, _vm(mob)->version);
	val_str(val, text);
}

/* When the files were looked at last: at each change that could be one. */
static void _emit_layout_time(struct val *val, const struct mob *mob)
{
	val_time(val, _vm(mob)->layout_us);
}

static void _emit_uuid(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->bios_uuid);
}

static void _emit_instance_uuid(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->instance_uuid);
}

static void _emit_template(struct val *val, const struct mob *mob)
{
	val_bool(val, _vm(mob)->is_template);
}

static void _emit_annotation(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->annotation);
}

static void _emit_guest_id(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "otherLinux64Guest");
}

static void _emit_guest_name(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "Other Linux (64-bit)");
}

static void _emit_hardware_version(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "vmx-14");
}

static void _emit_vmx(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	char text[600];

	(void) snprintf(text, sizeof(text), "[%s] %s/%s.vmx",
			vm->datastore->entity.name, vm->dir, vm->dir);
	val_str(val, text);
}

static void _emit_cpus(struct val *val, const struct mob *mob)
{
	val_int(val, _vm(mob)->facts.cpus);
}

static void _emit_memory(struct val *val, const struct mob *mob)
{
	val_int(val, _vm(mob)->facts.memory_mb);
}

static void _emit_memory_usage(struct val *val, const struct mob *mob)
{
	val_int(val, vm_memory_mb(_vm(mob)));
}

static void _emit_committed(struct val *val, const struct mob *mob)
{
	val_int(val, vm_committed_mb(_vm(mob)) << 20);
}

static void _emit_reserved(struct val *val, const struct mob *mob)
{
	val_int(val, _vm(mob)->reserved_mb);
}

static void _emit_options(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);

	for (size_t i = 0; i < vm->noptions; i++) {
		val_open(val, "OptionValue");
		xw_option(val->out, vm->options[i].key,
			  vm->options[i].value);
		val_close(val);
	}
}

static void _write_snapshot(struct buf *out, const struct vm *vm, size_t i)
{
	char id[64];

	(void) snprintf(id, sizeof(id), "%s-snapshot-%zu",
			vm->entity.mob.id, i + 1);
	xw_open(out, "rootSnapshotList");
	xw_ref(out, "snapshot", "VirtualMachineSnapshot", id);
	xw_ref(out, "vm", "VirtualMachine", vm->entity.mob.id);
	xw_str(out, "name", vm->snapshots[i].name);
	xw_str(out, "description", "");
	xw_int(out, "id", (int64_t) i + 1);
	xw_time(out, "createTime", vm->boot_us);
	xw_str(out, "state", "poweredOn");
	xw_bool(out, "quiesced", false);
	xw_close(out, "rootSnapshotList");
}

static void _emit_snapshot(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);
	char id[64];

	if (vm->nsnapshots == 0)
		return;
	(void) snprintf(id, sizeof(id), "%s-snapshot-%zu",
			vm->entity.mob.id, vm->nsnapshots);
	val_open(val, NULL);
	xw_ref(val->out, "currentSnapshot", "VirtualMachineSnapshot", id);
	for (size_t i = 0; i < vm->nsnapshots; i++)
		_write_snapshot(val->out, vm, i);
	val_close(val);
}

static void _emit_disabled(struct val *val, const struct mob *mob)
{
	const struct vm *vm = _vm(mob);

	for (size_t i = 0; i < vm->ndisabled; i++)
		val_str(val, vm->disabled[i]);
}

static void _emit_tools(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->powered_on && !_vm(mob)->frozen
			     ? "guestToolsRunning"
			     : "guestToolsNotRunning");
}

static void _emit_guest_state(struct val *val, const struct mob *mob)
{
	val_str(val, _vm(mob)->powered_on ? "running" : "notRunning");
}

const struct mob_prop vm_props[] = {
	ENTITY_PROPS,
	{ "resourcePool", NULL, _refs_pool, VM_HOST },
	{ "datastore", NULL, _refs_datastore, VM_HOST },
	{ "network", NULL, vm_nics_networks, VM_DEVICES },
	{ "recentTask", NULL, task_refs_recent, ENTITY_TASKS },
	{ "disabledMethod", _emit_disabled, NULL, VM_METHODS },
	{ "snapshot", _emit_snapshot, NULL, VM_SNAPSHOT },
	{ "runtime.host", NULL, _refs_host, VM_HOST },
	{ "runtime.connectionState", _emit_connection, NULL, VM_HOST },
	{ "runtime.powerState", _emit_power, NULL, VM_POWER },
	{ "runtime.question", _emit_question, NULL, VM_QUESTION },
	{ "runtime.bootTime", _emit_boot, NULL, VM_POWER },
	{ "runtime.instantCloneFrozen", _emit_frozen, NULL, VM_FROZEN },
	{ "config.changeVersion", _emit_change_version, NULL, VM_CONFIG },
	{ "config.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "config.guestFullName", _emit_guest_name, NULL, 0 },
	{ "config.version", _emit_hardware_version, NULL, 0 },
	{ "config.uuid", _emit_uuid, NULL, VM_CONFIG },
	{ "config.instanceUuid", _emit_instance_uuid, NULL, VM_CONFIG },
	{ "config.template", _emit_template, NULL, VM_CONFIG },
	{ "config.guestId", _emit_guest_id, NULL, 0 },
	{ "config.annotation", _emit_annotation, NULL, VM_CONFIG },
	{ "config.files.vmPathName", _emit_vmx, NULL, VM_CONFIG },
	{ "config.hardware.numCPU", _emit_cpus, NULL, VM_CONFIG },
	{ "config.hardware.memoryMB", _emit_memory, NULL, VM_CONFIG },
	{ "config.hardware.device", vm_emit_devices, NULL, VM_DEVICES },
	{ "config.extraConfig", _emit_options, NULL, VM_OPTIONS },
	{ "layoutEx.timestamp", _emit_layout_time, NULL, VM_DEVICES },
	{ "layoutEx.file", vm_emit_layout_files, NULL, VM_DEVICES },
	{ "layoutEx.disk", vm_emit_layout_disks, NULL, VM_DEVICES },
	{ "layoutEx.snapshot", vm_emit_layout_snapshots, NULL, VM_SNAPSHOT },
	{ "guest.toolsRunningStatus", _emit_tools, NULL,
	  VM_POWER | VM_FROZEN },
	{ "guest.guestState", _emit_guest_state, NULL, VM_POWER },
	{ "summary.vm", _emit_self, NULL, 0 },
	{ "summary.runtime.host", NULL, _refs_host, VM_HOST },
	{ "summary.runtime.connectionState", _emit_connection, NULL,
	  VM_HOST },
	{ "summary.runtime.powerState", _emit_power, NULL, VM_POWER },
	{ "summary.runtime.question", _emit_question, NULL, VM_QUESTION },
	{ "summary.runtime.bootTime", _emit_boot, NULL, VM_POWER },
	{ "summary.runtime.instantCloneFrozen", _emit_frozen, NULL,
	  VM_FROZEN },
	{ "summary.config.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "summary.config.template", _emit_template, NULL, VM_CONFIG },
	{ "summary.config.vmPathName", _emit_vmx, NULL, VM_CONFIG },
	{ "summary.config.memorySizeMB", _emit_memory, NULL, VM_CONFIG },
	{ "summary.config.memoryReservation", _emit_reserved, NULL, 0 },
	{ "summary.config.numCpu", _emit_cpus, NULL, VM_CONFIG },
	{ "summary.config.uuid", _emit_uuid, NULL, VM_CONFIG },
	{ "summary.config.instanceUuid", _emit_instance_uuid, NULL,
	  VM_CONFIG },
	{ "summary.quickStats.hostMemoryUsage", _emit_memory_usage, NULL,
	  VM_POWER },
	{ "summary.storage.committed", _emit_committed, NULL, VM_DEVICES },
	{ "summary.overallStatus", entity_emit_status, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};

const struct mob_method vm_methods[] = {
	{ "AnswerVM", vm_answer },
	{ "Destroy_Task", vm_destroy },
	{ "InstantClone_Task", vm_instant_clone },
	{ "PowerOffVM_Task", vm_power_off },
	{ "PowerOnVM_Task", vm_power_on },
	{ "ReconfigVM_Task", vm_reconfigure },
	{ "Rename_Task", vm_rename },
	{ "ResetVM_Task", vm_reset },
	{ "UnregisterVM", vm_unregister },
	{ NULL, NULL },
};
