/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "place.h"

static const char *const texts[PLACE_VERDICTS] = {
	[PLACE_OTHER] = "of another template",
	[PLACE_MISSING] = "not found", [PLACE_OFF] = "powered off",
	[PLACE_THAWED] = "not frozen",
	[PLACE_HOST] = "on a host or datastore out of service",
	[PLACE_DRAINED] = "drained by an admin",
	[PLACE_RESTING] = "resting after failures",
	[PLACE_TRIAL] = "tried with one clone first",
	[PLACE_FULL] = "with all lanes busy",
	[PLACE_MEMORY] = "short of memory",
	[PLACE_SPACE] = "short of datastore space",
	[PLACE_FREE] = "free as well",
	[PLACE_AVOIDED] = "free, but the last clone of it failed the node",
	[PLACE_TAKEN] = "taken",
};

const char *place_verdict_text(enum place_verdict verdict)
{
	return texts[verdict];
}

static bool _lacks(int64_t has, int64_t held, int64_t needs)
{
	return has != PLACE_UNKNOWN && needs != PLACE_UNKNOWN &&
	       has - held < needs;
}

static bool _lacks_memory(const struct place_source *source)
{
	return _lacks(source->memory_free, source->memory_held,
		      source->memory_need);
}

static bool _lacks_space(const struct place_source *source)
{
	return _lacks(source->space_free, source->space_held,
		      source->space_need);
}

static bool _allows(const struct breaker *breaker, int64_t now)
{
	return !breaker || breaker_allows(breaker, now);
}

static enum place_verdict _judge(const struct place_source *source,
				 int64_t now)
{
	if (!source->found)
		return PLACE_MISSING;
	if (source->drained)
		return PLACE_DRAINED;
	if (!source->host_ok)
		return PLACE_HOST;
	if (!source->powered_on)
		return PLACE_OFF;
	if (!source->frozen)
		return PLACE_THAWED;
	if (_lacks_memory(source))
		return PLACE_MEMORY;
	if (_lacks_space(source))
		return PLACE_SPACE;
	if (!_allows(source->template_breaker, now))
		return PLACE_RESTING;
	if (!_allows(source->breaker, now))
		return place_on_trial(source) ? PLACE_TRIAL : PLACE_RESTING;
	if (source->in_flight >= source->lanes)
		return PLACE_FULL;
	return PLACE_FREE;
}

/* How much more memory a has left than b; 0 also when one is not known. */
static int64_t _more_memory(const struct place_source *a,
			    const struct place_source *b)
{
	if (a->memory_free == PLACE_UNKNOWN ||
	    b->memory_free == PLACE_UNKNOWN)
		return 0;
	return (a->memory_free - a->memory_held) -
	       (b->memory_free - b->memory_held);
}

/* How much larger a part of its lanes a has busy than b. */
static int64_t _more_load(const struct place_source *a,
			  const struct place_source *b)
{
	return (int64_t) a->in_flight * b->lanes -
	       (int64_t) b->in_flight * a->lanes;
}

/* a is the better choice; of equals, the first one stays. */
static bool _better(const struct place_source *a,
		    const struct place_source *b)
{
	int64_t memory = _more_memory(a, b), load = _more_load(a, b);

	if (a->pack)
		return memory ? memory < 0 : load > 0;
	return load ? load < 0 : memory > 0;
}

static int _none(const unsigned counts[PLACE_VERDICTS],
		 const char *template_name, struct err *err)
{
	bool later = counts[PLACE_RESTING] || counts[PLACE_TRIAL] ||
		     counts[PLACE_FULL] || counts[PLACE_MEMORY] ||
		     counts[PLACE_SPACE];
	char text[ERR_TEXT_SIZE] = "";
	unsigned sources = 0;

	for (int i = PLACE_MISSING; i < PLACE_FREE; i++) {
		if (!counts[i])
			continue;
		text_add(text, sizeof(text), sources ? ", " : "");
		text_add_number(text, sizeof(text), counts[i]);
		text_add(text, sizeof(text), " ");
		text_add(text, sizeof(text), texts[i]);
		sources += counts[i];
	}
	if (!sources)
		return err_set(err, ERR_CONFIG, "template %s has no source",
			       template_name);
	return err_set(err, later ? ERR_BUSY : ERR_CAPACITY,
		       "no source of %s can clone: %s", template_name, text);
}

