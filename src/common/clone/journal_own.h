/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_own - what the journal's two files share: journal.c opens it and
 * writes, journal_read.c reads. Nobody else includes this.
 */
#ifndef SCLONE_CLONE_JOURNAL_OWN_H
#define SCLONE_CLONE_JOURNAL_OWN_H

#include <sqlite3.h>

#include "common/base/table.h"
#include "journal.h"

enum statement {
	SAVE,
	FORGET,
	TAKE,
	ADD_CYCLE,
	PRUNE_CYCLES,
	PRUNE_REQUESTS,
	ADD_RECEIPT,
	DROP_RECEIPTS,
	GET_META,
	SET_META,
	FORGET_META,
	STATEMENTS
};

struct journal {
	char *db_path;
	char *reserve_path;
	int lock_fd;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	struct table *changes;	/* not committed, by what they change */
	bool open;	/* a transaction is open, and has them all */
	bool low;
	bool is_new;
};

/* Say what SQLite could not do; returns -1. */
int journal_fail(const struct journal *journal, struct err *err,
		 const char *what);

/* shares(text, job) of the queries: another job than the first one had the VM,
 * too, as the text of a cycle or record says. -1: FATAL. */
int journal_add_functions(struct journal *journal, struct err *err);

/* The text is borrowed until the statement is reset. */
void journal_bind(sqlite3_stmt *stmt, int index, const char *text);

#endif
