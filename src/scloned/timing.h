/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timing - Slurm's time limits for nodes, asked of slurmctld at the start
 * and again every minute. Where partitions differ, the shortest counts: to
 * be early is harmless. The answers go to partitions, too.
 */
#ifndef SCLONE_SCLONED_TIMING_H
#define SCLONE_SCLONED_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/ipc/slurm_link.h"
#include "partitions.h"

struct timing;

/* partitions is borrowed; changed is called after each answer. NULL: FATAL. */
struct timing *timing_create(struct loop *loop, struct slurm_link *link,
			     struct partitions *partitions,
			     void (*changed)(void *arg), void *arg,
			     struct err *err);

/* After the link. Accepts NULL. */
void timing_destroy(struct timing *timing);

/* Ask again soon. */
void timing_renew(struct timing *timing);

/* Whether Slurm has answered once; the rest is 0 before. */
bool timing_known(const struct timing *timing);

/* Slurm's own, such as "22.05.8"; "" before. */
const char *timing_version(const struct timing *timing);

/* us */
int64_t timing_resume(const struct timing *timing);
int64_t timing_suspend(const struct timing *timing);

#endif
