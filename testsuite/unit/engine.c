/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules from the request to a ready node, one scenario each. */
#include <string.h>

#include "common/rules/engine.h"
#include "common/rules/update.h"
#include "engine_scene.h"

static void _whole_life(void)
{
	_start();
	_request("r1", 7);
	IN(REQUESTED, "asked for");
	ACTS(SLURM_MARK, "requested");
	ok(rec.epoch == (uint64_t) T0, "the epoch is the time");
	DONE(MARK);
	QUIET("the planner is waited for");
	DO(ADMITTED, .source = SOURCE);
	ACTS(SUBMIT_CLONE, "admitted");
	DURABLE(SUBMIT_CLONE);
	ok(rec.submit == SUBMIT_SENT, "intent is in the record");
	DO(SUBMITTED, .task = "task-1");
	IN(CLONING, "task known");
	ACTS(WATCH, "submitted");
	DO(CLONE_DONE, .vm = "vm-1");
	ACTS(READ_BACK, "cloned");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	DO(IDENTIFIED);
	IN(IDENTIFIED, "guest identified");
	now += S;
	VIEW(UP);
	IN(READY, "slurmd registered");
	ok(out.ready, "success is told to the breakers");
	now += 60 * S;
	DO(SUSPENDED, .asked = now);
	IN(RELEASING, "suspended");
	ok(_find(ACTION_GUARD) &&
	   _find(ACTION_GUARD)->level == GUARD_POWER_OFF, "guard first");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "verdict");
	DURABLE(POWER_OFF);
	DO(POWERED_OFF);
	ok(_find(ACTION_GUARD) &&
	   _find(ACTION_GUARD)->level == GUARD_DESTROY, "guard again");
	DO(GUARD_OK, .level = GUARD_DESTROY, .facts_at = now,
	   .powered_off = true);
	ACTS(DESTROY, "second verdict");
	DURABLE(DESTROY);
	DO(DESTROYED);
	ACTS(PROVE_ABSENCE, "destroyed");
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	ACTS(RECORD_ABSENCE, "proven");
	DURABLE(RECORD_ABSENCE);
	IN(RELEASING, "not absent before the record is written");
	DO(RECORDED);
	IN(ABSENT, "recorded");
	ACTS(SLURM_LOOK, "Slurm is asked");
	LOOKS(GOING);
	ACTS(SLURM_NODE_RESUME, "still powering down");
	DURABLE(SLURM_NODE_RESUME);
	DONE(NODE_RESUME);
	QUIET("nothing left to do");
	is_int(out.wake, 0, "and nothing to wait for");
}

static void _marked_first(void)
{
	_start();
	_request("r1", 7);
	DO(ADMITTED, .source = SOURCE);
	ok(out.ignored && rec.phase == PHASE_REQUESTED,
	   "no admission before the mark is acknowledged");
	DO(FAILED, .act = ACTION_SLURM_MARK, .cause = CAUSE_TRANSIENT);
	QUIET("a failed mark pauses");
	ok(out.wake > now, "until a wake-up");
	now = out.wake;
	DO(TICK);
	ACTS(SLURM_MARK, "mark again");
	DO(ADMITTED, .source = SOURCE);
	ok(out.ignored, "still not admitted");
	DONE(MARK);
	DO(ADMITTED, .source = SOURCE);
	ACTS(SUBMIT_CLONE, "marked");

	_start();
	VIEW(.base = NODE_IDLE, .powering_down = true, .power_down = true);
	now += S;
	_request("r1", 7);
	ok(update_needed(ACTION_SLURM_MARK, &rec, &rec.view),
	   "the mark of an earlier cycle is none");
	view = (struct nodeview) { .seen = now + 1, UP };
	ok(!update_needed(ACTION_SLURM_MARK, &rec, &view),
	   "one seen since the request is");

	_start();
	_request("r1", 0);
	NO_ACT(SLURM_MARK, "manual power-up has no job");
	DO(ADMITTED, .source = SOURCE);
	ACTS(SUBMIT_CLONE, "manual power-up");
	DO(PROLOG, .job = 9, .asked = now);
	ACTS(SLURM_MARK, "prolog names a job");

	_reach(PHASE_READY);
	now += S;
	VIEW(UP);
	NO_ACT(SLURM_MARK, "marked once");
	now += S;
	VIEW(.base = NODE_IDLE);
	ACTS(SLURM_MARK, "a slurmctld that was killed forgot it");
	DONE(MARK);
	QUIET("and is told once");
}

