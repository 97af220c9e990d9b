/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breaker, placement, admission: bounds, fairness, feasibility. */
#include <string.h>

#include "common/rules/admit.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)

static void _breaker(void)
{
	struct breaker b = { 0 };

	ok(breaker_allows(&b, 0) && !breaker_open(&b), "closed at first");
	breaker_failure(&b, 0);
	breaker_failure(&b, 0);
	breaker_success(&b);
	breaker_failure(&b, 0);
	breaker_failure(&b, 0);
	ok(breaker_allows(&b, 0), "failures must come in a row");
	breaker_failure(&b, 0);
	ok(breaker_open(&b) && !breaker_allows(&b, 0), "three open it");
	breaker_failure(&b, S);
	ok(b.open_until == BREAKER_PAUSE, "late failures prolong nothing");
	ok(!breaker_allows(&b, BREAKER_PAUSE - 1), "it rests");
	ok(breaker_allows(&b, BREAKER_PAUSE), "then one canary");
	breaker_start(&b);
	ok(!breaker_allows(&b, BREAKER_PAUSE), "only one");
	breaker_cancel(&b);
	ok(breaker_allows(&b, BREAKER_PAUSE), "a cancelled canary: another");
	breaker_start(&b);
	breaker_failure(&b, BREAKER_PAUSE);
	ok(!breaker_allows(&b, BREAKER_PAUSE) &&
	   breaker_allows(&b, BREAKER_PAUSE - 1) && breaker_allows(&b, -S),
	   "not for longer when the clock is set back");
	ok(!breaker_allows(&b, 3 * BREAKER_PAUSE - 1) &&
	   breaker_allows(&b, 3 * BREAKER_PAUSE), "twice the rest");
	breaker_start(&b);
	breaker_success(&b);
	ok(!breaker_open(&b), "a canary that lives closes it");
	for (int i = 0; i < 100; i++) {
		b.canary = true;
		breaker_failure(&b, 0);
	}
	is_int(b.open_until, BREAKER_PAUSE_MAX, "the rest has a maximum");
}

static void _trial(void)
{
	struct breaker b = { 0 };
	struct place_source s = { .returns = 1, .breaker = &b };

	place_returned(&s, 1, S);
	ok(!breaker_open(&b), "nothing new");
	place_returned(&s, 2, S);
	ok(place_on_trial(&s) && breaker_allows(&b, S), "it is on trial");
	breaker_start(&b);
	ok(!breaker_allows(&b, S), "with one clone");
	place_returned(&s, 3, 2 * S);
	ok(!breaker_allows(&b, 2 * S), "also when it comes and goes");
	breaker_failure(&b, 2 * S);
	ok(!breaker_on_trial(&b) && !breaker_allows(&b, BREAKER_PAUSE) &&
	   breaker_allows(&b, BREAKER_PAUSE + 2 * S), "which fails: it rests");
	place_returned(&s, 4, 3 * S);
	ok(!breaker_allows(&b, 3 * S), "to return shortens no rest");
	breaker_start(&b);
	breaker_success(&b);
	ok(!breaker_open(&b), "one that lives ends it");
}

static struct place_source _source(const char *name, unsigned lanes)
{
	return (struct place_source) {
		.name = name, .template_name = "rocky9", .found = true,
		.powered_on = true, .frozen = true, .host_ok = true,
		.lanes = lanes, .memory_free = PLACE_UNKNOWN,
		.space_free = PLACE_UNKNOWN,
	};
}

static int _pick(const struct place_source *sources, size_t count,
		 const char *template_name, const char *avoid, int64_t now,
		 struct err *err)
{
	return place_pick(sources, count, template_name, avoid, now, NULL,
			  err);
}

/* A test of one source: whatever keeps jobs from it, but not what keeps a
 * clone from it. */
