/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_times - slurm.conf: times and rates, also against the history. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "check.h"

#define RESUME_SPARE_S 30	/* for a second try of a clone */
#define SUSPEND_LEAST_S 30

/*
 * A time may stand in each partition; where it does not, the global one
 * holds. Call back with each value that holds for our nodes and its name.
 */
typedef void time_fn(const struct facts *facts, const char *name,
		     int64_t seconds, struct findings *out);

static void _each_time(const struct facts *facts, const char *key,
		       int64_t global, size_t offset, time_fn *judge,
		       struct findings *out)
{
	const struct facts_slurm *slurm = &facts->slurm;
	size_t own = 0;

	for (size_t i = 0; i < slurm->partition_count; i++) {
		const struct facts_partition *partition =
			&slurm->partitions[i];
		int64_t seconds = *(const int64_t *)
			((const char *) partition + offset);
		char name[FACTS_NAME_SIZE];

		if (!seconds)
			continue;
		own++;
		snprintf(name, sizeof(name), "%s of partition %s", key,
			 partition->name);
		judge(facts, name, seconds, out);
	}
	if (!own || own < slurm->partition_count)
		judge(facts, key, global, out);
}

/* --- ResumeTimeout ------------------------------------------------------ */

static void _judge_resume(const struct facts *facts, const char *name,
			  int64_t seconds, struct findings *out)
{
	int64_t margin = (int64_t) config_global(facts->config)->margin;
	int64_t slowest = facts->daemon.slowest_clone_ms;

	if (seconds == FACTS_FOREVER)
		findings_warn(out, "%s never ends, so that a job waits for "
			      "ever for a clone that does not come; set 120",
			      name);
	else if (seconds <= margin)
		findings_fail(out, "DeadlineMargin=%" PRId64 "s leaves "
			      "nothing of %s=%" PRId64 " for a clone; set 120",
			      margin, name, seconds);
	else if (facts->daemon.clones &&
		 slowest > (seconds - margin) * 1000)
		findings_warn(out, "the slowest of the last %zu clones took "
			      "%" PRId64 " s, but %s=%" PRId64 " less "
			      "DeadlineMargin=%" PRId64 "s; set at least %"
			      PRId64, facts->daemon.clones,
			      slowest / 1000, name, seconds, margin,
			      2 * slowest / 1000 + margin);
	else if (seconds - margin < RESUME_SPARE_S)
		findings_warn(out, "%s=%" PRId64 " less DeadlineMargin=%"
			      PRId64 "s leaves no time to try a failed clone "
			      "again; set 120", name, seconds, margin);
}

static void _resume_timeout(const struct facts *facts, struct findings *out)
{
	_each_time(facts, "ResumeTimeout", facts->slurm.resume_timeout,
		   offsetof(struct facts_partition, resume_timeout),
		   _judge_resume, out);
}

/* --- SuspendTimeout ------------------------------------------------------ */

static void _judge_suspend(const struct facts *facts, const char *name,
			   int64_t seconds, struct findings *out)
{
	int64_t slowest = facts->daemon.slowest_release_ms;

	if (facts->daemon.releases && slowest > seconds * 1000)
		findings_warn(out, "the slowest of the last %zu releases took "
			      "%" PRId64 " s, longer than %s=%" PRId64
			      "; set at least %" PRId64,
			      facts->daemon.releases, slowest / 1000, name,
			      seconds, 2 * slowest / 1000 + 1);
	else if (seconds < SUSPEND_LEAST_S)
		findings_warn(out, "%s=%" PRId64 ": a node whose VM is not "
			      "proven gone by then is drained; set 60", name,
			      seconds);
}

static void _suspend_timeout(const struct facts *facts, struct findings *out)
{
	_each_time(facts, "SuspendTimeout", facts->slurm.suspend_timeout,
		   offsetof(struct facts_partition, suspend_timeout),
		   _judge_suspend, out);
}

/* --- SuspendTime --------------------------------------------------------- */

