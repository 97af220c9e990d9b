/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker - lets a failing source or template rest.
 *
 * closed --k failures in a row--> open --pause over--> one canary clone:
 * its success closes, its failure opens again for twice as long. What was out
 * of service is on trial when it is back: a canary first, without a pause.
 */
#ifndef SCLONE_RULES_BREAKER_H
#define SCLONE_RULES_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 3			/* in a row open it */
#define BREAKER_PAUSE INT64_C(30000000)		/* us, the first time */
#define BREAKER_PAUSE_MAX INT64_C(600000000)

/* Plain data; zero is closed. All members are in the table of
 * clone/snapshot.c as well. */
struct breaker {
	uint32_t failures;	/* in a row */
	uint32_t openings;	/* in a row; set the pause */
	int64_t open_until;	/* 0 = closed */
	bool canary;		/* one is under way */
	uint32_t culprit, repeats;	/* see breaker_failure_of() */
};

/* A clone may be started now. */
bool breaker_allows(const struct breaker *breaker, int64_t now);

/* It is resting or trying its canary. */
bool breaker_open(const struct breaker *breaker);

/* What was out of service is back: on trial, unless it rests. */
void breaker_try(struct breaker *breaker, int64_t now);

/* Open, and not for failures. */
bool breaker_on_trial(const struct breaker *breaker);

/* A clone is started. Only after breaker_allows(). */
void breaker_start(struct breaker *breaker);

/* How a clone ended. An end that tells nothing about the source, such as a
 * cancelled job, is a breaker_cancel(): the next one is the canary. */
void breaker_success(struct breaker *breaker);
void breaker_failure(struct breaker *breaker, int64_t now);
/*
 * A failure of one of the parts that a breaker is for, by a number of its
 * own: one part alone does not open it, its third failure in a row tells
 * nothing of the others.
 */
void breaker_failure_of(struct breaker *breaker, uint32_t part, int64_t now);
void breaker_cancel(struct breaker *breaker);

#endif
