/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault - libslurm's error numbers as struct err. */
#ifndef SCLONE_SLURM_FAULT_H
#define SCLONE_SLURM_FAULT_H

#include <stdbool.h>

#include "common/base/err.h"

/*
 * Start libslurm with the given slurm.conf (NULL: its default). libslurm
 * ends the process when the file is bad, and waits up to a minute for one
 * that is missing. Once per process, before anything else here.
 */
void fault_start(const char *conf);

/* libslurm returns -1 and sets errno, or returns the number itself; which of
 * them differs by call and release. The number either way. */
int fault_number(int rc);

/*
 * Set *err from a libslurm error number. acting: the call changes something,
 * so a lost reply is UNKNOWN and not TRANSIENT. TRANSIENT: slurmctld did not
 * answer, or cannot do it now. REFUSED: it will not, also for reasons that
 * are not known here. NOTFOUND, AUTH, CONFIG, FATAL. Always returns -1.
 */
int fault_set(struct err *err, int errnum, bool acting, const char *what);

#endif
