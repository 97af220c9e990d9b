/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datastore - see datastore.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "vm.h"
#include "witness.h"

#define SECTORS_PER_MB 2048
#define NAMES_TRIED 100

static const struct datastore *_ds(const struct mob *mob)
{
	return (const struct datastore *) mob;
}

static void _emit_free(struct val *val, const struct mob *mob)
{
	val_int(val, _ds(mob)->full ? 0 : _ds(mob)->free_mb << 20);
}

static void _emit_capacity(struct val *val, const struct mob *mob)
{
	val_int(val, _ds(mob)->capacity_mb << 20);
}

static void _emit_accessible(struct val *val, const struct mob *mob)
{
	val_bool(val, !_ds(mob)->inaccessible);
}

static void _emit_maintenance(struct val *val, const struct mob *mob)
{
	val_str(val, _ds(mob)->maintenance ? "inMaintenance" : "normal");
}

static void _emit_yes(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_bool(val, true);
}

static void _emit_type(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "VMFS");
}

static void _emit_url(struct val *val, const struct mob *mob)
{
	val_str(val, _ds(mob)->path);
}

static void _emit_self(struct val *val, const struct mob *mob)
{
	val_ref(val, mob);
}

static void _emit_browser(struct val *val, const struct mob *mob)
{
	val_ref(val, _ds(mob)->browser);
}

/* VMs that have any file there. */
static void _refs_vms(const struct mob *mob, mob_visit *visit, void *arg)
{
	struct datastore *list[VM_DISKS_MAX];
	struct mob *other;
	size_t pos = 0;

	while ((other = table_next(mob->lab->objects, &pos, NULL))) {
		const struct vm *vm = vm_of(other);
		size_t count = vm ? vm_datastores(vm, list) : 0;

		for (size_t i = 0; i < count; i++)
			if (list[i] == _ds(mob))
				visit(other, arg);
	}
}

