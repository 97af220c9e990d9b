/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "facts.h"

/* vSphere's end is a chain of 255; each link may be two files. */
#define FILES_MAX 1024		/* of one disk */

struct facts {
	struct guard_facts guard;
	struct guard_disk disks[GUARD_DISKS_MAX];
	const char *files[GUARD_DISKS_MAX][FILES_MAX];
};

/* --- one disk ----------------------------------------------------------- */

static bool _is_raw(const struct xml_node *backing)
{
	const char *type = xml_type(backing);

	return strstr(type, "Raw") != NULL || !*type;
}

/* VirtualDiskSharing and VirtualDiskMode; absent means plain. */
static bool _is_shared(const struct xml_node *backing)
{
	const char *sharing = xml_child_text(backing, "sharing");
	const char *mode = xml_child_text(backing, "diskMode");

	return (sharing && strcmp(sharing, "sharingNone")) ||
	       (mode && !strncmp(mode, "independent", 11));
}

static bool _add(const char **files, size_t *count, const char *file)
{
	if (!file)
		return false;
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(files[i], file))
			return true;
	if (*count == FILES_MAX)
		return false;
	files[(*count)++] = file;
	return true;
}

static const char *_text(const struct xml_node *node, const char *name)
{
	const char *text = xml_child_text(node, name);

	return text ? text : "";
}

/* The element of an array that has this key. */
static const struct xml_node *_by_key(const struct xml_node *array,
				      const char *key)
{
	const struct xml_node *node = xml_child(array, NULL);

	while (node && strcmp(_text(node, "key"), key) != 0)
		node = xml_next(node, NULL);
	return *key ? node : NULL;
}

/* What layoutEx says of the disk; false when it does not tell it whole. */
static bool _add_layout(const struct machine *machine,
			const struct xml_node *device, const char **files,
			size_t *count)
{
	const struct xml_node *disk = _by_key(machine->layout,
					      _text(device, "key"));
	const struct xml_node *link = xml_child(disk, "chain"), *key, *file;

	if (!link)
		return false;
	for (; link; link = xml_next(link, "chain"))
		for (key = xml_child(link, "fileKey"); key;
		     key = xml_next(key, "fileKey")) {
			file = _by_key(machine->files, xml_text(key));
			if (!_add(files, count, xml_child_text(file, "name")))
				return false;
		}
	return true;
}

/* Fill one disk; the bits that hold for it. */
static unsigned _read_disk(struct facts *facts, const struct machine *machine,
			   const struct xml_node *device, size_t index)
{
	const struct xml_node *backing = disk_backing(device);
	struct guard_disk *disk = &facts->disks[index];
	const char **files = facts->files[index];
	unsigned has = GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;

	*disk = (struct guard_disk) {
		.top = disk_file(backing),
		.raw = _is_raw(backing),
		.shared = _is_shared(backing),
		.chain = files,
	};
	if (!backing)
		has &= ~GUARD_HAS_DISKS;
	for (; backing; backing = disk_parent(backing))
		if (!_add(files, &disk->chain_count, disk_file(backing)))
			has &= ~GUARD_HAS_DISKS;
	if (!_add_layout(machine, device, files, &disk->chain_count))
		has &= ~GUARD_HAS_LAYOUT;
	return has;
}

static void _read_disks(struct facts *facts, const struct machine *machine)
{
	unsigned has = GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;
	const struct xml_node *device = NULL;
	size_t count = 0;

	if (!machine->devices)
		return;
	while ((device = disk_next(machine->devices, device)) != NULL) {
		if (count == GUARD_DISKS_MAX)
			return;
		has &= _read_disk(facts, machine, device, count++);
	}
	facts->guard.disks = facts->disks;
	facts->guard.disk_count = count;
	facts->guard.has |= has;
}

/* --- the machine -------------------------------------------------------- */

static void _read_options(struct guard_facts *guard,
			  const struct machine *machine)
{
	const char *owner;

	if (!machine->options)
		return;
	owner = property_option(machine->options, FACTS_OWNER);
	guard->owner = owner ? owner : "";
	guard->has |= GUARD_HAS_CONFIG;
}

static void _read(struct facts *facts, const struct machine *machine)
{
	struct guard_facts *guard = &facts->guard;

	if (moref_is_set(&machine->parent)) {
		guard->folder = machine->parent.id;
		guard->has |= GUARD_HAS_FOLDER;
	}
	if (machine->is_template >= 0) {
		guard->is_template = machine->is_template;
		guard->has |= GUARD_HAS_TEMPLATE;
	}
	guard->instance_uuid = machine->instance_uuid;
	guard->bios_uuid = machine->bios_uuid;
	guard->vmx = machine->path;
	guard->has |= (machine->instance_uuid ? GUARD_HAS_INSTANCE : 0u) |
		      (machine->bios_uuid ? GUARD_HAS_BIOS : 0u) |
		      (machine->path ? GUARD_HAS_FILES : 0u);
	_read_options(guard, machine);
	if (machine->power) {
		guard->powered_off = !strcmp(machine->power, "poweredOff");
		guard->has |= GUARD_HAS_POWER;
	}
	_read_disks(facts, machine);
}

struct facts *facts_create(const struct machine *machine, int64_t read_at)
{
	struct facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	facts->guard.read_at = read_at;
	facts->guard.vm = machine->ref.id;
	_read(facts, machine);
	return facts;
}

void facts_destroy(struct facts *facts)
{
	free(facts);
}

const struct guard_facts *facts_guard(const struct facts *facts)
{
	return &facts->guard;
}

/* --- users of files ----------------------------------------------------- */

const char *const facts_chain_paths[FACTS_CHAIN_PATHS] = {
	"config.hardware.device", "layoutEx.file",
};

static int _put_backings(const struct machine *machine, struct chains *chains,
			 struct err *err)
{
	const struct xml_node *device = NULL, *backing;
	int whole = machine->devices != NULL;

	while ((device = disk_next(machine->devices, device)) != NULL)
		for (backing = disk_backing(device); backing;
		     backing = disk_parent(backing)) {
			const char *file = disk_file(backing);

			if (!file)
				whole = 0;
			else if (chains_add(chains, machine->ref.id, file,
					    err) < 0)
				return -1;
		}
	return whole;
}

int facts_put_chains(const struct machine *machine, struct chains *chains,
		     struct err *err)
{
	const struct xml_node *file = xml_child(machine->files, NULL);

	for (; file; file = xml_next(file, NULL))
		if (!strncmp(_text(file, "type"), "disk", 4) &&
		    chains_add(chains, machine->ref.id, _text(file, "name"),
			       err) < 0)
			return -1;
	return _put_backings(machine, chains, err);
}
