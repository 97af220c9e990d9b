/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `sclone template list` and `show` print. The exit status is for
 * monitoring: 1 when a source needs a look, 2 when a template cannot be
 * cloned at all, or scloned or vCenter cannot be reached.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/ipc/verbs.h"
#include "template.h"

/* --- how bad it is ------------------------------------------------------ */

static int _worse(int a, int b)
{
	return a > b ? a : b;
}

/* "frozen" when it can clone. */
static const char *_state(const struct json *row)
{
	const char *state = command_str(row, "state");

	if (strcmp(state, "frozen") != 0)
		return state;
	if (json_get(row, "drained"))
		return "drained";
	return command_bool(row, "resting") ? "resting" : state;
}

static bool _is(const struct json *row, const char *state)
{
	return !strcmp(_state(row), state);
}

/* The last test of a source with that result, or with any (NULL), that was
 * ordered last. */
static const struct json *_last_test(const struct json *row,
				     const char *result)
{
	const struct json *sources = json_get(row, "sources"), *last = NULL;

	for (size_t i = 0; i < json_count(sources); i++) {
		const struct json *test = json_get(json_at(sources, i),
						   "test");

		if (test &&
		    (!result || !strcmp(command_str(test, "result"),
					result)) &&
		    command_int(test, "since") > command_int(last, "since"))
			last = test;
	}
	return last;
}

/* What somebody has drained whole is not broken. */
static int _rate_template(const struct json *row)
{
	const struct json *sources = json_get(row, "sources");
	size_t count = json_count(sources), ready = 0, drained = 0;
	bool failed = _last_test(row, "failed") != NULL;

	for (size_t i = 0; i < count; i++) {
		ready += _is(json_at(sources, i), "frozen");
		drained += _is(json_at(sources, i), "drained");
	}
	if (ready == count && count)
		return failed ? COMMAND_WARNING : COMMAND_OK;
	return ready || (drained && drained == count) ? COMMAND_WARNING
						      : COMMAND_CRITICAL;
}

static int _rate(const struct json *reply)
{
	const struct json *templates = json_get(reply, "templates");
	int worst = *command_str(reply, "error") ? COMMAND_CRITICAL
						 : COMMAND_OK;

	for (size_t i = 0; i < json_count(templates); i++)
		worst = _worse(worst, _rate_template(json_at(templates, i)));
	return worst;
}

/* --- a line each -------------------------------------------------------- */

/* "2/16" */
static void _print_lanes(const struct json *row)
{
	char text[48];

	snprintf(text, sizeof(text), "%" PRId64 "/%" PRId64,
		 command_int(row, "in_flight"), command_int(row, "lanes"));
	printf(" %-7s", text);
}

/* "1 off, 2 resting": how many of the sources are not frozen, in the order
 * in which they come. */
static void _print_troubles(const struct json *sources)
{
	const char *mark = "";

	for (size_t i = 0; i < json_count(sources); i++) {
		const char *state = _state(json_at(sources, i));
		size_t count = 0;
		bool told = !strcmp(state, "frozen");

		for (size_t j = 0; j < json_count(sources); j++) {
			bool same = _is(json_at(sources, j), state);

			told |= same && j < i;
			count += same;
		}
		if (told)
			continue;
		printf("%s%zu %s", mark, count, state);
		mark = ", ";
	}
}

/* "drained by root: why" */
static void _print_drain(const struct json *drain)
{
	const char *why = command_str(drain, "why");

	printf("drained by %s%s%s", command_str(drain, "who"),
	       *why ? ": " : "", why);
}

/* "failed 2h03m": a failure before all others. */
static void _print_tested(const struct json *row, int64_t now)
{
	const struct json *test = _last_test(row, "failed");
	char age[16], text[48] = "-";

	if (!test)
		test = _last_test(row, NULL);
	if (test) {
		command_age(now - command_int(test, "since"), age);
		snprintf(text, sizeof(text), "%s %s",
			 command_str(test, "result"), age);
	}
	printf("%-15s ", text);
}

static void _print_template(const struct json *row, int64_t now)
{
	const struct json *sources = json_get(row, "sources");
	char ready[48];

	snprintf(ready, sizeof(ready), "%" PRId64 " of %zu ready",
		 command_int(row, "ready"), json_count(sources));
	printf("%-16s %-16s", command_str(row, "name"), ready);
	_print_lanes(row);
	printf(" %6" PRId64 " ", command_int(row, "clones"));
	_print_tested(row, now);
	if (json_get(row, "drained"))
		_print_drain(json_get(row, "drained"));
	else
		_print_troubles(sources);
	printf("\n");
}

static void _print_list(const struct json *reply)
{
	const struct json *templates = json_get(reply, "templates");
	const struct json *gone = json_get(reply, "gone");

	printf("%-16s %-16s %-7s %6s %-15s %s\n", "TEMPLATE", "SOURCES",
	       "LANES", "CLONES", "TEST", "WHY");
	for (size_t i = 0; i < json_count(templates); i++)
		_print_template(json_at(templates, i),
				command_int(reply, "now"));
	for (size_t i = 0; i < json_count(gone); i++) {
		printf("%s, not in sclone.conf, is ",
		       command_str(json_at(gone, i), "name"));
		_print_drain(json_at(gone, i));
		printf("\n");
	}
}

/* --- one of them -------------------------------------------------------- */

