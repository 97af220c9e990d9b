/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone receipt verify - read all records in order and check them here, not
 * in scloned: each follows the one before, the last is the head that scloned
 * knows, and the head that a log shows is among them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/ipc/verbs.h"
#include "common/rules/receipt.h"
#include "common/rules/text.h"
#include "receipt.h"

#define PROBLEMS_MAX 20		/* told; more are counted */

struct verifier {
	const struct command_options *options;
	const struct receipt_order *order;
	struct receipt_head anchor;	/* the chain begins after it */
	struct receipt_head last;	/* read so far */
	struct receipt_head head;	/* as scloned has it */
	struct receipt_head log;	/* as the log has it */
	bool in_log;			/* it was met */
	int64_t records, matches;
	struct json *problems;		/* texts, owned */
	struct json *matched;		/* what was asked for, owned */
	size_t offences;
};

static void _offend(struct verifier *verifier, const char *text)
{
	if (verifier->offences++ < PROBLEMS_MAX)
		(void) json_append_str(verifier->problems, text);
}

/* --- records ------------------------------------------------------------- */

static bool _same(const struct receipt_head *log,
		  const struct receipt_head *head)
{
	return (!log->seq || log->seq == head->seq) &&
	       !strcmp(log->hash, head->hash);
}

/* What it is stored under must be what it says of itself: else asking for a
 * node would not show it. */
static void _check_place(struct verifier *verifier, const struct json *row)
{
	const char *text = command_str(row, "text");
	struct receipt_pair node = { .value = "" }, job = { .value = "" };
	char number[24] = "", problem[80];

	(void) receipt_get(text, "node", &node);
	(void) receipt_get(text, "job", &job);
	if (command_int(row, "job"))
		snprintf(number, sizeof(number), "%" PRId64,
			 command_int(row, "job"));
	if (!strcmp(node.value, command_str(row, "node")) &&
	    !strcmp(job.value, number))
		return;
	snprintf(problem, sizeof(problem), "record %" PRId64 " is filed "
		 "under another node or job", command_int(row, "seq"));
	_offend(verifier, problem);
}

static bool _is_wanted(const struct verifier *verifier, const char *text)
{
	const struct receipt_order *order = verifier->order;
	struct receipt_pair pair;
	char job[24];

	snprintf(job, sizeof(job), "%" PRId64, order->job);
	if (order->node)
		return receipt_get(text, "node", &pair) &&
		       !strcmp(pair.value, order->node);
	if (!order->job)
		return false;
	if (receipt_get(text, "job", &pair) && !strcmp(pair.value, job))
		return true;
	return receipt_get(text, "sharers", &pair) &&
	       text_lists(pair.value, job);
}

static int _take(struct verifier *verifier, const struct json *row)
{
	const char *text = command_str(row, "text");
	uint64_t seq = (uint64_t) command_int(row, "seq");
	struct err err = ERR_INIT;

	if (seq <= verifier->last.seq)
		return -1;	/* no end in sight: not what was asked for */
	if (receipt_take(&verifier->last, seq, text, &err) < 0)
		_offend(verifier, err.text);
	_check_place(verifier, row);
	verifier->records++;
	verifier->in_log |= _same(&verifier->log, &verifier->last);
	if (!_is_wanted(verifier, text))
		return 0;
	verifier->matches++;
	if (verifier->options->json)
		(void) json_append(verifier->matched, receipt_row_json(row));
	else
		receipt_print_row(row);
	return 0;
}

/* --- the walk ------------------------------------------------------------ */

static int _read_heads(struct verifier *verifier, const struct json *reply,
		       struct err *err)
{
	struct receipt_head anchor;

	if (receipt_parse_head(command_str(reply, "head"), &verifier->head,
			       err) < 0 ||
	    receipt_parse_head(command_str(reply, "anchor"), &anchor,
			       err) < 0)
		return -1;
	if (!verifier->records)
		verifier->anchor = verifier->last = anchor;
	else if (anchor.seq > verifier->last.seq)
		return err_set(err, ERR_BUSY, "records were pruned "
			       "meanwhile; run it again");
	return 0;
}

/* One page. 1: there may be more, 0: that was the end, -1. */
static int _page(struct verifier *verifier, struct err *err)
{
	struct json *request = command_request(VERB_RECEIPTS);
	cleanup_json struct json *reply = NULL;
	const struct json *rows;
	size_t count;

	if (request) {
		json_put_int(request, "after", (int64_t) verifier->last.seq);
		json_put_int(request, "limit", VERBS_RECEIPTS_MAX);
	}
	reply = command_ask(verifier->options, request);
	if (!reply)
		return err_set(err, ERR_TRANSIENT, "not all records could be "
			       "read");
	if (_read_heads(verifier, reply, err) < 0)
		return -1;
	rows = json_get(reply, "receipts");
	count = json_count(rows);
	for (size_t i = 0; i < count; i++)
		if (_take(verifier, json_at(rows, i)) < 0)
			return err_set(err, ERR_PROTOCOL, "records came out "
				       "of order");
	return count == VERBS_RECEIPTS_MAX;
}

