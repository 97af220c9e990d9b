/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "text.h"
#include "capacity.h"

#define ENOUGH UINT64_MAX

/* What is left to be taken. */
struct pool {
	uint64_t all;
	uint64_t templates[CAPACITY_TEMPLATES_MAX];
	int64_t memory[CAPACITY_SOURCES_MAX];	/* by host */
	int64_t space[CAPACITY_SOURCES_MAX];	/* by datastore */
	uint64_t lanes[CAPACITY_TEMPLATES_MAX];
	bool sure;	/* what is not known has no room */
};

/* The order in which sources are filled: small clones first. */
struct turn {
	int64_t need;
	size_t source;
};

struct scale {
	const struct capacity_facts *facts;
	struct turn turns[CAPACITY_SOURCES_MAX];
	struct pool pool, spare;
};

static uint64_t _min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- what there is ------------------------------------------------------ */

static int _compare(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;

	if (a->need != b->need)
		return a->need < b->need ? -1 : 1;
	return a->source < b->source ? -1 : a->source > b->source;
}

static void _sort(struct scale *scale)
{
	const struct capacity_facts *facts = scale->facts;

	for (size_t i = 0; i < facts->source_count; i++)
		scale->turns[i] = (struct turn) {
			facts->sources[i].memory_need, i };
	qsort(scale->turns, facts->source_count, sizeof(scale->turns[0]),
	      _compare);
}

/* The lower of two sources' word on what they share. */
static void _share(int64_t *room, int64_t free)
{
	if (free != PLACE_UNKNOWN && (*room == PLACE_UNKNOWN || free < *room))
		*room = free;
}

/* Half a clone more must fit before one is counted on: else it would come and
 * go with each megabyte. */
static int64_t _margin(int64_t free, int64_t need, bool sure)
{
	if (!sure || free == PLACE_UNKNOWN)
		return free;
	return free > need / 2 ? free - need / 2 : 0;
}

static void _fill_rooms(struct pool *pool, const struct capacity_facts *facts)
{
	for (size_t i = 0; i < CAPACITY_SOURCES_MAX; i++)
		pool->memory[i] = pool->space[i] = PLACE_UNKNOWN;
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct capacity_source *source = &facts->sources[i];

		if (!source->known)
			continue;
		_share(&pool->memory[source->host],
		       _margin(source->memory_free, source->memory_need,
			       pool->sure));
		_share(&pool->space[source->store],
		       _margin(source->space_free, source->space_need,
			       pool->sure));
	}
}

/* What the lanes can clone until the deadline; one turn at least, or a rate
 * that was once bad would stay so for ever. */
static uint64_t _rate(const struct capacity_facts *facts, size_t template)
{
	const struct capacity_template *of = &facts->templates[template];
	int64_t time = facts->deadline_us - of->boot_us;
	uint64_t lanes = 0;

	if (!facts->deadline_us || of->clone_us <= 0)
		return ENOUGH;
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct capacity_source *source = &facts->sources[i];

		if (source->template == template && !source->known)
			return ENOUGH;
		if (source->template == template && source->usable)
			lanes += source->lanes;
	}
	if (!lanes)
		return ENOUGH;	/* that there is no source says more */
	return time > of->clone_us ? lanes * (uint64_t) (time / of->clone_us)
				   : lanes;
}

static uint64_t _left(uint64_t limit, uint64_t clones)
{
	if (!limit)
		return ENOUGH;
	return limit > clones ? limit - clones : 0;
}

static void _fill(struct pool *pool, const struct capacity_facts *facts,
		  uint64_t clones, bool sure)
{
	pool->sure = sure;
	pool->all = _left(facts->limit, clones);
	for (size_t i = 0; i < facts->template_count; i++) {
		pool->templates[i] = _left(facts->templates[i].limit,
					   facts->templates[i].clones);
		pool->lanes[i] = _rate(facts, i);
	}
	_fill_rooms(pool, facts);
}

/* --- taking ------------------------------------------------------------- */

static bool _has(const struct capacity_set *set, size_t template)
{
	return set->templates >> template & 1;
}

static uint64_t _fits(int64_t free, int64_t need)
{
	if (free == PLACE_UNKNOWN || need <= 0)
		return ENOUGH;
	return free > 0 ? (uint64_t) (free / need) : 0;
}

static void _use(int64_t *free, int64_t need, uint64_t count)
{
	if (*free != PLACE_UNKNOWN && need > 0)
		*free -= need * (int64_t) count;
}

