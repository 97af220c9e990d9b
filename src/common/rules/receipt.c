/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/parse.h"
#include "pair.h"
#include "text.h"
#include "receipt.h"

static void _put_evidence(const struct record *rec, struct buf *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} kinds[] = {
		{ EVIDENCE_NAME, "name" },
		{ EVIDENCE_INSTANCE_UUID, "instance-uuid" },
		{ EVIDENCE_BIOS_UUID, "bios-uuid" },
		{ EVIDENCE_DATASTORE, "datastore" },
	};
	char text[64] = "";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!(rec->evidence & kinds[i].bit))
			continue;
		text_add(text, sizeof(text), *text ? "," : "");
		text_add(text, sizeof(text), kinds[i].name);
	}
	pair_put_text(out, "evidence", *text ? text : "none");
}

void receipt_line(const struct record *rec, int64_t at, struct buf *out)
{
	buf_puts(out, "receipt=1");
	pair_put_text(out, "cluster", rec->cluster);
	pair_put_text(out, "node", rec->node);
	pair_put_number(out, "epoch", rec->epoch);
	pair_put_number(out, "job", rec->req.job);
	pair_put_text(out, "user", rec->req.user);
	pair_put_text(out, "template", rec->req.template_name);
	pair_put_text(out, "source", rec->source);
	pair_put_text(out, "vm", rec->vm);
	pair_put_text(out, "bios_uuid", rec->bios_uuid);
	pair_put_text(out, "instance_uuid", rec->instance_uuid);
	pair_put_text(out, "cause", failure_of(rec->cause)->name);
	pair_put_number(out, "asked", (uint64_t) rec->req.asked);
	for (int i = PHASE_REQUESTED; i < PHASES; i++)
		pair_put_number(out, record_phase_name((enum phase) i),
				(uint64_t) rec->at[i]);
	pair_put_number(out, "absent", (uint64_t) at);
	_put_evidence(rec, out);
}

void receipt_hash(const char prev[DIGEST_TEXT_SIZE], const char *line,
		  char out[DIGEST_TEXT_SIZE])
{
	uint8_t inner[2 * DIGEST_SIZE];
	uint8_t hash[DIGEST_SIZE];

	/* Both parts have a fixed length: nothing can move between them. */
	digest_sha256(prev, strlen(prev), inner);
	digest_sha256(line, strlen(line), inner + DIGEST_SIZE);
	digest_sha256(inner, sizeof(inner), hash);
	parse_print_hex(hash, sizeof(hash), out);
}

int receipt_verify(const char prev[DIGEST_TEXT_SIZE], const char *line,
		   const char *hash, struct err *err)
{
	char want[DIGEST_TEXT_SIZE];

	receipt_hash(prev, line, want);
	if (text_same(want, hash))
		return 0;
	return err_set(err, ERR_PROTOCOL, "the receipt is not the one after "
		       "%.16s...: it, or one before it, was changed or is "
		       "missing", prev);
}
