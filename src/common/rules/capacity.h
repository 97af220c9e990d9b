/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capacity - how many names of a node set can become clones now. Those that
 * cannot are drained in Slurm before a job gets them, so that a job which is
 * too large pends there and starts by itself when there is room.
 *
 * A set is judged by what all its templates' sources can hold together: which
 * of them a job will want is not known before. Rooms that sets share are
 * offered to each of them whole; who comes first has them.
 *
 * What is not known does not close anything, and opens nothing either.
 */
#ifndef SCLONE_RULES_CAPACITY_H
#define SCLONE_RULES_CAPACITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

#define CAPACITY_TEMPLATES_MAX 64
#define CAPACITY_SOURCES_MAX 1024
#define CAPACITY_SETTLE INT64_C(10000000)	/* us a fact must last */
#define CAPACITY_CALM INT64_C(30000000)	/* from a change to an opening */

/* What a node name is to capacity. */
enum capacity_kind {
	CAPACITY_OUT,		/* not to be had: down, or drained by others */
	CAPACITY_OPEN,		/* free */
	CAPACITY_CLOSED,	/* free, and drained by capacity */
	CAPACITY_WAITING,	/* in use or free at any moment, without VM */
	CAPACITY_CLONE,		/* has a VM, or a lane to get one */
	CAPACITY_KINDS
};

/* What keeps a set from holding more. */
enum capacity_limit {
	CAPACITY_NO_LIMIT,
	CAPACITY_SET,		/* MaxClones= of the node set */
	CAPACITY_ALL,		/* of all nodes */
	CAPACITY_TEMPLATE,	/* of its templates */
	CAPACITY_LANES,		/* no more can be cloned in ResumeTimeout */
	CAPACITY_SOURCES,	/* no source is fit for use */
	CAPACITY_MEMORY,	/* of a host */
	CAPACITY_SPACE,		/* on a datastore */
	CAPACITY_LIMITS
};

struct capacity_source {
	unsigned template;	/* index; below CAPACITY_TEMPLATES_MAX */
	unsigned host, store;	/* sources with the same number share it;
				 * below CAPACITY_SOURCES_MAX */
	bool known;		/* the rest was looked at */
	bool usable;
	unsigned lanes;
	/* MiB, or PLACE_UNKNOWN; what clones in flight will take is not free
	 * any more. */
	int64_t memory_free, memory_need;
	int64_t space_free, space_need;
};

struct capacity_template {
	uint64_t limit;		/* of clones; 0: none */
	uint64_t clones;	/* names with a VM of it */
	int64_t clone_us;	/* one takes so long; 0: not known */
	int64_t boot_us;
};

/* What was decided of a set last; all zero at first. */
struct capacity_memo {
	int64_t short_since, ample_since, changed;
	bool exact;		/* closed for a MaxClones=, not for facts */
};

struct capacity_set {
	uint64_t templates;	/* a bit for each index */
	uint64_t limit;		/* 0: none */
	size_t kinds[CAPACITY_KINDS];	/* names of each */
	struct capacity_memo memo;
};

struct capacity_facts {
	const struct capacity_source *sources;
	size_t source_count;	/* at most CAPACITY_SOURCES_MAX */
	const struct capacity_template *templates;
	size_t template_count;	/* at most CAPACITY_TEMPLATES_MAX */
	uint64_t limit;		/* of clones of all nodes; 0: none */
	int64_t deadline_us;	/* a node must be up so soon; 0: not known */
};

struct capacity_verdict {
	size_t room;		/* free names that can become clones */
	enum capacity_limit limit;	/* why not more: of the free names */
	size_t which;		/* index of the template or source */
	size_t close, open;	/* names to drain, or undrain, now */
};

/* Judge all sets; updates their memos. */
void capacity_weigh(const struct capacity_facts *facts,
		    struct capacity_set *sets, size_t count, int64_t now,
		    struct capacity_verdict *verdicts);

/* A name by its record, the view of Slurm in it. */
enum capacity_kind capacity_kind(const struct record *rec);

/* Drained by capacity although it is in use: it got its job just before. */
bool capacity_is_late(const struct record *rec);

/* The reason of such a drain, see failure_is_capacity(). name: the template's,
 * host's or datastore's; number: the limit. */
void capacity_reason(enum capacity_limit limit, const char *name,
		     uint64_t number, char *out, size_t size);

#endif
