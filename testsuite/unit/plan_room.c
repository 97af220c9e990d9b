/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However many ask between two figures of memory and space, no more clones
 * are begun than have room, also when they have grown. */
#include <stdlib.h>
#include <string.h>

#include "common/rules/plan.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define NODES 100

static struct plan *plan;
static struct place_source places[2];

static void _name(unsigned i, char *out)
{
	text_copy(out, 16, "n");
	text_add_number(out, 16, i);
}

/* Two templates' sources on one host, with room for ten and a half clones,
 * as told at 1 s; a datastore each. */
static void _begin(void)
{
	static const char *const templates[] = { "rocky9", "ubuntu22" };
	char node[16];

	plan = plan_create(1000, 2);
	if (!plan)
		bail_out("out of memory");
	for (int i = 0; i < 2; i++)
		places[i] = (struct place_source) {
			.name = templates[i], .template_name = templates[i],
			.found = true, .powered_on = true, .frozen = true,
			.host_ok = true, .lanes = 64, .host_id = "host-1",
			.memory_free = 10500, .memory_need = 1000,
			.memory_at = S, .space_free = PLACE_UNKNOWN,
			.space_need = 500, .space_at = S,
		};
	plan_use(plan, places, 2, 64);
	plan_looked(plan);
	for (unsigned i = 0; i < NODES; i++) {
		struct admit_entry entry = {
			.node = node, .template_name = templates[i % 2],
			.deadline = 1000 * S,
		};
		bool refused;

		_name(i, node);
		if (plan_ask(plan, &entry, S, &refused, NULL) < 0)
			bail_out("%s is not taken", node);
	}
}

/* How many are begun now. */
static unsigned _next(void)
{
	struct plan_decision decision;
	unsigned count = 0;

	while (plan_next(plan, 2 * S, &decision) > 0)
		count++;
	return count;
}

/* All that are in flight become VMs, then. */
static void _make(int64_t at)
{
	char node[16];

	for (unsigned i = 0; i < NODES; i++) {
		const struct plan_seat *seat;

		_name(i, node);
		seat = plan_seat(plan, node);
		if (!seat || seat->source == PLAN_WAITING)
			continue;
		plan_made(plan, node, places[seat->source].name, at);
		(void) plan_leave(plan, node);
	}
}

static void _tell(int64_t memory, int64_t at)
{
	for (int i = 0; i < 2; i++) {
		places[i].memory_free = memory;
		places[i].memory_at = places[i].space_at = at;
	}
	plan_looked(plan);
}

/* Each clone that is there takes so much. */
static void _take(int64_t memory, int64_t space)
{
	char node[16];

	for (unsigned i = 0; i < NODES; i++) {
		_name(i, node);
		plan_takes(plan, node, memory, space);
	}
	plan_looked(plan);
}

static void _all_gone(void)
{
	char node[16];

	for (unsigned i = 0; i < NODES; i++) {
		_name(i, node);
		plan_gone(plan, node);
	}
}

/* Clones as large as they get. */
static void _grown(void)
{
	_begin();
	is_int(_next(), 10, "a hundred ask: ten have room");
	_make(3 * S);
	is_int(_next(), 0, "made since the figure, they count on");
	_take(1000, PLACE_UNKNOWN);
	_tell(10500, S);
	is_int(_next(), 0, "also when the same figure is told again");
	_tell(500, 4 * S);
	is_int(_next(), 0, "one that shows them does not count them twice");
	_tell(2500, 4 * S);
	is_int(_next(), 2, "room that comes back is used");
	_tell(2500, 5 * S);
	is_int(_next(), 0, "what is under way counts whatever is told");
	_make(6 * S);
	plan_gone(plan, "n0");
	is_int(_next(), 0, "a VM that is gone gives nothing back that a "
	       "figure has shown");
	_all_gone();
	is_int(_next(), 2, "else it does");
	places[0].store_id = places[1].store_id = "datastore-1";
	places[0].space_free = places[1].space_free = 2000;
	_tell(90000, 7 * S);
	is_int(_next(), 2, "space is shared likewise");
	plan_destroy(plan);
}

