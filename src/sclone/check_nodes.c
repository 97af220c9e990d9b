/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_nodes - slurm.conf: our nodes, and the partitions that hold them. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"

#define REG_MEM_PERCENT 90	/* slurmctld's default for CLOUD nodes */

/* --- partitions --------------------------------------------------------- */

static void _partitions(const struct facts *facts, struct findings *out)
{
	if (!facts->slurm.partition_count)
		findings_fail(out, "none holds a node of sclone.conf, so that "
			      "no job can ask for one; add the nodes to a "
			      "partition");
}

/* What scloned goes by, too: it makes no clones for what fails here. */
static void _isolated(const struct facts *facts, enum isolation_flaw flaw,
		      struct findings *out)
{
	const struct isolation_cluster *cluster = &facts->slurm.cluster;

	for (size_t i = 0; i < facts->slurm.partition_count; i++) {
		const struct facts_partition *partition =
			&facts->slurm.partitions[i];
		char text[ISOLATION_TEXT_SIZE];

		if (!partition->has_job ||
		    !(isolation_flaws(cluster, &partition->gives) &
		      1u << flaw))
			continue;
		isolation_say(cluster, &partition->gives, flaw, text);
		findings_fail(out, "%s", text);
	}
}

static void _exclusive(const struct facts *facts, struct findings *out)
{
	_isolated(facts, ISOLATION_SHARES, out);
}

static void _preempt(const struct facts *facts, struct findings *out)
{
	_isolated(facts, ISOLATION_STOPS, out);
}

static void _power_down(const struct facts *facts, struct findings *out)
{
	if (facts->slurm.version < 2302) {
		findings_ok(out, "scloned marks the nodes of each job itself");
		return;
	}
	_isolated(facts, ISOLATION_KEEPS, out);
	for (size_t i = 0; i < facts->slurm.partition_count; i++) {
		const struct facts_partition *partition =
			&facts->slurm.partitions[i];

		if (partition->has_shared && !partition->has_job &&
		    partition->gives.power_down_on_idle)
			findings_warn(out, "partition %s powers a node down "
				      "after its last job, so that no other "
				      "one finds it up; set PowerDownOnIdle="
				      "NO", partition->name);
	}
}

static bool _set_names(const struct facts *facts, const char *partition)
{
	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);

		for (size_t i = 0; i < set->partition_count; i++)
			if (!strcmp(set->partitions[i], partition))
				return true;
	}
	return false;
}

static bool _in_slurm(const struct facts *facts, const char *partition)
{
	for (size_t i = 0; i < facts->slurm.partition_count; i++)
		if (!strcmp(facts->slurm.partitions[i].name, partition))
			return true;
	return false;
}

/* Partitions= is what job_submit/sclone goes by; it may be left out. */
static void _submit(const struct facts *facts, struct findings *out)
{
	bool any = false;

	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);

		any |= set->partition_count > 0;
		for (size_t i = 0; i < set->partition_count; i++)
			if (!_in_slurm(facts, set->partitions[i]))
				findings_warn(out, "sclone.conf:%u: in Slurm "
					      "no partition %s holds nodes "
					      "of sclone.conf; correct "
					      "Partitions=", set->line,
					      set->partitions[i]);
	}
	for (size_t i = 0; any && i < facts->slurm.partition_count; i++)
		if (!_set_names(facts, facts->slurm.partitions[i].name))
			findings_warn(out, "jobs in partition %s pass "
				      "job_submit/sclone unchecked; add it "
				      "to Partitions= in sclone.conf",
				      facts->slurm.partitions[i].name);
}

/* --- nodes -------------------------------------------------------------- */

static void _known(const struct facts *facts, struct findings *out)
{
	cleanup_check_names struct check_names missing = { 0 };
	cleanup_check_names struct check_names solid = { 0 };

	for (size_t i = 0; i < facts->slurm.node_count; i++) {
		const struct facts_node *node = &facts->slurm.nodes[i];

		if (!node->found)
			check_names_add(&missing, node->name);
		else if (!node->is_cloud)
			check_names_add(&solid, node->name);
	}
	if (check_names_count(&missing))
		findings_fail(out, "Slurm does not know %s; add NodeName= "
			      "with State=CLOUD to slurm.conf, or correct "
			      "sclone.conf", check_names_print(&missing));
	if (check_names_count(&solid))
		findings_fail(out, "%s are no cloud nodes; set State=CLOUD in "
			      "slurm.conf", check_names_print(&solid));
}

/* Slurm 22.05 resets NodeAddr to the name, and looks that up, with its locks
 * held, to tell the node's slurmd that a job ends (get_addr_info()). */
static void _names(const struct facts *facts, struct findings *out)
{
	const char *name = facts->slurm.nameless;

	if (facts->slurm.version < 2302 && *name)
		findings_warn(out, "%s does not resolve on this host, and "
			      "Slurm %s stands still for 10 s for each such "
			      "node whose job it ends; give the nodes' names "
			      "to /etc/hosts or DNS", name,
			      facts->slurm.version_text);
}

/* A feature that jobs need to ask for the template; and one with which they
 * get nodes that are shared, and never that. */
static void _feature(const struct facts *facts, size_t t,
		     struct findings *out)
{
	const char *name = config_template(facts->config, t)->name;
	cleanup_check_names struct check_names lack = { 0 };
	cleanup_check_names struct check_names vain = { 0 };

