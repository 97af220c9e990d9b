/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiters - the prologs that wait until their jobs' nodes are up. One look
 * at each record that changes serves them all.
 */
#ifndef SCLONE_SCLONED_WAITERS_H
#define SCLONE_SCLONED_WAITERS_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/clone/config.h"
#include "common/ipc/server.h"
#include "fleet.h"

struct waiters;

/* All borrowed; config by address, since reload replaces it. NULL: FATAL. */
struct waiters *waiters_create(struct loop *loop, struct fleet *fleet,
			       const struct config *const *config,
			       struct err *err);

/* Cuts whoever still waits. Accepts NULL. */
void waiters_destroy(struct waiters *waiters);

/*
 * A prolog asks for the nodes of its job: {"job":N,"nodes":hostlist,
 * "since":us,"features":text,"template":name,"claims":[...]}, since being when
 * it began: it may ask again after a restart of scloned's, when much has
 * happened; the last three may be missing. A claim is of a job whose prolog
 * let it onto the node before: {"node":name,"job":N,"since":us}. The call is
 * answered when all of them that are ours are up, or when waiting makes no
 * sense any more; at once when none is ours. A job that came onto another
 * job's node, or onto nodes of another template than it asks for, waits until
 * it has been sent away; if it cannot be, the answer has "refused", a text,
 * and the prolog must fail.
 */
void waiters_add(struct waiters *waiters, struct server_call *call);

/* A node has left the fleet: it is none of ours any more. */
void waiters_forgotten(struct waiters *waiters, const char *node);

/* A node's record has changed. */
void waiters_stepped(struct waiters *waiters, const struct record *rec);

size_t waiters_count(const struct waiters *waiters);

#endif
