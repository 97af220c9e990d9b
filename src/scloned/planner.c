/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/clone/choose.h"
#include "common/clone/tally.h"
#include "breakers.h"
#include "planner.h"

#define OTHERS_SIZE 800		/* what is told of sources not taken */
#define LOOK_AGAIN_US CLOCK_US_PER_S	/* a resting breaker tells nobody */

struct planner {
	struct fleet *fleet;
	const struct config *const *config;
	const struct drains *drains;
	const struct partitions *partitions;
	struct plan *plan;
	struct loop_timer *timer;
	/* One for each source; the other is for the next ones. Of
	 * CONFIG_SOURCES_MAX; what is not used takes no memory. */
	struct place_source *places, *spare;
	size_t place_count;
	unsigned shape;			/* the sources' */
	struct breakers *breakers;
	bool paused, starved;
	size_t (*room)(unsigned limit, void *arg);
	void *room_arg;
};

/* --- sources ------------------------------------------------------------ */

/* Who goes out of service, and why, and who is back. */
static void _log_source(const struct place_source *place,
			const struct source *source, bool was_usable)
{
	if (was_usable && !place_usable(place))
		log_warn("source %s: out of service, %s: %s", source->path,
			 source_state_name(source->state), source->why);
	else if (place->returns != source->returns && place_usable(place))
		log_info("source %s: back in service, on trial with one "
			 "clone", source->path);
}

static void _take_source(struct place_source *place,
			 const struct source *source)
{
	bool was_usable = place_usable(place);

	place->name = source->path;
	place->template_name = source->template_name;
	place->host = source->host;
	place->note = source->why;
	place->lanes = source->lanes;
	place->pack = source->pack;
	place->found = source->state > SOURCE_MISSING;
	place->powered_on = source->state >= SOURCE_RUNNING;
	place->frozen = source->state == SOURCE_FROZEN ||
			source->state == SOURCE_UNFIT;
	place->host_ok = source->host_ok && source->store_ok;
	place->host_id = source->host_ref.id;
	place->store_id = source->store_ref.id;
	place->memory_free = source->host_free;
	place->memory_need = source->memory_need;
	place->memory_at = source->host_at;
	place->space_at = source->space_at;
	place->space_free = source->space_free;
	place->space_need = source->space_need;
	_log_source(place, source, was_usable);
	place_returned(place, source->returns, clock_wall_us());
}

void planner_takes(struct planner *planner, const char *node, int64_t memory,
		   int64_t space)
{
	plan_takes(planner->plan, node, memory, space);
}

void planner_weigh(struct planner *planner, int64_t older)
{
	plan_told(planner->plan, older);
	plan_looked(planner->plan);
	planner_poke(planner);
}

void planner_drained(struct planner *planner)
{
	for (size_t i = 0; i < planner->place_count; i++) {
		struct place_source *place = &planner->places[i];
		const struct drain *drain =
			drains_of(planner->drains, place->template_name,
				  place->name);

		place->drained = drain != NULL;
		place->drain = drain ? drain->text : NULL;
	}
	planner_poke(planner);
}

/* Others in the place of those of before, which stay readable. */
static void _swap(struct planner *planner, const struct sources *sources)
{
	struct place_source *former = planner->places;

	planner->places = planner->spare;
	planner->spare = former;
	planner->place_count = sources_count(sources);
	planner->shape = sources_shape(sources);
	for (size_t i = 0; i < planner->place_count; i++)
		planner->places[i] = (struct place_source) {
			.name = sources_at(sources, i)->path,
			.template_name =
				sources_at(sources, i)->template_name,
		};
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

static void _move(struct planner *planner, const struct sources *sources)
{
	_swap(planner, sources);
	plan_move(planner->plan, planner->places, planner->place_count);
	_take_breakers(planner);
}

void planner_sources(struct planner *planner, const struct sources *sources)
{
	if (planner->shape != sources_shape(sources))
		_move(planner, sources);
	for (size_t i = 0; i < planner->place_count; i++)
		_take_source(&planner->places[i], sources_at(sources, i));
	planner_drained(planner);
	plan_looked(planner->plan);
	plan_trouble(planner->plan, sources_problem(sources));
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
		.only = *rec->req.only ? rec->req.only : NULL,
		.deadline = rec->req.deadline,
	};
}

