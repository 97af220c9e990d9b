/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc_init - the first process of a proc guest: runs the command, inherits
 * whatever the command leaves behind (daemons, new sessions), and ends all
 * of it when told, when the command ends, or when the lab dies.
 */
#ifndef SCLONE_VCLAB_PROC_INIT_H
#define SCLONE_VCLAB_PROC_INIT_H

#include <sys/types.h>

#include "common/base/err.h"

/*
 * Start argv with env, output appended to log. The result's exit status is
 * the command's (128 + signal if it was killed). -1: FATAL.
 */
pid_t proc_init_spawn(const char *const *argv, char *const *env,
		      const char *log, struct err *err);

/* End it with all its descendants, and wait for that (bounded: SIGKILL). */
void proc_init_kill(pid_t pid);

#endif
