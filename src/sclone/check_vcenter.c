/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_vcenter - the login, the places, the sources, the privileges. */
#include <inttypes.h>
#include <string.h>

#include "check.h"

static const struct config_template *
_template(const struct facts *facts, const struct facts_source *source)
{
	return config_template(facts->config, source->template_index);
}

/* --- the login ---------------------------------------------------------- */

static void _login(const struct facts *facts, struct findings *out)
{
	const struct config_global *global = config_global(facts->config);
	const struct err *problem = &facts->vcenter.problem;
	const char *cure = "see whether vCenter is up, and VCenter=";

	if (problem->code == ERR_AUTH)
		cure = "check User= and the password in PasswordFile=";
	else if (problem->code == ERR_CONFIG)
		cure = "check VCenter=, CACert= and Pin=";
	if (problem->code)
		findings_fail(out, "%s; %s", problem->text, cure);
	else
		findings_ok(out, "%s answers as version %s, logged in as %s",
			    global->vcenter, facts->vcenter.version,
			    global->user);
}

static void _certificate(const struct facts *facts, struct findings *out)
{
	if (config_global(facts->config)->insecure)
		findings_warn(out, "Insecure=yes: whoever answers in "
			      "vCenter's place gets the password; set CACert= "
			      "or Pin= instead");
}

/* --- places ------------------------------------------------------------- */

static void _folder(const struct facts *facts, struct findings *out)
{
	if (!facts->vcenter.folder_found)
		findings_fail(out, "%s is no VM folder this account can see; "
			      "create it, correct Folder=, or give the role "
			      "on it", config_global(facts->config)->folder);
}

static void _pool(const struct facts *facts, struct findings *out)
{
	if (!facts->vcenter.pool_found)
		findings_fail(out, "%s is no resource pool this account can "
			      "see; create it, correct ResourcePool=, or give "
			      "the role on it",
			      config_global(facts->config)->pool);
}

static bool _is_portgroup(const struct moref *ref)
{
	return !strcmp(ref->type, "Network") ||
	       !strcmp(ref->type, "DistributedVirtualPortgroup");
}

static void _networks(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.network_count; i++) {
		const struct facts_network *network =
			&facts->vcenter.networks[i];

		if (!_is_portgroup(&network->ref))
			findings_fail(out, "%s is no portgroup this account "
				      "can see; create it, correct Network=, "
				      "or give the role on it",
				      network->path);
	}
}

/* --- sources ------------------------------------------------------------ */

static void _source(const struct facts_source *source, struct findings *out)
{
	if (!source->found)
		findings_fail(out, "%s: no such machine; correct Sources=, "
			      "or give the role on it", source->path);
	else if (source->is_template)
		findings_fail(out, "%s is a vSphere template, which cannot "
			      "run; deploy a VM from it and name that in "
			      "Sources=", source->path);
	else if (!source->is_on)
		findings_fail(out, "%s is powered off; power it on, it "
			      "freezes itself at the end of its boot",
			      source->path);
	else if (!source->is_frozen)
		findings_fail(out, "%s runs but is not frozen; in it: "
			      "sclone-guest preflight, then systemctl start "
			      "sclone-guest", source->path);
}

static void _sources(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++)
		_source(&facts->vcenter.sources[i], out);
}

/* The account may delete what is in there. */
static void _apart(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++)
		if (facts->vcenter.sources[i].in_folder)
			findings_fail(out, "%s lies in the clone folder, "
				      "where the account may delete; move it "
				      "to another folder",
				      facts->vcenter.sources[i].path);
}

static void _clones(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++)
		if (*facts->vcenter.sources[i].clone_of)
			findings_fail(out, "%s is a clone, of node %s by its "
				      "mark, and not used as a source; take "
				      "sclone.owner out of its configuration, "
				      "or name another VM",
				      facts->vcenter.sources[i].path,
				      facts->vcenter.sources[i].clone_of);
}

static void _members(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.refused_count; i++) {
		const struct facts_refused *row = &facts->vcenter.refused[i];

		if (row->is_folder)
			findings_fail(out, "%s/: %s; correct Sources=, or "
				      "give the role on it", row->path,
				      row->why);
		else
			findings_warn(out, "%s is no source: %s; cure that, "
				      "or move it out of the folder",
				      row->path, row->why);
	}
}

static void _hosts(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		if (source->found && !source->host_ok)
			findings_warn(out, "%s of %s is not connected or in "
				      "maintenance mode; its clones have to "
				      "come from other hosts until it is back",
				      *source->host ? source->host
						    : "the host",
				      source->path);
	}
}

