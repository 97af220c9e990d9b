/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz - what the targets share: libFuzzer's entry, and a check that does
 * not go away with NDEBUG. */
#ifndef SCLONE_FUZZ_FUZZ_H
#define SCLONE_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A property every input must keep; libFuzzer reports the abort. */
static inline void fuzz_must(int holds)
{
	if (!holds)
		abort();
}

#endif
