/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile - record x vCenter x Slurm for one node -> the event that
 * brings them together, if any. Only the engine acts on it.
 *
 * A pass reads all three whole, asks reconcile_row() for each node, counts
 * sightings with reconcile_confirm(), and puts the pass through the brake
 * before it gives any event to the engine.
 */
#ifndef SCLONE_RULES_RECONCILE_H
#define SCLONE_RULES_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "record.h"

#define RECONCILE_GAP INT64_C(60000000)		/* us between sightings */
#define RECONCILE_YOUNG INT64_C(300000000)	/* a VM so young is let be */
#define RECONCILE_CALM INT64_C(120000000)	/* after a slurmctld start */

/* The phases, as far as they matter here. */
enum reconcile_stage {
	STAGE_ABSENT,
	STAGE_COMING,	/* requested .. cloning: the VM may exist or not */
	STAGE_USING,	/* cloned .. ready: the VM must exist */
	STAGE_ENDING,	/* condemned, releasing: the engine is at it */
	STAGES
};

/* What vCenter shows under the node's name, or with its mark. */
enum reconcile_sight {
	SIGHT_UNKNOWN,	/* not read, or not whole */
	SIGHT_NONE,
	SIGHT_OURS,	/* of the record's epoch */
	SIGHT_OLDER,	/* ours, of an earlier epoch */
	SIGHT_NEWER,	/* ours, of an epoch the record never had: the
			 * journal is from the past, or lost */
	SIGHT_FOREIGN,	/* without a valid owner mark: never touched */
	SIGHTS
};

/* What Slurm makes of the node. */
enum reconcile_node {
	RECONCILE_UNKNOWN,	/* Slurm does not answer */
	RECONCILE_MISSING,	/* not in Slurm's node table */
	RECONCILE_OFF,		/* POWERED_DOWN, free */
	RECONCILE_BOOTING,	/* POWERING_UP, or allocated and not begun */
	RECONCILE_UP,
	RECONCILE_GOING,	/* POWERING_DOWN: Slurm asks for the release */
	RECONCILE_STUCK,	/* DOWN by Slurm or by sclone, or off and not
				 * responding: only POWER_DOWN heals it */
	RECONCILE_DOWN,		/* DOWN by an admin, who knows why */
	RECONCILE_NODES
};

struct reconcile_row {
	enum event_kind event;	/* valid if found */
	enum cause cause;	/* for EVENT_CONDEMN */
	bool found;		/* there is something to do */
	bool twice;		/* only in calm, after a second sighting */
	bool unasked;		/* ends a VM or a job's node that Slurm did
				 * not give up: counts for the brake */
	bool odd;		/* worth showing, also if nothing is done */
	const char *text;	/* for the log and `sclone reconcile` */
};

enum reconcile_stage reconcile_stage(enum phase phase);

/* missing: Slurm's whole table was read, and does not hold the node. */
enum reconcile_node reconcile_node(const struct nodeview *view, bool missing);

/* A VM of ours, of that epoch. */
enum reconcile_sight reconcile_sight(const struct record *rec,
				     uint64_t epoch);

/* Total: every combination has a row. */
struct reconcile_row reconcile_row(enum reconcile_stage stage,
				   enum reconcile_sight sight,
				   enum reconcile_node node);

/* "older", "off"; static storage. */
const char *reconcile_sight_name(enum reconcile_sight sight);
const char *reconcile_node_name(enum reconcile_node node);

/* How often the same thing was seen; zero at first. */
struct reconcile_count {
	uint64_t epoch;
	unsigned what;
	int64_t first;
};

enum reconcile_when {
	RECONCILE_NOW,
	RECONCILE_AGAIN,	/* after a second sighting */
	RECONCILE_AGE,		/* when the VM is older */
};

/*
 * Count this pass's sighting; NOW when the row may go to the engine: what
 * it says was seen before, at least RECONCILE_GAP ago, unchanged, and the
 * VM (epoch: the time it was begun; exists: there is one) is older than
 * RECONCILE_YOUNG. An epoch in the future tells no age: the first sighting
 * counts as the VM's birth.
 */
enum reconcile_when reconcile_confirm(struct reconcile_count *count,
				      enum reconcile_stage stage,
				      enum reconcile_sight sight,
				      enum reconcile_node node,
				      uint64_t epoch, bool exists,
				      int64_t now);

/* Rows that need two sightings may be passed on: Slurm answers and has been
 * up for RECONCILE_CALM. */
bool reconcile_calm(bool slurm_answers, int64_t slurm_started, int64_t now);

/*
 * A pass that sees so many rows that are unasked, of so many VMs, must wait
 * for an admin. Those count that are not confirmed yet: what has befallen
 * all VMs must not end the old ones first.
 */
bool reconcile_brake(size_t unasked, size_t vms);

#endif
