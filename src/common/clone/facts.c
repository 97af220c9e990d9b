/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "facts.h"

/* Files on top of all disks. Mostly two for a disk, its descriptor and its
 * extent; more for a running source of others (KB 67186). */
#define TOPS_MAX 8192

struct facts {
	struct guard_facts guard;
	struct guard_disk disks[GUARD_DISKS_MAX];
	size_t disk_count;
	const char *tops[TOPS_MAX];
	size_t top_count;
};

/* --- XML ---------------------------------------------------------------- */

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

/* --- what kind of disk -------------------------------------------------- */

/* Kinds of files that Destroy treats as the API's guide tells. */
static bool _is_raw(const struct xml_node *backing)
{
	static const char *const files[] = {
		"VirtualDiskFlatVer1BackingInfo",
		"VirtualDiskFlatVer2BackingInfo",
		"VirtualDiskSeSparseBackingInfo",
		"VirtualDiskSparseVer1BackingInfo",
		"VirtualDiskSparseVer2BackingInfo",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(xml_type(backing), files[i]))
			return false;
	return true;
}

/* VirtualDiskSharing; VirtualSCSISharing of the controller. Absent where
 * there is no such thing; a controller that is not told of is doubtful. */
static bool _is_shared(const struct machine *machine,
		       const struct xml_node *device)
{
	const char *sharing = xml_child_text(disk_backing(device), "sharing");
	const char *key = _text(device, "controllerKey");
	const struct xml_node *controller = _by_key(machine->devices, key);
	const char *bus = xml_child_text(controller, "sharedBus");

	return (sharing && strcmp(sharing, "sharingNone")) ||
	       (bus && strcmp(bus, "noSharing")) || (*key && !controller);
}

static bool _is_independent(const struct xml_node *backing)
{
	return !strncmp(_text(backing, "diskMode"), "independent", 11);
}

/* --- tops --------------------------------------------------------------- */

/* A disk more, without tops yet; NULL: too many. */
static struct guard_disk *_begin_disk(struct facts *facts)
{
	struct guard_disk *disk;

	if (facts->disk_count == GUARD_DISKS_MAX)
		return NULL;
	disk = &facts->disks[facts->disk_count++];
	disk->tops = &facts->tops[facts->top_count];
	return disk;
}

/* Another top of the disk that was begun last. */
static bool _add_top(struct facts *facts, struct guard_disk *disk,
		     const char *file)
{
	if (!file || facts->top_count == TOPS_MAX)
		return false;
	facts->tops[facts->top_count++] = file;
	disk->top_count++;
	return true;
}

/* All files of a chain's links from this one up. */
static bool _add_links(struct facts *facts, const struct machine *machine,
		       struct guard_disk *disk, const struct xml_node *link)
{
	const struct xml_node *key, *file;

	for (; link; link = xml_next(link, "chain"))
		for (key = xml_child(link, "fileKey"); key;
		     key = xml_next(key, "fileKey")) {
			file = _by_key(machine->files, xml_text(key));
			if (!_add_top(facts, disk,
				      xml_child_text(file, "name")))
				return false;
		}
	return true;
}

static bool _is_link_of(const struct machine *machine,
			const struct xml_node *link, const char *name)
{
	const struct xml_node *key = xml_child(link, "fileKey"), *file;

	for (; key; key = xml_next(key, "fileKey")) {
		file = _by_key(machine->files, xml_text(key));
		if (!strcmp(_text(file, "name"), name))
			return true;
	}
	return false;
}

/* A chain goes from the base to the top. */
static const struct xml_node *_last_link(const struct xml_node *disk)
{
	const struct xml_node *link = xml_child(disk, "chain"), *next = link;

	for (; next; next = xml_next(next, "chain"))
		link = next;
	return link;
}

/* What layoutEx has at, and above, the top that the device shows. When it
 * does not have that, its last link. */
static bool _add_layout(struct facts *facts, const struct machine *machine,
			const struct xml_node *device,
			struct guard_disk *disk)
{
	const struct xml_node *layout = _by_key(machine->layout,
						_text(device, "key"));
	const struct xml_node *link = xml_child(layout, "chain");
	const char *top = disk_file(disk_backing(device));

	while (link && top && !_is_link_of(machine, link, top))
		link = xml_next(link, "chain");
	disk->listed = link && top;
	if (!disk->listed)
		link = _last_link(layout);
	return link && _add_links(facts, machine, disk, link);
}

