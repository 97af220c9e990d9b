/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair - " key=value" text with percent-encoded values: one line, one
 * blank between pairs, values without blanks, controls or bare '%'.
 */
#ifndef SCLONE_RULES_PAIR_H
#define SCLONE_RULES_PAIR_H

#include <stdint.h>

#include "common/base/buf.h"

/* Append " key=value"; nothing for "" and 0. */
void pair_put_text(struct buf *out, const char *key, const char *value);
void pair_put_number(struct buf *out, const char *key, uint64_t value);

/* Undo the encoding in place. -1: half an escape, or an escaped NUL. */
int pair_decode(char *value);

#endif
