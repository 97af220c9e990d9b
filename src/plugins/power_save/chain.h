/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chain - runs the PrologSlurmctld program that was there before ours. */
#ifndef SCLONE_POWER_SAVE_CHAIN_H
#define SCLONE_POWER_SAVE_CHAIN_H

#include "common/base/err.h"

/*
 * Run the program with our environment and no arguments, as slurmctld would,
 * and wait for it; SIGTERM is passed on to it. How long it may take is
 * PrologEpilogTimeout's matter. *status is its exit status, or 128 + the
 * signal that ended it. CONFIG when it cannot be executed, FATAL.
 */
int chain_run(const char *path, int *status, struct err *err);

#endif
