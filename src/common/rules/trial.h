/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial - a test of a source: one clone through every phase up to slurmd's
 * registration, under a node name that is kept for it, and then released.
 *
 * The clone is made by the usual cycle of that node, so that the very rules
 * are tried that serve jobs: Slurm is asked to power the node up, and its
 * ResumeProgram brings the request, which names the source (record.h: only).
 * All that is special is here: when to ask Slurm, and what to conclude from
 * the record. Pure: the caller asks again after each step of the node, and
 * every now and then.
 */
#ifndef SCLONE_RULES_TRIAL_H
#define SCLONE_RULES_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define TRIAL_WHO_SIZE 64
#define TRIAL_SETTLE INT64_C(300000000)	/* us; then Slurm's word on the node
					 * is not waited for any more */

/* The step that failed. */
enum trial_step {
	TRIAL_SOURCE,		/* it cannot be cloned as it is */
	TRIAL_RESUME,		/* Slurm did not ask for the node */
	TRIAL_ADMISSION,	/* it got no lane */
	TRIAL_CLONE,
	TRIAL_GUEST,		/* identity, network, hooks */
	TRIAL_REGISTRATION,	/* slurmd did not register, or not well */
	TRIAL_STEPS
};

/* Plain data. Times are us since 1970. */
struct trial {
	char source[RECORD_SOURCE_SIZE];
	char template_name[RECORD_TEMPLATE_SIZE];
	char node[OWNER_NODE_SIZE];
	char who[TRIAL_WHO_SIZE];
	int64_t since;		/* when it was ordered */
	int64_t limit;		/* us; the clone is up by then, or fails */
	char request[RECORD_ID_SIZE];	/* the one that serves it, or "" */

	bool judged, passed;
	enum trial_step step;	/* if it failed */
	enum cause cause;
	char why[RECORD_TEXT_SIZE];

	uint64_t epoch;		/* 0: nothing was begun */
	int64_t at[PHASES];
	int64_t ended;		/* all is gone again; 0: under way */
};

enum trial_wish {
	TRIAL_WAIT,
	TRIAL_POWER_UP,		/* ask Slurm for the node, now and again */
	TRIAL_POWER_DOWN,	/* ask it to let go, now and again */
	TRIAL_OVER,		/* ended is to be set */
};

/* The node is free for a test, as far as is known. */
bool trial_is_free(const struct record *rec);

/* The request that serves it is the node's present one. */
bool trial_is_served(const struct trial *trial, const struct record *rec);

/* What is to be done now, by the node's record; takes from it what it
 * tells. */
enum trial_wish trial_go(struct trial *trial, const struct record *rec,
			 int64_t now);

/* It failed, unless it is judged already. */
void trial_fail(struct trial *trial, enum trial_step step, enum cause cause,
		const char *why);

/* "registration"; and what the admin does next. Static storage. */
const char *trial_step_name(enum trial_step step);
const char *trial_advice(enum trial_step step);

#endif
