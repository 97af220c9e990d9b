/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/table.h"
#include "headroom.h"
#include "record.h"
#include "text.h"
#include "plan.h"

struct seat {
	struct plan_seat shown;
	char template_name[RECORD_TEMPLATE_SIZE];
	char only[RECORD_SOURCE_SIZE];
};

struct plan {
	struct admit *admit;
	struct table *seats;		/* by node */
	struct headroom *headroom;
	struct place_source *places;	/* borrowed */
	size_t place_count;
	enum place_verdict *verdicts;	/* sources_max of them */
	size_t sources_max;
	unsigned flight_max;
	struct plan_rates rates;
	struct err hold, trouble;
};

struct plan *plan_create(size_t nodes_max, size_t sources_max)
{
	cleanup_plan struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->admit = admit_create(nodes_max, 0);
	plan->seats = table_create(nodes_max, free);
	plan->headroom = headroom_create(nodes_max, sources_max);
	plan->verdicts = calloc(sources_max + 1, sizeof(*plan->verdicts));
	plan->sources_max = sources_max;
	if (!plan->admit || !plan->seats || !plan->headroom || !plan->verdicts)
		return NULL;
	return steal_ptr(&plan);
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	admit_destroy(plan->admit);
	table_destroy(plan->seats);
	headroom_destroy(plan->headroom);
	free(plan->verdicts);
	free(plan);
}

/* Its node waits or clones no longer; NULL: it did not. */
static struct seat *_take_seat(struct plan *plan, const char *node)
{
	char name[OWNER_NODE_SIZE];	/* node may go with what goes */

	text_set(name, node);
	(void) admit_drop(plan->admit, name);
	return table_take(plan->seats, name);
}

/* --- sources ------------------------------------------------------------ */

/* The places of before may show what is gone already: they are not read. */
void plan_use(struct plan *plan, struct place_source *places, size_t count,
	      unsigned flight_max)
{
	const char *node;
	size_t pos = 0;

	while (table_next(plan->seats, &pos, &node))
		free(_take_seat(plan, node));
	headroom_clear(plan->headroom);
	plan->places = places;
	plan->place_count = count < plan->sources_max ? count
						      : plan->sources_max;
	plan->flight_max = flight_max;
	admit_limit(plan->admit, flight_max);
}

static bool _is_same(const struct place_source *a,
		     const struct place_source *b)
{
	return text_same(a->name, b->name) &&
	       text_same(a->template_name, b->template_name);
}

/* Where the place at that index is now; -1: nowhere. */
static int _moved(const struct plan *plan, int index,
		  const struct place_source *places, size_t count)
{
	const struct place_source *place = &plan->places[index];

	if ((size_t) index < count && _is_same(&places[index], place))
		return index;
	for (size_t i = 0; i < count; i++)
		if (_is_same(&places[i], place))
			return (int) i;
	return -1;
}

static void _move_places(const struct plan *plan,
			 struct place_source *places, size_t count)
{
	for (size_t i = 0; i < plan->place_count; i++) {
		const struct place_source *before = &plan->places[i];
		int to = _moved(plan, (int) i, places, count);

		if (to < 0)
			continue;
		places[to].in_flight = before->in_flight;
		places[to].returns = before->returns;
		places[to].breaker = before->breaker;
		places[to].template_breaker = before->template_breaker;
		places[to].found = before->found;
		places[to].powered_on = before->powered_on;
		places[to].frozen = before->frozen;
		places[to].host_ok = before->host_ok;
		places[to].drained = before->drained;
	}
}

static void _move_seats(struct plan *plan, const struct place_source *places,
			size_t count)
{
	struct seat *seat;
	const char *node;
	size_t pos = 0;

	while ((seat = table_next(plan->seats, &pos, &node)) != NULL) {
		if (seat->shown.source == PLAN_WAITING)
			continue;
		seat->shown.source = _moved(plan, seat->shown.source, places,
					    count);
		if (seat->shown.source < 0)
			free(_take_seat(plan, node));
	}
}

struct move {
	const struct plan *plan;
	const struct place_source *places;
	size_t count;
};

static int _place_moved(size_t source, const void *arg)
{
	const struct move *move = arg;

	return _moved(move->plan, (int) source, move->places, move->count);
}

void plan_move(struct plan *plan, struct place_source *places, size_t count)
{
	if (count > plan->sources_max)
		count = plan->sources_max;
	_move_places(plan, places, count);
	_move_seats(plan, places, count);
	headroom_move(plan->headroom, _place_moved,
		      &(struct move) { plan, places, count });
	plan->places = places;
	plan->place_count = count;
}

