/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules of releases, drains and restarts, one scenario each. */
#include "common/rules/engine.h"
#include "engine_scene.h"

static void _notify_fails(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	ACTS(SLURM_NOTIFY, "deadline passed in the queue");
	for (int i = 0; i < 5; i++) {
		DO(FAILED, .act = ACTION_SLURM_NOTIFY,
		   .cause = CAUSE_TRANSIENT);
		now = out.wake;
		DO(TICK);
	}
	ACTS(SLURM_NOTIFY, "slurmctld is away: the job is told first");
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_REFUSED);
	ACTS(SLURM_LOOK, "a job that cannot be told does not stop it");
	LOOKS(BOOTING, .job = 99);
	NO_ACT(SLURM_FORCE_DOWN, "not a node that another job has");
	is_int(rec.tell, TELL_NOTHING, "nothing left to tell");
}

/* What the datastore still shows is waited for, but not for long. */
static void _lagging(void)
{
	const char *why = "the VM's directory is still there";
	int proofs = 1;

	_reach(PHASE_RELEASING);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true, .directory = "[ds1] vm1");
	DO(GUARD_OK, .level = GUARD_DESTROY, .facts_at = now,
	   .powered_off = true);
	is_str(rec.directory, "[ds1] vm1", "where the VM lies is kept");
	DO(DESTROYED);
	ACTS(PROVE_ABSENCE, "destroyed");
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME, .lagging = true,
	   .text = why);
	QUIET("its directory is still there");
	for (; proofs < 10 && rec.release == RELEASE_PROVE; proofs++) {
		now = out.wake;
		DO(TICK);
		DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME,
		   .lagging = true, .text = why);
	}
	is_int(proofs, 3, "asked three times");
	ACTS(RECORD_ABSENCE, "then the inventory is enough");
	is_str(rec.inventory_only, why, "and the record says so");
	ok(now < rec.at[PHASE_RELEASING] + 5 * S, "within seconds");
}

/* What does not get as far as the datastore says nothing of it. */
static void _lagging_late(void)
{
	int proofs = 0;

	_reach(PHASE_RELEASING);
	DO(VM_GONE, .act = ACTION_GUARD);
	for (int i = 0; i < 4; i++) {
		DO(FAILED, .act = ACTION_PROVE_ABSENCE,
		   .cause = CAUSE_TRANSIENT, .text = "not looked at yet");
		now = out.wake;
		DO(TICK);
	}
	for (; proofs < 10 && rec.release == RELEASE_PROVE; proofs++) {
		DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME,
		   .lagging = true, .text = "still there");
		now = out.wake;
		DO(TICK);
	}
	is_int(proofs, 3, "asked three times, however often it failed before");
}

/* A stranger with our BIOS UUID stands in the way of the proof, and each look
 * says that it is not ours. */
static void _stranger(void)
{
	int64_t pause = 0;

	_reach(PHASE_RELEASING);
	DO(VM_GONE, .act = ACTION_GUARD);
	for (int i = 0; i < 12; i++) {
		DO(ABSENCE_UNPROVEN, .vm = "vm-77", .text = "copy (vm-77)");
		pause = out.wake - now;
		now = out.wake;
		DO(TICK);
		if (!_find(ACTION_LOOK_UP))
			break;
		DO(LOOKED_UP, .look = i % 2 ? LOOK_ABSENT : LOOK_FOREIGN,
		   .vm = "vm-77");
	}
	ACTS(PROVE_ABSENCE, "a stranger is looked up");
	ok(pause >= conf.pause_max / 2, "at ever longer intervals");
	is_str(rec.error, "copy (vm-77)", "who it is stays known");
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME, .lagging = true,
	   .text = "still there");
	QUIET("a directory is waited for all the same");
	now = out.wake;
	DO(TICK);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	ACTS(RECORD_ABSENCE, "without the stranger it is proven");
	is_int(rec.unproven, 0, "and forgotten");
}

static void _gone_with_files(void)
{
	_reach(PHASE_RELEASING);
	DO(VM_GONE, .act = ACTION_GUARD);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME, .text = "denied");
	ACTS(RECORD_ABSENCE, "what cannot be searched holds nothing up");
	is_str(rec.inventory_only, "denied", "why is kept");
	_reach(PHASE_RELEASING);
	DO(VM_GONE, .act = ACTION_GUARD);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME | EVIDENCE_DATASTORE);
	is_str(rec.inventory_only, "", "with its files gone: nothing to say");
}

