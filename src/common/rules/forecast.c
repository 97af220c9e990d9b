/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/table.h"
#include "text.h"
#include "forecast.h"

/* A clone that will end then: its task, and later its boot. */
struct flight {
	const char *node;
	int source;
	int64_t at;
};

struct run {
	struct plan *plan;
	const struct forecast_count *counts;
	struct plan_rates rates;
	struct table *asked;		/* node -> struct forecast */
	int64_t now;
	size_t order;
	struct flight *flights;		/* any order */
	size_t flight_count;
	struct flight *boots;		/* by time, from boot_first on */
	size_t boot_first, boot_count;
	struct table *waiting;		/* node -> its deadline, as it began */
	int64_t *deadlines;
	size_t deadline_count;
	int64_t next_deadline;		/* of those that wait; 0: none */
};

/* --- asking -------------------------------------------------------------- */

static void _ask(struct run *run, struct forecast *node)
{
	const struct plan_seat *seat = plan_seat(run->plan, node->entry.node);
	bool refused;

	if (seat) {
		node->fate = FORECAST_REFUSED;
		err_set(&node->why, ERR_EXISTS, seat->source == PLAN_WAITING
			? "it waits for a lane already"
			: "it is being cloned already");
		return;
	}
	if (plan_ask(run->plan, &node->entry, run->now, &refused,
		     &node->why) < 0)
		node->fate = FORECAST_REFUSED;
	else
		node->fate = FORECAST_WAITS;
}

static int _collect(const struct admit_entry *entry, bool in_flight,
		    void *arg)
{
	const struct plan_seat *seat;
	struct run *run = arg;
	int64_t at;

	if (!in_flight) {
		int64_t *deadline = &run->deadlines[run->deadline_count++];

		*deadline = entry->deadline;
		return table_set(run->waiting, entry->node, deadline, NULL);
	}
	seat = plan_seat(run->plan, entry->node);
	at = (seat->since ? seat->since : run->now) + run->rates.cloning;
	if (at <= run->now)	/* a slow one, which has its lane still */
		at = run->now + run->rates.cloning / 2 + 1;
	run->flights[run->flight_count++] = (struct flight) {
		entry->node, seat->source, at
	};
	return 0;
}

static int _count(const struct admit_entry *entry, bool in_flight, void *arg)
{
	size_t *count = arg;

	(void) entry;
	(void) in_flight;
	++*count;
	return 0;
}

/* --- what happens -------------------------------------------------------- */

static void _cloned(struct run *run, size_t index)
{
	struct flight flight = run->flights[index];
	size_t count;

	run->flights[index] = run->flights[--run->flight_count];
	plan_made(run->plan, flight.node,
		  plan_places(run->plan, &count)[flight.source].name,
		  flight.at);
	(void) plan_leave(run->plan, flight.node);
	flight.at += run->rates.booting;
	run->boots[run->boot_count++] = flight;
}

/* Which one ends first. */
static size_t _first(const struct run *run)
{
	size_t first = 0;

	for (size_t i = 1; i < run->flight_count; i++)
		if (run->flights[i].at < run->flights[first].at)
			first = i;
	return first;
}

static void _happen(struct run *run)
{
	const struct place_source *places;
	size_t count;

	places = plan_places(run->plan, &count);
	while (run->flight_count &&
	       run->flights[_first(run)].at <= run->now)
		_cloned(run, _first(run));
	for (; run->boot_first < run->boot_count &&
	       run->boots[run->boot_first].at <= run->now; run->boot_first++)
		plan_learn(run->plan,
			   places[run->boots[run->boot_first].source].name,
			   CAUSE_NONE, run->now);
}

static void _give_up(struct run *run, const char *name)
{
	struct forecast *node = table_get(run->asked, name);

	if (node) {
		node->fate = FORECAST_LATE;
		err_set(&node->why, ERR_CAPACITY,
			"its turn comes after its deadline");
	}
	(void) plan_leave(run->plan, name);
}

static void _sooner(int64_t *next, int64_t at, int64_t now)
{
	if (at > now && (!*next || at < *next))
		*next = at;
}

/* Whoever has waited too long leaves. */
static void _expire(struct run *run)
{
	const int64_t *deadline;
	const char *name;
	size_t pos = 0;

	if (!run->next_deadline || run->now < run->next_deadline)
		return;
	run->next_deadline = 0;
	while ((deadline = table_next(run->waiting, &pos, &name)) != NULL) {
		const struct plan_seat *seat = plan_seat(run->plan, name);

		if (!seat || seat->source != PLAN_WAITING)
			continue;
		if (*deadline > run->now)
			_sooner(&run->next_deadline, *deadline, run->now);
		else
			_give_up(run, name);
	}
}

