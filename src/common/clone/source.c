/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/vim25/machine.h"
#include "source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES_PER_MIB (INT64_C(1) << 20)

static const char *const machine_paths[] = {
	"name", "config.uuid", "config.instanceUuid", "config.template",
	"config.files.vmPathName", "config.hardware.memoryMB",
	"config.hardware.numCPU", "config.hardware.device",
	"layoutEx.disk", "runtime.powerState", "runtime.host",
	"runtime.instantCloneFrozen", "summary.config.memoryReservation",
	"datastore",
};

static const char *const host_paths[] = {
	"name", "runtime.connectionState", "runtime.inMaintenanceMode",
	"summary.hardware.memorySize",
	"summary.quickStats.overallMemoryUsage",
};

static const char *const store_paths[] = {
	"name", "summary.accessible", "summary.maintenanceMode",
	"summary.capacity", "summary.freeSpace",
};

static const char *const state_names[] = {
	[SOURCE_UNKNOWN] = "unknown", [SOURCE_MISSING] = "missing",
	[SOURCE_OFF] = "off",	      [SOURCE_RUNNING] = "running",
	[SOURCE_UNFIT] = "unfit",     [SOURCE_FROZEN] = "frozen",
};

const char *source_state_name(enum source_state state)
{
	return state_names[state];
}

void source_set_state(struct source *source, enum source_state state,
		      const char *why)
{
	source->state = state;
	snprintf(source->why, sizeof(source->why), "%s", why);
}

static void _forget_host(struct source *source)
{
	source->host_ref = (struct moref) { 0 };
	source->host[0] = '\0';
	source->host_ok = false;
	source->connected = source->maintenance = SOURCE_UNTOLD;
	source->host_memory = source->host_free = SOURCE_UNTOLD;
}

static void _forget_store(struct source *source)
{
	source->store_ref = (struct moref) { 0 };
	source->store_count = 0;
	source->store[0] = '\0';
	source->store_ok = true;
	source->space = source->space_free = SOURCE_UNTOLD;
}

void source_forget(struct source *source)
{
	source->memory = source->reserved = SOURCE_UNTOLD;
	source->memory_need = source->space_need = SOURCE_UNTOLD;
	source->cpus = source->depth = SOURCE_UNTOLD;
	_forget_host(source);
	_forget_store(source);
}

static void _spec(struct property_spec *spec, const char *type,
		  const char *const *paths, size_t count)
{
	*spec = (struct property_spec) { .type = type, .paths = paths,
					 .n_paths = count };
}

void source_machine_spec(struct property_spec *spec)
{
	_spec(spec, "VirtualMachine", machine_paths, COUNT(machine_paths));
}

void source_host_spec(struct property_spec *spec)
{
	_spec(spec, "HostSystem", host_paths, COUNT(host_paths));
}

/* An account may clone onto a datastore that it may not look at. */
void source_store_spec(struct property_spec *spec)
{
	_spec(spec, "Datastore", store_paths, COUNT(store_paths));
	spec->lenient = true;
}

/* --- the machine -------------------------------------------------------- */

static void _take_state(struct source *source, const struct machine *machine)
{
	if (machine->is_template == 1)
		source_set_state(source, SOURCE_OFF,
				 "it is a vSphere template, which cannot "
				 "run");
	else if (!machine->power || strcmp(machine->power, "poweredOn"))
		source_set_state(source, SOURCE_OFF,
				 "power it on; it freezes itself at the end "
				 "of its boot");
	else if (machine->is_frozen != 1)
		source_set_state(source, SOURCE_RUNNING,
				 "it runs, but is not frozen: sclone-guest "
				 "freeze, in the guest");
	else
		source_set_state(source, SOURCE_FROZEN, "");
}

static void _copy_uuid(char *out, const char *uuid)
{
	snprintf(out, UUID_TEXT_SIZE, "%s", uuid ? uuid : "");
}

static int64_t _count(const struct xml_node *first, const char *name)
{
	int64_t count = 0;

	for (; first; first = xml_next(first, name))
		count++;
	return count;
}

static int64_t _backing_depth(const struct xml_node *backing)
{
	int64_t depth = 0;

	for (; backing; backing = disk_parent(backing))
		depth++;
	return depth;
}

/* Devices and layoutEx may differ: what an instant clone of a running
 * machine adds to it shows in layoutEx alone (KB 67186). */
static int64_t _depth(const struct machine *machine)
{
	const struct xml_node *disk = NULL;
	int64_t depth = machine->devices ? 0 : SOURCE_UNTOLD, one;

	while (machine->devices &&
	       (disk = disk_next(machine->devices, disk)) != NULL) {
		one = _backing_depth(disk_backing(disk));
		depth = one > depth ? one : depth;
	}
	for (disk = xml_child(machine->layout, NULL); disk;
	     disk = xml_next(disk, NULL)) {
		one = _count(xml_child(disk, "chain"), "chain");
		depth = one > depth ? one : depth;
	}
	return depth;
}

/* "[ds1] dir/x.vmx" is on "ds1". */
static void _take_store_name(struct source *source, const char *path)
{
	const char *end = path ? strchr(path, ']') : NULL;

	if (end && *path == '[')
		snprintf(source->store, sizeof(source->store), "%.*s",
			 (int) (end - path - 1), path + 1);
}

