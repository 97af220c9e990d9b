/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone check - gather the facts, judge them, print the findings. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "check.h"
#include "command.h"
#include "gather.h"

static int _parse(int argc, char **argv, struct gather_options *options)
{
	if (argc == 2 && !strcmp(argv[0], "--slurm-helper")) {
		options->slurm_helper = argv[1];
		return 0;
	}
	return argc ? -1 : 0;
}

static void _print(const struct findings *findings)
{
	const struct finding *finding;
	size_t i;

	for (i = 0; (finding = findings_at(findings, i)) != NULL; i++)
		printf("%-4s  %s: %s\n", findings_level_name(finding->level),
		       finding->topic, finding->text);
	if (findings_count(findings) > i)
		printf("%zu more\n", findings_count(findings) - i);
}

static int _print_json(const struct findings *findings)
{
	cleanup_json struct json *json = findings_json(findings);

	if (!json) {
		fprintf(stderr, "sclone: out of memory\n");
		return -1;
	}
	command_print_json(json);
	return 0;
}

int check_command(const struct command_options *options, int argc,
		  char **argv)
{
	cleanup_findings struct findings *findings = findings_create();
	cleanup_facts struct facts facts = { 0 };
	struct gather_options from = { .config = options->config,
				       .socket = options->socket,
				       .slurm_helper = SLURM_HELPER };

	if (_parse(argc, argv, &from)) {
		fprintf(stderr, "usage: sclone check [--slurm-helper PATH]\n");
		return COMMAND_CRITICAL;
	}
	if (!findings) {
		fprintf(stderr, "sclone: out of memory\n");
		return COMMAND_CRITICAL;
	}
	/* It reads secrets: no core dumps, no ptrace by the same user. */
	(void) prctl(PR_SET_DUMPABLE, 0);
	(void) signal(SIGPIPE, SIG_IGN);
	gather(&from, &facts);
	check_run(&facts, findings);
	if (!options->json)
		_print(findings);
	else if (_print_json(findings))
		return COMMAND_CRITICAL;
	return findings_worst(findings) == FINDINGS_FAIL   ? COMMAND_CRITICAL
	       : findings_worst(findings) == FINDINGS_WARN ? COMMAND_WARNING
							   : COMMAND_OK;
}
