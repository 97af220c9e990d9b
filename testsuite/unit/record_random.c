/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a record holds comes back from its line: random ones. */
#include <string.h>

#include "common/rules/record.h"
#include "common/rules/text.h"
#include "tap.h"

#define RECORDS 20000

static uint64_t state = 42;

static uint64_t _random(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 20) % below;
}

static bool _maybe(void)
{
	return _random(2);
}

/* Any bytes that text_set() lets in, often none, sometimes all that fit. */
static void _text(char *out, size_t size)
{
	size_t len = _maybe() ? 0 : _random(size);

	if (!_random(20))
		len = size - 1;
	memset(out, 0, size);
	for (size_t i = 0; i < len; i++) {
		do
			out[i] = (char) (0x20 + _random(0xe0));
		while (out[i] == 0x7f);
	}
}

#define TEXT(member) _text(member, sizeof(member))

static int64_t _time(void)
{
	static const int64_t times[] = { 0, 1, 1700000000000000,
					 INT64_MAX - 1, INT64_MAX };

	return times[_random(sizeof(times) / sizeof(times[0]))];
}

static uint32_t _number(void)
{
	static const uint32_t numbers[] = { 0, 1, 7, UINT32_MAX - 1,
					    UINT32_MAX };

	return numbers[_random(sizeof(numbers) / sizeof(numbers[0]))];
}

static void _request(struct record_request *req)
{
	req->used = _maybe();
	TEXT(req->id);
	req->job = _number();
	req->supposed = _maybe();
	req->guessed = _maybe();
	TEXT(req->user);
	TEXT(req->template_name);
	req->asked = _time();
	req->deadline = _time();
	req->marked = _maybe();
	req->attempts = _number();
	req->waits = _number();
	req->not_before = _time();
	TEXT(req->avoid);
}

static void _fill_vm(struct record *rec)
{
	rec->submit = (enum submit) _random(SUBMITS);
	TEXT(rec->source);
	TEXT(rec->task);
	TEXT(rec->vm);
	TEXT(rec->instance_uuid);
	TEXT(rec->directory);
	rec->read_back = _maybe();
	rec->owner_missing = _maybe();
	rec->registered = _maybe();
	rec->stale_boot = _time();
	for (int i = 0; i < PHASES; i++)
		rec->at[i] = _time();
	rec->cause = (enum cause) _random(CAUSES);
	TEXT(rec->why);
	rec->off_sent = _maybe();
	TEXT(rec->refusal);
	rec->recorded = _maybe();
	rec->evidence = _number();
	TEXT(rec->inventory_only);
	rec->another = _maybe();
	rec->free_by = _time();
	rec->hold = _maybe();
}

static void _fill_slurm(struct record *rec)
{
	rec->tell = (enum tell) _random(TELLS);
	rec->tell_cause = (enum cause) _random(CAUSES);
	rec->tell_job = _number();
	rec->tell_since = _time();
	TEXT(rec->tell_text);
	rec->told_job = _maybe();
	rec->intruder = _number();
	rec->intruder_since = _time();
	rec->intrusion = (enum intrusion) _random(INTRUSIONS);
	rec->prolog_job = _number();
	rec->prolog_asked = _time();
	rec->settle = _maybe();
	rec->needs_human = _maybe();
	TEXT(rec->admin_drain);
	rec->vm_tries = _number();
	rec->vm_not_before = _time();
	rec->slurm_tries = _number();
	rec->slurm_not_before = _time();
	TEXT(rec->error);
}

/* What a record must keep to, see record.c: _inconsistent(). */
static void _make_sense(struct record *rec)
{
	rec->phase = (enum phase) _random(PHASES);
	rec->epoch = rec->phase == PHASE_ABSENT && _maybe() ?
		0 : 1 + _random(UINT64_MAX >> 21);
	if (!_random(10) && rec->epoch)
		rec->epoch = UINT64_MAX;
	rec->last_epoch = _maybe() ? rec->epoch : UINT64_MAX;
	if (rec->epoch)
		owner_bios_uuid(rec->cluster, rec->node, rec->epoch,
				rec->bios_uuid);
	if (rec->phase == PHASE_ABSENT)
		rec->next.used = false;
	if (rec->phase == PHASE_RELEASING)
		rec->release = (enum release) (1 + _random(RELEASES - 1));
	if (rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_READY)
		rec->req.used = true;
	if (rec->phase == PHASE_CLONING)
		rec->submit = _maybe() ? SUBMIT_TASK : SUBMIT_LOST;
	if (!*rec->source)
		text_set(rec->source, "/DC/vm/src");
	if (!*rec->vm)
		text_set(rec->vm, "vm-1");
}

/* The line is the record's own, and says all of it. */
static bool _comes_back(const struct record *rec)
{
	cleanup_buf struct buf one = { .max = RECORD_LINE_MAX };
	cleanup_buf struct buf two = { .max = RECORD_LINE_MAX };
	struct err err = ERR_INIT;
	struct record back;

	record_encode(rec, &one);
	if (buf_ok(&one, "record", &err) < 0 ||
	    record_decode(buf_str(&one), &back, &err) < 0) {
		diag("%s: %s", err.text, buf_str(&one));
		return false;
	}
	record_encode(&back, &two);
	if (!strcmp(buf_str(&one), buf_str(&two)) &&
	    !memcmp(rec, &back, offsetof(struct record, vm_busy)))
		return true;
	diag("lost: %s", buf_str(&one));
	return false;
}

int main(void)
{
	unsigned good = 0, seen[PHASES] = { 0 }, phases = 0, others = 0;
	struct record rec;

	for (int i = 0; i < RECORDS; i++) {
		if (record_init(&rec, "hpc1", "vm001", NULL) < 0)
			bail_out("no record");
		_request(&rec.req);
		_request(&rec.next);
		_fill_vm(&rec);
		_fill_slurm(&rec);
		_make_sense(&rec);
		good += _comes_back(&rec);
		seen[rec.phase]++;
		others += rec.another;
	}
	is_int(good, RECORDS, "random records come back as they were");
	for (int i = 0; i < PHASES; i++)
		phases += seen[i] > 0;
	is_int(phases, PHASES, "of every phase");
	ok(others > RECORDS / 4, "%u with another clone under the name",
	   others);
	return done_testing();
}
