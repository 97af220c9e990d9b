/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/rules/receipt.h"
#include "portrait.h"

/* A record's line is made of the same pairs as a receipt's. */
static struct json *_record(const struct record *rec)
{
	cleanup_json struct json *json = json_new_object();
	struct receipt_pair pair;
	cleanup_buf struct buf line;
	const char *pos;

	buf_init(&line, RECORD_LINE_MAX);
	record_encode(rec, &line);
	if (!json || buf_ok(&line, "record", NULL) < 0)
		return NULL;
	pos = buf_str(&line);
	while (receipt_next(&pos, &pair))
		if (json_put_str(json, pair.key, pair.value) < 0)
			return NULL;
	return steal_ptr(&json);
}

static int _put_flags(struct json *slurm, const struct nodeview *view)
{
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ view->powering_up, "POWERING_UP" },
		{ view->powered_down, "POWERED_DOWN" },
		{ view->powering_down, "POWERING_DOWN" },
		{ view->power_down, "POWER_DOWN" },
		{ view->drain, "DRAIN" },
		{ view->not_responding, "NOT_RESPONDING" },
		{ view->completing, "COMPLETING" },
	};
	struct json *list = json_new_array();
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].set)
			rc = json_append_str(list, flags[i].name);
	return rc | json_put(slurm, "flags", list);
}

static struct json *_slurm(const struct nodeview *view)
{
	static const char *const bases[NODE_BASES] = {
		[NODE_UNKNOWN] = "UNKNOWN", [NODE_IDLE] = "IDLE",
		[NODE_ALLOCATED] = "ALLOCATED", [NODE_DOWN] = "DOWN",
		[NODE_OTHER] = "OTHER",
	};
	cleanup_json struct json *slurm = json_new_object();
	int rc = slurm ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_int(slurm, "seen", view->seen);
	rc |= json_put_str(slurm, "state", bases[view->base]);
	rc |= _put_flags(slurm, view);
	if (view->job)
		rc |= json_put_int(slurm, "job", view->job);
	if (*view->reason)
		rc |= json_put_str(slurm, "reason", view->reason);
	return rc == 0 ? steal_ptr(&slurm) : NULL;
}

struct json *portrait_of(const struct record *rec)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "node", rec->node);
	rc |= json_put(row, "record", _record(rec));
	if (*rec->quarantine)
		rc |= json_put_str(row, "quarantine", rec->quarantine);
	if (rec->view.seen)
		rc |= json_put(row, "slurm", _slurm(&rec->view));
	return rc == 0 ? steal_ptr(&row) : NULL;
}
