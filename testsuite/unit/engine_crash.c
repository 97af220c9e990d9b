/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules after a crash, with an old journal or a wrong clock. */
#include "engine_scene.h"

/* The record was restored from before its submit: its epoch may have been
 * used since. */
static void _renewed_epoch(void)
{
	uint64_t epoch;

	_reach(PHASE_REQUESTED);
	epoch = rec.epoch;
	now += S;
	engine_derive(&conf, &rec, now, &out);
	IN(REQUESTED, "after a restart");
	ok(rec.epoch > epoch && out.changed, "the epoch is a new one");
	_reach(PHASE_ADMITTED);
	epoch = rec.epoch;
	now += S;
	engine_derive(&conf, &rec, now, &out);
	ok(rec.epoch == epoch, "but not once a submit may be under way");
	ACTS(LOOK_UP, "which is looked up");
}

/* A submit that may still arrive is given its time by another clock. */
static void _clock_set_forward(void)
{
	int64_t mono;

	_reach(PHASE_ADMITTED);
	mono = now;
	DO(UNKNOWN, .act = ACTION_SUBMIT_CLONE);
	DO(LOOKED_UP, .look = LOOK_ABSENT, .mono = mono);
	now += 20 * S;
	DO(TICK, .mono = mono += S);
	DO(LOOKED_UP, .look = LOOK_ABSENT, .mono = mono);
	IN(ADMITTED, "20 s of the wall clock are not those of a submit");
	engine_derive(&conf, &rec, now, &out);
	now += 20 * S;
	DO(LOOKED_UP, .look = LOOK_ABSENT, .mono = mono += conf.settle);
	IN(ADMITTED, "nor is what went by before a restart");
	now = out.wake;
	DO(TICK, .mono = mono += conf.settle);
	DO(LOOKED_UP, .look = LOOK_ABSENT, .mono = mono);
	IN(REQUESTED, "then there is another one");
}

static void _clock_set_back(void)
{
	int64_t left;

	_reach(PHASE_IDENTIFIED);
	left = rec.req.deadline - now;
	now -= 3600 * S;
	DO(TICK);
	is_int(rec.req.deadline - now, left, "the deadline is as far away");
	ok(rec.req.asked < rec.at[PHASE_REQUESTED] + 1 &&
	   rec.at[PHASE_REQUESTED] <= now, "what has been is over");
	now += S;
	VIEW(UP);
	IN(READY, "the node's state counts");
	now += S;
	DO(SUSPENDED, .asked = now);
	IN(RELEASING, "and so does Slurm's word");
	_reach(PHASE_RELEASING);
	now += 3600 * S;
	DO(FAILED, .act = ACTION_GUARD, .cause = CAUSE_TRANSIENT);
	left = rec.vm_not_before - now;
	now -= 3600 * S;
	DO(TICK);
	is_int(rec.vm_not_before - now, left, "a pause is as long as it was");
	_start();
	DO(REQUESTED, .id = "r1", .asked = now + 3600 * S,
	   .deadline = now + 3700 * S, .template_name = "rocky9");
	is_int(rec.req.asked, now, "a request from the future is of now");
	is_int(rec.req.deadline, now + 100 * S, "its deadline goes along");
	DO(PROLOG, .job = 7, .asked = now + 3600 * S);
	DO(PROLOG, .job = 8, .asked = now + 3600 * S);
	now += S;
	DO(TICK);
	is_int(rec.req.deadline, now + 99 * S, "whatever prologs say");
}

