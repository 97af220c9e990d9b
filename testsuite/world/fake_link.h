/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link - how much was asked of slurmctld. */
#ifndef SCLONE_WORLD_LINK_H
#define SCLONE_WORLD_LINK_H

#include <stdint.h>

uint64_t link_calls(void);

#endif
