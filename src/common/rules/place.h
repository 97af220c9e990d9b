/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place - which source a clone is made from. A clone lands on its source's
 * host, so this is the placement of nodes.
 */
#ifndef SCLONE_RULES_PLACE_H
#define SCLONE_RULES_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"
#include "common/base/err.h"
#include "failure.h"

#define PLACE_UNKNOWN (-1)

/* A source as it is now. The strings are borrowed. All members are in the
 * table of clone/snapshot.c as well. */
struct place_source {
	const char *name;
	const char *template_name;
	const char *host;	/* "" or NULL: not known */
	const char *note;	/* what is wrong with it, for people, or so */
	bool found;		/* it exists where the configuration says */
	bool powered_on;
	bool frozen;		/* or need not be, by its backend */
	bool host_ok;		/* connected, not in maintenance */
	bool drained;		/* taken out by an admin */
	const char *drain;	/* then: by whom and why, a sentence */
	bool pack;		/* fill a host before the next: the same for
				 * all sources of a template */
	unsigned lanes;
	unsigned in_flight;
	unsigned returns;	/* how often it came back into service */
	const char *host_id;	/* vCenter's: sources of the same one share */
	const char *store_id;	/* its memory, its space; "" or NULL: none */
	int64_t memory_free;	/* MiB on its host, or PLACE_UNKNOWN */
	int64_t memory_need;	/* MiB for one clone, growth included */
	int64_t space_free;	/* MiB on its datastore, or PLACE_UNKNOWN */
	int64_t space_need;	/* what is not known is no reason to refuse */
	int64_t memory_at;	/* when memory_free was told, and ... */
	int64_t space_at;	/* ... space_free: wall time, us */
	int64_t memory_held;	/* for clones, beyond what those figures */
	int64_t space_held;	/* show; see place_hold() */
	struct breaker *breaker;	/* its own; NULL: it never rests */
	struct breaker *template_breaker;	/* all its template's */
};

/* Why a source was taken for a clone, or was not. */
enum place_verdict {
	PLACE_OTHER,		/* of another template: not looked at */
	PLACE_MISSING,
	PLACE_OFF,
	PLACE_THAWED,
	PLACE_HOST,
	PLACE_DRAINED,
	PLACE_RESTING,
	PLACE_TRIAL,
	PLACE_FULL,
	PLACE_MEMORY,
	PLACE_SPACE,
	PLACE_FREE,		/* it could, but another was better */
	PLACE_AVOIDED,		/* it could, but was to be avoided */
	PLACE_TAKEN,
	PLACE_VERDICTS
};

/*
 * Index of the best source of the template that can take a clone now: with
 * the smallest part of its lanes busy and then most memory free or, to pack,
 * with least memory free and then most lanes busy. avoid (may be NULL) only
 * when no other can. -1: BUSY when one may take it later (lanes, breaker,
 * memory), CONFIG when the template has no source, CAPACITY when none is fit
 * for use; the text counts the reasons. verdicts, if not NULL, has room for
 * count: what was made of each.
 */
int place_pick(const struct place_source *sources, size_t count,
	       const char *template_name, const char *avoid, int64_t now,
	       enum place_verdict *verdicts, struct err *err);

/*
 * Index of the one source of that name, which may be drained or resting: it
 * is to be tried. -1: NOTFOUND when there is none, else as place_pick().
 */
int place_only(const struct place_source *sources, size_t count,
	       const char *name, enum place_verdict *verdicts,
	       struct err *err);

/* "with all lanes busy": goes behind a source's name; static storage. */
const char *place_verdict_text(enum place_verdict verdict);

/*
 * What was made of the sources that were looked at and not taken, for people:
 * "NAME free as well, NAME with all lanes busy"; "" when there was none, and
 * how many more when there is no room for all.
 */
void place_tell(const struct place_source *sources, size_t count,
		const enum place_verdict *verdicts, char *text, size_t size);

/* It came back into service so often by now: once more than before, and it is
 * on trial. */
void place_returned(struct place_source *source, unsigned returns,
		    int64_t now);

/* A clone of the source at index is started: one more in flight. */
void place_start(struct place_source *sources, size_t count, size_t index);

/*
 * Hold so much for clones of the source at index against its figures, and
 * those of the sources that share its host or datastore; a negative amount
 * gives back.
 */
void place_hold(struct place_source *sources, size_t count, size_t index,
		int64_t memory, int64_t space);

/* All that so many clones of it will take; what is not known is nothing. */
void place_hold_clones(struct place_source *sources, size_t count,
		       size_t index, int64_t clones);

/* How it ended, for the breakers: it became a node (CAUSE_NONE), or failed.
 * in_flight is the caller's to lower, when the lane is free. */
void place_learn(struct place_source *source, enum cause failed, int64_t now);

/* The source or its template is resting or trying its canary; the source is
 * on trial; it is fit, but for room and lanes; all usable sources of the
 * template rest, and there is one. */
bool place_rests(const struct place_source *source);
bool place_on_trial(const struct place_source *source);
bool place_usable(const struct place_source *source);
bool place_all_rest(const struct place_source *sources, size_t count,
		    const char *template_name);

/* A source of the template is usable, but for room on host or datastore. */
bool place_is_short(const struct place_source *sources, size_t count,
		    const char *template_name);

/* A source of the template is usable, has room, and does not rest, or may
 * have its canary now: it can be cloned from, when a lane is free. */
bool place_healthy(const struct place_source *sources, size_t count,
		   const char *template_name, int64_t now);

/* Lanes of the template's usable sources. */
unsigned place_lanes(const struct place_source *sources, size_t count,
		     const char *template_name);

#endif
