/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconcile table, whole; sightings; brake. */
#include <string.h>

#include "common/rules/reconcile.h"
#include "tap.h"

#define S INT64_C(1000000)

/* Laws that every combination must keep. */
static void _laws(struct reconcile_row row, int st, int si, int no)
{
	bool ends = row.event != EVENT_FOUND || no != RECONCILE_UP;

	if (!row.found)
		return;
	if (!row.odd)
		bail_out("%d/%d/%d acts unseen", st, si, no);
	if (no == RECONCILE_UNKNOWN || no == RECONCILE_MISSING ||
	    si == SIGHT_UNKNOWN || st == STAGE_ENDING)
		bail_out("%d/%d/%d acts blindly", st, si, no);
	if (no == RECONCILE_DOWN)
		bail_out("%d/%d/%d overrules an admin", st, si, no);
	if (row.unasked && !row.twice)
		bail_out("%d/%d/%d is hasty", st, si, no);
	if (si == SIGHT_FOREIGN &&
	    (st == STAGE_ABSENT || row.event == EVENT_FOUND))
		bail_out("%d/%d/%d takes a foreign VM", st, si, no);
	/* What a job may be on ends twice seen and under the brake only. */
	if (no == RECONCILE_UP && ends && !row.unasked)
		bail_out("%d/%d/%d ends a node that is up", st, si, no);
}

static void _whole_table(void)
{
	unsigned rows = 0, acting = 0;

	for (int st = 0; st < STAGES; st++)
		for (int si = 0; si < SIGHTS; si++)
			for (int no = 0; no < RECONCILE_NODES; no++) {
				struct reconcile_row row = reconcile_row(
					(enum reconcile_stage) st,
					(enum reconcile_sight) si,
					(enum reconcile_node) no);

				rows++;
				acting += row.found;
				if (!row.text)
					bail_out("%d/%d/%d: no text", st, si,
						 no);
				_laws(row, st, si, no);
			}
	is_int(rows, STAGES * SIGHTS * RECONCILE_NODES, "every row");
	ok(acting > 30, "%u of them act", acting);
}

static void _row(enum reconcile_stage stage, enum reconcile_sight sight,
		 enum reconcile_node node, const char *want, bool unasked)
{
	struct reconcile_row row = reconcile_row(stage, sight, node);

	is_str(row.found ? event_name(row.event) : "none", want, row.text);
	is_int(row.unasked, unasked, "braked or not");
}

static void _rows(void)
{
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_OFF, "none", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_OFF, "FOUND", true);
	_row(STAGE_ABSENT, SIGHT_OLDER, RECONCILE_GOING, "FOUND", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_UP, "none", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_MISSING, "none", false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_STUCK, "RESUME_FAILED",
	     false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_GOING, "SUSPENDED", false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_BOOTING, "CONDEMN", true);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_UP, "CONDEMN", true);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_DOWN, "none", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_STUCK, "FOUND", true);
	_row(STAGE_ABSENT, SIGHT_FOREIGN, RECONCILE_OFF, "none", false);
	_row(STAGE_ABSENT, SIGHT_FOREIGN, RECONCILE_UP, "none", false);
	_row(STAGE_ABSENT, SIGHT_FOREIGN, RECONCILE_GOING, "none", false);
	_row(STAGE_COMING, SIGHT_NONE, RECONCILE_BOOTING, "none", false);
	_row(STAGE_COMING, SIGHT_OURS, RECONCILE_OFF, "CONDEMN", true);
	_row(STAGE_COMING, SIGHT_NONE, RECONCILE_STUCK, "RESUME_FAILED",
	     false);
	_row(STAGE_COMING, SIGHT_NEWER, RECONCILE_UP, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_UP, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_DOWN, "none", false);
	_row(STAGE_USING, SIGHT_NEWER, RECONCILE_UP, "FOUND", false);
	_row(STAGE_USING, SIGHT_NEWER, RECONCILE_GOING, "FOUND", false);
	_row(STAGE_USING, SIGHT_NEWER, RECONCILE_OFF, "FOUND", true);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_OFF, "SUSPENDED", false);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_STUCK, "RESUME_FAILED",
	     false);
	_row(STAGE_ENDING, SIGHT_NEWER, RECONCILE_OFF, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_OFF, "CONDEMN", true);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_GOING, "SUSPENDED", false);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_UP, "VM_LOST", true);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_UNKNOWN, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_STUCK, "RESUME_FAILED",
	     true);
}

