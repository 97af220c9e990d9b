/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What node sets can hold; when names are drained and given back; which. */
#include <string.h>

#include "common/rules/capacity.h"
#include "common/rules/place.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define T0 (1000 * S)
#define SOURCES 4
#define SETS 3

static struct capacity_source sources[SOURCES];
static struct capacity_template templates[2];
static struct capacity_facts facts;
static struct capacity_set sets[SETS];
static struct capacity_verdict verdicts[SETS];
static int64_t now;

/* Two templates with two sources each, one on each of two hosts; the sets
 * have ten free names; nothing is short. */
static void _start(void)
{
	memset(templates, 0, sizeof(templates));
	memset(sets, 0, sizeof(sets));
	for (unsigned i = 0; i < SOURCES; i++)
		sources[i] = (struct capacity_source) {
			.template = i / 2, .host = i % 2, .store = 0,
			.known = true, .usable = true, .lanes = 4,
			.memory_free = PLACE_UNKNOWN, .memory_need = 1024,
			.space_free = PLACE_UNKNOWN, .space_need = 100,
		};
	facts = (struct capacity_facts) { sources, SOURCES, templates, 2,
					  .deadline_us = 600 * S };
	for (int i = 0; i < SETS; i++)
		sets[i].kinds[CAPACITY_OPEN] = 10;
	sets[0].templates = 1;
	sets[1].templates = 2;
	sets[2].templates = 3;
	now = T0;
}

static const struct capacity_verdict *_weigh(int set)
{
	capacity_weigh(&facts, sets, SETS, now, verdicts);
	return &verdicts[set];
}

/* What is decided of a set is done. */
static void _obey(int set)
{
	size_t *kinds = sets[set].kinds;

	kinds[CAPACITY_OPEN] += verdicts[set].open - verdicts[set].close;
	kinds[CAPACITY_CLOSED] += verdicts[set].close - verdicts[set].open;
}

static void _room(int set, size_t room, enum capacity_limit limit,
		  const char *what)
{
	const struct capacity_verdict *verdict = _weigh(set);

	is_int((int64_t) verdict->room, (int64_t) room, what);
	is_int(verdict->limit, limit, "because of that");
}

/* --- room --------------------------------------------------------------- */

static void _limits(void)
{
	_start();
	_room(0, 10, CAPACITY_NO_LIMIT, "nothing is short");
	sets[0].limit = 3;
	_room(0, 3, CAPACITY_SET, "MaxClones= of a set");
	_room(1, 10, CAPACITY_NO_LIMIT, "is not another's");
	sets[0].kinds[CAPACITY_CLONE] = 1;
	sets[0].kinds[CAPACITY_WAITING] = 1;
	_room(0, 1, CAPACITY_SET, "what there is counts, and what comes");
	sets[0].kinds[CAPACITY_CLONE] = 7;
	_room(0, 0, CAPACITY_SET, "more than the limit: no room");

	_start();
	templates[0].limit = 4;
	templates[0].clones = 1;
	_room(0, 3, CAPACITY_TEMPLATE, "MaxClones= of a template");
	is_int((int64_t) verdicts[0].which, 0, "of that one");
	_room(2, 10, CAPACITY_NO_LIMIT, "another template has room");
	templates[1].limit = 2;
	_room(2, 5, CAPACITY_TEMPLATE, "both together");

	_start();
	facts.limit = 12;
	sets[0].kinds[CAPACITY_CLONE] = 4;
	sets[1].kinds[CAPACITY_WAITING] = 2;
	_room(2, 6, CAPACITY_ALL, "MaxClones= of all nodes");
	_room(1, 6, CAPACITY_ALL, "is offered to each set");
}

static void _rooms(void)
{
	_start();
	for (int i = 0; i < SOURCES; i++)
		sources[i].memory_free = 3 * 1024 + 1023;
	_room(0, 6, CAPACITY_MEMORY, "three on each of two hosts");
	_room(2, 6, CAPACITY_MEMORY, "sources on one host share it");
	sources[2].memory_need = 512;
	sources[3].memory_need = 512;
	_room(2, 10, CAPACITY_NO_LIMIT, "small clones count first");
	_room(0, 6, CAPACITY_MEMORY, "for those who may have them");
	sets[0].kinds[CAPACITY_WAITING] = 4;
	_room(0, 2, CAPACITY_MEMORY, "who waits has his room");
	sources[0].memory_free = 100;
	_room(0, 0, CAPACITY_MEMORY, "a host is full");
	is_int((int64_t) verdicts[0].which, 0, "and named");

	_start();
	for (int i = 0; i < SOURCES; i++)
		sources[i].space_free = 350;
	_room(0, 3, CAPACITY_SPACE, "hosts share a datastore");
	sources[1].store = 1;
	_room(0, 6, CAPACITY_SPACE, "or do not");
	for (int i = 0; i < SOURCES; i++)
		sources[i].memory_free = 1024;
	_room(0, 2, CAPACITY_MEMORY, "the shorter one counts");
}

