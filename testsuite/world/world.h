/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world - one seed's life: trouble, then peace in which everything has to
 * settle, then a job for each node, which has to run.
 */
#ifndef SCLONE_WORLD_H
#define SCLONE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/* Once, before and after all seeds. */
int world_prepare(void);
void world_release(void);

/* true: nothing was wrong. */
bool world_run(uint64_t seed);

/* What happened so far, for the reader. */
void world_report(void);

#endif
