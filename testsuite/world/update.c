/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an update does to a node of the world; see slurm.h. */
#include <stdio.h>
#include <string.h>

#include "common/rules/failure.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "story.h"

/* POWER_DOWN: at once when the node is idle or down, else after its job. */
static void _power_down(struct slurm_node *node)
{
	if (!node->powering_down)
		node->power_down = true;
}

static void _force_down(int i, struct slurm_node *node)
{
	slurm_requeue_all(i);
	if (!node->powering_down)
		slurm_suspend(i);
}

static void _set_down(int i, struct slurm_node *node, const char *reason)
{
	slurm_requeue_all(i);
	node->base = NODE_DOWN;
	snprintf(node->reason, sizeof(node->reason), "%s", reason);
}

/* A drain that came after the update was sent goes with it: slurmctld knows
 * no condition. */
static void _clear_drain(struct slurm_node *node, int64_t sent)
{
	if (*node->admin_reason && node->drained > sent)
		node->drain_free = true;
	node->drain = false;
	*node->reason = '\0';
}

/* NODE_RESUME also clears a drain, and makes a node that was down wait for
 * its slurmd. */
static void _resume(int i, struct slurm_node *node, int64_t sent)
{
	if (node->powering_down && node->going_since < sent &&
	    vcenter_clones(slurm_node_name(i)))
		audit_wrong(slurm_node_name(i),
			    "the name is freed while a clone is made");
	if (node->base == NODE_DOWN) {
		node->base = NODE_IDLE;
		node->not_responding = true;
	}
	if (node->powering_down) {
		node->powering_down = false;
		node->powered_down = true;
	}
	_clear_drain(node, sent);
}

/* All of them, but who came while the others were told. */
static void _audit_shared(int i, int64_t sent)
{
	const struct slurm_job *job = NULL;

	while ((job = slurm_job_on(i, job ? job->id : 0)))
		if (!job->told && job->allocated < sent - 3 * S)
			audit_wrong(slurm_node_name(i), "job %u shares the "
				    "node, loses it and is not told", job->id);
}

/*
 * The node was powered up for a later job than the one that failed, or is
 * up. (A job can be given a node that boots for another one, or for nobody;
 * when that fails, it has to go.)
 */
static void _audit_failure(int i, const struct slurm_node *node,
			   uint32_t job, int64_t sent)
{
	const struct slurm_job *now = slurm_job_on(i, 0);

	if (!process_lists(slurm_node_name(i)))
		return;		/* nobody says whether it is shared */
	if (plan_is_shared()) {
		_audit_shared(i, sent);
		return;
	}
	if (now && job && now->id != job && now->allocated < sent - 3 * S &&
	    (slurm_is_up(node) || node->resumed_for == now->id))
		audit_wrong(slurm_node_name(i), "job %u pays for the failure "
			    "of job %u", now->id, job);
	/* Sent before the job was given the node, it is of an earlier try. */
	if (now && job == now->id && !now->told && now->allocated < sent)
		audit_wrong(slurm_node_name(i), "job %u loses its node and "
			    "is not told", now->id);
}

static struct machine_is *_clone_of(int i)
{
	struct machine_is *vm = vcenter_by_name(slurm_node_name(i));

	/* Nothing proves that one without its key is ours. */
	return vm && vm->epoch && *vm->owner ? vm : NULL;
}

void slurm_update(const char *verb, int i, const char *reason, uint32_t job,
		  int64_t sent)
{
	struct slurm_node *node = slurm_node(i);

	story("slurm", "%s: %s %s", slurm_node_name(i), verb,
	      reason ? reason : "");
	slurm_touch(node);
	if (!strcmp(verb, "mark") || !strcmp(verb, "power_down")) {
		_power_down(node);
	} else if (!strcmp(verb, "force_down")) {
		_audit_failure(i, node, job, sent);
		_force_down(i, node);
	} else if (!strcmp(verb, "set_down")) {
		_audit_failure(i, node, job, sent);
		_set_down(i, node, reason);
	} else if (!strcmp(verb, "node_resume")) {
		const struct machine_is *vm = _clone_of(i);

		/* One that is carried out late can meet another cycle. */
		if (vm && !vm->late && node->powering_down &&
		    node->going_since < sent)
			audit_wrong(slurm_node_name(i),
				    "the name is freed with %s there", vm->id);
		_resume(i, node, sent);
	} else if (!strcmp(verb, "drain")) {
		if (*node->admin_reason && !node->drain_told)
			node->drain_free = true; /* since the look */
		node->drain = true;
		snprintf(node->reason, sizeof(node->reason), "%s", reason);
	} else if (!strcmp(verb, "undrain") || !strcmp(verb, "give_back")) {
		_clear_drain(node, sent);
	}
}
