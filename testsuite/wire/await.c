/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/clock.h"
#include "await.h"
#include "tap.h"

#define LIMIT_US (30 * CLOCK_US_PER_S)

void await(struct loop *loop, const unsigned *count, unsigned want)
{
	int64_t end = clock_mono_us() + LIMIT_US;

	while (*count < want) {
		if (loop_turn(loop, 100 * CLOCK_US_PER_MS, NULL) < 0)
			bail_out("the loop broke");
		if (clock_mono_us() > end)
			bail_out("waited 30 s: %u of %u", *count, want);
	}
}

void await_quiet(struct loop *loop, unsigned ms)
{
	int64_t end = clock_mono_us() + ms * CLOCK_US_PER_MS;

	while (clock_mono_us() < end)
		if (loop_turn(loop, end - clock_mono_us(), NULL) < 0)
			bail_out("the loop broke");
}