static void _submit_unknown(void)
{
	uint64_t epoch;

	_reach(PHASE_ADMITTED);
	epoch = rec.epoch;
	DO(UNKNOWN, .act = ACTION_SUBMIT_CLONE);
	IN(ADMITTED, "a lost reply is no failure");
	ACTS(LOOK_UP, "lost reply");
	NO_ACT(SUBMIT_CLONE, "lost reply");
	DO(LOOKED_UP, .look = LOOK_BUSY);
	QUIET("an unfinished task is waited for");
	now = out.wake;
	DO(TICK);
	ACTS(LOOK_UP, "look again");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = epoch, .vm = "vm-5");
	IN(CLONED, "ours is adopted");
	ok(rec.epoch == epoch, "in the same epoch");

	_reach(PHASE_ADMITTED);
	epoch = rec.epoch;
	DO(UNKNOWN, .act = ACTION_SUBMIT_CLONE);
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	IN(ADMITTED, "absent at once proves nothing");
	NO_ACT(SUBMIT_CLONE, "absent at once");
	now = out.wake;
	DO(TICK);
	ACTS(LOOK_UP, "look when it must have arrived");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	IN(REQUESTED, "absent and clean: again");
	ok(rec.epoch > epoch, "under a new epoch");
	ok(rec.req.marked && rec.req.attempts == 1, "for the same request");
	is_str(rec.req.avoid, SOURCE, "elsewhere if possible");
}

static void _late_error(void)
{
	_reach(PHASE_CLONING);
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_TRANSIENT);
	ACTS(LOOK_UP, "the task failed");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = rec.epoch,
	   .vm = "vm-1");
	IN(CLONED, "but its clone is there");
	is_int(rec.cause, CAUSE_NONE, "and nothing is wrong with it");
}

static void _look_others(void)
{
	uint64_t epoch;

	_reach(PHASE_ADMITTED);
	epoch = rec.epoch;
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_EXISTS);
	ACTS(LOOK_UP, "DuplicateName");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 5, .vm = "vm-old");
	IN(RELEASING, "an older VM of ours is released first");
	is_int(out.failed, CAUSE_ORPHAN, "which is this attempt's end");
	ok(rec.epoch == 5 && rec.next.used, "while the request waits");
	NO_ACT(GUARD, "before Slurm is asked");
	LOOKS(BOOTING);
	ACTS(GUARD, "older VM");
	_finish();
	IN(REQUESTED, "then the request goes on");
	ok(rec.epoch > epoch, "under an epoch above all");

	_reach(PHASE_CLONING);
	epoch = rec.epoch;
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_EXISTS);
	ACTS(LOOK_UP, "DuplicateName of the task");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = epoch + 99,
	   .vm = "vm-new");
	ok(rec.epoch == epoch + 99 && rec.last_epoch == epoch + 99,
	   "a later epoch (journal from yesterday) counts, too");
	LOOKS(BOOTING);
	_finish();
	ok(rec.epoch > epoch + 99, "and is never used again");

	_reach(PHASE_ADMITTED);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_EXISTS);
	DO(LOOKED_UP, .look = LOOK_FOREIGN, .text = "vm-77");
	ok(rec.cause == CAUSE_FOREIGN, "a foreign VM has the name");
	ACTS(SLURM_NOTIFY, "foreign VM");
	ACTS(LOOK_UP, "only our own is looked for");
	NO_ACT(GUARD, "the foreign VM is not touched");
}

