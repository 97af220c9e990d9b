/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compat - libslurm of Slurm 22.05 to 26.05 under one face; the only header
 * that includes slurm/slurm.h. For the files of this directory alone.
 *
 * Facts from slurm/slurm.h of the branches slurm-22.05 … slurm-26.05.
 */
#ifndef SCLONE_SLURM_COMPAT_H
#define SCLONE_SLURM_COMPAT_H

#include <stddef.h>
#include <stdint.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/slurm_version.h>

#define COMPAT_AT_LEAST(major, minor)                                       \
	(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(major, minor, 0))

/* Slurm's "not set" is NULL or "", by version and field; here it is NULL. */
static inline const char *compat_text(const char *text)
{
	return text && text[0] ? text : NULL;
}

/* 26.05: calls about a job take a step id, of which the job is a part. */
#if COMPAT_AT_LEAST(26, 5)
static inline slurm_step_id_t compat_job(uint32_t id)
{
	slurm_step_id_t job = SLURM_STEP_ID_INITIALIZER;

	job.job_id = id;
	return job;
}
#define compat_free_conf slurm_free_conf
#else
#define compat_job(id) (id)
#define compat_free_conf slurm_free_ctl_conf
#endif

/* 25.11: the job's number moved into a step id in the job's structures. */
#if COMPAT_AT_LEAST(25, 11)
#define compat_job_id(record) ((record)->step_id.job_id)
#else
#define compat_job_id(record) ((record)->job_id)
#endif

/* 23.02: jobs have "extra", partitions have PowerDownOnIdle, and powered-down
 * cloud nodes are shown without PrivateData=cloud. */
#if COMPAT_AT_LEAST(23, 2)
#define compat_job_extra(record) ((record)->extra)
#define compat_power_down_on_idle(part) (((part)->flags & PART_FLAG_PDOI) != 0)
#define compat_clouds_shown(conf) ((void) (conf), 1)
#else
#define compat_job_extra(record) NULL
#define compat_power_down_on_idle(part) 0
#define compat_clouds_shown(conf)                                           \
	(((conf)->private_data & PRIVATE_CLOUD_NODES) != 0)
#endif

/* Before 23.11 freeing a job forgets some of its strings (added to
 * slurm_free_job_info_members in August 2023). slurm_xfree, exported but not
 * declared, sets what it frees to NULL, so that freeing twice is no harm. */
#if COMPAT_AT_LEAST(23, 11)
#define compat_free_jobs slurm_free_job_info_msg
#else
extern void slurm_xfree(void **item);

static inline void compat_free_jobs(job_info_msg_t *message)
{
	for (uint32_t i = 0; i < message->record_count; i++) {
		slurm_job_info_t *job = &message->job_array[i];

		slurm_xfree((void **) &job->admin_comment);
		slurm_xfree((void **) &job->cluster_features);
		slurm_xfree((void **) &job->cronspec);
		slurm_xfree((void **) &job->prefer);
		slurm_xfree((void **) &job->system_comment);
	}
	slurm_free_job_info_msg(message);
}
#endif

/* 24.05: PrologSlurmctld and Epilog may stand several times. */
#if COMPAT_AT_LEAST(24, 5)
#define compat_epilog(conf) ((conf)->epilog_cnt ? (conf)->epilog[0] : NULL)
#define compat_prologs(conf) ((conf)->prolog_slurmctld_cnt)
#define compat_prolog(conf, i) ((conf)->prolog_slurmctld[i])
#else
#define compat_epilog(conf) ((conf)->epilog)
#define compat_prologs(conf) ((conf)->prolog_slurmctld ? 1u : 0u)
#define compat_prolog(conf, i) ((void) (i), (conf)->prolog_slurmctld)
#endif

/* 25.05: PrologEpilogTimeout is kept as two. */
#if COMPAT_AT_LEAST(25, 5)
#define compat_prolog_timeout(conf) ((conf)->prolog_timeout)
#else
#define compat_prolog_timeout(conf) ((conf)->prolog_epilog_timeout)
#endif

#endif
