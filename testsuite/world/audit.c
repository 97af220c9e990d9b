/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/rules/failure.h"
#include "scloned/daemon.h"
#include "tap.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "front.h"
#include "process.h"
#include "slurm.h"
#include "vcenter.h"

#define EPOCHS_MAX 4096

/* A node's clones: asked for, and recorded as gone. */
struct past {
	uint64_t epochs[EPOCHS_MAX];
	bool recorded[EPOCHS_MAX];
	bool made[EPOCHS_MAX];
	int count;
	uint64_t shown;		/* the last epoch of the process */
	unsigned process;
};

static struct past pasts[SLURM_NODES];
static uint64_t seed;
static bool wrong;
static unsigned wrongs;

void audit_begin(uint64_t new_seed)
{
	for (int i = 0; i < SLURM_NODES; i++)
		pasts[i].count = 0;
	seed = new_seed;
	wrong = false;
}

void audit_wrong(const char *node, const char *fmt, ...)
{
	const struct record *rec = process_record(node);
	char text[400];
	va_list args;

	if (wrong)
		return;
	wrong = true;
	wrongs++;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag("WRONG: seed %llu, %.3f s, %s (%s, %s): %s",
	     (unsigned long long) seed, (double) agenda_now() / S, node,
	     rec ? record_phase_name(rec->phase) : "-",
	     rec ? record_release_name(rec->release) : "-", text);
}

bool audit_is_wrong(void)
{
	return wrong;
}

unsigned audit_wrongs(void)
{
	return wrongs;
}

void audit_submit(const char *node, uint64_t epoch)
{
	struct past *past = &pasts[slurm_node_index(node)];
	uint64_t last = past->count ? past->epochs[past->count - 1] : 0;

	if (epoch == last)
		audit_wrong(node, "a second submit in epoch %llu",
			    (unsigned long long) epoch);
	else if (epoch < last)
		audit_wrong(node, "epoch %llu after %llu",
			    (unsigned long long) epoch,
			    (unsigned long long) last);
	if (past->count == EPOCHS_MAX)
		return;
	past->recorded[past->count] = false;
	past->epochs[past->count++] = epoch;
}

void audit_record(const struct record *rec)
{
	if (rec->phase == PHASE_ABSENT && !rec->recorded && rec->epoch)
		audit_wrong(rec->node, "absent without a record of it");
	if (rec->last_epoch < rec->epoch)
		audit_wrong(rec->node, "the epoch is higher than the last");
}

void audit_recorded(const char *node, uint64_t epoch)
{
	struct past *past = &pasts[slurm_node_index(node)];
	const struct machine_is *vm = NULL;

	for (int i = past->count - 1; i >= 0; i--)
		if (past->epochs[i] == epoch)
			past->recorded[i] = true;
	while ((vm = vcenter_next(vm)))
		if (vm->epoch == epoch && !vm->late && !strcmp(vm->name, node))
			audit_wrong(node, "%s is recorded as gone, but it is "
				    "there", vm->id);
}

/* --- the end ------------------------------------------------------------ */

static void _end_node(int i)
{
	const struct slurm_node *node = slurm_node(i);
	const char *name = slurm_node_name(i);
	const struct record *rec = process_record(name);
	bool kept = *node->admin_reason && !node->drain_free;

	if (rec && rec->phase != PHASE_ABSENT)
		audit_wrong(name, "a release is lost: %s %s %s",
			    rec->refusal, rec->error, rec->why);
	if (rec && *rec->quarantine)
		audit_wrong(name, "still in quarantine");
	if (rec && (rec->tell || rec->settle || rec->next.used))
		audit_wrong(name, "something is left to be told");
	if (node->base != NODE_IDLE || !node->powered_down ||
	    node->powering_down || node->powering_up || node->not_responding)
		audit_wrong(name, "the node is not back in service: %d%s%s%s"
			    "%s%s %s", node->base,
			    node->powering_up ? " powering up" : "",
			    node->powered_down ? " powered down" : "",
			    node->powering_down ? " powering down" : "",
			    node->power_down ? " marked" : "",
			    node->not_responding ? " silent" : "",
			    node->reason);
	if (kept && (!node->drain ||
		     strcmp(node->reason, node->admin_reason) != 0))
		audit_wrong(name, "the admin's drain is forgotten (%s%s)",
			    node->drain ? "drained: " : "", node->reason);
	if (!*node->admin_reason && !node->drain_free && node->drain &&
	    !vcenter_by_name(name))
		audit_wrong(name, "a drain is left: %s", node->reason);
}

static void _end_planner(void)
{
	struct daemon *daemon = process_daemon();

	for (size_t i = 0; daemon && i < VCENTER_SOURCES; i++)
		if (planner_in_flight(daemon->planner, i))
			audit_wrong("planner", "%zu lanes of source %zu leak",
				    planner_in_flight(daemon->planner, i), i);
}

void audit_end(void)
{
	const struct machine_is *vm = NULL;

	/* Nothing proves that one without its key is ours, once its epoch is
	 * over. */
	while ((vm = vcenter_next(vm)))
		if (vm->epoch && *vm->owner)
			audit_wrong(vm->name, "%s is an orphan%s%s", vm->id,
				    vm->on ? ", and it runs" : "",
				    *vm->owner ? "" : ", without owner key");
	for (int i = 0; i < SLURM_NODES; i++)
		_end_node(i);
	_end_planner();
	if (front_spooled())
		audit_wrong("spool", "%u requests are left", front_spooled());
	if (slurm_jobs_left())
		audit_wrong("slurm", "%u jobs did not end",
			    slurm_jobs_left());
}
