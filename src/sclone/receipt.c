/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone receipt - the records of destruction: show them, or verify that none
 * was changed, lost or cut off. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/ipc/verbs.h"
#include "common/rules/receipt.h"
#include "receipt.h"

/* Those that are times of day; the epoch is a number. */
static bool _is_time(const char *key)
{
	for (int i = PHASE_REQUESTED; i < PHASES; i++)
		if (!strcmp(key, record_phase_name((enum phase) i)))
			return true;
	return !strcmp(key, "asked") || !strcmp(key, "absent");
}

static void _print_time(const struct receipt_pair *pair)
{
	char text[CLOCK_TEXT_SIZE];

	clock_print(strtoll(pair->value, NULL, 10), text);
	printf("  %-15s%s\n", pair->key, text);
}

static void _show(const struct json *row)
{
	const char *text = command_str(row, "text");
	const char *pos = text;
	struct receipt_pair pair;

	printf("record %" PRId64 "\n", command_int(row, "seq"));
	while (receipt_next(&pos, &pair)) {
		if (_is_time(pair.key))
			_print_time(&pair);
		else if (strcmp(pair.key, "receipt"))
			printf("  %-15s%s\n", pair.key, pair.value);
	}
	printf("  %-15s%.*s\n", "hash", (int) strcspn(text, " "), text);
}

static const char *_value(const char *text, const char *key,
			  struct receipt_pair *pair)
{
	return receipt_get(text, key, pair) ? pair->value : "-";
}

void receipt_print_row(const struct json *row)
{
	const char *text = command_str(row, "text");
	struct receipt_pair pair;
	char when[CLOCK_TEXT_SIZE] = "-";

	if (receipt_get(text, "absent", &pair))
		clock_print(strtoll(pair.value, NULL, 10), when);
	printf("%" PRId64 " %s", command_int(row, "seq"), when);
	printf(" %s", _value(text, "node", &pair));
	printf(" epoch %s", _value(text, "epoch", &pair));
	printf(" job %s", _value(text, "job", &pair));
	if (receipt_get(text, "sharers", &pair))
		printf(",%s", pair.value);
	printf(" %s", _value(text, "cause", &pair));
	printf(" evidence %s\n", _value(text, "evidence", &pair));
}

struct json *receipt_row_json(const struct json *row)
{
	const char *text = command_str(row, "text");
	const char *pos = text, *line = strchr(text, ' ');
	cleanup_json struct json *json = json_new_object();
	cleanup_json struct json *pairs = json_new_object();
	cleanup_free char *hash = strndup(text, strcspn(text, " "));
	struct receipt_pair pair;
	int rc = json && pairs && hash ? 0 : -1;

	while (rc == 0 && receipt_next(&pos, &pair))
		rc = json_put_str(pairs, pair.key, pair.value);
	if (rc < 0 || json_put_int(json, "seq", command_int(row, "seq")) < 0 ||
	    json_put_str(json, "hash", hash) < 0 ||
	    json_put_str(json, "line", line ? line + 1 : "") < 0 ||
	    json_put(json, "fields", steal_ptr(&pairs)) < 0)
		return NULL;
	return steal_ptr(&json);
}

static int _show_json(const struct json *rows)
{
	cleanup_json struct json *reply = json_new_object();
	cleanup_json struct json *list = json_new_array();

	for (size_t i = 0; list && i < json_count(rows); i++)
		if (json_append(list, receipt_row_json(json_at(rows, i))) < 0)
			return COMMAND_CRITICAL;
	if (!reply || json_put(reply, "receipts", steal_ptr(&list)) < 0)
		return COMMAND_CRITICAL;
	return command_print_json(reply);
}

static int _show_all(const struct command_options *options,
		     const struct receipt_order *order)
{
	struct json *request = command_request(VERB_RECEIPTS);
	cleanup_json struct json *reply = NULL;
	const struct json *rows;

	if (request && order->node)
		json_put_str(request, "node", order->node);
	if (request && order->job)
		json_put_int(request, "job", order->job);
	if (request && order->limit)
		json_put_int(request, "limit", order->limit);
	reply = command_ask(options, request);
	if (!reply)
		return COMMAND_CRITICAL;
	rows = json_get(reply, "receipts");
	if (options->json)
		return _show_json(rows);
	for (size_t i = 0; i < json_count(rows); i++)
		_show(json_at(rows, i));
	if (!json_count(rows))
		printf("no record\n");
	return COMMAND_OK;
}

/* --- arguments ----------------------------------------------------------- */

static int _parse_subject(const char *arg, struct receipt_order *order,
			  struct err *err)
{
	uint64_t number;

	if (*arg && !arg[strspn(arg, "0123456789")]) {
		if (parse_u64(arg, 1, UINT32_MAX, &number, err) < 0)
			return err_wrap(err, "job");
		order->job = (int64_t) number;
		return 0;
	}
	if (!parse_is_name(arg, 255))
		return err_set(err, ERR_CONFIG, "'%s' is neither a node nor "
			       "a job", arg);
	order->node = arg;
	return 0;
}

static int _parse(int argc, char **argv, bool verify,
		  struct receipt_order *order, struct err *err)
{
	const char *option = verify ? "--head" : "--limit";
	uint64_t number;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2)) {
			if (_parse_subject(argv[i], order, err) < 0)
				return -1;
			continue;
		}
		if (strcmp(argv[i], option) || i + 1 == argc)
			return err_set(err, ERR_CONFIG, "'%s': the option "
				       "here is %s with a value", argv[i],
				       option);
		if (verify)
			order->head = argv[++i];
		else if (parse_u64(argv[++i], 1, VERBS_RECEIPTS_MAX, &number,
				   err) < 0)
			return err_wrap(err, "--limit");
		else
			order->limit = (int64_t) number;
	}
	return 0;
}

int receipt_command(const struct command_options *options, int argc,
		    char **argv)
{
	struct receipt_order order = { .node = NULL };
	bool verify = argc > 0 && !strcmp(argv[0], "verify");
	struct err err = ERR_INIT;

	if (argc < 1 || (!verify && strcmp(argv[0], "show")))
		err_set(&err, ERR_CONFIG, "say what: show or verify");
	else if (_parse(argc - 1, argv + 1, verify, &order, &err) == 0)
		return verify ? receipt_verify(options, &order)
			      : _show_all(options, &order);
	return command_fail("receipt", &err);
}