/* --- disks -------------------------------------------------------------- */

/* Fill one disk; the bits that hold for it. */
static unsigned _read_disk(struct facts *facts, const struct machine *machine,
			   const struct xml_node *device)
{
	const struct xml_node *backing = disk_backing(device);
	struct guard_disk *disk = _begin_disk(facts);
	unsigned has = GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;

	if (!disk)
		return 0;
	disk->raw = _is_raw(backing);
	disk->shared = _is_shared(machine, device);
	disk->independent = _is_independent(backing);
	if (!_add_top(facts, disk, disk_file(backing)))
		has &= ~GUARD_HAS_DISKS;
	if (!_add_layout(facts, machine, device, disk))
		has &= ~GUARD_HAS_LAYOUT;
	return has;
}

/* Destroy takes the disks of snapshots, too, also those that the VM has no
 * more. Of their kind nothing is told. */
static unsigned _read_snapshot(struct facts *facts,
			       const struct machine *machine,
			       const struct xml_node *snapshot)
{
	const struct xml_node *layout = xml_child(snapshot, "disk");
	unsigned has = GUARD_HAS_LAYOUT;

	for (; layout; layout = xml_next(layout, "disk")) {
		const struct xml_node *link = _last_link(layout);
		struct guard_disk *disk = _begin_disk(facts);

		if (!disk)
			return 0;
		disk->listed = true;
		if (!link || !_add_links(facts, machine, disk, link))
			has = 0;
	}
	return has;
}

static unsigned _read_snapshots(struct facts *facts,
				const struct machine *machine)
{
	const struct xml_node *snapshot = xml_child(machine->snapshots, NULL);
	unsigned has = GUARD_HAS_LAYOUT;

	if (machine->snapshot && !snapshot)
		return 0;
	for (; snapshot; snapshot = xml_next(snapshot, NULL))
		has &= _read_snapshot(facts, machine, snapshot);
	return has;
}

/* A disk that is memory: its file goes with the VM as well. */
static unsigned _read_memory(struct facts *facts)
{
	struct guard_disk *disk = _begin_disk(facts);

	if (!disk)
		return 0;
	disk->raw = true;
	return GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;
}

static void _read_disks(struct facts *facts, const struct machine *machine)
{
	unsigned has = GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;
	const struct xml_node *device = xml_child(machine->devices, NULL);

	if (!machine->devices)
		return;
	for (; device; device = xml_next(device, NULL)) {
		if (!strcmp(xml_type(device), "VirtualDisk"))
			has &= _read_disk(facts, machine, device);
		else if (!strcmp(xml_type(device), "VirtualNVDIMM"))
			has &= _read_memory(facts);
	}
	if (!(_read_snapshots(facts, machine) & GUARD_HAS_LAYOUT))
		has &= ~GUARD_HAS_LAYOUT;
	facts->guard.disks = facts->disks;
	facts->guard.disk_count = facts->disk_count;
	facts->guard.has |= has;
}

/* --- the machine -------------------------------------------------------- */

static void _read_options(struct guard_facts *guard,
			  const struct machine *machine)
{
	const char *owner;

	if (!machine->options)
		return;
	owner = property_option(machine->options, OWNER_KEY);
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

/* --- files of others ----------------------------------------------------- */

const char *const facts_file_paths[FACTS_FILE_PATHS] = {
	"config.changeVersion", "layoutEx.timestamp",
	"config.files.vmPathName", "config.hardware.device",
	"layoutEx.file",
};

static void _put_directory(struct buf *out, const char *path)
{
	size_t len = tenants_dir_len(path), pos = 0;

	while (len && pos < out->len) {
		const char *known = out->data + pos;

		if (!strncmp(known, path, len) && known[len] == '\0')
			return;
		pos += strlen(known) + 1;
	}
	if (len) {
		buf_add(out, path, len);
		buf_putc(out, '\0');
	}
}

bool facts_directories(const struct machine *machine, struct buf *out)
{
	const struct xml_node *file = xml_child(machine->files, NULL);
	const struct xml_node *device = NULL, *backing;

	_put_directory(out, machine->path ? machine->path : "");
	for (; file; file = xml_next(file, NULL))
		_put_directory(out, _text(file, "name"));
	while ((device = disk_next(machine->devices, device)) != NULL)
		for (backing = disk_backing(device); backing;
		     backing = disk_parent(backing))
			_put_directory(out, _text(backing, "fileName"));
	return machine->path && machine->files && machine->devices;
}
