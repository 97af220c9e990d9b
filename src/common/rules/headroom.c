/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/table.h"
#include "headroom.h"

/* A clone that is there. */
struct clone {
	size_t source;
	int64_t at;
	bool told;			/* what it takes: */
	int64_t memory, space;		/* MiB, or PLACE_UNKNOWN */
	int64_t memory_held, space_held;	/* for it */
};

/* For all of a source. */
struct sum {
	int64_t memory, space;
};

struct headroom {
	struct table *table;		/* by node */
	struct sum *sums;		/* while they are held */
};

/*
 * What a clone will take beyond what a figure shows of it. One that is not
 * younger than the clone shows nothing, nor is anything known before the
 * clone was asked; if what it takes cannot be told, the figure must do.
 */
static int64_t _growth(int64_t need, const struct clone *clone,
		       int64_t takes, int64_t figure_at)
{
	if (need == PLACE_UNKNOWN)
		return 0;
	if (clone->at >= figure_at || !clone->told)
		return need;
	return takes == PLACE_UNKNOWN || takes > need ? 0 : need - takes;
}

static void _weigh(struct clone *clone, const struct place_source *place)
{
	clone->memory_held = _growth(place->memory_need, clone, clone->memory,
				     place->memory_at);
	clone->space_held = _growth(place->space_need, clone, clone->space,
				    place->space_at);
}

/* Thousands of clones on a few sources. */
void headroom_hold(struct headroom *headroom, struct place_source *places,
		   size_t count)
{
	struct clone *clone;
	const char *node;
	size_t pos = 0;

	memset(headroom->sums, 0, count * sizeof(*headroom->sums));
	while ((clone = table_next(headroom->table, &pos, &node)) != NULL) {
		_weigh(clone, &places[clone->source]);
		headroom->sums[clone->source].memory += clone->memory_held;
		headroom->sums[clone->source].space += clone->space_held;
	}
	for (size_t i = 0; i < count; i++)
		if (headroom->sums[i].memory || headroom->sums[i].space)
			place_hold(places, count, i, headroom->sums[i].memory,
				   headroom->sums[i].space);
}

void headroom_add(struct headroom *headroom, struct place_source *places,
		  size_t count, const char *node, size_t source, int64_t at)
{
	struct clone *clone;

	if (table_get(headroom->table, node))
		return;
	clone = calloc(1, sizeof(*clone));
	if (!clone)
		return;		/* the figures will show it */
	clone->source = source;
	clone->at = at;
	if (table_set(headroom->table, node, clone, NULL) < 0) {
		free(clone);
		return;
	}
	_weigh(clone, &places[source]);
	place_hold(places, count, source, clone->memory_held,
		   clone->space_held);
}

void headroom_remove(struct headroom *headroom, struct place_source *places,
		     size_t count, const char *node)
{
	struct clone *clone = table_take(headroom->table, node);

	if (clone)
		place_hold(places, count, clone->source, -clone->memory_held,
			   -clone->space_held);
	free(clone);
}

bool headroom_has(const struct headroom *headroom, const char *node)
{
	return table_get(headroom->table, node) != NULL;
}

void headroom_tell(struct headroom *headroom, const char *node, int64_t memory,
		   int64_t space)
{
	struct clone *clone = table_get(headroom->table, node);

	if (!clone)
		return;
	clone->told = true;
	clone->memory = memory;
	clone->space = space;
}

void headroom_told(struct headroom *headroom, int64_t at)
{
	struct clone *clone;
	const char *node;
	size_t pos = 0;

	while ((clone = table_next(headroom->table, &pos, &node)) != NULL)
		if (!clone->told && clone->at < at)
			headroom_tell(headroom, node, PLACE_UNKNOWN,
				      PLACE_UNKNOWN);
}

void headroom_move(struct headroom *headroom,
		   int (*moved)(size_t source, const void *arg),
		   const void *arg)
{
	struct clone *clone;
	const char *node;
	size_t pos = 0;

	while ((clone = table_next(headroom->table, &pos, &node)) != NULL) {
		int to = moved(clone->source, arg);

		if (to < 0)
			free(table_take(headroom->table, node));
		else
			clone->source = (size_t) to;
	}
}

bool headroom_any(const struct headroom *headroom,
		  const struct place_source *places, bool *untold)
{
	const struct clone *clone;
	const char *node;
	size_t pos = 0;
	bool any = false;

	*untold = false;
	while ((clone = table_next(headroom->table, &pos, &node)) != NULL) {
		const struct place_source *place = &places[clone->source];

		if (place->memory_free == PLACE_UNKNOWN &&
		    place->space_free == PLACE_UNKNOWN)
			continue;
		any = true;
		*untold |= !clone->told;
	}
	return any;
}

void headroom_clear(struct headroom *headroom)
{
	const char *node;
	size_t pos = 0;

	while (table_next(headroom->table, &pos, &node))
		free(table_take(headroom->table, node));
}

struct headroom *headroom_create(size_t nodes_max, size_t sources_max)
{
	cleanup_headroom struct headroom *headroom =
		calloc(1, sizeof(*headroom));

	if (!headroom)
		return NULL;
	headroom->table = table_create(nodes_max, free);
	headroom->sums = calloc(sources_max + 1, sizeof(*headroom->sums));
	if (!headroom->table || !headroom->sums)
		return NULL;
	return steal_ptr(&headroom);
}

void headroom_destroy(struct headroom *headroom)
{
	if (!headroom)
		return;
	table_destroy(headroom->table);
	free(headroom->sums);
	free(headroom);
}
