/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jobs of the world's slurmctld; see slurm.h. */
#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "fake_server.h"
#include "front.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"

#define REQUEUE_PAUSE (20 * S)
#define LAUNCH_TICK 30		/* s: configuring jobs are looked at */

static struct slurm_job jobs[SLURM_JOBS], saved[SLURM_JOBS];
static uint32_t last_id;
static uint64_t run, told;
static unsigned ticks;

void slurm_jobs_begin(void)
{
	memset(jobs, 0, sizeof(jobs));
	last_id = 0;
	ticks = 0;
}

struct slurm_job *slurm_job_at(int index)
{
	return &jobs[index];
}

struct slurm_job *slurm_job(uint32_t id)
{
	for (int i = 0; id && i < SLURM_JOBS; i++)
		if (jobs[i].state != JOB_NONE && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

struct slurm_job *slurm_job_on(int node, uint32_t above)
{
	struct slurm_job *first = NULL;

	for (int i = 0; i < SLURM_JOBS; i++) {
		struct slurm_job *job = &jobs[i];

		if (job->state != JOB_NONE && job->nodes & 1u << node &&
		    job->id > above && (!first || job->id < first->id))
			first = job;
	}
	return first;
}

static bool _is_before(const struct slurm_job *job, uint32_t id,
		       int64_t start)
{
	return job->start < start || (job->start == start && job->id < id);
}

struct slurm_job *slurm_job_after(int node, uint32_t id, int64_t start)
{
	struct slurm_job *next = NULL, *job = NULL;

	while ((job = slurm_job_on(node, job ? job->id : 0)))
		if ((job->id != id || job->start != start) &&
		    !_is_before(job, id, start) &&
		    (!next || _is_before(job, next->id, next->start)))
			next = job;
	return next;
}

unsigned slurm_jobs_left(void)
{
	unsigned left = 0;

	for (int i = 0; i < SLURM_JOBS; i++)
		left += jobs[i].state != JOB_NONE;
	return left;
}

uint64_t slurm_jobs_run(void)
{
	return run;
}

uint64_t slurm_jobs_told(void)
{
	return told;
}

void slurm_jobs_save(void)
{
	memcpy(saved, jobs, sizeof(saved));
}

/* A job that was told was told, even if slurmctld has forgotten the comment:
 * what it confirms it is believed to keep. One that had ended and is back was
 * done with. */
void slurm_jobs_restore(void)
{
	for (int i = 0; i < SLURM_JOBS; i++) {
		const struct slurm_job *job = slurm_job(saved[i].id);

		saved[i].told |= !job || job->told;
	}
	memcpy(jobs, saved, sizeof(jobs));
}

/* The numbers go on, as with FirstJobId=: one that is used twice cannot be
 * told apart. */
void slurm_jobs_clear(void)
{
	memset(jobs, 0, sizeof(jobs));
}

void slurm_jobs_forgive(void)
{
	for (int i = 0; i < SLURM_JOBS; i++)
		jobs[i].told |= jobs[i].nodes != 0;
}

void slurm_submit(unsigned width, int64_t length)
{
	for (int i = 0; i < SLURM_JOBS; i++) {
		if (jobs[i].state != JOB_NONE)
			continue;
		jobs[i] = (struct slurm_job) {
			.id = ++last_id, .state = JOB_PENDING,
			.width = width, .length = length,
			.requeues = dice(4) > 0 };
		return;
	}
}

/* --- ends --------------------------------------------------------------- */

static void _leave_nodes(struct slurm_job *job)
{
	unsigned left = job->nodes;

	server_hang_up(job->id, left);
	job->nodes = 0;
	job->prolog_done = false;
	for (int i = 0; i < SLURM_NODES; i++) {
		struct slurm_node *node = slurm_node(i);

		if (!(left & 1u << i))
			continue;
		if (node->base == NODE_ALLOCATED && !slurm_job_on(i, 0))
			node->base = NODE_IDLE;
		slurm_touch(node);
	}
}

void slurm_requeue(struct slurm_job *job)
{
	_leave_nodes(job);
	if (!job->requeues) {
		job->state = JOB_NONE;
		return;
	}
	story("slurm", "job %u is requeued", job->id);
	job->state = JOB_PENDING;
	job->not_before = agenda_now() + REQUEUE_PAUSE;
	job->run++;
}

void slurm_requeue_all(int node)
{
	struct slurm_job *job;

	while ((job = slurm_job_on(node, 0)))
		slurm_requeue(job);
}

void slurm_cancel(struct slurm_job *job)
{
	_leave_nodes(job);
	job->state = JOB_NONE;
}

/* --- starts ------------------------------------------------------------- */

/* There is one job on a shared node, and another one fits. */
static bool _has_room(int i)
{
	const struct slurm_job *job = slurm_job_on(i, 0);

	return plan_is_shared() && slurm_node(i)->base == NODE_ALLOCATED &&
	       job && !slurm_job_on(i, job->id);
}

static bool _is_free(int i)
{
	const struct slurm_node *node = slurm_node(i);

	return (node->base == NODE_IDLE || _has_room(i)) &&
	       !node->powering_down && !node->power_down && !node->drain &&
	       !node->not_responding;
}

static void _allocate(struct slurm_job *job, unsigned nodes)
{
	job->state = JOB_CONFIGURING;
	job->nodes = nodes;
	job->prolog_done = job->told = job->hasty = false;
	job->allocated = agenda_now();
	job->start = agenda_true_wall() / S;
	for (int i = 0; i < SLURM_NODES; i++) {
		struct slurm_node *node = slurm_node(i);

		if (!(nodes & 1u << i))
			continue;
		story("slurm", "%s is allocated to job %u",
		      slurm_node_name(i), job->id);
		node->base = NODE_ALLOCATED;
		slurm_touch(node);
	}
	front_prolog(job->id);
}

static void _schedule(struct slurm_job *job)
{
	unsigned nodes = 0, found = 0;
	unsigned first = (unsigned) dice(SLURM_NODES);

	for (unsigned k = 0; k < SLURM_NODES && found < job->width; k++) {
		unsigned i = (first + k) % SLURM_NODES;

		if (!_is_free((int) i))
			continue;
		nodes |= 1u << i;
		found++;
	}
	if (found == job->width)
		_allocate(job, nodes);
}

static void _start_on(const struct slurm_job *job, int i)
{
	const struct slurm_node *node = slurm_node(i);
	struct machine_is *vm = vcenter_by_id(node->vm);

	if (!vm || !vm->on)
		return;		/* slurmd will not answer */
	vm->unwatched |= !process_lists(slurm_node_name(i));
	if (vm->served && vm->served != job->id && !plan_is_shared() &&
	    !vm->unwatched)
		audit_wrong(slurm_node_name(i), "job %u starts on %s, which "
			    "job %u has used", job->id, vm->id, vm->served);
	vm->served = job->id;
}

void slurm_try_start(struct slurm_job *job)
{
	if (job->state != JOB_CONFIGURING || !job->prolog_done)
		return;
	for (int i = 0; i < SLURM_NODES; i++)
		if (job->nodes & 1u << i && !slurm_is_up(slurm_node(i)))
			return;
	story("slurm", "job %u starts", job->id);
	job->state = JOB_RUNNING;
	job->start = agenda_true_wall() / S;
	job->ends = agenda_now() + job->length;
	run++;
	for (int i = 0; i < SLURM_NODES; i++)
		if (job->nodes & 1u << i)
			_start_on(job, i);
}

void slurm_prolog_done(struct slurm_job *job)
{
	job->prolog_done = true;
	slurm_try_start(job);
}

void slurm_prolog_failed(struct slurm_job *job)
{
	story("slurm", "the prolog of job %u has failed", job->id);
	slurm_requeue(job);
}

static void _tick_job(struct slurm_job *job)
{
	if (job->state == JOB_PENDING && agenda_now() >= job->not_before)
		_schedule(job);
	else if (job->state == JOB_CONFIGURING && ticks % LAUNCH_TICK == 0)
		slurm_try_start(job);
	else if (job->state == JOB_RUNNING && agenda_now() >= job->ends)
		slurm_cancel(job);
	else if (job->state == JOB_RUNNING && plan_strikes(FAULT_REQUEUE))
		slurm_requeue(job);
	else if (job->state == JOB_CONFIGURING && plan_strikes(FAULT_CANCEL)) {
		story("people", "job %u is cancelled", job->id);
		slurm_cancel(job);
	}
}

void slurm_jobs_tick(void)
{
	ticks++;
	for (int i = 0; i < SLURM_JOBS; i++)
		_tick_job(&jobs[i]);
	if (!plan_is_peace() && dice_permille(200) &&
	    slurm_jobs_left() < (plan_is_shared() ? 6 : 3))
		slurm_submit(1 + (unsigned) dice(2), dice_us(S, 60 * S));
}

/* --- what scloned-slurm does to jobs ------------------------------------ */

int slurm_update_job(const char *verb, uint32_t id, struct err *err)
{
	struct slurm_job *job = slurm_job(id);

	if (!job)
		return err_set(err, ERR_NOTFOUND, "no job %u", id);
	if (!strcmp(verb, "kill_job")) {
		slurm_cancel(job);
		return 0;
	}
	if (strcmp(verb, "requeue_job") != 0) {
		if (!job->told)
			told++;
		job->told = true;
		return 0;
	}
	if (!job->requeues || job->state == JOB_PENDING)
		return err_set(err, ERR_REFUSED, "job %u cannot be requeued",
			       id);
	slurm_requeue(job);
	return 0;
}
