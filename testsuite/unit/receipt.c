/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receipts: their text, and what a broken chain shows. */
#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "common/rules/receipt.h"
#include "common/rules/text.h"
#include "tap.h"

#define RECORDS 6

static char texts[RECORDS + 1][1024];	/* from 1 */
static struct receipt_head head;

static void _line(uint64_t epoch, struct buf *out)
{
	struct record rec;

	if (record_init(&rec, "hpc1", "vm1", NULL) < 0)
		bail_out("no record");
	rec.epoch = epoch;
	rec.req.job = 77;
	text_set(rec.req.user, "Ann Lee");
	text_set(rec.vm, "vm-9");
	rec.cause = CAUSE_SUSPENDED;
	rec.at[PHASE_READY] = 123;
	rec.evidence = EVIDENCE_NAME | EVIDENCE_BIOS_UUID;
	text_set(rec.directory, "[ds1] vm1");
	text_set(rec.inventory_only, "denied");
	receipt_line(&rec, 456, out);
}

static void _make(void)
{
	receipt_begin(&head);
	for (unsigned i = 1; i <= RECORDS; i++) {
		cleanup_buf struct buf line = { .max = RECORD_LINE_MAX };
		cleanup_buf struct buf text = { .max = RECEIPT_TEXT_MAX };

		_line(i, &line);
		receipt_add(&head, buf_str(&line), &text);
		snprintf(texts[i], sizeof(texts[i]), "%s", buf_str(&text));
	}
}

/* How many offences there are among these records, the last one in err. */
static int _offences(const unsigned *seqs, const char *const *given,
		     unsigned count, struct receipt_head *end,
		     struct err *err)
{
	int offences = 0;

	receipt_begin(end);
	for (unsigned i = 0; i < count; i++)
		offences += receipt_take(end, seqs[i], given[i], err) < 0;
	return offences;
}

static void _test_line(void)
{
	cleanup_buf struct buf one = { .max = RECORD_LINE_MAX };
	struct receipt_pair pair;
	const char *pos;
	int pairs = 0;

	_line(1, &one);
	is_str(buf_str(&one), "receipt=1 cluster=hpc1 node=vm1 epoch=1 "
	       "job=77 user=Ann%20Lee vm=vm-9 directory=[ds1]%20vm1 "
	       "cause=SUSPENDED ready=123 absent=456 "
	       "evidence=name,bios-uuid inventory_only=denied", "canonical");
	for (pos = texts[1]; receipt_next(&pos, &pair);)
		pairs++;
	is_int(pairs, 13, "all of its pairs are read, and not the hash");
	ok(receipt_get(texts[1], "user", &pair), "one of them");
	is_str(pair.value, "Ann Lee", "decoded");
	ok(!receipt_get(texts[1], "instance_uuid", &pair),
	   "what was never known is left out");
	ok(!receipt_get(" = =x a b%zz", "b", &pair), "nonsense has no pairs");
}

static void _test_whole(void)
{
	const unsigned seqs[] = { 1, 2, 3, 4, 5, 6 };
	const char *const all[] = { texts[1], texts[2], texts[3],
				    texts[4], texts[5], texts[6] };
	struct receipt_head end;

	is_int(_offences(seqs, all, RECORDS, &end, NULL), 0, "a whole chain");
	ok(end.seq == head.seq && !strcmp(end.hash, head.hash),
	   "ends at the head");
}

static void _test_changed(void)
{
	const unsigned seqs[] = { 1, 2, 3, 4, 5, 6 };
	char changed[1024];
	const char *const all[] = { texts[1], texts[2], changed,
				    texts[4], texts[5], texts[6] };
	struct receipt_head end;
	struct err err = ERR_INIT;
	size_t len = strlen(texts[3]);
	int missed = 0;

	for (size_t i = 0; i < len; i++) {
		memcpy(changed, texts[3], len + 1);
		changed[i] ^= 1;
		if (!_offences(seqs, all, RECORDS, &end, &err))
			missed++;
	}
	is_int(missed, 0, "each single bit of a record counts");
	memcpy(changed, texts[3], len + 1);
	changed[len - 1] ^= 1;
	is_int(_offences(seqs, all, RECORDS, &end, &err), 1,
	       "one changed record is one offence");
	has_str(err.text, "record 3 was changed", "and is named");
}

