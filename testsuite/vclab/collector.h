/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collector - PropertyCollector: filters, waiting for their news, and the
 * version the client has seen.
 *
 * Each answer carries a version; the client's next call names it. Naming
 * the one before repeats the last answer byte for byte, since it may have
 * been lost; naming "" starts anew; anything else is
 * InvalidCollectorVersion. One wait is under way at a time: a second one
 * ends the first with RequestCanceled.
 */
#ifndef SCLONE_VCLAB_COLLECTOR_H
#define SCLONE_VCLAB_COLLECTOR_H

#include "call.h"
#include "filter.h"

struct session;

#define COLLECTOR_FILTERS_MAX 1000

struct collector {
	struct mob mob;
	struct session *session;	/* borrowed; it outlives this */
	struct filter *filters;
	struct call *waiter;
	uint64_t version;		/* of the last answer */
	char *answer;			/* that one */
	size_t max;			/* objects in the answer; 0: any */
	bool settling;
	struct collector *next;		/* in the lab */
};

extern const struct mob_class property_collector_class;

/* For a session; hidden: reached as "propertyCollector" only. */
struct collector *collector_create(struct session *session, bool hidden);
void collector_remove(struct collector *collector);

/* A filter has news: answer the waiter soon. */
void collector_wake(struct collector *collector);

/* The tree changed: filters with traversals may have news. */
void collector_wake_walkers(struct lab *lab);

/* "session[KEY]KIND-N"; the caller frees. */
char *collector_new_id(struct collector *collector, const char *kind);

#endif
