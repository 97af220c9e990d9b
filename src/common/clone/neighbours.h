/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighbours - all VMs that have files on the same datastores as some
 * machines, and the directories they use: who else could lose by it when
 * one of those machines is destroyed.
 *
 * A datastore lists its VMs (Datastore.vm), wherever they are in the
 * inventory. VMs that the account may not see stay unseen; those in the
 * clone folder and the sources must be readable. One that shows nothing at
 * all, and is not forbidden, is just being made; vCenter itself does not
 * destroy what is being cloned. But it is not made for ever.
 *
 * Thousands of VMs cannot be read whole within the time that a verdict is
 * good for. So what was read of a VM is kept, and each time all are asked
 * for the versions of their configuration and layout (config.changeVersion,
 * layoutEx.timestamp) alone: what was kept is used while both are the same.
 */
#ifndef SCLONE_CLONE_NEIGHBOURS_H
#define SCLONE_CLONE_NEIGHBOURS_H

#include "common/base/err.h"
#include "common/rules/tenants.h"
#include "common/vim25/moref.h"

#define NEIGHBOURS_MAX 16384		/* VMs on them */
#define NEIGHBOURS_STORES_MAX 64	/* datastores in one read */
#define NEIGHBOURS_DIRS_MAX 131072
#define NEIGHBOURS_MADE_US INT64_C(600000000)	/* or it is not being made */

struct executor;
struct neighbours;

/* Once for each read that was begun, unless cancelled. */
typedef void neighbours_done_fn(const struct err *err, void *arg);

/* NULL: out of memory. Borrows the executor. */
struct neighbours *neighbours_create(struct executor *executor,
				     neighbours_done_fn *done, void *arg);

/* Accepts NULL; also while a read is under way. */
void neighbours_destroy(struct neighbours *neighbours);

/* Read those of these machines; folder is the clone folder. One read at a
 * time. -1: nothing was begun. */
int neighbours_read(struct neighbours *neighbours,
		    const struct moref *machines, size_t count,
		    const struct moref *folder, struct err *err);

/* Of the last read; borrowed until the next one. */
const struct tenants *neighbours_tenants(const struct neighbours *neighbours);

/* A machine that must be readable and is not; "": none. */
const char *neighbours_unreadable(const struct neighbours *neighbours);

#endif