/* "  memory 1024 of 65536 MiB free, 512 for a clone" */
static void _print_room(const struct json *row, const char *what,
			const char *has, const char *free, const char *need)
{
	if (!json_get(row, free))
		return;
	printf("  %-6s %" PRId64 " of %" PRId64 " MiB free", what,
	       command_int(row, free), command_int(row, has));
	if (json_get(row, need))
		printf(", %" PRId64 " for a clone", command_int(row, need));
	printf("\n");
}

/* A guest's word may be anything, and this a terminal. */
static void _print_guests(const char *what, const char *text)
{
	if (!*text)
		return;
	printf("  %-6s ", what);
	for (; *text; text++)
		putchar((unsigned char) *text < ' ' || *text == 0x7f ? '?'
								: *text);
	putchar('\n');
}

/* What sclone-guest wrote down before the freeze. */
static void _print_record(const char *text)
{
	cleanup_json struct json *record = json_parse(text, strlen(text),
						      NULL);
	char boot[CLOCK_TEXT_SIZE];

	if (!record)
		return;
	clock_print(command_int(record, "boot"), boot);
	printf("  booted %s\n", command_int(record, "boot") ? boot : "-");
	_print_guests("guest", command_str(record, "guest"));
	_print_guests("slurmd", command_str(record, "slurmd"));
}

static void _print_facts(const struct json *row)
{
	_print_record(command_str(row, "record"));
	_print_room(row, "memory", "host_memory", "host_free", "memory_need");
	_print_room(row, "space", "space", "space_free", "space_need");
	if (json_get(row, "chain"))
		printf("  chain  %" PRId64 " disks deep\n",
		       command_int(row, "chain"));
}

static void _print_last_test(const struct json *test, int64_t now)
{
	char age[16];

	if (!test) {
		printf("  test   none yet\n");
		return;
	}
	command_age(now - command_int(test, "since"), age);
	printf("  test   %s ago on %s by %s\n", age,
	       command_str(test, "node"), command_str(test, "who"));
	template_print_test(test, "         ");
}

static void _print_source(const struct json *row, int64_t now)
{
	const char *store = command_str(row, "datastore");
	const char *why = command_str(row, "why");

	printf("\nsource   %s\n", command_str(row, "path"));
	printf("  host   %s%s%s\n", *command_str(row, "host")
					  ? command_str(row, "host") : "-",
	       *store ? ", datastore " : "", store);
	printf("  state  %s%s%s\n", _state(row), *why ? ": " : "",
	       why);
	printf("  lanes  %" PRId64 " of %" PRId64 " in use, %" PRId64
	       " clones\n", command_int(row, "in_flight"),
	       command_int(row, "lanes"), command_int(row, "clones"));
	_print_facts(row);
	_print_last_test(json_get(row, "test"), now);
}

static void _print_refused(const struct json *refused)
{
	for (size_t i = 0; i < json_count(refused); i++)
		printf("\nno source %s\n  why    %s\n",
		       command_str(json_at(refused, i), "path"),
		       command_str(json_at(refused, i), "why"));
}

static void _print_drained(const struct json *row, int64_t now)
{
	const struct json *drain = json_get(row, "drained");
	char age[16];

	if (!drain)
		return;
	command_age(now - command_int(drain, "since"), age);
	printf("drained  %s ago by %s: %s\n", age, command_str(drain, "who"),
	       *command_str(drain, "why") ? command_str(drain, "why") : "-");
}

static void _print_failure(const struct json *cycle)
{
	char ended[CLOCK_TEXT_SIZE];

	clock_print(command_int(cycle, "ended"), ended);
	printf("  %s %s job %" PRId64 " (%s) %s\n", ended,
	       command_str(cycle, "node"), command_int(cycle, "job"),
	       command_str(cycle, "outcome"), command_str(cycle, "why"));
}

static void _print_one(const struct json *reply)
{
	const struct json *row = json_at(json_get(reply, "templates"), 0);
	const struct json *sources = json_get(row, "sources");
	const struct json *failures = json_get(row, "failures");

	printf("template %s\n", command_str(row, "name"));
	printf("sources  %" PRId64 " of %zu ready\n",
	       command_int(row, "ready"), json_count(sources));
	printf("lanes    %" PRId64 " of %" PRId64 " in use\n",
	       command_int(row, "in_flight"), command_int(row, "lanes"));
	printf("clones   %" PRId64 "\n", command_int(row, "clones"));
	_print_drained(row, command_int(reply, "now"));
	for (size_t i = 0; i < json_count(sources); i++)
		_print_source(json_at(sources, i), command_int(reply, "now"));
	_print_refused(json_get(row, "refused"));
	printf("\n%s\n", json_count(failures) ? "last failures" :
						"no failure of late");
	for (size_t i = 0; i < json_count(failures); i++)
		_print_failure(json_at(failures, i));
}

/* --- the whole ---------------------------------------------------------- */

static int _show(const struct command_options *options, struct json *request,
		 void (*print)(const struct json *reply))
{
	cleanup_json struct json *reply = command_ask(options, request);

	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json) {
		(void) command_print_json(reply);
		return _rate(reply);
	}
	if (*command_str(reply, "error"))
		printf("vCenter cannot be reached, what follows is what was "
		       "seen last: %s\n\n", command_str(reply, "error"));
	print(reply);
	return _rate(reply);
}

int template_list(const struct command_options *options)
{
	return _show(options, command_request(VERB_TEMPLATES), _print_list);
}

int template_show(const struct command_options *options, const char *name)
{
	struct json *request = command_request(VERB_TEMPLATES);

	if (request)
		json_put_str(request, "name", name);
	return _show(options, request, _print_one);
}
