/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * headroom - what clones that are there may still come to take of their hosts
 * and datastores, beyond what the sources' figures show of them.
 *
 * Sources are known by their index; all are the same places in each call.
 */
#ifndef SCLONE_RULES_HEADROOM_H
#define SCLONE_RULES_HEADROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "place.h"

struct headroom;

/* Of at most so many clones and sources. NULL when out of memory. */
struct headroom *headroom_create(size_t nodes_max, size_t sources_max);

/* Accepts NULL. */
void headroom_destroy(struct headroom *headroom);
CLEANUP_DEFINE(struct headroom *, headroom_destroy)
#define cleanup_headroom cleanup_with(headroom_destroy_cleanup_)

/* Forget all; nothing is given back. */
void headroom_clear(struct headroom *headroom);

/* Hold for all of them, against figures that nothing is held against. */
void headroom_hold(struct headroom *headroom, struct place_source *places,
		   size_t count);

/* A clone of the source became a VM then, if it is not known yet; it is gone:
 * held, or given back. */
void headroom_add(struct headroom *headroom, struct place_source *places,
		  size_t count, const char *node, size_t source, int64_t at);
void headroom_remove(struct headroom *headroom, struct place_source *places,
		     size_t count, const char *node);
bool headroom_has(const struct headroom *headroom, const char *node);

/* It takes so much by now, MiB or PLACE_UNKNOWN; all was told of those made
 * before then, of others it cannot be. For the next headroom_hold(). */
void headroom_tell(struct headroom *headroom, const char *node, int64_t memory,
		   int64_t space);
void headroom_told(struct headroom *headroom, int64_t at);

/* The sources have other indexes: moved() has the one that was source's; -1:
 * it is gone, and its clones are forgotten. */
void headroom_move(struct headroom *headroom,
		   int (*moved)(size_t source, const void *arg),
		   const void *arg);

/* There is one on a source with a figure; *untold: of such a one nothing was
 * told yet. */
bool headroom_any(const struct headroom *headroom,
		  const struct place_source *places, bool *untold);

#endif
