/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone.conf: any text is a configuration or an error that says why, and
 * what is taken has an address for each of its nodes. */
#include <string.h>

#include "common/clone/config.h"
#include "fuzz.h"

/* Of the last node, by whose place all others are inside. */
static void _look_at_cards(const struct config *config,
			   const struct config_node *node)
{
	const struct config_set *set = node->set;
	char addr[INET_TEXT_SIZE];
	struct mac mac;

	fuzz_must(set->card_count >= 1 && set->card_count <= CONFIG_NICS_MAX);
	for (size_t i = 0; i < set->card_count; i++) {
		const struct config_nic *nic = set->cards[i].nic;
		size_t place = config_node_place(node, i);

		config_nic_addr(nic, place, addr);
		fuzz_must(nic->addr_kind == CONFIG_ADDR_DHCP ||
			  strcmp(addr, "dhcp"));
		fuzz_must(config_nic_mac(nic, place, &mac) ==
			  (nic->mac_text != NULL));
		fuzz_must(nic->route_count <= CONFIG_ROUTES_MAX);
		(void) config_card_network(config, set, i, set->templates[0]);
	}
}

static void _look(const struct config *config)
{
	char addr[INET_TEXT_SIZE];

	for (size_t i = 0; i < config_set_count(config); i++) {
		const struct config_set *set = config_set(config, i);
		size_t last = hostlist_count(set->nodes) - 1;
		struct config_node node = { set, last };
		const struct config_node *found =
			config_node(config, hostlist_at(set->nodes, last));

		fuzz_must(found && found->set == set);
		fuzz_must(set->template_count > 0);
		config_node_addr(&node, addr);
		fuzz_must(addr[0] != '\0');
		_look_at_cards(config, &node);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = config_parse("f", (const char *) bytes, len, &err);
	fuzz_must(config ? !err.code : err.code && err.text[0]);
	if (config)
		_look(config);
	return 0;
}
