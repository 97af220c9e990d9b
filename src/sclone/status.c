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

/* --- how bad it is ------------------------------------------------------ */

static int _rate_link(const struct json *link)
{
	return strcmp(command_str(link, "state"), "up") ? COMMAND_CRITICAL
							: COMMAND_OK;
}

static int _rate_daemon(const struct json *daemon)
{
	int worst = command_bool(daemon, "paused") ? COMMAND_WARNING
						   : COMMAND_OK;

	if (command_bool(json_get(daemon, "folder"), "braked") ||
	    json_get(daemon, "spool"))
		worst = COMMAND_WARNING;
	if (command_bool(daemon, "journal_low"))
		worst = COMMAND_CRITICAL;
	worst = _worse(worst, _rate_link(json_get(daemon, "vcenter")));
	return _worse(worst, _rate_link(json_get(daemon, "slurm")));
}

static int _rate_source(const struct json *row)
{
	return strcmp(command_str(row, "state"), "frozen") ||
			       command_bool(row, "resting") ||
			       json_get(row, "drained")
		       ? COMMAND_WARNING : COMMAND_OK;
}

static int _rate_node(const struct json *row)
{
	return *command_str(row, "error") || command_bool(row, "hold") ||
	       *command_str(row, "quarantine") ? COMMAND_WARNING
					       : COMMAND_OK;
}

static int _rate_rows(const struct json *rows,
		      int (*rate)(const struct json *row))
{
	int worst = COMMAND_OK;

	for (size_t i = 0; i < json_count(rows); i++)
		worst = _worse(worst, rate(json_at(rows, i)));
	return worst;
}

static int _rate(const struct json *reply)
{
	int worst = _rate_daemon(json_get(reply, "daemon"));

	worst = _worse(worst, _rate_rows(json_get(reply, "sources"),
					 _rate_source));
	return _worse(worst, _rate_rows(json_get(reply, "nodes"),
					_rate_node));
}

/* --- for people --------------------------------------------------------- */

static void _print_link(const char *name, const struct json *link)
{
	const char *error = command_str(link, "error");

	printf("%-8s %s%s%s\n", name, command_str(link, "state"),
	       *error ? ": " : "", error);
}

static void _print_count(const struct json *folder, const char *key,
			 const char *what)
{
	int64_t count = command_int(folder, key);

	if (count)
		printf(", %" PRId64 " %s", count, what);
}

/* It is looked through now and then only: when, belongs to the numbers. */
static void _print_folder(const struct json *folder, int64_t now)
{
	const char *error = command_str(folder, "error");
	char age[16];

	if (!command_int(folder, "at")) {
		printf("folder   not looked through yet: %s\n", error);
		return;
	}
	command_age(now - command_int(folder, "at"), age);
	printf("folder   %s ago: %" PRId64 " VMs of ours", age,
	       command_int(folder, "ours"));
	_print_count(folder, "foreign", "of others");
	_print_count(folder, "strays", "of nodes not in sclone.conf");
	_print_count(folder, "waiting", "not explained yet");
	printf("%s%s\n", *error ? ": " : "", error);
	if (command_bool(folder, "braked"))
		printf("folder: too many VMs would be released at once; "
		       "sclone reconcile shows them\n");
}

static void _print_daemon(const struct json *daemon)
{
	char age[16];

	command_age(command_int(daemon, "now") -
			    command_int(daemon, "started"), age);
	printf("scloned  %s, up %s, pid %" PRId64 "\n",
	       command_str(daemon, "version"), age,
	       command_int(daemon, "pid"));
	_print_link("vcenter", json_get(daemon, "vcenter"));
	_print_link("slurm", json_get(daemon, "slurm"));
	if (json_get(daemon, "folder"))
		_print_folder(json_get(daemon, "folder"),
			      command_int(daemon, "now"));
	if (command_bool(daemon, "paused"))
		printf("paused: no new clones; \"sclone unpause\" goes on\n");
	if (command_bool(daemon, "journal_low"))
		printf("journal: the disk is full; no new clones until there "
		       "is room\n");
	if (json_get(daemon, "spool"))
		printf("spool: %s\n", command_str(daemon, "spool"));
}

/* What it waits for. The guard's word comes before later errors. */
static void _print_why(const struct json *row)
{
	const char *refused = command_str(row, "refused");
	const char *error = command_str(row, "error");

	if (*refused)
		printf("kept by the guard: %s", refused);
	else
		printf("%s", *error ? error : command_str(row, "why"));
	printf("%s\n", command_bool(row, "hold") ? " [held]" : "");
}

