/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconciler - now and then everything is looked at whole: the records, the
 * clone folder, Slurm's nodes. What does not fit becomes an event, by the
 * table in rules/reconcile; only the engine acts on it.
 *
 * A pass is made at the start, as soon as vCenter and Slurm answer, then
 * every 5 minutes, sooner while something waits for its second sighting, and
 * when an admin asks for one. A VM without a valid owner key is foreign: it
 * is counted and never touched.
 */
#ifndef SCLONE_SCLONED_RECONCILER_H
#define SCLONE_SCLONED_RECONCILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "survey.h"

struct daemon;
struct reconciler;

/* What the last whole pass has seen. */
struct reconciler_tally {
	int64_t at;		/* us since 1970; 0: there was none */
	size_t ours;
	size_t foreign;		/* in the clone folder, without owner key */
	size_t strays;		/* ours, of nodes that are not configured */
	size_t waiting;		/* rows that are not due yet, or braked */
	bool braked;		/* too many of them at once */
};

/* A node of which the three do not tell the same. */
struct difference {
	char node[OWNER_NODE_SIZE];
	enum phase phase;
	uint64_t epoch;		/* the record's */
	enum reconcile_sight sight;
	enum reconcile_node slurm;
	char vm[RECORD_MOREF_SIZE];	/* what was seen, or "" */
	uint64_t vm_epoch;
	struct reconcile_row row;
	bool done;		/* the event was given to the engine */
	char wait[RECORD_TEXT_SIZE];	/* why not, or "" */
};

enum reconciler_mode {
	RECONCILER_USUAL,	/* do what is due, behind the brake */
	RECONCILER_DRY,		/* do nothing */
	RECONCILER_APPLY	/* do what is due, without the brake */
};

/* All of the daemon's parts must exist and outlive it. NULL: FATAL. */
struct reconciler *reconciler_create(struct daemon *daemon, struct err *err);

/* Before the parts it uses. Accepts NULL. */
void reconciler_destroy(struct reconciler *reconciler);

/*
 * Make a pass, after the one that may be under way; done comes once, from
 * the loop, with why it could not be made, or NULL. -1: BUSY when somebody
 * else waits for one.
 */
int reconciler_pass(struct reconciler *reconciler, enum reconciler_mode mode,
		    void (*done)(const struct err *failure, void *arg),
		    void *arg, struct err *err);

/* Whoever asked is gone: done does not come, and what he asked for is taken
 * back. A pass that is under way goes on as a usual one, behind the brake. */
void reconciler_give_up(struct reconciler *reconciler);

const struct reconciler_tally *
reconciler_tally(const struct reconciler *reconciler);

/* Why the last pass could not be made; NULL when it was. */
const struct err *reconciler_problem(const struct reconciler *reconciler);

/* What the last whole pass has seen; NULL before the first. Borrowed until
 * the next one. */
const struct survey *reconciler_survey(const struct reconciler *reconciler);

/* Its differences; NULL past the last. */
const struct difference *
reconciler_difference(const struct reconciler *reconciler, size_t index);

/* A VM that the survey saw is to go, whether its node has a record or not;
 * the usual release follows. -1: no record can be made. */
int reconciler_release(struct reconciler *reconciler,
		       const struct survey_vm *vm, const char *why,
		       struct err *err);

#endif