static void _usable(const struct facts *facts, struct findings *out)
{
	bool usable[CONFIG_TEMPLATES_MAX] = { false };

	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		if (source->found && source->is_on && source->is_frozen &&
		    source->host_ok)
			usable[source->template_index] = true;
	}
	for (size_t t = 0; t < config_template_count(facts->config); t++)
		if (!usable[t])
			findings_fail(out, "%s has no source that can be "
				      "cloned now; see the findings about its "
				      "sources and hosts",
				      config_template(facts->config,
						      t)->name);
}

static void _devices(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++)
		if (*facts->vcenter.sources[i].device)
			findings_fail(out, "%s has %s, which no instant clone "
				      "can have; remove it from the VM",
				      facts->vcenter.sources[i].path,
				      facts->vcenter.sources[i].device);
}

/* The most cards that a node of this template has. */
static const struct config_set *_most_cards(const struct facts *facts,
					    size_t template_index)
{
	const struct config_set *most = NULL;

	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);

		for (size_t t = 0; t < set->template_count; t++)
			if (set->templates[t] == template_index &&
			    (!most || set->card_count > most->card_count))
				most = set;
	}
	return most;
}

static void _cards(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];
		const struct config_set *set =
			_most_cards(facts, source->template_index);

		if (source->found && set &&
		    source->nic_count < set->card_count)
			findings_fail(out, "%s has %zu network cards, and %s "
				      "have %zu; add them to the VM, or take "
				      "the NicName= lines away",
				      source->path, source->nic_count,
				      set->nodes_text, set->card_count);
	}
}

/* --- portgroups --------------------------------------------------------- */

/* The network's place in the facts; it stands there. */
static size_t _network_index(const struct facts *facts, const char *path)
{
	size_t i = 0;

	while (i + 1 < facts->vcenter.network_count &&
	       strcmp(facts->vcenter.networks[i].path, path) != 0)
		i++;
	return i;
}

static bool _becomes(const struct config_set *set, size_t template_index)
{
	for (size_t t = 0; t < set->template_count; t++)
		if (set->templates[t] == template_index)
			return true;
	return false;
}

/* What clones of the template are put on. */
static void _wanted(const struct facts *facts, size_t template_index,
		    bool wanted[CONFIG_NETWORKS_MAX])
{
	const char *path;

	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);

		for (size_t i = 0; _becomes(set, template_index) &&
				   i < set->card_count; i++) {
			path = config_card_network(facts->config, set, i,
						   template_index);
			if (path)
				wanted[_network_index(facts, path)] = true;
		}
	}
}

static void _lacks(const struct facts *facts,
		   const struct facts_source *source, struct findings *out)
{
	bool wanted[CONFIG_NETWORKS_MAX] = { false };

	_wanted(facts, source->template_index, wanted);
	for (size_t i = 0; i < facts->vcenter.network_count; i++) {
		const struct facts_network *network =
			&facts->vcenter.networks[i];

		if (wanted[i] && _is_portgroup(&network->ref) &&
		    !source->on->has[i])
			findings_fail(out, "%s, the host of %s, does not have "
				      "the portgroup %s, and no clone can be "
				      "made there; add it to the host's "
				      "switch", source->host, source->path,
				      network->path);
	}
}

/* A clone that is put on one its host does not have fails. */
static void _portgroups(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++)
		if (facts->vcenter.sources[i].on &&
		    facts->vcenter.sources[i].on->told)
			_lacks(facts, &facts->vcenter.sources[i], out);
}

/* --- equal hardware ----------------------------------------------------- */

static bool _is_equal(const struct facts_source *a,
		      const struct facts_source *b)
{
	return a->cpus == b->cpus && a->memory_mib == b->memory_mib;
}

static void _differ(const struct facts_source *a,
		    const struct facts_source *b, const char *whose,
		    struct findings *out)
{
	findings_fail(out, "%s: %s has %" PRId64 " CPUs and %" PRId64 " MiB, "
		      "%s has %" PRId64 " and %" PRId64 "; make them equal",
		      whose, a->path, a->cpus, a->memory_mib, b->path,
		      b->cpus, b->memory_mib);
}

/* The first source of a template, in the order of the config. */
static const struct facts_source *_first(const struct facts *facts,
					 size_t template_index)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		if (source->template_index == template_index && source->found)
			return source;
	}
	return NULL;
}

static void _equal_sources(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];
		const struct facts_source *first =
			_first(facts, source->template_index);

		if (source->found && !_is_equal(source, first))
			_differ(first, source, _template(facts, source)->name,
				out);
	}
}

