/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shelf - the spool's files that stay where they are although their turn has
 * come, so that nothing waits behind them:
 *
 *	done	the request was taken, the file cannot be removed
 *	owed	its chained program is not started yet
 *	shut	the file cannot be read
 *
 * Each is said once, and tried again until it works.
 *
 * A program is owed first, which is committed with its request, and started
 * after that commit: at least once, whatever dies meanwhile, and in the order
 * of the requests. Only then the file goes. Bounded by the spool.
 */
#ifndef SCLONE_SCLONED_SHELF_H
#define SCLONE_SCLONED_SHELF_H

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/clone/config.h"
#include "common/clone/journal.h"
#include "common/ipc/request.h"
#include "common/ipc/spool.h"
#include "chain.h"
#include "fleet.h"

struct shelf;

/* All borrowed; config by address, since reload replaces it. */
struct shelf_context {
	struct fleet *fleet;
	struct journal *journal;
	struct chain *chain;
	const struct config *const *config;
};

/* With what the journal says is owed. NULL: FATAL. */
struct shelf *shelf_create(const struct shelf_context *context,
			   struct err *err);

/* Accepts NULL. */
void shelf_destroy(struct shelf *shelf);
CLEANUP_DEFINE(struct shelf *, shelf_destroy)
#define cleanup_shelf cleanup_with(shelf_destroy_cleanup_)

/* For a request without a file: start the chained program for these nodes, if
 * there is one, after what is owed. BUSY: too many run, or others still wait
 * for that; FATAL. */
int shelf_start(struct shelf *shelf, const struct request *request,
		const char *nodes, struct err *err);

/*
 * For one with a file, before it is taken: its program is owed, which waits in
 * the journal for the commit. 1: it is now; 0: it was before, or it cannot be
 * and this was said; -1: FATAL, or as the journal says: take it later.
 */
int shelf_owe(struct shelf *shelf, const char *id, const char *nodes,
	      struct err *err);

/* Nothing is owed: it had been taken before. */
void shelf_forgive(struct shelf *shelf, const char *id);

/* The request was committed: its file goes, once nothing is owed. */
void shelf_remove(struct shelf *shelf, const char *id);

/* The file cannot be read, as spool_read() says; or, with NULL, it was. */
void shelf_shut(struct shelf *shelf, const char *id, const struct err *why);

/* The request was committed: only shelf_tidy() is concerned with its file. */
bool shelf_has_taken(const struct shelf *shelf, const char *id);

/* Try again what is due, and forget what is no longer in the spool. */
void shelf_tidy(struct shelf *shelf, const struct spool_list *list);

/* When to come again, in microseconds. */
int64_t shelf_pause(const struct shelf *shelf);

/* Why a file stays, the first of those that have a reason; NULL: there is
 * none. Borrowed until the next call. */
const char *shelf_problem(const struct shelf *shelf);

#endif
