/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cycle.h"

/* Left out when there is nothing to say. */
static int _put_text(struct json *row, const char *key, const char *text)
{
	return *text ? json_put_str(row, key, text) : 0;
}

int cycle_put_common(struct json *row, const struct record *rec)
{
	int rc = 0;

	rc |= json_put_str(row, "node", rec->node);
	rc |= json_put_int(row, "epoch", (int64_t) rec->epoch);
	if (rec->req.job)
		rc |= json_put_int(row, "job", rec->req.job);
	if (rec->req.shared)
		rc |= json_put_bool(row, "shared", true);
	rc |= _put_text(row, "sharers", rec->req.sharers);
	rc |= _put_text(row, "user", rec->req.user);
	rc |= _put_text(row, "template", rec->req.template_name);
	rc |= _put_text(row, "source", rec->source);
	rc |= _put_text(row, "vm", rec->vm);
	return rc;
}

static int _put_times(struct json *row, const struct record *rec)
{
	struct json *at = json_new_object();
	int rc = 0;

	if (!at)
		return -1;
	for (int phase = PHASE_REQUESTED; phase < PHASES; phase++)
		if (rec->at[phase])
			rc |= json_put_int(at, record_phase_name(
					(enum phase) phase), rec->at[phase]);
	return rc | json_put(row, "at", at);
}

static int _put_evidence(struct json *row, unsigned evidence)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { EVIDENCE_NAME, "name" },
		      { EVIDENCE_INSTANCE_UUID, "instance_uuid" },
		      { EVIDENCE_BIOS_UUID, "bios_uuid" },
		      { EVIDENCE_DATASTORE, "datastore" } };
	struct json *list = json_new_array();
	int rc = 0;

	for (size_t i = 0; list && i < sizeof(names) / sizeof(*names); i++)
		if (evidence & names[i].bit)
			rc |= json_append_str(list, names[i].name);
	return rc | json_put(row, "evidence", list);
}

static int _put_all(struct json *row, const struct record *rec, int64_t ended)
{
	int rc = cycle_put_common(row, rec);

	rc |= _put_text(row, "bios_uuid", rec->bios_uuid);
	rc |= _put_text(row, "instance_uuid", rec->instance_uuid);
	rc |= _put_text(row, "request", rec->req.id);
	rc |= _put_text(row, "choice", rec->req.choice);
	if (rec->req.attempts)
		rc |= json_put_int(row, "attempts", rec->req.attempts);
	rc |= _put_text(row, "avoid", rec->req.avoid);
	rc |= json_put_str(row, "outcome", failure_of(rec->cause)->name);
	rc |= _put_text(row, "why", rec->why);
	rc |= _put_times(row, rec);
	rc |= json_put_int(row, "ended", ended);
	return rc | _put_evidence(row, rec->evidence);
}

int cycle_keep(struct journal *journal, const struct record *rec,
	       int64_t ended, struct err *err)
{
	cleanup_json struct json *row = json_new_object();
	cleanup_buf struct buf text;

	buf_init(&text, JOURNAL_TEXT_MAX);
	if (!row || _put_all(row, rec, ended) < 0)
		return err_nomem(err);
	json_print(row, &text);
	if (buf_ok(&text, "cycle", err) < 0)
		return -1;
	return journal_add_cycle(journal, rec->node, (int64_t) rec->epoch,
				 rec->req.job, ended, buf_str(&text), err);
}

/* One line that cannot be read does not hide the others. */
static struct json *_unreadable(void)
{
	cleanup_json struct json *cycle = json_new_object();

	if (!cycle || json_put_str(cycle, "outcome", "UNREADABLE") < 0 ||
	    json_put_str(cycle, "why", "this line of the journal cannot be "
			 "read") < 0)
		return NULL;
	return steal_ptr(&cycle);
}

int cycle_append(const char *text, void *arg, struct err *err)
{
	struct json *cycle = json_parse(text, strlen(text), NULL);

	if (!cycle)
		cycle = _unreadable();
	return !cycle || json_append(arg, cycle) < 0 ? err_nomem(err) : 0;
}
