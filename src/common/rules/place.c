/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"
#include "place.h"

enum state {
	MISSING, OFF, THAWED, HOST, DRAINED, RESTING, FULL, MEMORY, SPACE,
	FREE, STATES
};

static const char *const states[STATES] = {
	[MISSING] = "not found", [OFF] = "powered off",
	[THAWED] = "not frozen", [HOST] = "on a host out of service",
	[DRAINED] = "drained by an admin",
	[RESTING] = "resting after failures",
	[FULL] = "with all lanes busy", [MEMORY] = "short of memory",
	[SPACE] = "short of datastore space", [FREE] = "free"
};

static bool _short(int64_t has, int64_t needs)
{
	return has != PLACE_UNKNOWN && has < needs;
}

static enum state _state(const struct place_source *source, int64_t now)
{
	if (!source->found)
		return MISSING;
	if (source->drained)
		return DRAINED;
	if (!source->host_ok)
		return HOST;
	if (!source->powered_on)
		return OFF;
	if (!source->frozen)
		return THAWED;
	if (_short(source->memory_free, source->memory_need))
		return MEMORY;
	if (_short(source->space_free, source->space_need))
		return SPACE;
	if (!breaker_allows(&source->breaker, now))
		return RESTING;
	if (source->in_flight >= source->lanes)
		return FULL;
	return FREE;
}

/* a is the better choice: a smaller part of its lanes busy, more memory. */
static bool _better(const struct place_source *a,
		    const struct place_source *b)
{
	uint64_t load_a = (uint64_t) a->in_flight * b->lanes;
	uint64_t load_b = (uint64_t) b->in_flight * a->lanes;

	if (load_a != load_b)
		return load_a < load_b;
	return a->memory_free > b->memory_free;
}

static int _none(const unsigned counts[STATES], const char *template_name,
		 struct err *err)
{
	bool later = counts[RESTING] || counts[FULL] || counts[MEMORY] ||
		     counts[SPACE];
	char text[ERR_TEXT_SIZE] = "";
	unsigned sources = 0;

	for (int i = 0; i < STATES; i++) {
		if (!counts[i])
			continue;
		text_add(text, sizeof(text), sources ? ", " : "");
		text_add_number(text, sizeof(text), counts[i]);
		text_add(text, sizeof(text), " ");
		text_add(text, sizeof(text), states[i]);
		sources += counts[i];
	}
	if (!sources)
		return err_set(err, ERR_CONFIG, "template %s has no source",
			       template_name);
	return err_set(err, later ? ERR_BUSY : ERR_CAPACITY,
		       "no source of %s can clone: %s", template_name, text);
}

int place_pick(const struct place_source *sources, size_t count,
	       const char *template_name, const char *avoid, int64_t now,
	       struct err *err)
{
	unsigned counts[STATES] = { 0 };
	int best = -1, avoided = -1;

	for (size_t i = 0; i < count; i++) {
		const struct place_source *source = &sources[i];
		int *pick = &best;
		enum state state;

		if (!text_same(source->template_name, template_name))
			continue;
		state = _state(source, now);
		counts[state]++;
		if (state != FREE)
			continue;
		if (avoid && *avoid && text_same(source->name, avoid))
			pick = &avoided;
		if (*pick < 0 || _better(source, &sources[*pick]))
			*pick = (int) i;
	}
	if (best < 0)
		best = avoided;
	return best >= 0 ? best : _none(counts, template_name, err);
}

unsigned place_lanes(const struct place_source *sources, size_t count,
		     const char *template_name)
{
	unsigned lanes = 0;

	for (size_t i = 0; i < count; i++)
		if (text_same(sources[i].template_name, template_name) &&
		    sources[i].found && sources[i].powered_on &&
		    sources[i].frozen && sources[i].host_ok &&
		    !sources[i].drained)
			lanes += sources[i].lanes;
	return lanes;
}
