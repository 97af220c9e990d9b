/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node - slurmctld's node table, read and updated.
 *
 * All calls block in libslurm: milliseconds with a healthy slurmctld, tens of
 * seconds without one.
 */
#ifndef SCLONE_SLURM_NODE_H
#define SCLONE_SLURM_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#define NODE_STATE_TEXT_SIZE 256

/*
 * A node as slurmctld told it. The strings are borrowed for the callback.
 * state is what scontrol prints: the base state and its flags,
 * "IDLE+CLOUD+POWERED_DOWN".
 */
struct node {
	const char *name;
	char state[NODE_STATE_TEXT_SIZE];
	const char *reason;	/* NULL: none; so for the others */
	const char *features;
	const char *addr;
	const char *version;	/* of its slurmd */
	int64_t boot_s;		/* seconds since 1970; 0: never seen */
	uint32_t cpus;
	uint64_t memory_mib;
};

struct node_table;

/* Remembers the last answer, to tell only what changed since. NULL when out
 * of memory. */
struct node_table *node_table_create(void);

/* Accepts NULL. */
void node_table_destroy(struct node_table *table);
CLEANUP_DEFINE(struct node_table *, node_table_destroy)
#define cleanup_node_table cleanup_with(node_table_destroy_cleanup_)

/*
 * Load all nodes and call back for each that changed since the last call, or
 * for every node when all is set, at the first call, and when the set of
 * nodes changed; *complete tells which. The callback's -1 ends the walk.
 * 22.05 hides powered-down cloud nodes here unless PrivateData=cloud is set
 * (node_mgr.c: _is_cloud_hidden).
 */
int node_table_refresh(struct node_table *table, bool all,
		       int (*each)(const struct node *node, void *arg),
		       void *arg, bool *complete, struct err *err);

/*
 * One node by name, hidden or not. NOTFOUND, TRANSIENT, AUTH. When it is not
 * as the table's last answer had it, the next one that is not "no change"
 * tells it again, even if it is then as it was before.
 */
int node_load(struct node_table *table, const char *name,
	      int (*each)(const struct node *node, void *arg), void *arg,
	      struct err *err);

enum node_act {
	NODE_ACT_POWER_UP,
	NODE_ACT_POWER_DOWN,	/* when idle: makes a node single use */
	NODE_ACT_POWER_DOWN_FORCE,	/* now: its jobs are requeued */
	NODE_ACT_DOWN,		/* needs a reason; its jobs are requeued, and
				 * their ends on it not waited for */
	NODE_ACT_RESUME,	/* also ends POWERING_DOWN at once */
	NODE_ACT_DRAIN,		/* needs a reason */
	NODE_ACT_UNDRAIN,	/* then it counts as not responding */
	NODE_ACT_IDLE,		/* as UNDRAIN, for one that is idle or down,
				 * and without that */
};

/*
 * Update all nodes of a hostlist. reason may be NULL except for a drain.
 * NOTFOUND when one of them does not exist (those before it are updated),
 * REFUSED when the state forbids it, AUTH, TRANSIENT (not sent), UNKNOWN
 * (sent, no answer).
 */
int node_update(const char *nodes, enum node_act act, const char *reason,
		struct err *err);

#endif
