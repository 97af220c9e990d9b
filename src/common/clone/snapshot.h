/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - what `sclone snapshot` writes and `sclone plan` reads: one JSON
 * object. scloned fills in what it decides from, by the functions here, and
 * whatever else helps a human; the reader needs and checks the first alone.
 *
 *	snapshot	SNAPSHOT_VERSION; another one is not read
 *	at		when it was taken, us since 1970
 *	config		[lines of sclone.conf], secrets left out
 *	resume_timeout	Slurm's, us; 0: not known
 *	plan		{flight_max hold trouble: {code text}, rates: {us}
 *	    templates [{name breaker}] sources [{..., breaker}] seats [{node
 *	    job template avoid deadline source since begun}]}; who waits has
 *	    no source; the order is that of turns
 *	clones		[{template nodes: hostlist}]: names that are clones, or
 *			have a lane to become one, for MaxClones=
 *	isolation	[{why nodes: hostlist}]: Slurm would not give them to
 *			one job alone
 *	idle		hostlist: nodes that never were in use
 *	nodes		[{node record slurm quarantine}] of all others: verbs.h
 */
#ifndef SCLONE_CLONE_SNAPSHOT_H
#define SCLONE_CLONE_SNAPSHOT_H

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/table.h"
#include "common/rules/plan.h"
#include "config.h"
#include "tally.h"

#define SNAPSHOT_VERSION 2

/* What is decided by. */
struct snapshot_from {
	const struct config *config;
	const struct plan *plan;
	const struct tally *tally;	/* of that configuration */
	/* Why no clone may be made for the node, or NULL; may be NULL. */
	const char *(*refuses)(const char *node, void *arg);
	void *arg;
};

/* Put "snapshot", "config", "plan", "clones", "isolation". -1: out of
 * memory. */
int snapshot_put(struct json *doc, const struct snapshot_from *from);

/* One that was read. The plan may be worked on. */
struct snapshot {
	int64_t at;
	int64_t resume_timeout;
	struct config *config;
	struct plan *plan;
	struct tally *tally;	/* what plan_rule() goes by */
	struct table *refused;	/* name -> const char *: why */
	struct table *nodes;	/* name -> struct json: its row of "nodes" */

	/* What the plan and the rows are made of. */
	struct json *doc;
	struct place_source *places;
	struct breaker *breakers;	/* of templates, then of places */
	size_t place_count;
};

/* Takes the document over. NULL: PROTOCOL: it is no snapshot, or of another
 * version; CONFIG: what it says cannot be; FATAL. */
struct snapshot *snapshot_read(struct json *doc, struct err *err);

/* For struct forecast_count; arg is the snapshot. */
void snapshot_took(const char *node, const char *template_name, void *arg);

/* Accepts NULL. */
void snapshot_destroy(struct snapshot *snapshot);
CLEANUP_DEFINE(struct snapshot *, snapshot_destroy)
#define cleanup_snapshot cleanup_with(snapshot_destroy_cleanup_)

#endif
