/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Admission with several templates and limits: what jobs of one kind want and
 * wait for is nothing to the others. */
#include <string.h>

#include "common/rules/plan.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define ALL 0		/* the limits: of all, */
#define TEMPLATE 1	/* of template "A", "B", */
#define SET 3		/* and of node set "a", "b": the node's first letter */
#define LIMITS 5

static size_t limit[LIMITS];	/* SIZE_MAX: none */
static size_t there[LIMITS];	/* clones that count for it */

static unsigned _limits(const char *node, const char *template_name,
			unsigned limits[KIND_LIMITS_EACH], void *arg)
{
	unsigned count = 0;

	(void) arg;
	limits[count++] = TEMPLATE + (unsigned) (*template_name - 'A');
	limits[count++] = SET + (unsigned) (*node - 'a');
	limits[count++] = ALL;
	return count;
}

static size_t _room(unsigned number, void *arg)
{
	(void) arg;
	return limit[number] > there[number] ? limit[number] - there[number]
					     : 0;
}

static const struct kind_rule rule = { _limits, _room, NULL };

/* Sources of A and of B, with so many lanes; without limits. */
static struct place_source sources[2];

static struct admit *_begin(unsigned lanes_a, unsigned lanes_b)
{
	struct admit *admit = admit_create(2000, 500);

	if (!admit)
		bail_out("out of memory");
	for (int i = 0; i < LIMITS; i++) {
		limit[i] = SIZE_MAX;
		there[i] = 0;
	}
	for (int i = 0; i < 2; i++)
		sources[i] = (struct place_source) {
			.name = i ? "b" : "a", .template_name = i ? "B" : "A",
			.found = true, .powered_on = true, .frozen = true,
			.host_ok = true, .lanes = i ? lanes_b : lanes_a,
			.memory_free = PLACE_UNKNOWN,
			.space_free = PLACE_UNKNOWN,
		};
	admit_rule(admit, &rule);
	return admit;
}

static void _add(struct admit *admit, uint32_t job, const char *template_name,
		 const char *node)
{
	struct admit_entry entry = { .node = node, .job = job,
				     .template_name = template_name,
				     .deadline = 110 * S };

	if (admit_add(admit, &entry, NULL) < 0)
		bail_out("%s is not queued", node);
}

/* "PREFIX1" and so on. */
static void _queue(struct admit *admit, uint32_t job,
		   const char *template_name, const char *prefix,
		   unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		char node[40];

		text_set(node, prefix);
		text_add_number(node, sizeof(node), i);
		_add(admit, job, template_name, node);
	}
}

/* So many jobs of one node each, from that number on. */
static void _many(struct admit *admit, uint32_t job,
		  const char *template_name, const char *prefix,
		  unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char node[40];

		text_set(node, prefix);
		text_add_number(node, sizeof(node), i);
		_add(admit, job + i, template_name, node);
	}
}

/* Who gets a lane now, in order; each is a clone from then on. */
static const char *_go(struct admit *admit)
{
	static char given[4000];
	struct admit_decision out;

	text_set(given, "");
	while (admit_next(admit, sources, 2, 0, NULL, &out) > 0) {
		unsigned limits[KIND_LIMITS_EACH];
		unsigned count = _limits(out.node, out.source ? "B" : "A",
					 limits, NULL);

		while (count-- > 0)
			there[limits[count]]++;
		text_add(given, sizeof(given), out.node);
		text_add(given, sizeof(given), " ");
	}
	return given;
}

/* --- limits -------------------------------------------------------------- */

static void _whole_jobs(void)
{
	cleanup_admit struct admit *admit = _begin(2, 0);

	limit[ALL] = 4;
	_queue(admit, 1, "A", "a", 3);
	_queue(admit, 2, "A", "b", 2);
	_queue(admit, 3, "A", "ac", 1);
	is_str(_go(admit), "a1 ac1 ", "a lane for each that fits");
	sources[0].lanes = 32;
	is_str(_go(admit), "a2 a3 ", "and the rest of the first");
	ok(admit_lacks_room(admit, "b1") && admit_lacks_room(admit, "b2"),
	   "a job that does not fit whole is not begun");
	ok(!admit_lacks_room(admit, "a3") && !admit_lacks_room(admit, "ac1"),
	   "those have their lanes");
	there[ALL] = 2;
	is_str(_go(admit), "b1 b2 ", "it is when there is room for all");
}

/* What a big job still wants counts for its own set and template. */
static void _promises(void)
{
	cleanup_admit struct admit *admit = _begin(2, 4);

	limit[SET + 1] = 10;
	limit[TEMPLATE + 1] = 10;
	_queue(admit, 1, "A", "a", 64);
	is_str(_go(admit), "a1 a2 ", "a big job begins");
	_queue(admit, 2, "B", "b", 1);
	is_str(_go(admit), "b1 ", "a small one of another set is not starved");
	_queue(admit, 3, "B", "bb", 9);
	is_str(_go(admit), "bb1 bb2 bb3 ", "nor is one that fills that set");
	_queue(admit, 4, "B", "bc", 1);
	_queue(admit, 5, "B", "ad", 1);
	sources[1].lanes = 6;
	is_str(_go(admit), "bb4 bb5 ", "whose nodes come first");
	ok(admit_lacks_room(admit, "bc1"), "its set is promised");
	ok(admit_lacks_room(admit, "ad1"),
	   "and so is its template, to another set");
	limit[TEMPLATE + 1] = 11;
	sources[1].lanes = 7;
	is_str(_go(admit), "ad1 ", "with room there, that one goes on");
	ok(admit_lacks_room(admit, "bc1"), "and the other does not");
}

