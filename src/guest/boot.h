/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot - which of the two roles this machine has: the source, which
 * freezes, or a clone, which must not. Pure: an answer in, a verdict out.
 *
 * guestinfo.sclone is absent in a source, holds the identity in a fresh
 * clone, and "used EPOCH" once the clone has taken it. Guestinfo outlives
 * a reset, so what is found at boot tells what the machine was before.
 * Never freeze in doubt: a clone that freezes would wake as a second owner
 * of its name.
 */
#ifndef SCLONE_GUEST_BOOT_H
#define SCLONE_GUEST_BOOT_H

#include <stdbool.h>

#include "tools.h"

enum boot_verdict {
	BOOT_FREEZE,	/* the source: go on to the freeze */
	BOOT_IDENTITY,	/* a clone with an identity not yet taken */
	BOOT_AGAIN,	/* no answer: ask again, a bounded number of times */
	BOOT_POWER_OFF,	/* anything else */
};

/* The key was read at boot. */
enum boot_verdict boot_decide(enum tools_answer answer);

/* The key was read after instantclone.freeze returned. */
enum boot_verdict boot_thawed(enum tools_answer answer, const char *value);

/* Whether the key says that a clone has taken its identity. */
bool boot_is_used(const char *value);

#endif
