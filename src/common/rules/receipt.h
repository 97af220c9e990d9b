/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receipt - the record of a destruction: one canonical line for a cycle,
 * chained to the one before by its hash, so that a changed, missing or
 * reordered line shows.
 *
 *	hash = hex(SHA-256(SHA-256(previous hash) SHA-256(line)))
 *
 * The first line's previous hash is RECEIPT_FIRST. The chain proves nothing
 * against someone who rewrites all of it and the published heads.
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

/* -1 PROTOCOL: the hash is not that of the line after prev. */
int receipt_verify(const char prev[DIGEST_TEXT_SIZE], const char *line,
		   const char *hash, struct err *err);

#endif
