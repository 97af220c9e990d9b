/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostlist - host names in Slurm's ranged form, "vm[001-003,7],login".
 *
 * Brackets may stand several times in a name; "[08-10]" keeps its zeros.
 * Written here, not taken from libslurm: front ends and scloned parse
 * hostlists and must not link libslurm.
 */
#ifndef SCLONE_BASE_HOSTLIST_H
#define SCLONE_BASE_HOSTLIST_H

#include <stddef.h>

#include "cleanup.h"
#include "err.h"

#define HOSTLIST_MAX 65536		/* names in one list, as written */
#define HOSTLIST_NAME_MAX 255		/* bytes in one name */

struct hostlist;

/*
 * Expand text, at most max names, in the order written, without duplicates.
 * NULL and CONFIG when malformed or too long, FATAL.
 */
struct hostlist *hostlist_parse(const char *text, size_t max,
				struct err *err);

/* An empty list. NULL when out of memory. */
struct hostlist *hostlist_create(void);

/* Accepts NULL. */
void hostlist_destroy(struct hostlist *list);
CLEANUP_DEFINE(struct hostlist *, hostlist_destroy)
#define cleanup_hostlist cleanup_with(hostlist_destroy_cleanup_)

/* Append one plain name (copied) unless it is in the list already. */
int hostlist_add(struct hostlist *list, const char *name, struct err *err);

size_t hostlist_count(const struct hostlist *list);

/* The name at index (0-based), borrowed; NULL past the end. */
const char *hostlist_at(const struct hostlist *list, size_t index);

/*
 * The ranged form, in the list's order with neighbours folded; the caller
 * frees it. "" for an empty list. NULL when out of memory.
 */
char *hostlist_print(const struct hostlist *list);

#endif