/* Slurm would not give the node to one job alone: no clone is made for it. */
static bool _is_refused(struct planner *planner, const char *name)
{
	const char *why = partitions_refuse(planner->partitions, name);
	struct event ev = { .kind = EVENT_NOT_ADMITTED,
			    .cause = CAUSE_ISOLATION, .text = why };
	char node[OWNER_NODE_SIZE];

	if (!why)
		return false;
	snprintf(node, sizeof(node), "%s", name);	/* its seat goes */
	fleet_event(planner->fleet, node, &ev);
	return true;
}

static void _queue(struct planner *planner, const struct record *rec)
{
	struct admit_entry entry = _entry(rec);
	struct err err = ERR_INIT;
	struct event ev = { .kind = EVENT_NOT_ADMITTED,
			    .cause = CAUSE_CAPACITY, .text = err.text };
	bool refused;

	if (_is_refused(planner, rec->node))
		return;
	if (plan_ask(planner->plan, &entry, clock_wall_us(), &refused,
		     &err) == 0)
		planner_poke(planner);
	else if (refused)
		fleet_event(planner->fleet, rec->node, &ev);
}

/* After a restart: the node has had its lane before. */
static void _resume(struct planner *planner, const struct record *rec)
{
	struct admit_entry entry = _entry(rec);

	(void) plan_resume(planner->plan, &entry, rec->source,
			   rec->at[PHASE_ADMITTED], NULL);
}

static void _learn(struct planner *planner, const struct record *rec,
		   const struct outcome *out)
{
	enum cause failed = out->ready ? CAUSE_NONE : out->failed;

	/* A VM that was found again has not been admitted here. */
	if (out->ready && rec->at[PHASE_ADMITTED])
		plan_measure(planner->plan,
			     rec->at[PHASE_CLONED] - rec->at[PHASE_ADMITTED],
			     rec->at[PHASE_READY] - rec->at[PHASE_CLONED]);
	/* A test that fails is for its admin to judge: it rests nothing. */
	if (failed && out->tested)
		failed = CAUSE_CANCELLED;
	if (out->ready || failed)
		plan_learn(planner->plan,
			   *out->source ? out->source : rec->source, failed,
			   clock_wall_us());
}

/* The VM, which takes room until it is gone. */
static void _follow(struct planner *planner, const struct record *rec)
{
	if (rec->phase >= PHASE_CLONED && *rec->vm)
		plan_made(planner->plan, rec->node, rec->source,
			  rec->at[PHASE_CLONED]);
	else if (rec->phase < PHASE_CLONED)
		plan_gone(planner->plan, rec->node);
}

void planner_stepped(struct planner *planner, const struct record *rec,
		     const struct outcome *out)
{
	const struct plan_seat *seat = plan_seat(planner->plan, rec->node);
	bool waits = record_admissible(rec, clock_wall_us());

	_learn(planner, rec, out);
	if (seat && (seat->source == PLAN_WAITING ? !waits
						  : !record_in_lane(rec))) {
		(void) plan_leave(planner->plan, rec->node);
		planner_poke(planner);
		seat = NULL;
	}
	_follow(planner, rec);
	if (!seat && waits)
		_queue(planner, rec);
	else if (!seat && record_in_lane(rec))
		_resume(planner, rec);
}

/* --- who waits, and why ------------------------------------------------- */

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

	if (_says(rec->error, why->text))
		return;
	/* Room is what the job is told of, if none comes in time. */
	if (why->code == ERR_CAPACITY)
		ev.cause = CAUSE_CAPACITY;
	fleet_event(planner->fleet, node, &ev);
}

