/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortage - what rules/capacity has decided of a node set, in words: the
 * reason of a drain, and the row of `sclone status`.
 */
#ifndef SCLONE_SCLONED_SHORTAGE_H
#define SCLONE_SCLONED_SHORTAGE_H

#include <stddef.h>

#include "common/base/json.h"
#include "common/clone/config.h"
#include "common/clone/sources.h"
#include "common/rules/capacity.h"

/* Why no more of the set's names can become clones: failure_is_capacity(). */
void shortage_reason(const struct config *config,
		     const struct sources *sources, size_t set,
		     const struct capacity_verdict *verdict, char *out,
		     size_t size);

/* Counts of the set, its room, and what is short; so many of its names are
 * out for isolation, and why one of them is. NULL: out of memory. */
struct json *shortage_row(const struct config *config,
			  const struct sources *sources, size_t set,
			  const struct capacity_set *counts,
			  const struct capacity_verdict *verdict,
			  size_t isolated, const char *why);

#endif
