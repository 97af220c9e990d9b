/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - the site's own programs at fixed points of the guest's life.
 *
 * A hook is an executable regular file in its directory whose name has only
 * letters, digits, '-' and '_' (as run-parts(8)), owned by root or by us,
 * and not writable by group or others; the same holds for the directory
 * (path_check_dir()), since whoever writes there chooses what we run. Hooks
 * run in the order of their names, one at a time, each within the limit; the
 * first that fails ends the series. A missing directory is an empty one.
 */
#ifndef SCLONE_GUEST_HOOKS_H
#define SCLONE_GUEST_HOOKS_H

#include <stdint.h>

#include "common/base/err.h"

#define HOOKS_MAX 64

struct hooks {
	const char *dir;
	const char *const *env;	/* "K=V", NULL at the end, at most
				 * COMMAND_ENV_MAX; may be NULL */
	uint64_t limit_s;	/* of each hook */
	int64_t deadline;	/* of all, clock_mono_us(); 0: none */
};

/* CONFIG (a hook or directory of the wrong owner or mode), TRANSIENT (a
 * limit passed), FATAL (its status and last line). */
int hooks_run(const struct hooks *hooks, struct err *err);

#endif
