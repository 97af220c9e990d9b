/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diary - what was lately decided and done for each node, in this process's
 * memory, for `sclone why`. Nothing is decided by it, and nothing is lost
 * with it: the journal has what must not be forgotten.
 *
 * It is bounded in all (DIARY_BYTES_MAX) and for each node
 * (DIARY_NODE_MAX); the oldest entries go first. Out of memory an entry is
 * left out.
 */
#ifndef SCLONE_SCLONED_DIARY_H
#define SCLONE_SCLONED_DIARY_H

#include <stddef.h>
#include <stdint.h>

#include "common/rules/engine.h"

#define DIARY_BYTES_MAX (8 * 1024 * 1024)
#define DIARY_NODE_MAX 64	/* entries of one node */
#define DIARY_TEXT_SIZE 1024	/* what is longer is cut */

struct diary;

struct diary_entry {
	int64_t at;		/* us since 1970 */
	uint64_t number;	/* of all entries; grows */
	uint64_t epoch;
	uint32_t job;		/* 0: none */
	const char *node;
	const char *what;	/* "admitted"; static storage */
	const char *text;
};

/* Keep at most so many bytes. NULL when out of memory. */
struct diary *diary_create(size_t bytes_max);

/* Accepts NULL. */
void diary_destroy(struct diary *diary);

/* what is borrowed for ever, the rest copied; the number is given here. What
 * the node's last entry said as well is not said again. */
void diary_add(struct diary *diary, const struct diary_entry *entry);

/* Note what an event made of a record (the record after it), and an action
 * in Slurm that is to be carried out. */
void diary_stepped(struct diary *diary, const struct record *rec,
		   const struct event *ev, const struct outcome *out);
void diary_acted(struct diary *diary, const struct record *rec,
		 const struct action *action);

/* Walk the entries of a node (NULL: of all), oldest first; start with *pos =
 * NULL. Borrowed until the next diary_add(). */
struct diary_page;
const struct diary_entry *diary_next(const struct diary *diary,
				     const char *node,
				     const struct diary_page **pos);

/* Entries of all nodes. */
size_t diary_count(const struct diary *diary);

/* From when on nothing of any node was forgotten for want of room; 0: none
 * was. */
int64_t diary_whole_since(const struct diary *diary);

#endif
