/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dice - all chance in the world comes from here, so that a seed tells the
 * same story each time.
 */
#ifndef SCLONE_WORLD_DICE_H
#define SCLONE_WORLD_DICE_H

#include <stdbool.h>
#include <stdint.h>

#define MS INT64_C(1000)
#define S INT64_C(1000000)

void dice_begin(uint64_t seed);

/* 0 .. below - 1 */
uint64_t dice(uint64_t below);

/* So many times in a thousand. */
bool dice_permille(unsigned permille);

/* us, from .. to */
int64_t dice_us(int64_t from, int64_t to);

#endif
