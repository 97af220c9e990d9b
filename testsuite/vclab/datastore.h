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
	int64_t free_mb;		/* disks and swap files take it */
	bool full;
	bool inaccessible;
	bool maintenance;
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
	int64_t taken_mb;		/* of the datastore */
	struct disk *parent;
	unsigned refs;
	bool deleted;			/* the file is gone */
};

extern const struct mob_class datastore_class;

/* A directory for a VM in the datastore, "vm1" or "vm1_1", made unless
 * files are not real; the caller frees. NULL with a FileFault. */
char *datastore_make_dir(struct datastore *datastore, const char *name,
			 struct fault *fault);

/* Space comes (negative) or goes. */
void datastore_use(struct datastore *datastore, int64_t mb);

/* 0, or -1 with NoDiskSpace or InaccessibleDatastore for that file. */
int datastore_need(const struct datastore *datastore, int64_t mb,
		   const char *file, struct fault *fault);

/*
 * A new disk DIR/FILE on parent (NULL: a base disk). write: put a text
 * descriptor there. A disk on a parent takes what limits.delta_mb says. NULL
 * with NoDiskSpace, InaccessibleDatastore or a FileFault.
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