static void _suspend_while_cloning(void)
{
	_reach(PHASE_CLONING);
	DO(SUSPENDED, .asked = now);
	IN(CONDEMNED, "suspended while cloning");
	NO_ACT(SLURM_NOTIFY, "Slurm wanted it");
	DO(CLONE_DONE, .vm = "vm-1");
	IN(RELEASING, "the late clone is released");
	ACTS(READ_BACK, "late clone");
	DO(READ_BACK, .instance_uuid = UUID, .owned = false);
	ACTS(SET_OWNER, "its owner key is missing");
	DO(OWNER_SET);
	ACTS(GUARD, "then");

	_reach(PHASE_CLONING);
	DO(SUSPENDED, .asked = now);
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_CAPACITY);
	ACTS(LOOK_UP, "a failed task may leave something");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	ACTS(PROVE_ABSENCE, "nothing left");

	_reach(PHASE_ADMITTED);
	DO(SUSPENDED, .asked = now);
	QUIET("the submit's reply is awaited");
	DO(SUBMITTED, .task = "task-1");
	ACTS(WATCH, "then the task");
	IN(CONDEMNED, "still condemned");

	_reach(PHASE_REQUESTED);
	DO(SUSPENDED, .asked = now);
	ACTS(LOOK_UP, "suspended before admission");
	DO(ADMITTED, .source = SOURCE);
	ok(out.ignored, "no admission any more");

	_reach(PHASE_READY);
	DO(SUSPENDED, .asked = T0 - S);
	ok(out.ignored, "a suspend from before the request is stale");
	IN(READY, "and ends nothing");
}

static void _cancelled(void)
{
	_reach(PHASE_CLONING);
	now += S;
	VIEW(.base = NODE_IDLE, .powering_up = true, .power_down = true);
	IN(CONDEMNED, "job gone while the node boots");
	ACTS(SLURM_FORCE_DOWN, "cancelled");
	NO_ACT(SLURM_NOTIFY, "no job to tell");
	_reach(PHASE_CLONING);
	view = (struct nodeview) { .seen = T0 - S, .base = NODE_IDLE,
				   .powering_up = true };
	DO(NODE_STATE, .view = &view);
	IN(CLONING, "a view from before the request says nothing");
}

static void _duplicate_resume(void)
{
	_reach(PHASE_CLONING);
	_request("r1", 7);
	ok(out.ignored, "the same request again");
	_request("r2", 7);
	ok(out.ignored && !rec.next.used, "another ask for the same job");
	DO(CLONE_DONE, .vm = "vm-1");
	IN(CLONED, "one clone");
	_request("r3", 7);
	ok(out.ignored, "another ask in the second in which it boots");

	/* slurmctld has started anew from a state of before. */
	_reach(PHASE_IDENTIFIED);
	now += 2 * S;
	_request("r2", 7);
	IN(RELEASING, "another ask after the boot: that one is refused");
	ok(rec.next.used, "the job has another VM");
	now += S;
	VIEW(UP);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "whether it was taken or not");
	NO_ACT(SLURM_LOOK, "and is told nothing");

	_reach(PHASE_CLONING);
	now += S;
	_request("r2", 8);
	IN(CONDEMNED, "another job's ask ends the cycle");
	ok(rec.next.used && rec.next.job == 8, "and waits");
	NO_ACT(SLURM_NOTIFY, "nobody failed");

	_reach(PHASE_READY);
	now += S;
	_request("r2", 7);
	ACTS(SLURM_LOOK, "Slurm's word on a ready node");
	IN(READY, "meanwhile nothing happens");
	now += S;
	LOOKS(UP);
	ok(rec.phase == PHASE_READY && !rec.next.used,
	   "it is up: the ask was served");
	_reach(PHASE_READY);
	now += S;
	_request("r2", 9);
	now += S;
	LOOKS(BOOTING);
	ok(rec.phase == PHASE_RELEASING && rec.next.used,
	   "it boots: a fresh VM is wanted");
}

static void _resume_waits(void)
{
	uint64_t epoch;

	_reach(PHASE_RELEASING);
	epoch = rec.epoch;
	now += S;
	_request("r2", 8);
	IN(RELEASING, "the old VM is still there");
	ok(rec.next.used, "the new request waits");
	DONE(MARK);
	ok(rec.next.marked, "marked already");
	_finish();
	IN(REQUESTED, "old one proven gone: new cycle");
	ok(rec.epoch > epoch && rec.req.job == 8 && rec.req.marked,
	   "for the new request");
	NO_ACT(SLURM_NODE_RESUME, "the node is in use");

	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 8);
	DONE(MARK);
	now += 100 * S;
	DO(TICK);
	ok(!rec.next.used, "its own deadline passes");
	ACTS(SLURM_NOTIFY, "too late");
	DONE(NOTIFY);
	ACTS(SLURM_LOOK, "fresh view before force");
	LOOKS(BOOTING);
	has_str(_find(ACTION_SLURM_FORCE_DOWN) ?
		_find(ACTION_SLURM_FORCE_DOWN)->text : "",
		"sclone: (UNPROVEN) ", "forced down with the reason");
	IN(RELEASING, "the release goes on");
}