static void _only(void)
{
	struct place_source s[2] = { _source("a", 1), _source("b", 1) };
	struct breaker open = { .open_until = 100 };
	enum place_verdict verdicts[2];
	struct err err = ERR_INIT;

	s[0].drained = true;
	s[0].breaker = s[0].template_breaker = &open;
	is_int(place_only(s, 2, "a", verdicts, &err), 0,
	       "drained and resting, it is taken");
	ok(verdicts[0] == PLACE_TAKEN && verdicts[1] == PLACE_OTHER,
	   "the other one is not looked at");
	s[0].in_flight = 1;
	is_int(place_only(s, 2, "a", NULL, &err), -1, "its lanes are busy");
	is_int(err.code, ERR_BUSY, "which passes");
	s[0].frozen = false;
	is_int(place_only(s, 2, "a", NULL, &err), -1, "it is not frozen");
	has_str(err.text, "a is not frozen", "which is said");
	is_int(place_only(s, 2, "c", NULL, &err), -1, "there is none");
	is_int(err.code, ERR_NOTFOUND, "of that name");
}

static int _next(struct admit *admit, struct place_source *sources,
		 size_t count, int64_t now, struct admit_decision *out)
{
	return admit_next(admit, sources, count, now, NULL, out);
}

/* What alternatives are chosen by. */
static void _healthy(void)
{
	struct place_source s[2] = { _source("a", 1), _source("b", 1) };
	struct breaker breaker = { 0 };

	s[0].breaker = &breaker;
	s[1].template_name = "ubuntu22";
	ok(place_healthy(s, 2, "rocky9", 1), "a source that is fine");
	ok(!place_healthy(s, 2, "alma8", 1), "no source at all");
	s[0].in_flight = 1;
	ok(place_healthy(s, 2, "rocky9", 1), "all lanes busy are no illness");
	for (int i = 0; i < BREAKER_FAILURES; i++)
		breaker_failure(&breaker, 1);
	ok(!place_healthy(s, 2, "rocky9", 2), "one that rests");
	ok(place_healthy(s, 2, "rocky9", 1 + BREAKER_PAUSE),
	   "and may have its canary");
	breaker_success(&breaker);
	s[0].drained = true;
	ok(!place_healthy(s, 2, "rocky9", 2), "drained");
	s[0].drained = false;
	s[0].powered_on = false;
	ok(!place_healthy(s, 2, "rocky9", 2), "off");
	ok(place_healthy(s, 2, "ubuntu22", 2), "the other one is fine");
}

static void _place(void)
{
	struct place_source s[3] = { _source("a", 4), _source("b", 4),
				     _source("c", 8) };
	struct err err = ERR_INIT;

	s[0].in_flight = 2;
	s[1].in_flight = 1;
	s[2].in_flight = 1;
	is_int(_pick(s, 3, "rocky9", NULL, 0, &err), 2,
	       "the least loaded part of its lanes");
	is_int(_pick(s, 3, "rocky9", "c", 0, &err), 1, "c is avoided");
	s[1].powered_on = false;
	s[0].drained = true;
	is_int(_pick(s, 3, "rocky9", "c", 0, &err), 2,
	       "unless it is the only one");
	s[2].memory_free = 1000;
	s[2].memory_need = 1001;
	is_int(_pick(s, 3, "rocky9", NULL, 0, &err), -1, "none");
	is_int(err.code, ERR_BUSY, "later perhaps");
	is_str(err.text, "no source of rocky9 can clone: 1 powered off, "
	       "1 drained by an admin, 1 short of memory", "with the counts");
	s[2].frozen = false;
	is_int(_pick(s, 3, "rocky9", NULL, 0, &err), -1, "none");
	is_int(err.code, ERR_CAPACITY, "not by waiting");
	is_int(_pick(s, 3, "ubuntu22", NULL, 0, &err), -1, "none");
	is_int(err.code, ERR_CONFIG, "no such template");
	s[2] = _source("c", 8);
	s[2].breaker = &(struct breaker) { .open_until = 5 * S };
	is_int(_pick(s, 3, "rocky9", NULL, 4 * S, &err), -1, "resting");
	is_int(_pick(s, 3, "rocky9", NULL, 5 * S, &err), 2, "canary");
	is_int(place_lanes(s, 3, "rocky9"), 8, "lanes of usable sources");
}

