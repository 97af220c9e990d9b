/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receipt - the record of a destruction: one canonical line for a cycle,
 * chained to the one before by its hash, so that a changed, missing or
 * reordered line shows.
 *
 *	hash = hex(SHA-256(SHA-256(previous hash) SHA-256(line)))
 *
 * The first line's previous hash is RECEIPT_FIRST. Records are numbered from
 * 1; the last one's number and hash are the chain's head. The chain proves
 * nothing against someone who rewrites all of it and the published heads.
 */
#ifndef SCLONE_RULES_RECEIPT_H
#define SCLONE_RULES_RECEIPT_H

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/err.h"

#include "record.h"

#define RECEIPT_FIRST \
	"0000000000000000000000000000000000000000000000000000000000000000"

/* Append the line of a cycle whose absence is proven at time at: names,
 * ids, cause, evidence, the time of every phase. */
void receipt_line(const struct record *rec, int64_t at, struct buf *out);

void receipt_hash(const char prev[DIGEST_TEXT_SIZE], const char *line,
		  char out[DIGEST_TEXT_SIZE]);

/* The end of a chain, or of that part of it which has been read. */
struct receipt_head {
	uint64_t seq;		/* 0: before the first record */
	char hash[DIGEST_TEXT_SIZE];
};

#define RECEIPT_HEAD_SIZE (DIGEST_TEXT_SIZE + 24)	/* "17:8d3f..." */
#define RECEIPT_TEXT_MAX (DIGEST_TEXT_SIZE + RECORD_LINE_MAX)

void receipt_begin(struct receipt_head *head);

/* Append the next record, "HASH LINE"; head becomes its. */
void receipt_add(struct receipt_head *head, const char *line,
		 struct buf *out);

/*
 * Take record seq, which is said to follow head. -1 PROTOCOL, with one line
 * that says what was done to it: missing ones before it, out of order,
 * changed. head becomes its in any case, so that the rest can be read and
 * each offence is told once.
 */
int receipt_take(struct receipt_head *head, uint64_t seq, const char *text,
		 struct err *err);

/* "17:8d3f..."; and back, where "17:" may be left out: seq is 0 then. -1
 * PROTOCOL. */
void receipt_print_head(const struct receipt_head *head,
			char out[RECEIPT_HEAD_SIZE]);
int receipt_parse_head(const char *text, struct receipt_head *head,
		       struct err *err);

#define RECEIPT_KEY_SIZE 32
#define RECEIPT_VALUE_SIZE 1024

/* One pair of a record's text or line. */
struct receipt_pair {
	char key[RECEIPT_KEY_SIZE];
	char value[RECEIPT_VALUE_SIZE];	/* decoded */
};

/* Walk the pairs; start with *pos = the text. false at the end. */
bool receipt_next(const char **pos, struct receipt_pair *pair);

/* The value of a key; false: it has none. */
bool receipt_get(const char *text, const char *key,
		 struct receipt_pair *pair);

#endif
