/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone.conf: any text is a configuration or an error that says why, and
 * what is taken has an address for each of its nodes. */
#include "common/clone/config.h"
#include "fuzz.h"

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
