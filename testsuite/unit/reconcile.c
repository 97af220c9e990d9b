/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconcile table, whole; sightings; brake. */
#include <string.h>

#include "common/rules/reconcile.h"
#include "tap.h"

#define S INT64_C(1000000)

/* Laws that every combination must keep. */
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
				if (row.found &&
				    (no == RECONCILE_UNKNOWN ||
				     no == RECONCILE_MISSING ||
				     si == SIGHT_UNKNOWN ||
				     st == STAGE_ENDING))
					bail_out("%d/%d/%d acts blindly", st,
						 si, no);
				if (row.unasked && !row.twice)
					bail_out("%d/%d/%d is hasty", st, si,
						 no);
				if (row.found && si == SIGHT_FOREIGN &&
				    row.event == EVENT_FOUND)
					bail_out("%d/%d/%d takes a foreign "
						 "VM", st, si, no);
			}
	is_int(rows, STAGES * SIGHTS * RECONCILE_NODES, "every row");
	ok(acting > 20, "%u of them act", acting);
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
	_row(STAGE_ABSENT, SIGHT_OTHER, RECONCILE_GOING, "FOUND", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_UP, "none", false);
	_row(STAGE_ABSENT, SIGHT_OURS, RECONCILE_MISSING, "none", false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_STUCK, "RESUME_FAILED",
	     false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_GOING, "SUSPENDED", false);
	_row(STAGE_ABSENT, SIGHT_NONE, RECONCILE_BOOTING, "CONDEMN", false);
	_row(STAGE_ABSENT, SIGHT_FOREIGN, RECONCILE_OFF, "none", false);
	_row(STAGE_COMING, SIGHT_NONE, RECONCILE_BOOTING, "none", false);
	_row(STAGE_COMING, SIGHT_OURS, RECONCILE_OFF, "CONDEMN", true);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_UP, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_OFF, "CONDEMN", true);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_GOING, "SUSPENDED", false);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_UP, "VM_LOST", false);
	_row(STAGE_USING, SIGHT_NONE, RECONCILE_UNKNOWN, "none", false);
	_row(STAGE_USING, SIGHT_OURS, RECONCILE_STUCK, "RESUME_FAILED",
	     false);
}

static bool _see(struct reconcile_count *count, enum reconcile_node node,
		 int64_t born, int64_t now)
{
	return reconcile_confirm(count, STAGE_ABSENT, SIGHT_OURS, node, 5,
				 born, now);
}

static void _sightings(void)
{
	struct reconcile_count count = { 0 };
	int64_t now = 1000 * S;

	ok(_see(&count, RECONCILE_GOING, now, now), "Slurm asks: at once");
	ok(!_see(&count, RECONCILE_OFF, 1, now), "else not at first sight");
	ok(!_see(&count, RECONCILE_OFF, 1, now + 59 * S), "nor too soon");
	ok(_see(&count, RECONCILE_OFF, 1, now + 60 * S), "then");
	ok(!_see(&count, RECONCILE_UP, 1, now + 61 * S), "in order between");
	ok(!_see(&count, RECONCILE_OFF, 1, now + 99 * S), "starts anew");
	ok(!_see(&count, RECONCILE_OFF, now + 90 * S, now + 300 * S),
	   "a young VM is let be");
	ok(_see(&count, RECONCILE_OFF, now + 90 * S, now + 400 * S), "aged");
	ok(!_see(&count, RECONCILE_STUCK, 1, now + 401 * S),
	   "something else is a first sight again");
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
}

static void _views(void)
{
	struct nodeview view = { .base = NODE_IDLE };

	is_int(reconcile_node(&view), RECONCILE_UNKNOWN, "never seen");
	view.seen = 1;
	is_int(reconcile_node(&view), RECONCILE_UP, "up");
	view.powered_down = true;
	is_int(reconcile_node(&view), RECONCILE_OFF, "off");
	view.not_responding = true;
	is_int(reconcile_node(&view), RECONCILE_STUCK, "never scheduled");
	view.not_responding = false;
	view.base = NODE_ALLOCATED;
	is_int(reconcile_node(&view), RECONCILE_BOOTING, "about to boot");
	view.base = NODE_DOWN;
	is_int(reconcile_node(&view), RECONCILE_STUCK, "ResumeTimeout");
	is_int(reconcile_stage(PHASE_CLONING), STAGE_COMING, "cloning");
	is_int(reconcile_stage(PHASE_CLONED), STAGE_USING, "cloned");
	is_int(reconcile_stage(PHASE_CONDEMNED), STAGE_ENDING, "condemned");
}

int main(void)
{
	_whole_table();
	_rows();
	_sightings();
	_limits();
	_views();
	return done_testing();
}