/* A name that never had a VM has no epoch, one without a job no number. */
static void _print_number(int width, int64_t number)
{
	if (number)
		printf("%*" PRId64 " ", width, number);
	else
		printf("%*s ", width, "-");
}

static void _print_node(const struct json *row, int64_t now)
{
	int64_t since = command_int(row, "since");
	char age[16];

	command_age(since ? now - since : -1, age);
	printf("%-12s %-10s %7s ", command_str(row, "node"),
	       command_str(row, "phase"), age);
	_print_number(16, command_int(row, "epoch"));
	_print_number(8, command_int(row, "job"));
	printf("%-10s %-10s ", command_str(row, "template"),
	       command_str(row, "vm"));
	_print_why(row);
	if (*command_str(row, "sharers"))
		printf("  shared with jobs %s\n",
		       command_str(row, "sharers"));
	if (*command_str(row, "quarantine"))
		printf("  in quarantine, %s; \"sclone release %s\" when its "
		       "VM may go\n", command_str(row, "quarantine"),
		       command_str(row, "node"));
}

static void _print_nodes(const struct json *nodes, int64_t now)
{
	if (!json_count(nodes)) {
		printf("\nno node in use\n");
		return;
	}
	printf("\n%-12s %-10s %7s %16s %8s %-10s %-10s %s\n", "NODE",
	       "PHASE", "AGE", "EPOCH", "JOB", "TEMPLATE", "VM", "WHY");
	for (size_t i = 0; i < json_count(nodes); i++)
		_print_node(json_at(nodes, i), now);
}

static void _print_sources(const struct json *sources)
{
	printf("\n%-12s %-40s %-10s %5s %s\n", "TEMPLATE", "SOURCE", "STATE",
	       "LANES", "WHY");
	for (size_t i = 0; i < json_count(sources); i++) {
		const struct json *row = json_at(sources, i);

		printf("%-12s %-40s %-10s %2" PRId64 "/%-2" PRId64 " %s\n",
		       command_str(row, "template"), command_str(row, "path"),
		       command_str(row, "state"),
		       command_int(row, "in_flight"),
		       command_int(row, "lanes"), command_str(row, "why"));
	}
}

/* What lies in folders of Sources= and is no source. */
static void _print_refused(const struct json *refused)
{
	for (size_t i = 0; i < json_count(refused); i++) {
		const struct json *row = json_at(refused, i);

		printf("%-12s %-40s %-10s %5s %s\n",
		       command_str(row, "template"), command_str(row, "path"),
		       "refused", "-", command_str(row, "why"));
	}
}

/* What the names of each node set are good for. */
static void _print_capacity(const struct json *sets)
{
	printf("\n%-24s %6s %7s %6s %7s %6s %6s %s\n", "NODES", "CLONES",
	       "WAITING", "FREE", "DRAINED", "OUT", "ROOM", "SHORT OF");
	for (size_t i = 0; i < json_count(sets); i++) {
		const struct json *row = json_at(sets, i);

		printf("%-24s %6" PRId64 " %7" PRId64 " %6" PRId64
		       " %7" PRId64 " %6" PRId64 " %6" PRId64 " %s\n",
		       command_str(row, "nodes"), command_int(row, "clones"),
		       command_int(row, "waiting"), command_int(row, "free"),
		       command_int(row, "drained"), command_int(row, "out"),
		       command_int(row, "room"), command_str(row, "short"));
		if (command_int(row, "isolated"))
			printf("  %" PRId64 " of them out: sclone: "
			       "(isolation) %s\n",
			       command_int(row, "isolated"),
			       command_str(row, "isolation"));
	}
}

static void _print(const struct json *reply)
{
	const struct json *daemon = json_get(reply, "daemon");

	_print_daemon(daemon);
	_print_sources(json_get(reply, "sources"));
	_print_refused(json_get(reply, "refused"));
	_print_capacity(json_get(reply, "capacity"));
	_print_nodes(json_get(reply, "nodes"), command_int(daemon, "now"));
}

int status_command(const struct command_options *options, int argc,
		   char **argv)
{
	cleanup_json struct json *reply = NULL;
	struct json *request;

	if (argc > 1) {
		fprintf(stderr, "usage: sclone status [NODES]\n");
		return COMMAND_CRITICAL;
	}
	request = command_request(VERB_STATUS);
	if (request && argc == 1)
		json_put_str(request, "nodes", argv[0]);
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		(void) command_print_json(reply);
	else
		_print(reply);
	return _rate(reply);
}