static void _retry(void)
{
	uint64_t epoch;

	_reach(PHASE_CLONING);
	epoch = rec.epoch;
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_PROTOCOL,
	   .text = "no sense");
	ACTS(LOOK_UP, "a failed task may leave something");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	is_int(out.failed, CAUSE_PROTOCOL, "breakers hear of it");
	is_str(out.source, SOURCE, "with the source");
	ok(!rec.tell, "the request lives on");
	IN(REQUESTED, "again inside the deadline");
	ok(rec.epoch > epoch && rec.req.marked, "new epoch, same mark");
	is_str(rec.req.avoid, SOURCE, "another source is preferred");

	for (int i = 0; i < 2; i++) {
		while (!record_admissible(&rec, now)) {
			now = out.wake;
			DO(TICK);
		}
		DO(ADMITTED, .source = SOURCE);
		DO(FAILED, .act = ACTION_SUBMIT_CLONE,
		   .cause = CAUSE_PROTOCOL);
		IN(REQUESTED, "a refused submit left nothing");
	}
	now = out.wake;
	DO(ADMITTED, .source = SOURCE);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_PROTOCOL,
	   .text = "no sense");
	IN(RELEASING, "the fourth failure is the last");
	ACTS(SLURM_NOTIFY, "the job first");
	NO_ACT(SLURM_FORCE_DOWN, "not before the job is told");
	is_int(_find(ACTION_SLURM_NOTIFY)->job, 7, "the right job");
	DONE(NOTIFY);
	LOOKS(BOOTING);
	is_str(_find(ACTION_SLURM_FORCE_DOWN) ?
	       _find(ACTION_SLURM_FORCE_DOWN)->text : "",
	       "sclone: (PROTOCOL) no sense",
	       "then the node, with the reason");
	DURABLE(SLURM_FORCE_DOWN);
	ok(rec.told_job, "remembered");
}

static void _waits(void)
{
	_reach(PHASE_REQUESTED);
	DO(WAITS, .text = SOURCE ": not frozen");
	IN(REQUESTED, "waits for a source");
	now += 100 * S;
	DO(TICK);
	IN(RELEASING, "the deadline ends it");
	is_str(_find(ACTION_SLURM_NOTIFY) ? _find(ACTION_SLURM_NOTIFY)->text :
	       "", "sclone: (DEADLINE) " SOURCE ": not frozen",
	       "the job is told what it waited for");

	_reach(PHASE_REQUESTED);
	DO(WAITS, .cause = CAUSE_CAPACITY, .text = "MaxClones=2");
	now += 100 * S;
	DO(TICK);
	is_str(_find(ACTION_SLURM_NOTIFY) ? _find(ACTION_SLURM_NOTIFY)->text :
	       "", "sclone: (CAPACITY) MaxClones=2",
	       "or that there was no room");

	_reach(PHASE_ADMITTED);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_CAPACITY,
	   .text = "no memory");
	DO(ADMITTED, .source = SOURCE);
	now = rec.req.deadline;
	DO(TICK);
	IN(ADMITTED, "tried once more, and Slurm is asked first");
	LOOKS(BOOTING);
	is_str(_find(ACTION_SLURM_NOTIFY) ? _find(ACTION_SLURM_NOTIFY)->text :
	       "", "sclone: (CAPACITY) no memory",
	       "which is told then, too");
}

/* What Slurm showed before the failure does not tell what it wants now. */
static void _told_at_once(void)
{
	_start();
	VIEW(.base = NODE_ALLOCATED, .powered_down = true);
	now += S / 2;
	_request("r1", 7);
	DO(NOT_ADMITTED, .cause = CAUSE_CAPACITY, .text = "no room");
	DONE(MARK);
	ACTS(SLURM_NOTIFY, "refused within a second of the request");
	DONE(NOTIFY);
	ACTS(SLURM_LOOK, "the view is of the time before");
	LOOKS(BOOTING);
	ACTS(SLURM_FORCE_DOWN, "the node is given back");
}

