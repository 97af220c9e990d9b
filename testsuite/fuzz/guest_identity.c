/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identity, as a clone reads it: what is taken can be put on slurmd's
 * command line and into its environment file. */
#include <string.h>

#include "guest/identity.h"
#include "guest/services.h"
#include "fuzz.h"

/* What is put on cards, into the routing table and into resolv.conf. */
static void _look_at_cards(const struct identity *id)
{
	fuzz_must(id->nic_count >= 1 && id->nic_count <= IDENTITY_NICS_MAX);
	for (unsigned i = 0; i < id->nic_count; i++) {
		const struct identity_nic *nic = &id->nics[i];

		fuzz_must(parse_is_name(nic->name, IDENTITY_NAME_MAX));
		fuzz_must(nic->dhcp ||
			  parse_inet_is_host(&nic->addr, nic->prefix));
		fuzz_must(nic->has_source || id->nic_count == 1);
		fuzz_must(!nic->dhcp || (!nic->has_gw && !nic->route_count));
		fuzz_must(nic->route_count <= IDENTITY_ROUTES_MAX);
		for (unsigned r = 0; r < nic->route_count; r++)
			fuzz_must(route_is_router(&nic->routes[r].via,
						  &nic->addr, nic->prefix));
	}
	for (unsigned i = 0; i < id->search_count; i++)
		fuzz_must(!strpbrk(id->search[i], " \t\n#;"));
}

static void _look(const struct identity *id)
{
	static char slurmd[] = "slurmd";
	static const struct settings settings = { .slurmd = slurmd };
	const char *argv[SERVICES_ARGS_MAX];

	fuzz_must(parse_is_name(id->node, IDENTITY_NAME_MAX));
	fuzz_must(id->not_after > id->time);
	_look_at_cards(id);
	services_slurmd_args(&settings, id, argv);
	for (size_t i = 1; argv[i]; i++)
		fuzz_must(!strpbrk(argv[i], " \t\n\"'\\$`%"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct err err = ERR_INIT;
	struct identity id;

	if (!identity_parse((const char *) bytes, len, &id, &err))
		_look(&id);
	else
		fuzz_must(err.code && err.text[0]);
	return 0;
}
