/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explanation - the answer to VERB_WHY: what is known of a node, or of all
 * nodes of a job, from the records, the diary, and the journal.
 */
#ifndef SCLONE_SCLONED_EXPLANATION_H
#define SCLONE_SCLONED_EXPLANATION_H

#include "daemon.h"

void explanation_answer(struct daemon *daemon, struct server_call *call);

/* An entry of the diary as JSON; NULL when out of memory. */
struct json *explanation_entry(const struct diary_entry *entry);

#endif