static void _human(void)
{
	_reach(PHASE_ADMITTED);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_CONFIG,
	   .text = "no folder");
	DONE(NOTIFY);
	LOOKS(BOOTING);
	DONE(FORCE_DOWN);
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	now += S;
	VIEW(GOING);
	is_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
	       "", "sclone: (CONFIG) no folder", "no loop: drained");
	DONE(DRAIN);
	DO(ABSENCE_PROVEN);
	DO(RECORDED);
	LOOKS(GOING, .drain = true, .reason = "sclone: (CONFIG) no folder");
	QUIET("and left to a human");
	now += S;
	VIEW(GONE);
	QUIET("who may resume it");
}

static void _resume_failed(void)
{
	_reach(PHASE_IDENTIFIED);
	now += 200 * S;
	DO(RESUME_FAILED, .asked = now);
	IN(RELEASING, "ResumeTimeout: condemned and fenced");
	ACTS(SLURM_LOOK, "ResumeTimeout");
	LOOKS(.base = NODE_DOWN, .powered_down = true);
	ACTS(GUARD, "fence");
	ACTS(SLURM_POWER_DOWN, "DOWN+POWERED_DOWN is healed");
	DONE(POWER_DOWN);
	now += S;
	DO(SUSPENDED, .asked = now);
	IN(RELEASING, "the suspend that follows changes nothing");
	_finish();
	LOOKS(GOING);
	ACTS(SLURM_NODE_RESUME, "back in service");
}

/* The job that was to be told has ended, and another one gets the node while
 * the guard looks. */
static void _used_while_going(void)
{
	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	now += S;
	DO(GUEST_FAILED, .text = "no");
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_NOTFOUND,
	   .text = "no job 7");
	LOOKS(BOOTING, .free_of = 7);
	ACTS(GUARD, "nobody to be told");
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	NO_ACT(POWER_OFF, "another job has the node meanwhile");
	ACTS(SLURM_LOOK, "and is asked for");
	LOOKS(.base = NODE_ALLOCATED, .job = 8);
	ACTS(SLURM_NOTIFY, "to be told");
	DONE(NOTIFY);
	LOOKS(.base = NODE_ALLOCATED, .job = 8, .about = 8);
	ACTS(SLURM_FORCE_DOWN, "and taken off");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "before the VM goes");
}

/* The guest failed, and its slurmd registers all the same: the job waits for
 * its next attempt. */
static void _retried_while_going(void)
{
	_reach(PHASE_IDENTIFIED);
	now += S;
	DO(GUEST_FAILED, .text = "no");
	ACTS(GUARD, "the VM goes");
	now += S;
	VIEW(UP);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "the node's job is its own");
	NO_ACT(SLURM_LOOK, "which is told nothing");
	ok(rec.next.used, "but tried again");
}

/* A power-off was on its way when scloned died, and may have got lost: the
 * node's next job is told all the same. */
static void _used_after_off(void)
{
	_reach(PHASE_IDENTIFIED);
	now += 200 * S;
	DO(RESUME_FAILED, .asked = now);
	LOOKS(.base = NODE_IDLE, .powered_down = true);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "Slurm has given it up");
	now += 10 * S;
	DO(RESTARTED);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	LOOKS(.base = NODE_ALLOCATED, .job = 8);
	ACTS(SLURM_NOTIFY, "the next job is told");
	DONE(NOTIFY);
	LOOKS(.base = NODE_ALLOCATED, .job = 8, .about = 8);
	ACTS(SLURM_FORCE_DOWN, "and taken off");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "before the VM goes");
}

/* It came up after Slurm had given it up, and another job got it before
 * anybody could stop that. */
static void _resume_failed_yet_up(void)
{
	int64_t failed;

	_reach(PHASE_IDENTIFIED);
	failed = now += 200 * S;
	now += 60 * S;
	VIEW(.base = NODE_ALLOCATED);
	IN(READY, "late, and up");
	DO(RESUME_FAILED, .asked = failed);
	ok(out.ignored && rec.phase == PHASE_READY,
	   "old news of a node in use");

	_reach(PHASE_IDENTIFIED);
	failed = now += 200 * S;
	now += 60 * S;
	DO(RESUME_FAILED, .asked = failed);
	IN(RELEASING, "the news first");
	NO_ACT(GUARD, "Slurm is asked before the VM goes");
	LOOKS(.base = NODE_ALLOCATED);
	ACTS(SLURM_LOOK, "and for whom it came up");
	LOOKS(.base = NODE_ALLOCATED, .job = 8);
	ACTS(SLURM_NOTIFY, "who is told");
	is_int(rec.tell_job, 8, "before the VM is taken");
}

