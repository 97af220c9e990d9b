/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone template test - one clone of a source through every phase, and its
 * release. 0: it passed; 1: it passed, but its VM is not gone yet; 2: it
 * failed, or could not be made.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/ipc/verbs.h"
#include "template.h"

/* After its limit a clone is released, which Slurm has a part in. */
#define RELEASE_US (600 * CLOCK_US_PER_S)

struct order {
	const char *name;	/* NULL: all sources */
	int64_t limit_us;
};

/* --- what came of it ---------------------------------------------------- */

static bool _is(const struct json *test, const char *result)
{
	return !strcmp(command_str(test, "result"), result);
}

static int _rate(const struct json *test)
{
	if (!_is(test, "passed"))
		return COMMAND_CRITICAL;
	return command_int(test, "ended") ? COMMAND_OK : COMMAND_WARNING;
}

static void _print_step(int64_t us, const char *what)
{
	printf("  %+9.3f s  %s\n", (double) us / (double) CLOCK_US_PER_S,
	       what);
}

static void _print_timeline(const struct json *test)
{
	int64_t since = command_int(test, "since"), when;
	const struct json *value;
	const char *phase;
	size_t pos = 0;

	_print_step(0, "ordered");
	while (json_next(json_get(test, "at"), &pos, &phase, &value))
		if (json_int(value, &when) == 0)
			_print_step(when - since, phase);
	if (command_int(test, "ended"))
		_print_step(command_int(test, "ended") - since, "gone");
}

static void _print(const struct json *reply)
{
	const struct json *test = json_get(reply, "test");

	printf("%s of %s on %s\n", command_str(reply, "source"),
	       command_str(reply, "template"), command_str(test, "node"));
	_print_timeline(test);
	template_print_test(test, "  ");
}

void template_print_test(const struct json *test, const char *indent)
{
	const char *node = command_str(test, "node");

	if (_is(test, "failed"))
		printf("%sFAILED at %s: (%s) %s\n%snext: %s\n", indent,
		       command_str(test, "step"), command_str(test, "code"),
		       command_str(test, "why"), indent,
		       command_str(test, "advice"));
	else
		printf("%s%s\n", indent, command_str(test, "result"));
	if (!_is(test, "running") && !command_int(test, "ended"))
		printf("%sits VM is not gone yet: sclone status %s says why\n",
		       indent, node);
}

/* --- one after the other ------------------------------------------------ */

static struct json *_ask(const struct command_options *options,
			 const char *name, int64_t limit_us)
{
	struct json *request = command_request(VERB_TEST);

	if (request) {
		json_put_str(request, "name", name);
		json_put_str(request, "who", template_who());
		json_put_int(request, "limit", limit_us);
		json_put_bool(request, "wait", true);
	}
	return command_ask_within(options, request, limit_us + RELEASE_US);
}

/* The replies are collected for --json. */
static int _test(const struct command_options *options, const char *name,
		 int64_t limit_us, struct json *replies)
{
	struct json *reply = _ask(options, name, limit_us);
	int worst;

	if (!reply)
		return COMMAND_CRITICAL;
	worst = _rate(json_get(reply, "test"));
	if (!options->json)
		_print(reply);
	(void) fflush(stdout);
	(void) json_append(replies, reply);
	return worst;
}

static int _test_template(const struct command_options *options,
			  const struct json *row, int64_t limit_us,
			  struct json *replies)
{
	const struct json *sources = json_get(row, "sources");
	int worst = COMMAND_OK, rc;

	for (size_t i = 0; i < json_count(sources); i++) {
		rc = _test(options, command_str(json_at(sources, i), "path"),
			   limit_us, replies);
		worst = rc > worst ? rc : worst;
	}
	return worst;
}

static int _test_all(const struct command_options *options, int64_t limit_us,
		     struct json *replies)
{
	cleanup_json struct json *reply =
		command_ask(options, command_request(VERB_TEMPLATES));
	const struct json *list = json_get(reply, "templates");
	int worst = reply ? COMMAND_OK : COMMAND_CRITICAL, rc;

	for (size_t i = 0; i < json_count(list); i++) {
		rc = _test_template(options, json_at(list, i), limit_us,
				    replies);
		worst = rc > worst ? rc : worst;
	}
	return worst;
}

/* --- the command line --------------------------------------------------- */

static int _parse(int argc, char **argv, struct order *order, struct err *err)
{
	uint64_t seconds;
	bool all = false;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--all")) {
			all = true;
		} else if (!strcmp(argv[i], "--timeout") && i + 1 < argc) {
			if (parse_duration(argv[++i], 1, VERBS_TEST_MAX_US /
					   CLOCK_US_PER_S, &seconds, err) < 0)
				return err_wrap(err, "--timeout");
			order->limit_us = (int64_t) seconds * CLOCK_US_PER_S;
		} else if (order->name || !strncmp(argv[i], "--", 2)) {
			return err_set(err, ERR_CONFIG, "'%s' is neither "
				       "--all nor --timeout DURATION nor the "
				       "only name", argv[i]);
		} else {
			order->name = argv[i];
		}
	}
	if (all == (order->name != NULL))
		return err_set(err, ERR_CONFIG, "say what to test: a "
			       "template, a source, or --all");
	return 0;
}

int template_test(const struct command_options *options, int argc,
		  char **argv)
{
	struct order order = { .limit_us = VERBS_TEST_DEFAULT_US };
	cleanup_json struct json *replies = json_new_array();
	struct err err = ERR_INIT;
	int worst;

	if (_parse(argc, argv, &order, &err) < 0)
		return command_fail("template test", &err);
	if (order.name)
		worst = _test(options, order.name, order.limit_us, replies);
	else
		worst = _test_all(options, order.limit_us, replies);
	if (options->json)
		(void) command_print_json(replies);
	return worst;
}