/* --- the ends ------------------------------------------------------------ */

static void _check_end(struct verifier *verifier)
{
	const struct receipt_head *last = &verifier->last;
	const struct receipt_head *head = &verifier->head;
	char text[160];

	if (last->seq == head->seq && !strcmp(last->hash, head->hash))
		return;
	snprintf(text, sizeof(text), "the last record is %" PRIu64 ", the "
		 "journal's head is %" PRIu64 "%s", last->seq, head->seq,
		 last->seq < head->seq ? ": records were cut off" :
					 ": the head was changed");
	_offend(verifier, text);
}

/* 1: it cannot be told, since what the log shows is pruned. */
static int _check_log(struct verifier *verifier)
{
	const struct receipt_head *log = &verifier->log;
	char text[160];

	if (!verifier->order->head || verifier->in_log ||
	    _same(log, &verifier->anchor))
		return 0;
	if (log->seq && log->seq < verifier->anchor.seq)
		return 1;
	if (log->seq > verifier->last.seq)
		snprintf(text, sizeof(text), "the log has record %" PRIu64
			 ", the last one here is %" PRIu64 ": records were "
			 "cut off", log->seq, verifier->last.seq);
	else if (log->seq)
		snprintf(text, sizeof(text), "record %" PRIu64 " is not the "
			 "one in the log", log->seq);
	else
		snprintf(text, sizeof(text), "no record has the log's hash: "
			 "changed, cut off or pruned since");
	_offend(verifier, text);
	return 0;
}

static int _finish_json(struct verifier *verifier, bool vague)
{
	cleanup_json struct json *reply = json_new_object();
	char head[RECEIPT_HEAD_SIZE], anchor[RECEIPT_HEAD_SIZE];

	receipt_print_head(&verifier->last, head);
	receipt_print_head(&verifier->anchor, anchor);
	if (!reply || json_put_bool(reply, "ok", !verifier->offences) < 0 ||
	    json_put_bool(reply, "log_pruned", vague) < 0 ||
	    json_put_int(reply, "records", verifier->records) < 0 ||
	    json_put_str(reply, "head", head) < 0 ||
	    json_put_str(reply, "anchor", anchor) < 0 ||
	    json_put(reply, "problems", steal_ptr(&verifier->problems)) < 0 ||
	    json_put(reply, "receipts", steal_ptr(&verifier->matched)) < 0)
		return -1;
	return command_print_json(reply);
}

static void _finish_text(const struct verifier *verifier, bool vague)
{
	char head[RECEIPT_HEAD_SIZE];

	for (size_t i = 0; i < json_count(verifier->problems); i++)
		printf("FAIL  %s\n", json_str(json_at(verifier->problems, i)));
	if (verifier->offences > PROBLEMS_MAX)
		printf("FAIL  and %zu more\n",
		       verifier->offences - PROBLEMS_MAX);
	if (vague)
		printf("warn  the log's record %" PRIu64 " is pruned: take a "
		       "later line of the log\n", verifier->log.seq);
	receipt_print_head(&verifier->last, head);
	printf("%s  %" PRId64 " records after record %" PRIu64 "; head %s\n",
	       verifier->offences ? "FAIL" : "ok  ", verifier->records,
	       verifier->anchor.seq, head);
}

static int _finish(struct verifier *verifier)
{
	bool asked = verifier->order->node || verifier->order->job;
	bool none = asked && !verifier->matches;
	bool vague;

	_check_end(verifier);
	vague = _check_log(verifier) != 0;
	if (!verifier->options->json && none)
		printf("warn  no such record\n");
	if (!verifier->options->json)
		_finish_text(verifier, vague);
	else if (_finish_json(verifier, vague) < 0)
		return COMMAND_CRITICAL;
	if (verifier->offences)
		return COMMAND_CRITICAL;
	return none || vague ? COMMAND_WARNING : COMMAND_OK;
}

static int _run(struct verifier *verifier)
{
	const char *head = verifier->order->head;
	struct err err = ERR_INIT;
	int more = 1;

	receipt_begin(&verifier->last);
	if (head && receipt_parse_head(head, &verifier->log, &err) < 0)
		return command_fail("--head", &err);
	while (more > 0)
		more = _page(verifier, &err);
	if (more < 0)
		return command_fail("receipt verify", &err);
	return _finish(verifier);
}

int receipt_verify(const struct command_options *options,
		   const struct receipt_order *order)
{
	struct verifier verifier = {
		.options = options, .order = order,
		.problems = json_new_array(), .matched = json_new_array(),
	};
	int status = COMMAND_CRITICAL;

	if (verifier.problems && verifier.matched)
		status = _run(&verifier);
	json_destroy(verifier.problems);
	json_destroy(verifier.matched);
	return status;
}
