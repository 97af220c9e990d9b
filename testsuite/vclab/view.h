/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view - ViewManager, ListView and ContainerView.
 */
#ifndef SCLONE_VCLAB_VIEW_H
#define SCLONE_VCLAB_VIEW_H

#include "entity.h"

struct filter;
struct session;

#define VIEW_FILTERS_MAX 16

struct view {
	struct mob mob;
	struct session *session;	/* borrowed; it outlives this */
	struct table *members;		/* ListView: id -> mob, references */
	struct entity *container;	/* ContainerView; a reference */
	const struct schema_type *types[8];
	size_t ntypes;
	bool recursive;
	struct filter *filters[VIEW_FILTERS_MAX];
	size_t nfilters;
	struct view *next;		/* in the lab */
};

extern const struct mob_class view_manager_class;

/* mob is a view, or NULL. */
struct view *view_of(struct mob *mob);

/* Tell the filter when members come and go. */
void view_subscribe(struct view *view, struct filter *filter);
void view_unsubscribe(struct lab *lab, struct filter *filter);

/* An entity is new at its place, or about to leave it. */
void view_entity_placed(struct entity *entity);
void view_entity_leaving(struct entity *entity);

/* Remove all views of a session. */
void view_remove_of(struct lab *lab, const struct session *session);

#endif