/* And for the limit of all. */
static void _all(void)
{
	cleanup_admit struct admit *admit = _begin(2, 4);

	limit[ALL] = 10;
	_queue(admit, 1, "A", "a", 9);
	_queue(admit, 2, "B", "b", 2);
	_queue(admit, 3, "B", "bb", 1);
	is_str(_go(admit), "a1 bb1 a2 ", "what is left of all is one");
	ok(admit_lacks_room(admit, "b1"), "which two do not fit in");
}

/* Each limit is asked for the nodes that count for it, and has to have room
 * for those. */
static void _mixed(void)
{
	cleanup_admit struct admit *admit = _begin(8, 8);

	limit[SET] = 3;
	limit[SET + 1] = 2;
	_queue(admit, 1, "A", "a", 3);
	_queue(admit, 1, "B", "b", 3);
	is_str(_go(admit), "", "one node too many in its second set");
	ok(admit_lacks_room(admit, "a1"), "keeps the whole job back");
	admit_drop(admit, "b3");
	is_str(_go(admit), "a1 a2 a3 b1 b2 ", "without it, it is begun");
}

/* --- time ---------------------------------------------------------------- */

/* Whether a node of B is refused that wants to be up in 110 s, at 2 s for a
 * clone and 5 s for its boot. */
static bool _is_late(const struct admit *admit, uint32_t job, unsigned lanes,
		     struct err *err)
{
	struct admit_entry entry = { .node = "bz", .job = job,
				     .template_name = "B",
				     .deadline = 110 * S };

	*err = (struct err) ERR_INIT;
	return admit_feasible(admit, &entry, lanes, 2 * S, 5 * S, 0, err) < 0;
}

static void _ahead(void)
{
	cleanup_admit struct admit *admit = _begin(0, 4);
	struct err err;

	_many(admit, 1000, "A", "a", 300);
	ok(!_is_late(admit, 999, 4, &err),
	   "who waits for another template is not ahead");
	_many(admit, 2000, "B", "b", 300);
	ok(_is_late(admit, 999, 4, &err), "who waits for the same one is");
	has_str(err.text, "300 clones are ahead on 4 lanes of B", "and told");
	ok(!_is_late(admit, 999, 301, &err), "unless a lane is left over");
	limit[TEMPLATE + 1] = 0;
	ok(!_is_late(admit, 999, 4, &err), "or a limit keeps them all back");
}

/* Nodes of B that wait behind one of A are in nobody's way but their own. */
static void _behind(void)
{
	cleanup_admit struct admit *admit = _begin(0, 300);
	struct err err;

	for (uint32_t i = 0; i < 300; i++) {
		char a[40] = "a", b[40] = "b";

		text_add_number(a, sizeof(a), i);
		text_add_number(b, sizeof(b), i);
		_add(admit, 1000 + i, "A", a);
		_add(admit, 1000 + i, "B", b);
	}
	ok(!_is_late(admit, 999, 4, &err), "they do not get those lanes");
	sources[0].lanes = 300;
	(void) _go(admit);
	ok(_is_late(admit, 999, 4, &err), "in flight they have them");
}

static void _own(void)
{
	cleanup_admit struct admit *admit = _begin(0, 4);
	struct err err;

	_queue(admit, 1, "A", "a", 1);
	_queue(admit, 1, "B", "b", 300);
	ok(_is_late(admit, 1, 4, &err), "of its own job they come first");
	ok(!_is_late(admit, 2, 4, &err), "as they do of no other");
}

/* The same by way of a plan, which knows the lanes. */
static void _plan(void)
{
	cleanup_admit struct admit *unused = _begin(4, 4);
	cleanup_plan struct plan *plan = plan_create(1000, 2);
	struct plan_decision out;
	unsigned refused_count = 0;
	bool refused;

	(void) unused;
	sources[0].powered_on = false;
	if (!plan)
		bail_out("out of memory");
	plan_use(plan, sources, 2, 512);
	plan_measure(plan, 2 * S, 5 * S);
	for (uint32_t i = 0; i <= 300; i++) {
		char node[40] = "n";
		struct admit_entry entry = {
			.node = node, .job = 100 + i, .deadline = 110 * S,
			.template_name = i < 300 ? "A" : "B",
		};

		text_add_number(node, sizeof(node), i);
		(void) plan_ask(plan, &entry, 0, &refused, NULL);
		refused_count += refused;
	}
	is_int(refused_count, 0, "nobody is refused for a template that is "
	       "out of service");
	ok(plan_next(plan, 0, &out) > 0 && !strcmp(out.node, "n300"),
	   "and who is not of it gets a lane");
}

int main(void)
{
	_whole_jobs();
	_promises();
	_all();
	_mixed();
	_ahead();
	_behind();
	_own();
	_plan();
	return done_testing();
}
