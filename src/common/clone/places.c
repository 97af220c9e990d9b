/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "places.h"

static size_t _count(const struct sources *sources)
{
	return sources->named + PLACES_OWN;
}

void places_fill(struct sources *sources)
{
	const struct config_global *global = config_global(sources->config);

	for (size_t i = 0; i < _count(sources); i++) {
		struct place *place = &sources->places[i];
		size_t own = i - sources->named;

		place->sources = sources;
		if (i < sources->named)
			place->path = sources->list[i].path;
		else
			place->path = own ? global->pool : global->folder;
	}
}

/* It is asked again soon, and told rather than what is not there. */
static void _is_unanswered(struct sources *sources, const struct err *err)
{
	if (!sources->unanswered)
		sources->trouble = *err;
	sources->unanswered = true;
}

static void _is_nowhere(struct sources *sources, const struct place *place)
{
	size_t index = (size_t) (place - sources->places);

	if (index < sources->named) {
		source_set_state(&sources->fresh[index], SOURCE_MISSING,
				 "no such machine; check Sources= and the "
				 "account's right to see it");
	} else if (!sources->unanswered) {
		err_set(&sources->trouble, ERR_CONFIG, "%s: no such folder or "
			"pool; check Folder= and ResourcePool=", place->path);
	}
}

static void _found(const struct moref *ref, const struct err *failure,
		   void *arg)
{
	struct place *place = arg;
	struct sources *sources = place->sources;

	place->search = NULL;
	if (failure)
		_is_unanswered(sources, failure);
	else
		place->ref = ref ? *ref : (struct moref) { 0 };
	if (!failure && !ref)
		_is_nowhere(sources, place);
	sources_searched(sources);
}

static void _search(struct sources *sources, struct place *place)
{
	struct err err = ERR_INIT;

	place->search = search_path(sources->session, place->path, NULL,
				    _found, place, &err);
	if (place->search)
		sources->searching++;
	else
		_is_unanswered(sources, &err);
}

void places_search(struct sources *sources)
{
	for (size_t i = 0; i < _count(sources); i++)
		if (i >= sources->named ||
		    !moref_is_set(&sources->places[i].ref))
			_search(sources, &sources->places[i]);
}

void places_cancel(struct sources *sources)
{
	for (size_t i = 0; sources->places && i < _count(sources); i++)
		search_cancel(sources->places[i].search);
}

static const struct moref *_own(const struct sources *sources, size_t own)
{
	const struct moref *ref = &sources->places[sources->named + own].ref;

	return moref_is_set(ref) ? ref : NULL;
}

const struct moref *places_folder(const struct sources *sources)
{
	return _own(sources, 0);
}

const struct moref *places_pool(const struct sources *sources)
{
	return _own(sources, 1);
}
