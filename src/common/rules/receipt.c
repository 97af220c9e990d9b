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
	pair_put_number(out, "shared", rec->req.shared);
	pair_put_text(out, "sharers", rec->req.sharers);
	pair_put_text(out, "user", rec->req.user);
	pair_put_text(out, "template", rec->req.template_name);
	pair_put_text(out, "source", rec->source);
	pair_put_text(out, "vm", rec->vm);
	pair_put_text(out, "bios_uuid", rec->bios_uuid);
	pair_put_text(out, "instance_uuid", rec->instance_uuid);
	pair_put_text(out, "directory", rec->directory);
	pair_put_text(out, "cause", failure_of(rec->cause)->name);
	pair_put_text(out, "why", rec->why);
	pair_put_number(out, "asked", (uint64_t) rec->req.asked);
	for (int i = PHASE_REQUESTED; i < PHASES; i++)
		pair_put_number(out, record_phase_name((enum phase) i),
				(uint64_t) rec->at[i]);
	pair_put_number(out, "absent", (uint64_t) at);
	_put_evidence(rec, out);
	pair_put_text(out, "inventory_only", rec->inventory_only);
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

void receipt_begin(struct receipt_head *head)
{
	head->seq = 0;
	text_set(head->hash, RECEIPT_FIRST);
}

void receipt_add(struct receipt_head *head, const char *line,
		 struct buf *out)
{
	char hash[DIGEST_TEXT_SIZE];

	receipt_hash(head->hash, line, hash);
	head->seq++;
	text_set(head->hash, hash);
	buf_puts(out, hash);
	buf_putc(out, ' ');
	buf_puts(out, line);
}

/* The hash that the text begins with; its line, or NULL: it has none. */
static const char *_split(const char *text, char hash[DIGEST_TEXT_SIZE])
{
	uint8_t bytes[DIGEST_SIZE];

	if (strlen(text) <= DIGEST_TEXT_SIZE ||
	    text[DIGEST_TEXT_SIZE - 1] != ' ')
		return NULL;
	text_copy(hash, DIGEST_TEXT_SIZE, text);
	if (parse_hex(hash, bytes, sizeof(bytes), NULL) < 0)
		return NULL;
	return text + DIGEST_TEXT_SIZE;
}

static int _check(const struct receipt_head *head, uint64_t seq,
		  const char *line, const char *hash, struct err *err)
{
	unsigned long long at = seq, last = head->seq;
	char want[DIGEST_TEXT_SIZE];

	if (seq <= head->seq)
		return err_set(err, ERR_PROTOCOL, "record %llu stands after "
			       "record %llu", at, last);
	if (seq > head->seq + 1)
		return err_set(err, ERR_PROTOCOL, "%llu records are missing "
			       "after record %llu", at - last - 1, last);
	if (!line)
		return err_set(err, ERR_PROTOCOL, "record %llu is no record",
			       at);
	receipt_hash(head->hash, line, want);
	if (strcmp(want, hash))
		return err_set(err, ERR_PROTOCOL, "record %llu was changed, "
			       "or is not the one that followed record %llu",
			       at, last);
	return 0;
}

int receipt_take(struct receipt_head *head, uint64_t seq, const char *text,
		 struct err *err)
{
	char hash[DIGEST_TEXT_SIZE] = "";
	const char *line = _split(text, hash);
	int rc = _check(head, seq, line, hash, err);

	head->seq = seq;
	text_set(head->hash, hash);
	return rc;
}

static size_t _least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void receipt_print_head(const struct receipt_head *head,
			char out[RECEIPT_HEAD_SIZE])
{
	*out = '\0';
	text_add_number(out, RECEIPT_HEAD_SIZE, head->seq);
	text_add(out, RECEIPT_HEAD_SIZE, ":");
	text_add(out, RECEIPT_HEAD_SIZE, head->hash);
}

int receipt_parse_head(const char *text, struct receipt_head *head,
		       struct err *err)
{
	const char *colon = strchr(text, ':');
	uint8_t bytes[DIGEST_SIZE];
	char number[24] = "0";
	uint64_t seq;

	if (colon)
		text_copy(number, _least((size_t) (colon - text) + 1,
					 sizeof(number)), text);
	text = colon ? colon + 1 : text;
	if (parse_u64(number, 0, INT64_MAX, &seq, NULL) < 0 ||
	    strlen(text) != DIGEST_TEXT_SIZE - 1 ||
	    parse_hex(text, bytes, sizeof(bytes), NULL) < 0)
		return err_set(err, ERR_PROTOCOL, "a head is COUNT:HASH or "
			       "HASH, as the log has it; not '%.100s'", text);
	head->seq = seq;
	parse_print_hex(bytes, sizeof(bytes), head->hash);
	return 0;
}

bool receipt_next(const char **pos, struct receipt_pair *pair)
{
	const char *word, *value;
	size_t len, key;

	do {	/* the hash and whatever else is no pair are passed over */
		word = *pos + strspn(*pos, " ");
		len = strcspn(word, " ");
		if (!len)
			return false;
		*pos = word + len;
		value = memchr(word, '=', len);
		key = value ? (size_t) (value - word) : 0;
	} while (!value || key >= sizeof(pair->key));
	text_copy(pair->key, key + 1, word);
	text_copy(pair->value, _least(len - key, sizeof(pair->value)),
		  value + 1);
	if (pair_decode(pair->value) < 0)
		text_set(pair->value, "?");
	return true;
}

bool receipt_get(const char *text, const char *key,
		 struct receipt_pair *pair)
{
	while (receipt_next(&text, pair))
		if (!strcmp(pair->key, key))
			return true;
	return false;
}
