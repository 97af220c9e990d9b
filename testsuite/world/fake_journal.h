/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of the world, in place of clone/journal: what is durable, and
 * what is not yet; and what a bad disk or a helpful admin makes of it.
 */
#ifndef SCLONE_WORLD_JOURNAL_H
#define SCLONE_WORLD_JOURNAL_H

#include <stdint.h>

/* Empty, as on the first day. */
void journal_begin(void);
void journal_end(void);

/* While no process runs: now and then it is lost, or an older one. */
void journal_suffer(void);

/* Keep a copy that journal_suffer() may restore. */
void journal_back_up(void);

uint64_t journal_commits(void);

#endif
