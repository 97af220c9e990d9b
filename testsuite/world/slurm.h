/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slurm - the slurmctld of the world: nodes, jobs, power saving, as far as
 * sclone meets them (Slurm 22.05, idle_on_node_suspend, ResumeTimeout=120,
 * SuspendTimeout=60), in an exclusive partition or, see plan_is_shared(), in
 * one where two jobs fit on a node.
 */
#ifndef SCLONE_WORLD_SLURM_H
#define SCLONE_WORLD_SLURM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/rules/nodeview.h"
#include "vcenter.h"

#define SLURM_NODES 4
#define SLURM_JOBS 16
#define SLURM_RESUME_TIMEOUT 120	/* s */
#define SLURM_SUSPEND_TIMEOUT 60

struct slurm_node {
	enum node_base base;
	bool powering_up, powered_down, powering_down, power_down;
	bool drain, not_responding;
	char reason[NODEVIEW_REASON_SIZE];
	uint32_t resumed_for;		/* the job it was powered up for */
	char vm[VCENTER_ID_SIZE];	/* whose slurmd registered */
	int64_t booted;			/* its slurmd, true wall */
	int64_t boot_asked;		/* mono, us, like all here */
	int64_t going_since, idle_since, silent_since;
	uint64_t version;		/* of its last change */
	/* Not Slurm's: what the world knows. */
	char admin_reason[NODEVIEW_REASON_SIZE];	/* to be kept */
	int64_t given_up;	/* true wall: a suspend of then is forgotten */
	int64_t drained;	/* by the admin: mono, us */
	bool drain_told;	/* scloned was told of it */
	bool drain_known;	/* and kept it */
	bool drain_free;	/* slurmctld forgot, or brought back, a drain:
				 * nobody can say what is right */
};

enum job_state { JOB_NONE, JOB_PENDING, JOB_CONFIGURING, JOB_RUNNING };

struct slurm_job {
	uint32_t id;
	enum job_state state;
	unsigned width, nodes;		/* a bit for each of its nodes */
	bool requeues;			/* else it ends instead */
	bool prolog_done;
	bool told;			/* why its node failed */
	bool hasty;			/* started without scloned's word,
					 * which died all the time */
	int64_t not_before, length, ends;
	int64_t allocated;		/* mono, us */
	int64_t start;			/* start_time, s */
	unsigned run;			/* how often it was requeued */
};

void slurm_begin(void);

/* Once a second: scheduler, power saving, timeouts, people. */
void slurm_tick(void);

const char *slurm_node_name(int node);
int slurm_node_index(const char *name);	/* -1: none */
struct slurm_node *slurm_node(int node);
bool slurm_is_up(const struct slurm_node *node);
int64_t slurm_started(void);		/* wall, us */

/* Its partition gives a node to several jobs now. */
bool slurm_shares(void);

/* slurmctld does not answer now. */
bool slurm_is_away(void);

/* scloned was told of a node's drain. */
void slurm_told_drain(int node);

/* What scloned knew of drains that do not show is lost. */
void slurm_drains_forgotten(void);

/* A node has changed: its next version. */
void slurm_touch(struct slurm_node *node);

/* Power saving takes the node: SuspendProgram is started. */
void slurm_suspend(int node);

/* slurmctld takes the registration, or makes slurmd try again. */
bool slurm_register(struct machine_is *vm);

/* A VM is powered off, as was ordered then (mono, us): no job may run on it
 * that Slurm has not ended. */
void slurm_vm_taken(const struct machine_is *vm, int64_t sent);

/* --- jobs --- */

/* NULL: no such job, or it has ended. */
struct slurm_job *slurm_job(uint32_t id);

/* Those that have the node, by their numbers: the first one above that. */
struct slurm_job *slurm_job_on(int node, uint32_t above);

/* The next one whose turn came after that job's and start. */
struct slurm_job *slurm_job_after(int node, uint32_t id, int64_t start);

/* The node is lost to its jobs. */
void slurm_requeue_all(int node);

/* Walk: 0 .. SLURM_JOBS - 1. */
struct slurm_job *slurm_job_at(int index);

/* Back into the queue, or over; its nodes are free. */
void slurm_requeue(struct slurm_job *job);
void slurm_cancel(struct slurm_job *job);

/* Its prolog has ended, well or not. */
void slurm_prolog_done(struct slurm_job *job);
void slurm_prolog_failed(struct slurm_job *job);

/* Its nodes are up and its prolog is done: it may start. */
void slurm_try_start(struct slurm_job *job);

void slurm_submit(unsigned width, int64_t length);
void slurm_jobs_begin(void);
void slurm_jobs_tick(void);
unsigned slurm_jobs_left(void);
uint64_t slurm_jobs_run(void), slurm_jobs_told(void);

/* Save and bring back all jobs, with slurmctld's state. */
void slurm_jobs_save(void);
void slurm_jobs_restore(void);
void slurm_jobs_clear(void);

/* An old journal knows of failures that the jobs of today have been told of,
 * or that were another's: nothing tells. */
void slurm_jobs_forgive(void);

/* --- what scloned-slurm asks for --- */

/* An update of one node by the helper's verb. */
void slurm_update(const char *verb, int node, const char *reason,
		  uint32_t job, int64_t sent);

/* admin_comment_append, notify_job, requeue_job, kill_job. */
int slurm_update_job(const char *verb, uint32_t job, struct err *err);

#endif
