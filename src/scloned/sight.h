/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sight - Slurm's node table, watched: what changed becomes events. Looks
 * often while somebody waits for a node, seldom otherwise, and spends no more
 * than a tenth of the time on looking, unless Slurm is slow to answer.
 */
#ifndef SCLONE_SCLONED_SIGHT_H
#define SCLONE_SCLONED_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/loop.h"
#include "common/ipc/slurm_link.h"
#include "common/rules/nodeview.h"
#include "fleet.h"

struct sight;

/* All borrowed. Starts looking at once. NULL: FATAL. */
struct sight *sight_create(struct loop *loop, struct slurm_link *link,
			   struct fleet *fleet, struct err *err);

/* After the link. Accepts NULL. */
void sight_destroy(struct sight *sight);

/* Look at once. */
void sight_poke(struct sight *sight);

/* There are other nodes now: look at all of them, at once. */
void sight_renew(struct sight *sight);

/* From now on call, from the loop: seen for each node that is told, also one
 * that is not sclone's; and looked, after the events of a look that succeeded,
 * with when it began. */
void sight_watch(struct sight *sight,
		 void (*seen)(const char *node, const struct nodeview *view,
			      void *arg),
		 void (*looked)(int64_t began, void *arg), void *arg);

/* Somebody waits for nodes to come up (or no longer does). */
void sight_hurry(struct sight *sight, bool hurry);

/*
 * Look at every node, soon; when the events of all are given, call back, from
 * the loop: with the time from which on views are of that look, or with why
 * it failed. One at a time; NULL takes the wish back.
 */
void sight_whole(struct sight *sight,
		 void (*done)(int64_t began, const struct err *failure,
			      void *arg), void *arg);

/* When the last look succeeded, us; 0 = never. */
int64_t sight_seen(const struct sight *sight);

/* Why the last look failed; NULL when it did not. */
const struct err *sight_problem(const struct sight *sight);

/* How long to wait, us, after a look that took last_us: 0.1 to 1 s in a
 * hurry, else 5 to 30 s. */
int64_t sight_pause(bool hurry, int64_t last_us);

/* A NODE of slurmcall.h as a view seen at that time. -1: malformed. */
int sight_read(const struct json *node, int64_t seen, const char **name,
	       struct nodeview *view, struct err *err);

#endif