static uint64_t _take_from(struct pool *pool,
			   const struct capacity_source *source, uint64_t want)
{
	uint64_t got = _min(want, pool->templates[source->template]);

	if (!source->known) {
		got = pool->sure ? 0 : got;
	} else {
		got = _min(got, pool->lanes[source->template]);
		got = source->usable ? got : 0;
		got = _min(got, _fits(pool->memory[source->host],
				      source->memory_need));
		got = _min(got, _fits(pool->space[source->store],
				      source->space_need));
		_use(&pool->memory[source->host], source->memory_need, got);
		_use(&pool->space[source->store], source->space_need, got);
	}
	if (pool->templates[source->template] != ENOUGH)
		pool->templates[source->template] -= got;
	if (pool->lanes[source->template] != ENOUGH)
		pool->lanes[source->template] -= _min(
			got, pool->lanes[source->template]);
	return got;
}

/* Room for want clones in the set, as far as there is any. */
static uint64_t _take(struct scale *scale, struct pool *pool,
		      const struct capacity_set *set, uint64_t want)
{
	const struct capacity_facts *facts = scale->facts;
	uint64_t got = 0;

	want = _min(want, pool->all);
	for (size_t i = 0; got < want && i < facts->source_count; i++) {
		const struct capacity_source *source =
			&facts->sources[scale->turns[i].source];

		if (_has(set, source->template))
			got += _take_from(pool, source, want - got);
	}
	if (pool->all != ENOUGH)
		pool->all -= got;
	return got;
}

/* --- what is short ------------------------------------------------------ */

/* A template of the set whose own number is used up, as all of them are. */
static bool _all_out(const struct capacity_facts *facts,
		     const struct capacity_set *set, const uint64_t *left,
		     size_t *which)
{
	bool found = false;

	for (size_t i = facts->template_count; i-- > 0;) {
		if (!_has(set, i))
			continue;
		if (left[i])
			return false;
		*which = i;
		found = true;
	}
	return found;
}

/* The first source that could go on, but for room. */
static enum capacity_limit _short_source(const struct capacity_facts *facts,
					 const struct capacity_set *set,
					 const struct pool *pool,
					 size_t *which)
{
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct capacity_source *source = &facts->sources[i];

		if (!_has(set, source->template) || !source->known ||
		    !source->usable)
			continue;
		*which = i;
		if (!_fits(pool->memory[source->host], source->memory_need))
			return CAPACITY_MEMORY;
		if (!_fits(pool->space[source->store], source->space_need))
			return CAPACITY_SPACE;
	}
	for (size_t i = facts->template_count; i-- > 0;)
		if (_has(set, i))
			*which = i;
	return CAPACITY_SOURCES;
}

static enum capacity_limit _what(const struct capacity_facts *facts,
				 const struct capacity_set *set,
				 uint64_t set_left, const struct pool *pool,
				 size_t *which)
{
	if (!set_left)
		return CAPACITY_SET;
	if (!pool->all)
		return CAPACITY_ALL;
	if (_all_out(facts, set, pool->templates, which))
		return CAPACITY_TEMPLATE;
	if (_all_out(facts, set, pool->lanes, which))
		return CAPACITY_LANES;
	return _short_source(facts, set, pool, which);
}

static bool _is_exact(enum capacity_limit limit)
{
	return limit == CAPACITY_SET || limit == CAPACITY_ALL ||
	       limit == CAPACITY_TEMPLATE;
}

/* --- when --------------------------------------------------------------- */

/* How long it has been so. */
static int64_t _since(int64_t *since, bool is_so, int64_t now)
{
	if (!is_so)
		*since = 0;
	else if (!*since || *since > now)
		*since = now;
	return *since ? now - *since : 0;
}

static void _decide(struct capacity_set *set, size_t fits_surely, int64_t now,
		    struct capacity_verdict *verdict)
{
	struct capacity_memo *memo = &set->memo;
	size_t open = set->kinds[CAPACITY_OPEN];
	size_t closed = set->kinds[CAPACITY_CLOSED];
	size_t over = open > verdict->room ? open - verdict->room : 0;
	size_t under = fits_surely > open ? fits_surely - open : 0;
	int64_t lacks, has;

	if (under > closed)
		under = closed;
	lacks = _since(&memo->short_since, over > 0, now);
	has = _since(&memo->ample_since, under > 0, now);
	if (memo->changed > now)
		memo->changed = 0;	/* the clock was set back */
	if (over && (_is_exact(verdict->limit) || lacks >= CAPACITY_SETTLE)) {
		verdict->close = over;
		memo->exact = _is_exact(verdict->limit);
	} else if (under && (memo->exact ||
			     (has >= CAPACITY_SETTLE &&
			      now - memo->changed >= CAPACITY_CALM))) {
		verdict->open = under;
	}
	if (verdict->close || verdict->open)
		memo->changed = now;
}

/* --- the whole ---------------------------------------------------------- */