	for (size_t i = 0; i < facts->slurm.node_count; i++) {
		const struct facts_node *node = &facts->slurm.nodes[i];
		const struct config_set *set = node->set;
		bool offers = config_set_offers(set) >> t & 1;

		if (!node->found || set->is_test ||
		    offers == facts_param(node->features, name, NULL))
			continue;
		if (offers)
			check_names_add(&lack, node->name);
		else if (set->isolation == ISOLATION_SHARED)
			check_names_add(&vain, node->name);
	}
	if (check_names_count(&lack))
		findings_warn(out, "%s lack Feature=%s, so that sbatch -C %s "
			      "cannot ask for them; add it in slurm.conf",
			      check_names_print(&lack), name, name);
	if (check_names_count(&vain))
		findings_warn(out, "%s have Feature=%s, but are never that, "
			      "with Isolation=shared: jobs that ask for it "
			      "are ended; take it out in slurm.conf",
			      check_names_print(&vain), name);
}

static void _features(const struct facts *facts, struct findings *out)
{
	for (size_t t = 0; t < config_template_count(facts->config); t++)
		_feature(facts, t, out);
}

/* --- for tests ---------------------------------------------------------- */

static bool _can_test(const struct config *config, size_t t)
{
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);

		for (size_t k = 0; set->is_test && k < set->template_count;
		     k++)
			if (set->templates[k] == t)
				return true;
	}
	return false;
}

static void _tests(const struct facts *facts, struct findings *out)
{
	cleanup_check_names struct check_names lack = { 0 };

	for (size_t i = 0; i < facts->slurm.partition_count; i++) {
		const struct facts_partition *partition =
			&facts->slurm.partitions[i];

		if (*partition->test_node)
			findings_warn(out, "partition %s holds %s, which is "
				      "kept for sclone template test, so "
				      "that jobs get there; take it out of "
				      "Nodes= in slurm.conf",
				      partition->name, partition->test_node);
	}
	for (size_t t = 0; t < config_template_count(facts->config); t++)
		if (!_can_test(facts->config, t))
			check_names_add(&lack, config_template(facts->config,
							       t)->name);
	if (check_names_count(&lack))
		findings_ok(out, "sclone template test cannot try %s; give "
			    "sclone.conf a NodeName= line with Test=yes",
			    check_names_print(&lack));
}

/* --- their size --------------------------------------------------------- */

struct size {
	int64_t cpus, memory_mib;	/* -1: not told */
};

static int64_t _smaller(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* What slurmd finds in the smallest source of the templates of a set. */
static struct size _smallest(const struct facts *facts,
			     const struct config_set *set)
{
	struct size size = { -1, -1 };

	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		for (size_t t = 0; t < set->template_count; t++) {
			if (set->templates[t] != source->template_index)
				continue;
			size.cpus = _smaller(size.cpus, source->record_cpus);
			size.memory_mib = _smaller(size.memory_mib,
						   source->record_memory_mib);
		}
	}
	return size;
}

static void _judge_set(const struct facts *facts,
		       const struct config_set *set, int64_t percent,
		       struct findings *out)
{
	cleanup_check_names struct check_names cpus = { 0 };
	cleanup_check_names struct check_names memory = { 0 };
	struct size size = _smallest(facts, set);

	for (size_t i = 0; i < facts->slurm.node_count; i++) {
		const struct facts_node *node = &facts->slurm.nodes[i];

		if (node->set != set || !node->found)
			continue;
		if (size.cpus >= 0 && node->cpus > size.cpus)
			check_names_add(&cpus, node->name);
		if (size.memory_mib >= 0 &&
		    node->memory_mib * percent / 100 > size.memory_mib)
			check_names_add(&memory, node->name);
	}
	if (check_names_count(&cpus))
		findings_fail(out, "%s have more CPUs in slurm.conf than "
			      "their sources' %" PRId64 ", so that Slurm "
			      "drains them; set CPUs=%" PRId64,
			      check_names_print(&cpus), size.cpus, size.cpus);
	if (check_names_count(&memory))
		findings_fail(out, "%s have a larger RealMemory in slurm.conf "
			      "than their sources' %" PRId64 ", so that Slurm "
			      "drains them; set RealMemory=%" PRId64,
			      check_names_print(&memory), size.memory_mib,
			      size.memory_mib);
}

static void _size(const struct facts *facts, struct findings *out)
{
	int64_t percent = REG_MEM_PERCENT;

	if (facts_param(facts->slurm.slurmd_params, "config_overrides", NULL))
		return;
	if (facts_param(facts->slurm.ctld_params, "node_reg_mem_percent",
			&percent) && percent < 0)
		percent = REG_MEM_PERCENT;
	for (size_t s = 0; s < config_set_count(facts->config); s++)
		_judge_set(facts, config_set(facts->config, s), percent, out);
}

const struct check check_nodes_table[] = {
	{ "partitions", "hold the nodes", CHECK_SLURM, _partitions },
	{ "exclusive", "one job a VM", CHECK_SLURM, _exclusive },
	{ "preemption", "leaves a job its VM", CHECK_SLURM, _preempt },
	{ "PowerDownOnIdle", "as Isolation= wants it", CHECK_SLURM,
	  _power_down },
	{ "Partitions", "as in Slurm", CHECK_SLURM, _submit },
	{ "nodes", "known to Slurm, as cloud nodes", CHECK_SLURM, _known },
	{ "names", "do not hold slurmctld up", CHECK_SLURM, _names },
	{ "features", "name the templates", CHECK_SLURM, _features },
	{ "test-nodes", "there, and in no partition", CHECK_SLURM, _tests },
	{ "node-size", "no larger than the sources", CHECK_SLURM, _size },
	{ .topic = NULL },
};