static void _equal_templates(const struct facts *facts, struct findings *out)
{
	for (size_t s = 0; s < config_set_count(facts->config); s++) {
		const struct config_set *set = config_set(facts->config, s);
		const struct facts_source *first =
			_first(facts, set->templates[0]);

		for (size_t t = 1; first && t < set->template_count; t++) {
			const struct facts_source *other =
				_first(facts, set->templates[t]);

			if (other && !_is_equal(first, other))
				_differ(first, other, set->nodes_text, out);
		}
	}
}

static void _records(const struct facts *facts, struct findings *out)
{
	for (size_t i = 0; i < facts->vcenter.source_count; i++) {
		const struct facts_source *source =
			&facts->vcenter.sources[i];

		if (source->found && !source->has_record)
			findings_warn(out, "%s does not say what it is "
				      "(guestinfo.sclone.template), so that "
				      "its size cannot be compared; freeze it "
				      "with sclone-guest", source->path);
	}
}

/* --- privileges --------------------------------------------------------- */

/* Objects with this row's privilege, or without it; folded into one text. */
static void _collect(const struct facts *facts,
		     const struct privileges_row *row, bool granted,
		     struct check_names *names)
{
	for (size_t i = 0; i < facts->vcenter.grant_count; i++) {
		const struct facts_grant *grant = &facts->vcenter.grants[i];

		if (grant->row == row && grant->granted == granted)
			check_names_add(names, grant->object);
	}
}

static void _missing(const struct facts *facts, struct findings *out)
{
	if (facts->vcenter.grants_problem.code)
		findings_fail(out, "cannot be asked for: %s; give System.Read "
			      "on all objects of sclone.conf",
			      facts->vcenter.grants_problem.text);
	for (size_t i = 0; i < privileges_count; i++) {
		const struct privileges_row *row = &privileges_table[i];
		cleanup_check_names struct check_names names = { 0 };

		if (row->rule > PRIVILEGES_WANTED)
			continue;
		_collect(facts, row, false, &names);
		if (!check_names_count(&names))
			continue;
		(row->rule == PRIVILEGES_NEEDED ? findings_fail
						: findings_warn)(
			out, "%s is missing on the %s %s: the account cannot "
			"%s; add it to the role there", row->name,
			privileges_on_name(row->on),
			check_names_print(&names), row->why);
	}
}

static void _excess(const struct facts *facts, struct findings *out)
{
	if (facts->vcenter.grants_problem.code)
		findings_warn(out, "not known whether the account could harm "
			      "a source; see privileges");
	for (size_t i = 0; i < privileges_count; i++) {
		const struct privileges_row *row = &privileges_table[i];
		cleanup_check_names struct check_names names = { 0 };

		if (row->rule <= PRIVILEGES_WANTED)
			continue;
		_collect(facts, row, true, &names);
		if (!check_names_count(&names))
			continue;
		(row->rule == PRIVILEGES_HARMFUL ? findings_fail
						 : findings_warn)(
			out, "the account has %s on the %s %s and could %s; "
			"take it out of the role there", row->name,
			privileges_on_name(row->on), check_names_print(&names),
			row->why);
	}
}

const struct check check_vcenter_table[] = {
	{ "vcenter", "", CHECK_CONFIG, _login },
	{ "certificate", "verified", CHECK_VCENTER, _certificate },
	{ "folder", "found", CHECK_VCENTER, _folder },
	{ "pool", "found", CHECK_VCENTER, _pool },
	{ "networks", "found", CHECK_VCENTER, _networks },
	{ "sources", "found, powered on and frozen", CHECK_VCENTER,
	  _sources },
	{ "source-folder", "none lies among the clones", CHECK_VCENTER,
	  _apart },
	{ "clones", "no source is one", CHECK_VCENTER, _clones },
	{ "members", "all that lies in folders of Sources= are sources",
	  CHECK_VCENTER, _members },
	{ "hosts", "connected", CHECK_VCENTER, _hosts },
	{ "templates", "each can be cloned", CHECK_VCENTER, _usable },
	{ "devices", "nothing that keeps a VM from being cloned",
	  CHECK_VCENTER, _devices },
	{ "cards", "each source has as many as its nodes", CHECK_VCENTER,
	  _cards },
	{ "portgroups", "each source's host has those of its nodes",
	  CHECK_VCENTER, _portgroups },
	{ "source-size", "equal in each template", CHECK_VCENTER,
	  _equal_sources },
	{ "template-size", "equal for each set of nodes", CHECK_VCENTER,
	  _equal_templates },
	{ "record", "each source says what it is", CHECK_VCENTER, _records },
	{ "privileges", "none is missing", CHECK_VCENTER, _missing },
	{ "excess", "the account can harm no source", CHECK_VCENTER,
	  _excess },
	{ .topic = NULL },
};
