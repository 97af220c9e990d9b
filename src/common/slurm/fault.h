/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault - libslurm's error numbers as struct err. */
#ifndef SCLONE_SLURM_FAULT_H
#define SCLONE_SLURM_FAULT_H

#include <errno.h>
#include <stdbool.h>

#include "common/base/err.h"

/*
 * Start libslurm with the given slurm.conf (NULL: its default). libslurm
 * ends the process when the file is bad, and waits up to a minute for one
 * that is missing. Once per process, before anything else here.
 */
void fault_start(const char *conf);

/*
 * Make a call to libslurm: 0, or the number of its error. It returns -1 and
 * sets errno, or returns the number itself; which of them differs by call and
 * release. Some failures set nothing: a SlurmctldHost whose name cannot be
 * resolved just now (_slurm_api_get_comm_config() in slurm_protocol_api.c).
 * What errno had before is not taken for an answer then.
 */
#define FAULT_OF(call) (errno = 0, fault_number(call))

/* That, of what was returned; errno was cleared before. */
int fault_number(int rc);

/* Whether it is a number of the system's. libslurm leaves them behind when it
 * does not reach slurmctld, but a job_submit plugin may say one as well. */
bool fault_is_plain(int errnum);

/*
 * Set *err from a libslurm error number. acting: the call changes something,
 * so a lost reply is UNKNOWN and not TRANSIENT. TRANSIENT: slurmctld did not
 * answer, or cannot do it now; plain numbers. REFUSED: it will not, also for
 * reasons that are not known here. NOTFOUND, AUTH, CONFIG, FATAL. Always
 * returns -1.
 */
int fault_set(struct err *err, int errnum, bool acting, const char *what);

#endif
