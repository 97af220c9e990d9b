/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "gauge.h"

struct gauge {
	const struct planner *planner;
	struct capacity_source sources[CAPACITY_SOURCES_MAX];
	unsigned hosts[CAPACITY_SOURCES_MAX], stores[CAPACITY_SOURCES_MAX];
	bool numbered;		/* they are of the last look */
	bool unsure;
};

/* Those with the same id have the number of the first of them. */
static unsigned _number(const struct planner *planner, size_t index,
			bool host)
{
	const struct place_source *place = planner_place(planner, index);
	const char *id = host ? place->host_id : place->store_id;

	for (size_t i = 0; id && *id && i < index; i++) {
		const struct place_source *other = planner_place(planner, i);
		const char *same = host ? other->host_id : other->store_id;

		if (same && !strcmp(same, id))
			return (unsigned) i;
	}
	return (unsigned) index;
}

/* Once after each look at the sources. */
static void _number_all(struct gauge *gauge, const struct sources *sources)
{
	if (gauge->numbered)
		return;
	for (size_t i = 0; i < sources_count(sources); i++) {
		gauge->hosts[i] = _number(gauge->planner, i, true);
		gauge->stores[i] = _number(gauge->planner, i, false);
	}
	gauge->numbered = true;
}

static int64_t _rest(int64_t free, int64_t held)
{
	if (free == PLACE_UNKNOWN)
		return free;
	return free > held ? free - held : 0;
}

static void _take(struct gauge *gauge, const struct config *config, size_t i,
		  bool known)
{
	const struct place_source *place = planner_place(gauge->planner, i);
	int index = config_template_index(config, place->template_name);

	gauge->sources[i] = (struct capacity_source) {
		.template = index < 0 ? 0 : (unsigned) index,
		.host = gauge->hosts[i], .store = gauge->stores[i],
		.known = known && index >= 0,
		.usable = place_usable(place),
		.lanes = place->lanes,
		.memory_free = _rest(place->memory_free, place->memory_held),
		.memory_need = place->memory_need,
		.space_free = _rest(place->space_free, place->space_held),
		.space_need = place->space_need,
	};
}

void gauge_read(struct gauge *gauge, const struct config *config,
		const struct sources *sources, struct capacity_facts *facts)
{
	bool well = !sources_problem(sources);
	size_t count = sources_count(sources);

	_number_all(gauge, sources);
	gauge->unsure = false;
	for (size_t i = 0; i < count; i++) {
		bool known = well && sources_at(sources, i)->state !=
					     SOURCE_UNKNOWN;

		_take(gauge, config, i, known);
		gauge->unsure |= !known;
	}
	facts->sources = gauge->sources;
	facts->source_count = count;
}

void gauge_outdate(struct gauge *gauge)
{
	gauge->numbered = false;
}

bool gauge_is_unsure(const struct gauge *gauge)
{
	return gauge->unsure;
}

struct gauge *gauge_create(const struct planner *planner)
{
	struct gauge *gauge = calloc(1, sizeof(*gauge));

	if (gauge)
		gauge->planner = planner;
	return gauge;
}

void gauge_destroy(struct gauge *gauge)
{
	free(gauge);
}