static size_t _room(struct scale *scale, const struct pool *from,
		    const struct capacity_set *set,
		    struct capacity_verdict *why)
{
	uint64_t used = set->kinds[CAPACITY_CLONE] +
			set->kinds[CAPACITY_WAITING];
	uint64_t left = _left(set->limit, used);
	uint64_t want = set->kinds[CAPACITY_OPEN] +
			set->kinds[CAPACITY_CLOSED];
	uint64_t got, could;

	memcpy(&scale->spare, from, sizeof(*from));
	could = _min(want, left);
	got = _take(scale, &scale->spare, set, could);
	if (why && got < want)
		why->limit = _what(scale->facts, set, left - got,
				   &scale->spare, &why->which);
	return (size_t) got;
}

/* What waits has its room first, whosever it is. */
static void _serve_waiting(struct scale *scale,
			   const struct capacity_set *sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void) _take(scale, &scale->pool, &sets[i],
			     sets[i].kinds[CAPACITY_WAITING]);
}

static uint64_t _clones(const struct capacity_set *sets, size_t count)
{
	uint64_t clones = 0;

	for (size_t i = 0; i < count; i++)
		clones += sets[i].kinds[CAPACITY_CLONE];
	return clones;
}

void capacity_weigh(const struct capacity_facts *facts,
		    struct capacity_set *sets, size_t count, int64_t now,
		    struct capacity_verdict *verdicts)
{
	struct scale scale = { .facts = facts };
	uint64_t clones = _clones(sets, count);

	_sort(&scale);
	_fill(&scale.pool, facts, clones, false);
	_serve_waiting(&scale, sets, count);
	for (size_t i = 0; i < count; i++) {
		verdicts[i] = (struct capacity_verdict) { 0 };
		verdicts[i].room = _room(&scale, &scale.pool, &sets[i],
					 &verdicts[i]);
	}
	_fill(&scale.pool, facts, clones, true);
	_serve_waiting(&scale, sets, count);
	for (size_t i = 0; i < count; i++)
		_decide(&sets[i], _room(&scale, &scale.pool, &sets[i], NULL),
			now, &verdicts[i]);
}

/* --- names -------------------------------------------------------------- */

/* Drained by somebody else, or to be. */
static bool _is_taken_out(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	return *rec->admin_drain || *rec->quarantine || rec->needs_human ||
	       (view->drain && !failure_is_capacity(view->reason));
}

static enum capacity_kind _free_kind(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	if (view->base == NODE_ALLOCATED || view->powering_up ||
	    view->completing)
		return CAPACITY_WAITING;
	if (view->base != NODE_IDLE || _is_taken_out(rec))
		return CAPACITY_OUT;
	if (view->powering_down || view->power_down || rec->settle)
		return CAPACITY_WAITING;	/* the name is free at once */
	if (!view->powered_down)
		return CAPACITY_OUT;
	return view->drain ? CAPACITY_CLOSED : CAPACITY_OPEN;
}

enum capacity_kind capacity_kind(const struct record *rec)
{
	if (rec->next.used)
		return CAPACITY_WAITING;
	if (rec->phase == PHASE_ABSENT)
		return rec->view.seen ? _free_kind(rec) : CAPACITY_OUT;
	return rec->phase == PHASE_REQUESTED ? CAPACITY_WAITING
					     : CAPACITY_CLONE;
}

bool capacity_is_late(const struct record *rec)
{
	enum capacity_kind kind = capacity_kind(rec);

	return rec->view.drain && failure_is_capacity(rec->view.reason) &&
	       (kind == CAPACITY_WAITING || kind == CAPACITY_CLONE);
}

void capacity_reason(enum capacity_limit limit, const char *name,
		     uint64_t number, char *out, size_t size)
{
	static const char *const texts[CAPACITY_LIMITS] = {
		[CAPACITY_NO_LIMIT] = "",
		[CAPACITY_SET] = " MaxClones=",
		[CAPACITY_ALL] = " MaxClones=",
		[CAPACITY_TEMPLATE] = " MaxClones=",
		[CAPACITY_LANES] = " lanes of ",
		[CAPACITY_SOURCES] = " no source is ready for ",
		[CAPACITY_MEMORY] = " memory of ",
		[CAPACITY_SPACE] = " space on ",
	};

	text_copy(out, size, FAILURE_CAPACITY);
	text_add(out, size, texts[limit]);
	if (_is_exact(limit))
		text_add_number(out, size, number);
	if (limit == CAPACITY_ALL)
		text_add(out, size, " of all nodes");
	if (limit == CAPACITY_TEMPLATE)
		text_add(out, size, " of ");
	if (limit >= CAPACITY_TEMPLATE)
		text_add(out, size, name);
}
