/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/table.h"
#include "claims.h"

/* A clone that is there. */
struct claim {
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

struct claims {
	struct table *table;		/* by node */
	struct sum *sums;		/* while they are held */
};

/*
 * What a clone will take beyond what a figure shows of it. One that is not
 * younger than the clone shows nothing, nor is anything known before the
 * clone was asked; if what it takes cannot be told, the figure must do.
 */
static int64_t _growth(int64_t need, const struct claim *claim,
		       int64_t takes, int64_t figure_at)
{
	if (need == PLACE_UNKNOWN)
		return 0;
	if (claim->at >= figure_at || !claim->told)
		return need;
	return takes == PLACE_UNKNOWN || takes > need ? 0 : need - takes;
}

static void _weigh(struct claim *claim, const struct place_source *place)
{
	claim->memory_held = _growth(place->memory_need, claim, claim->memory,
				     place->memory_at);
	claim->space_held = _growth(place->space_need, claim, claim->space,
				    place->space_at);
}

/* Thousands of clones on a few sources. */
void claims_hold(struct claims *claims, struct place_source *places,
		 size_t count)
{
	struct claim *claim;
	const char *node;
	size_t pos = 0;

	memset(claims->sums, 0, count * sizeof(*claims->sums));
	while ((claim = table_next(claims->table, &pos, &node)) != NULL) {
		_weigh(claim, &places[claim->source]);
		claims->sums[claim->source].memory += claim->memory_held;
		claims->sums[claim->source].space += claim->space_held;
	}
	for (size_t i = 0; i < count; i++)
		if (claims->sums[i].memory || claims->sums[i].space)
			place_hold(places, count, i, claims->sums[i].memory,
				   claims->sums[i].space);
}

void claims_add(struct claims *claims, struct place_source *places,
		size_t count, const char *node, size_t source, int64_t at)
{
	struct claim *claim;

	if (table_get(claims->table, node))
		return;
	claim = calloc(1, sizeof(*claim));
	if (!claim)
		return;		/* the figures will show it */
	claim->source = source;
	claim->at = at;
	if (table_set(claims->table, node, claim, NULL) < 0) {
		free(claim);
		return;
	}
	_weigh(claim, &places[source]);
	place_hold(places, count, source, claim->memory_held,
		   claim->space_held);
}

void claims_remove(struct claims *claims, struct place_source *places,
		   size_t count, const char *node)
{
	struct claim *claim = table_take(claims->table, node);

	if (claim)
		place_hold(places, count, claim->source, -claim->memory_held,
			   -claim->space_held);
	free(claim);
}

bool claims_has(const struct claims *claims, const char *node)
{
	return table_get(claims->table, node) != NULL;
}

void claims_tell(struct claims *claims, const char *node, int64_t memory,
		 int64_t space)
{
	struct claim *claim = table_get(claims->table, node);

	if (!claim)
		return;
	claim->told = true;
	claim->memory = memory;
	claim->space = space;
}

void claims_told(struct claims *claims, int64_t at)
{
	struct claim *claim;
	const char *node;
	size_t pos = 0;

	while ((claim = table_next(claims->table, &pos, &node)) != NULL)
		if (!claim->told && claim->at < at)
			claims_tell(claims, node, PLACE_UNKNOWN,
				    PLACE_UNKNOWN);
}

void claims_move(struct claims *claims,
		 int (*moved)(size_t source, const void *arg),
		 const void *arg)
{
	struct claim *claim;
	const char *node;
	size_t pos = 0;

	while ((claim = table_next(claims->table, &pos, &node)) != NULL) {
		int to = moved(claim->source, arg);

		if (to < 0)
			free(table_take(claims->table, node));
		else
			claim->source = (size_t) to;
	}
}

bool claims_any(const struct claims *claims,
		const struct place_source *places, bool *untold)
{
	const struct claim *claim;
	const char *node;
	size_t pos = 0;
	bool any = false;

	*untold = false;
	while ((claim = table_next(claims->table, &pos, &node)) != NULL) {
		const struct place_source *place = &places[claim->source];

		if (place->memory_free == PLACE_UNKNOWN &&
		    place->space_free == PLACE_UNKNOWN)
			continue;
		any = true;
		*untold |= !claim->told;
	}
	return any;
}

void claims_clear(struct claims *claims)
{
	const char *node;
	size_t pos = 0;

	while (table_next(claims->table, &pos, &node))
		free(table_take(claims->table, node));
}

struct claims *claims_create(size_t nodes_max, size_t sources_max)
{
	cleanup_claims struct claims *claims = calloc(1, sizeof(*claims));

	if (!claims)
		return NULL;
	claims->table = table_create(nodes_max, free);
	claims->sums = calloc(sources_max + 1, sizeof(*claims->sums));
	if (!claims->table || !claims->sums)
		return NULL;
	return steal_ptr(&claims);
}

void claims_destroy(struct claims *claims)
{
	if (!claims)
		return;
	table_destroy(claims->table);
	free(claims->sums);
	free(claims);
}