static void _release_rules(void)
{
	_reach(PHASE_RELEASING);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now - 3 * S);
	NO_ACT(POWER_OFF, "facts older than 2 s");
	now = out.wake;
	DO(TICK);
	ACTS(GUARD, "a fresh verdict");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true);
	ok(_find(ACTION_GUARD) &&
	   _find(ACTION_GUARD)->level == GUARD_DESTROY,
	   "off already: straight to the second guard");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true);
	NO_ACT(DESTROY, "a verdict of the wrong level");
	now = out.wake;
	DO(TICK);
	DO(GUARD_OK, .level = GUARD_DESTROY, .facts_at = now);
	NO_ACT(DESTROY, "it runs again");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "it runs again");
	DO(POWERED_OFF);
	DO(GUARD_REFUSED, .text = "the VM is not powered off");
	now = out.wake;
	DO(TICK);
	ok(_find(ACTION_GUARD) &&
	   _find(ACTION_GUARD)->level == GUARD_POWER_OFF && !*rec.refusal,
	   "and is powered off again, however often");
}

static void _release_unknown(void)
{
	_reach(PHASE_RELEASING);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true);
	DO(GUARD_OK, .level = GUARD_DESTROY, .facts_at = now,
	   .powered_off = true);
	DO(UNKNOWN, .act = ACTION_DESTROY);
	now = out.wake;
	DO(TICK);
	ACTS(GUARD, "destroy without reply: fresh verdict first");
	DO(VM_GONE, .act = ACTION_GUARD);
	ACTS(PROVE_ABSENCE, "gone is enough to stop");
	IN(RELEASING, "but no proof");
	DO(ABSENCE_UNPROVEN, .text = "directory still there");
	QUIET("not proven");
	for (int i = 0; i < 50; i++) {
		now = out.wake;
		DO(TICK);
		if (_find(ACTION_PROVE_ABSENCE))
			DO(ABSENCE_UNPROVEN, .text = "directory still there");
		if (_find(ACTION_SLURM_LOOK))
			LOOKS(GOING);
		if (_find(ACTION_SLURM_DRAIN))
			break;
	}
	has_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
		"", "sclone: (UNPROVEN)", "drained before SuspendTimeout");
	ok(now < rec.at[PHASE_READY] + 600 * S, "in time");
	DONE(DRAIN);
	while (!_find(ACTION_PROVE_ABSENCE)) {
		now = out.wake;
		DO(TICK);
	}
	DO(ABSENCE_PROVEN);
	DO(RECORDED);
	LOOKS(GONE, .drain = true, .reason = "sclone: (UNPROVEN) x");
	ACTS(SLURM_UNDRAIN, "undone when proven");
	DONE(UNDRAIN);
	QUIET("done");
}

static void _refused(void)
{
	int tries = 0;

	_reach(PHASE_RELEASING);
	VIEW(GOING);
	DO(GUARD_REFUSED, .text = "disk belongs to another VM");
	is_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
	       "", "sclone: (GUARD) disk belongs to another VM",
	       "a refusal drains the node, with the reason");
	DONE(DRAIN);
	for (; tries < 100; tries++) {
		int64_t before = now;

		while (!_find(ACTION_GUARD) && now - before < 61 * S) {
			now = out.wake;
			DO(TICK);
		}
		if (!_find(ACTION_GUARD))
			break;
		DO(GUARD_REFUSED, .text = "disk belongs to another VM");
	}
	is_int(tries, 100, "asked again for ever, with capped pauses");
	IN(RELEASING, "and kept");
	now = out.wake;
	DO(TICK);
	_finish();
	LOOKS(GONE, .drain = true, .reason = "sclone: (GUARD) x");
	ACTS(SLURM_UNDRAIN, "allowed at last");
}

