/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command - runs one program, waits for its end by event, never longer than
 * its limit, and keeps the first bytes of what it said.
 *
 * The child has its own process group and no terminal; standard input is
 * empty; standard output and error are one stream. Whatever is left of the
 * group when the limit passes is killed. A daemon that the child leaves
 * behind in time is not waited for.
 */
#ifndef SCLONE_GUEST_COMMAND_H
#define SCLONE_GUEST_COMMAND_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define COMMAND_ENV_MAX 16

struct command {
	const char *const *argv;	/* a path first; NULL at the end */
	const char *const *env;		/* "K=V" on top of PATH; may be NULL */
	const char *user;		/* run as this user; NULL: as we are */
	uint64_t limit_s;		/* 0: none, for the freeze alone */
	int64_t deadline;		/* clock_mono_us(), if it is earlier;
					 * past: not run. 0: none */
	struct buf *output;		/* NULL: ours; else appended, cut at
					 * its max without failing */
	/* Called in the parent when the exec has succeeded; may be NULL. */
	void (*started)(void *arg);
	void *arg;
};

/*
 * Run it to its end. 0 and *status as from the shell (0..255, 128 + signal).
 * NOTFOUND when there is no such program, TRANSIENT when the limit passed,
 * FATAL otherwise.
 */
int command_run(const struct command *command, int *status, struct err *err);

/* As command_run; a status other than 0 is an error too (FATAL), with the
 * last line of the output. */
int command_must(const struct command *command, struct err *err);

/*
 * Run a function in a child until a deadline (clock_mono_us(); past: not at
 * all), for system calls that can hang for ever (sync, umount). Its return
 * value is the status. TRANSIENT as above; one that does not die when it is
 * killed is waited for a second longer.
 */
int command_call(int (*fn)(void *arg), void *arg, int64_t deadline,
		 int *status, struct err *err);

#endif