/* What is told of each source is what was decided by. */
static void _verdicts(void)
{
	struct place_source s[6] = { _source("a", 4), _source("b", 4),
				     _source("c", 4), _source("d", 4),
				     _source("e", 4), _source("u", 4) };
	enum place_verdict v[6];
	char text[200];

	s[0].in_flight = 4;
	s[1].drained = true;
	s[2].in_flight = 2;
	s[3].in_flight = 1;
	s[5].template_name = "ubuntu22";
	is_int(place_pick(s, 6, "rocky9", "e", 0, v, NULL), 3, "d is taken");
	ok(v[0] == PLACE_FULL && v[1] == PLACE_DRAINED && v[2] == PLACE_FREE &&
	   v[3] == PLACE_TAKEN && v[4] == PLACE_AVOIDED && v[5] == PLACE_OTHER,
	   "and of each other one it is told why not");
	place_tell(s, 6, v, text, sizeof(text));
	is_str(text, "a with all lanes busy, b drained by an admin, "
	       "c free as well, e free, but the last clone of it failed the "
	       "node", "in words");
	place_tell(s, 6, v, text, 60);
	is_str(text, "a with all lanes busy, and 3 more", "as far as they go");
	s[2].host_ok = s[3].frozen = false;
	is_int(place_pick(s, 6, "rocky9", "e", 0, v, NULL), 4, "e after all");
	is_int(v[4], PLACE_TAKEN, "which is told, too");
	for (int i = 0; i < PLACE_VERDICTS; i++)
		ok(*place_verdict_text((enum place_verdict) i),
		   "verdict %d has a text", i);
}

/* Sources on one host share its memory, on one datastore its space. */
static void _room(void)
{
	struct place_source s[3] = { _source("a", 9), _source("b", 9),
				     _source("c", 9) };
	struct err err = ERR_INIT;

	s[0].host_id = s[1].host_id = "host-1";
	s[2].host_id = "host-2";
	for (int i = 0; i < 3; i++) {
		s[i].memory_free = 2500;
		s[i].memory_need = 1000;
	}
	s[1].memory_need = 500;
	place_start(s, 3, 0);
	place_start(s, 3, 1);
	is_int(s[0].memory_held, 1500, "both count on their host");
	is_int(s[2].memory_held, 0, "and not on another's");
	is_int(_pick(s, 2, "rocky9", NULL, 0, &err), 0, "one more fits");
	place_start(s, 3, 0);
	is_int(_pick(s, 2, "rocky9", NULL, 0, &err), -1, "then none");
	ok(place_is_short(s, 2, "rocky9") && err.code == ERR_BUSY,
	   "for want of room");
	is_int(_pick(s, 3, "rocky9", NULL, 0, &err), 2, "but elsewhere");
	place_hold_clones(s, 3, 0, -1);
	is_int(_pick(s, 2, "rocky9", NULL, 0, &err), 1, "given back");
	s[2].space_free = 10;
	s[2].space_need = 11;
	s[0].memory_free = s[1].memory_need = PLACE_UNKNOWN;
	is_int(_pick(s, 1, "rocky9", NULL, 0, &err), 0, "what is not known");
	is_int(_pick(s + 1, 1, "rocky9", NULL, 0, &err), 0,
	       "is no reason to refuse");
	is_int(_pick(s + 2, 1, "rocky9", NULL, 0, &err), -1, "space is");
	is_str(err.text, "no source of rocky9 can clone: 1 short of "
	       "datastore space", "and is told");
}

/* So many clones in a row, by the indexes of their sources. */
static void _walk(struct place_source *s, size_t count, unsigned clones,
		  const char *expected, const char *what)
{
	char got[64] = "";

	for (unsigned i = 0; i < clones; i++) {
		int source = _pick(s, count, "rocky9", NULL, 0, NULL);

		text_add(got, sizeof(got),
			 source < 0 ? "-" : (char[2]) { '0' + (char) source });
		if (source >= 0)
			place_start(s, count, (size_t) source);
	}
	is_str(got, expected, what);
}

/* Three hosts with room for four, five and three clones. */
static void _hosts(struct place_source *s, bool pack, unsigned lanes)
{
	static const char *const ids[] = { "host-0", "host-1", "host-2" };
	static const int64_t room[] = { 4, 5, 3 };

	for (int i = 0; i < 3; i++) {
		s[i] = _source("s", lanes);
		s[i].pack = pack;
		s[i].host_id = ids[i];
		s[i].memory_free = room[i] * 1000 + 10;
		s[i].memory_need = 1000;
	}
}

