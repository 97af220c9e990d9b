/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of failures (rules/failure.c, sclone-reasons(7)) against the
 * engine: each code, given as the end of a clone's submission, leads to what
 * its row says.
 */
#include <stdio.h>

#include "common/rules/backoff.h"
#include "engine_scene.h"

#define NODES 500

static void _submit_fails(enum cause cause)
{
	if (rec.phase != PHASE_REQUESTED)
		bail_out("not requested");
	if (now < rec.req.not_before)
		now = rec.req.not_before;
	DO(ADMITTED, .source = SOURCE);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = cause, .text = "x");
}

static const char *_name(enum cause cause)
{
	return failure_of(cause)->name;
}

/* The VM may exist: nothing is repeated before that is known. */
static void _looks(enum cause cause)
{
	ok(_find(ACTION_LOOK_UP) && rec.phase == PHASE_ADMITTED,
	   "%s: looked up first", _name(cause));
	ok(rec.tell == TELL_NOTHING && !rec.req.attempts, "%s: no failure yet",
	   _name(cause));
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	now = out.wake;
	DO(TICK);
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	ok(rec.phase == PHASE_REQUESTED && rec.req.attempts == 1,
	   "%s: absent, so once more", _name(cause));
}

static void _again(enum cause cause, uint64_t epoch)
{
	ok(rec.phase == PHASE_REQUESTED && rec.epoch > epoch &&
	   rec.tell == TELL_NOTHING, "%s: tried again, as another epoch",
	   _name(cause));
	is_int(rec.req.deadline, T0 + 100 * S, "inside the same deadline");
}

static void _elsewhere(enum cause cause, uint64_t epoch)
{
	_again(cause, epoch);
	ok(!strcmp(rec.req.avoid, SOURCE) && rec.req.not_before == now,
	   "%s: rather on another source, at once", _name(cause));
	_submit_fails(cause);
	ok(rec.req.not_before > now && rec.req.not_before <= now + conf.pause,
	   "%s: the next time after a pause", _name(cause));
	for (uint32_t i = 2; i < conf.max_attempts; i++)
		_submit_fails(cause);
	ok(rec.tell == TELL_JOB && rec.tell_cause == cause,
	   "%s: after so many attempts the job is told", _name(cause));
	ok(!rec.needs_human, "%s: and the node comes back", _name(cause));
}

/* For as long as there is time: attempts do not count. */
static void _lasts(enum cause cause)
{
	int64_t longest = 0, before = now;
	int tries = 1;

	while (rec.phase == PHASE_REQUESTED && tries < 100) {
		before = now;
		_submit_fails(cause);
		tries++;
		if (now - before > longest)
			longest = now - before;
	}
	ok(tries > 4 && now == T0 + 100 * S - conf.least_time,
	   "%s: %d tries, the last one when it just makes it", _name(cause),
	   tries);
	ok(longest > 8 * conf.pause / 2, "%s: with longer pauses",
	   _name(cause));
	ok(rec.tell == TELL_JOB && rec.tell_cause == cause,
	   "%s: no time is left: the job is told why", _name(cause));
	ok(now < T0 + 100 * S, "%s: before the deadline", _name(cause));
}

static void _waits(enum cause cause, uint64_t epoch)
{
	_again(cause, epoch);
	is_str(rec.req.avoid, "", "the source is not to blame");
	ok(rec.req.not_before > now && rec.req.not_before <= now + conf.pause,
	   "%s: after a pause", _name(cause));
	_lasts(cause);
}

/* Another source may have room now, this one later. */
static void _finds_room(enum cause cause, uint64_t epoch)
{
	_again(cause, epoch);
	ok(!strcmp(rec.req.avoid, SOURCE) && rec.req.not_before == now,
	   "%s: rather on another source, at once", _name(cause));
	_lasts(cause);

	_reach(PHASE_REQUESTED);
	_submit_fails(cause);
	now = T0 + 100 * S;
	DO(TICK);
	ok(rec.tell == TELL_JOB && rec.tell_cause == cause,
	   "%s: so it is when nobody tried to the end", _name(cause));
	ok(!rec.needs_human, "%s: and the node comes back", _name(cause));
}

static void _gives_up(enum cause cause, bool human)
{
	ok(rec.tell == TELL_JOB && rec.tell_cause == cause &&
	   rec.phase >= PHASE_CONDEMNED, "%s: the job is told at once",
	   _name(cause));
	is_int(rec.needs_human, human, "and the node waits for a human");
}

static void _ends(enum cause cause)
{
	uint64_t epoch;

	_reach(PHASE_REQUESTED);
	epoch = rec.epoch;
	_submit_fails(cause);
	switch (failure_of(cause)->cure) {
	case CURE_LOOK:
		_looks(cause);
		break;
	case CURE_ELSEWHERE:
		_elsewhere(cause, epoch);
		break;
	case CURE_ROOM:
		_finds_room(cause, epoch);
		break;
	case CURE_WAIT:
		_waits(cause, epoch);
		break;
	default:
		_gives_up(cause, failure_of(cause)->cure == CURE_HUMAN);
	}
}

/* Another try would go the same way. */
static void _end(void)
{
	_reach(PHASE_REQUESTED);
	DO(MISFIT, .job = 7, .cause = CAUSE_TEMPLATE, .text = "x");
	ok(rec.tell == TELL_END && rec.phase >= PHASE_CONDEMNED,
	   "TEMPLATE: the job is ended");
	ok(!rec.needs_human && !rec.next.used, "and the node comes back");
}

/* Nodes that failed together do not come back together. */
static void _spread(void)
{
	int64_t least = INT64_MAX, most = 0;
	unsigned slots[100] = { 0 }, fullest = 0;

	for (int i = 0; i < NODES; i++) {
		char node[16];
		int64_t pause;

		snprintf(node, sizeof(node), "vm%d", i);
		pause = backoff_pause(node, 1, 20, S, 60 * S);
		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
		slots[(pause - 1) / (60 * S / 100)]++;
	}
	for (int i = 0; i < 100; i++)
		fullest = slots[i] > fullest ? slots[i] : fullest;
	ok(least >= 30 * S && most <= 60 * S, "pauses are capped");
	ok(least < 33 * S && most > 57 * S && fullest < NODES / 10,
	   "%d of them are spread out", NODES);
}

/* The normal end is nobody's failure. */
static void _normal(void)
{
	is_int(failure_of(CAUSE_SUSPENDED)->cure, CURE_NONE,
	       "SUSPENDED: nothing more");
	_reach(PHASE_RELEASING);
	is_int(rec.cause, CAUSE_SUSPENDED, "the normal cause of an end");
	_finish();
	ok(rec.phase == PHASE_ABSENT && rec.tell == TELL_NOTHING &&
	   !rec.needs_human, "of which nobody is told");
}

int main(void)
{
	for (int cause = CAUSE_UNKNOWN; cause <= CAUSE_FATAL; cause++)
		_ends((enum cause) cause);
	_spread();
	_normal();
	_end();
	return done_testing();
}