static int _take_size(struct source *source,
		      const struct property_object *object, struct err *err)
{
	return property_int(object, "config.hardware.memoryMB",
			    SOURCE_UNTOLD, &source->memory, err) ||
	       property_int(object, "summary.config.memoryReservation",
			    SOURCE_UNTOLD, &source->reserved, err) ||
	       property_int(object, "config.hardware.numCPU", SOURCE_UNTOLD,
			    &source->cpus, err) ||
	       property_refs(object, "datastore", source->stores,
			     SOURCE_STORES_MAX, &source->store_count, err)
		       ? -1 : 0;
}

static void _take_needs(struct source *source)
{
	int64_t swap = source->memory;

	if (source->memory < 0)
		return;
	if (source->reserved > 0)
		swap -= source->reserved;
	source->memory_need =
		(source->memory * source->memory_growth + 99) / 100;
	source->space_need = (swap > 0 ? swap : 0) + source->disk_growth;
}

int source_take_machine(struct source *source,
			const struct property_object *object,
			struct err *err)
{
	struct machine machine;

	if (!moref_equal(&source->vm, &object->ref))
		return 0;
	if (machine_parse(&machine, object, err) < 0 ||
	    _take_size(source, object, err) < 0)
		return -1;
	_take_needs(source);
	_take_state(source, &machine);
	_copy_uuid(source->instance_uuid, machine.instance_uuid);
	_copy_uuid(source->bios_uuid, machine.bios_uuid);
	source->depth = _depth(&machine);
	source->host_ref = machine.host;
	_take_store_name(source, machine.path);
	return 0;
}

/* --- host and datastore ------------------------------------------------- */

static int _tri(const struct property_object *object, const char *path,
		int *out, struct err *err)
{
	bool value = false;

	if (property_bool(object, path, false, &value, err) < 0)
		return -1;
	*out = property_value(object, path) ? value : SOURCE_UNTOLD;
	return 0;
}

static int64_t _mib(int64_t bytes)
{
	return bytes < 0 ? SOURCE_UNTOLD : bytes / BYTES_PER_MIB;
}

int source_take_host(struct source *source,
		     const struct property_object *object, struct err *err)
{
	const char *name = NULL, *connection = NULL;
	int64_t bytes, used;

	if (!moref_equal(&source->host_ref, &object->ref))
		return 0;
	if (property_str(object, "name", &name, err) < 0 ||
	    property_str(object, "runtime.connectionState", &connection,
			 err) < 0 ||
	    _tri(object, "runtime.inMaintenanceMode", &source->maintenance,
		 err) < 0 ||
	    property_int(object, "summary.hardware.memorySize",
			 SOURCE_UNTOLD, &bytes, err) < 0 ||
	    property_int(object, "summary.quickStats.overallMemoryUsage",
			 SOURCE_UNTOLD, &used, err) < 0)
		return -1;
	snprintf(source->host, sizeof(source->host), "%s", name ? name : "");
	if (connection)
		source->connected = !strcmp(connection, "connected");
	source->host_ok = source->connected == 1 && source->maintenance != 1;
	source->host_memory = _mib(bytes);
	if (bytes >= 0 && used >= 0)
		source->host_free = source->host_memory > used
					    ? source->host_memory - used : 0;
	return 0;
}

static bool _is_store(const struct source *source, const struct moref *ref,
		      const char *name)
{
	for (size_t i = 0; i < source->store_count; i++)
		if (moref_equal(&source->stores[i], ref))
			return name && !strcmp(name, source->store);
	return false;
}

int source_take_store(struct source *source,
		      const struct property_object *object, struct err *err)
{
	const char *name = NULL, *mode = NULL;
	int64_t space, space_free;
	int accessible;

	if (property_str(object, "name", &name, err) < 0)
		return -1;
	if (!_is_store(source, &object->ref, name))
		return 0;
	if (_tri(object, "summary.accessible", &accessible, err) < 0 ||
	    property_str(object, "summary.maintenanceMode", &mode, err) < 0 ||
	    property_int(object, "summary.capacity", SOURCE_UNTOLD, &space,
			 err) < 0 ||
	    property_int(object, "summary.freeSpace", SOURCE_UNTOLD,
			 &space_free, err) < 0)
		return -1;
	source->store_ref = object->ref;
	source->store_ok = accessible && (!mode || !strcmp(mode, "normal"));
	source->space = _mib(space);
	source->space_free = _mib(space_free);
	return 0;
}

/* --- what follows ------------------------------------------------------- */

void source_judge(struct source *source)
{
	const char *why = NULL;

	if (source->maintenance == 1)
		why = "is in maintenance mode";
	else if (!source->host_ok)
		why = "is not connected";
	if (source->state != SOURCE_FROZEN || (!why && source->store_ok))
		return;
	source->state = SOURCE_UNFIT;
	if (why)
		snprintf(source->why, sizeof(source->why), "its host %s %s",
			 source->host, why);
	else
		snprintf(source->why, sizeof(source->why), "its datastore %s "
			 "is not accessible or in maintenance mode",
			 source->store);
}
