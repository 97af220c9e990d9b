/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suspend - after how long without a job slurmctld suspends a node: the
 * largest SuspendTime of the partitions that list it and have one, else that
 * for all nodes (power_save_set_timeouts() in Slurm's
 * src/slurmctld/power_save.c). From 26.05 on a NodeName line may have one of
 * its own, which is not seen here. Pure.
 */
#ifndef SCLONE_SCLONE_SUSPEND_H
#define SCLONE_SCLONE_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"

struct suspend_rule {
	const char *partition;	/* that has it; "": the one for all nodes */
	int64_t seconds;	/* FACTS_FOREVER: never */
};

struct suspend;

/* From a list of PARTITION (slurmcall.h), which is borrowed until the end of
 * all rules, and the SuspendTime for all nodes. NULL: PROTOCOL, FATAL. */
struct suspend *suspend_create(const struct json *partitions, int64_t global,
			       struct err *err);

/* Accepts NULL. */
void suspend_destroy(struct suspend *suspend);
CLEANUP_DEFINE(struct suspend *, suspend_destroy)
#define cleanup_suspend cleanup_with(suspend_destroy_cleanup_)

/* Whether there is a time that ends, whoever has it: else slurmctld turns
 * power saving off. */
bool suspend_is_on(const struct suspend *suspend);

/* Whether some partition lists the node. */
bool suspend_knows(const struct suspend *suspend, const char *node);

/* What counts for a node; borrowed. */
const struct suspend_rule *suspend_of(const struct suspend *suspend,
				      const char *node);

#endif