/* The record was restored from an earlier cycle's end. */
static void _another_clone(void)
{
	_reach(PHASE_RELEASING);
	DO(VM_GONE, .act = ACTION_GUARD);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_BIOS_UUID, .found_epoch = 12);
	engine_derive(&conf, &rec, now, &out);
	ACTS(PROVE_ABSENCE, "a proof from before a restart is made again");
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_BIOS_UUID, .found_epoch = 12);
	ACTS(RECORD_ABSENCE, "proven, with another clone under the name");
	DO(RECORDED);
	IN(RELEASING, "the name is not free yet");
	ok(!rec.settle, "and Slurm is not told so");
	ACTS(LOOK_UP, "recorded");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 12, .vm = "vm-9",
	   .instance_uuid = UUID);
	ok(rec.epoch == 12 && rec.phase == PHASE_RELEASING,
	   "the other one is released, too");
	is_int(out.failed, CAUSE_NONE, "which says nothing of a source");
	now += S;
	LOOKS(GOING);
	_finish();
	IN(ABSENT, "both are gone");
	ok(rec.settle, "now Slurm may know");
	engine_derive(&conf, &rec, now, &out);
	ok(!rec.settle, "but not after a restart");
	ACTS(LOOK_UP, "the record may be an old one");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	IN(ABSENT, "still gone: no second record");
	ok(rec.settle, "Slurm may know again");
}

/* Between the failure and the word to Slurm came a crash; meanwhile Slurm
 * has given the node to another job. */
static void _other_job(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	DONE(NOTIFY);
	ACTS(SLURM_LOOK, "the job was told");
	is_int(_find(ACTION_SLURM_LOOK)->job, 7, "it is asked about");
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_FORCE_DOWN, "the job has the node still");
	engine_derive(&conf, &rec, now, &out);
	now += S;
	VIEW(BOOTING);
	NO_ACT(SLURM_FORCE_DOWN, "a view that does not say whose it is");
	LOOKS(BOOTING, .free_of = 7);
	NO_ACT(SLURM_FORCE_DOWN, "another job has it");
	is_int(rec.tell, TELL_NOTHING, "the failure is history");
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	DONE(NOTIFY);
	LOOKS(.base = NODE_IDLE, .powering_up = true, .free_of = 7);
	ACTS(SLURM_FORCE_DOWN, "nobody has it");
}

/* The same, but it is the job itself that has got the node again. */
static void _same_job_again(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	DONE(NOTIFY);
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_FORCE_DOWN, "the job has the node");
	engine_derive(&conf, &rec, now, &out);
	now += S;
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_NOTIFY, "it may have got it anew: it is told again");
	DONE(NOTIFY);
	ACTS(SLURM_FORCE_DOWN, "and then it loses it");
	DO(UNKNOWN, .act = ACTION_SLURM_FORCE_DOWN);
	now += 100 * S;
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_NOTIFY, "so, too, when nobody knows whether it has");
	engine_derive(&conf, &rec, now, &out);
	DO(SUSPENDED, .asked = now);
	is_int(rec.tell, TELL_JOB, "Slurm took the node meanwhile");
	DO(SLURM_DONE, .act = ACTION_SLURM_NOTIFY);
	is_int(rec.tell, TELL_NOTHING, "so the next one is not taken for it");
}

/* Taken before the crash, and nobody has seen it. */
static void _taken_unseen(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	DONE(NOTIFY);
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_FORCE_DOWN, "the job has the node, it goes");
	engine_derive(&conf, &rec, now, &out);
	now += S;
	DO(SUSPENDED, .asked = now - 1);
	is_int(rec.tell, TELL_NOTHING, "Slurm says that it has gone");
	LOOKS(BOOTING, .job = 7);
	NO_ACT(SLURM_FORCE_DOWN, "the job has got it anew, and keeps it");
}

/* The node was taken out of slurm.conf, and its job ended with it. */
static void _no_such_node(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_REFUSED);
	now += 100 * S;
	DO(TICK);
	LOOKS(.missing = true);
	NO_ACT(SLURM_FORCE_DOWN, "Slurm has no such node to take");
	is_int(rec.tell, TELL_NOTHING, "and nobody is to be told");
}

/* A late clone took a name that was off, and a job was put there. */
static void _prolog_of_nobody(void)
{
	_start();
	VIEW(UP);
	now += S;
	DO(PROLOG, .job = 9, .asked = now);
	ACTS(LOOK_UP, "a job on a node without record");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 12, .vm = "vm-9",
	   .instance_uuid = UUID);
	LOOKS(.base = NODE_ALLOCATED);
	IN(CLONED, "the VM is at work");
	is_int(rec.req.job, 9, "for that job");
	ACTS(SLURM_MARK, "and for no other");
	is_int(record_wait(&rec, 9, now), WAIT_ON,
	       "its prolog waits for that");
}

