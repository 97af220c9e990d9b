/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal - what scloned must not forget, in SQLite; the only user of it.
 *
 * Four things: the current record of each node (opaque text here), the ids
 * of requests already taken, the history of finished cycles, and the records
 * of destruction, whose chain ledger.h keeps. The caller
 * collects changes and commits them in groups:
 *
 *	compute -> journal_save... -> journal_commit -> act
 *
 * A commit is on disk (WAL, synchronous=FULL) when journal_commit returns.
 * It blocks for as long as the disk needs; the directory must be local.
 *
 * When the disk is full, a reserve file is given up once, so that releases
 * can still be recorded; journal_is_low() tells, and new work should be
 * refused until journal_restore_reserve() succeeds.
 */
#ifndef SCLONE_CLONE_JOURNAL_H
#define SCLONE_CLONE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

/* Bytes of one text or value: as much as an argument of a program can have. */
#define JOURNAL_TEXT_MAX 131071
#define JOURNAL_HISTORY_MAX 10000	/* cycles or receipts in one answer */

struct journal;

/*
 * Open or create DIR/journal.db and lock the directory for this process,
 * which opens one at a time; the lock dies with it, whatever it has forked.
 * Every page is looked at. BUSY: another process has it (the text names its
 * pid); CONFIG: others can write there (path_check_dir()), or it is not a
 * journal of this version, damaged, or cannot be written (the text says what
 * to do); CAPACITY: disk full; FATAL.
 */
struct journal *journal_open(const char *dir, struct err *err);

/* Drops what was not committed. Accepts NULL. */
void journal_close(struct journal *journal);
CLEANUP_DEFINE(struct journal *, journal_close)
#define cleanup_journal cleanup_with(journal_close_cleanup_)

/* Call each record in order of node names until each returns -1. */
int journal_load(struct journal *journal,
		 int (*each)(const char *node, const char *text, void *arg,
			     struct err *err),
		 void *arg, struct err *err);

/* Put the record of a node in place of its former one. */
int journal_save(struct journal *journal, const char *node, const char *text,
		 struct err *err);

/* Forget a node's record: it left the configuration and has no VM. */
int journal_forget(struct journal *journal, const char *node,
		   struct err *err);

/*
 * Remember that a request was taken at wall_us. 1: new; 0: it was taken
 * before (a repeated request is the same request); -1: error.
 */
int journal_take_request(struct journal *journal, const char *id,
			 int64_t wall_us, struct err *err);

/* Add a finished cycle; job 0: none. text is JSON. */
int journal_add_cycle(struct journal *journal, const char *node,
		      int64_t epoch, int64_t job, int64_t ended_us,
		      const char *text, struct err *err);

/*
 * Call finished cycles, newest first: of a node (NULL: all) and of a job
 * (0: all), also one that shared the VM; at most limit
 * (<= JOURNAL_HISTORY_MAX).
 */
int journal_history(struct journal *journal, const char *node, int64_t job,
		    size_t limit,
		    int (*each)(const char *text, void *arg, struct err *err),
		    void *arg, struct err *err);

/* Delete cycles and request ids that ended before a wall time. */
int journal_prune(struct journal *journal, int64_t before_us,
		  struct err *err);

/* A record of destruction: its number, what it is searched by, its text. */
struct journal_receipt {
	int64_t seq;
	const char *node;
	int64_t job;		/* 0: none */
	int64_t absent_us;	/* when absence was proven */
	const char *text;
};

int journal_add_receipt(struct journal *journal,
			const struct journal_receipt *receipt,
			struct err *err);

/* Forget those with this number and less. */
int journal_drop_receipts(struct journal *journal, int64_t through,
			  struct err *err);

/* Which ones journal_receipts() calls. */
struct journal_receipts {
	const char *node;	/* NULL: of all */
	int64_t job;		/* 0: of all; also who shared the VM */
	int64_t after;		/* from this number's successor on ... */
	bool newest;		/* ... or from the newest back */
	size_t limit;		/* <= JOURNAL_HISTORY_MAX */
};

/* The receipt is borrowed for the call. each returns -1 with an error, or 1
 * to end the walk. */
int journal_receipts(struct journal *journal,
		     const struct journal_receipts *wanted,
		     int (*each)(const struct journal_receipt *receipt,
				 void *arg, struct err *err),
		     void *arg, struct err *err);

/* Small named values, such as the head of a chain. *out is allocated, NULL
 * when there is none. */
int journal_get_meta(struct journal *journal, const char *name, char **out,
		     struct err *err);
int journal_set_meta(struct journal *journal, const char *name,
		     const char *value, struct err *err);
int journal_forget_meta(struct journal *journal, const char *name,
			struct err *err);

/* Call each value whose name starts so, in order of names, until each
 * returns -1. */
int journal_each_meta(struct journal *journal, const char *prefix,
		      int (*each)(const char *name, const char *value,
				  void *arg, struct err *err),
		      void *arg, struct err *err);

/*
 * Make everything since the last commit durable; nothing to do is fine.
 * CAPACITY: the disk is full even without the reserve; TRANSIENT: I/O. The
 * changes stay pending and are tried again with the next commit.
 */
int journal_commit(struct journal *journal, struct err *err);

/* It was made by journal_open(): nothing is known of the time before. */
bool journal_is_new(const struct journal *journal);

/* The reserve has been given up. */
bool journal_is_low(const struct journal *journal);

/* Try to make the reserve again. */
int journal_restore_reserve(struct journal *journal, struct err *err);

#endif
