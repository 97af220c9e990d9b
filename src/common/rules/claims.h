/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims - what clones that are there may still come to take of their hosts
 * and datastores, beyond what the sources' figures show of them.
 *
 * Sources are known by their index; all are the same places in each call.
 */
#ifndef SCLONE_RULES_CLAIMS_H
#define SCLONE_RULES_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "place.h"

struct claims;

/* Of at most so many clones and sources. NULL when out of memory. */
struct claims *claims_create(size_t nodes_max, size_t sources_max);

/* Accepts NULL. */
void claims_destroy(struct claims *claims);
CLEANUP_DEFINE(struct claims *, claims_destroy)
#define cleanup_claims cleanup_with(claims_destroy_cleanup_)

/* Forget all; nothing is given back. */
void claims_clear(struct claims *claims);

/* Hold for all of them, against figures that nothing is held against. */
void claims_hold(struct claims *claims, struct place_source *places,
		 size_t count);

/* A clone of the source became a VM then, if it is not known yet; it is gone:
 * held, or given back. */
void claims_add(struct claims *claims, struct place_source *places,
		size_t count, const char *node, size_t source, int64_t at);
void claims_remove(struct claims *claims, struct place_source *places,
		   size_t count, const char *node);
bool claims_has(const struct claims *claims, const char *node);

/* It takes so much by now, MiB or PLACE_UNKNOWN; all was told of those made
 * before then, of others it cannot be. For the next claims_hold(). */
void claims_tell(struct claims *claims, const char *node, int64_t memory,
		 int64_t space);
void claims_told(struct claims *claims, int64_t at);

/* The sources have other indexes: moved() has the one that was source's; -1:
 * it is gone, and its clones are forgotten. */
void claims_move(struct claims *claims,
		 int (*moved)(size_t source, const void *arg),
		 const void *arg);

/* There is one on a source with a figure; *untold: of such a one nothing was
 * told yet. */
bool claims_any(const struct claims *claims,
		const struct place_source *places, bool *untold);

#endif
