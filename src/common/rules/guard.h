/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - may this VM be powered off, may it be destroyed?
 *
 * All rules must hold on facts at most GUARD_FRESH old. What is missing or
 * cannot be determined refuses: a VM that stays is a nuisance, a parent
 * disk that goes is a disaster. Sources are known by configuration and
 * history, never by being frozen: a user can freeze his clone.
 *
 * Destroy takes the top file of each disk and of each snapshot's disk, and
 * what lies below in the VM's directory. So all tops must lie there, and
 * nobody else may have a file there; what lies elsewhere are parents.
 *
 * Allowed on purpose: a clone that was renamed, frozen by its user, has
 * snapshots of its own, was storage-moved as a whole, or whose disk lost
 * its parent.
 */
#ifndef SCLONE_RULES_GUARD_H
#define SCLONE_RULES_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action.h"
#include "common/base/err.h"
#include "common/base/table.h"
#include "record.h"
#include "tenants.h"

#define GUARD_FRESH INT64_C(2000000)	/* us */
#define GUARD_DISKS_MAX 256

/* Facts that were read; a missing bit is a fact not known. */
#define GUARD_HAS_FOLDER 0x01u
#define GUARD_HAS_TEMPLATE 0x02u	/* config.template */
#define GUARD_HAS_INSTANCE 0x04u	/* config.instanceUuid */
#define GUARD_HAS_BIOS 0x08u		/* config.uuid */
#define GUARD_HAS_CONFIG 0x10u		/* extraConfig: owner may be "" */
#define GUARD_HAS_POWER 0x20u
#define GUARD_HAS_FILES 0x40u		/* config.files.vmPathName */
#define GUARD_HAS_DISKS 0x80u		/* the list of disks is complete */
#define GUARD_HAS_LAYOUT 0x100u		/* layoutEx: all tops are known */
#define GUARD_HAS_ALL 0x1ffu

/* A disk that the VM has, or had when a snapshot was taken. */
struct guard_disk {
	bool raw;		/* not a file of a known kind */
	bool shared;		/* multi-writer, or on a shared bus */
	bool independent;	/* not part of snapshots, nor of clones */
	bool listed;		/* layoutEx knows the device's top file, too */
	/* The file(s) on top, as each witness tells; what cannot be told is
	 * NULL. */
	const char *const *tops;
	size_t top_count;
};

/* One VM as it was read at read_at. The strings are borrowed. */
struct guard_facts {
	unsigned has;
	int64_t read_at;
	const char *vm;			/* moref */
	const char *folder;		/* moref of its parent */
	bool is_template;
	const char *instance_uuid;
	const char *bios_uuid;
	const char *owner;
	bool powered_off;
	const char *vmx;		/* "[ds] dir/name.vmx" */
	const struct guard_disk *disks;
	size_t disk_count;
};

/* What it is held against. */
struct guard_world {
	const char *cluster;
	const void *key;		/* sclone.key */
	size_t key_len;
	const char *folder;		/* moref of the clone folder */
	/* Morefs and instanceUuids (as read) of sources past and present. */
	const struct table *sources;
	const struct table *source_uuids;
	/* Files of all VMs on the same datastores, the VM itself included;
	 * for GUARD_DESTROY. */
	const struct tenants *tenants;
	const char *unreadable;		/* a VM whose files are not known, of
					 * those that must be; or "" */
	int64_t tenants_at;
};

/*
 * May rec's VM, with these facts, be treated so? 0, or -1: REFUSED with the
 * reason for the admin, or TRANSIENT when the facts are too old to tell.
 * Neither facts nor world may be NULL.
 */
int guard_check(enum guard_level level, const struct guard_facts *facts,
		const struct record *rec, const struct guard_world *world,
		int64_t now, struct err *err);

#endif
