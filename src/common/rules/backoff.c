/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

/* FNV-1a, 64 bits: spreads well enough for jitter. */
static uint64_t _mix(uint64_t hash, uint64_t byte)
{
	return (hash ^ (byte & 0xff)) * 0x100000001b3u;
}

static uint64_t _hash(const char *node, uint64_t epoch, uint32_t tries)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *node; node++)
		hash = _mix(hash, (unsigned char) *node);
	for (int i = 0; i < 64; i += 8)
		hash = _mix(hash, epoch >> i);
	for (int i = 0; i < 32; i += 8)
		hash = _mix(hash, tries >> i);
	return hash ^ hash >> 32;
}

int64_t backoff_pause(const char *node, uint64_t epoch, uint32_t tries,
		      int64_t base, int64_t cap)
{
	int64_t pause = base;

	if (!tries || base <= 0)
		return 0;
	for (uint32_t i = 1; i < tries && pause < cap; i++)
		pause = pause > cap / 2 ? cap : pause * 2;
	if (pause > cap)
		pause = cap;
	return pause - (int64_t) (_hash(node, epoch, tries) %
				  (uint64_t) (pause / 2 + 1));
}
