/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forecast - what a plan will decide for nodes that ask now, in virtual time:
 * each clone takes what was measured and comes up, and nobody else asks.
 *
 * The decisions are plan.h's own. Up to the first clone that ends they are
 * those that scloned makes; from then on they are as good as the rates.
 * Memory and space that is short now stays short.
 */
#ifndef SCLONE_RULES_FORECAST_H
#define SCLONE_RULES_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"

/* Where nothing was measured yet, us. */
#define FORECAST_CLONING INT64_C(1000000)
#define FORECAST_BOOTING INT64_C(1000000)

#define FORECAST_OTHERS_SIZE 400

enum forecast_fate {
	FORECAST_OPEN,		/* not asked: fill in the entry */
	FORECAST_PLACED,	/* source order start ready others */
	FORECAST_REFUSED,	/* why: at once */
	FORECAST_WAITS,		/* why: nothing that is foreseen ends it */
	FORECAST_LATE		/* its deadline comes before its turn */
};

struct forecast {
	struct admit_entry entry;	/* who asks; borrowed */
	enum forecast_fate fate;
	int source;			/* index */
	size_t order;			/* 1 for the first decision of all */
	int64_t start, ready;		/* us since 1970 */
	struct err why;
	char others[FORECAST_OTHERS_SIZE];	/* see place_tell() */
};

/* Called for each node that gets a lane: from then on it counts as a clone
 * for what plan_rule() was given. All NULL: nobody counts. */
struct forecast_count {
	void (*took)(const char *node, const char *template_name, void *arg);
	void *arg;
};

/*
 * The nodes ask in this order at that time. Those whose fate is not OPEN are
 * left alone. The plan is used up. -1 FATAL.
 */
int forecast_run(struct plan *plan, struct forecast *nodes, size_t count,
		 int64_t now, const struct forecast_count *counts,
		 struct err *err);

#endif