static void _node_resume(void)
{
	_reach(PHASE_RELEASING);
	_finish();
	ACTS(SLURM_LOOK, "absent");
	LOOKS(GONE);
	NO_ACT(SLURM_NODE_RESUME, "SuspendTimeout has freed the node");
	QUIET("nothing to tell");
	_reach(PHASE_RELEASING);
	_finish();
	DO(FAILED, .act = ACTION_SLURM_LOOK, .cause = CAUSE_TRANSIENT);
	now = out.wake;
	DO(TICK);
	ACTS(SLURM_LOOK, "slurmctld was away");
	LOOKS(GOING);
	ACTS(SLURM_NODE_RESUME, "told later");
	now += 10 * S;
	DO(UNKNOWN, .act = ACTION_SLURM_NODE_RESUME);
	now = out.wake;
	DO(TICK);
	ACTS(SLURM_LOOK, "no replay without looking");
	LOOKS(BOOTING);
	NO_ACT(SLURM_NODE_RESUME, "in use again");

	_start();
	DO(SUSPENDED, .asked = now);
	ACTS(LOOK_UP, "suspend without a record");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN);
	IN(ABSENT, "no VM is success, and nothing to record");
	LOOKS(GOING);
	ACTS(SLURM_NODE_RESUME, "no VM");
}

static void _lost_journal(void)
{
	_start();
	DO(SUSPENDED, .asked = now);
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = T0 + 77 * S,
	   .vm = "vm-9");
	LOOKS(GOING);
	ACTS(GUARD, "the owner key alone allows the release");
	_finish();
	IN(ABSENT, "released");
	_request("r1", 7);
	ok(rec.epoch > (uint64_t) (T0 + 77 * S), "no epoch is used twice");
	_start();
	DO(FOUND, .found_epoch = 12, .vm = "vm-9");
	IN(RELEASING, "an orphan is released");
	ok(rec.epoch == 12, "under its own epoch");
	now += S;
	LOOKS(UP, .job = 4);
	ok(rec.phase == PHASE_CLONED && rec.req.job == 4,
	   "but not while its node is up");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "it serves without a journal");

	_start();
	_request("r1", 7);
	DONE(MARK);
	DO(ADMITTED, .source = SOURCE);
	DO(FAILED, .act = ACTION_SUBMIT_CLONE, .cause = CAUSE_EXISTS);
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 12, .vm = "vm-9");
	now += S;
	LOOKS(UP);
	ok(rec.phase == PHASE_CLONED && rec.req.job == 7 && !rec.next.used,
	   "a request that was served before the journal was lost");
}

/* No slurmd is left that could end the job on the node. */
static void _lost(void)
{
	_reach(PHASE_READY);
	now += S;
	DO(VM_LOST, .text = "powered off");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now,
	   .powered_off = true);
	DONE(NOTIFY);
	LOOKS(UP, .job = 7);
	NO_ACT(SLURM_FORCE_DOWN, "the job would end at SlurmdTimeout");
	ACTS(SLURM_SET_DOWN, "the VM is lost under its job");
	DURABLE(SLURM_SET_DOWN);
	DONE(SET_DOWN);
	ACTS(SLURM_LOOK, "what did it do?");
	now += S;
	LOOKS(.base = NODE_DOWN, .power_down = true);
	ACTS(SLURM_POWER_DOWN, "the node must not stay DOWN");

	_reach(PHASE_CLONED);
	conf.max_attempts = 1;
	now += S;
	DO(VM_LOST, .text = "powered off");
	now += RECORD_DOUBT;
	DO(TICK);	/* vCenter does not tell more */
	DONE(NOTIFY);
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_FORCE_DOWN, "a VM lost at its start");
	NO_ACT(SLURM_SET_DOWN, "a booting node would stay DOWN");
}

/* The prolog of a job whose node failed, and of its next try. */
static void _failed_prolog(void)
{
	_reach(PHASE_IDENTIFIED);
	DO(PROLOG, .job = 7, .asked = now);
	is_int(WAIT(7), WAIT_ON, "a prolog waits");
	conf.max_attempts = 1;
	now += S;
	DO(GUEST_FAILED, .text = "no mount");
	is_int(WAIT(7), WAIT_OVER,
	       "not after its request failed");
	now += S;
	DO(PROLOG, .job = 7, .asked = now);
	is_int(WAIT(7), WAIT_ON,
	       "that of the requeued job waits for its own request");
}

