/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "suggest.h"

/* What slurmd -C says is what this kernel left over: the next one may leave
 * a little less. */
#define MEMORY_PERCENT 99

/* --- hardware ----------------------------------------------------------- */

static bool _is_of(const struct facts_source *source,
		   const struct config_set *set)
{
	return config_set_offers(set) >> source->template_index & 1;
}

static int _check_source(const struct facts_source *source, struct err *err)
{
	if (!source->found)
		return err_set(err, ERR_NOTFOUND, "source %s does not exist; "
			       "sclone check says more", source->path);
	if (*source->device)
		return err_set(err, ERR_CONFIG, "source %s has %s, which no "
			       "clone can have: it is the copy of a running "
			       "machine, and a device cannot be copied. "
			       "Remove it there; nodes that need it stay "
			       "machines of their own, outside sclone.conf",
			       source->path, source->device);
	if (!source->has_record || !*source->record_line)
		return err_set(err, ERR_NOTFOUND, "source %s has not written "
			       "down its hardware; let sclone-guest freeze "
			       "it anew", source->path);
	return 0;
}

static int _compare(const struct facts_source *a, const struct facts_source *b,
		    struct err *err)
{
	if (strcmp(a->record_line, b->record_line) ||
	    a->memory_mib != b->memory_mib)
		return err_set(err, ERR_CONFIG, "%s (%s, %" PRId64 " MiB) and "
			       "%s (%s, %" PRId64 " MiB) differ, and nodes "
			       "may become either: give them the same "
			       "hardware, or a NodeName= line each",
			       a->path, a->record_line, a->memory_mib,
			       b->path, b->record_line, b->memory_mib);
	return 0;
}

/* The source with the least memory stands for all of the set. */
static int _hardware(const struct facts *facts, const struct config_set *set,
		     const struct facts_source **least, struct err *err)
{
	*least = NULL;
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		if (!_is_of(source, set))
			continue;
		if (_check_source(source, err) < 0 ||
		    (*least && _compare(*least, source, err) < 0))
			return -1;
		if (!*least ||
		    source->record_memory_mib < (*least)->record_memory_mib)
			*least = source;
	}
	return 0;
}

/* --- slurm.conf --------------------------------------------------------- */

/* Whether all nodes have addresses that can be in /etc/hosts. */
static bool _is_fixed(const struct config *config)
{
	for (size_t s = 0; s < config_set_count(config); s++)
		if (config_set(config, s)->own.addr_kind == CONFIG_ADDR_DHCP)
			return false;
	return true;
}

/* Before 23.11 slurmd cannot hand on to nodes whose names do not resolve: then
 * slurmctld has to call each itself. */
static void _network(const struct config *config, int version,
		     struct buf *out)
{
	if (version < 2311 && !_is_fixed(config))
		buf_puts(out, "TreeWidth=65533\n");
}

/* Clones that jobs share keep their mounts, whatever the Epilog runs. */
static bool _needs_epilog(const struct config *config)
{
	for (size_t s = 0; s < config_set_count(config); s++)
		if (config_set(config, s)->isolation != ISOLATION_SHARED)
			return true;
	return false;
}

static void _programs(const struct config *config, int version,
		      struct buf *out)
{
	if (_needs_epilog(config))
		buf_puts(out, "# A script that must be on every node: see "
			      "EPILOG in sclone-guest(8).\n"
			      "Epilog=/etc/slurm/epilog\n");
	buf_puts(out, "ResumeProgram=" SBINDIR "/sclone-resume\n"
		      "SuspendProgram=" SBINDIR "/sclone-suspend\n"
		      "ResumeFailProgram=" SBINDIR "/sclone-resume-fail\n"
		      "PrologSlurmctld=" SBINDIR "/sclone-prolog\n"
		      "ResumeTimeout=120\n"
		      "SuspendTimeout=60\n"
		      "ResumeRate=0\n"
		      "SuspendRate=0\n"
		      "ReturnToService=2\n");
	buf_printf(out, "SlurmctldParameters=idle_on_node_suspend,"
			"power_save_interval=0,enable_configless%s\n",
		   version < 2311 ? ",cloud_reg_addrs" : "");
	if (version < 2302)
		buf_puts(out, "PrivateData=cloud\n");
	/* Else a job whose clone failed waits for its credential's end. */
	buf_printf(out, "SchedulerParameters=batch_sched_delay=0,"
			"sched_min_interval=0,bf_interval=5%s\n\n",
		   version >= 2511 ? ",requeue_delay=30" : "");
}

static int _nodes(const struct facts *facts, const struct config_set *set,
		  struct buf *out, struct err *err)
{
	const struct facts_source *least;

