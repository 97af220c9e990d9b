/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * witness - DIR/witness.log: one JSON object a line for each thing that
 * happened, in order, never rewritten. The outside proof for tests.
 */
#ifndef SCLONE_VCLAB_WITNESS_H
#define SCLONE_VCLAB_WITNESS_H

#include "common/base/err.h"
#include "common/base/json.h"

struct witness;

struct witness *witness_create(const char *path, struct err *err);
void witness_destroy(struct witness *witness);	/* accepts NULL */

/* Members come as (name, text) pairs, ended by NULL; a NULL text is left
 * out. "time" (µs since 1970) and "event" stand first. */
void witness_note(struct witness *witness, const char *event, ...)
	__attribute__((sentinel));

#endif