/* There is room on the sources, but for too few of its job's nodes. */
static void _tell_limit(struct planner *planner, const char *node)
{
	struct err why = ERR_INIT;

	plan_why_room(planner->plan, node, &why);
	if (why.code)
		_tell(planner, node, &why);
}

/* There may be thousands, most of one template and with nothing to tell. */
static void _tell_waiting(struct planner *planner)
{
	char asked[RECORD_TEMPLATE_SIZE] = "";
	struct err why = ERR_INIT;
	const struct plan_seat *seat;
	const char *node;
	size_t pos = 0;

	while ((seat = plan_next_seat(planner->plan, &pos, &node)) != NULL) {
		if (seat->source != PLAN_WAITING)
			continue;
		if (*seat->only) {
			*asked = '\0';
			plan_why_only(planner->plan, seat->only, &why);
		} else if (strcmp(asked, seat->template_name) != 0) {
			snprintf(asked, sizeof(asked), "%s",
				 seat->template_name);
			plan_why(planner->plan, asked, &why);
		}
		if (why.code)
			_tell(planner, node, &why);
		else
			_tell_limit(planner, node);
	}
}

/* A partition may have changed while they waited. Who is passed over, since
 * others come and go meanwhile, is met next time. */
static void _turn_away(struct planner *planner)
{
	const struct plan_seat *seat;
	const char *node;
	size_t pos = 0;

	while ((seat = plan_next_seat(planner->plan, &pos, &node)) != NULL)
		if (seat->source == PLAN_WAITING)
			(void) _is_refused(planner, node);
}

/* --- admission ---------------------------------------------------------- */

/* The lane may come too late for the node: then what was to be tried with its
 * clone is to be tried with the next one. */
static void _give_lane(struct planner *planner, const char *node,
		       struct event *ev)
{
	const struct plan_seat *seat;

	fleet_event(planner->fleet, node, ev);
	seat = plan_seat(planner->plan, node);
	if (!seat || seat->source == PLAN_WAITING)
		plan_learn(planner->plan, ev->source, CAUSE_CANCELLED,
			   clock_wall_us());
}

static void _admit(void *arg)
{
	struct planner *planner = arg;
	struct plan_decision decision;

	_turn_away(planner);
	while (plan_next(planner->plan, clock_wall_us(), &decision) > 0) {
		char others[OTHERS_SIZE], node[OWNER_NODE_SIZE];
		struct event ev = { .kind = EVENT_ADMITTED, .text = others };

		place_tell(planner->places, planner->place_count,
			   decision.verdicts, others, sizeof(others));
		snprintf(node, sizeof(node), "%s", decision.node);
		ev.source = planner->places[decision.source].name;
		_give_lane(planner, node, &ev);
	}
	_tell_waiting(planner);
	if (plan_waiting(planner->plan))
		loop_timer_set(planner->timer, LOOK_AGAIN_US);
}

void planner_poke(struct planner *planner)
{
	loop_timer_set(planner->timer, 0);
}

static void _hold(struct planner *planner)
{
	struct err why = ERR_INIT;

	if (planner->paused)
		err_set(&why, ERR_BUSY, "paused; sclone unpause goes on");
	else if (planner->starved)
		err_set(&why, ERR_CAPACITY, "the journal's disk is full");
	else if (!partitions_known(planner->partitions))
		err_set(&why, ERR_TRANSIENT, "slurmctld has not told its "
			"partitions yet");
	plan_hold(planner->plan, &why);
	planner_poke(planner);
}

void planner_partitions(struct planner *planner)
{
	_hold(planner);
}

void planner_pause(struct planner *planner, bool pause)
{
	planner->paused = pause;
	_hold(planner);
}

