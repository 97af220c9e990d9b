/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk - what becomes of the journal while no process runs. The program
 * world has a journal of its own (fake_journal.c), which is quick;
 * world-journal has the real one, on SQLite in a temporary directory
 * (real_journal.c).
 */
#ifndef SCLONE_WORLD_DISK_H
#define SCLONE_WORLD_DISK_H

#include <stdint.h>

/* Empty, as on the first day. */
void disk_begin(void);
void disk_end(void);

/* While no process runs: now and then it is lost, or an older one. */
void disk_suffer(void);

/* Keep a copy that disk_suffer() may restore. */
void disk_back_up(void);

uint64_t disk_commits(void);

#endif