/* Clones that share most of their memory with their source, at first. */
static void _growing(void)
{
	bool untold;

	_begin();
	ok(!plan_wants_figures(plan, &untold), "without clones nothing is to "
	   "be asked");
	is_int(_next(), 10, "ten have room");
	_make(3 * S);
	_tell(10500 - 10 * 50, 4 * S);
	is_int(_next(), 0, "they take 50 each: the figure does not tell what "
	       "they will");
	ok(plan_wants_figures(plan, &untold) && untold, "they are asked");
	_take(50, 10);
	is_int(places[0].memory_held, 10 * 950, "what they may still grow to "
	       "is held");
	is_int(places[0].space_held, 5 * 490, "and for the disks, of each "
	       "datastore");
	is_int(_next(), 0, "for as long as they are there");
	ok(plan_wants_figures(plan, &untold) && !untold, "asked again, not in "
	   "a hurry");
	_take(800, 10);
	_tell(10500 - 10 * 800, 5 * S);
	is_int(places[0].memory_held, 10 * 200, "as they grow, less is held");
	is_int(_next(), 0, "the sum stays");
	_take(1700, 10);
	_tell(10500 - 10 * 1000, 6 * S);
	is_int(places[0].memory_held, 0, "more than was thought is no room");
	_take(300, 10);
	_tell(10500 - 10 * 300, 7 * S);
	plan_gone(plan, "n1");
	is_int(places[0].memory_held, 9 * 700, "one that is gone grows no "
	       "more");
	is_int(_next(), 1, "its place can be had at once");
	plan_destroy(plan);
}

/* An account that may not see it, a VM that was moved away. */
static void _untold(void)
{
	bool untold;

	_begin();
	(void) _next();
	_make(3 * S);
	_tell(9900, 4 * S);
	plan_told(plan, 3 * S);
	ok(plan_wants_figures(plan, &untold) && untold, "one that is younger "
	   "than the answer is asked again");
	plan_told(plan, 4 * S);
	plan_looked(plan);
	ok(plan_wants_figures(plan, &untold) && !untold, "an older one not");
	is_int(places[0].memory_held, 0, "what cannot be told holds nothing");
	is_int(_next(), 9, "and the figure counts");
	plan_destroy(plan);
}

/* After a reload, what the places of before have borrowed is gone. */
static void _replace(void)
{
	struct place_source others[2] = { places[0], places[1] };
	char *id = strdup("host-1");

	if (!id)
		bail_out("out of memory");
	places[0].host_id = places[1].host_id = id;
	free(id);
	plan_use(plan, others, 2, 64);
	is_int((int64_t) plan_waiting(plan), 0, "with other places nobody "
	       "waits");
	is_int(_next(), 0, "or has a lane, until asked for again");
}

/* One comes before them: who has a lane or waits does not notice. */
static void _move(void)
{
	static struct place_source more[3];
	struct plan_decision decision;
	char node[16];
	size_t waiting;

	places[0].space_free = places[1].space_free = PLACE_UNKNOWN;
	_tell(200000, 8 * S);
	if (plan_next(plan, 8 * S, &decision) <= 0)
		bail_out("no lane");
	text_copy(node, sizeof(node), decision.node);
	waiting = plan_waiting(plan);
	more[0] = (struct place_source) { .name = "new",
					  .template_name = "rocky9" };
	for (int i = 0; i < 2; i++) {
		more[i + 1] = places[i];
		more[i + 1].in_flight = 0;
	}
	plan_move(plan, more, 3);
	is_int(plan_seat(plan, node)->source, decision.source + 1,
	       "a lane goes with its source");
	is_int(more[decision.source + 1].in_flight,
	       places[decision.source].in_flight, "and is counted there");
	is_int((int64_t) plan_waiting(plan), (int64_t) waiting,
	       "who waits goes on waiting");
	plan_move(plan, places, 0);
	ok(!plan_seat(plan, node), "a source that goes takes its lanes along");
	is_int((int64_t) plan_waiting(plan), (int64_t) waiting,
	       "but nobody who waits");
	plan_move(plan, places, 2);
}

/* Others in the place of those sources. */
static void _others(void)
{
	_begin();
	(void) _next();
	_move();
	_replace();
	plan_destroy(plan);
}

int main(void)
{
	_grown();
	_growing();
	_untold();
	_others();
	return done_testing();
}
