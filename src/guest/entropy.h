/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entropy - makes the kernel's random numbers differ from those of all
 * other clones of one freeze (random(4), RNDADDENTROPY, RNDRESEEDCRNG).
 */
#ifndef SCLONE_GUEST_ENTROPY_H
#define SCLONE_GUEST_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define ENTROPY_HARDWARE 32	/* bytes asked of RDRAND */

/* Bytes from the processor; how many it gave (0 without RDRAND). */
size_t entropy_hardware(uint8_t *out, size_t len);

/*
 * Mix the seed and the processor's bytes into the kernel's pool and reseed
 * the generator from it. The seed passed through other hands, so it gets no
 * credit; the processor's bytes get theirs, without which kernels before
 * 5.18 may skip the reseed. FATAL.
 */
int entropy_reseed(const uint8_t *seed, size_t len, struct err *err);

#endif
