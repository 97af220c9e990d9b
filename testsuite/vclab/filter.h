/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter - a PropertyFilter: the objects a client watches, and which of
 * them have news.
 *
 * A change costs the filters that hold the object, nothing else: objects
 * named in the spec and members of views are entered and left one by one;
 * only specs with other traversals are walked again when the tree changed.
 */
#ifndef SCLONE_VCLAB_FILTER_H
#define SCLONE_VCLAB_FILTER_H

#include "entity.h"
#include "spec.h"

struct collector;
struct filter;

/* One object in one filter. */
struct watch {
	struct filter *filter;
	struct mob *mob;		/* holds a reference */
	struct spec_prop *prop;
	struct watch *of_mob;		/* next of this object */
	struct watch *next, *prev;	/* in the filter */
	struct watch *news;		/* next in the filter's queue */
	bool queued;
	bool told;			/* the client knows it */
	bool left;			/* the client shall forget it */
	unsigned reasons;		/* spec entries, views */
	uint64_t walk;			/* last walk that found it */
	uint32_t groups;		/* changed since told */
};

struct filter {
	struct mob mob;
	struct collector *collector;	/* borrowed */
	struct spec *spec;
	struct watch *watches;
	struct watch *first, *last;	/* with news */
	struct filter *next;		/* in the collector */
	bool walks;			/* has other traversals than views */
	uint64_t walk;
	uint64_t tree;			/* version of the tree at that walk */
};

/* Takes spec over; the initial objects are news. */
struct filter *filter_create(struct collector *collector, struct spec *spec);
void filter_remove(struct filter *filter);

/* The client forgot everything: all objects are news again. */
void filter_restart(struct filter *filter);

/* Walk again if the tree has changed; then: there is news. */
bool filter_has_news(struct filter *filter);

/*
 * Write <objectSet> for at most max objects (0: no bound), returns how
 * many; what is left stays queued.
 */
size_t filter_write(struct filter *filter, struct buf *out, size_t max);

/* A view's member came or went. */
void filter_enter(struct filter *filter, struct mob *mob);
void filter_leave(struct filter *filter, struct mob *mob);

/* Called by mob.c and entity.c. */
void filter_object_changed(struct mob *mob, uint32_t groups);
void filter_object_gone(struct mob *mob);
void filter_object_moved(struct mob *mob, struct mob *to);
void filter_tree_changed(struct lab *lab);

#endif
