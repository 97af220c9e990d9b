/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock - the only place that reads the time.
 *
 * Wall time is for epochs, records and deadlines that cross machines;
 * monotonic time is for waits. Tests put their own source in place.
 */
#ifndef SCLONE_BASE_CLOCK_H
#define SCLONE_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_US_PER_S INT64_C(1000000)
#define CLOCK_US_PER_MS INT64_C(1000)

/* Microseconds since 1970-01-01 UTC. */
int64_t clock_wall_us(void);

/* Microseconds since an arbitrary start; never steps. */
int64_t clock_mono_us(void);

/*
 * The wall time at which this process was forked, to a hundredth of a second
 * and not later: exec() does not change it (/proc/self/stat, proc(5)). The
 * current time when /proc does not say.
 */
int64_t clock_started_us(void);

struct clock_source {
	int64_t (*wall_us)(void *arg);
	int64_t (*mono_us)(void *arg);
	void *arg;
};

/* For tests: NULL puts the system's clocks back. Borrowed. */
void clock_set_source(const struct clock_source *source);

/*
 * For tests of whole programs: in a build with sanitizers, and in no other,
 * SCLONE_CLOCK_JUMP= names a file with the µs by which wall time is off, in
 * decimal. It is read each time; a file that is not there jumps nothing.
 */

#define CLOCK_TEXT_SIZE 32

/* "2026-11-22T10:11:12.123Z" of a wall time; out has CLOCK_TEXT_SIZE. */
void clock_print(int64_t wall_us, char *out);

#endif
