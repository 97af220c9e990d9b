/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receipts: their text, and what a broken chain shows. */
#include <string.h>

#include "common/rules/receipt.h"
#include "common/rules/text.h"
#include "tap.h"

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
	receipt_line(&rec, 456, out);
}

int main(void)
{
	cleanup_buf struct buf one = { .max = RECORD_LINE_MAX };
	cleanup_buf struct buf two = { .max = RECORD_LINE_MAX };
	char h1[DIGEST_TEXT_SIZE], h2[DIGEST_TEXT_SIZE];
	struct err err = ERR_INIT;

	_line(1, &one);
	_line(2, &two);
	is_str(buf_str(&one), "receipt=1 cluster=hpc1 node=vm1 epoch=1 "
	       "job=77 user=Ann%20Lee vm=vm-9 cause=SUSPENDED ready=123 "
	       "absent=456 evidence=name,bios-uuid", "canonical");
	receipt_hash(RECEIPT_FIRST, buf_str(&one), h1);
	receipt_hash(h1, buf_str(&two), h2);
	ok(receipt_verify(RECEIPT_FIRST, buf_str(&one), h1, &err) == 0 &&
	   receipt_verify(h1, buf_str(&two), h2, &err) == 0, "a whole chain");
	ok(receipt_verify(RECEIPT_FIRST, buf_str(&two), h2, &err) < 0 &&
	   err.code == ERR_PROTOCOL, "the first one is missing");
	one.data[one.len - 1]++;
	ok(receipt_verify(RECEIPT_FIRST, buf_str(&one), h1, &err) < 0,
	   "one byte changed");
	ok(receipt_verify(h1, buf_str(&two), "", &err) < 0, "no hash");
	return done_testing();
}
