/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dice.h"

static uint64_t state;

void dice_begin(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
static uint64_t _next(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t dice(uint64_t below)
{
	return (_next() >> 11) % below;
}

bool dice_permille(unsigned permille)
{
	return dice(1000) < permille;
}

int64_t dice_us(int64_t from, int64_t to)
{
	return from + (int64_t) dice((uint64_t) (to - from) + 1);
}
