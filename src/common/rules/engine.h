/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - the machine of one node name: (record, event) -> (record,
 * actions). Pure, deterministic and total: any event in any state has a
 * defined outcome, if only to be ignored with a reason.
 *
 * The caller's duties: apply one event at a time per node; commit the
 * record (when outcome.changed) before a durable action, lazily otherwise;
 * carry out the actions; give the event that ends each; send EVENT_TICK at
 * outcome.wake; after a restart call engine_derive() once per record.
 *
 * Actions follow from the state. At most one act on the VM and one in Slurm
 * are under way for a node, so their order is the order of the rules.
 */
#ifndef SCLONE_RULES_ENGINE_H
#define SCLONE_RULES_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "record.h"

#define ENGINE_ACTIONS 2	/* one on the VM, one in Slurm */

/* Times in us. */
struct engine_conf {
	uint32_t max_attempts;	/* clones per request that may fail */
	int64_t pause;		/* first back-off */
	int64_t pause_max;	/* longest back-off */
	int64_t least_time;	/* no retry with less than this to go */
	int64_t settle;		/* a submit without reply may still arrive so
				 * long after a first look finds nothing */
	int64_t fresh;		/* age of a verdict or view that is acted on */
	int64_t suspend_timeout;	/* Slurm's, of the node */
	int64_t suspend_margin;	/* drain that long before it ends */
	int64_t outdated;	/* what is late by so much is over, unless
				 * Slurm still boots the node for its job */
};

struct outcome {
	struct action actions[ENGINE_ACTIONS];
	unsigned count;
	bool changed;		/* the journal's part of the record */
	int64_t wake;		/* when to send EVENT_TICK; 0 = never */
	const char *ignored;	/* why the event changed nothing, or NULL */
	bool ready;		/* it became ready: success for breakers */
	enum cause failed;	/* an attempt ended like this, or NONE */
	char source[RECORD_SOURCE_SIZE];	/* of that attempt */
	bool tested;		/* which was a test */
};

/* 4 attempts, pauses 1..60 s, 5 s least, 3 s settle, 2 s fresh, 600 s
 * SuspendTimeout with 15 s margin, 600 s outdated. */
void engine_conf_init(struct engine_conf *conf);

/* Apply the event. */
void engine_step(const struct engine_conf *conf, struct record *rec,
		 const struct event *ev, struct outcome *out);

/* After a restart: nothing is under way; what does the state call for? */
void engine_derive(const struct engine_conf *conf, struct record *rec,
		   int64_t now, struct outcome *out);

#endif