static void _fitness(void)
{
	_start();
	for (int i = 0; i < SOURCES; i++)
		sources[i].memory_free = 2 * 1024;
	sources[0].usable = false;
	_room(0, 2, CAPACITY_MEMORY, "a source that is off has no room");
	sources[1].usable = false;
	_room(0, 0, CAPACITY_SOURCES, "none is left");
	is_int((int64_t) verdicts[0].which, 0, "of that template");
	_room(2, 4, CAPACITY_MEMORY, "the other template serves");
}

static void _rates(void)
{
	_start();
	templates[0].clone_us = 200 * S;
	templates[0].boot_us = 100 * S;
	sources[0].lanes = sources[1].lanes = 1;
	_room(0, 4, CAPACITY_LANES, "two turns of two lanes until then");
	sets[0].kinds[CAPACITY_WAITING] = 3;
	_room(0, 1, CAPACITY_LANES, "behind those who wait");
	sets[0].kinds[CAPACITY_WAITING] = 0;
	templates[0].clone_us = 6000 * S;
	_room(0, 2, CAPACITY_LANES, "bad experience leaves one turn");
	facts.deadline_us = 0;
	_room(0, 10, CAPACITY_NO_LIMIT, "Slurm's time-out is not known");
}

static void _unknown(void)
{
	_start();
	for (int i = 0; i < SOURCES; i++)
		sources[i] = (struct capacity_source) { .template = i / 2u };
	_room(0, 10, CAPACITY_NO_LIMIT, "vCenter is away: nothing is short");
	sets[0].kinds[CAPACITY_OPEN] = 4;
	sets[0].kinds[CAPACITY_CLOSED] = 6;
	for (int i = 0; i < 10; i++, now += 60 * S)
		if (_weigh(0)->open || verdicts[0].close)
			break;
	ok(!verdicts[0].open && !verdicts[0].close, "what is, stays");
	sets[0].limit = 1;
	is_int((int64_t) _weigh(0)->close, 3, "but numbers count");
}

/* --- in time ------------------------------------------------------------ */

static void _memory(int64_t free)
{
	for (int i = 0; i < SOURCES; i++)
		sources[i].memory_free = free;
}

static void _exact(void)
{
	_start();
	sets[0].limit = 4;
	is_int((int64_t) _weigh(0)->close, 6, "a number counts at once");
	_obey(0);
	is_int((int64_t) _weigh(0)->close, 0, "and once");
	sets[0].kinds[CAPACITY_OPEN] -= 3;
	sets[0].kinds[CAPACITY_CLONE] += 3;
	ok(!_weigh(0)->close && !verdicts[0].open, "a job changes nothing");
	sets[0].kinds[CAPACITY_CLONE] -= 3;
	sets[0].kinds[CAPACITY_WAITING] += 3;
	ok(!_weigh(0)->close && !verdicts[0].open, "nor does its end");
	sets[0].kinds[CAPACITY_WAITING] -= 3;
	sets[0].kinds[CAPACITY_OPEN] += 3;
	ok(!_weigh(0)->close && !verdicts[0].open, "nor the end of all");
	sets[0].limit = 6;
	is_int((int64_t) _weigh(0)->open, 2, "more is given back at once");
	_obey(0);
	sets[0].limit = 0;
	is_int((int64_t) _weigh(0)->open, 4, "all, when there is no limit");
}

static void _settles(void)
{
	_start();
	_memory(4 * 1024);
	is_int((int64_t) _weigh(0)->close, 0, "a fact must last");
	now += CAPACITY_SETTLE - 1;
	is_int((int64_t) _weigh(0)->close, 0, "a while");
	now++;
	is_int((int64_t) _weigh(0)->close, 2, "then it counts");
	_obey(0);
	_memory(5 * 1024 + 511);
	(void) _weigh(0);
	now += 10 * CAPACITY_CALM;
	is_int((int64_t) _weigh(0)->open, 0, "no room for half a clone more");
	_memory(5 * 1024 + 512);
	is_int((int64_t) _weigh(0)->open, 0, "there is");
	now += CAPACITY_SETTLE;
	is_int((int64_t) _weigh(0)->open, 2, "and it lasts");
	_obey(0);
	_memory(4 * 1024);
	(void) _weigh(0);
	now += CAPACITY_SETTLE;
	is_int((int64_t) _weigh(0)->close, 2, "gone again");
	_obey(0);
	_memory(64 * 1024);
	(void) _weigh(0);
	now += CAPACITY_SETTLE;
	is_int((int64_t) _weigh(0)->open, 0, "not so soon after that");
	now += CAPACITY_CALM;
	is_int((int64_t) _weigh(0)->open, 2, "but then");
}