static void _placement(void)
{
	struct place_source s[4];

	_hosts(s, false, 9);
	_walk(s, 3, 14, "102102102101--", "spread: one after the other, until "
	      "no host has room");
	_hosts(s, true, 9);
	_walk(s, 3, 14, "222000011111--", "pack: a host is filled before the "
	      "next");
	_hosts(s, true, 2);
	_walk(s, 3, 7, "220011-", "but no lane stays empty for it");
	_hosts(s, true, 9);
	s[1].memory_free = PLACE_UNKNOWN;
	s[1].in_flight = 1;
	_walk(s, 3, 1, "1", "unknown memory: the busier source");
	_hosts(s, true, 9);
	s[3] = _source("u", 9);
	s[3].template_name = "ubuntu22";
	s[3].host_id = s[0].host_id;
	s[3].memory_need = 3000;
	place_start(s, 4, 3);
	_walk(s, 4, 9, "022211111", "another template's clone on a host fills "
	      "it, too");
}

/* Each of two sources fails less often than their template does. */
static void _template_rests(void)
{
	struct breaker own[2] = { { 0 }, { 0 } }, shared = { 0 };
	struct place_source s[3] = { _source("a", 4), _source("b", 4),
				     _source("u", 4) };

	s[2].template_name = "ubuntu22";
	for (int i = 0; i < 2; i++) {
		s[i].breaker = &own[i];
		s[i].template_breaker = &shared;
	}
	place_start(s, 3, 0);
	is_int(s[0].in_flight, 1, "a clone is started");
	s[0].in_flight--;
	place_learn(&s[0], CAUSE_GUEST, 0);
	place_learn(&s[1], CAUSE_LOST, 0);
	place_learn(&s[1], CAUSE_GUEST, 0);
	place_learn(&s[0], CAUSE_CANCELLED, 0);
	ok(!place_all_rest(s, 3, "rocky9"),
	   "a VM that is lost blames no template");
	place_learn(&s[1], CAUSE_GUEST, 0);
	ok(place_all_rest(s, 3, "rocky9") && !place_rests(&s[2]),
	   "its template's three failures let both sources rest");
	is_int(_pick(s, 3, "rocky9", NULL, BREAKER_PAUSE - 1, NULL), -1,
	       "no clone while it rests");
	is_int(_pick(s, 3, "ubuntu22", NULL, 0, NULL), 2,
	       "but of other templates");
	is_int(_pick(s, 3, "rocky9", NULL, BREAKER_PAUSE, NULL), 0,
	       "then a canary");
	place_start(s, 3, 0);
	is_int(_pick(s, 3, "rocky9", NULL, BREAKER_PAUSE, NULL), -1,
	       "one for all its sources");
	place_learn(&s[0], CAUSE_LOST, BREAKER_PAUSE);
	is_int(_pick(s, 3, "rocky9", "a", BREAKER_PAUSE, NULL), 1,
	       "one that tells nothing: another");
	place_start(s, 3, 0);
	place_learn(&s[0], CAUSE_NONE, BREAKER_PAUSE);
	ok(!breaker_open(&shared), "it comes up: the template is in use");
	s[0].found = s[1].found = false;
	ok(!place_all_rest(s, 3, "rocky9"), "what is not there does not rest");
}

/* One of three sources fails faster than the others come up. */
static void _one_is_bad(void)
{
	struct breaker own[3] = { { 0 } }, shared = { 0 };
	struct place_source s[3] = { _source("a", 4), _source("b", 4),
				     _source("c", 4) };

	for (int i = 0; i < 3; i++) {
		s[i].breaker = &own[i];
		s[i].template_breaker = &shared;
	}
	for (int i = 0; i < 4; i++)
		place_learn(&s[0], CAUSE_GUEST, 0);
	ok(place_rests(&s[0]) && !place_rests(&s[1]),
	   "a source that fails alone rests alone");
	place_learn(&s[1], CAUSE_GUEST, 0);
	ok(place_rests(&s[2]), "another's failure blames the template");
	breaker_start(&shared);
	place_learn(&s[1], CAUSE_GUEST, BREAKER_PAUSE);
	ok(!breaker_allows(&shared, 2 * BREAKER_PAUSE),
	   "the canary's does, whosoever it is");
}

