/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planner - gives lanes on sources to the nodes that wait for one: the
 * fleet's side of rules/admit. Decides nothing itself.
 */
#ifndef SCLONE_SCLONED_PLANNER_H
#define SCLONE_SCLONED_PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/clone/config.h"
#include "common/clone/sources.h"
#include "common/rules/plan.h"
#include "drains.h"
#include "fleet.h"
#include "partitions.h"

struct planner;
struct plan;

/* All borrowed but the sources, which planner_use() replaces. NULL: FATAL. */
struct planner *planner_create(struct loop *loop, struct fleet *fleet,
			       const struct config *const *config,
			       const struct sources *sources,
			       const struct drains *drains,
			       const struct partitions *partitions,
			       struct err *err);

/* Accepts NULL. */
void planner_destroy(struct planner *planner);

/* The sources were looked at again; some may have come or gone, in which
 * case the paths of before are still needed for this call. */
void planner_sources(struct planner *planner, const struct sources *sources);

/* A node's clone takes so much by now: plan_takes(). After the last of
 * them, and what cannot be told of older ones, that is weighed. */
void planner_takes(struct planner *planner, const char *node, int64_t memory,
		   int64_t space);
void planner_weigh(struct planner *planner, int64_t older);

/* What is drained has changed; nothing is borrowed of the former drains. */
void planner_drained(struct planner *planner);

/* Others took their place: the configuration was read again. The paths are
 * borrowed from then on. */
void planner_use(struct planner *planner, const struct sources *sources);

/* Slurm's partitions were read again. */
void planner_partitions(struct planner *planner);

/* Something changed that may let a node be admitted: look soon. */
void planner_poke(struct planner *planner);

/* What it decides by; to look at alone. */
const struct plan *planner_plan(const struct planner *planner);

/* A step was made: keeps lanes and breakers. */
void planner_stepped(struct planner *planner, const struct record *rec,
		     const struct outcome *out);

/* No new clones: an admin said so, or the journal has no room for them. */
void planner_pause(struct planner *planner, bool pause);
void planner_starve(struct planner *planner, bool starve);

/* Who says how many more clones a limit of tally_limits() has room for. Before
 * that nothing may be admitted. */
void planner_rule(struct planner *planner,
		  size_t (*room)(unsigned limit, void *arg), void *arg);

bool planner_paused(const struct planner *planner);

/* The source at that index of sources, or its template, rests after failures
 * in a row. */
bool planner_rests(const struct planner *planner, size_t source);

/* That one was out of service: the next clone decides. */
bool planner_on_trial(const struct planner *planner, size_t source);

/* The source at that index of sources as it is decided by; NULL past the
 * last. Borrowed until planner_use(). */
const struct place_source *planner_place(const struct planner *planner,
					 size_t source);

/* How long clones take. */
const struct plan_rates *planner_rates(const struct planner *planner);

/* A mask of the config's templates: those with a healthy source. */
uint64_t planner_healthy(const struct planner *planner);

/* Clones in flight from the source at that index of sources. */
size_t planner_in_flight(const struct planner *planner, size_t source);

#endif