static const struct mob_prop _props[] = {
	ENTITY_PROPS,
	{ "browser", _emit_browser, NULL, 0 },
	{ "vm", NULL, _refs_vms, 0 },
	{ "summary.datastore", _emit_self, NULL, 0 },
	{ "summary.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "summary.url", _emit_url, NULL, 0 },
	{ "summary.capacity", _emit_capacity, NULL, 0 },
	{ "summary.freeSpace", _emit_free, NULL, DATASTORE_SPACE },
	{ "summary.accessible", _emit_accessible, NULL, DATASTORE_SPACE },
	{ "summary.maintenanceMode", _emit_maintenance, NULL,
	  DATASTORE_SPACE },
	{ "summary.multipleHostAccess", _emit_yes, NULL, 0 },
	{ "summary.type", _emit_type, NULL, 0 },
	{ "info.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "info.url", _emit_url, NULL, 0 },
	{ "info.freeSpace", _emit_free, NULL, DATASTORE_SPACE },
	{ NULL, NULL, NULL, 0 },
};

static void _free(struct mob *mob)
{
	entity_clear((struct entity *) mob);
	free(((struct datastore *) mob)->path);
}

const struct mob_class datastore_class = { "Datastore", _props, NULL,
					   _free };

static int _file_fault(struct fault *fault, const char *name, int error)
{
	(void) fault_set(fault, "FileFault", "%s: %s", name,
			 strerror(error));
	return fault_add(fault, "file", name);
}

char *datastore_make_dir(struct datastore *datastore, const char *name,
			 struct fault *fault)
{
	for (int i = 0; i < NAMES_TRIED; i++) {
		char *dir = i ? lab_printf("%s_%d", name, i)
			      : lab_strdup(name);
		char *path = lab_printf("%s/%s", datastore->path, dir);
		bool made = !datastore->entity.mob.lab->real_files ||
			    mkdir(path, 0755) == 0;
		int error = errno;

		free(path);
		if (made)
			return dir;
		free(dir);
		if (error != EEXIST) {
			(void) _file_fault(fault, name, error);
			return NULL;
		}
	}
	(void) _file_fault(fault, name, EEXIST);
	return NULL;
}

/* Few words that say what would be in the file. */
static int _write(const struct disk *disk)
{
	cleanup_close int fd = open(disk->path,
				    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				    0644);
	char text[1024];
	int len;

	if (fd < 0)
		return errno;
	len = snprintf(text, sizeof(text),
		       "# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\n"
		       "createType=\"%s\"\n%s%s%sRW %" PRId64 " VMFS\n"
		       "ddb.uuid = \"%s\"\n",
		       disk->parent ? "seSparse" : "vmfs",
		       disk->parent ? "parentFileNameHint=\"" : "",
		       disk->parent ? disk->parent->name : "",
		       disk->parent ? "\"\n" : "",
		       disk->mb * SECTORS_PER_MB, disk->uuid);
	if (len >= (int) sizeof(text))
		len = (int) sizeof(text) - 1;
	return write(fd, text, (size_t) len) == len ? 0 : errno;
}

void datastore_use(struct datastore *datastore, int64_t mb)
{
	datastore->free_mb -= mb;
	mob_changed(&datastore->entity.mob, DATASTORE_SPACE);
}

int datastore_need(const struct datastore *datastore, int64_t mb,
		   const char *file, struct fault *fault)
{
	const char *name = datastore->entity.name;

	if (datastore->inaccessible) {
		(void) fault_set(fault, "InaccessibleDatastore",
				 "Unable to access datastore '%s'.", name);
		return fault_add(fault, "name", name);
	}
	if (!datastore->full && datastore->free_mb >= mb)
		return 0;
	(void) fault_set(fault, "NoDiskSpace",
			 "Insufficient disk space on datastore '%s'.", name);
	(void) fault_add(fault, "file", file);
	return fault_add(fault, "datastore", name);
}

struct disk *disk_create(struct datastore *datastore, const char *dir,
			 const char *file, const char *owner, int64_t mb,
			 struct disk *parent, bool write,
			 struct fault *fault)
{
	struct lab *lab = datastore->entity.mob.lab;
	struct disk *disk;
	char uuid[40];
	int64_t takes = parent ? lab->limits.delta_mb : mb;
	int error = 0;

	if (datastore_need(datastore, takes, file, fault) < 0)
		return NULL;
	lab_uuid(lab, uuid);
	disk = lab_alloc(sizeof(*disk));
	disk->datastore = datastore;
	disk->name = lab_printf("[%s] %s/%s", datastore->entity.name, dir,
				file);
	disk->path = lab_printf("%s/%s/%s", datastore->path, dir, file);
	disk->owner = lab_strdup(owner);
	disk->uuid = lab_strdup(uuid);
	disk->mb = mb;
	disk->parent = parent ? disk_ref(parent) : NULL;
	disk->refs = 1;
	if (write && lab->real_files)
		error = _write(disk);
	if (error) {
		(void) _file_fault(fault, disk->name, error);
		disk_unref(disk);
		return NULL;
	}
	disk->taken_mb = takes;
	datastore_use(datastore, takes);
	witness_note(lab->witness, "file_created", "file", disk->name, "vm",
		     owner, NULL);
	return disk;
}

struct disk *disk_ref(struct disk *disk)
{
	disk->refs++;
	return disk;
}

void disk_unref(struct disk *disk)
{
	while (disk && --disk->refs == 0) {
		struct disk *parent = disk->parent;

		free(disk->name);
		free(disk->path);
		free(disk->owner);
		free(disk->uuid);
		free(disk);
		disk = parent;
	}
}

int64_t disk_depth(const struct disk *disk)
{
	int64_t depth = 0;

	for (; disk; disk = disk->parent)
		depth++;
	return depth;
}

void disk_delete(struct disk *disk)
{
	struct lab *lab = disk->datastore->entity.mob.lab;

	if (disk->deleted)
		return;
	disk->deleted = true;
	datastore_use(disk->datastore, -disk->taken_mb);
	if (lab->real_files)
		(void) unlink(disk->path);
	witness_note(lab->witness, "file_deleted", "file", disk->name, "vm",
		     disk->owner, NULL);
}
