/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ancestry - the sources there are and ever were. A source that left the
 * configuration is still the parent of clones' disks, and no clone itself:
 * it must never be powered off or destroyed.
 */
#ifndef SCLONE_CLONE_ANCESTRY_H
#define SCLONE_CLONE_ANCESTRY_H

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/table.h"

#define ANCESTRY_MAX 8192

struct ancestry;

/* NULL: out of memory. */
struct ancestry *ancestry_create(void);

/* Accepts NULL. */
void ancestry_destroy(struct ancestry *ancestry);
CLEANUP_DEFINE(struct ancestry *, ancestry_destroy)
#define cleanup_ancestry cleanup_with(ancestry_destroy_cleanup_)

/* A source was seen: its moref's id, and its instanceUuid. 1: new; 0: known;
 * -1 BUSY (full), CONFIG (an id that is none), FATAL. */
int ancestry_add(struct ancestry *ancestry, const char *vm,
		 const char *instance_uuid, struct err *err);

/* Their ids and instanceUuids, for a guard_world. */
const struct table *ancestry_vms(const struct ancestry *ancestry);
const struct table *ancestry_uuids(const struct ancestry *ancestry);

#endif
