/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle - the answer to VERB_SNAPSHOT: all that decisions are made from, as
 * clone/snapshot.h has it, and what helps a human to understand them. Nothing
 * secret is in it. What is large comes in pages.
 */
#ifndef SCLONE_SCLONED_BUNDLE_H
#define SCLONE_SCLONED_BUNDLE_H

#include "daemon.h"

void bundle_answer(struct daemon *daemon, struct server_call *call);

#endif
