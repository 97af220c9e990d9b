/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules of drains: an admin's stays, sclone's own goes. */
#include "common/rules/capacity.h"
#include "common/rules/engine.h"
#include "common/rules/update.h"
#include "engine_scene.h"

static void _admin_drain(void)
{
	_reach(PHASE_READY);
	VIEW(UP, .drain = true, .reason = "bad DIMM");
	is_str(rec.admin_drain, "bad DIMM", "an admin's drain is remembered");
	now += S;
	DO(SUSPENDED, .asked = now);
	VIEW(GOING, .reason = "bad DIMM");
	is_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
	       "", "bad DIMM", "Slurm lost it: set again");
	DONE(DRAIN);
	_finish();
	LOOKS(GOING, .drain = true, .reason = "bad DIMM");
	NO_ACT(SLURM_NODE_RESUME, "it would clear the drain");
	NO_ACT(SLURM_UNDRAIN, "not ours");
	now += S;
	VIEW(GONE);
	QUIET("the admin's resume is respected");

	_reach(PHASE_READY);
	VIEW(UP, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(UP);
	DO(SUSPENDED, .asked = now);
	now += S;
	VIEW(GOING);
	NO_ACT(SLURM_DRAIN, "drained and resumed while up");
}

/* A drained node that is off is powered down once more. */
static void _drain_of_off(void)
{
	_start();
	VIEW(GONE, .drain = true, .reason = "bad DIMM");
	is_str(rec.admin_drain, "bad DIMM", "a drain of a node that is off");
	now += S;
	VIEW(GONE, .reason = "bad DIMM");
	ACTS(SLURM_DRAIN, "a power down has cleared the flag");
	DONE(DRAIN);
	now += S;
	VIEW(GONE, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(GONE);
	is_str(rec.admin_drain, "", "taken back, it leaves no reason");
	QUIET("and stays so");
}

/* Taken back when nobody looks. */
static void _drain_taken_back(void)
{
	_reach(PHASE_READY);
	VIEW(UP, .drain = true, .reason = "bad DIMM");
	DO(SUSPENDED, .asked = now);
	now += S;
	VIEW(GOING);
	is_str(rec.admin_drain, "", "taken back just before the suspend");

	_reach(PHASE_READY);
	VIEW(UP, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(GOING, .reason = "sclone: (GUEST) no luck");
	is_str(rec.admin_drain, "bad DIMM", "our reason tells nothing of it");
	now += S;
	VIEW(GOING, .reason = "Not responding");
	is_str(rec.admin_drain, "bad DIMM", "nor does Slurm's own");
	DONE(DRAIN);
	_finish();
	now += S;
	LOOKS(GOING, .drain = true, .reason = "bad DIMM");
	NO_ACT(SLURM_NODE_RESUME, "drained, the name is not given back");
	now += S;
	VIEW(GOING);
	ACTS(LOOK_UP, "taken back while Slurm waits: is the name still free?");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	ACTS(SLURM_NODE_RESUME, "it is");

	_start();
	VIEW(GONE, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(.base = NODE_DOWN, .powered_down = true, .drain = true,
	     .reason = "sclone: (UNPROVEN) it is not");
	NO_ACT(SLURM_DRAIN, "down for our reason, it is not to pass for his");

	_start();
	VIEW(GOING, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(GOING);
	ACTS(LOOK_UP, "without a record the name is not given back unseen");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 12, .vm = "vm-9",
	   .instance_uuid = UUID);
	ok(!rec.settle, "nor with a VM there");
}

/* Slurm clears the flag at the suspend and leaves the reason. */
static void _unseen_drain(void)
{
	_reach(PHASE_RELEASING);
	now += S;
	VIEW(GOING, .reason = "bad DIMM");
	ACTS(SLURM_DRAIN, "a drain set just before the suspend");
	DONE(DRAIN);
	now += S;
	VIEW(GOING, .drain = true, .reason = "bad DIMM");
	QUIET("set once");

	_reach(PHASE_RELEASING);
	now += S;
	VIEW(GOING, .reason = "Not responding");
	NO_ACT(SLURM_DRAIN, "Slurm's own reason is no drain");
	now += S;
	VIEW(GOING, .reason = "sclone: (GUEST) no network");
	NO_ACT(SLURM_DRAIN, "nor is ours");
}

#define LEFT .drain = true, .reason = "Epilog error"

/* Slurm drains a node whose job has left something there: that goes with its
 * VM, and the name is as good as before. */
static void _leftover(void)
{
	_reach(PHASE_READY);
	now += S;
	VIEW(UP, LEFT);
	is_str(rec.admin_drain, "", "not a word of an admin's");
	now += S;
	DO(SUSPENDED, .asked = now);
	now += S;
	VIEW(GOING, .reason = "Epilog error");
	is_str(rec.admin_drain, "", "nor is what Slurm leaves of it");
	_finish();
	NO_ACT(SLURM_DRAIN, "the name is not drained for it");
	ACTS(SLURM_NODE_RESUME, "but free");

	_reach(PHASE_RELEASING);
	_finish();
	now += S;
	LOOKS(GOING, LEFT);
	ACTS(SLURM_NODE_RESUME, "also if Slurm has kept the flag");

	_reach(PHASE_RELEASING);
	now += S;
	VIEW(GOING, .reason = "Kill task failed on vm1 (JobId=7)");
	NO_ACT(SLURM_DRAIN, "a task that could not be killed dies with it");

	_reach(PHASE_RELEASING);
	now += S;
	VIEW(GOING, .reason = "Prolog error");
	ACTS(SLURM_DRAIN, "what the template may be to blame for stays");
}

/* Proven too late for NODE_RESUME: Slurm has given the node up as it was. */
static void _leftover_late(void)
{
	_reach(PHASE_RELEASING);
	now += 600 * S;
	LOOKS(GONE, LEFT);
	NO_ACT(SLURM_UNDRAIN, "its VM may still be there");
	now += S;
	_finish();
	now += S;
	LOOKS(GONE, LEFT);
	ACTS(SLURM_UNDRAIN, "proven gone");
	DURABLE(SLURM_UNDRAIN);
	NO_ACT(SLURM_NODE_RESUME, "Slurm waits no more");
	DONE(UNDRAIN);
	is_int(capacity_kind(&rec), CAPACITY_OPEN, "the name is as before");
	now += S;
	VIEW(GONE);
	QUIET("and all is said");

	_reach(PHASE_RELEASING);
	_finish();
	now += S;
	LOOKS(GONE, LEFT);
	DO(FAILED, .act = ACTION_SLURM_UNDRAIN, .cause = CAUSE_TRANSIENT);
	now += 5 * S;
	DO(TICK);
	ACTS(SLURM_LOOK, "an admin may have something to say meanwhile");
	NO_ACT(SLURM_UNDRAIN, "not by an old view");
	now += S;
	LOOKS(GONE, .drain = true, .reason = "bad DIMM");
	NO_ACT(SLURM_UNDRAIN, "he has");

	_start();
	now += S;
	VIEW(GONE, LEFT);
	QUIET("no VM is known to have been there");
}

/* Set while Slurm waits for the release. */
static void _drain_of_going(void)
{
	_reach(PHASE_RELEASING);
	now += S;
	VIEW(GOING, .drain = true, .reason = "bad DIMM");
	is_str(rec.admin_drain, "bad DIMM", "a drain of a node that goes");
	now += S;
	VIEW(GOING, .drain = true, .reason = "sclone: (HOLD) x");
	is_str(rec.admin_drain, "bad DIMM", "not forgotten for ours");
	DONE(DRAIN);
	now += S;
	VIEW(BOOTING, .reason = "bad DIMM");
	is_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
	       "", "bad DIMM", "powered up again without it: set again");
}

/* Down with the admin's reason, it would pass for one that he has set down,
 * and nobody would heal it. */
static void _drain_of_stuck(void)
{
	_start();
	VIEW(GONE, .drain = true, .reason = "bad DIMM");
	now += S;
	VIEW(.base = NODE_DOWN, .powered_down = true, .not_responding = true,
	     .reason = "ResumeTimeout reached");
	NO_ACT(SLURM_DRAIN, "stuck down, it is healed first");
	DO(RESUME_FAILED, .asked = now);
	ACTS(SLURM_POWER_DOWN, "stuck down");
	DONE(POWER_DOWN);
	now += S;
	VIEW(GOING, .reason = "ResumeTimeout reached");
	is_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
	       "", "bad DIMM", "then it is set again");
}

/* The admin is quicker than what is seen of him. */
static void _drain_meanwhile(void)
{
	_reach(PHASE_READY);
	now += 60 * S;
	DO(HOLD);
	DO(SUSPENDED, .asked = now);
	NO_ACT(SLURM_DRAIN, "held, but the view is old");
	ACTS(SLURM_LOOK, "held");
	LOOKS(GOING, .drain = true, .reason = "bad DIMM");
	NO_ACT(SLURM_DRAIN, "the admin was quicker");

	_reach(PHASE_READY);
	DO(HOLD);
	DO(SUSPENDED, .asked = now);
	ACTS(SLURM_DRAIN, "held, and just seen not drained");
	now += S;
	VIEW(GOING, .drain = true, .reason = "bad DIMM");
	ok(!update_needed(ACTION_SLURM_DRAIN, &rec, &rec.view),
	   "drained by the admin before ours was sent: it is not");
	DONE(DRAIN);
	is_str(rec.view.reason, "bad DIMM", "and his is known to stand");
	now += S;
	LOOKS(GOING, .drain = true, .reason = "bad DIMM");
	DO(UNHOLD);
	_finish();
	LOOKS(GOING, .drain = true, .reason = "bad DIMM");
	NO_ACT(SLURM_UNDRAIN, "it is not taken back");
	NO_ACT(SLURM_NODE_RESUME, "nor cleared");
}

/* What Slurm finds wrong with a node in a test is no drain of an admin's; on
 * the same node before or after one it is. */
static void _after_test(void)
{
	_start();
	DO(REQUESTED, .id = "t1", .source = SOURCE, .asked = now,
	   .deadline = now + 100 * S, .template_name = "rocky9");
	DO(ADMITTED, .source = SOURCE);
	VIEW(BOOTING, .drain = true, .reason = "Low RealMemory");
	is_str(rec.admin_drain, "", "the test's result");
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now += S;
	DO(SUSPENDED, .asked = now);
	_finish();
	now += S;
	LOOKS(GONE);
	now += S;
	VIEW(GONE, .drain = true, .reason = "bad DIMM");
	is_str(rec.admin_drain, "bad DIMM", "then an admin drains it");
}

int main(void)
{
	_admin_drain();
	_drain_of_off();
	_unseen_drain();
	_leftover();
	_leftover_late();
	_drain_taken_back();
	_drain_of_going();
	_drain_of_stuck();
	_drain_meanwhile();
	_after_test();
	return done_testing();
}
