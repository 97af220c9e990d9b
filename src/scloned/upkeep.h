/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upkeep - what has to be done now and then and belongs to nobody else:
 * forget old history, win back the journal's reserve and let no clone begin
 * without it, and say in the log when vCenter or Slurm goes away and comes
 * back.
 */
#ifndef SCLONE_SCLONED_UPKEEP_H
#define SCLONE_SCLONED_UPKEEP_H

#include "common/base/err.h"

struct daemon;
struct upkeep;

/* All of the daemon's parts must exist and outlive it. NULL: FATAL. */
struct upkeep *upkeep_create(struct daemon *daemon, struct err *err);

/* Accepts NULL. */
void upkeep_destroy(struct upkeep *upkeep);

#endif