static enum place_verdict _look(const struct place_source *source,
				const char *template_name, const char *avoid,
				int64_t now)
{
	enum place_verdict verdict;

	if (!text_same(source->template_name, template_name))
		return PLACE_OTHER;
	verdict = _judge(source, now);
	if (verdict == PLACE_FREE && avoid && *avoid &&
	    text_same(source->name, avoid))
		return PLACE_AVOIDED;
	return verdict;
}

int place_pick(const struct place_source *sources, size_t count,
	       const char *template_name, const char *avoid, int64_t now,
	       enum place_verdict *verdicts, struct err *err)
{
	unsigned counts[PLACE_VERDICTS] = { 0 };
	int best = -1, avoided = -1;

	for (size_t i = 0; i < count; i++) {
		const struct place_source *source = &sources[i];
		enum place_verdict verdict = _look(source, template_name,
						   avoid, now);
		int *pick = verdict == PLACE_AVOIDED ? &avoided : &best;

		counts[verdict]++;
		if (verdicts)
			verdicts[i] = verdict;
		if ((verdict == PLACE_FREE || verdict == PLACE_AVOIDED) &&
		    (*pick < 0 || _better(source, &sources[*pick])))
			*pick = (int) i;
	}
	if (best < 0)
		best = avoided;
	if (best < 0)
		return _none(counts, template_name, err);
	if (verdicts)
		verdicts[best] = PLACE_TAKEN;
	return best;
}

static bool _is_told(enum place_verdict verdict)
{
	return verdict != PLACE_OTHER && verdict != PLACE_TAKEN;
}

void place_tell(const struct place_source *sources, size_t count,
		const enum place_verdict *verdicts, char *text, size_t size)
{
	const size_t more = sizeof(", and 4294967295 more");
	unsigned left = 0;

	text_copy(text, size, "");
	for (size_t i = 0; i < count; i++) {
		const char *what = place_verdict_text(verdicts[i]);

		if (!_is_told(verdicts[i]))
			continue;
		if (left || strlen(text) + strlen(sources[i].name) +
				    strlen(what) + sizeof(",  ") + more >
				    size) {
			left++;
			continue;
		}
		text_add(text, size, *text ? ", " : "");
		text_add(text, size, sources[i].name);
		text_add(text, size, " ");
		text_add(text, size, what);
	}
	if (!left)
		return;
	text_add(text, size, *text ? ", and " : "");
	text_add_number(text, size, left);
	text_add(text, size, " more");
}

static int _refuse(const struct place_source *source,
		   enum place_verdict verdict, struct err *err)
{
	bool later = verdict == PLACE_FULL || verdict == PLACE_MEMORY ||
		     verdict == PLACE_SPACE;

	return err_set(err, later ? ERR_BUSY : ERR_CAPACITY, "%s is %s",
		       source->name, texts[verdict]);
}

int place_only(const struct place_source *sources, size_t count,
	       const char *name, enum place_verdict *verdicts,
	       struct err *err)
{
	int rc = err_set(err, ERR_NOTFOUND, "no source '%s'", name);

	for (size_t i = 0; i < count; i++) {
		struct place_source source = sources[i];
		enum place_verdict verdict = PLACE_OTHER;

		if (text_same(source.name, name)) {
			source.drained = false;
			source.breaker = source.template_breaker = NULL;
			verdict = _judge(&source, 0);
			rc = verdict == PLACE_FREE
				     ? (int) i
				     : _refuse(&source, verdict, err);
		}
		if (verdicts)
			verdicts[i] = rc == (int) i ? PLACE_TAKEN : verdict;
	}
	return rc;
}

static bool _shares(const char *id, const char *other)
{
	return id && other && *id && text_same(id, other);
}

