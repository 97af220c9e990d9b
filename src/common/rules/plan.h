/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - what the planner decides by: who waits for a lane and who has one,
 * the sources as they are, and how long clones have taken. scloned's planner
 * keeps one by what happens, forecast.h one that begins with a snapshot: the
 * same functions decide for both.
 */
#ifndef SCLONE_RULES_PLAN_H
#define SCLONE_RULES_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admit.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "place.h"

struct plan;

/* Means that follow, us; 0: nothing measured yet. */
struct plan_rates {
	int64_t cloning;	/* from the lane to the VM */
	int64_t booting;	/* from the VM to the node being up */
};

/* A node that waits for a lane, or has one. */
struct plan_seat {
	int source;		/* index, or PLAN_WAITING */
	int64_t since;		/* when it was given that lane */
	const char *template_name;
	const char *only;	/* the one source it may come from, or "" */
};

#define PLAN_WAITING (-1)

struct plan_decision {
	const char *node;	/* borrowed until it leaves */
	int source;		/* index */
	/* Of each source, borrowed until the next decision. */
	const enum place_verdict *verdicts;
};

/* For at most so many nodes and sources; of which it has none at first. NULL
 * when out of memory. */
struct plan *plan_create(size_t nodes_max, size_t sources_max);

/* Accepts NULL. */
void plan_destroy(struct plan *plan);
CLEANUP_DEFINE(struct plan *, plan_destroy)
#define cleanup_plan cleanup_with(plan_destroy_cleanup_)

/*
 * The sources from now on, those beyond sources_max left out, and how many
 * clones may be in flight from all of them. They are borrowed, but in_flight
 * and the breakers are kept there. Who waited or had a lane has left. Those
 * of before are not looked at: what they borrow may be gone.
 */
void plan_use(struct plan *plan, struct place_source *places, size_t count,
	      unsigned flight_max);

/*
 * Sources came or went, nothing else: those with the name and the template of
 * one before are the same, and keep breakers, returns and who has a lane or
 * was made there; who waits goes on waiting. The places of before still have
 * their names, and are not needed any more.
 */
void plan_move(struct plan *plan, struct place_source *places, size_t count);
const struct place_source *plan_places(const struct plan *plan,
				       size_t *count);
unsigned plan_flight_max(const struct plan *plan);

/* Nothing is begun from now on, and why; NULL: it goes on. */
void plan_hold(struct plan *plan, const struct err *why);

/* What keeps the sources from being known, for who waits; NULL: nothing. */
void plan_trouble(struct plan *plan, const struct err *why);

/* Both: code NONE when there is none. */
const struct err *plan_held(const struct plan *plan);
const struct err *plan_troubled(const struct plan *plan);

/*
 * A node asks for a lane. 0: it waits; -1 and *refused: it cannot be served
 * in time at the measured rates, *err being that (CAPACITY); else an error
 * of admit_add().
 */
int plan_ask(struct plan *plan, const struct admit_entry *entry, int64_t now,
	     bool *refused, struct err *err);

/* A node has its lane already: after a restart, or in a snapshot. NOTFOUND:
 * there is no such source; and the errors of admit_resume(). */
int plan_resume(struct plan *plan, const struct admit_entry *entry,
		const char *source, int64_t since, struct err *err);

/*
 * The sources' figures of memory and space may be new, or what clones take
 * was told: held against the figures is what is in flight, and what clones
 * that are there may still grow to take. Call it after plan_use() and whenever
 * that changes.
 */
void plan_looked(struct plan *plan);

/* A clone of the source became a VM then; it is gone; it takes so much of
 * host and datastore by now, MiB or PLACE_UNKNOWN, for the next
 * plan_looked(). */
void plan_made(struct plan *plan, const char *node, const char *source,
	       int64_t at);
void plan_gone(struct plan *plan, const char *node);
void plan_takes(struct plan *plan, const char *node, int64_t memory,
		int64_t space);

/* All was told of those made before then: of others it cannot be. */
void plan_told(struct plan *plan, int64_t at);

/* What clones take would tell more than the figures do; *untold: of one it
 * was never told. */
bool plan_wants_figures(const struct plan *plan, bool *untold);

/* It waits or clones no longer, its lane is free. -1: it did not. */
int plan_leave(struct plan *plan, const char *node);

/* NULL: it neither waits nor has a lane. Borrowed until it leaves. */
const struct plan_seat *plan_seat(const struct plan *plan, const char *node);

/* Walk; start with *pos = 0. The current one may leave. */
const struct plan_seat *plan_next_seat(const struct plan *plan, size_t *pos,
				       const char **node);

/* The next lane that is given: 1 and *out; 0 when none can be now. */
int plan_next(struct plan *plan, int64_t now, struct plan_decision *out);

/* How a clone of the source ended, as of place_learn(); a source that is not
 * there any more is none. */
void plan_learn(struct plan *plan, const char *source, enum cause failed,
		int64_t now);

/* What a clone took. */
void plan_measure(struct plan *plan, int64_t cloning, int64_t booting);
const struct plan_rates *plan_rates(const struct plan *plan);
void plan_set_rates(struct plan *plan, const struct plan_rates *rates);

/* Why who waits for the template has no lane; code NONE when it is only a
 * matter of lanes, CAPACITY of room. */
void plan_why(const struct plan *plan, const char *template_name,
	      struct err *why);

/* The same of who may come from one source only. */
void plan_why_only(const struct plan *plan, const char *source,
		   struct err *why);

/* As of admit.h. */
void plan_rule(struct plan *plan, const struct kind_rule *rule);
/* That rule keeps the node's job back: *why, CAPACITY; else left alone. */
void plan_why_room(const struct plan *plan, const char *node,
		   struct err *why);
size_t plan_waiting(const struct plan *plan);
int plan_each(const struct plan *plan,
	      int (*each)(const struct admit_entry *entry, bool in_flight,
			  void *arg),
	      void *arg);

#endif
