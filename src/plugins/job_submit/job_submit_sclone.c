/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job_submit/sclone - judges jobs when they are submitted: turns --template
 * of spank_sclone.so into a feature, sets a partition's default template,
 * makes jobs exclusive on clones that serve one job, and says no, with the
 * reason, to templates that cannot be had.
 *
 * It never stands in the way: sclone.conf is read in init() and never again,
 * nothing is asked of anybody, and if the file cannot be read, every job
 * passes as it is: --template is then ignored. scloned goes by the features.
 *
 * Slurm's side: src/interfaces/job_submit.h. slurmctld holds read locks on
 * its configuration, jobs, nodes and partitions during both calls, and one
 * mutex over all plugins of the kind.
 */
#include <stdlib.h>
#include <string.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/slurm_version.h>
#include <slurm/spank.h>

#include "common/clone/config.h"
#include "site.h"

#define OPTION "_SLURM_SPANK_OPTION_sclone_template="

/* Exported by slurmctld, declared in no public header. What is handed to
 * slurmctld must come from its own allocator. */
extern char *slurm_xstrdup(const char *text);
extern void slurm_xfree(void **item);
extern char *default_part_name __attribute__((weak));

/* slurm.h has this type only as an opaque one, if at all. */
struct job_record;

const char plugin_name[] = "sclone: templates and exclusive use of clones";
const char plugin_type[] = "job_submit/sclone";
const uint32_t plugin_version = SLURM_VERSION_NUMBER;

extern int init(void);
extern void fini(void);
extern int job_submit(job_desc_msg_t *job, uint32_t uid, char **message);
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
extern int job_modify(job_desc_msg_t *job, struct job_record *record,
		      uint32_t uid, char **message);
#else
extern int job_modify(job_desc_msg_t *job, struct job_record *record,
		      uint32_t uid);
#endif

static struct site *site;

int init(void)
{
	/* For a slurmctld that is not the machine's, as in the tests. */
	const char *path = getenv("SCLONE_CONF");
	struct err err = ERR_INIT;

	site = site_read(path ? path : CONFIG_PATH, &err);
	if (!site)
		slurm_error("job_submit/sclone: %s; jobs are not checked "
			    "until it is corrected and slurmctld started "
			    "again", err.text);
	return SLURM_SUCCESS;
}

void fini(void)
{
	site_destroy(site);
	site = NULL;
}

/* What --template=NAME left in the job's environment. */
static const char *_option(const job_desc_msg_t *job)
{
	for (uint32_t i = 0; i < job->spank_job_env_size; i++) {
		const char *value = job->spank_job_env[i];

		if (value && !strncmp(value, OPTION, sizeof(OPTION) - 1))
			return value + sizeof(OPTION) - 1;
	}
	return NULL;
}

static const char *_partitions(const job_desc_msg_t *job)
{
	if (job->partition)
		return job->partition;
	return &default_part_name ? default_part_name : NULL;
}

/* --extra of sbatch, srun and salloc. */
static const char *_extra(const job_desc_msg_t *job)
{
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
	return job->extra;
#else
	(void) job;
	return NULL;
#endif
}

static void _set(char **field, const char *text)
{
	slurm_xfree((void **) field);
	*field = slurm_xstrdup(text);
}

static int _refuse(const struct err *err, uint32_t uid, char **message)
{
	slurm_info("job_submit/sclone: uid %u: %s", uid, err->text);
	if (message)
		_set(message, err->text);
	return ESLURM_INVALID_FEATURE;
}

int job_submit(job_desc_msg_t *job, uint32_t uid, char **message)
{
	struct submit_job ask = { _partitions(job), job->features,
				  _option(job), _extra(job) };
	struct submit_verdict verdict;
	struct err err = ERR_INIT;

	if (!site)
		return SLURM_SUCCESS;
	if (submit_judge(site_rules(site), &ask, &verdict, &err) < 0)
		return _refuse(&err, uid, message);
	if (verdict.exclusive)
		job->shared = JOB_SHARED_NONE;
	if (*verdict.features)
		_set(&job->features, verdict.features);
	return SLURM_SUCCESS;
}

/*
 * Only what changes is in the description: a partition that is not named
 * cannot be judged by. Nothing is added either: Slurm would take it for the
 * user's wish, and deny some of it.
 */
static int _modify(job_desc_msg_t *job, uint32_t uid, char **message)
{
	struct submit_job ask = { job->partition, job->features, NULL, NULL };
	struct submit_verdict verdict;
	struct err err = ERR_INIT;

	if (!site || (!job->features && !job->partition))
		return SLURM_SUCCESS;
	if (submit_judge(site_rules(site), &ask, &verdict, &err) < 0)
		return _refuse(&err, uid, message);
	return SLURM_SUCCESS;
}

#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
int job_modify(job_desc_msg_t *job, struct job_record *record, uint32_t uid,
	       char **message)
{
	(void) record;
	return _modify(job, uid, message);
}
#else
int job_modify(job_desc_msg_t *job, struct job_record *record, uint32_t uid)
{
	(void) record;
	return _modify(job, uid, NULL);
}
#endif