/* The journal is lost and a job waits in vain: nobody knows which. */
static void _unknown_job(void)
{
	_reach(PHASE_ABSENT);
	VIEW(BOOTING, .job_unasked = true);
	DO(CONDEMN, .cause = CAUSE_LOST, .text = "nobody makes it");
	now += RECORD_DOUBT;
	DO(TICK);
	ACTS(SLURM_LOOK, "whose node is it?");
	LOOKS(BOOTING, .job = 9);
	ACTS(SLURM_NOTIFY, "its job is told first");
	is_int(rec.tell_job, 9, "that one");
	DONE(NOTIFY);
	LOOKS(BOOTING, .job = 9);
	ACTS(SLURM_FORCE_DOWN, "then the node is taken from it");
	_reach(PHASE_ABSENT);
	VIEW(BOOTING, .job_unasked = true);
	DO(CONDEMN, .cause = CAUSE_LOST, .text = "nobody makes it");
	now += RECORD_DOUBT;
	DO(TICK);
	LOOKS(BOOTING);
	ACTS(SLURM_FORCE_DOWN, "no job has it: nobody to tell");
}

/* While one job is told, the next one's request fails. */
static void _two_failures(void)
{
	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 8);
	DONE(MARK);
	rec.tell = TELL_JOB;
	rec.tell_job = 7;
	rec.tell_since = now - S;
	DO(TICK);
	ACTS(SLURM_NOTIFY, "the first failure");
	now = rec.next.deadline;
	DO(TICK);
	is_int(rec.tell_job, 8, "the second one");
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_NOTFOUND);
	is_int(rec.tell, TELL_JOB, "that the first job is gone says nothing "
	       "of the second");

	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 8);
	DONE(MARK);
	rec.next.deadline = now;
	rec.tell = TELL_JOB;
	rec.tell_job = 7;
	rec.tell_since = rec.slurm_token = now;
	rec.slurm_busy = ACTION_SLURM_NOTIFY;
	DO(TICK);
	is_int(rec.tell_job, 8, "both at the same moment");
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_NOTFOUND);
	is_int(rec.tell, TELL_JOB, "are two nevertheless");
}

/* A node that fails, and is taken out of slurm.conf meanwhile. */
static void _missing_node(void)
{
	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	DONE(NOTIFY);
	now += S;
	LOOKS(.missing = true);
	NO_ACT(SLURM_FORCE_DOWN, "slurmctld has no node to be taken");
	is_int(rec.tell, TELL_NOTHING, "that is done");
	ACTS(GUARD, "the VM goes");
	_finish();
	now += S;
	DO(TICK);
	NO_ACT(SLURM_DRAIN, "nor is there one to be drained");
}

/* Each try needs a look before it, which works. */
static void _refused_force(void)
{
	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	DONE(NOTIFY);
	for (int i = 0; i < 10; i++) {
		if (i) {
			now = rec.slurm_not_before;
			DO(TICK);
		}
		for (int k = 0; k < 9 && !_find(ACTION_SLURM_FORCE_DOWN); k++)
			if (_find(ACTION_SLURM_NOTIFY))
				DONE(NOTIFY);
			else
				LOOKS(BOOTING, .job = 7);
		if (!_find(ACTION_SLURM_FORCE_DOWN))
			bail_out("round %d: the node is not taken", i);
		now += S;
		DO(FAILED, .act = ACTION_SLURM_FORCE_DOWN,
		   .cause = CAUSE_REFUSED, .text = "Invalid user id");
	}
	ok(rec.slurm_not_before - now >= conf.pause_max / 2,
	   "what slurmctld refuses is asked for more and more seldom");
	now += S;
	_request("r2", 8);
	ACTS(SLURM_MARK, "a new job does not wait for that");
	DO(FAILED, .act = ACTION_SLURM_MARK, .cause = CAUSE_TRANSIENT);
	ok(rec.slurm_not_before - now < 5 * S, "and waits for its own time");
}

