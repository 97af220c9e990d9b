/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain - runs the PrologSlurmctld program that was there before ours.
 *
 * Which one that is, is kept for those times in which sclone.conf cannot be
 * read: what the site checks is checked for all jobs of the cluster, not only
 * for ours. It is a symbolic link in the spool, "prolog-chain", which is there
 * whole or not at all.
 */
#ifndef SCLONE_POWER_SAVE_CHAIN_H
#define SCLONE_POWER_SAVE_CHAIN_H

#include <limits.h>
#include <stdbool.h>

#include "common/base/err.h"

/* There is such a program. */
bool chain_exists(const char *path);

/*
 * Run the program with our environment and no arguments, as slurmctld would,
 * and wait for it; SIGTERM is passed on to it. How long it may take is
 * PrologEpilogTimeout's matter. *status is its exit status, or 128 + the
 * signal that ended it. CONFIG when there is nothing to execute; FATAL when it
 * did not run, or what became of it is not known.
 */
int chain_run(const char *path, int *status, struct err *err);

/* Keep the path, or (NULL) that there is none; nothing is written when that
 * is known already. FATAL. */
int chain_keep(const char *spool, const char *path, struct err *err);

/* The path that was kept: 1; 0 when there is none; -1 FATAL. */
int chain_recall(const char *spool, char path[PATH_MAX], struct err *err);

#endif
