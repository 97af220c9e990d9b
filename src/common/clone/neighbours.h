/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighbours - all VMs that have files on the same datastores as some
 * machines, and the directories they use: who else could lose by it when
 * one of those machines is destroyed.
 *
 * A datastore lists its VMs (Datastore.vm), wherever they are in the
 * inventory. VMs that the account may not see stay unseen; those in the
 * clone folder and the sources must be readable.
 */
#ifndef SCLONE_CLONE_NEIGHBOURS_H
#define SCLONE_CLONE_NEIGHBOURS_H

#include "common/base/err.h"
#include "common/rules/tenants.h"
#include "common/vim25/moref.h"

#define NEIGHBOURS_STORES_MAX 64	/* of one read */
#define NEIGHBOURS_DIRS_MAX 131072

struct executor;
struct neighbours;

/* Once, unless destroyed before; not within neighbours_read(). */
typedef void neighbours_done_fn(const struct err *err, void *arg);

/* Read those of these machines; folder is the clone folder. NULL: TRANSIENT
 * and the like, nothing was begun. */
struct neighbours *neighbours_read(struct executor *executor,
				   const struct moref *machines, size_t count,
				   const struct moref *folder,
				   neighbours_done_fn *done, void *arg,
				   struct err *err);

/* Also while the read is under way; accepts NULL. */
void neighbours_destroy(struct neighbours *neighbours);

/* Borrowed, for a guard_world. */
const struct tenants *neighbours_tenants(const struct neighbours *neighbours);

/* A machine that must be readable and is not; "": none. */
const char *neighbours_unreadable(const struct neighbours *neighbours);

#endif
