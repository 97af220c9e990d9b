/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone history - finished cycles of a node or a job, with the time each
 * phase took. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/ipc/verbs.h"
#include "command.h"

/* "requested +0ms cloning +12ms ... gone +940ms": from the first phase. */
static void _print_timeline(const struct json *at, int64_t ended)
{
	int64_t first = 0, when;
	const struct json *value;
	const char *phase;
	size_t pos = 0;

	printf("  ");
	while (json_next(at, &pos, &phase, &value)) {
		if (json_int(value, &when) < 0)
			continue;
		if (!first)
			first = when;
		printf(" %s +%" PRId64 "ms", phase,
		       (when - first) / CLOCK_US_PER_MS);
	}
	printf(" gone +%" PRId64 "ms\n", (ended - first) / CLOCK_US_PER_MS);
}

static void _print_cycle(const struct json *cycle)
{
	const char *why = command_str(cycle, "why");
	const char *sharers = command_str(cycle, "sharers");
	char ended[CLOCK_TEXT_SIZE];

	clock_print(command_int(cycle, "ended"), ended);
	printf("%s %s job %" PRId64 "%s%s %s %s %s%s%s\n", ended,
	       command_str(cycle, "node"), command_int(cycle, "job"),
	       *sharers ? "," : "", sharers,
	       command_str(cycle, "template"), command_str(cycle, "vm"),
	       command_str(cycle, "outcome"), *why ? ": " : "", why);
	_print_timeline(json_get(cycle, "at"), command_int(cycle, "ended"));
}

static bool _is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* [NODE|JOB] [--limit N] into the request. */
static int _parse(int argc, char **argv, struct json *request,
		  struct err *err)
{
	uint64_t number;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--limit") && i + 1 < argc) {
			if (parse_u64(argv[++i], 1, VERBS_HISTORY_MAX,
				      &number, err) < 0)
				return err_wrap(err, "--limit");
			json_put_int(request, "limit", (int64_t) number);
		} else if (_is_number(argv[i])) {
			if (parse_u64(argv[i], 1, UINT32_MAX, &number,
				      err) < 0)
				return err_wrap(err, "job");
			json_put_int(request, "job", (int64_t) number);
		} else if (parse_is_name(argv[i], 255)) {
			json_put_str(request, "node", argv[i]);
		} else {
			return err_set(err, ERR_CONFIG, "'%s' is neither a "
				       "node, a job, nor --limit N", argv[i]);
		}
	}
	return 0;
}

int history_command(const struct command_options *options, int argc,
		    char **argv)
{
	cleanup_json struct json *reply = NULL;
	struct json *request = command_request(VERB_HISTORY);
	const struct json *cycles;
	struct err err = ERR_INIT;

	if (request && _parse(argc, argv, request, &err) < 0) {
		json_destroy(request);
		return command_fail("history", &err);
	}
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		return command_print_json(reply);
	cycles = json_get(reply, "cycles");
	for (size_t i = 0; i < json_count(cycles); i++)
		_print_cycle(json_at(cycles, i));
	if (!json_count(cycles))
		printf("no finished cycle\n");
	return COMMAND_OK;
}
