/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identity, as a clone reads it: what is taken can be put on slurmd's
 * command line and into its environment file. */
#include <string.h>

#include "guest/identity.h"
#include "guest/services.h"
#include "fuzz.h"

static void _look(const struct identity *id)
{
	static char slurmd[] = "slurmd";
	static const struct settings settings = { .slurmd = slurmd };
	const char *argv[SERVICES_ARGS_MAX];

	fuzz_must(parse_is_name(id->node, IDENTITY_NAME_MAX));
	fuzz_must(id->not_after > id->time);
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
