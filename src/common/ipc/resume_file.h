/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resume_file - the jobs that a call of ResumeProgram is for, read from the
 * text of SLURM_RESUME_FILE. Its keys differ between Slurm 22.05 and 26.05
 * (slurmctld/power_save.c); each is optional here, and what cannot be read
 * is as if it were not there: a node without a job is still resumed.
 */
#ifndef SCLONE_IPC_RESUME_FILE_H
#define SCLONE_IPC_RESUME_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/hostlist.h"

#define RESUME_FILE_JOBS_MAX 65536
/* Names in all jobs together; what follows has no nodes. A list that cannot
 * be read counts as one of HOSTLIST_MAX. */
#define RESUME_FILE_NAMES_MAX (4 * HOSTLIST_MAX)

struct resume_job {
	uint32_t id;
	char *features;		/* as slurmctld writes them, or NULL */
	char *extra;		/* sbatch --extra, or NULL */
	char *user;		/* for whoever looks the job up; or NULL */
	bool has_features;	/* this Slurm tells features at all */
};

struct resume_file;

/* NULL: PROTOCOL when the text is no JSON of that kind, FATAL. */
struct resume_file *resume_file_parse(const char *text, struct err *err);

/* A file without jobs. NULL: out of memory. */
struct resume_file *resume_file_create(void);

/* Accepts NULL. */
void resume_file_destroy(struct resume_file *file);
CLEANUP_DEFINE(struct resume_file *, resume_file_destroy)
#define cleanup_resume_file cleanup_with(resume_file_destroy_cleanup_)

/* All nodes of the call, a hostlist as Slurm wrote it; NULL: not told. */
const char *resume_file_all(const struct resume_file *file);

size_t resume_file_jobs(const struct resume_file *file);

/* Borrowed; the caller may fill in what it looked up. */
struct resume_job *resume_file_job(struct resume_file *file, size_t index);

/* The first job that resumes this node, or NULL. */
const struct resume_job *resume_file_of_node(const struct resume_file *file,
					     const char *node);

#endif
