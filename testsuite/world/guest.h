/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest - what runs in a clone: the fence, then slurmd, which registers
 * until slurmctld takes it.
 */
#ifndef SCLONE_WORLD_GUEST_H
#define SCLONE_WORLD_GUEST_H

#include "vcenter.h"

/* The clone wakes up. */
void guest_wake(const struct machine_is *vm);

#endif