/* A fact that swings costs Slurm few changes. */
static void _swings(void)
{
	unsigned changes = 0;

	_start();
	for (int i = 0; i < 3600; i++, now += S) {
		_memory(i % 5 < 2 ? 4 * 1024 : 64 * 1024);
		(void) _weigh(0);
		changes += verdicts[0].open || verdicts[0].close;
		_obey(0);
	}
	is_int(changes, 0, "seconds do not count");
	for (int i = 0; i < 3600; i++, now += S) {
		_memory(i / 20 % 2 ? 4 * 1024 : 64 * 1024);
		(void) _weigh(0);
		changes += verdicts[0].open || verdicts[0].close;
		_obey(0);
	}
	ok(changes > 10 && changes <= 2 * 3600 / 40,
	   "%u changes in an hour that swings each 20 s", changes);
	now -= 1800 * S;
	_memory(64 * 1024);
	for (int i = 0; i < 60; i++, now += S) {
		(void) _weigh(0);
		_obey(0);
	}
	is_int((int64_t) sets[0].kinds[CAPACITY_OPEN], 10,
	       "a clock that was set back stops nothing");
}

/* --- names -------------------------------------------------------------- */

static struct record rec;

static void _name(enum phase phase, struct nodeview view)
{
	if (record_init(&rec, "hpc1", "vm1", NULL) < 0)
		bail_out("record");
	rec.phase = phase;
	rec.view = view;
	rec.view.seen = T0;
}

#define NAME(in_phase, ...) \
	_name(PHASE_##in_phase, (struct nodeview) { __VA_ARGS__ })
#define IS(want, what) is_int(capacity_kind(&rec), CAPACITY_##want, what)
#define OFF .base = NODE_IDLE, .powered_down = true

static void _kinds(void)
{
	NAME(ABSENT, OFF);
	IS(OPEN, "a free name");
	text_copy(rec.admin_drain, sizeof(rec.admin_drain), "disk");
	IS(OUT, "an admin's drain, before it is set again");
	NAME(ABSENT, OFF, .drain = true, .reason = FAILURE_CAPACITY " x");
	IS(CLOSED, "our drain");
	ok(!capacity_is_late(&rec), "where it belongs");
	text_copy(rec.quarantine, sizeof(rec.quarantine), "?");
	IS(OUT, "in quarantine");
	NAME(ABSENT, OFF, .drain = true, .reason = "disk");
	IS(OUT, "an admin's drain");
	NAME(ABSENT, OFF, .drain = true, .reason = "sclone: (CONFIG) no");
	IS(OUT, "another drain of sclone's");
	NAME(ABSENT, OFF, .not_responding = true);
	IS(OPEN, "one that was undrained by hand");
	NAME(ABSENT, .base = NODE_DOWN, .powered_down = true);
	IS(OUT, "a node that is down");
	NAME(ABSENT, .base = NODE_IDLE);
	IS(OUT, "one that is up without VM");
	NAME(ABSENT, .base = NODE_ALLOCATED, .powered_down = true);
	IS(WAITING, "just allocated");
	NAME(ABSENT, .base = NODE_IDLE, .powering_down = true);
	IS(WAITING, "free in a moment");
	NAME(ABSENT, .base = NODE_IDLE, .powering_down = true, .drain = true,
	     .reason = "disk");
	IS(OUT, "an admin's");
	NAME(REQUESTED, .base = NODE_ALLOCATED, .powering_up = true);
	IS(WAITING, "without a lane yet");
	rec.view.drain = true;
	text_copy(rec.view.reason, sizeof(rec.view.reason), FAILURE_CAPACITY);
	ok(capacity_is_late(&rec), "our drain came too late");
	NAME(READY, .base = NODE_ALLOCATED);
	IS(CLONE, "at work");
	NAME(RELEASING, .base = NODE_IDLE, .powering_down = true);
	IS(CLONE, "its VM is still there");
	NAME(ABSENT, OFF);
	rec.view.seen = 0;
	IS(OUT, "Slurm has not shown it");
}

static void _reasons(void)
{
	char reason[64];

	for (int limit = 0; limit < CAPACITY_LIMITS; limit++) {
		capacity_reason((enum capacity_limit) limit, "esx02", 3,
				reason, sizeof(reason));
		ok(failure_is_capacity(reason) && failure_is_ours(reason) &&
		   !failure_is_passing(reason), "%s", reason);
	}
	capacity_reason(CAPACITY_MEMORY, "esx02", 0, reason, sizeof(reason));
	is_str(reason, "sclone: (capacity) memory of esx02", "what is short");
	capacity_reason(CAPACITY_TEMPLATE, "rocky9", 7, reason,
			sizeof(reason));
	is_str(reason, "sclone: (capacity) MaxClones=7 of rocky9", "and why");
	ok(failure_is_capacity(FAILURE_ISOLATION " partition vm") &&
	   failure_is_isolation(FAILURE_ISOLATION " partition vm") &&
	   !failure_is_isolation(FAILURE_CAPACITY " lanes of rocky9") &&
	   !failure_is_isolation("sclone: (ISOLATION) partition vm"),
	   "a partition that shares is a reason of its own");
	ok(!failure_is_capacity("sclone: (CAPACITY) no room") &&
	   !failure_is_capacity("sclone: (capacity)?") &&
	   !failure_is_capacity("my sclone: (capacity)") &&
	   !failure_is_capacity("") && !failure_is_capacity(NULL),
	   "other reasons are not ours");
}

int main(void)
{
	_limits();
	_rooms();
	_fitness();
	_rates();
	_unknown();
	_exact();
	_settles();
	_swings();
	_kinds();
	_reasons();
	return done_testing();
}
