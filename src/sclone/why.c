/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone why - what scloned decided for a node, or for the nodes of a job,
 * step by step, and what it decided by. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/ipc/verbs.h"
#include "command.h"
#include "receipt.h"

/* Of a record, where all values are text. */
static int64_t _number(const struct json *record, const char *key)
{
	return strtoll(command_str(record, key), NULL, 10);
}

static void _print_line(const char *label, const char *text)
{
	if (*text)
		printf("  %-11s%s\n", label, text);
}

static void _print_time(const char *label, int64_t when)
{
	char text[CLOCK_TEXT_SIZE];

	if (!when)
		return;
	clock_print(when, text);
	_print_line(label, text);
}

/* prefix: "req" or "next". */
static const char *_of(const struct json *record, const char *prefix,
		       const char *key)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", prefix, key);
	return command_str(record, name);
}

static void _print_request(const struct json *record, const char *prefix)
{
	const char *job = _of(record, prefix, "job");
	const char *attempts = _of(record, prefix, "attempts");

	printf("  %-11s%s %s%s%s\n", "request", _of(record, prefix, "id"),
	       *job ? "for job " : "for no job that is known", job,
	       !strcmp(prefix, "next") ? ", waiting" : "");
	_print_line("of user", _of(record, prefix, "user"));
	_print_line("sharers", _of(record, prefix, "sharers"));
	_print_time("asked at", strtoll(_of(record, prefix, "asked"), NULL,
					10));
	_print_time("up by", strtoll(_of(record, prefix, "deadline"), NULL,
				     10));
	printf("  %-11s%s, by %s\n", "template",
	       _of(record, prefix, "template"),
	       *_of(record, prefix, "choice") ? _of(record, prefix, "choice")
					      : "what is not kept");
	if (*attempts)
		printf("  %-11s%s failed, the last on %s\n", "tries",
		       attempts, _of(record, prefix, "avoid"));
}

static void _print_slurm(const struct json *slurm)
{
	const struct json *flags = json_get(slurm, "flags");
	char when[CLOCK_TEXT_SIZE];

	if (!slurm)
		return;
	clock_print(command_int(slurm, "seen"), when);
	printf("  %-11s%s", "in Slurm", command_str(slurm, "state"));
	for (size_t i = 0; i < json_count(flags); i++)
		printf("+%s", json_str(json_at(flags, i)));
	printf(" as of %s\n", when);
	_print_line("reason", command_str(slurm, "reason"));
}

static void _print_end(const struct json *record)
{
	const char *cause = command_str(record, "cause");

	if (*cause)
		printf("  %-11s(%s) %s\n", "ended by", cause,
		       command_str(record, "why"));
	_print_line("guard", command_str(record, "refusal"));
	if (*command_str(record, "tell.text"))
		printf("  %-11s(%s) %s\n", "was told",
		       command_str(record, "tell.cause"),
		       command_str(record, "tell.text"));
}

static void _print_decision(const struct json *row)
{
	char when[CLOCK_TEXT_SIZE];

	clock_print(command_int(row, "at"), when);
	printf("  %s %-10s %s\n", when, command_str(row, "what"),
	       command_str(row, "text"));
}

static void _print_node(const struct json *row, int64_t now)
{
	const struct json *record = json_get(row, "record");
	const struct json *decisions = json_get(row, "decisions");
	const char *phase = command_str(record, "phase");
	char at[40], age[16];

	snprintf(at, sizeof(at), "at.%s", *phase ? phase : "absent");
	command_age(now - _number(record, at), age);
	printf("%s: %s", command_str(row, "node"), *phase ? phase : "absent");
	printf(_number(record, at) ? " for %s\n" : "\n", age);
	_print_line("quarantine", command_str(row, "quarantine"));
	if (*_of(record, "req", "id"))
		_print_request(record, "req");
	if (*_of(record, "next", "id"))
		_print_request(record, "next");
	_print_line("source", command_str(record, "source"));
	_print_line("vm", command_str(record, "vm"));
	_print_line("last said", command_str(record, "error"));
	_print_end(record);
	_print_slurm(json_get(row, "slurm"));
	for (size_t i = 0; i < json_count(decisions); i++)
		_print_decision(json_at(decisions, i));
}

static void _print_cycle(const struct json *cycle)
{
	const char *why = command_str(cycle, "why");
	const char *choice = command_str(cycle, "choice");
	const char *sharers = command_str(cycle, "sharers");
	char ended[CLOCK_TEXT_SIZE];

	clock_print(command_int(cycle, "ended"), ended);
	printf("  %s %s job %" PRId64 "%s%s %s%s%s from %s: (%s) %s\n", ended,
	       command_str(cycle, "node"), command_int(cycle, "job"),
	       *sharers ? "," : "", sharers,
	       command_str(cycle, "template"), *choice ? " by " : "", choice,
	       command_str(cycle, "source"), command_str(cycle, "outcome"),
	       why);
}

static void _print(const struct json *reply)
{
	const struct json *nodes = json_get(reply, "nodes");
	const struct json *cycles = json_get(reply, "cycles");
	const struct json *receipts = json_get(reply, "receipts");
	char since[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < json_count(nodes); i++)
		_print_node(json_at(nodes, i), command_int(reply, "now"));
	if (command_bool(reply, "more"))
		printf("the job has more nodes than are shown\n");
	clock_print(command_int(reply, "since"), since);
	printf("Single decisions are remembered since %s.\n", since);
	if (json_count(cycles))
		printf("Cycles that ended, newest first:\n");
	for (size_t i = 0; i < json_count(cycles); i++)
		_print_cycle(json_at(cycles, i));
	if (json_count(receipts))
		printf("Records of destruction (sclone receipt show):\n");
	for (size_t i = 0; i < json_count(receipts); i++) {
		printf("  ");
		receipt_print_row(json_at(receipts, i));
	}
}

/* Whether anything is known. */
static bool _is_empty(const struct json *reply)
{
	return !json_count(json_get(reply, "nodes")) &&
	       !json_count(json_get(reply, "cycles")) &&
	       !json_count(json_get(reply, "receipts"));
}

static int _parse(const char *subject, struct json *request, struct err *err)
{
	uint64_t job;

	if (*subject && !subject[strspn(subject, "0123456789")]) {
		if (parse_u64(subject, 1, UINT32_MAX, &job, err) < 0)
			return err_wrap(err, "job");
		return json_put_int(request, "job", (int64_t) job);
	}
	if (!parse_is_name(subject, 255))
		return err_set(err, ERR_CONFIG, "'%s' is neither a node nor "
			       "a job", subject);
	return json_put_str(request, "node", subject);
}

int why_command(const struct command_options *options, int argc, char **argv)
{
	cleanup_json struct json *reply = NULL;
	struct json *request;
	struct err err = ERR_INIT;

	if (argc != 1) {
		fprintf(stderr, "usage: sclone why NODE|JOB\n");
		return COMMAND_CRITICAL;
	}
	request = command_request(VERB_WHY);
	if (request && _parse(argv[0], request, &err) < 0) {
		json_destroy(request);
		return command_fail("why", &err);
	}
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	if (options->json)
		(void) command_print_json(reply);
	else if (!_is_empty(reply))
		_print(reply);
	else
		printf("nothing is known of job %s\n", argv[0]);
	return _is_empty(reply) ? COMMAND_WARNING : COMMAND_OK;
}
