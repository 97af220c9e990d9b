/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_room - whether all nodes of sclone.conf could be clones at a time, by
 * the rules that scloned drains names by. Judged is what hosts and datastores
 * are, not what is free there now: what is short here is short on any day.
 */
#include <inttypes.h>

#include "common/clone/source.h"
#include "common/rules/capacity.h"
#include "common/rules/place.h"
#include "check.h"

/* What rules/capacity weighs; as large as it can get. */
struct scene {
	struct capacity_source sources[CAPACITY_SOURCES_MAX];
	struct capacity_template templates[CAPACITY_TEMPLATES_MAX];
	struct capacity_facts facts;
};

/* --- sources ------------------------------------------------------------ */

static unsigned _first(const struct facts_vcenter *vcenter, size_t index,
		       bool host)
{
	const struct facts_source *source = &vcenter->sources[index];
	const struct moref *ref = host ? &source->host_ref
				       : &source->store_ref;

	for (size_t i = 0; moref_is_set(ref) && i < index; i++) {
		const struct facts_source *other = &vcenter->sources[i];

		if (moref_equal(host ? &other->host_ref : &other->store_ref,
				ref))
			return (unsigned) i;
	}
	return (unsigned) index;
}

/* Of its host's memory, what the sources there leave. */
static int64_t _memory(const struct facts_vcenter *vcenter,
		       const struct facts_source *source)
{
	int64_t left = source->host_memory_mib;

	for (size_t i = 0; left >= 0 && i < vcenter->source_count; i++) {
		const struct facts_source *other = &vcenter->sources[i];

		if (moref_equal(&other->host_ref, &source->host_ref) &&
		    other->memory_mib > 0)
			left = left > other->memory_mib
				       ? left - other->memory_mib : 0;
	}
	return left;
}

static void _take_source(struct scene *scene, const struct facts *facts,
			 size_t i)
{
	const struct facts_source *from = &facts->vcenter.sources[i];
	const struct config_template *of =
		config_template(facts->config, from->template_index);
	struct capacity_source *source = &scene->sources[i];

	*source = (struct capacity_source) {
		.template = (unsigned) from->template_index,
		.host = _first(&facts->vcenter, i, true),
		.store = _first(&facts->vcenter, i, false),
		.known = from->found, .usable = true, .lanes = 1,
		.memory_free = _memory(&facts->vcenter, from),
		.space_free = from->store_mib,
	};
	source_needs(from->memory_mib, from->reserved_mib,
		     (unsigned) of->memory_growth, (int64_t) of->disk_growth,
		     &source->memory_need, &source->space_need);
}

/* --- what is short ------------------------------------------------------ */

/* The largest need of the set's clones says what to count with. */
static int64_t _need(const struct scene *scene, uint64_t templates,
		     bool memory)
{
	int64_t most = 0;

	for (size_t i = 0; i < scene->facts.source_count; i++) {
		const struct capacity_source *source = &scene->sources[i];
		int64_t need = memory ? source->memory_need
				      : source->space_need;

		if (templates >> source->template & 1 && need > most)
			most = need;
	}
	return most;
}

static void _say(const struct scene *scene, const struct capacity_set *set,
		 const struct capacity_verdict *verdict, const char *whose,
		 struct findings *out)
{
	size_t nodes = set->kinds[CAPACITY_OPEN];

	switch (verdict->limit) {
	case CAPACITY_SET:
	case CAPACITY_ALL:
	case CAPACITY_TEMPLATE:
		findings_warn(out, "%s: %zu nodes, but MaxClones= %s allows "
			      "%zu, the others stay drained; raise it, or "
			      "name fewer nodes", whose, nodes,
			      verdict->limit == CAPACITY_SET ? "of the line"
			      : verdict->limit == CAPACITY_ALL
				      ? "of all nodes" : "of the templates",
			      verdict->room);
		break;
	case CAPACITY_MEMORY:
		findings_warn(out, "%s: %zu nodes, but the sources' hosts "
			      "have memory for %zu clones of %" PRId64 " MiB "
			      "at most; add sources on other hosts, lower "
			      "MemoryGrowth=, or name fewer nodes", whose,
			      nodes, verdict->room,
			      _need(scene, set->templates, true));
		break;
	case CAPACITY_SPACE:
		findings_warn(out, "%s: %zu nodes, but the sources' "
			      "datastores have space for %zu clones of %"
			      PRId64 " MiB at most; enlarge them, lower "
			      "DiskGrowth=, reserve the sources' memory (no "
			      "swap files then), or name fewer nodes", whose,
			      nodes, verdict->room,
			      _need(scene, set->templates, false));
		break;
	default:
		break;
	}
}

static bool _weigh(const struct scene *scene, struct capacity_set *set,
		   const char *whose, struct findings *out)
{
	struct capacity_verdict verdict;

	capacity_weigh(&scene->facts, set, 1, 1, &verdict);
	_say(scene, set, &verdict, whose, out);
	return verdict.room < set->kinds[CAPACITY_OPEN];
}

/* --- the whole ---------------------------------------------------------- */

static void _prepare(struct scene *scene, const struct facts *facts)
{
	const struct config *config = facts->config;

	scene->facts = (struct capacity_facts) {
		.sources = scene->sources,
		.source_count = facts->vcenter.source_count,
		.templates = scene->templates,
		.template_count = config_template_count(config),
		.limit = config_global(config)->max_clones,
	};
	for (size_t i = 0; i < scene->facts.source_count; i++)
		_take_source(scene, facts, i);
	for (size_t i = 0; i < scene->facts.template_count; i++)
		scene->templates[i].limit =
			config_template(config, i)->max_clones;
}

/* Each set for itself; then, when each has room, all of them together. */
static void _room(const struct facts *facts, struct findings *out)
{
	static struct scene scene;
	struct capacity_set all = { .templates = 0 };
	bool is_short = false;

	_prepare(&scene, facts);
	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *from = config_set(facts->config, s);
		struct capacity_set set = {
			.templates = config_set_offers(from),
			.limit = from->max_clones,
			.kinds[CAPACITY_OPEN] = hostlist_count(from->nodes),
		};

		if (from->is_test)
			continue;
		all.templates |= set.templates;
		all.kinds[CAPACITY_OPEN] += set.limit &&
			set.limit < set.kinds[CAPACITY_OPEN]
				? set.limit : set.kinds[CAPACITY_OPEN];
		is_short |= _weigh(&scene, &set, from->nodes_text, out);
	}
	if (!is_short)
		(void) _weigh(&scene, &all, "all NodeName= lines together",
			      out);
}

const struct check check_room_table[] = {
	{ "capacity", "all nodes could be clones at a time", CHECK_VCENTER,
	  _room },
	{ .topic = NULL },
};
