/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gauge - what rules/capacity weighs of the sources: which of them share a
 * host or a datastore, and what is free there.
 */
#ifndef SCLONE_SCLONED_GAUGE_H
#define SCLONE_SCLONED_GAUGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/clone/config.h"
#include "common/clone/sources.h"
#include "common/rules/capacity.h"
#include "planner.h"

struct gauge;

/* The planner is borrowed. NULL when out of memory. */
struct gauge *gauge_create(const struct planner *planner);

/* Accepts NULL. */
void gauge_destroy(struct gauge *gauge);

/* The sources were looked at again, or are others. */
void gauge_outdate(struct gauge *gauge);

/* As they are now: facts->sources, borrowed until the next call, and
 * source_count. */
void gauge_read(struct gauge *gauge, const struct config *config,
		const struct sources *sources, struct capacity_facts *facts);

/* A source was not known, the last time. */
bool gauge_is_unsure(const struct gauge *gauge);

#endif
