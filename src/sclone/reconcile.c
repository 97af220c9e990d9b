/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone reconcile - where the journal, vCenter and Slurm do not tell the
 * same, what follows from it, and why not yet.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/verbs.h"
#include "command.h"

static void _print_difference(const struct json *row)
{
	const char *vm = command_str(row, "vm");
	const char *wait = command_str(row, "wait");

	printf("%-16s %-10s %-16s %-10s %s", command_str(row, "node"),
	       command_str(row, "journal"), *vm ? vm : "-",
	       command_str(row, "slurm"), command_str(row, "text"));
	if (*vm)
		printf(" [%s]", command_str(row, "vcenter"));
	if (command_bool(row, "done"))
		printf("; done now");
	else if (*wait)
		printf("; %s", wait);
	printf("\n");
}

static void _print_stray(const struct json *row)
{
	printf("%-16s %-10s %-16s %-10s no such node in sclone.conf; "
	       "\"sclone release %s\" lets it go\n",
	       command_str(row, "node"), "-", command_str(row, "vm"), "-",
	       command_str(row, "node"));
}

static void _print(const struct json *reply)
{
	const struct json *differences = json_get(reply, "differences");
	const struct json *strays = json_get(reply, "strays");
	char at[CLOCK_TEXT_SIZE];

	clock_print(command_int(reply, "at"), at);
	printf("%s: %" PRId64 " VMs of ours, %" PRId64 " of others\n", at,
	       command_int(reply, "ours"), command_int(reply, "foreign"));
	if (!json_count(differences) && !json_count(strays)) {
		printf("journal, vCenter and Slurm agree\n");
		return;
	}
	printf("\n%-16s %-10s %-16s %-10s %s\n", "NODE", "JOURNAL", "VM",
	       "SLURM", "WHAT");
	for (size_t i = 0; i < json_count(differences); i++)
		_print_difference(json_at(differences, i));
	for (size_t i = 0; i < json_count(strays); i++)
		_print_stray(json_at(strays, i));
	if (command_bool(reply, "braked"))
		printf("\ntoo many at once: nothing is ended that Slurm has "
		       "not given up. When the journal\nand slurmctld are "
		       "the right ones, \"sclone reconcile --apply\" goes "
		       "on.\n");
}

static int _rate(const struct json *reply)
{
	return json_count(json_get(reply, "differences")) ||
	       json_count(json_get(reply, "strays")) ? COMMAND_WARNING
						     : COMMAND_OK;
}

int reconcile_command(const struct command_options *options, int argc,
		      char **argv)
{
	cleanup_json struct json *reply = NULL;
	const char *mode = argc ? argv[0] : "--dry-run";
	struct json *request;

	if (argc > 1 || (strcmp(mode, "--dry-run") && strcmp(mode, "--now") &&
			 strcmp(mode, "--apply"))) {
		fprintf(stderr, "usage: sclone reconcile "
				"[--dry-run|--now|--apply]\n");
		return COMMAND_CRITICAL;
	}
	request = command_request(VERB_RECONCILE);
	if (request)
		json_put_str(request, "mode", mode + strlen("--"));
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		(void) command_print_json(reply);
	else
		_print(reply);
	return _rate(reply);
}
