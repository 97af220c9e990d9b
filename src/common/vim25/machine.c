/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "machine.h"

static const char *const paths[] = {
	/* MACHINE_ROW */
	"name", "parent", "config.uuid", "config.instanceUuid",
	"runtime.powerState",
	/* MACHINE_OPTIONS */
	"config.extraConfig",
	/* MACHINE_ALL */
	"resourcePool", "runtime.host", "config.template",
	"runtime.instantCloneFrozen", "config.files.vmPathName",
	"config.hardware.device", "layoutEx.file", "layoutEx.disk",
	"layoutEx.snapshot", "snapshot", "disabledMethod",
};

#define PATHS_ROW 5
#define PATHS_OPTIONS 6
#define PATHS_ALL (sizeof(paths) / sizeof(paths[0]))
#define PAGE_LARGE 40	/* some 10 kB each */

static int _tri(const struct property_object *object, const char *path,
		int *out, struct err *err)
{
	bool value;

	if (!property_value(object, path)) {
		*out = -1;
		return 0;
	}
	if (property_bool(object, path, false, &value, err))
		return -1;
	*out = value;
	return 0;
}

static int _read_row(struct machine *machine, struct err *err)
{
	const struct property_object *object = machine->object;

	return property_str(object, "name", &machine->name, err) ||
	       property_ref(object, "parent", &machine->parent, err) ||
	       property_str(object, "config.uuid", &machine->bios_uuid,
			    err) ||
	       property_str(object, "config.instanceUuid",
			    &machine->instance_uuid, err) ||
	       property_str(object, "runtime.powerState", &machine->power,
			    err) ? -1 : 0;
}

static int _read_rest(struct machine *machine, struct err *err)
{
	const struct property_object *object = machine->object;

	machine->options = property_value(object, "config.extraConfig");
	machine->devices = property_value(object, "config.hardware.device");
	machine->files = property_value(object, "layoutEx.file");
	machine->layout = property_value(object, "layoutEx.disk");
	machine->snapshots = property_value(object, "layoutEx.snapshot");
	machine->snapshot = property_value(object, "snapshot");
	machine->disabled = property_value(object, "disabledMethod");
	return property_ref(object, "resourcePool", &machine->pool, err) ||
	       property_ref(object, "runtime.host", &machine->host, err) ||
	       property_str(object, "config.files.vmPathName",
			    &machine->path, err) ||
	       _tri(object, "config.template", &machine->is_template, err) ||
	       _tri(object, "runtime.instantCloneFrozen",
		    &machine->is_frozen, err) ? -1 : 0;
}

int machine_parse(struct machine *machine,
		  const struct property_object *object, struct err *err)
{
	*machine = (struct machine) { .ref = object->ref, .object = object };
	return _read_row(machine, err) || _read_rest(machine, err) ? -1 : 0;
}

void machine_spec(struct property_spec *spec, enum machine_detail detail)
{
	*spec = (struct property_spec) {
		.type = "VirtualMachine", .paths = paths,
		.n_paths = detail == MACHINE_ROW ? PATHS_ROW
			   : detail == MACHINE_OPTIONS ? PATHS_OPTIONS
						       : PATHS_ALL,
		.page = detail == MACHINE_ROW ? 0 : PAGE_LARGE,
	};
}

/* --- disks --- */

const struct xml_node *disk_next(const struct xml_node *devices,
				 const struct xml_node *prev)
{
	const struct xml_node *node = prev ? xml_next(prev, NULL)
					   : xml_child(devices, NULL);

	while (node && strcmp(xml_type(node), "VirtualDisk"))
		node = xml_next(node, NULL);
	return node;
}

const struct xml_node *disk_backing(const struct xml_node *disk)
{
	return xml_child(disk, "backing");
}

const struct xml_node *disk_parent(const struct xml_node *backing)
{
	return xml_child(backing, "parent");
}

const char *disk_file(const struct xml_node *backing)
{
	return xml_child_text(backing, "fileName");
}
