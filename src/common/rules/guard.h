/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - may this VM be powered off, may it be destroyed?
 *
 * All rules must hold on facts at most GUARD_FRESH old. What is missing or
 * cannot be determined refuses: a VM that stays is a nuisance, a parent
 * disk that goes is a disaster. Sources are known by configuration and
 * history, never by being frozen: a user can freeze his clone.
 *
 * Allowed on purpose: a clone that was renamed, frozen by its user, has
 * snapshots of its own, was storage-moved, or whose disk lost its parent.
 */
#ifndef SCLONE_RULES_GUARD_H
#define SCLONE_RULES_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action.h"
#include "chains.h"
#include "common/base/err.h"
#include "common/base/table.h"
#include "record.h"

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
#define GUARD_HAS_LAYOUT 0x100u		/* layoutEx: chains are complete */
#define GUARD_HAS_ALL 0x1ffu

struct guard_disk {
	const char *top;	/* backing.fileName, NULL if it has none */
	bool raw;		/* a raw device mapping, or not a file */
	bool shared;		/* multi-writer, or on a shared bus */
	const char *const *chain;	/* layoutEx: all its files */
	size_t chain_count;
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
	/* Used files of all other VMs that can be seen, sources included;
	 * for GUARD_DESTROY. */
	const struct chains *chains;
	bool chains_complete;		/* nothing was unreadable */
	int64_t chains_at;
};

/*
 * May rec's VM, with these facts, be treated so? 0, or -1 REFUSED with the
 * reason for the admin. Neither facts nor world may be NULL.
 */
int guard_check(enum guard_level level, const struct guard_facts *facts,
		const struct record *rec, const struct guard_world *world,
		int64_t now, struct err *err);

#endif
