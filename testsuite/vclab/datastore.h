/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datastore - Datastore: a real directory, and the disk files in it with
 * who builds on whom.
 */
#ifndef SCLONE_VCLAB_DATASTORE_H
#define SCLONE_VCLAB_DATASTORE_H

#include "entity.h"

#define DATASTORE_SPACE (ENTITY_OWN << 0)

struct datastore {
	struct entity entity;
	char *path;			/* the directory */
	struct mob *browser;		/* borrowed */
	int64_t capacity_mb;
	int64_t free_mb;		/* goes down with base disks only */
	bool full;
	uint64_t files;			/* made so far, for unique names */
};

/* One disk file; children hold a reference to their parent. */
struct disk {
	struct datastore *datastore;	/* borrowed */
	char *name;			/* "[ds1] vm1/vm1.vmdk" */
	char *path;			/* real */
	char *owner;			/* id of the VM it was made for */
	char *uuid;
	int64_t mb;
	struct disk *parent;
	unsigned refs;
	bool deleted;			/* the file is gone */
};

extern const struct mob_class datastore_class;

/* A directory for a VM in the datastore, "vm1" or "vm1_1", made unless
 * files are not real; the caller frees. NULL with a FileFault. */
char *datastore_make_dir(struct datastore *datastore, const char *name,
			 struct fault *fault);

/*
 * A new disk DIR/FILE on parent (NULL: a base disk). write: put a text
 * descriptor there. NULL with NoDiskSpace or a FileFault.
 */
struct disk *disk_create(struct datastore *datastore, const char *dir,
			 const char *file, const char *owner, int64_t mb,
			 struct disk *parent, bool write,
			 struct fault *fault);
struct disk *disk_ref(struct disk *disk);
void disk_unref(struct disk *disk);	/* accepts NULL; keeps the file */

/* Links from disk down to its base, itself included. */
int64_t disk_depth(const struct disk *disk);

/* Remove the file; witness it. */
void disk_delete(struct disk *disk);

#endif
