/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kind - of which template a job's nodes are that wait or clone, and for which
 * limits their clones count: how many there are of each kind, and whether the
 * limits have room for them. For admit.h.
 */
#ifndef SCLONE_RULES_KIND_H
#define SCLONE_RULES_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "record.h"

#define KIND_LIMITS_EACH 3	/* limits that one clone counts for */
#define KIND_LIMITS_MAX 512	/* limits in all */

/* How many clones there may be. All NULL: no limit. */
struct kind_rule {
	/* The limits that a clone of the node, of that template, would count
	 * for: numbers below KIND_LIMITS_MAX. Returns how many. It says the
	 * same as long as the node waits or is in flight. */
	unsigned (*limits)(const char *node, const char *template_name,
			   unsigned limits[KIND_LIMITS_EACH], void *arg);
	/* How many more clones that count for it that limit has room for. */
	size_t (*room)(unsigned limit, void *arg);
	void *arg;
};

/* One kind of a job, in a list of all of its kinds. */
struct kind {
	char template_name[RECORD_TEMPLATE_SIZE];
	unsigned limits[KIND_LIMITS_EACH];
	unsigned limit_count;
	unsigned in_flight;		/* nodes; the caller counts */
	size_t queued;
	struct kind *next;
};

/* Clones that are promised, of each limit. */
struct kind_promises {
	size_t of[KIND_LIMITS_MAX];
};

/* The kind of a node; a new one, at the head of the list, if there is none.
 * The template's name fits. NULL: FATAL. */
struct kind *kind_get(struct kind **kinds, const struct kind_rule *rule,
		      const char *node, const char *template_name,
		      struct err *err);

/* The whole list. Accepts NULL. */
void kind_free(struct kind *kinds);

/* The nodes of the template; waiting: not only those in flight. */
uint64_t kind_nodes(const struct kind *kinds, const char *template_name,
		    bool waiting);

/* All nodes that wait are promised a clone, or are not any more. */
void kind_promise(const struct kind *kinds, struct kind_promises *promises);
void kind_take_back(const struct kind *kinds, struct kind_promises *promises);

/* Another clone of that kind is allowed. */
bool kind_allows(const struct kind *kind, const struct kind_rule *rule);

/* All that is promised is allowed by the limits that nodes of these kinds wait
 * for. */
bool kind_allows_all(const struct kind *kinds, const struct kind_rule *rule,
		     const struct kind_promises *promises);

#endif
