/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test of a source: what is asked of Slurm when, what it says of the
 * source, and that a failure is tried nowhere else. */
#include "engine_scene.h"

#include "common/rules/text.h"
#include "common/rules/trial.h"
#include "scloned/trial_row.h"

static struct trial trial;

static void _order(void)
{
	_start();
	trial = (struct trial) { .source = SOURCE, .node = "vm1",
				 .template_name = "rocky9", .who = "root",
				 .since = now, .limit = 120 * S };
}

static enum trial_wish _go(void)
{
	return trial_go(&trial, &rec, now);
}

#define WISH(wish, what) is_int(_go(), TRIAL_##wish, what)

/* Slurm asks for the node, which comes as far as its guest's word. */
static void _identified(void)
{
	_order();
	text_set(trial.request, "r1");
	DO(REQUESTED, .id = "r1", .asked = now, .deadline = now + 120 * S,
	   .template_name = "rocky9", .source = SOURCE);
	DO(ADMITTED, .source = SOURCE);
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	DO(IDENTIFIED);
	WISH(WAIT, "on its way");
	now += S;
}

/* Gone, and Slurm has taken the name back. */
static void _end(void)
{
	_finish();
	WISH(WAIT, "Slurm is to be told first");
	now += S;
	LOOKS(GOING);
	DONE(NODE_RESUME);
	WISH(WAIT, "and seen to have it");
	now += S;
	VIEW(GONE);
	WISH(OVER, "then all is gone");
	ok(trial.at[PHASE_RELEASING] && trial.epoch == rec.epoch,
	   "the times and the cycle are kept");
}

static void _good(void)
{
	_order();
	WISH(POWER_UP, "at first Slurm is asked for the node");
	VIEW(.base = NODE_IDLE, .powered_down = true, .powering_up = true);
	WISH(WAIT, "once it is at it");
	_identified();
	NO_ACT(SLURM_MARK, "a node without job");
	VIEW(.base = NODE_IDLE);
	IN(READY, "it registered");
	WISH(POWER_DOWN, "that is enough");
	ok(trial.judged && trial.passed, "passed");
	now += S;
	DO(SUSPENDED, .asked = now);
	WISH(WAIT, "released");
	_end();
	ok(trial.passed, "what is judged stays so");
}

static void _failed(enum trial_step step, const char *why)
{
	WISH(WAIT, "it is judged, and released");
	ok(trial.judged && !trial.passed, "failed");
	is_str(trial_step_name(trial.step), trial_step_name(step), "there");
	has_str(trial.why, why, "and why");
	ok(*trial_advice(trial.step), "and what next");
}

static void _guest(void)
{
	_identified();
	DO(GUEST_FAILED, .text = "10-mount: exit status 1");
	ok(!rec.next.used, "it is tried nowhere else");
	ok(out.tested && out.failed == CAUSE_GUEST,
	   "the outcome says whose it is");
	_failed(TRIAL_REGISTRATION, "10-mount");
	now += S;
	LOOKS(.base = NODE_IDLE, .powering_up = true);
	ACTS(SLURM_FORCE_DOWN, "Slurm is told");
	DONE(FORCE_DOWN);
	_end();
}

static void _silent(void)
{
	_identified();
	now = rec.req.deadline;
	DO(TICK);
	LOOKS(.base = NODE_IDLE, .powering_up = true);
	_failed(TRIAL_REGISTRATION, "deadline");
}

static void _human(void)
{
	_order();
	text_set(trial.request, "r1");
	DO(REQUESTED, .id = "r1", .asked = now, .deadline = now + 120 * S,
	   .template_name = "rocky9", .source = SOURCE);
	DO(ADMITTED, .source = SOURCE);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_CONFIG,
	   .text = "NotSupported");
	ok(!rec.needs_human, "no drain waits for a human: one asked");
	_failed(TRIAL_CLONE, "NotSupported");
}

/* Busy is no fault of the source's. */
static void _busy(void)
{
	_order();
	text_set(trial.request, "r1");
	DO(REQUESTED, .id = "r1", .asked = now, .deadline = now + 120 * S,
	   .template_name = "rocky9", .source = SOURCE);
	DO(ADMITTED, .source = SOURCE);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_BUSY,
	   .text = "TaskInProgress");
	IN(REQUESTED, "it is tried again");
	is_str(rec.req.only, SOURCE, "on the same source");
	WISH(WAIT, "so the test goes on");
	ok(!trial.judged, "and nothing is said yet");
}

static void _drained(void)
{
	_identified();
	VIEW(.base = NODE_IDLE, .drain = true, .reason = "Low RealMemory");
	WISH(POWER_DOWN, "it registered");
	ok(trial.judged && !trial.passed, "but Slurm drained it: failed");
	has_str(trial.why, "Low RealMemory", "which is said");
	is_str(rec.admin_drain, "", "and is no admin's drain to be kept");
}

static void _unasked(void)
{
	_order();
	now += 119 * S;
	WISH(POWER_UP, "Slurm is asked until the limit");
	now += S;
	WISH(OVER, "then it is over");
	ok(!trial.passed && trial.step == TRIAL_RESUME, "it did not resume");

	_reach(PHASE_READY);		/* somebody else's */
	_order();
	_request("other", 7);
	WISH(WAIT, "a node in use is waited for");
	text_set(trial.request, "r1");
	WISH(OVER, "but not when the test's own request is gone");
	ok(!trial.passed, "which is a failure");
}

static void _rows(void)
{
	cleanup_json struct json *row = NULL, *shown = NULL;
	struct err err = ERR_INIT;
	struct trial read;

	_guest();
	trial.ended = now;
	row = trial_row(&trial);
	shown = trial_row_shown(&trial);
	if (!row || !shown || trial_row_read(row, &read, &err) < 0)
		bail_out("rows: %s", err.text);
	ok(!strcmp(read.source, trial.source) &&
	   !strcmp(read.request, trial.request) &&
	   !strcmp(read.why, trial.why) && read.cause == trial.cause &&
	   read.step == trial.step && read.judged && !read.passed &&
	   read.epoch == trial.epoch && read.ended == trial.ended &&
	   !memcmp(&read.at[PHASE_REQUESTED], &trial.at[PHASE_REQUESTED],
		   sizeof(read.at) - sizeof(read.at[0])),
	   "a row of the journal tells all of it");
	is_str(json_str(json_get(shown, "result")), "failed",
	       "an answer its result");
	is_str(json_str(json_get(shown, "code")), "GUEST", "and code");
	ok(trial_row_read(shown, &read, &err) < 0,
	   "an answer is no row of the journal");
}

int main(void)
{
	_good();
	_guest();
	_silent();
	_human();
	_busy();
	_drained();
	_unasked();
	_rows();
	return done_testing();
}
