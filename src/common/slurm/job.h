/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job - one job as slurmctld knows it, and what we may tell it. */
#ifndef SCLONE_SLURM_JOB_H
#define SCLONE_SLURM_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define JOB_COMMENT_MAX 4096	/* bytes of admin_comment we let grow */
#define JOB_NAME_SIZE 24

/* The strings are borrowed until job_clear(); NULL: not set. */
struct job {
	uint32_t id;
	uint32_t whole;		/* the heterogeneous job's whose part it is,
				 * else its own: what can be requeued */
	char name[JOB_NAME_SIZE];	/* that; "120_3" in an array */
	bool is_array;		/* its number is also that of its array */
	uint32_t uid;
	const char *user;	/* not always known to slurmctld */
	const char *state;	/* "RUNNING", "CONFIGURING", … */
	const char *partition;
	const char *features;
	const char *comment;
	const char *admin_comment;
	const char *extra;	/* 23.02 and later */
	const char *nodes;	/* hostlist of its allocation */
	bool holds;		/* it has them now */
	bool batch;
	bool requeue;		/* may be requeued */
	uint32_t restarts;
	void *message;		/* what the strings live in */
};

/* NOTFOUND, TRANSIENT, AUTH. */
int job_load(uint32_t id, struct job *job, struct err *err);
void job_clear(struct job *job);
#define cleanup_job __attribute__((cleanup(job_clear)))

/*
 * When a job's turn on a node began: slurmctld sets start_time when it gives
 * the job its nodes, and again when they are up. So whoever comes later has a
 * later turn, whatever his number; of one second the numbers decide. Who comes
 * in the very second of another one, with a smaller number, or after
 * slurmctld's clock was set back, may be passed over.
 */
struct job_turn {
	uint32_t id;		/* 0: none */
	int64_t start;		/* s */
};

/* Of the jobs that hold the node, the next one after that turn; zeros for the
 * first, and for none. Loads all jobs. TRANSIENT, AUTH. */
int job_of_node(const char *node, struct job_turn after, struct job_turn *next,
		struct err *err);

/*
 * Add a line to the job's admin_comment, unless it is there already. Where it
 * would pass JOB_COMMENT_MAX our oldest lines ("sclone: …") go; CAPACITY when
 * that is not enough. Slurm can only replace the comment, so another writer's
 * words between our read and write are lost. REFUSED when the job has ended,
 * or when a job_submit plugin of the site's does not let it be changed.
 */
int job_append_comment(uint32_t id, const char *text, struct err *err);

/* A message to the job's standard output (srun) or to its output file. REFUSED
 * when it has none, or has ended. */
int job_notify(uint32_t id, const char *text, struct err *err);

/*
 * Take a job away from its nodes and queue it again. Nothing happens to one
 * that does not hold this node or has ended. REFUSED when it must not be
 * requeued: srun, salloc, --no-requeue.
 */
int job_requeue(uint32_t id, const char *node, struct err *err);

/* End a job, as scancel does, likewise. */
int job_kill(uint32_t id, const char *node, struct err *err);

#endif
