/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_end - what ResumeProgram, SuspendProgram and ResumeFailProgram have
 * in common: spool the request, nudge scloned, and be gone.
 *
 *	sclone-resume [--spool DIR] [--socket PATH] HOSTLIST [FEATURES]
 *
 * Slurm ignores what these programs return, except for its log.
 */
#ifndef SCLONE_POWER_SAVE_FRONT_END_H
#define SCLONE_POWER_SAVE_FRONT_END_H

#include "common/ipc/request.h"

/* The exit status for main: 0 when the request is on disk, or scloned has
 * confirmed it; else 1, with the reason in syslog. */
int front_end_run(enum request_kind kind, int argc, char **argv);

#endif
