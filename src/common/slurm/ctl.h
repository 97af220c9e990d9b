/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl - slurmctld's configuration and partitions, as far as they matter to
 * power saving; `sclone check` judges them.
 */
#ifndef SCLONE_SLURM_CTL_H
#define SCLONE_SLURM_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define CTL_FOREVER UINT32_MAX	/* seconds: INFINITE in slurm.conf */
#define CTL_PROLOGS_MAX 16

/* The strings are borrowed until ctl_conf_clear(); NULL: not set. Times are
 * in seconds. */
struct ctl_conf {
	const char *version;		/* of slurmctld */
	const char *cluster;
	const char *path;		/* of slurm.conf */
	const char *user;		/* SlurmUser */
	const char *resume_program, *suspend_program, *resume_fail_program;
	const char *prologs[CTL_PROLOGS_MAX];	/* PrologSlurmctld */
	size_t prologs_count;
	const char *epilog;	/* Epilog; the first of several */
	uint32_t resume_timeout, suspend_timeout, suspend_time;
	uint32_t resume_rate, suspend_rate;	/* nodes a minute; 0: any */
	const char *suspend_exc_nodes, *suspend_exc_parts;
	uint32_t prolog_epilog_timeout;	/* CTL_FOREVER: none */
	uint32_t return_to_service;
	bool clouds_shown;	/* 22.05: PrivateData=cloud; later: yes */
	bool preempt_suspends, preempt_gang;	/* PreemptMode has them */
	const char *preempt_type;	/* "preempt/qos" */
	const char *slurmctld_parameters;
	const char *slurmd_parameters;
	const char *scheduler_parameters;
	const char *auth_info;
	const char *job_submit_plugins;
	const char *plugin_dir;		/* directories, parted by colons */
	int64_t boot_s;			/* slurmctld's start */
	void *message;
};

int ctl_conf_load(struct ctl_conf *conf, struct err *err);
void ctl_conf_clear(struct ctl_conf *conf);
#define cleanup_ctl_conf __attribute__((cleanup(ctl_conf_clear)))

/* Borrowed for the callback. */
struct ctl_partition {
	const char *name;
	const char *nodes;	/* hostlist; NULL: none */
	bool exclusive;		/* OverSubscribe=EXCLUSIVE, Exclusive=NODE */
	bool exclusive_user;
	bool power_down_on_idle;	/* never before 23.02 */
	bool preempt_said;	/* it has a PreemptMode of its own, */
	bool preempt_suspends;	/* with SUSPEND */
	uint32_t resume_timeout, suspend_timeout, suspend_time;	/* seconds;
		 * 0: not set here, the global one holds */
};

/* Call back for each partition; its -1 ends the walk. */
int ctl_partitions(int (*each)(const struct ctl_partition *partition,
			       void *arg),
		   void *arg, struct err *err);

/* 0 when the slurmctld in charge answers, else -1 with TRANSIENT. */
int ctl_ping(struct err *err);

/* The release of the libslurm this was compiled for, "22.05". */
const char *ctl_built_for(void);

#endif