typedef void say_fn(struct findings *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* From 26.05 on a NodeName line may have it, which nobody tells us. */
static bool _may_be_elsewhere(const struct facts *facts)
{
	return facts->slurm.version >= 2605;
}

static const char *_elsewhere(const struct facts *facts)
{
	return _may_be_elsewhere(facts)
		? ", unless the nodes' NodeName= lines have one" : "";
}

/* Nodes that slurmctld suspends only when it is told to. Those for tests are:
 * scloned does it. */
static void _never(const struct facts *facts, int isolation,
		   struct check_names *names)
{
	for (size_t i = 0; i < facts->slurm.node_count; i++) {
		const struct facts_node *node = &facts->slurm.nodes[i];

		if (node->set->isolation == isolation &&
		    !node->set->is_test && node->is_listed &&
		    node->suspend_time == FACTS_FOREVER)
			check_names_add(names, node->name);
	}
}

static void _end_shared(const struct facts *facts, struct findings *out)
{
	cleanup_check_names struct check_names names = { 0 };
	say_fn *say = _may_be_elsewhere(facts) ? findings_warn
					       : findings_fail;

	_never(facts, ISOLATION_SHARED, &names);
	if (check_names_count(&names))
		say(out, "%s have none that ends%s: their VMs, which jobs "
		    "share, live for ever; set SuspendTime=300 in the "
		    "PartitionName= lines that list them, of which the "
		    "longest time counts", check_names_print(&names),
		    _elsewhere(facts));
}

static void _end_single(const struct facts *facts, struct findings *out)
{
	cleanup_check_names struct check_names names = { 0 };

	_never(facts, ISOLATION_JOB, &names);
	if (check_names_count(&names))
		findings_warn(out, "%s have none that ends%s: a VM to which "
			      "no job comes, as after scontrol power up, "
			      "lives for ever; set SuspendTime=300 in the "
			      "PartitionName= lines that list them, of which "
			      "the longest time counts",
			      check_names_print(&names), _elsewhere(facts));
}

/* slurmctld suspends every idle node, whoever its SuspendProgram is for. */
static void _spare_others(const struct facts *facts, struct findings *out)
{
	const struct facts_slurm *slurm = &facts->slurm;
	const struct facts_machine *machine = &slurm->machine;

	if (!*machine->name || *slurm->exc_nodes || *slurm->exc_parts ||
	    config_global(facts->config)->chain_suspend)
		return;
	if (!*machine->rule.partition)
		findings_warn(out, "it is %" PRId64 " for all nodes, so that "
			      "slurmctld takes %s and others that are no "
			      "clones for powered down once they have been "
			      "idle for so long; set it for the partitions "
			      "of the clones alone, or SuspendExcNodes=",
			      machine->rule.seconds, machine->name);
	else
		findings_warn(out, "partition %s has %" PRId64 " also for %s,"
			      " which is no clone: slurmctld takes it for "
			      "powered down once it has been idle for so "
			      "long; name such nodes in SuspendExcNodes=, "
			      "or give the clones a partition of their own "
			      "and take it out of this one",
			      machine->rule.partition, machine->rule.seconds,
			      machine->name);
}

static void _suspend_time(const struct facts *facts, struct findings *out)
{
	say_fn *say = _may_be_elsewhere(facts) ? findings_warn
					       : findings_fail;

	if (!facts->slurm.saves_power) {
		say(out, "it is not set, so that power saving is off%s; set "
		    "SuspendTime=300 in PartitionName= lines of the clones",
		    _elsewhere(facts));
		return;
	}
	_end_shared(facts, out);
	_end_single(facts, out);
	_spare_others(facts, out);
}

/* --- the prolog, rates -------------------------------------------------- */

static void _judge_prolog(const struct facts *facts, const char *name,
			  int64_t seconds, struct findings *out)
{
	int64_t prolog = facts->slurm.prolog_timeout;

	if (prolog != FACTS_FOREVER && prolog <= seconds)
		findings_fail(out, "it is %" PRId64 ", and sclone-prolog may "
			      "wait up to %s=%" PRId64 ", so that the job "
			      "would not run; set %" PRId64 " or leave it out",
			      prolog, name, seconds, seconds + 60);
}

static void _prolog_timeout(const struct facts *facts, struct findings *out)
{
	_each_time(facts, "ResumeTimeout", facts->slurm.resume_timeout,
		   offsetof(struct facts_partition, resume_timeout),
		   _judge_prolog, out);
}

static void _rate(const char *key, int64_t rate, struct findings *out)
{
	if (rate)
		findings_warn(out, "%s=%" PRId64 " holds nodes back; set %s=0,"
			      " Lanes= in sclone.conf bounds the load", key,
			      rate, key);
}

static void _rates(const struct facts *facts, struct findings *out)
{
	_rate("ResumeRate", facts->slurm.resume_rate, out);
	_rate("SuspendRate", facts->slurm.suspend_rate, out);
}

const struct check check_times_table[] = {
	{ "ResumeTimeout", "long enough for clones", CHECK_SLURM,
	  _resume_timeout },
	{ "SuspendTimeout", "long enough for releases", CHECK_SLURM,
	  _suspend_timeout },
	{ "SuspendTime", "set for clones", CHECK_SLURM, _suspend_time },
	{ "PrologEpilogTimeout", "longer than a wait for clones",
	  CHECK_SLURM, _prolog_timeout },
	{ "rates", "unlimited", CHECK_SLURM, _rates },
	{ .topic = NULL },
};
