/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would be cloned where and when, in virtual time. */
#include <string.h>

#include "common/rules/forecast.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define NOW (1000 * S)
#define NODES 64

struct scene {
	struct plan *plan;
	struct place_source places[2];
	struct breaker breakers[3];
	struct forecast nodes[NODES];
	char names[NODES][16];
	size_t count;
};

static void _begin(struct scene *scene, unsigned lanes)
{
	static const char *const names[] = { "a", "b" };
	const struct plan_rates rates = { S, 2 * S };

	memset(scene, 0, sizeof(*scene));
	scene->plan = plan_create(1000, 2);
	if (!scene->plan)
		bail_out("out of memory");
	for (int i = 0; i < 2; i++)
		scene->places[i] = (struct place_source) {
			.name = names[i], .template_name = "rocky9",
			.found = true, .powered_on = true, .frozen = true,
			.host_ok = true, .lanes = lanes,
			.memory_free = PLACE_UNKNOWN,
			.memory_need = PLACE_UNKNOWN,
			.space_free = PLACE_UNKNOWN,
			.space_need = PLACE_UNKNOWN,
			.breaker = &scene->breakers[i],
			.template_breaker = &scene->breakers[2],
		};
	plan_use(scene->plan, scene->places, 2, 32);
	plan_set_rates(scene->plan, &rates);
}

static void _ask(struct scene *scene, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char *name = scene->names[scene->count];

		text_copy(name, sizeof(scene->names[0]), "n");
		text_add_number(name, sizeof(scene->names[0]),
				scene->count + 1);
		scene->nodes[scene->count++].entry = (struct admit_entry) {
			.node = name, .job = 7, .template_name = "rocky9",
			.deadline = NOW + 100 * S,
		};
	}
}

static void _run(struct scene *scene)
{
	struct forecast_count nobody = { NULL, NULL };

	if (forecast_run(scene->plan, scene->nodes, scene->count, NOW,
			 &nobody, NULL) < 0)
		bail_out("out of memory");
}

static void _is_placed(const struct scene *scene, size_t index, int source,
		       int64_t start)
{
	const struct forecast *node = &scene->nodes[index];

	ok(node->fate == FORECAST_PLACED && node->source == source &&
	   node->start == NOW + start, "%s on %d after %d s",
	   scene->names[index], source, (int) (start / S));
}

static void _waves(void)
{
	struct scene scene;

	_begin(&scene, 2);
	_ask(&scene, 10);
	_run(&scene);
	_is_placed(&scene, 0, 0, 0);
	_is_placed(&scene, 1, 1, 0);
	_is_placed(&scene, 2, 0, 0);
	_is_placed(&scene, 3, 1, 0);
	_is_placed(&scene, 4, 0, S);
	_is_placed(&scene, 9, 1, 2 * S);
	is_int(scene.nodes[9].order, 10, "in the order in which they asked");
	is_int(scene.nodes[9].ready, NOW + 5 * S, "up when it has booted");
	is_str(scene.nodes[0].others, "b free as well", "and why not there");
	plan_destroy(scene.plan);
}

static void _others(void)
{
	struct scene scene;
	struct admit_entry big = { .node = "x", .job = 1,
				   .template_name = "rocky9",
				   .deadline = NOW + 100 * S };
	char name[16];
	bool refused;

	_begin(&scene, 1);
	plan_set_rates(scene.plan, &(struct plan_rates) { 0 });
	big.node = "flying";
	(void) plan_resume(scene.plan, &big, "a", NOW - S / 2, NULL);
	for (unsigned i = 0; i < 20; i++) {
		text_copy(name, sizeof(name), "x");
		text_add_number(name, sizeof(name), i);
		big.node = name;
		(void) plan_ask(scene.plan, &big, NOW, &refused, NULL);
	}
	plan_set_rates(scene.plan, &(struct plan_rates) { S, S });
	_ask(&scene, 2);
	scene.nodes[1].entry.node = "x0";
	_run(&scene);
	_is_placed(&scene, 0, 1, 0);
	ok(scene.nodes[1].fate == FORECAST_REFUSED &&
	   scene.nodes[1].why.code == ERR_EXISTS, "who waits waits once");
	plan_destroy(scene.plan);
}

/* A node of the same job whose template has no source goes first. */
static void _behind(void)
{
	struct scene scene;
	struct admit_entry first = { .node = "x", .job = 7,
				     .template_name = "gone",
				     .deadline = NOW + 50 * S };
	bool refused;

	_begin(&scene, 1);
	plan_set_rates(scene.plan, &(struct plan_rates) { 0 });
	if (plan_ask(scene.plan, &first, NOW, &refused, NULL) < 0)
		bail_out("no seat");
	_ask(&scene, 1);
	_run(&scene);
	ok(scene.nodes[0].fate == FORECAST_PLACED || scene.nodes[0].why.code,
	   "whoever waits behind a node of its job is told why: %s",
	   scene.nodes[0].why.text);
	plan_destroy(scene.plan);
}