unsigned plan_flight_max(const struct plan *plan)
{
	return plan->flight_max;
}

const struct place_source *plan_places(const struct plan *plan,
				       size_t *count)
{
	*count = plan->place_count;
	return plan->places;
}

static int _find(const struct plan *plan, const char *source)
{
	for (size_t i = 0; i < plan->place_count; i++)
		if (text_same(plan->places[i].name, source))
			return (int) i;
	return -1;
}

static void _set(struct err *to, const struct err *why)
{
	*to = why ? *why : (struct err) ERR_INIT;
}

void plan_hold(struct plan *plan, const struct err *why)
{
	_set(&plan->hold, why);
}

void plan_trouble(struct plan *plan, const struct err *why)
{
	_set(&plan->trouble, why);
}

const struct err *plan_held(const struct plan *plan)
{
	return &plan->hold;
}

const struct err *plan_troubled(const struct plan *plan)
{
	return &plan->trouble;
}

/* --- room --------------------------------------------------------------- */

static void _hold_clones(struct plan *plan, int source, int64_t clones)
{
	place_hold_clones(plan->places, plan->place_count, (size_t) source,
			  clones);
}

void plan_looked(struct plan *plan)
{
	for (size_t i = 0; i < plan->place_count; i++)
		plan->places[i].memory_held = plan->places[i].space_held = 0;
	for (size_t i = 0; i < plan->place_count; i++)
		if (plan->places[i].in_flight)
			_hold_clones(plan, (int) i,
				     plan->places[i].in_flight);
	headroom_hold(plan->headroom, plan->places, plan->place_count);
}

void plan_made(struct plan *plan, const char *node, const char *source,
	       int64_t at)
{
	int place = headroom_has(plan->headroom, node) ? -1
						       : _find(plan, source);

	if (place >= 0)
		headroom_add(plan->headroom, plan->places, plan->place_count,
			     node, (size_t) place, at);
}

void plan_gone(struct plan *plan, const char *node)
{
	headroom_remove(plan->headroom, plan->places, plan->place_count, node);
}

void plan_takes(struct plan *plan, const char *node, int64_t memory,
		int64_t space)
{
	headroom_tell(plan->headroom, node, memory, space);
}

void plan_told(struct plan *plan, int64_t at)
{
	headroom_told(plan->headroom, at);
}

bool plan_wants_figures(const struct plan *plan, bool *untold)
{
	return headroom_any(plan->headroom, plan->places, untold);
}

/* --- seats -------------------------------------------------------------- */

static int _sit(struct plan *plan, const struct admit_entry *entry,
		int source, int64_t since, struct err *err)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	if (!seat) {
		(void) admit_drop(plan->admit, entry->node);
		return err_nomem(err);
	}
	text_set(seat->template_name, entry->template_name);
	text_set(seat->only, entry->only);
	seat->shown = (struct plan_seat) { source, since,
					   seat->template_name, seat->only };
	if (table_set(plan->seats, entry->node, seat, err) < 0) {
		free(seat);
		(void) admit_drop(plan->admit, entry->node);
		return -1;
	}
	return 0;
}

/* Without sources or experience, and for a test, the deadline itself
 * decides. */
static int _feasible(const struct plan *plan, const struct admit_entry *entry,
		     int64_t now, struct err *err)
{
	unsigned lanes = place_lanes(plan->places, plan->place_count,
				     entry->template_name);

	if (!lanes || entry->only || !plan->rates.cloning)
		return 0;
	return admit_feasible(plan->admit, entry, lanes, plan->rates.cloning,
			      plan->rates.booting, now, err);
}

int plan_ask(struct plan *plan, const struct admit_entry *entry, int64_t now,
	     bool *refused, struct err *err)
{
	*refused = _feasible(plan, entry, now, err) < 0;
	if (*refused || admit_add(plan->admit, entry, err) < 0)
		return -1;
	return _sit(plan, entry, PLAN_WAITING, 0, err);
}

int plan_resume(struct plan *plan, const struct admit_entry *entry,
		const char *source, int64_t since, struct err *err)
{
	int place = _find(plan, source);

	if (place < 0)
		return err_set(err, ERR_NOTFOUND, "no source '%s'", source);
	if (admit_resume(plan->admit, entry, err) < 0 ||
	    _sit(plan, entry, place, since, err) < 0)
		return -1;
	plan->places[place].in_flight++;
	_hold_clones(plan, place, 1);
	return 0;
}

int plan_leave(struct plan *plan, const char *node)
{
	struct seat *seat = _take_seat(plan, node);
	int source;

	if (!seat)
		return -1;
	source = seat->shown.source;
	if (source != PLAN_WAITING && plan->places[source].in_flight > 0) {
		plan->places[source].in_flight--;
		_hold_clones(plan, source, -1);
	}
	free(seat);
	return 0;
}

