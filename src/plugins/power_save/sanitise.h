/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sanitise - make an ordinary process of what slurmctld starts.
 *
 * Slurm 22.05 starts power-save programs with descriptors 0-2 closed and
 * most signals blocked (power_save.c: _run_prog), and no version sets PATH;
 * 23.02 and later give /dev/null and a pipe that nobody reads.
 */
#ifndef SCLONE_POWER_SAVE_SANITISE_H
#define SCLONE_POWER_SAVE_SANITISE_H

#include <stdbool.h>

/*
 * Put /dev/null on closed standard descriptors, empty the signal mask, set
 * all signals to their defaults but ignore SIGPIPE and SIGXFSZ (a write that
 * fails must be seen), set PATH if there is none, umask 022. False when
 * standard error was closed, so that nobody can read it.
 */
bool sanitise_process(void);

#endif
