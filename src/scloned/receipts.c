/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/ipc/verbs.h"
#include "receipts.h"

static int _append(const struct journal_receipt *receipt, void *arg,
		   struct err *err)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc == 0) {
		rc |= json_put_int(row, "seq", receipt->seq);
		rc |= json_put_str(row, "node", receipt->node);
		rc |= json_put_int(row, "job", receipt->job);
		rc |= json_put_str(row, "text", receipt->text);
	}
	return rc < 0 || json_append(arg, steal_ptr(&row)) < 0
		       ? err_nomem(err) : 0;
}

int receipts_read(struct daemon *daemon,
		  const struct journal_receipts *wanted, struct json *list,
		  struct err *err)
{
	return journal_receipts(daemon->journal, wanted, _append, list, err);
}

/* With "after" on from there, else the newest. */
static int _read(struct daemon *daemon, const struct json *request,
		 struct json *list, struct err *err)
{
	struct journal_receipts wanted = { .node = NULL };
	int64_t limit;

	if (json_get_str_or(request, "node", NULL, &wanted.node, err) < 0 ||
	    json_get_int_or(request, "job", 0, UINT32_MAX, 0, &wanted.job,
			    err) < 0 ||
	    json_get_int_or(request, "after", 0, INT64_MAX, 0, &wanted.after,
			    err) < 0 ||
	    json_get_int_or(request, "limit", 1, VERBS_RECEIPTS_MAX,
			    VERBS_RECEIPTS_DEFAULT, &limit, err) < 0)
		return -1;
	wanted.newest = !json_get(request, "after");
	wanted.limit = (size_t) limit;
	return receipts_read(daemon, &wanted, list, err);
}

static int _put_head(struct json *reply, const char *key,
		     const struct receipt_head *head)
{
	char text[RECEIPT_HEAD_SIZE];

	receipt_print_head(head, text);
	return json_put_str(reply, key, text);
}

void receipts_answer(struct daemon *daemon, struct server_call *call)
{
	cleanup_json struct json *reply = json_new_object();
	cleanup_json struct json *list = json_new_array();
	struct err err = ERR_INIT;

	if (!reply || !list) {
		server_call_reply(call, NULL);
		return;
	}
	if (_read(daemon, server_call_request(call), list, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	if (json_put(reply, "receipts", steal_ptr(&list)) < 0 ||
	    _put_head(reply, "head", ledger_head(daemon->ledger)) < 0 ||
	    _put_head(reply, "anchor", ledger_anchor(daemon->ledger)) < 0) {
		server_call_reply(call, NULL);
		return;
	}
	server_call_reply(call, steal_ptr(&reply));
}