static void _decide(struct run *run)
{
	struct plan_decision decision;
	const struct place_source *places;
	size_t count;

	places = plan_places(run->plan, &count);
	while (plan_next(run->plan, run->now, &decision) > 0) {
		struct forecast *node = table_get(run->asked, decision.node);

		run->flights[run->flight_count++] = (struct flight) {
			decision.node, decision.source,
			run->now + run->rates.cloning
		};
		run->order++;
		if (run->counts->took)
			run->counts->took(decision.node, plan_seat(
				run->plan, decision.node)->template_name,
					  run->counts->arg);
		if (!node)
			continue;
		node->fate = FORECAST_PLACED;
		node->source = decision.source;
		node->order = run->order;
		node->start = run->now;
		node->ready = run->now + run->rates.cloning +
			      run->rates.booting;
		place_tell(places, count, decision.verdicts, node->others,
			   sizeof(node->others));
	}
}

/* --- when ---------------------------------------------------------------- */

static void _sooner_breaker(int64_t *next, const struct breaker *breaker,
			    int64_t now)
{
	if (breaker)
		_sooner(next, breaker->open_until, now);
}

/* When something happens next; 0: never. */
static int64_t _next(const struct run *run)
{
	const struct place_source *places;
	int64_t next = 0;
	size_t count;

	places = plan_places(run->plan, &count);
	for (size_t i = 0; i < run->flight_count; i++)
		_sooner(&next, run->flights[i].at, run->now);
	if (run->boot_first < run->boot_count)
		_sooner(&next, run->boots[run->boot_first].at, run->now);
	for (size_t i = 0; i < count; i++) {
		_sooner_breaker(&next, places[i].breaker, run->now);
		_sooner_breaker(&next, places[i].template_breaker, run->now);
	}
	return next;
}

/* --- the whole ----------------------------------------------------------- */

/* Those that are still there wait for what is not foreseen. */
static void _explain(const struct run *run, struct forecast *node)
{
	const struct place_source *places;
	size_t count;

	places = plan_places(run->plan, &count);
	plan_why(run->plan, node->entry.template_name, &node->why);
	if (!node->why.code)
		plan_why_room(run->plan, node->entry.node, &node->why);
	if (!node->why.code)
		(void) place_pick(places, count, node->entry.template_name,
				  NULL, run->now, NULL, &node->why);
	if (!node->why.code)
		err_set(&node->why, ERR_BUSY, "others of its job come first, "
			"and wait");
}

static int _prepare(struct run *run, struct forecast *nodes, size_t count,
		    struct err *err)
{
	size_t seats = 0;

	run->asked = table_create(count + 1, NULL);
	if (!run->asked)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].fate != FORECAST_OPEN)
			continue;
		_ask(run, &nodes[i]);
		if (nodes[i].fate == FORECAST_WAITS &&
		    table_set(run->asked, nodes[i].entry.node, &nodes[i],
			      err) < 0)
			return -1;
	}
	(void) plan_each(run->plan, _count, &seats);
	run->flights = calloc(seats + 1, sizeof(*run->flights));
	run->boots = calloc(seats + 1, sizeof(*run->boots));
	run->deadlines = calloc(seats + 1, sizeof(*run->deadlines));
	run->waiting = table_create(seats + 1, NULL);
	if (!run->flights || !run->boots || !run->deadlines ||
	    !run->waiting || plan_each(run->plan, _collect, run) < 0)
		return err_nomem(err);
	run->next_deadline = 1;		/* look for it */
	return 0;
}

static void _go(struct run *run)
{
	int64_t next = run->now;

	while (next && plan_waiting(run->plan)) {
		run->now = next;
		_happen(run);
		_expire(run);
		_decide(run);
		next = _next(run);
	}
}

int forecast_run(struct plan *plan, struct forecast *nodes, size_t count,
		 int64_t now, const struct forecast_count *counts,
		 struct err *err)
{
	struct run run = { .plan = plan, .counts = counts,
			   .rates = *plan_rates(plan), .now = now };
	int rc;

	if (!run.rates.cloning)
		run.rates.cloning = FORECAST_CLONING;
	if (!run.rates.booting)
		run.rates.booting = FORECAST_BOOTING;
	rc = _prepare(&run, nodes, count, err);
	if (rc == 0) {
		_go(&run);
		for (size_t i = 0; i < count; i++)
			if (nodes[i].fate == FORECAST_WAITS &&
			    table_get(run.asked, nodes[i].entry.node))
				_explain(&run, &nodes[i]);
	}
	table_destroy(run.asked);
	free(run.flights);
	free(run.boots);
	table_destroy(run.waiting);
	free(run.deadlines);
	return rc;
}
