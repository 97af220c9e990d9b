/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone status - what scloned holds now. The exit status is for monitoring:
 * 1 when a node needs a look, 2 when vCenter or Slurm cannot be reached.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/ipc/verbs.h"
#include "command.h"

static int _worse(int a, int b)
{
	return a > b ? a : b;
}

static int _print_link(const char *name, const struct json *link)
{
	const char *state = command_str(link, "state");
	const char *error = command_str(link, "error");

	printf("%-8s %s%s%s\n", name, state, *error ? ": " : "", error);
	return strcmp(state, "up") ? COMMAND_CRITICAL : COMMAND_OK;
}

static int _print_daemon(const struct json *daemon)
{
	char age[16];
	int worst = COMMAND_OK;

	command_age(command_int(daemon, "now") -
			    command_int(daemon, "started"), age);
	printf("scloned  %s, up %s, pid %" PRId64 "\n",
	       command_str(daemon, "version"), age,
	       command_int(daemon, "pid"));
	worst = _worse(worst, _print_link("vcenter",
					  json_get(daemon, "vcenter")));
	worst = _worse(worst, _print_link("slurm", json_get(daemon, "slurm")));
	if (command_bool(daemon, "paused")) {
		printf("paused: no new clones; \"sclone unpause\" goes on\n");
		worst = _worse(worst, COMMAND_WARNING);
	}
	if (command_bool(daemon, "journal_low")) {
		printf("journal: the disk is full; no new clones until there "
		       "is room\n");
		worst = _worse(worst, COMMAND_CRITICAL);
	}
	return worst;
}

static int _print_node(const struct json *row, int64_t now)
{
	const char *error = command_str(row, "error");
	const char *why = command_str(row, "why");
	char age[16];

	command_age(now - command_int(row, "since"), age);
	printf("%-16s %-10s %7s %8" PRId64 " %-12s %-12s %s%s\n",
	       command_str(row, "node"), command_str(row, "phase"), age,
	       command_int(row, "job"), command_str(row, "template"),
	       command_str(row, "vm"), *error ? error : why,
	       command_bool(row, "hold") ? " [held]" : "");
	return *error || command_bool(row, "hold") ? COMMAND_WARNING
						   : COMMAND_OK;
}

static int _print_nodes(const struct json *nodes, int64_t now)
{
	int worst = COMMAND_OK;

	if (!json_count(nodes)) {
		printf("\nno node in use\n");
		return worst;
	}
	printf("\n%-16s %-10s %7s %8s %-12s %-12s %s\n", "NODE", "PHASE",
	       "AGE", "JOB", "TEMPLATE", "VM", "WHY");
	for (size_t i = 0; i < json_count(nodes); i++)
		worst = _worse(worst, _print_node(json_at(nodes, i), now));
	return worst;
}

static int _print_sources(const struct json *sources)
{
	int worst = COMMAND_OK;

	printf("\n%-12s %-40s %-10s %5s %s\n", "TEMPLATE", "SOURCE", "STATE",
	       "LANES", "WHY");
	for (size_t i = 0; i < json_count(sources); i++) {
		const struct json *row = json_at(sources, i);
		const char *state = command_str(row, "state");

		printf("%-12s %-40s %-10s %2" PRId64 "/%-2" PRId64 " %s\n",
		       command_str(row, "template"), command_str(row, "path"),
		       state, command_int(row, "in_flight"),
		       command_int(row, "lanes"), command_str(row, "why"));
		if (strcmp(state, "frozen"))
			worst = COMMAND_WARNING;
	}
	return worst;
}

int status_command(const struct command_options *options, int argc,
		   char **argv)
{
	cleanup_json struct json *reply = NULL;
	struct json *request = command_request(VERB_STATUS);
	const struct json *daemon;
	int worst;

	if (argc > 1) {
		json_destroy(request);
		fprintf(stderr, "usage: sclone status [NODES]\n");
		return COMMAND_CRITICAL;
	}
	if (request && argc == 1)
		json_put_str(request, "nodes", argv[0]);
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		return command_print_json(reply);
	daemon = json_get(reply, "daemon");
	worst = _print_daemon(daemon);
	worst = _worse(worst, _print_sources(json_get(reply, "sources")));
	return _worse(worst, _print_nodes(json_get(reply, "nodes"),
					  command_int(daemon, "now")));
}