	if (_hardware(facts, set, &least, err) < 0)
		return -1;
	buf_printf(out, "NodeName=%s %s RealMemory=%" PRId64 " Feature=",
		   set->nodes_text, least->record_line,
		   least->record_memory_mib * MEMORY_PERCENT / 100);
	for (size_t t = 0; t < set->template_count; t++)
		if (config_set_offers(set) >> set->templates[t] & 1)
			buf_printf(out, "%s%s", t ? "," : "",
				   config_template(facts->config,
						   set->templates[t])->name);
	buf_puts(out, " State=CLOUD\n");
	return 0;
}

static bool _named(const struct config_set *set, const char *partition)
{
	for (size_t i = 0; i < set->partition_count; i++)
		if (!strcmp(set->partitions[i], partition))
			return true;
	return false;
}

/* NULL: the partition of those that name none; nodes for tests are in
 * none. */
static bool _is_in(const struct config_set *set, const char *partition)
{
	if (partition)
		return _named(set, partition);
	return !set->partition_count && !set->is_test;
}

/* Partitions that sclone.conf names are the site's, and may hold more. */
static void _caution(const char *partition, struct buf *out)
{
	buf_printf(out, "# Where %s holds machines, too: no SuspendTime here, "
			"or SuspendExcNodes=\n# with their names; else "
			"slurmctld takes them for powered down once they\n"
			"# are idle. Clones need it in one of their "
			"partitions.\n", partition);
}

/* One line for a partition, at the first set that names it. NULL: "vm", for
 * the sets that name none. */
static void _partition(const struct config *config, size_t first,
		       const char *name, int version, struct buf *out)
{
	const char *mark = "";
	bool shared = true;	/* all its nodes are */

	for (size_t s = 0; s < first; s++)
		if (_is_in(config_set(config, s), name))
			return;
	if (name)
		_caution(name, out);
	buf_printf(out, "PartitionName=%s Nodes=", name ? name : "vm");
	for (size_t s = first; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);

		if (!_is_in(set, name))
			continue;
		buf_printf(out, "%s%s", mark, set->nodes_text);
		mark = ",";
		shared &= set->isolation == ISOLATION_SHARED;
	}
	if (!shared)
		buf_printf(out, " %s%s",
			   version >= 2605 ? "Exclusive=NODE"
					   : "OverSubscribe=EXCLUSIVE",
			   version >= 2302 ? " PowerDownOnIdle=YES" : "");
	/* Here, since a global one would be for all nodes of the cluster. */
	buf_puts(out, " SuspendTime=300 State=UP\n");
}

int suggest_slurm_conf(const struct facts *facts, int version,
		       struct buf *out, struct err *err)
{
	const struct config *config = facts->config;

	buf_printf(out, "# For Slurm %d.%02d, to be merged: lists such as "
		   "SlurmctldParameters= keep what yours have.\n",
		   version / 100, version % 100);
	_network(config, version, out);
	_programs(config, version, out);
	for (size_t s = 0; s < config_set_count(config); s++)
		if (_nodes(facts, config_set(config, s), out, err) < 0)
			return -1;
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);

		for (size_t i = 0; i < set->partition_count; i++)
			_partition(config, s, set->partitions[i], version,
				   out);
		if (_is_in(set, NULL))
			_partition(config, s, NULL, version, out);
	}
	return buf_ok(out, "slurm.conf", err);
}

/* --- the others --------------------------------------------------------- */

void suggest_gres(const struct facts *facts, struct buf *out)
{
	for (size_t s = 0; s < config_set_count(facts->config); s++)
		buf_printf(out, "NodeName=%s AutoDetect=off\n",
			   config_set(facts->config, s)->nodes_text);
}

/* The node's own card has its name; another one has "vm001-storage". */
static void _hosts(const struct config_set *set, size_t card,
		   struct buf *out)
{
	const struct config_nic *nic = set->cards[card].nic;

	for (size_t i = 0; i < hostlist_count(set->nodes); i++) {
		struct config_node node = { set, i };
		char addr[INET_TEXT_SIZE];

		config_nic_addr(nic, config_node_place(&node, card), addr);
		buf_printf(out, "%.*s\t%s%s%s\n", (int) strcspn(addr, "/"),
			   addr, hostlist_at(set->nodes, i),
			   card ? "-" : "", card ? nic->name : "");
	}
}

int suggest_hosts(const struct facts *facts, struct buf *out, struct err *err)
{
	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);

		for (size_t i = 0; i < set->card_count; i++)
			if (set->cards[i].nic->addr_kind == CONFIG_ADDR_RANGE)
				_hosts(set, i, out);
	}
	if (!out->len)
		return err_set(err, ERR_CONFIG, "no node has a fixed address; "
			       "give NodeAddr=FIRST+/LEN, or the names to "
			       "DNS");
	return buf_ok(out, "hosts", err);
}
