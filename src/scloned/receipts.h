/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receipts - the answer to VERB_RECEIPTS: stored records of destruction as
 * they are. Whoever asks checks the chain; what scloned said of it would be
 * worth no more than the records themselves.
 */
#ifndef SCLONE_SCLONED_RECEIPTS_H
#define SCLONE_SCLONED_RECEIPTS_H

#include "daemon.h"

/* Append rows {seq node job text} to a list. */
int receipts_read(struct daemon *daemon,
		  const struct journal_receipts *wanted, struct json *list,
		  struct err *err);

void receipts_answer(struct daemon *daemon, struct server_call *call);

#endif