void planner_starve(struct planner *planner, bool starve)
{
	if (planner->starved == starve)
		return;
	planner->starved = starve;
	_hold(planner);
}

/* --- MaxClones= --------------------------------------------------------- */

static unsigned _limits(const char *node, const char *template_name,
			unsigned limits[KIND_LIMITS_EACH], void *arg)
{
	const struct planner *planner = arg;

	return tally_limits(*planner->config, node, template_name, limits);
}

static size_t _room(unsigned limit, void *arg)
{
	const struct planner *planner = arg;

	return planner->room ? planner->room(limit, planner->room_arg) : 0;
}

void planner_rule(struct planner *planner,
		  size_t (*room)(unsigned limit, void *arg), void *arg)
{
	planner->room = room;
	planner->room_arg = arg;
}

/* --- looking ------------------------------------------------------------ */

bool planner_paused(const struct planner *planner)
{
	return planner->paused;
}

const struct plan *planner_plan(const struct planner *planner)
{
	return planner->plan;
}

bool planner_rests(const struct planner *planner, size_t source)
{
	return source < planner->place_count &&
	       place_rests(&planner->places[source]);
}

bool planner_on_trial(const struct planner *planner, size_t source)
{
	return source < planner->place_count &&
	       place_on_trial(&planner->places[source]);
}

const struct place_source *planner_place(const struct planner *planner,
					 size_t source)
{
	return source < planner->place_count ? &planner->places[source]
					     : NULL;
}

const struct plan_rates *planner_rates(const struct planner *planner)
{
	return plan_rates(planner->plan);
}

uint64_t planner_healthy(const struct planner *planner)
{
	return choose_healthy(*planner->config, planner->places,
			      planner->place_count, clock_wall_us());
}

size_t planner_in_flight(const struct planner *planner, size_t source)
{
	return source < planner->place_count
		       ? planner->places[source].in_flight : 0;
}

/* --- the whole ---------------------------------------------------------- */

void planner_use(struct planner *planner, const struct sources *sources)
{
	const struct record *rec;
	size_t pos = 0;

	_swap(planner, sources);
	plan_use(planner->plan, planner->places, planner->place_count,
		 (unsigned) config_global(*planner->config)->in_flight);
	planner_sources(planner, sources);
	_take_breakers(planner);
	while ((rec = fleet_next(planner->fleet, &pos)) != NULL)
		planner_stepped(planner, rec, &(struct outcome) { 0 });
}

struct planner *planner_create(struct loop *loop, struct fleet *fleet,
			       const struct config *const *config,
			       const struct sources *sources,
			       const struct drains *drains,
			       const struct partitions *partitions,
			       struct err *err)
{
	struct planner *planner = calloc(1, sizeof(*planner));

	if (planner) {
		planner->fleet = fleet;
		planner->config = config;
		planner->drains = drains;
		planner->partitions = partitions;
		planner->plan = plan_create(FLEET_NODES_MAX,
					    CONFIG_SOURCES_MAX);
		planner->breakers = breakers_create();
		planner->places = calloc(CONFIG_SOURCES_MAX,
					 sizeof(*planner->places));
		planner->spare = calloc(CONFIG_SOURCES_MAX,
					sizeof(*planner->spare));
		planner->timer = loop_timer_create(loop, _admit, planner, err);
	}
	if (!planner || !planner->plan || !planner->breakers ||
	    !planner->places || !planner->spare || !planner->timer) {
		planner_destroy(planner);
		err_nomem(err);
		return NULL;
	}
	plan_rule(planner->plan,
		  &(struct kind_rule) { _limits, _room, planner });
	planner_use(planner, sources);
	_hold(planner);
	return planner;
}

void planner_destroy(struct planner *planner)
{
	if (!planner)
		return;
	loop_timer_destroy(planner->timer);
	plan_destroy(planner->plan);
	breakers_destroy(planner->breakers);
	free(planner->places);
	free(planner->spare);
	free(planner);
}
