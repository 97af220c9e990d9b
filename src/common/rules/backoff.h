/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backoff - capped exponential pauses. The jitter comes from the name, the
 * epoch and the try, so the same history always gives the same pause, while
 * 500 nodes that failed together do not come back together.
 */
#ifndef SCLONE_RULES_BACKOFF_H
#define SCLONE_RULES_BACKOFF_H

#include <stdint.h>

/*
 * The pause after try number tries (1 = the first): between half and all of
 * min(cap, base * 2^(tries - 1)); 0 for tries = 0. Same unit as base.
 */
int64_t backoff_pause(const char *node, uint64_t epoch, uint32_t tries,
		      int64_t base, int64_t cap);

#endif
