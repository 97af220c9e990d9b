/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine - the machine's own name, ID, clock and switch. */
#ifndef SCLONE_GUEST_MACHINE_H
#define SCLONE_GUEST_MACHINE_H

#include <stdint.h>

#include "common/base/err.h"
#include "settings.h"

/* sethostname(2); no daemon is asked. FATAL. */
int machine_set_name(const char *name, struct err *err);

/* A new random machine ID (machine-id(5)) into the file. Call it after the
 * generator was reseeded. FATAL. */
int machine_set_id(const char *path, struct err *err);

/* CLOCK_REALTIME, µs since 1970. FATAL. */
int machine_set_clock(int64_t us, struct err *err);

/* The hardware clock, taken as UTC; *us <= truth < *us + 1 s. FATAL. */
int machine_hardware_clock(int64_t *us, struct err *err);

/* When this kernel booted, µs since 1970. */
int64_t machine_boot_time(void);

/*
 * Wait until the machine's uptime begins a new second. Slurm 22.05 and 23.02
 * count a slurmd's uptime in whole seconds of the machine's; clones that
 * wake at the beginning of one register within it, or a second later in
 * slurmctld's time too. One that wakes late in a second can seem to have
 * booted in the second before its request, and is then ignored.
 */
void machine_await_second(void);

/*
 * Power off now, without asking any service: what is powered off here must
 * not run one instruction of somebody else's. Returns only if it failed.
 */
void machine_power_off(const struct settings *settings, const char *why);

#endif
