/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/rules/admit.h"
#include "breakers.h"
#include "planner.h"

#define SEAT_WAITING (-1)
#define LOOK_AGAIN_US CLOCK_US_PER_S	/* a resting breaker tells nobody */

/* A node that waits for a lane, or has one. */
struct seat {
	int source;		/* index, or SEAT_WAITING */
	char template_name[RECORD_TEMPLATE_SIZE];
};

/* A mean that follows: an eighth of each new value. */
struct mean {
	int64_t us;		/* 0: nothing measured yet */
};

struct planner {
	struct fleet *fleet;
	const struct config *const *config;
	const struct sources *sources;
	struct admit *admit;
	struct loop_timer *timer;
	struct table *seats;		/* by node */
	struct place_source *places;	/* one for each source */
	size_t place_count;
	struct breakers *breakers;
	struct place_source *spare;	/* for the next sources, or NULL */
	struct mean cloning, booting;
	bool paused, starved;
};

static void _measure(struct mean *mean, int64_t us)
{
	if (us > 0)
		mean->us = mean->us ? mean->us + (us - mean->us) / 8 : us;
}

/* --- sources ------------------------------------------------------------ */

static struct place_source *_find(struct planner *planner, const char *name)
{
	for (size_t i = 0; i < planner->place_count; i++)
		if (!strcmp(planner->places[i].name, name))
			return &planner->places[i];
	return NULL;
}

static void _take_source(struct place_source *place,
			 const struct source *source)
{
	place->name = source->path;
	place->template_name = source->template_name;
	place->lanes = source->lanes;
	place->found = moref_is_set(&source->vm);
	place->powered_on = source->state >= SOURCE_RUNNING;
	place->frozen = source->state == SOURCE_FROZEN ||
			source->state == SOURCE_UNFIT;
	place->host_ok = source->host_ok;
	place->memory_free = PLACE_UNKNOWN;
	place->space_free = PLACE_UNKNOWN;
}

void planner_sources(struct planner *planner, const struct sources *sources)
{
	planner->sources = sources;
	for (size_t i = 0; i < planner->place_count; i++)
		_take_source(&planner->places[i], sources_at(sources, i));
	planner_poke(planner);
}

/* --- lanes -------------------------------------------------------------- */

static struct admit_entry _entry(const struct record *rec)
{
	return (struct admit_entry) {
		.node = rec->node,
		.job = rec->req.job,
		.template_name = rec->req.template_name,
		.avoid = *rec->req.avoid ? rec->req.avoid : NULL,
		.deadline = rec->req.deadline,
	};
}

static int _sit(struct planner *planner, const char *node,
		const char *template_name, int source)
{
	struct seat *seat = malloc(sizeof(*seat));

	if (!seat || table_set(planner->seats, node, seat, NULL) < 0) {
		free(seat);
		return -1;
	}
	seat->source = source;
	snprintf(seat->template_name, sizeof(seat->template_name), "%s",
		 template_name);
	return 0;
}

static void _stand_up(struct planner *planner, const char *node)
{
	struct seat *seat;

	(void) admit_drop(planner->admit, node);
	seat = table_take(planner->seats, node);	/* and node, perhaps */
	if (seat->source != SEAT_WAITING &&
	    planner->places[seat->source].in_flight > 0)
		planner->places[seat->source].in_flight--;
	free(seat);
	planner_poke(planner);
}

static bool _is_feasible(struct planner *planner, const struct record *rec,
			 const struct admit_entry *entry)
{
	unsigned lanes = place_lanes(planner->places, planner->place_count,
				     rec->req.template_name);
	struct err err = ERR_INIT;
	struct event ev = { .kind = EVENT_NOT_ADMITTED,
			    .cause = CAUSE_CAPACITY, .text = err.text };

	/* Without sources or experience the deadline itself decides. And bad
	 * experience is forgotten only when lanes that are free are used. */
	if (!lanes || !planner->cloning.us ||
	    admit_in_flight(planner->admit) + admit_waiting(planner->admit) <
		    lanes ||
	    admit_feasible(planner->admit, entry, lanes, planner->cloning.us,
			   planner->booting.us, clock_wall_us(), &err) == 0)
		return true;
	fleet_event(planner->fleet, rec->node, &ev);
	return false;
}

