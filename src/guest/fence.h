/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fence - whether a clone may still become its node, and what time it is.
 * Pure: times in, a verdict out.
 *
 * After the fork the guest's clock stands at the freeze, and the identity's
 * time is only a lower bound, so the host's time decides. It is read in
 * steps: it is early when the whole step is, and late when any of it is.
 */
#ifndef SCLONE_GUEST_FENCE_H
#define SCLONE_GUEST_FENCE_H

#include <stdint.h>

#define FENCE_SLACK_US INT64_C(5000000)	/* host behind the controller */

enum fence_verdict {
	FENCE_PASS,
	FENCE_EARLY,	/* host's clock is behind `time` - 5 s: refuse */
	FENCE_LATE,	/* past `not_after`: power off */
};

struct fence_times {
	int64_t host;		/* µs since 1970, as read */
	int64_t resolution;	/* true time is in [host, host + this) */
	int64_t time;		/* of the identity */
	int64_t not_after;	/* of the identity */
};

/*
 * On FENCE_PASS *now is the time to set: the latest that has surely been
 * reached, so never ahead of the truth and never before the identity was
 * written. slurmctld ignores a node whose boot seems to precede its request
 * (node_mgr.c, boot_req_time); a slurmd that starts on this clock does not.
 */
enum fence_verdict fence_decide(const struct fence_times *times,
				int64_t *now);

#endif
