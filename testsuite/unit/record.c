/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record's text form: lossless, tolerant of versions, hostile input. */
#include <stdlib.h>
#include <string.h>

#include "common/rules/record.h"
#include "common/rules/text.h"
#include "tap.h"

static struct record _plain(void)
{
	struct err err = ERR_INIT;
	struct record rec;

	if (record_init(&rec, "hpc1", "vm001", &err) < 0)
		bail_out("%s", err.text);
	return rec;
}

static struct record _full(void)
{
	struct record rec = _plain();

	rec.phase = PHASE_RELEASING;
	rec.release = RELEASE_GUARD_DESTROY;
	rec.epoch = 1700000000000000;
	rec.last_epoch = 1700000000000001;
	owner_bios_uuid(rec.cluster, rec.node, rec.epoch, rec.bios_uuid);
	rec.req.used = rec.next.used = true;
	text_set(rec.req.id, "spool 1%=\"x\"");
	text_set(rec.next.user, "J\xc3\xbcrgen  ");
	rec.next.job = UINT32_MAX;
	rec.next.deadline = INT64_MAX;
	rec.submit = SUBMIT_SETTLED;
	text_set(rec.source, "/DC 1/vm/t/src=1");
	text_set(rec.why, "100% broken = yes");
	rec.cause = CAUSE_GUEST;
	rec.tell = TELL_FORCE;
	rec.tell_cause = CAUSE_UNPROVEN;
	rec.evidence = EVIDENCE_NAME | EVIDENCE_DATASTORE;
	text_set(rec.directory, "[ds 1] vm1");
	text_set(rec.inventory_only, "not asked");
	text_set(rec.admin_drain, "bad DIMM");
	rec.hold = rec.settle = rec.needs_human = true;
	for (int i = 0; i < PHASES; i++)
		rec.at[i] = 1000 + i;
	return rec;
}

/* Encode, decode, encode: the same text. */
static void _round(const struct record *rec, const char *what)
{
	cleanup_buf struct buf one = { .max = RECORD_LINE_MAX };
	cleanup_buf struct buf two = { .max = RECORD_LINE_MAX };
	struct err err = ERR_INIT;
	struct record back;

	record_encode(rec, &one);
	ok(buf_ok(&one, "record", &err) == 0, "%s: encoded", what);
	if (!ok(record_decode(buf_str(&one), &back, &err) == 0,
		"%s: decoded", what)) {
		diag("%s: %s", buf_str(&one), err.text);
		return;
	}
	ok(!memcmp(rec, &back, offsetof(struct record, view)),
	   "%s: nothing lost", what);
	record_encode(&back, &two);
	is_str(buf_str(&two), buf_str(&one), what);
}

/* Every text field at its longest still fits the line. */
static void _longest(void)
{
	cleanup_buf struct buf out = { .max = RECORD_LINE_MAX };
	struct record rec = _full();
	struct err err = ERR_INIT;
	char text[400];

	memset(text, ' ', sizeof(text) - 1);	/* three bytes each */
	text[sizeof(text) - 1] = '\0';
	text_set(rec.req.id, text);
	text_set(rec.next.id, text);
	text_set(rec.req.user, text);
	text_set(rec.next.user, text);
	text_set(rec.req.template_name, text);
	text_set(rec.next.template_name, text);
	text_set(rec.req.avoid, text);
	text_set(rec.next.avoid, text);
	text_set(rec.req.only, text);
	text_set(rec.next.only, text);
	text_set(rec.source, text);
	text_set(rec.task, text);
	text_set(rec.vm, text);
	text_set(rec.instance_uuid, text);
	text_set(rec.why, text);
	text_set(rec.refusal, text);
	text_set(rec.tell_text, text);
	text_set(rec.admin_drain, text);
	text_set(rec.error, text);
	record_encode(&rec, &out);
	ok(buf_ok(&out, "record", &err) == 0, "the longest record fits");
	_round(&rec, "longest");
}

static void _bad(const char *line, enum err_code code, const char *what)
{
	struct record rec = { .epoch = 42 };
	struct err err = ERR_INIT;

	ok(record_decode(line, &rec, &err) < 0 && err.code == code &&
	   *err.text && rec.epoch == 42, "refused: %s (%s)", what, err.text);
}

#define NAMES "v=1 node=vm001 cluster=hpc1"

static void _hostile(void)
{
	_bad("", ERR_PROTOCOL, "empty");
	_bad("node=vm001 cluster=hpc1", ERR_PROTOCOL, "no version");
	_bad("v=0", ERR_PROTOCOL, "version 0");
	_bad("v=2 node=vm001 cluster=hpc1", ERR_CONFIG, "newer version");
	_bad("v=1", ERR_PROTOCOL, "no names");
	_bad("v=1 node=vm/1 cluster=hpc1", ERR_PROTOCOL, "bad name");
	_bad(NAMES " phase=flying", ERR_PROTOCOL, "unknown phase");
	_bad(NAMES " phase", ERR_PROTOCOL, "no value");
	_bad(NAMES " epoch=-1", ERR_PROTOCOL, "negative epoch");
	_bad(NAMES " epoch=5 last_epoch=4", ERR_PROTOCOL, "epoch too high");
	_bad(NAMES " epoch=5 last_epoch=5", ERR_PROTOCOL, "no biosUuid");
	_bad(NAMES " hold=2", ERR_PROTOCOL, "no boolean");
	_bad(NAMES " hold=1 hold=0", ERR_PROTOCOL, "a key twice");
	_bad(NAMES " why=%0", ERR_PROTOCOL, "half an escape");
	_bad(NAMES " why=%00x", ERR_PROTOCOL, "an escaped NUL");
	_bad(NAMES " at.ready=9223372036854775808", ERR_PROTOCOL,
	     "a time too late");
	_bad(NAMES " vm=0123456789012345678901234567890123456789"
	     "012345678901234567890123456789", ERR_PROTOCOL, "an id cut");
	_bad(NAMES " phase=ready", ERR_PROTOCOL, "ready without epoch");
	_bad(NAMES " next=1", ERR_PROTOCOL, "absent, but one waits");
}

static void _tolerant(void)
{
	struct err err = ERR_INIT;
	struct record rec;

	ok(record_decode(NAMES " colour=blue hold=1", &rec, &err) == 0 &&
	   rec.hold, "a key of a later version is skipped");
	ok(rec.phase == PHASE_ABSENT && !rec.epoch, "defaults elsewhere");
}

/* Any damage is refused or gives a record that is consistent again. */
static void _mutations(void)
{
	cleanup_buf struct buf line = { .max = RECORD_LINE_MAX };
	struct record rec = _full(), back;
	uint64_t random = 1;
	unsigned kept = 0;
	char copy[RECORD_LINE_MAX + 1];

	record_encode(&rec, &line);
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, line.data, line.len + 1);
		for (int k = 0; k < 3; k++) {
			random = random * 6364136223846793005u + 1442695u;
			copy[(random >> 33) % line.len] =
				(char) (random >> 20 | 1);
		}
		if (record_decode(copy, &back, NULL) == 0)
			kept++;
	}
	ok(kept < 20000, "20000 damaged lines: %u still make sense", kept);
}

static void _states(void)
{
	struct record rec = _plain();

	_round(&rec, "absent");
	rec = _full();
	_round(&rec, "full");
	ok(record_init(&rec, "hpc 1", "vm1", NULL) < 0, "cluster checked");
	ok(record_init(&rec, "hpc1", "vm|1", NULL) < 0, "node checked");
}

int main(void)
{
	_states();
	_longest();
	_hostile();
	_tolerant();
	_mutations();
	return done_testing();
}
