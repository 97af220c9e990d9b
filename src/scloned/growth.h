/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * growth - keeps the planner told of what clones take of memory and space by
 * now, so that it can reserve what they may still grow to. A clone that has
 * just woken shares nearly all with its source.
 *
 * Asks only while there are clones and a figure that they count against:
 * soon after new ones, else each minute, and never for more than a small part
 * of the time.
 */
#ifndef SCLONE_SCLONED_GROWTH_H
#define SCLONE_SCLONED_GROWTH_H

#include "common/base/loop.h"
#include "common/clone/executor.h"
#include "planner.h"

struct growth;

/* All borrowed. NULL: FATAL. */
struct growth *growth_create(struct loop *loop, struct executor *executor,
			     struct planner *planner, struct err *err);

/* Before the executor. Accepts NULL. */
void growth_destroy(struct growth *growth);

/* The sources were looked at again, or have told of changes. */
void growth_sources(struct growth *growth);

#endif