/* scloned is away for long, and the job's prolog goes on without it. */
static void _cancelled_yet_up(void)
{
	_reach(PHASE_IDENTIFIED);
	now += S;
	VIEW(.base = NODE_IDLE, .powering_up = true);
	IN(RELEASING, "its job is gone before the node is up");
	now += 61 * S;
	DO(RESTARTED);
	NO_ACT(GUARD, "what has become of it?");
	ACTS(SLURM_LOOK, "Slurm is asked");
	now += S;
	LOOKS(.base = NODE_ALLOCATED);
	NO_ACT(GUARD, "another job runs there");
	ACTS(SLURM_LOOK, "which one?");
	now += S;
	LOOKS(.base = NODE_ALLOCATED, .job = 9);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 9, "it is told first");
	DONE(NOTIFY);
	now += S;
	LOOKS(.base = NODE_ALLOCATED, .job = 9);
	ACTS(SLURM_FORCE_DOWN, "then it loses the node");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "and the VM goes");

	_reach(PHASE_IDENTIFIED);
	now += S;
	VIEW(.base = NODE_IDLE, .powering_up = true);
	DONE(FORCE_DOWN);
	now += S;
	LOOKS(GOING);
	ACTS(GUARD, "as a rule nobody has the node");
}

/* A submit that came through long after it was given up: Slurm takes the
 * clone, and a job runs there. */
static void _late_clone(void)
{
	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	IN(RELEASING, "given up");
	ACTS(SLURM_NOTIFY, "its job is told");
	NO_ACT(GUARD, "it may run a job: that is told first");
	DONE(NOTIFY);
	now += S;
	LOOKS(BOOTING, .job = 7);
	ACTS(SLURM_FORCE_DOWN, "Slurm has not taken it yet: it is told");
	NO_ACT(GUARD, "slurmd may register at any moment");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "Slurm has given the node up: it can go");

	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	now += 61 * S;
	VIEW(BOOTING);
	ACTS(GUARD, "it is not waited for for ever");

	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	now += 3600 * S;
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_TRANSIENT);
	NO_ACT(GUARD, "slurmctld is away: so it stays");
	now += 60 * S;
	VIEW(UP);
	ACTS(GUARD, "it is back, and up, but does not do it: not for ever");

	_reach(PHASE_IDENTIFIED);
	rec.req.attempts = conf.max_attempts;
	DO(GUEST_FAILED, .text = "no");
	now += S;
	VIEW(UP);
	NO_ACT(GUARD, "up after all");
	ok(out.wake && out.wake <= rec.tell_since + RECORD_DOUBT,
	   "and looked at again");
	DONE(NOTIFY);
	LOOKS(UP, .job = 7);
	NO_ACT(GUARD, "the job is told, but has the node");
	ACTS(SLURM_FORCE_DOWN, "the job is told");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "Slurm has taken it: it goes");
}

/* An orphan is powered off, nobody knows whether; then it is up. */
static void _late_power_off(void)
{
	_start();
	DO(FOUND, .found_epoch = 12, .vm = "vm-9", .instance_uuid = UUID);
	now += S;
	LOOKS(BOOTING);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	ACTS(POWER_OFF, "nobody uses it");
	now += S;
	VIEW(UP);
	DO(UNKNOWN, .act = ACTION_POWER_OFF, .text = "no reply");
	IN(RELEASING, "up meanwhile, but it can be off at any moment");
	engine_derive(&conf, &rec, now, &out);
	now += S;
	VIEW(UP);
	IN(RELEASING, "after a restart, too");
}

int main(void)
{
	_renewed_epoch();
	_clock_set_forward();
	_clock_set_back();
	_another_clone();
	_other_job();
	_same_job_again();
	_taken_unseen();
	_no_such_node();
	_two_failures();
	_prolog_of_nobody();
	_unknown_job();
	_late_clone();
	_missing_node();
	_refused_force();
	_cancelled_yet_up();
	_late_power_off();
	return done_testing();
}
