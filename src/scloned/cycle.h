/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cycle - a finished cycle as it is kept in the journal and shown by
 * `sclone history`: one line of JSON made from the record at the moment its
 * VM was proven gone.
 */
#ifndef SCLONE_SCLONED_CYCLE_H
#define SCLONE_SCLONED_CYCLE_H

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/clone/journal.h"
#include "common/rules/record.h"

/* The members both of a cycle and of a row of status; -1: out of memory. */
int cycle_put_common(struct json *row, const struct record *rec);

/* Put it into the journal, to be committed by the caller. */
int cycle_keep(struct journal *journal, const struct record *rec,
	       int64_t ended, struct err *err);

/* Append a cycle's text to the JSON array that arg is: journal_history()'s
 * each. What cannot be read says so. */
int cycle_append(const char *text, void *arg, struct err *err);

#endif