/* Whoever knows how hashes are made can make one line fit, but not the one
 * that follows; and with all of them made anew, the head is another. */
static void _test_forged(void)
{
	const unsigned seqs[] = { 1, 2, 3, 4, 5, 6 };
	cleanup_buf struct buf line = { .max = RECORD_LINE_MAX };
	cleanup_buf struct buf text = { .max = RECEIPT_TEXT_MAX };
	const char *given[] = { texts[1], texts[2], NULL,
				texts[4], texts[5], texts[6] };
	struct receipt_head end;
	struct err err = ERR_INIT;

	_offences(seqs, given, 2, &end, NULL);
	_line(99, &line);
	receipt_add(&end, buf_str(&line), &text);
	given[2] = buf_str(&text);
	is_int(_offences(seqs, given, RECORDS, &end, &err), 1,
	       "a forged record with a fitting hash");
	has_str(err.text, "record 4", "shows at the next one");
	is_int(_offences(seqs, given, 3, &end, NULL), 0,
	       "unless nothing follows");
	ok(strcmp(end.hash, texts[3]) && strncmp(end.hash, texts[3], 64),
	   "but then the head is not the published one");
}

static void _test_moved(void)
{
	const unsigned missing[] = { 1, 2, 4, 5, 6 };
	const unsigned closed[] = { 1, 2, 3, 4, 5 };
	const unsigned seqs[] = { 1, 2, 3, 4, 5, 6 };
	const char *const gap[] = { texts[1], texts[2], texts[4],
				    texts[5], texts[6] };
	const char *const swapped[] = { texts[1], texts[3], texts[2],
					texts[4], texts[5], texts[6] };
	const unsigned backwards[] = { 1, 3, 2 };
	struct receipt_head end;
	struct err err = ERR_INIT;

	is_int(_offences(missing, gap, 5, &end, &err), 1, "one is missing");
	has_str(err.text, "1 records are missing after record 2", "which");
	ok(_offences(closed, gap, 5, &end, &err) > 0,
	   "one is missing and the others are numbered anew");
	ok(_offences(seqs, swapped, RECORDS, &end, &err) >= 2,
	   "two have changed places");
	ok(_offences(backwards, swapped, 3, &end, &err) >= 2,
	   "they stand in another order");
	has_str(err.text, "stands after", "which is said");
	is_int(_offences(seqs + 1, gap + 1, 1, &end, &err), 1,
	       "the first one is missing");
}

static void _test_heads(void)
{
	char text[RECEIPT_HEAD_SIZE];
	struct receipt_head back;

	receipt_print_head(&head, text);
	ok(!receipt_parse_head(text, &back, NULL) && back.seq == 6 &&
	   !strcmp(back.hash, head.hash), "a head, printed and read");
	ok(!receipt_parse_head(head.hash, &back, NULL) && !back.seq,
	   "without its number");
	ok(receipt_parse_head("6:", &back, NULL) < 0 &&
	   receipt_parse_head("x:y", &back, NULL) < 0 &&
	   receipt_parse_head("", &back, NULL) < 0, "no heads");
}

static void _test_texts(void)
{
	cleanup_json struct json *object = json_new_object();
	cleanup_buf struct buf out = { .max = 100 };
	struct json *back;
	char cut[4];

	text_set(cut, "\xc3\xbc\xc3\xbc");
	is_str(cut, "\xc3\xbc", "a text is cut between characters");
	text_set(cut, "ab\xe2\x82\xac");
	is_str(cut, "ab", "also long ones");
	text_set(cut, "abc");
	is_str(cut, "abc", "what fits is not cut");
	json_put_str(object, "why", "caf\xc3");
	json_print(object, &out);
	back = json_parse(buf_str(&out), out.len, NULL);
	ok(back, "what is cut elsewhere does not spoil an answer");
	json_destroy(back);
}

int main(void)
{
	_make();
	_test_line();
	_test_whole();
	_test_changed();
	_test_forged();
	_test_moved();
	_test_heads();
	_test_texts();
	return done_testing();
}
