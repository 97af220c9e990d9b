/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone - the admin's command. The table below is all that main knows. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/clone/config.h"
#include "command.h"

static const struct command commands[] = {
	{ "check", "[--slurm-helper PATH]",
	  "test configuration, vCenter and Slurm; change nothing",
	  check_command },
	{ "status", "[NODES]", "nodes in use, their VMs and sources",
	  status_command },
	{ "history", "[NODE|JOB] [--limit N]", "finished cycles, newest first",
	  history_command },
	{ "why", "NODE|JOB", "what was decided, and what it was decided by",
	  why_command },
	{ "plan", "NODES|RESUMEFILE [--template NAME] [--snapshot FILE]",
	  "what would be cloned where, and why not", plan_command },
	{ "snapshot", "[FILE]",
	  "all that is decided by, without secrets, into a file",
	  snapshot_command },
	{ "receipt", "show|verify [NODE|JOB] [--head HEAD]",
	  "records of destruction, and whether all are there",
	  receipt_command },
	{ "generate", "slurm-conf|gres|hosts [--slurm-version N.N]",
	  "lines for other files that fit sclone.conf", generate_command },
	{ "template", "list|show|drain|undrain|test [NAME|--all] "
	  "[--timeout DURATION]",
	  "templates and their sources: look, take out of use, try",
	  template_command },
	{ "pause", "", "make no new clones; releases go on", pause_command },
	{ "unpause", "", "make clones again", unpause_command },
	{ "hold", "NODES", "keep the nodes' VMs for a look", hold_command },
	{ "unhold", "NODES", "let held VMs go", unhold_command },
	{ "reconcile", "[--dry-run|--now|--apply]",
	  "where journal, vCenter and Slurm differ", reconcile_command },
	{ "release", "NODES", "let VMs go that nobody needs any more",
	  release_command },
	{ "reload", "", "read sclone.conf again", reload_command },
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))
#define ARGUMENTS_WIDTH 22

static void _print_command(FILE *out, const struct command *command)
{
	bool wide = strlen(command->arguments) > ARGUMENTS_WIDTH;

	fprintf(out, "  %-9s %-*s", command->name, ARGUMENTS_WIDTH,
		command->arguments);
	if (wide)
		fprintf(out, "\n  %-9s %-*s", "", ARGUMENTS_WIDTH, "");
	fprintf(out, " %s\n", command->help);
}

static void _print_help(FILE *out)
{
	fprintf(out, "usage: sclone [--config FILE] [--socket PATH] [--json] "
		     "COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		_print_command(out, &commands[i]);
	fprintf(out, "\nSee sclone(1). Exit status: 0 fine, 1 needs a look, "
		     "2 does not work.\n");
}

static const struct command *_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* --json may stand behind the command as well, where people type it. */
static int _take_json(int argc, char **argv, bool *json)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			*json = true;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	return kept;
}

/* No command takes it for a name or a reason. */
static bool _asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int _print_usage(const struct command *command)
{
	printf("usage: sclone %s %s\n\n%s; see sclone(1).\n", command->name,
	       command->arguments, command->help);
	return COMMAND_OK;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct command_options options = { .config = CONFIG_PATH };
	const struct command *command;
	int c;

	while ((c = getopt_long(argc, argv, "+c:s:jhV", long_options,
				NULL)) >= 0) {
		switch (c) {
		case 'c':
			options.config = optarg;
			break;
		case 's':
			options.socket = optarg;
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			_print_help(stdout);
			return COMMAND_OK;
		case 'V':
			puts("sclone " PACKAGE_VERSION);
			return COMMAND_OK;
		default:
			_print_help(stderr);
			return COMMAND_CRITICAL;
		}
	}
	command = optind < argc ? _find(argv[optind]) : NULL;
	if (!command) {
		if (optind < argc)
			fprintf(stderr, "sclone: no command '%s'\n",
				argv[optind]);
		_print_help(stderr);
		return COMMAND_CRITICAL;
	}
	argv += optind + 1;
	argc = _take_json(argc - optind - 1, argv, &options.json);
	if (_asks_for_help(argc, argv))
		return _print_usage(command);
	return command->run(&options, argc, argv);
}
