/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger - the records of destruction in the journal, as one chain
 * (rules/receipt.h) over all restarts.
 *
 * Its head, and the anchor that a pruned chain begins after, are kept as
 * values of the journal. What somebody did to the stored records does not
 * stop new ones: they follow the head that is known, and the gap shows.
 */
#ifndef SCLONE_CLONE_LEDGER_H
#define SCLONE_CLONE_LEDGER_H

#include "common/rules/receipt.h"
#include "journal.h"

struct ledger;

/* The journal is borrowed. NULL: the journal cannot be read, FATAL. */
struct ledger *ledger_create(struct journal *journal, struct err *err);
void ledger_destroy(struct ledger *ledger);	/* accepts NULL */
CLEANUP_DEFINE(struct ledger *, ledger_destroy)
#define cleanup_ledger cleanup_with(ledger_destroy_cleanup_)

/* Put the record of a cycle whose absence is proven into the journal, to be
 * committed by the caller. */
int ledger_add(struct ledger *ledger, const struct record *rec, int64_t at,
	       struct err *err);

/*
 * The journal was committed: call each record that was added since the last
 * time, in order. A head must not be published earlier: one that the journal
 * has lost would look cut off.
 */
void ledger_publish(struct ledger *ledger,
		    void (*each)(const struct receipt_head *head,
				 const char *node, uint64_t epoch, void *arg),
		    void *arg);

/* Forget records of before a wall time, oldest first. */
int ledger_prune(struct ledger *ledger, int64_t before_us, struct err *err);

const struct receipt_head *ledger_head(const struct ledger *ledger);
const struct receipt_head *ledger_anchor(const struct ledger *ledger);

#endif