static struct admit *_create(size_t nodes, unsigned flight)
{
	struct admit *admit = admit_create(nodes, flight);

	if (!admit)
		bail_out("out of memory");
	return admit;
}

/* Queue count nodes of a job, "PREFIX1" .. */
static void _queue(struct admit *admit, uint32_t job, const char *prefix,
		   unsigned count)
{
	struct err err = ERR_INIT;

	for (unsigned i = 1; i <= count; i++) {
		char node[40];
		struct admit_entry entry = { .node = node, .job = job,
					     .template_name = "rocky9",
					     .deadline = 100 * S };

		text_set(node, prefix);
		text_add_number(node, sizeof(node), i);
		if (admit_add(admit, &entry, &err) < 0)
			bail_out("%s: %s", node, err.text);
	}
}

static void _fairness(void)
{
	cleanup_admit struct admit *admit = _create(2000, 32);
	struct place_source s[2] = { _source("a", 2), _source("b", 2) };
	struct admit_decision d;
	char first[40];
	unsigned started = 0;

	_queue(admit, 1, "big", 512);
	while (_next(admit, s, 2, 0, &d)) {
		if (!started++)
			text_set(first, d.node);
	}
	is_int(started, 4, "all lanes, and no more");
	is_int(admit_in_flight(admit), 4, "in flight");
	ok(s[0].in_flight == 2 && s[1].in_flight == 2, "spread");
	_queue(admit, 2, "small", 1);
	ok(!_next(admit, s, 2, 0, &d), "no lane is free");
	admit_drop(admit, first);
	s[0].in_flight--;
	ok(_next(admit, s, 2, 0, &d) == 1, "one is");
	is_str(d.node, "small1", "the small job gets the next free lane");
	is_int(admit_waiting(admit), 508, "the rest waits");
	ok(admit_drop(admit, "nobody") < 0, "an unknown node");
}

/* An endless stream of small jobs leaves the big one its share. */
static void _no_starving(void)
{
	cleanup_admit struct admit *admit = _create(2000, 32);
	struct place_source s = _source("a", 2);
	struct admit_decision d;
	unsigned big = 0;

	_queue(admit, 1, "big", 50);
	for (uint32_t job = 2; job < 100; job++) {
		char node[40] = "n";

		text_add_number(node, sizeof(node), job);
		_queue(admit, job, node, 2);
		while (_next(admit, &s, 1, 0, &d)) {
			char done[40];

			big += !strncmp(d.node, "big", 3);
			text_set(done, d.node);
			if (job % 2)
				continue;
			admit_drop(admit, done);
			s.in_flight--;
			break;
		}
	}
	ok(big >= 2, "the big job got %u turns", big);
}

struct turns {
	char text[200];
	struct admit *copy;
};

static int _repeat(const struct admit_entry *entry, bool in_flight, void *arg)
{
	struct turns *turns = arg;

	text_add(turns->text, sizeof(turns->text), in_flight ? "+" : " ");
	text_add(turns->text, sizeof(turns->text), entry->node);
	return in_flight ? admit_resume(turns->copy, entry, NULL)
			 : admit_add(turns->copy, entry, NULL);
}

/* Whoever is told of all has the same turns. */
static void _copied(void)
{
	cleanup_admit struct admit *admit = _create(2000, 32);
	cleanup_admit struct admit *copy = _create(2000, 32);
	struct place_source s = _source("a", 2), t;
	struct turns turns = { "", copy };
	struct admit_decision d, e;
	unsigned same = 0;

	_queue(admit, 7, "x", 3);
	_queue(admit, 3, "y", 2);
	while (_next(admit, &s, 1, 0, &d))
		;
	_queue(admit, 7, "z", 1);
	_queue(admit, 0, "m", 1);
	ok(admit_each(admit, _repeat, &turns) == 0, "each is called");
	is_str(turns.text, "+x1 x2 x3 z1+y1 y2 m1", "in the order of turns");
	s.lanes = 9;
	t = s;
	while (_next(admit, &s, 1, 0, &d) && _next(copy, &t, 1, 0, &e))
		same += text_same(d.node, e.node);
	is_int(same, 5, "and the copy gives the same turns");
}