static void _queue(struct planner *planner, const struct record *rec)
{
	struct admit_entry entry = _entry(rec);

	if (!_is_feasible(planner, rec, &entry) ||
	    admit_add(planner->admit, &entry, NULL) < 0)
		return;
	if (_sit(planner, entry.node, entry.template_name,
		 SEAT_WAITING) < 0)
		(void) admit_drop(planner->admit, entry.node);
	planner_poke(planner);
}

/* After a restart: the node has had its lane before. */
static void _resume(struct planner *planner, const struct record *rec)
{
	struct place_source *place = _find(planner, rec->source);
	struct admit_entry entry = _entry(rec);

	if (!place || admit_resume(planner->admit, &entry, NULL) < 0)
		return;
	if (_sit(planner, rec->node, entry.template_name,
		 (int) (place - planner->places)) < 0)
		(void) admit_drop(planner->admit, rec->node);
	else
		place->in_flight++;
}

static void _learn(struct planner *planner, const struct record *rec,
		   const struct outcome *out)
{
	struct place_source *place;

	/* A VM that was found again has not been admitted here. */
	if (out->ready && rec->at[PHASE_ADMITTED]) {
		_measure(&planner->cloning, rec->at[PHASE_CLONED] -
						    rec->at[PHASE_ADMITTED]);
		_measure(&planner->booting, rec->at[PHASE_READY] -
						    rec->at[PHASE_CLONED]);
	}
	place = _find(planner, *out->source ? out->source : rec->source);
	if (place && (out->ready || out->failed))
		place_learn(place, out->ready ? CAUSE_NONE : out->failed,
			    clock_wall_us());
}

void planner_stepped(struct planner *planner, const struct record *rec,
		     const struct outcome *out)
{
	const struct seat *seat = table_get(planner->seats, rec->node);
	bool waits = record_admissible(rec, clock_wall_us());

	_learn(planner, rec, out);
	if (seat && (seat->source == SEAT_WAITING ? !waits
						  : !record_in_lane(rec))) {
		_stand_up(planner, rec->node);
		seat = NULL;
	}
	if (!seat && waits)
		_queue(planner, rec);
	else if (!seat && record_in_lane(rec))
		_resume(planner, rec);
}

/* --- who waits, and why ------------------------------------------------- */

/* What is wrong with the template's first source that is not ready. */
static const struct source *_unready(const struct planner *planner,
				     const char *template_name)
{
	for (size_t i = 0; i < sources_count(planner->sources); i++) {
		const struct source *source = sources_at(planner->sources, i);

		if (*source->why &&
		    !strcmp(source->template_name, template_name))
			return source;
	}
	return NULL;
}

/* Code NONE when it is only a matter of lanes. */
static void _why(const struct planner *planner, const char *template_name,
		 struct err *why)
{
	const struct err *problem = sources_problem(planner->sources);
	const struct source *source = NULL;

	if (planner->paused)
		err_set(why, ERR_BUSY, "paused; sclone unpause goes on");
	else if (planner->starved)
		err_set(why, ERR_CAPACITY, "the journal's disk is full");
	else if (problem)
		*why = *problem;
	else if (!place_lanes(planner->places, planner->place_count,
			      template_name))
		source = _unready(planner, template_name);
	else if (place_all_rest(planner->places, planner->place_count,
				template_name))
		err_set(why, ERR_BUSY, "%s rests after failures in a row, "
			"until a clone of it comes up", template_name);
	if (source)
		err_set(why, ERR_CAPACITY, "%s: %s", source->path,
			source->why);
}

/* The record keeps the beginning of a long text. */
static bool _says(const char *error, const char *text)
{
	return *error && !strncmp(error, text, strlen(error));
}

static void _tell(struct planner *planner, const char *node,
		  const struct err *why)
{
	const struct record *rec = fleet_record(planner->fleet, node);
	struct event ev = { .kind = EVENT_WAITS, .text = why->text };

	if (!_says(rec->error, why->text))
		fleet_event(planner->fleet, node, &ev);
}

/* There may be thousands, most of one template and with nothing to tell. */
static void _tell_waiting(struct planner *planner)
{
	char asked[RECORD_TEMPLATE_SIZE] = "";
	struct err why = ERR_INIT;
	const struct seat *seat;
	const char *node;
	size_t pos = 0;

	while ((seat = table_next(planner->seats, &pos, &node)) != NULL) {
		if (seat->source != SEAT_WAITING)
			continue;
		if (strcmp(asked, seat->template_name) != 0) {
			memcpy(asked, seat->template_name, sizeof(asked));
			why = (struct err) ERR_INIT;
			_why(planner, asked, &why);
		}
		if (why.code)
			_tell(planner, node, &why);
	}
}

