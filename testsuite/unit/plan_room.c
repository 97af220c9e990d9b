/* SPDX-License-Identifier: GPL-2.0-or-later */
/* However many ask between two figures of memory and space, no more clones
 * are begun than have room. */
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
		plan_made(plan, node, at);
		(void) plan_leave(plan, node);
	}
}

static void _tell(int64_t memory, int64_t at)
{
	for (int i = 0; i < 2; i++) {
		places[i].memory_free = memory;
		places[i].memory_at = at;
	}
	plan_looked(plan);
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

int main(void)
{
	_begin();
	is_int(_next(), 10, "a hundred ask: ten have room");
	_make(3 * S);
	is_int(_next(), 0, "made since the figure, they count on");
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
	for (unsigned i = 0; i < NODES; i++) {
		char node[16];

		_name(i, node);
		plan_gone(plan, node);
	}
	is_int(_next(), 2, "else it does");
	places[0].store_id = places[1].store_id = "datastore-1";
	places[0].space_free = places[1].space_free = 2000;
	_tell(90000, 7 * S);
	is_int(_next(), 2, "space is shared likewise");
	_replace();
	plan_destroy(plan);
	return done_testing();
}
