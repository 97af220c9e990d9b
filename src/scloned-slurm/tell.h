/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tell - what Slurm said, as the JSON of common/ipc/slurmcall.h. */
#ifndef SCLONE_SCLONED_SLURM_TELL_H
#define SCLONE_SCLONED_SLURM_TELL_H

#include "common/base/json.h"
#include "common/slurm/ctl.h"
#include "common/slurm/job.h"
#include "common/slurm/node.h"

/* Owned by the caller; NULL when out of memory. */
struct json *tell_node(const struct node *node);
struct json *tell_job(const struct job *job);
struct json *tell_partition(const struct ctl_partition *partition);
struct json *tell_conf(const struct ctl_conf *conf);

#endif
