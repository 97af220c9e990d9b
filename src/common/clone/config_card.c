/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NicName= lines: the further cards of the sets' nodes. */
#include <stdlib.h>
#include <string.h>

#include "config_own.h"

int config_card_take(struct config *config, const struct conf_line *line,
		     struct err *err)
{
	struct err why = ERR_INIT;
	struct config_nic *nic;

	if (config->nic_count == CONFIG_NIC_LINES_MAX)
		return conf_error(line, err, "more than %d NicName= lines",
				  CONFIG_NIC_LINES_MAX);
	nic = &config->nics[config->nic_count];
	if (conf_fill(line, config_nic_keys, nic, err) < 0)
		return -1;
	config->nic_count++;
	if (!strcmp(nic->name, CONFIG_NIC_OWN))
		return conf_error(line, err, "NicName: %s is the card of the "
				  "NodeName= line itself", nic->name);
	nic->nodes = hostlist_parse(nic->nodes_text, CONFIG_NODES_MAX, &why);
	if (!nic->nodes)
		return conf_error(line, err, "Nodes: %s", why.text);
	return config_nic_check(line, "NicAddr", hostlist_count(nic->nodes),
				nic, err);
}

/* The set whose nodes all stand there, from first on; NULL: none. */
static struct config_set *_set_at(struct config *config,
				  const struct config_nic *nic, size_t first)
{
	const struct config_node *node =
		table_get(config->nodes, hostlist_at(nic->nodes, first));
	struct config_set *set;

	if (!node || node->index)
		return NULL;
	set = &config->sets[node->set - config->sets];
	for (size_t i = 1; i < hostlist_count(set->nodes); i++) {
		const char *name = hostlist_at(nic->nodes, first + i);

		if (!name || strcmp(name, hostlist_at(set->nodes, i)))
			return NULL;
	}
	return set;
}

static int _add_card(const struct conf_line *line, struct config_set *set,
		     const struct config_nic *nic, size_t first,
		     struct err *err)
{
	size_t routes = nic->route_count;

	for (size_t i = 0; i < set->card_count; i++) {
		const struct config_nic *other = set->cards[i].nic;

		routes += other->route_count;
		if (!strcmp(config_nic_name(other), nic->name))
			return conf_error(line, err, "NicName: %s of %s "
					  "stands on line %u already",
					  nic->name, set->nodes_text,
					  other->line);
		if (other->gateway && nic->gateway &&
		    other->addr.family == nic->addr.family)
			return conf_error(line, err, "Gateway: %s has one on "
					  "line %u already; use Routes= here",
					  set->nodes_text, other->line);
	}
	if (set->card_count == CONFIG_NICS_MAX ||
	    routes > CONFIG_NODE_ROUTES_MAX)
		return conf_error(line, err, "%s: more than %d cards, or %d "
				  "routes on them", set->nodes_text,
				  CONFIG_NICS_MAX, CONFIG_NODE_ROUTES_MAX);
	set->cards[set->card_count++] = (struct config_card) { nic, first };
	return 0;
}

static int _link_nic(struct config *config, const struct config_nic *nic,
		     struct err *err)
{
	struct conf_line line = { .file = config->file,
				  .number = nic->line };
	size_t first = 0;

	while (first < hostlist_count(nic->nodes)) {
		struct config_set *set = _set_at(config, nic, first);

		if (!set)
			return conf_error(&line, err, "Nodes: from %s on it "
					  "is not the nodes of a whole "
					  "NodeName= line of this file, in "
					  "their order",
					  hostlist_at(nic->nodes, first));
		if (_add_card(&line, set, nic, first, err) < 0)
			return -1;
		first += hostlist_count(set->nodes);
	}
	return 0;
}

static void _add_network(struct config *config, const char *path)
{
	for (size_t i = 0; path && i < config->network_count; i++)
		if (!strcmp(config->networks[i], path))
			return;
	if (path)
		config->networks[config->network_count++] = path;
}

static void _add_networks(struct config *config)
{
	for (size_t i = 0; i < config->template_count; i++)
		_add_network(config, config->templates[i].network);
	for (size_t i = 0; i < config->set_count; i++)
		_add_network(config, config->sets[i].own.network);
	for (size_t i = 0; i < config->nic_count; i++)
		_add_network(config, config->nics[i].network);
}

int config_card_link(struct config *config, struct err *err)
{
	size_t count = config->set_count + config->nic_count, n = 0;
	cleanup_free const struct config_nic **all =
		calloc(count, sizeof(*all));

	if (!all)
		return err_nomem(err);
	_add_networks(config);
	for (size_t i = 0; i < config->nic_count; i++)
		if (_link_nic(config, &config->nics[i], err) < 0)
			return -1;
	for (size_t i = 0; i < config->set_count; i++)
		all[n++] = &config->sets[i].own;
	for (size_t i = 0; i < config->nic_count; i++)
		all[n++] = &config->nics[i];
	return config_nic_compare(config->file, all, count, err);
}

void config_card_clear(struct config *config)
{
	for (size_t i = 0; i < config->nic_count; i++) {
		hostlist_destroy(config->nics[i].nodes);
		conf_clear(config_nic_keys, &config->nics[i]);
	}
}

size_t config_node_place(const struct config_node *node, size_t i)
{
	return node->set->cards[i].first + node->index;
}

const char *config_card_network(const struct config *config,
				const struct config_set *set, size_t i,
				size_t template_index)
{
	const char *network = set->cards[i].nic->network;

	if (network || i)
		return network;
	return config->templates[template_index].network;
}

size_t config_network_count(const struct config *config)
{
	return config->network_count;
}

const char *config_network(const struct config *config, size_t index)
{
	return config->networks[index];
}
