/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audit - what must never be, held against what is, at each step and at the
 * end. It knows the fakes from inside and nothing of what sclone thinks but
 * for the records it is shown.
 */
#ifndef SCLONE_WORLD_AUDIT_H
#define SCLONE_WORLD_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rules/record.h"

void audit_begin(uint64_t seed);

/* An invariant does not hold. The first of a seed counts and is said. */
void audit_wrong(const char *node, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool audit_is_wrong(void);

/* Of all seeds: the seeds in which something was wrong. */
unsigned audit_wrongs(void);

/* A clone of that epoch is asked for. */
void audit_submit(const char *node, uint64_t epoch);

/* The record after a step. */
void audit_record(const struct record *rec);

/* A cycle's record of absence is durable. */
void audit_recorded(const char *node, uint64_t epoch);

/* Everything is over: nothing is left, and all is as it was. */
void audit_end(void);

#endif