/* A clone that is overdue has its lane as long as it is there. */
static void _overdue(void)
{
	struct scene scene;
	struct admit_entry slow = { .node = "slow", .job = 1,
				    .template_name = "rocky9",
				    .deadline = NOW + 100 * S };

	_begin(&scene, 1);
	(void) plan_resume(scene.plan, &slow, "a", NOW - 9 * S, NULL);
	_ask(&scene, 2);
	_run(&scene);
	_is_placed(&scene, 0, 1, 0);
	ok(scene.nodes[1].fate == FORECAST_PLACED &&
	   scene.nodes[1].start > NOW, "what is in use is not given again");
	plan_destroy(scene.plan);
}

static void _refused(void)
{
	struct scene scene;

	_begin(&scene, 1);
	_ask(&scene, 12);
	for (unsigned i = 0; i < 12; i++)
		scene.nodes[i].entry.deadline = NOW + 5 * S;
	_run(&scene);
	is_int(scene.nodes[11].fate, FORECAST_REFUSED, "too many");
	has_str(scene.nodes[11].why.text, "clones are ahead on 2 lanes of "
		"rocky9", "with the sum");
	is_int(scene.nodes[3].fate, FORECAST_PLACED, "the first ones are not");
	plan_destroy(scene.plan);
}

/* It rests for 30 s; then one, and the others when that one is up. */
static void _canary(void)
{
	struct scene scene;

	_begin(&scene, 4);
	scene.places[1].found = false;
	scene.breakers[0] = (struct breaker) {
		.failures = 3, .openings = 1, .open_until = NOW + 30 * S };
	_ask(&scene, 3);
	_run(&scene);
	_is_placed(&scene, 0, 0, 30 * S);
	_is_placed(&scene, 1, 0, 33 * S);
	plan_destroy(scene.plan);

	_begin(&scene, 4);
	scene.breakers[2] = (struct breaker) {
		.failures = 3, .openings = 5, .open_until = NOW + 300 * S };
	_ask(&scene, 1);
	_run(&scene);
	is_int(scene.nodes[0].fate, FORECAST_LATE, "too late");
	plan_destroy(scene.plan);
}

static void _short(void)
{
	struct scene scene;
	struct err hold = ERR_INIT;

	_begin(&scene, 4);
	scene.places[1].host_ok = false;
	scene.places[0].memory_free = 3500;
	scene.places[0].memory_need = 1000;
	_ask(&scene, 5);
	_run(&scene);
	_is_placed(&scene, 2, 0, 0);
	is_int(scene.nodes[3].fate, FORECAST_WAITS, "then there is no memory");
	has_str(scene.nodes[3].why.text, "short of memory", "which is told");
	plan_destroy(scene.plan);

	_begin(&scene, 4);
	err_set(&hold, ERR_BUSY, "paused");
	plan_hold(scene.plan, &hold);
	_ask(&scene, 1);
	_run(&scene);
	is_str(scene.nodes[0].why.text, "paused", "nothing goes while it is");
	plan_destroy(scene.plan);

	_begin(&scene, 4);
	_ask(&scene, 2);
	scene.nodes[0].entry.template_name = "other";
	scene.nodes[1].fate = FORECAST_WAITS;
	err_set(&scene.nodes[1].why, ERR_BUSY, "somebody else's");
	_run(&scene);
	is_str(scene.nodes[0].why.text, "template other has no source",
	       "nor without a source");
	is_str(scene.nodes[1].why.text, "somebody else's",
	       "and who does not ask is left alone");
	plan_destroy(scene.plan);
}

/* Others wait for a template that is out of service: its lanes are not those
 * that count. */
static void _elsewhere(void)
{
	struct scene scene;
	struct admit_entry other = { .template_name = "gone",
				     .deadline = NOW + 50 * S };
	char name[16];
	bool refused;

	_begin(&scene, 1);
	for (uint32_t i = 0; i < 20; i++) {
		text_copy(name, sizeof(name), "x");
		text_add_number(name, sizeof(name), i);
		other.node = name;
		other.job = 100 + i;
		if (plan_ask(scene.plan, &other, NOW, &refused, NULL) < 0)
			bail_out("no seat");
	}
	_ask(&scene, 1);
	scene.nodes[0].entry.deadline = NOW + 5 * S;
	_run(&scene);
	_is_placed(&scene, 0, 0, 0);
	plan_destroy(scene.plan);
}

int main(void)
{
	_waves();
	_others();
	_behind();
	_elsewhere();
	_overdue();
	_refused();
	_canary();
	_short();
	return done_testing();
}