/* A VM of ours, born then, without record. */
static enum reconcile_when _see(struct reconcile_count *count,
				enum reconcile_node node, int64_t born,
				int64_t now)
{
	return reconcile_confirm(count, STAGE_ABSENT, SIGHT_OLDER, node,
				 (uint64_t) born, true, now);
}

static void _sightings(void)
{
	struct reconcile_count count = { 0 };
	int64_t now = 1000 * S;

	is_int(_see(&count, RECONCILE_GOING, now, now), RECONCILE_NOW,
	       "Slurm asks: at once");
	is_int(_see(&count, RECONCILE_OFF, 1, now), RECONCILE_AGAIN,
	       "else not at first sight");
	is_int(_see(&count, RECONCILE_OFF, 1, now + 59 * S), RECONCILE_AGAIN,
	       "nor too soon");
	is_int(_see(&count, RECONCILE_OFF, 1, now + 60 * S), RECONCILE_NOW,
	       "then");
	is_int(_see(&count, RECONCILE_UP, 1, now + 61 * S), RECONCILE_NOW,
	       "in order between");
	is_int(_see(&count, RECONCILE_OFF, 1, now + 99 * S), RECONCILE_AGAIN,
	       "starts anew");
	is_int(_see(&count, RECONCILE_OFF, 2, now + 199 * S), RECONCILE_AGAIN,
	       "and so does another VM");
	is_int(_see(&count, RECONCILE_OFF, 2, now + 150 * S), RECONCILE_AGAIN,
	       "and a clock that goes back");
	is_int(_see(&count, RECONCILE_OFF, now + 90 * S, now + 300 * S),
	       RECONCILE_AGE, "a young VM is let be");
	is_int(_see(&count, RECONCILE_OFF, now + 90 * S, now + 400 * S),
	       RECONCILE_NOW, "aged");
	is_int(_see(&count, RECONCILE_STUCK, 1, now + 401 * S),
	       RECONCILE_AGAIN, "something else is a first sight again");
	is_int(_see(&count, RECONCILE_OFF, 9000 * S, now + 500 * S),
	       RECONCILE_AGE, "an epoch of the future");
	is_int(_see(&count, RECONCILE_OFF, 9000 * S, now + 801 * S),
	       RECONCILE_NOW, "does not protect for ever");
	count = (struct reconcile_count) { 0 };
	(void) reconcile_confirm(&count, STAGE_ABSENT, SIGHT_NONE,
				 RECONCILE_UP, (uint64_t) now, false, now);
	is_int(reconcile_confirm(&count, STAGE_ABSENT, SIGHT_NONE,
				 RECONCILE_UP, (uint64_t) now, false,
				 now + 60 * S), RECONCILE_NOW,
	       "no VM has no age");
}

static void _limits(void)
{
	ok(!reconcile_brake(4, 10), "four may always go");
	ok(reconcile_brake(5, 64), "five of 64 may not");
	ok(!reconcile_brake(10, 200), "one in twenty may");
	ok(reconcile_brake(11, 200), "more may not");
	ok(!reconcile_calm(false, 0, 1000 * S), "Slurm is away");
	ok(!reconcile_calm(true, 900 * S, 1000 * S), "Slurm just started");
	ok(reconcile_calm(true, 800 * S, 1000 * S), "calm");
	ok(reconcile_calm(true, 1800 * S, 1000 * S),
	   "Slurm started before the clock was set back");
}

static int _node(struct nodeview view)
{
	view.seen = 10;
	return reconcile_node(&view, false);
}