/* --- admission ---------------------------------------------------------- */

static void _admit(void *arg)
{
	struct planner *planner = arg;
	struct admit_decision decision;

	while (!planner->paused && !planner->starved &&
	       admit_next(planner->admit, planner->places,
			  planner->place_count, clock_wall_us(),
			  &decision) > 0) {
		struct event ev = { .kind = EVENT_ADMITTED };
		struct seat *seat = table_get(planner->seats, decision.node);
		char node[OWNER_NODE_SIZE];

		snprintf(node, sizeof(node), "%s", decision.node);
		seat->source = decision.source;
		ev.source = planner->places[decision.source].name;
		fleet_event(planner->fleet, node, &ev);
	}
	_tell_waiting(planner);
	if (admit_waiting(planner->admit))
		loop_timer_set(planner->timer, LOOK_AGAIN_US);
}

void planner_poke(struct planner *planner)
{
	loop_timer_set(planner->timer, 0);
}

void planner_pause(struct planner *planner, bool pause)
{
	planner->paused = pause;
	planner_poke(planner);
}

void planner_starve(struct planner *planner, bool starve)
{
	if (planner->starved == starve)
		return;
	planner->starved = starve;
	planner_poke(planner);
}

bool planner_paused(const struct planner *planner)
{
	return planner->paused;
}

bool planner_rests(const struct planner *planner, size_t source)
{
	return source < planner->place_count &&
	       place_rests(&planner->places[source]);
}

size_t planner_in_flight(const struct planner *planner, size_t source)
{
	return source < planner->place_count
		       ? planner->places[source].in_flight : 0;
}

/* --- the whole ---------------------------------------------------------- */

int planner_reserve(struct planner *planner, const struct config *config,
		    struct err *err)
{
	size_t count = 0;

	for (size_t t = 0; t < config_template_count(config); t++)
		count += config_template(config, t)->source_count;
	if (breakers_reserve(planner->breakers, config, err) < 0)
		return -1;
	free(planner->spare);
	planner->spare = calloc(count, sizeof(*planner->spare));
	return planner->spare ? 0 : err_nomem(err);
}

/* Those of what is still there stay as they are. */
static void _take_breakers(struct planner *planner)
{
	for (size_t i = 0; i < planner->place_count; i++) {
		struct place_source *place = &planner->places[i];

		place->breaker = breakers_source(planner->breakers,
						 place->name);
		place->template_breaker = breakers_template(
			planner->breakers, place->template_name);
	}
	breakers_prune(planner->breakers);
}

void planner_use(struct planner *planner, const struct sources *sources)
{
	const struct record *rec;
	const char *node;
	size_t pos = 0;

	while (table_next(planner->seats, &pos, &node))
		_stand_up(planner, node);
	free(planner->places);
	planner->places = steal_ptr(&planner->spare);
	planner->place_count = sources_count(sources);
	planner_sources(planner, sources);
	_take_breakers(planner);
	pos = 0;
	while ((rec = fleet_next(planner->fleet, &pos)) != NULL)
		planner_stepped(planner, rec, &(struct outcome) { 0 });
}

struct planner *planner_create(struct loop *loop, struct fleet *fleet,
			       const struct config *const *config,
			       const struct sources *sources, struct err *err)
{
	struct planner *planner = calloc(1, sizeof(*planner));

	if (planner) {
		planner->fleet = fleet;
		planner->config = config;
		planner->seats = table_create(FLEET_NODES_MAX, free);
		planner->admit = admit_create(FLEET_NODES_MAX,
				(unsigned) config_global(*config)->in_flight);
		planner->breakers = breakers_create();
		planner->timer = loop_timer_create(loop, _admit, planner, err);
	}
	if (!planner || !planner->seats || !planner->admit ||
	    !planner->breakers || !planner->timer) {
		planner_destroy(planner);
		err_nomem(err);
		return NULL;
	}
	if (planner_reserve(planner, *config, err) < 0) {
		planner_destroy(planner);
		return NULL;
	}
	planner_use(planner, sources);
	return planner;
}

void planner_destroy(struct planner *planner)
{
	if (!planner)
		return;
	loop_timer_destroy(planner->timer);
	admit_destroy(planner->admit);
	table_destroy(planner->seats);
	breakers_destroy(planner->breakers);
	free(planner->places);
	free(planner->spare);
	free(planner);
}
