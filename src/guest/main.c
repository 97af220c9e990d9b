/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone-guest - the part of sclone that lives in the template. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "commands.h"
#include "settings.h"

static const struct subcommand {
	const char *name;
	int (*run)(const struct settings *settings);
	const char *help;
} _subcommands[] = {
	{ "preflight", commands_preflight,
	  "say what keeps this machine from being frozen" },
	{ "freeze", commands_freeze,
	  "freeze this machine; in each clone, become the node" },
	{ "release", commands_release,
	  "flush and unmount at the job's end (Epilog)" },
	{ NULL, NULL, NULL },
};

static int _usage(FILE *to)
{
	(void) fprintf(to, "usage: sclone-guest [-c FILE] COMMAND\n");
	for (size_t i = 0; _subcommands[i].name; i++)
		(void) fprintf(to, "  %-10s %s\n", _subcommands[i].name,
			       _subcommands[i].help);
	(void) fprintf(to, "  -c FILE    configuration [%s]\n"
			   "  -V         print the version\n"
			   "\nSee sclone-guest(8).\n",
		       SETTINGS_FILE);
	return to == stdout ? 0 : 64;
}

static const struct option _long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	cleanup_settings struct settings settings = { 0 };
	const char *file = SETTINGS_FILE;
	struct err err = ERR_INIT;
	int opt;

	while ((opt = getopt_long(argc, argv, "+c:hV", _long_options,
				  NULL)) != -1) {
		if (opt == 'V') {
			(void) printf("sclone-guest %s\n", PACKAGE_VERSION);
			return 0;
		}
		if (opt != 'c')
			return _usage(opt == 'h' ? stdout : stderr);
		file = optarg;
	}
	if (optind + 1 != argc)
		return _usage(stderr);
	(void) signal(SIGCHLD, SIG_DFL);
	(void) signal(SIGPIPE, SIG_IGN);
	log_open("sclone-guest", LOG_LEVEL_INFO, false);
	if (settings_read(file, &settings, &err) < 0) {
		log_error("%s", err.text);
		return 78;
	}
	for (size_t i = 0; _subcommands[i].name; i++)
		if (strcmp(_subcommands[i].name, argv[optind]) == 0)
			return _subcommands[i].run(&settings);
	return _usage(stderr);
}
