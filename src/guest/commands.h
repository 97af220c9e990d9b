/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands - the subcommands of sclone-guest; each returns an exit status. */
#ifndef SCLONE_GUEST_COMMANDS_H
#define SCLONE_GUEST_COMMANDS_H

#include "settings.h"

/* 0 fit to freeze, 1 with advice, 2 not fit. */
int commands_preflight(const struct settings *settings);

/* The boot service. 0 a clone's slurmd runs; 1 failed, and said so. */
int commands_freeze(const struct settings *settings);

/* For Slurm's Epilog. 0 everything is flushed and unmounted, else 1; in a
 * clone that jobs share 0 at once. */
int commands_release(const struct settings *settings);

#endif
