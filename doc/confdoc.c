/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confdoc - print the keys of sclone.conf as man(7) source. Runs at build
 * time; sclone.conf.5 is this between a written head and tail, so that the
 * manual cannot differ from what the daemon reads.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/clone/config.h"

static void _print_type(const struct conf_key *key)
{
	switch (key->type) {
	case CONF_STRING:
		printf("text");
		break;
	case CONF_NAME:
		printf("name: letters, digits, . _ \\-");
		break;
	case CONF_PATH:
		printf("absolute path");
		break;
	case CONF_UINT:
		printf("number, %" PRIu64 " to %" PRIu64, key->min, key->max);
		break;
	case CONF_DURATION:
		printf("duration (s, min, h, d), %" PRIu64 " to %" PRIu64
		       " seconds", key->min, key->max);
		break;
	case CONF_BOOL:
		printf("yes or no");
		break;
	case CONF_CHOICE:
		printf("one of:");
		for (const char *const *c = key->choices; *c; c++)
			printf(" %s", *c);
		break;
	}
}

static void _print_keys(const char *title, const struct conf_key *keys)
{
	printf(".SH %s\n", title);
	for (; keys->name; keys++) {
		printf(".TP\n.B %s=\n%s\n.br\n", keys->name, keys->help);
		_print_type(keys);
		if (keys->required)
			printf("; required");
		else if (keys->fallback)
			printf("; default %s", keys->fallback);
		printf(".\n");
	}
}

int main(void)
{
	_print_keys("GLOBAL KEYS", config_global_keys);
	_print_keys("TEMPLATE LINES", config_template_keys);
	_print_keys("NODE LINES", config_set_keys);
	_print_keys("NETWORK CARD LINES", config_nic_keys);
	return fflush(stdout) ? 1 : 0;
}