static void _bounds(void)
{
	cleanup_admit struct admit *admit = _create(2, 1);
	struct place_source s = _source("a", 9);
	struct admit_entry entry = { .node = "x1", .job = 1,
				     .template_name = "rocky9" };
	struct err err = ERR_INIT;
	struct admit_decision d;
	char longer[300];

	_queue(admit, 1, "x", 2);
	ok(admit_add(admit, &entry, &err) < 0 && err.code == ERR_EXISTS,
	   "a node waits once");
	entry.node = "x3";
	ok(admit_add(admit, &entry, &err) < 0 && err.code == ERR_BUSY,
	   "the queue is bounded");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	entry.node = longer;
	ok(admit_add(admit, &entry, &err) < 0 && err.code == ERR_CONFIG,
	   "and so are names");
	ok(_next(admit, &s, 1, 0, &d) == 1, "one starts");
	ok(!_next(admit, &s, 1, 0, &d), "the global cap holds");
	admit_drop(admit, "x2");
	admit_drop(admit, "x1");
	ok(!admit_waiting(admit) && !admit_in_flight(admit), "empty again");
	entry.node = "x4";
	ok(admit_resume(admit, &entry, &err) == 0 &&
	   admit_in_flight(admit) == 1 && !admit_waiting(admit),
	   "one that clones already after a restart");
}

static void _templates(void)
{
	cleanup_admit struct admit *admit = _create(10, 10);
	struct place_source s = _source("a", 1);
	struct breaker breaker = { .open_until = 1 };
	struct admit_entry other = { .node = "u1", .job = 5,
				     .template_name = "ubuntu22" };
	struct admit_decision d;

	if (admit_add(admit, &other, NULL) < 0)
		bail_out("not queued");
	_queue(admit, 6, "r", 1);
	ok(_next(admit, &s, 1, 0, &d) == 1, "one goes on");
	is_str(d.node, "r1", "past a job whose template has no source");
	s.breaker = &breaker;
	admit_drop(admit, "r1");
	s.in_flight = 0;
	_queue(admit, 7, "r", 2);
	ok(_next(admit, &s, 1, 2, &d) == 1 && breaker.canary,
	   "a canary starts");
	s.lanes = 9;
	ok(!_next(admit, &s, 1, 2, &d), "alone");
}

static void _feasible(void)
{
	cleanup_admit struct admit *admit = _create(2000, 32);
	struct admit_entry entry = { .node = "z", .job = 1,
				     .template_name = "rocky9",
				     .deadline = 120 * S };
	struct err err = ERR_INIT;

	ok(admit_feasible(admit, &entry, 1, INT64_MAX, S, 0, &err) == 0,
	   "alone: tried, whatever was measured");
	_queue(admit, 1, "big", 512);
	ok(admit_feasible(admit, &entry, 4, S, 2 * S, 0, &err) < 0 &&
	   err.code == ERR_CAPACITY, "512 ahead in its own job: too late");
	is_str(err.text, "512 clones are ahead on 4 lanes of rocky9: ready "
	       "in 131 s, wanted in 120 s", "with the sum");
	entry.job = 2;
	ok(admit_feasible(admit, &entry, 4, S, 2 * S, 0, &err) == 0,
	   "another job's first node gets its fair turn");
	ok(admit_feasible(admit, &entry, 4, S, 2 * S, 119 * S, &err) < 0,
	   "but not at the last second");
	ok(admit_feasible(admit, &entry, 0, S, S, 0, &err) < 0, "no lanes");
	ok(admit_feasible(admit, &entry, 1, INT64_MAX, S, 0, &err) < 0,
	   "an absurd rate");
}

int main(void)
{
	_breaker();
	_trial();
	_place();
	_only();
	_healthy();
	_verdicts();
	_room();
	_placement();
	_template_rests();
	_one_is_bad();
	_fairness();
	_no_starving();
	_copied();
	_bounds();
	_templates();
	_feasible();
	return done_testing();
}
