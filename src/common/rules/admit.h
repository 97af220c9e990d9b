/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admit - the planner across nodes: who gets the next free lane.
 *
 * Max-min fair between jobs: the job with the fewest clones in flight goes
 * first, the older of equals. With 512 nodes of one job queued, a one-node
 * job gets the next free lane; an endless stream of small jobs still leaves
 * the big one its share.
 */
#ifndef SCLONE_RULES_ADMIT_H
#define SCLONE_RULES_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "kind.h"
#include "place.h"

struct admit;

/* One node that waits for a lane. The strings are copied. */
struct admit_entry {
	const char *node;
	uint32_t job;		/* 0: the node stands for itself */
	const char *template_name;
	const char *avoid;	/* source that failed it, or NULL */
	const char *only;	/* the one it may come from: place_only(); or
				 * NULL */
	int64_t deadline;
	bool begun;		/* a node of its job has had a lane before */
};

struct admit_decision {
	const char *node;	/* borrowed until it is dropped */
	int source;		/* index in the caller's array */
};

/* For at most max_nodes waiting or in flight, and max_flight clones in
 * flight at a time. NULL when out of memory. */
struct admit *admit_create(size_t max_nodes, unsigned max_flight);

/* Accepts NULL. */
void admit_destroy(struct admit *admit);
CLEANUP_DEFINE(struct admit *, admit_destroy)
#define cleanup_admit cleanup_with(admit_destroy_cleanup_)

/* Another max_flight; what is in flight stays so. */
void admit_limit(struct admit *admit, unsigned max_flight);

/*
 * Before the first of a job's nodes gets a lane, each limit must have room for
 * all of them that count for it, on top of those of jobs that have begun: none
 * is begun that cannot be ended. The rule is copied; it is set before there is
 * a node. Without one there is no limit.
 */
void admit_rule(struct admit *admit, const struct kind_rule *rule);

/* A limit was what kept the waiting node's job back the last time. */
bool admit_lacks_room(const struct admit *admit, const char *node);

/* Queue a node. EXISTS: it is queued or in flight already; CONFIG: a name
 * too long; BUSY: full; FATAL. */
int admit_add(struct admit *admit, const struct admit_entry *entry,
	      struct err *err);

/* The node waits or clones no longer, for whatever reason. -1: it did not.
 * The caller lowers in_flight of its source and feeds the breaker. */
int admit_drop(struct admit *admit, const char *node);

/* After a restart: the node is cloning already. As admit_add(). */
int admit_resume(struct admit *admit, const struct admit_entry *entry,
		 struct err *err);

/*
 * The next admission: 1 and *out, the node now being in flight,
 * sources[out->source].in_flight raised and its breakers started; 0 when
 * nothing can be started now. verdicts as of place_pick(), for that node.
 */
int admit_next(struct admit *admit, struct place_source *sources,
	       size_t count, int64_t now, enum place_verdict *verdicts,
	       struct admit_decision *out);

/*
 * Call each node until each returns -1: jobs from the oldest on, and of each
 * those in flight before those that wait, in their order. Who is resumed and
 * added in this order in another admit gets the same turns there.
 */
int admit_each(const struct admit *admit,
	       int (*each)(const struct admit_entry *entry, bool in_flight,
			   void *arg),
	       void *arg);

/*
 * Can the node be cloned before its deadline, in its fair turn, when each
 * of the template's lanes takes clone_us per clone and the guest boot_us?
 * 0, or -1 CAPACITY with the sum in the text. Ahead is who wants a lane of the
 * same template and may get one: nobody whom a limit keeps back, and of a job
 * whose turn is another template's, those in flight. While a lane is left
 * over for it no node is refused for the rate. Ask before admit_add().
 */
int admit_feasible(const struct admit *admit, const struct admit_entry *entry,
		   unsigned lanes, int64_t clone_us, int64_t boot_us,
		   int64_t now, struct err *err);

size_t admit_waiting(const struct admit *admit);
unsigned admit_in_flight(const struct admit *admit);

#endif
