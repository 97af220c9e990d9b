/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "disk.h"
#include "front.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"

#define SUSPEND_TIME (300 * S)
#define SUSPEND_TIME_SHARED (40 * S)	/* nothing else ends them */
#define SLURMD_TIMEOUT (60 * S)
#define SAVE_TICKS 5

static const char *const names[SLURM_NODES] = { "vm1", "vm2", "vm3", "vm4" };
static struct slurm_node nodes[SLURM_NODES], saved[SLURM_NODES];
static uint64_t versions;
static int64_t away_until, started, shares_until;
static unsigned ticks;

const char *slurm_node_name(int node)
{
	return names[node];
}

int slurm_node_index(const char *name)
{
	for (int i = 0; i < SLURM_NODES; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

struct slurm_node *slurm_node(int node)
{
	return &nodes[node];
}

bool slurm_is_up(const struct slurm_node *node)
{
	return (node->base == NODE_IDLE || node->base == NODE_ALLOCATED) &&
	       !node->powering_up && !node->powered_down &&
	       !node->powering_down && !node->not_responding;
}

int64_t slurm_started(void)
{
	return started;
}

bool slurm_shares(void)
{
	return agenda_now() < shares_until;
}

bool slurm_is_away(void)
{
	return agenda_now() < away_until;
}

void slurm_touch(struct slurm_node *node)
{
	node->version = ++versions;
}

static void _clear(struct slurm_node *node)
{
	bool free = node->drain_free || *node->admin_reason;

	*node = (struct slurm_node) { .base = NODE_IDLE,
				      .powered_down = true,
				      .drain_free = free };
	slurm_touch(node);
}

void slurm_begin(void)
{
	memset(nodes, 0, sizeof(nodes));
	versions = 0;
	away_until = shares_until = 0;
	ticks = 0;
	started = agenda_wall() - 1000 * S;
	for (int i = 0; i < SLURM_NODES; i++)
		_clear(&nodes[i]);
	memcpy(saved, nodes, sizeof(saved));
	slurm_jobs_begin();
	slurm_jobs_save();
}

/* --- the admin's drains ------------------------------------------------- */

struct told {
	int node;
	unsigned process;
};

static bool _shows_drain(const struct slurm_node *node)
{
	return *node->admin_reason && node->drain &&
	       !strcmp(node->reason, node->admin_reason);
}

/* Whoever lives on for some seconds has committed what he saw. */
static void _has_kept(void *data)
{
	const struct told *told = data;

	if (told->process == process_number() && process_lives())
		nodes[told->node].drain_known = true;
}

void slurm_told_drain(int node)
{
	struct told told = { node, process_number() };

	/* Of a node that is not in sclone.conf nothing is kept. */
	if (!_shows_drain(&nodes[node]) || !process_lists(names[node]))
		return;
	nodes[node].drain_told = true;
	agenda_after(3 * S, _has_kept, &told, sizeof(told));
}

void slurm_drains_forgotten(void)
{
	for (int i = 0; i < SLURM_NODES; i++) {
		nodes[i].drain_known = false;
		if (*nodes[i].admin_reason && !_shows_drain(&nodes[i]))
			nodes[i].drain_free = true;
	}
}

/* --- power saving ------------------------------------------------------- */

void slurm_suspend(int i)
{
	struct slurm_node *node = &nodes[i];

	story("slurm", "%s is suspended", names[i]);
	if (*node->admin_reason &&
	    (!node->drain_known || !process_lists(names[i])))
		node->drain_free = true;	/* nobody can have seen it */
	node->base = NODE_IDLE;
	node->powering_up = node->power_down = node->powered_down = false;
	node->powering_down = true;
	node->drain = node->not_responding = false;	/* reason stays */
	*node->vm = '\0';
	node->going_since = agenda_now();
	slurm_touch(node);
	front_program(FRONT_SUSPEND, 1u << i, 0);
}

static void _power_up(int i)
{
	struct slurm_node *node = &nodes[i];
	const struct slurm_job *job = slurm_job_on(i, 0);

	node->powered_down = false;
	node->powering_up = true;
	node->boot_asked = agenda_now();
	node->resumed_for = job ? job->id : 0;
	*node->vm = '\0';
	slurm_touch(node);
}

/* Those that a job or an admin wants are resumed together. */
static void _resume_all(void)
{
	unsigned mask = 0;

	for (int i = 0; i < SLURM_NODES; i++) {
		if (nodes[i].base != NODE_ALLOCATED || !nodes[i].powered_down)
			continue;
		_power_up(i);
		story("slurm", "%s is resumed for job %u", names[i],
		      nodes[i].resumed_for);
		mask |= 1u << i;
	}
	if (mask)
		front_program(FRONT_RESUME, mask, 0);
}

/* Down, and for what. A drain of a node that is not in sclone.conf has nobody
 * who remembers it. */
static void _set_down(int i, const char *reason)
{
	struct slurm_node *node = &nodes[i];

	node->base = NODE_DOWN;
	node->not_responding = true;
	snprintf(node->reason, sizeof(node->reason), "%s", reason);
	if (*node->admin_reason && !process_lists(names[i]))
		node->drain_free = true;
	slurm_touch(node);
	slurm_requeue_all(i);
}

static void _boot_failed(int i)
{
	struct slurm_node *node = &nodes[i];

	story("slurm", "%s: ResumeTimeout reached", names[i]);
	node->powering_up = node->power_down = false;
	node->powered_down = true;
	_set_down(i, "ResumeTimeout reached");
	front_program(FRONT_RESUME_FAIL, 1u << i, 0);
}

static void _silent(int i)
{
	story("slurm", "%s: not responding", names[i]);
	_set_down(i, "Not responding");
}

static bool _answers(const struct slurm_node *node)
{
	const struct machine_is *vm = vcenter_by_id(node->vm);

	return vm && vm->on;
}

static bool _is_idle(const struct slurm_node *node)
{
	return node->base == NODE_IDLE && !node->powering_up &&
	       !node->powered_down && !node->powering_down;
}

static int64_t _suspend_time(void)
{
	return plan_is_shared() ? SUSPEND_TIME_SHARED : SUSPEND_TIME;
}

static void _tick_node(int i)
{
	struct slurm_node *node = &nodes[i];
	int64_t now = agenda_now();

	if (!slurm_is_up(node) || _answers(node))
		node->silent_since = now;
	else if (now - node->silent_since > SLURMD_TIMEOUT)
		_silent(i);
	if (!_is_idle(node))
		node->idle_since = now;
	if (node->powering_up &&
	    now - node->boot_asked > SLURM_RESUME_TIMEOUT * S) {
		_boot_failed(i);
	} else if (node->powering_down &&
		   now - node->going_since > SLURM_SUSPEND_TIMEOUT * S) {
		node->powering_down = false;
		node->powered_down = true;
		slurm_touch(node);
	} else if (!node->powering_down && !node->powering_up &&
		   node->base != NODE_ALLOCATED &&
		   (node->power_down ||
		    now - node->idle_since > _suspend_time())) {
		slurm_suspend(i);
	}
}

/* --- slurmd ------------------------------------------------------------- */

bool slurm_register(struct machine_is *vm)
{
	int i = slurm_node_index(vm->name);
	struct slurm_node *node = &nodes[i];
	struct slurm_job *job = NULL;

	if (slurm_is_away() || node->powering_down ||
	    (node->powering_up && vm->slurmd_since < node->boot_asked))
		return false;
	story("slurm", "%s registers from %s", names[i], vm->id);
	if (node->base == NODE_DOWN)
		node->base = NODE_IDLE;
	node->powering_up = node->powered_down = node->not_responding = false;
	memcpy(node->vm, vm->id, sizeof(node->vm));
	node->booted = agenda_true_wall() - agenda_now() + vm->slurmd_since;
	slurm_touch(node);
	while ((job = slurm_job_on(i, job ? job->id : 0)))
		slurm_try_start(job);
	return true;
}

/* What slurmctld gave up before it forgot that, it has to do without. The
 * fence in the guest is as good as scloned's clock. And a job that starts when
 * the order is on its way already is told by the node that is down. */
void slurm_vm_taken(const struct machine_is *vm, int64_t sent)
{
	for (int i = 0; i < SLURM_NODES; i++) {
		const struct slurm_job *job = NULL;

		if (strcmp(nodes[i].vm, vm->id) != 0 ||
		    agenda_is_confused() || nodes[i].powering_down ||
		    vm->born <= nodes[i].given_up)
			continue;
		while ((job = slurm_job_on(i, job ? job->id : 0)))
			if (job->state == JOB_RUNNING && !job->hasty &&
			    job->ends - job->length < sent)
				audit_wrong(names[i], "the VM of running job "
					    "%u is taken", job->id);
	}
}

/* --- slurmctld itself --------------------------------------------------- */

/* A node that is not powered down is asked to register again. */
static void _reach_nodes(void)
{
	struct machine_is *vm = NULL;

	while ((vm = vcenter_next(vm))) {
		int i = slurm_node_index(vm->name);

		if (i >= 0 && vm->on && vm->slurmd_since &&
		    !nodes[i].powered_down && !*nodes[i].vm)
			(void) slurm_register(vm);
	}
}

static void _come_back(void *data)
{
	(void) data;
	started = agenda_wall();
	away_until = 0;
	story("slurm", "slurmctld is back");
	_reach_nodes();
	for (int i = 0; i < SLURM_JOBS; i++)
		if (slurm_job_at(i)->state == JOB_CONFIGURING)
			front_prolog(slurm_job_at(i)->id);
}

static void _restore(void)
{
	for (int i = 0; i < SLURM_NODES; i++) {
		bool same = !strcmp(saved[i].admin_reason,
				    nodes[i].admin_reason);
		bool free = nodes[i].drain_free || !same;
		int64_t given_up = nodes[i].given_up;

		if (nodes[i].powering_down && !saved[i].powering_down)
			given_up = agenda_true_wall() - agenda_now() +
				   nodes[i].going_since;
		nodes[i] = saved[i];
		nodes[i].given_up = given_up;	/* forgotten once more, too */
		nodes[i].drain_free = free;
		slurm_touch(&nodes[i]);
	}
	slurm_jobs_restore();
}

static void _save(void)
{
	memcpy(saved, nodes, sizeof(saved));
	slurm_jobs_save();
}

static void _restart(void)
{
	int64_t away = dice_us(S, 20 * S);

	if (plan_strikes(FAULT_SLURM_FORGETS)) {
		story("slurm", "slurmctld dies and forgets some seconds");
		_restore();
	} else if (plan_strikes(FAULT_SLURM_CLEAN)) {
		story("slurm", "slurmctld is started with -c");
		for (int i = 0; i < SLURM_NODES; i++)
			_clear(&nodes[i]);
		slurm_jobs_clear();
		_save();
	} else if (plan_strikes(FAULT_SLURM_RESTART)) {
		story("slurm", "slurmctld is restarted");
	} else {
		return;
	}
	away_until = agenda_now() + away;
	agenda_after(away, _come_back, NULL, 0);
}

/* --- people ------------------------------------------------------------- */

static void _drain(int i)
{
	struct slurm_node *node = &nodes[i];

	if (*node->admin_reason || node->drain || node->base == NODE_DOWN)
		return;
	story("people", "%s is drained", names[i]);
	node->drain = true;
	node->drained = agenda_now();
	node->drain_free = node->drain_told = node->drain_known = false;
	snprintf(node->reason, sizeof(node->reason), "bad memory");
	snprintf(node->admin_reason, sizeof(node->admin_reason),
		 "bad memory");
	slurm_touch(node);
}

/* scontrol update state=resume, by somebody who sees the drain: his own, or
 * one of sclone's that waits for a human. */
static void _undrain(int i)
{
	struct slurm_node *node = &nodes[i];

	if (!node->drain || failure_is_passing(node->reason) ||
	    vcenter_by_name(names[i]))
		return;
	story("people", "%s is resumed", names[i]);
	node->drain = node->drain_free = false;
	if (node->base == NODE_DOWN) {
		node->base = NODE_IDLE;
		node->not_responding = true;
	}
	*node->reason = *node->admin_reason = '\0';
	slurm_touch(node);
}

static void _people(void)
{
	int i = (int) dice(SLURM_NODES);
	struct slurm_node *node = &nodes[i];

	if (plan_strikes(FAULT_DRAIN))
		_drain(i);
	else if (failure_is_ours(node->reason) || node->drain_free ||
		 dice_permille(20))
		_undrain(i);
	if (plan_strikes(FAULT_POWER_UP) && node->powered_down &&
	    node->base == NODE_IDLE) {
		story("people", "%s is powered up by hand", names[i]);
		_power_up(i);
		front_program(FRONT_RESUME, 1u << i, 0);
	}
	if (plan_strikes(FAULT_POWER_DOWN) && !node->powering_down) {
		story("people", "%s is powered down by hand", names[i]);
		slurm_update("power_down", i, NULL, 0, agenda_now());
	}
	if (plan_strikes(FAULT_SHARES)) {
		story("people", "the partition shares its nodes");
		shares_until = agenda_now() + dice_us(S, 100 * S);
	}
	if (plan_is_peace())
		shares_until = 0;
}

void slurm_tick(void)
{
	if (slurm_is_away())
		return;
	for (int i = 0; i < SLURM_NODES; i++)
		_tick_node(i);
	slurm_jobs_tick();
	_resume_all();
	_people();
	if (++ticks % SAVE_TICKS == 0)
		_save();
	_restart();
}
