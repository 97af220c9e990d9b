/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * partition - Slurm's partitions as scloned-slurm tells them (PARTITION and
 * CONFIG of ipc/slurmcall.h), in the terms of rules/isolation.
 */
#ifndef SCLONE_CLONE_PARTITION_H
#define SCLONE_CLONE_PARTITION_H

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/rules/isolation.h"
#include "config.h"

#define PARTITION_MAX 10000	/* of a cluster */

/* "22.05.8" to 2205; 0 for what is no version. */
int partition_release(const char *text);

/* What a CONFIG says; what it does not is off. */
void partition_read_cluster(const struct json *config,
			    struct isolation_cluster *out);

/* The name is borrowed from the JSON. PROTOCOL. */
int partition_read(const struct json *json, struct isolation_partition *out,
		   struct err *err);

/* Call back for each node that the partition and sclone.conf have both; its
 * -1 ends the walk. PROTOCOL, FATAL. */
int partition_each_node(const struct json *json, const struct config *config,
			int (*each)(const char *name,
				    const struct config_set *set, void *arg,
				    struct err *err),
			void *arg, struct err *err);

#endif