void place_hold(struct place_source *sources, size_t count, size_t index,
		int64_t memory, int64_t space)
{
	const struct place_source *source = &sources[index];

	for (size_t i = 0; i < count; i++) {
		struct place_source *other = &sources[i];

		if (i == index || _shares(source->host_id, other->host_id))
			other->memory_held += memory;
		if (i == index || _shares(source->store_id, other->store_id))
			other->space_held += space;
	}
}

static int64_t _known(int64_t need)
{
	return need == PLACE_UNKNOWN ? 0 : need;
}

void place_hold_clones(struct place_source *sources, size_t count,
		       size_t index, int64_t clones)
{
	place_hold(sources, count, index,
		   _known(sources[index].memory_need) * clones,
		   _known(sources[index].space_need) * clones);
}

void place_start(struct place_source *sources, size_t count, size_t index)
{
	struct place_source *source = &sources[index];

	source->in_flight++;
	place_hold_clones(sources, count, index, 1);
	if (source->breaker)
		breaker_start(source->breaker);
	if (source->template_breaker)
		breaker_start(source->template_breaker);
}

/* Whether it says something about the breaker's source or template; if it
 * does not, the next one is the canary. */
static bool _learn(struct breaker *breaker, enum cause failed, bool blamed)
{
	if (!breaker)
		return false;
	if (failed == CAUSE_NONE)
		breaker_success(breaker);
	else if (!blamed)
		breaker_cancel(breaker);
	return failed != CAUSE_NONE && blamed;
}

/* FNV-1a. */
static uint32_t _number(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char) *name) * 16777619u;
	return hash;
}

void place_learn(struct place_source *source, enum cause failed, int64_t now)
{
	const struct failure *failure = failure_of(failed);

	if (_learn(source->breaker, failed, failure->blames_source))
		breaker_failure(source->breaker, now);
	if (_learn(source->template_breaker, failed,
		   failure->blames_template))
		breaker_failure_of(source->template_breaker,
				   _number(source->name), now);
}

bool place_rests(const struct place_source *source)
{
	return (source->breaker && breaker_open(source->breaker)) ||
	       (source->template_breaker &&
		breaker_open(source->template_breaker));
}

bool place_on_trial(const struct place_source *source)
{
	return source->breaker && breaker_on_trial(source->breaker);
}

void place_returned(struct place_source *source, unsigned returns,
		    int64_t now)
{
	if (source->returns != returns && source->breaker)
		breaker_try(source->breaker, now);
	source->returns = returns;
}

bool place_usable(const struct place_source *source)
{
	return source->found && source->powered_on && source->frozen &&
	       source->host_ok && !source->drained;
}

static bool _usable(const struct place_source *source,
		    const char *template_name)
{
	return text_same(source->template_name, template_name) &&
	       place_usable(source);
}

bool place_is_short(const struct place_source *sources, size_t count,
		    const char *template_name)
{
	for (size_t i = 0; i < count; i++)
		if (_usable(&sources[i], template_name) &&
		    (_lacks_memory(&sources[i]) || _lacks_space(&sources[i])))
			return true;
	return false;
}

bool place_all_rest(const struct place_source *sources, size_t count,
		    const char *template_name)
{
	unsigned resting = 0;

	for (size_t i = 0; i < count; i++) {
		if (!_usable(&sources[i], template_name))
			continue;
		if (!place_rests(&sources[i]))
			return false;
		resting++;
	}
	return resting > 0;
}

bool place_healthy(const struct place_source *sources, size_t count,
		   const char *template_name, int64_t now)
{
	for (size_t i = 0; i < count; i++)
		if (_usable(&sources[i], template_name) &&
		    !_lacks_memory(&sources[i]) &&
		    !_lacks_space(&sources[i]) &&
		    _allows(sources[i].breaker, now) &&
		    _allows(sources[i].template_breaker, now))
			return true;
	return false;
}

unsigned place_lanes(const struct place_source *sources, size_t count,
		     const char *template_name)
{
	unsigned lanes = 0;

	for (size_t i = 0; i < count; i++)
		if (_usable(&sources[i], template_name))
			lanes += sources[i].lanes;
	return lanes;
}
