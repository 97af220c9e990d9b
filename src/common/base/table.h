/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - a bounded map from strings to pointers, walked in the order of
 * insertion. Expected constant time for get, set and take.
 */
#ifndef SCLONE_BASE_TABLE_H
#define SCLONE_BASE_TABLE_H

#include <stddef.h>

#include "cleanup.h"
#include "err.h"

struct table;

/*
 * A table of at most max entries. free_value (may be NULL) is called for
 * each value that is replaced or still there at the end. NULL when out of
 * memory.
 */
struct table *table_create(size_t max, void (*free_value)(void *));

/* Accepts NULL. */
void table_destroy(struct table *table);
CLEANUP_DEFINE(struct table *, table_destroy)
#define cleanup_table cleanup_with(table_destroy_cleanup_)

/* The value under key, or NULL. Borrowed. */
void *table_get(const struct table *table, const char *key);

/*
 * Put value (not NULL) under key, which is copied; an old value is freed.
 * On success the table owns value. -1: BUSY when full, FATAL out of memory.
 */
int table_set(struct table *table, const char *key, void *value,
	      struct err *err);

/* Remove the entry and give its value to the caller; NULL if none. */
void *table_take(struct table *table, const char *key);

size_t table_count(const struct table *table);

/*
 * Walk: start with *pos = 0; returns the next value and sets *key (may be
 * NULL), or returns NULL at the end. The current entry may be taken during
 * the walk; other changes may show entries twice or not at all.
 */
void *table_next(const struct table *table, size_t *pos, const char **key);

#endif
