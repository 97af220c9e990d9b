/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cell - one node's record, kept small while nobody works on it. A record
 * has room for all that can be said of a node; of most there is little to
 * say, and there are ten thousand.
 */
#ifndef SCLONE_SCLONED_CELL_H
#define SCLONE_SCLONED_CELL_H

#include <stdbool.h>

#include "common/base/sparse.h"
#include "common/rules/record.h"

/* Embedded in whatever has a record. */
struct cell {
	struct sparse *packed;	/* as it was when nobody worked on it */
	struct record *record;	/* NULL: nobody does */
	unsigned users;
	bool changed;
};

/* Begin with a copy of that record. FATAL. */
int cell_init(struct cell *cell, const struct record *rec, struct err *err);

/* Nobody may work on it any more. */
void cell_done(struct cell *cell);

/* Work on the record: those who do at the same time share one. Ends with
 * cell_close(). Out of memory, the process ends. */
struct record *cell_open(struct cell *cell);

/* Done, and whether it was changed. */
void cell_close(struct cell *cell, bool changed);

/* Look at the record as it is now: the one being worked on, or a copy in
 * *room, which goes stale. */
const struct record *cell_look(const struct cell *cell, struct record *room);

#endif
