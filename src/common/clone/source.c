/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/vim25/machine.h"
#include "letter.h"
#include "source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES_PER_MIB (INT64_C(1) << 20)

static const char *const machine_paths[] = {
	"name", "parent", "config.uuid", "config.instanceUuid",
	"config.template",
	"config.files.vmPathName", "config.hardware.memoryMB",
	"config.hardware.numCPU", "config.hardware.device",
	"layoutEx.disk", "runtime.powerState", "runtime.host",
	"runtime.instantCloneFrozen", "summary.config.memoryReservation",
	"datastore", "config.extraConfig",
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

void source_init(struct source *source, const char *path,
		 const struct config *config,
		 const struct config_template *tmpl)
{
	*source = (struct source) {
		.path = path,
		.template_name = tmpl->name,
		.lanes = (unsigned) tmpl->lanes,
		.memory_growth = (unsigned) tmpl->memory_growth,
		.disk_growth = (int64_t) tmpl->disk_growth,
		.pack = config_placement(config, tmpl) ==
			CONFIG_PLACEMENT_PACK,
		.folder = SOURCE_NAMED,
	};
	source_forget(source);
}

static void _forget_host(struct source *source)
{
	source->host_ref = (struct moref) { 0 };
	source->host[0] = '\0';
	source->host_ok = false;
	source->connected = source->maintenance = SOURCE_UNTOLD;
	source->host_memory = source->host_used = SOURCE_UNTOLD;
	source->host_free = SOURCE_UNTOLD;
	source->host_at = 0;
}

static void _forget_store(struct source *source)
{
	source->store_ref = (struct moref) { 0 };
	source->store_count = 0;
	source->store[0] = '\0';
	source->store_ok = true;
	source->accessible = source->store_maintenance = SOURCE_UNTOLD;
	source->space = source->space_free = SOURCE_UNTOLD;
	source->space_at = 0;
}

void source_forget(struct source *source)
{
	source->vm = source->parent = (struct moref) { 0 };
	source->instance_uuid[0] = source->bios_uuid[0] = '\0';
	source->told = false;
	source->powered = source->frozen = SOURCE_UNTOLD;
	source->is_template = SOURCE_UNTOLD;
	source->memory = source->reserved = SOURCE_UNTOLD;
	source->memory_need = source->space_need = SOURCE_UNTOLD;
	source->cpus = source->depth = SOURCE_UNTOLD;
	source->nic_count = 0;
	source->owner[0] = '\0';
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
	if (machine->power)
		source->powered = !strcmp(machine->power, "poweredOn");
	if (machine->is_frozen >= 0)
		source->frozen = machine->is_frozen;
	if (machine->is_template >= 0)
		source->is_template = machine->is_template;
	if (moref_is_set(&machine->host) &&
	    !moref_equal(&machine->host, &source->host_ref)) {
		_forget_host(source);
		source->host_ref = machine->host;
	}
}

static void _copy_uuid(char *out, const char *uuid)
{
	if (uuid)
		snprintf(out, UUID_TEXT_SIZE, "%s", uuid);
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
	int64_t depth = 0, one;

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

/* What is not told stays as it is. */
static int _take_int(const struct property_object *object, const char *path,
		     int64_t *out, struct err *err)
{
	return property_int(object, path, *out, out, err);
}

static int _take_size(struct source *source,
		      const struct property_object *object, struct err *err)
{
	if (_take_int(object, "config.hardware.memoryMB", &source->memory,
		      err) < 0 ||
	    _take_int(object, "summary.config.memoryReservation",
		      &source->reserved, err) < 0 ||
	    _take_int(object, "config.hardware.numCPU", &source->cpus,
		      err) < 0)
		return -1;
	if (!property_value(object, "datastore"))
		return 0;
	return property_refs(object, "datastore", source->stores,
			     SOURCE_STORES_MAX, &source->store_count, err);
}

void source_needs(int64_t memory, int64_t reserved, unsigned memory_growth,
		  int64_t disk_growth, int64_t *memory_need,
		  int64_t *space_need)
{
	int64_t swap = memory;

	*memory_need = *space_need = SOURCE_UNTOLD;
	if (memory < 0)
		return;
	if (reserved > 0)
		swap -= reserved;
	*memory_need = (memory * memory_growth + 99) / 100;
	*space_need = (swap > 0 ? swap : 0) + disk_growth;
}

static void _take_options(struct source *source,
			  const struct xml_node *options)
{
	const char *text = property_option(options, LETTER_TEMPLATE_KEY);
	const char *owner = property_option(options, OWNER_KEY);

	snprintf(source->owner, sizeof(source->owner), "%s",
		 owner ? owner : "");
	*source->record = '\0';
	if (text && strlen(text) < sizeof(source->record))
		memcpy(source->record, text, strlen(text) + 1);
}

static int _take_machine(struct source *source,
			 const struct property_object *object,
			 struct err *err)
{
	struct machine machine;

	if (machine_parse(&machine, object, err) < 0 ||
	    _take_size(source, object, err) < 0)
		return -1;
	source->told = true;
	if (moref_is_set(&machine.parent))
		source->parent = machine.parent;
	source_needs(source->memory, source->reserved, source->memory_growth,
		     source->disk_growth, &source->memory_need,
		     &source->space_need);
	_take_state(source, &machine);
	_copy_uuid(source->instance_uuid, machine.instance_uuid);
	_copy_uuid(source->bios_uuid, machine.bios_uuid);
	if (machine.devices || machine.layout)
		source->depth = _depth(&machine);
	if (machine.options)
		_take_options(source, machine.options);
	if (machine.devices)
		source->nic_count = nic_list(machine.devices, source->nics,
					     CONFIG_NICS_MAX);
	_take_store_name(source, machine.path);
	return 0;
}

/* --- host and datastore ------------------------------------------------- */

static int _take_tri(const struct property_object *object, const char *path,
		     int *out, struct err *err)
{
	bool value = false;

	if (property_bool(object, path, false, &value, err) < 0)
		return -1;
	if (property_value(object, path))
		*out = value;
	return 0;
}

/* In bytes. */
static int _take_bytes(const struct property_object *object,
		       const char *path, int64_t *mib, struct err *err)
{
	int64_t bytes;

	if (property_int(object, path, SOURCE_UNTOLD, &bytes, err) < 0)
		return -1;
	if (bytes >= 0)
		*mib = bytes / BYTES_PER_MIB;
	return 0;
}

static int64_t _free_memory(const struct source *source)
{
	int64_t left = source->host_memory - source->host_used;

	if (source->host_memory < 0 || source->host_used < 0)
		return SOURCE_UNTOLD;
	return left > 0 ? left : 0;
}

static void _set_figure(int64_t *figure, int64_t *since, int64_t value,
			int64_t at)
{
	if (*figure != value)
		*since = at;
	*figure = value;
}

static int _take_host(struct source *source,
		      const struct property_object *object, int64_t at,
		      struct err *err)
{
	const char *name = NULL, *connection = NULL;

	if (property_str(object, "name", &name, err) < 0 ||
	    property_str(object, "runtime.connectionState", &connection,
			 err) < 0 ||
	    _take_tri(object, "runtime.inMaintenanceMode",
		      &source->maintenance, err) < 0 ||
	    _take_bytes(object, "summary.hardware.memorySize",
			&source->host_memory, err) < 0 ||
	    _take_int(object, "summary.quickStats.overallMemoryUsage",
		      &source->host_used, err) < 0)
		return -1;
	if (name)
		snprintf(source->host, sizeof(source->host), "%s", name);
	if (connection)
		source->connected = !strcmp(connection, "connected");
	source->host_ok = source->connected == 1 && source->maintenance != 1;
	_set_figure(&source->host_free, &source->host_at,
		    _free_memory(source), at);
	return 0;
}

/* Is it the datastore with the .vmx? By its name, at first. */
static bool _is_store(struct source *source,
		      const struct property_object *object)
{
	const char *name = NULL;

	if (moref_is_set(&source->store_ref))
		return moref_equal(&source->store_ref, &object->ref);
	if (property_str(object, "name", &name, NULL) < 0 || !name ||
	    strcmp(name, source->store) != 0)
		return false;
	for (size_t i = 0; i < source->store_count; i++)
		if (moref_equal(&source->stores[i], &object->ref))
			return true;
	return false;
}

static int _take_store(struct source *source,
		       const struct property_object *object, int64_t at,
		       struct err *err)
{
	int64_t left = source->space_free;
	int accessible = SOURCE_UNTOLD;
	const char *mode = NULL;

	if (_take_tri(object, "summary.accessible", &accessible, err) < 0 ||
	    property_str(object, "summary.maintenanceMode", &mode, err) < 0 ||
	    _take_bytes(object, "summary.capacity", &source->space,
			err) < 0 ||
	    _take_bytes(object, "summary.freeSpace", &left, err) < 0)
		return -1;
	source->store_ref = object->ref;
	if (accessible != SOURCE_UNTOLD)
		source->accessible = accessible;
	if (mode)
		source->store_maintenance = strcmp(mode, "normal") != 0;
	source->store_ok = source->accessible != 0 &&
			   source->store_maintenance != 1;
	_set_figure(&source->space_free, &source->space_at, left, at);
	return 0;
}

int source_take(struct source *source, const struct property_object *object,
		int64_t at, struct err *err)
{
	if (moref_equal(&source->vm, &object->ref))
		return _take_machine(source, object, err);
	if (moref_equal(&source->host_ref, &object->ref))
		return _take_host(source, object, at, err);
	if (_is_store(source, object))
		return _take_store(source, object, at, err);
	return 0;
}

static int64_t _since(int64_t told, int64_t last)
{
	return last > told - SOURCE_LAG ? last : told - SOURCE_LAG;
}

void source_compare(struct source *source, const struct source *last)
{
	if (source->host_free == last->host_free &&
	    moref_equal(&source->host_ref, &last->host_ref))
		source->host_at = _since(source->host_at, last->host_at);
	if (source->space_free == last->space_free &&
	    moref_equal(&source->store_ref, &last->store_ref))
		source->space_at = _since(source->space_at, last->space_at);
	source->returns = last->returns;
	source_follow(source, last->state, &last->host_ref);
}

void source_follow(struct source *source, enum source_state before,
		   const struct moref *host)
{
	if (source->state == SOURCE_FROZEN && before != SOURCE_UNKNOWN &&
	    (before != SOURCE_FROZEN ||
	     !moref_equal(&source->host_ref, host)))
		source->returns++;
}

const char *source_unfit(const char *owner, bool is_template, bool recorded)
{
	if (*owner)
		return "it carries the mark of a clone (sclone.owner): a "
		       "clone, or a copy of one";
	if (is_template)
		return "it is a vSphere template, which cannot run";
	if (!recorded)
		return "it does not say what it is: sclone-guest has not "
		       "frozen it yet";
	return NULL;
}

/* --- what follows ------------------------------------------------------- */

static const char *_host_trouble(const struct source *source)
{
	if (source->maintenance == 1)
		return "is in maintenance mode";
	if (source->connected == SOURCE_UNTOLD)
		return "is not known yet";
	return source->host_ok ? NULL : "is not connected";
}

static void _judge_place(struct source *source)
{
	const char *trouble = _host_trouble(source);

	if (!trouble && source->store_ok) {
		source_set_state(source, SOURCE_FROZEN, "");
		return;
	}
	source->state = SOURCE_UNFIT;
	if (trouble)
		snprintf(source->why, sizeof(source->why), "its host %s%s%s",
			 source->host, *source->host ? " " : "", trouble);
	else
		snprintf(source->why, sizeof(source->why), "its datastore %s "
			 "is %s", source->store,
			 source->accessible == 0 ? "not accessible"
						 : "in maintenance mode");
}

void source_judge(struct source *source)
{
	if (!source->told)
		return;
	if (source->left)
		source_set_state(source, SOURCE_MISSING,
				 "it is no source any more; it is kept in "
				 "mind while its clones are looked after");
	else if (source->is_template == 1)
		source_set_state(source, SOURCE_OFF,
				 "it is a vSphere template, which cannot "
				 "run");
	else if (source->powered != 1)
		source_set_state(source, SOURCE_OFF,
				 "it is off; once on, it freezes itself at "
				 "the end of its boot");
	else if (source->frozen != 1)
		source_set_state(source, SOURCE_RUNNING,
				 "it runs, but is not frozen: sclone-guest "
				 "freeze, in the guest");
	else
		_judge_place(source);
}
