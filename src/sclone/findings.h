/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings - what `sclone check` has to say, in order.
 *
 * A finding is one line: a level, a topic, what is wrong and what to do. A
 * text that is too long is cut, and findings past the maximum are counted
 * only; both latch nothing, since the worst level is kept all the same.
 */
#ifndef SCLONE_SCLONE_FINDINGS_H
#define SCLONE_SCLONE_FINDINGS_H

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"

#define FINDINGS_MAX 1000
#define FINDINGS_TEXT_SIZE 600

enum findings_level {
	FINDINGS_OK,
	FINDINGS_WARN,
	FINDINGS_FAIL,
};

struct finding {
	enum findings_level level;
	const char *topic;
	char text[FINDINGS_TEXT_SIZE];
};

struct findings;

/* NULL when out of memory. */
struct findings *findings_create(void);

/* Accepts NULL. */
void findings_destroy(struct findings *findings);
CLEANUP_DEFINE(struct findings *, findings_destroy)
#define cleanup_findings cleanup_with(findings_destroy_cleanup_)

/* The topic of those that follow; static storage. */
void findings_topic(struct findings *findings, const char *topic);

/* "what is wrong; what to do". Control characters become '?'. */
void findings_ok(struct findings *findings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void findings_warn(struct findings *findings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void findings_fail(struct findings *findings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All so far, also those that are only counted. */
size_t findings_count(const struct findings *findings);

/* NULL past the end. */
const struct finding *findings_at(const struct findings *findings,
				  size_t index);

enum findings_level findings_worst(const struct findings *findings);

/* "ok", "warn", "FAIL"; static storage. */
const char *findings_level_name(enum findings_level level);

/* {"worst", "findings": [{"level","topic","text"}]}; NULL: no memory. */
struct json *findings_json(const struct findings *findings);

#endif
