/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather - collects the facts for `sclone check`, and changes nothing: files
 * are looked at, vCenter is asked in a short session of its own (one login,
 * one logout), slurmctld through scloned-slurm, and scloned over its socket
 * if it runs. Blocks, each of the four for a bounded time, and for the
 * resolver of this host.
 */
#ifndef SCLONE_SCLONE_GATHER_H
#define SCLONE_SCLONE_GATHER_H

#include "common/base/loop.h"
#include "facts.h"

#define GATHER_SLURM_MS 30000
#define GATHER_VCENTER_MS 60000

struct gather_options {
	const char *config;		/* of sclone.conf */
	const char *socket;		/* NULL: the config's */
	const char *slurm_helper;	/* scloned-slurm */
};

/* What cannot be had is noted in the facts, as a problem. */
void gather(const struct gather_options *options, struct facts *facts);

/* The parts; each needs the config, vCenter and files SlurmUser as well. */
void gather_slurm(struct facts *facts, const char *helper);
void gather_files(struct facts *facts);
void gather_vcenter(struct facts *facts);
void gather_names(struct facts *facts);		/* after gather_slurm() */
void gather_plugins(struct facts *facts);	/* likewise */

/* Run the loop until *pending is 0; TRANSIENT when that is not before the
 * monotonic time until_us. */
int gather_await(struct loop *loop, const size_t *pending, int64_t until_us,
		 struct err *err);

#endif