static void _wait_out(void)
{
	_reach(PHASE_ADMITTED);
	for (int i = 0; i < 30 && rec.phase != PHASE_RELEASING; i++) {
		DO(FAILED, .act = ACTION_SUBMIT_CLONE,
		   .cause = CAUSE_TRANSIENT);
		if (rec.phase != PHASE_REQUESTED)
			break;
		while (!record_admissible(&rec, now) &&
		       rec.phase == PHASE_REQUESTED) {
			now = out.wake;
			DO(TICK);
		}
		DO(ADMITTED, .source = SOURCE);
	}
	ok(rec.req.waits > 4, "vCenter away: as long as the time allows");
	ACTS(SLURM_NOTIFY, "then the job is told");
	ok(now < rec.req.deadline, "before the deadline");
}

static void _deadline(void)
{
	_reach(PHASE_CLONED);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now = rec.req.deadline;
	DO(TICK);
	IN(CLONED, "Slurm is asked first");
	ACTS(SLURM_LOOK, "deadline");
	LOOKS(BOOTING);
	IN(RELEASING, "a late clone is never accepted");
	ACTS(SLURM_NOTIFY, "late");

	_reach(PHASE_CLONED);
	now = rec.req.deadline + 100 * S;
	engine_derive(&conf, &rec, now, &out);
	ACTS(READ_BACK, "sclone was away");
	ACTS(SLURM_LOOK, "sclone was away");
	LOOKS(UP);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "the node came up meanwhile: its job is not killed");

	_reach(PHASE_CLONING);
	now = rec.req.deadline;
	DO(CLONE_DONE, .vm = "vm-1");
	LOOKS(BOOTING);
	ok(rec.phase != PHASE_CLONED, "a clone made after the deadline goes");
}

static void _guests(void)
{
	_reach(PHASE_IDENTIFIED);
	DO(GUEST_FAILED, .text = "no mount");
	ok(rec.next.used, "a guest that cannot start: another try");
	_reach(PHASE_READY);
	DO(GUEST_FAILED, .text = "liar");
	ok(out.ignored, "a guest's word ends no running job");
	DO(VM_LOST, .text = "powered off");
	ok(!rec.next.used, "a lost VM with a job is not retried");
	NO_ACT(SLURM_NOTIFY, "before it was looked at");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true);
	ACTS(SLURM_NOTIFY, "lost");
	_reach(PHASE_CLONED);
	DO(READ_BACK, .instance_uuid = UUID);
	ACTS(SET_OWNER, "vCenter dropped the owner key");
	DO(OWNER_SET);
	now += S;
	VIEW(UP);
	IN(READY, "owner set");
}

static void _refused_admission(void)
{
	_reach(PHASE_REQUESTED);
	DO(NOT_ADMITTED, .cause = CAUSE_CAPACITY, .text = "4 min too late");
	ACTS(SLURM_NOTIFY, "infeasible");
	has_str(_find(ACTION_SLURM_NOTIFY)->text, "(CAPACITY) 4 min too late",
		"with the planner's reason");
	ok(!rec.next.used, "no retry");
}

static void _bad_input(void)
{
	char longer[400];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	_reach(PHASE_CLONING);
	DO(CLONE_DONE, .vm = longer);
	ACTS(LOOK_UP, "an id too long to keep is no reply");
	_reach(PHASE_ABSENT);
	DO(REQUESTED, .id = longer, .asked = now, .deadline = now + S);
	ok(out.ignored && rec.phase == PHASE_ABSENT, "a request too long");
	_do((struct event) { .kind = (enum event_kind) 9999 });
	ok(out.ignored, "an event that does not exist");
}

int main(void)
{
	_whole_life();
	_marked_first();
	_submit_unknown();
	_late_error();
	_look_others();
	_suspend_while_cloning();
	_cancelled();
	_duplicate_resume();
	_resume_waits();
	_retry();
	_told_at_once();
	_waits();
	_wait_out();
	_deadline();
	_guests();
	_refused_admission();
	_bad_input();
	return done_testing();
}