static void _views(void)
{
	struct nodeview view = { .base = NODE_IDLE };
	struct record rec = { .epoch = 5, .last_epoch = 7 };

	is_int(reconcile_node(&view, false), RECONCILE_UNKNOWN, "never seen");
	is_int(reconcile_node(&view, true), RECONCILE_MISSING, "not there");
	view.seen = 9;
	is_int(reconcile_node(&view, true), RECONCILE_MISSING, "not any more");
	is_int(_node((struct nodeview) { .base = NODE_UNKNOWN }),
	       RECONCILE_UNKNOWN, "no state");
	is_int(_node((struct nodeview) { .base = NODE_IDLE }), RECONCILE_UP,
	       "up");
	is_int(_node((struct nodeview) { .base = NODE_IDLE,
					 .powered_down = true }),
	       RECONCILE_OFF, "off");
	is_int(_node((struct nodeview) { .base = NODE_IDLE,
					 .powered_down = true,
					 .not_responding = true }),
	       RECONCILE_STUCK, "never scheduled");
	is_int(_node((struct nodeview) { .base = NODE_ALLOCATED,
					 .powered_down = true,
					 .not_responding = true }),
	       RECONCILE_BOOTING, "about to boot");
	is_int(_node((struct nodeview) { .base = NODE_DOWN,
					 .reason = "ResumeTimeout reached" }),
	       RECONCILE_STUCK, "ResumeTimeout");
	is_int(_node((struct nodeview) { .base = NODE_DOWN,
					 .reason = "sclone: (LOST) x" }),
	       RECONCILE_STUCK, "down by sclone");
	is_int(_node((struct nodeview) { .base = NODE_DOWN }),
	       RECONCILE_STUCK, "down for no reason");
	is_int(_node((struct nodeview) { .base = NODE_DOWN,
					 .reason = "bad DIMM" }),
	       RECONCILE_DOWN, "down by an admin");
	is_int(reconcile_stage(PHASE_CLONING), STAGE_COMING, "cloning");
	is_int(reconcile_stage(PHASE_CLONED), STAGE_USING, "cloned");
	is_int(reconcile_stage(PHASE_CONDEMNED), STAGE_ENDING, "condemned");
	is_int(reconcile_sight(&rec, 5), SIGHT_OURS, "of its epoch");
	is_int(reconcile_sight(&rec, 6), SIGHT_OLDER, "of one before");
	is_int(reconcile_sight(&rec, 8), SIGHT_NEWER, "of one it never had");
}

/* Whatever the clocks say: nothing overflows, nothing is hasty. */
static void _extreme_times(void)
{
	static const int64_t times[] = {
		INT64_MIN, INT64_MIN + 1, -1, 0, 1, RECONCILE_GAP,
		INT64_MAX - 1, INT64_MAX
	};
	const unsigned count = sizeof(times) / sizeof(times[0]);
	unsigned hasty = 0, due = 0;

	for (unsigned i = 0; i < count * count * count; i++) {
		int64_t born = times[i % count];
		int64_t first = times[i / count % count];
		int64_t then = times[i / count / count];
		struct reconcile_count seen = { 0 };
		bool now;

		(void) _see(&seen, RECONCILE_OFF, born, first);
		now = _see(&seen, RECONCILE_OFF, born, then) == RECONCILE_NOW;
		due += now;
		hasty += now && then <= first;
	}
	is_int(hasty, 0, "a second sighting comes later than the first");
	ok(due > 0, "%u are due", due);
	for (unsigned i = 0; i < count * count; i++) {
		int64_t start = times[i % count], now = times[i / count];

		if (reconcile_calm(true, start, now) && start <= now &&
		    start >= 0 && now - start < RECONCILE_CALM)
			hasty++;
		if (reconcile_calm(false, start, now))
			hasty++;
	}
	is_int(hasty, 0, "nothing is calm too soon");
}

/* Never more than 4 or 5 %, whatever the numbers. */
static void _extreme_brake(void)
{
	static const size_t numbers[] = { 0, 1, 4, 5, 80, 99, 100, 101, 119,
					  120, SIZE_MAX / 20, SIZE_MAX };
	const unsigned count = sizeof(numbers) / sizeof(numbers[0]);
	unsigned wrong = 0;

	for (unsigned i = 0; i < count * count; i++) {
		size_t ends = numbers[i % count], vms = numbers[i / count];
		bool many = ends > 4 && ends > vms / 20;

		wrong += reconcile_brake(ends, vms) != many;
	}
	is_int(wrong, 0, "the brake at its limits");
}

int main(void)
{
	_whole_table();
	_rows();
	_sightings();
	_limits();
	_views();
	_extreme_times();
	_extreme_brake();
	return done_testing();
}