static void _hold(void)
{
	_reach(PHASE_IDENTIFIED);
	DO(HOLD);
	DO(GUEST_FAILED, .text = "hook 10-mount failed");
	ok(!rec.next.used, "no retry: the VM keeps the name");
	NO_ACT(GUARD, "the VM is kept");
	LOOKS(BOOTING, .drain = true, .reason = "sclone: (HOLD) x");
	ACTS(SLURM_NOTIFY, "guest failed");
	DONE(NOTIFY);
	LOOKS(BOOTING, .job = 7, .drain = true, .reason = "sclone: (HOLD) x");
	ACTS(SLURM_FORCE_DOWN, "guest failed, job told");
	DONE(FORCE_DOWN);
	now += S;
	LOOKS(GOING);
	has_str(_find(ACTION_SLURM_DRAIN) ? _find(ACTION_SLURM_DRAIN)->text :
		"", "sclone: (HOLD)", "the node is drained");
	DONE(DRAIN);
	now += 3600 * S;
	DO(TICK);
	NO_ACT(GUARD, "an hour later");
	engine_derive(&conf, &rec, now, &out);
	NO_ACT(GUARD, "after a restart");
	DO(UNHOLD);
	ACTS(GUARD, "unhold");
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	DO(HOLD);
	DO(POWERED_OFF);
	QUIET("held in the middle");
	DO(UNHOLD);
	ok(_find(ACTION_GUARD), "goes on with a fresh verdict");
}

static void _epochs(void)
{
	_reach(PHASE_CLONING);
	_do((struct event) { .kind = EVENT_CLONE_DONE, .vm = "vm-1",
			     .epoch = 1 });
	ok(out.ignored && rec.phase == PHASE_CLONING, "an old epoch loses");
	_do((struct event) { .kind = EVENT_FAILED, .act = ACTION_WATCH,
			     .cause = CAUSE_CAPACITY, .epoch = 1 });
	ok(out.ignored, "with its failures, too");
	DO(DESTROYED);
	ok(out.ignored, "an end without its act is ignored");
	_reach(PHASE_CLONED);
	_do((struct event) { .kind = EVENT_VM_LOST, .epoch = 1 });
	ok(out.ignored && rec.phase == PHASE_CLONED, "an old VM's loss");
	ok(record_next_epoch(10, 5) == 11 && record_next_epoch(10, 50) == 50 &&
	   record_next_epoch(0, -5) == 1, "epochs only grow");
}

static void _restarts(void)
{
	static const enum action_kind want[PHASES] = {
		[PHASE_ADMITTED] = ACTION_LOOK_UP,
		[PHASE_CLONING] = ACTION_WATCH,
		[PHASE_CLONED] = ACTION_READ_BACK,
		[PHASE_RELEASING] = ACTION_GUARD,
	};

	for (int phase = 0; phase < PHASES; phase++) {
		if (phase == PHASE_CONDEMNED)
			continue;
		_reach((enum phase) phase);
		engine_derive(&conf, &rec, now, &out);
		if (want[phase])
			ok(_find(want[phase]), "restart when %s -> %s",
			   record_phase_name((enum phase) phase),
			   action_name(want[phase]));
		NO_ACT(SUBMIT_CLONE,
		       record_phase_name((enum phase) phase));
	}
	_reach(PHASE_RELEASING);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	engine_derive(&conf, &rec, now, &out);
	ACTS(GUARD, "restart with a verdict in hand");
	NO_ACT(POWER_OFF, "restart with a verdict in hand");
}

static void _lost_suspend(void)
{
	_reach(PHASE_READY);
	now += S;
	VIEW(GOING);
	IN(RELEASING, "the front end died: the node's state tells");
	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 8);
	now += S;
	VIEW(GOING);
	ok(!rec.next.used, "and ends a request that waits");
	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 8);
	DO(SUSPENDED, .asked = now - 1);
	ok(rec.next.used && out.ignored, "a suspend from before it does not");
	DO(SUSPENDED, .asked = now + 1);
	ok(!rec.next.used, "one from after it does");
}

int main(void)
{
	_notify_fails();
	_lagging();
	_lagging_late();
	_stranger();
	_gone_with_files();
	_human();
	_resume_failed();
	_resume_failed_yet_up();
	_used_while_going();
	_used_after_off();
	_retried_while_going();
	_release_rules();
	_release_unknown();
	_refused();
	_node_resume();
	_lost_journal();
	_lost();
	_failed_prolog();
	_hold();
	_epochs();
	_restarts();
	_lost_suspend();
	return done_testing();
}