const struct plan_seat *plan_seat(const struct plan *plan, const char *node)
{
	const struct seat *seat = table_get(plan->seats, node);

	return seat ? &seat->shown : NULL;
}

const struct plan_seat *plan_next_seat(const struct plan *plan, size_t *pos,
				       const char **node)
{
	const struct seat *seat = table_next(plan->seats, pos, node);

	return seat ? &seat->shown : NULL;
}

/* --- decisions ---------------------------------------------------------- */

int plan_next(struct plan *plan, int64_t now, struct plan_decision *out)
{
	struct admit_decision decision;
	struct seat *seat;

	if (plan->hold.code ||
	    admit_next(plan->admit, plan->places, plan->place_count, now,
		       plan->verdicts, &decision) <= 0)
		return 0;
	seat = table_get(plan->seats, decision.node);
	seat->shown.source = decision.source;
	seat->shown.since = now;
	*out = (struct plan_decision) { decision.node, decision.source,
					plan->verdicts };
	return 1;
}

void plan_learn(struct plan *plan, const char *source, enum cause failed,
		int64_t now)
{
	int place = _find(plan, source);

	if (place >= 0)
		place_learn(&plan->places[place], failed, now);
}

/* An eighth of each new value. */
static void _follow(int64_t *mean, int64_t us)
{
	if (us > 0)
		*mean = *mean ? *mean + (us - *mean) / 8 : us;
}

void plan_measure(struct plan *plan, int64_t cloning, int64_t booting)
{
	_follow(&plan->rates.cloning, cloning);
	_follow(&plan->rates.booting, booting);
}

const struct plan_rates *plan_rates(const struct plan *plan)
{
	return &plan->rates;
}

void plan_set_rates(struct plan *plan, const struct plan_rates *rates)
{
	plan->rates = *rates;
}

/* None of the template's sources is in use: the drain of the first that has
 * one, since that an admin can end; else what is wrong with the first. */
static void _unusable(const struct plan *plan, const char *template_name,
		      struct err *why)
{
	bool any = false;

	for (size_t i = 0; i < plan->place_count; i++) {
		const struct place_source *place = &plan->places[i];

		if (!text_same(place->template_name, template_name))
			continue;
		any = true;
		if (place->drained && place->drain) {
			err_set(why, ERR_TRANSIENT, "%s", place->drain);
			return;
		}
		if (place->note && *place->note && !why->code)
			err_set(why, ERR_TRANSIENT, "%s: %s", place->name,
				place->note);
	}
	if (!any)
		err_set(why, ERR_TRANSIENT, "template %s has no source",
			template_name);
}

void plan_why_only(const struct plan *plan, const char *source,
		   struct err *why)
{
	*why = (struct err) ERR_INIT;
	if (plan->hold.code)
		*why = plan->hold;
	else if (plan->trouble.code)
		*why = plan->trouble;
	else if (place_only(plan->places, plan->place_count, source, NULL,
			    why) >= 0)
		*why = (struct err) ERR_INIT;	/* in its turn */
}

void plan_why(const struct plan *plan, const char *template_name,
	      struct err *why)
{
	*why = (struct err) ERR_INIT;
	if (plan->hold.code)
		*why = plan->hold;
	else if (plan->trouble.code)
		*why = plan->trouble;
	else if (!place_lanes(plan->places, plan->place_count, template_name))
		_unusable(plan, template_name, why);
	else if (place_all_rest(plan->places, plan->place_count,
				template_name))
		err_set(why, ERR_BUSY, "%s rests after failures in a row or "
			"was out of service, until a clone of it comes up",
			template_name);
	else if (place_is_short(plan->places, plan->place_count,
				template_name) &&
		 place_pick(plan->places, plan->place_count, template_name,
			    NULL, INT64_MAX, NULL, why) < 0)
		why->code = ERR_CAPACITY;
}

void plan_rule(struct plan *plan, const struct kind_rule *rule)
{
	admit_rule(plan->admit, rule);
}

void plan_why_room(const struct plan *plan, const char *node,
		   struct err *why)
{
	if (admit_lacks_room(plan->admit, node))
		err_set(why, ERR_CAPACITY, "MaxClones= has no room for all "
			"nodes of the job");
}

size_t plan_waiting(const struct plan *plan)
{
	return admit_waiting(plan->admit);
}

int plan_each(const struct plan *plan,
	      int (*each)(const struct admit_entry *entry, bool in_flight,
			  void *arg),
	      void *arg)
{
	return admit_each(plan->admit, each, arg);
}
