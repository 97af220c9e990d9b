/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fence - see fence.h. */
#include "fence.h"

enum fence_verdict fence_decide(const struct fence_times *times,
				int64_t *now)
{
	int64_t last = times->host + times->resolution;

	if (last < times->time - FENCE_SLACK_US)
		return FENCE_EARLY;
	if (last > times->not_after)
		return FENCE_LATE;
	*now = times->host > times->time ? times->host : times->time;
	return FENCE_PASS;
}
