/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * services - starts munged and slurmd in a clone: through their units where
 * systemd runs, else by their programs, which become daemons themselves.
 */
#ifndef SCLONE_GUEST_SERVICES_H
#define SCLONE_GUEST_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "identity.h"
#include "settings.h"

#define SERVICES_ARGS_MAX (SLURMD_OPTIONS_MAX + 8)

/* slurmd's argument vector, NULL at the end; borrows from both. Pure. */
void services_slurmd_args(const struct settings *settings,
			  const struct identity *identity,
			  const char *argv[SERVICES_ARGS_MAX]);

int services_start_munge(const struct settings *settings, struct err *err);

/*
 * Start slurmd for this node; *when is clock_mono_us() of its exec. Returns
 * when it has become a daemon, or ended in error.
 */
int services_start_slurmd(const struct settings *settings,
			  const struct identity *identity, int64_t *when,
			  struct err *err);

#endif
