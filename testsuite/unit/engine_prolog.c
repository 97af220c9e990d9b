/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules of prologs and registrations: whose node it is. */
#include "common/rules/engine.h"
#include "engine_scene.h"

static void _prolog(void)
{
	_start();
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	_request("r1", 0);
	is_int(rec.req.job, 9, "the prolog came first and knew the job");
	ACTS(SLURM_MARK, "so it is marked");
	_start();
	DO(PROLOG, .job = 9, .asked = now);
	now += 3600 * S;
	_request("r1", 0);
	is_int(rec.req.job, 0, "an old prolog is not believed");

	_start();
	now += 3600 * S;
	DO(PROLOG, .job = 9, .asked = now);
	DO(REQUESTED, .id = "r1", .asked = now - 60 * S,
	   .deadline = now + 40 * S, .template_name = "rocky9");
	is_int(rec.req.job, 9, "one that is younger than the request is");

	_reach(PHASE_RELEASING);
	now += S;
	DO(PROLOG, .job = 9, .asked = now);
	is_int(rec.prolog_job, 9, "it may also come while the last VM goes");
	_request("r2", 0);
	_finish();
	is_int(rec.req.job, 9, "and is believed then, too");

	_reach(PHASE_READY);
	now += S;
	DO(PROLOG, .job = 9, .asked = now);
	DO(SUSPENDED, .asked = now);
	LOOKS(GOING);
	now += S;
	_request("r2", 0);
	_finish();
	is_int(rec.req.job, 0, "of one that came as an intruder before");
	is_int(WAIT(9), WAIT_ASK, "is asked once more");
	DO(PROLOG, .job = 9, .asked = now);
	is_int(rec.req.job, 9, "whose request it is");
	ACTS(SLURM_MARK, "and its node is for one job");
	is_int(WAIT(9), WAIT_ON, "which waits for it");

	_reach(PHASE_READY);
	DO(PROLOG, .job = 7, .asked = now);
	ok(out.ignored, "its own job is welcome");
	is_int(WAIT(7), WAIT_OVER, "and need not wait");
}

/* A second job on the VM, as partitions without EXCLUSIVE bring it. */
static void _intruder(void)
{
	_reach(PHASE_CLONED);
	is_int(WAIT(8), WAIT_ASK, "another job's prolog");
	DO(PROLOG, .job = 8, .asked = now);
	NO_ACT(SLURM_REQUEUE, "it may be of a cycle not told of yet");
	is_int(WAIT(8), WAIT_ON, "meanwhile it waits");
	DO(PROLOG, .job = 9, .asked = now);
	ok(out.ignored, "one at a time");
	is_int(WAIT(9), WAIT_ON, "the next one waits for that");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now += S;
	VIEW(UP);
	IN(READY, "the node comes up");
	ok(_find(ACTION_SLURM_REQUEUE) &&
	   _find(ACTION_SLURM_REQUEUE)->job == 8,
	   "a second job on the VM is sent away");
	DONE(REQUEUE);
	is_int(WAIT(8), WAIT_OVER, "and its prolog let go");
	is_int(WAIT(9), WAIT_ASK, "then the next one");
	now += S;
	DO(PROLOG, .job = 9, .asked = now);
	ACTS(SLURM_LOOK, "is the node still up?");
	NO_ACT(SLURM_REQUEUE, "not before that is known");
	now += S;
	LOOKS(UP);
	ACTS(SLURM_REQUEUE, "it is");
	DO(FAILED, .act = ACTION_SLURM_REQUEUE, .cause = CAUSE_REFUSED,
	   .text = "no");
	ok(_find(ACTION_SLURM_KILL) && _find(ACTION_SLURM_KILL)->job == 9,
	   "one that must not be requeued is ended");
	is_str(_find(ACTION_SLURM_KILL)->text, "sclone: (SHARED) the job was "
	       "put on another job's VM; a VM serves one job",
	       "and told why");
	is_int(WAIT(9), WAIT_ON, "its prolog waits for that");
	now -= 5;
	DO(TICK);
	now += 5;
	DONE(KILL);
	is_int(WAIT(9), WAIT_OVER, "and no longer, also if the clock was set "
	       "back");
	IN(READY, "the first job keeps its node");

	_reach(PHASE_READY);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	now += S;
	LOOKS(GOING);
	NO_ACT(SLURM_REQUEUE, "Slurm has ended the first job's node");
	is_int(WAIT(8), WAIT_OVER, "and the second one's, who has none now");
}

static void _power_up_by_hand(void)
{
	_start();
	_request("r1", 0);
	DO(ADMITTED, .source = SOURCE);
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	IN(READY, "powered up by hand");
}

/* A VM that was up for nobody, and a job that got it while nobody could be
 * asked. */
static void _claimed(void)
{
	_power_up_by_hand();
	DO(CLAIM, .job = 8, .asked = rec.req.asked);
	ok(out.ignored, "a claim on an earlier VM");
	now += S;
	DO(CLAIM, .job = 8, .asked = now - 1);
	ACTS(SLURM_MARK, "it has had its job");
	DONE(MARK);
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	LOOKS(UP);
	ok(_find(ACTION_SLURM_REQUEUE) &&
	   _find(ACTION_SLURM_REQUEUE)->job == 9, "the next one is sent away");
	DO(CLAIM, .job = 9, .asked = now);
	ok(out.ignored, "and cannot claim it");
	DO(CLAIM, .job = 8, .asked = now);
	ok(out.ignored, "its own has it already");
	rec.req.job = 0;
	rec.req.shared = true;
	DO(CLAIM, .job = 8, .asked = now);
	ok(out.ignored, "what is shared is claimed by nobody");
}

/* It got it after the clock was set back: its claim seems to be older than the
 * VM. */
static void _claimed_before(void)
{
	_power_up_by_hand();
	now -= 1200 * S;
	VIEW(.base = NODE_ALLOCATED);
	DO(CLAIM, .job = 8, .asked = now - S);
	ACTS(SLURM_MARK, "it has had its job, by a claim from before it");

	_start();
	now -= 1200 * S;
	DO(REQUESTED, .id = "r1", .asked = now + 1200 * S,
	   .deadline = now + 1800 * S, .template_name = "rocky9");
	ok(rec.req.guessed, "a request from before the clock was set back");
}

/* It comes up while the guard looks: nothing that ends it was sent. */
static void _orphan_comes_up(bool shared)
{
	_reach(PHASE_ABSENT);
	now += 60 * S;
	rec.shares = shared;
	DO(FOUND, .found_epoch = (uint64_t) (now - 30 * S), .vm = "vm-2",
	   .instance_uuid = UUID);
	LOOKS(BOOTING);
	ACTS(GUARD, "an orphan that boots");
	now += S;
	VIEW(.base = shared ? NODE_IDLE : NODE_ALLOCATED);
	DO(GUARD_OK, .level = GUARD_POWER_OFF, .facts_at = now);
	IN(CLONED, "serves when it is up before it is powered off");
	NO_ACT(SLURM_LOOK, "nobody is to be told");
}

/* The record of a VM was lost, and found again after its first job. */
static void _claimed_orphan(void)
{
	_reach(PHASE_ABSENT);
	now += 60 * S;
	DO(FOUND, .found_epoch = (uint64_t) (now - 30 * S), .vm = "vm-2",
	   .instance_uuid = UUID);
	LOOKS(.base = NODE_IDLE);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "an orphan that is up is taken over");
	DO(CLAIM, .job = 8, .asked = now - 20 * S);
	ACTS(SLURM_MARK, "the job that has had it claims it");
}

/* The same, and the next job is on it, or about to be. */
static void _claimed_found(void)
{
	_reach(PHASE_ABSENT);
	now += 60 * S;
	DO(FOUND, .found_epoch = (uint64_t) (now - 30 * S), .vm = "vm-2",
	   .instance_uuid = UUID);
	LOOKS(.base = NODE_ALLOCATED, .job = 9);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "an orphan with a job on it is taken over");
	is_int(rec.req.job, 9, "for that job, one would think");
	DO(CLAIM, .job = 8, .asked = now - 20 * S);
	is_int(rec.req.job, 8, "but another one has had it");
	now += S;
	LOOKS(UP);
	DONE(MARK);
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	LOOKS(UP);
	ok(_find(ACTION_SLURM_REQUEUE) &&
	   _find(ACTION_SLURM_REQUEUE)->job == 9, "it is sent away");
	DO(CLAIM, .job = 9, .asked = now);
	ok(out.ignored, "and cannot claim it in turn");
}

/* Neither requeued nor ended: it must not start all the same. */
static void _intruder_stays(void)
{
	_reach(PHASE_READY);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	now += S;
	LOOKS(UP);
	DO(FAILED, .act = ACTION_SLURM_REQUEUE, .cause = CAUSE_REFUSED);
	for (int i = 0; i < 6; i++) {
		ACTS(SLURM_KILL, "slurmctld does not end the job");
		is_int(WAIT(8), WAIT_ON, "its prolog waits");
		DO(FAILED, .act = ACTION_SLURM_KILL,
		   .cause = CAUSE_TRANSIENT);
		now = rec.slurm_not_before;
		DO(TICK);
	}
	ACTS(SLURM_KILL, "tried once more");
	DO(UNKNOWN, .act = ACTION_SLURM_KILL);
	is_int(WAIT(8), WAIT_REFUSED, "then its prolog fails");
	now = rec.slurm_not_before;
	DO(TICK);
	NO_ACT(SLURM_KILL, "that is the end of it");
	IN(READY, "the first job keeps its node");
	DO(PROLOG, .job = 8, .asked = now);
	is_int(WAIT(8), WAIT_ON, "if it comes again, once more");
	now += S;
	LOOKS(UP);
	DO(FAILED, .act = ACTION_SLURM_REQUEUE, .cause = CAUSE_AUTH);
	is_int(WAIT(8), WAIT_REFUSED,
	       "without the right to do it, at once");
}

#define MISFIT(job_id, why)                                                 \
	DO(MISFIT, .job = job_id, .cause = CAUSE_##why, .text = "it is a",  \
	   .asked = now)
#define LEAVES(job_id) record_wait(&rec, job_id, T0)

/* The node is up, and not what its job asks for: it must not start there. */
static void _misfit_up(void)
{
	_reach(PHASE_READY);
	now += S;
	MISFIT(8, TEMPLATE);
	ok(out.ignored, "another job has no say");
	MISFIT(7, TEMPLATE);
	IN(READY, "the job needs a slurmd to end well");
	ok(_find(ACTION_SLURM_END) && _find(ACTION_SLURM_END)->job == 7,
	   "it is ended");
	is_str(_find(ACTION_SLURM_END)->text, "sclone: (TEMPLATE) it is a",
	       "and told why");
	is_int(LEAVES(7), WAIT_ON, "its prolog waits for that");
	MISFIT(7, TEMPLATE);
	ok(out.ignored, "once is enough");
	DONE(END);
	is_int(LEAVES(7), WAIT_OVER, "then it is let go");
	is_int(rec.tell, TELL_NOTHING, "the node goes down by its mark");
	ok(!rec.needs_human, "nobody has to look at it");

	_reach(PHASE_READY);
	rec.req.job = 0;
	rec.req.marked = false;
	now += S;
	MISFIT(7, IMAGE);
	ACTS(SLURM_MARK, "powered up by hand: first of all marked");
	DONE(MARK);
	ok(_find(ACTION_SLURM_MOVE) && _find(ACTION_SLURM_MOVE)->job == 7,
	   "not the job's fault: it is told, and requeued");
	is_int(LEAVES(7), WAIT_ON, "its prolog waits for that, too");
	DO(FAILED, .act = ACTION_SLURM_MOVE, .cause = CAUSE_REFUSED,
	   .text = "no");
	ACTS(SLURM_END, "one that must not be requeued is ended");
	is_int(LEAVES(7), WAIT_ON, "its prolog waits still");
	DONE(END);
	is_int(LEAVES(7), WAIT_OVER, "and no longer");
	is_int(record_wait(&rec, 7, now + S), WAIT_OVER,
	       "the job's next prolog is another matter");
}

/* There is no VM yet, or another one. */
static void _misfit_early(void)
{
	_reach(PHASE_REQUESTED);
	MISFIT(7, TEMPLATE);
	ACTS(SLURM_END, "the same before there is a VM");
	NO_ACT(SUBMIT_CLONE, "which is not made");
	IN(RELEASING, "nothing is left of it");
	DONE(END);
	ACTS(SLURM_LOOK, "then the node is looked at");
	now += S;
	LOOKS(.base = NODE_IDLE, .powering_up = true, .free_of = 7);
	ACTS(SLURM_FORCE_DOWN, "and given back");
	DONE(FORCE_DOWN);
	is_int(rec.tell, TELL_NOTHING, "that is all");

	_reach(PHASE_RELEASING);
	now += S;
	_request("r2", 9);
	DONE(MARK);
	MISFIT(9, TEMPLATE);
	ok(_find(ACTION_SLURM_END) && _find(ACTION_SLURM_END)->job == 9,
	   "also while the last VM goes");
	_finish();
	IN(ABSENT, "after which nothing is begun");
}

/* Slurm does not end it. */
static void _misfit_stays(void)
{
	_reach(PHASE_READY);
	now += S;
	MISFIT(7, TEMPLATE);
	for (int i = 0; i < 6; i++) {
		ACTS(SLURM_END, "slurmctld does not end the job");
		is_int(LEAVES(7), WAIT_ON, "its prolog waits");
		DO(FAILED, .act = ACTION_SLURM_END, .cause = CAUSE_TRANSIENT);
		now = rec.slurm_not_before;
		DO(TICK);
	}
	DO(UNKNOWN, .act = ACTION_SLURM_END);
	is_int(LEAVES(7), WAIT_REFUSED, "then its prolog fails");

	_reach(PHASE_CLONING);
	now += S;
	MISFIT(7, IMAGE);
	DO(FAILED, .act = ACTION_SLURM_MOVE, .cause = CAUSE_AUTH);
	is_int(LEAVES(7), WAIT_REFUSED,
	       "without the right to do it, at once");
	is_int(rec.tell, TELL_FORCE, "and the node is given back");
}

/* An older clone woke late, and has the name when the next one is made. */
static void _stale_boot(void)
{
	_start();
	_request("r1", 7);
	DONE(MARK);
	now += S;
	VIEW(UP, .boot = T0);
	DO(ADMITTED, .source = SOURCE);
	ACTS(SUBMIT_CLONE, "somebody answers for the node already");
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now += S;
	VIEW(UP, .boot = T0 + S);
	IN(CLONED, "the same: that is not the clone");
	now += S;
	VIEW(UP, .boot = T0 + 4 * S);
	IN(READY, "the clone has registered");
}

/* Waiting for a node that has no request. */
static void _no_request(void)
{
	_start();
	is_int(WAIT(7), WAIT_ON, "its request may come");
	DO(PROLOG, .job = 7, .asked = now);
	now += S;
	VIEW(.base = NODE_ALLOCATED, .powered_down = true);
	is_int(WAIT(7), WAIT_ON, "Slurm says that a job has the node");
	DO(PROLOG, .job = 5, .asked = now - 3600 * S);
	ok(out.ignored && rec.prolog_job == 7,
	   "one that has waited long does not hide the later one");
	now += S;
	VIEW(GONE);
	is_int(WAIT(7), WAIT_OVER, "but it has lost it");
	is_int(record_wait(&rec, 7, now), WAIT_ON,
	       "which cannot be said of one that has just begun");
	_start();
	_request("r1", 0);
	DO(ADMITTED, .source = SOURCE);
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	now += S;
	VIEW(.base = NODE_IDLE);
	IN(READY, "a node powered up by hand");
	DO(PROLOG, .job = 7, .asked = now);
	is_int(WAIT(7), WAIT_ON,
	       "its first job waits until it is marked");
	DONE(MARK);
	is_int(WAIT(7), WAIT_OVER, "and no longer");
}

/* A slurmd answers for a node whose VM was proven gone. */
static void _zombie(void)
{
	_reach(PHASE_READY);
	DO(SUSPENDED, .asked = now);
	_finish();
	IN(ABSENT, "a VM was proven gone");
	now += S;
	VIEW(GONE);
	now += S;
	DO(PROLOG, .job = 9, .asked = now);
	IN(ABSENT, "a prolog that came before its request");
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	ACTS(LOOK_UP, "Slurm shows the node up: is there a VM after all?");
	is_int(WAIT(9), WAIT_ON, "a job on it is held");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	ACTS(SLURM_NOTIFY, "there is none: the job is told");
	is_int(WAIT(9), WAIT_ON, "and held on");
	DONE(NOTIFY);
	now += S;
	LOOKS(.base = NODE_ALLOCATED);
	ACTS(SLURM_FORCE_DOWN, "and Slurm");
	DONE(FORCE_DOWN);
	now += S;
	LOOKS(.base = NODE_ALLOCATED, .power_down = true);
	IN(ABSENT, "which takes a moment");
	now += S;
	VIEW(GOING);
	is_int(WAIT(9), WAIT_OVER, "the job has lost the node");
}

/* vCenter had forgotten the task: its VM came after the proof, and a job has
 * it. */
static void _late_zombie(void)
{
	_reach(PHASE_READY);
	DO(SUSPENDED, .asked = now);
	_finish();
	now += S;
	VIEW(GONE);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	ACTS(LOOK_UP, "up, and proven gone");
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-1",
	   .instance_uuid = UUID, .found_epoch = rec.epoch);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	NO_ACT(POWER_OFF, "it is there after all, with a job");
	LOOKS(.base = NODE_ALLOCATED, .job = 9);
	ACTS(SLURM_NOTIFY, "which is told");
	DONE(NOTIFY);
	LOOKS(.base = NODE_ALLOCATED, .job = 9, .about = 9);
	ACTS(SLURM_FORCE_DOWN, "and taken off");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "before the VM goes");
}

/* As above, but it is the journal that is wrong. */
static void _no_zombie(void)
{
	_reach(PHASE_READY);
	DO(SUSPENDED, .asked = now);
	_finish();
	now += S;
	VIEW(GONE);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	ACTS(LOOK_UP, "up, and proven gone");
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-9",
	   .instance_uuid = UUID, .found_epoch = rec.epoch + 5);
	now += S;
	LOOKS(.base = NODE_ALLOCATED);
	IN(CLONED, "a VM of a later epoch: it serves");
}

/* The journal was lost, and a job's prolog waits on a node that is up. */
static void _unknown_vm(void)
{
	_start();
	DO(PROLOG, .job = 9, .asked = now);
	now += 300 * S;
	VIEW(.base = NODE_ALLOCATED);
	ACTS(LOOK_UP, "up without a record: whose VM is it?");
	is_int(WAIT(9), WAIT_ON, "the job is held");
	now += S;
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-9",
	   .instance_uuid = UUID, .found_epoch = now - 60 * S);
	LOOKS(.base = NODE_ALLOCATED);
	IN(CLONED, "ours: it serves");
	is_int(rec.req.job, 9, "the job that has waited so long");
	ACTS(SLURM_MARK, "and no other");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	is_int(record_wait(&rec, 9, now - 301 * S), WAIT_ON,
	       "which is awaited");
	DONE(MARK);
	is_int(record_wait(&rec, 9, now - 301 * S), WAIT_OVER,
	       "and then it starts");

	_start();
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	is_int(WAIT(9), WAIT_ON, "no VM is there: a job is held, too");
}

/* The VM that is found was up before the job's prolog began. */
static void _used_vm(void)
{
	_start();
	VIEW(.base = NODE_ALLOCATED, .boot = T0 - 60 * S);
	DO(PROLOG, .job = 9, .asked = now);
	ACTS(LOOK_UP, "up without a record");
	now += S;
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-9",
	   .instance_uuid = UUID, .found_epoch = now - 60 * S);
	LOOKS(.base = NODE_ALLOCATED, .boot = T0 - 60 * S);
	IN(RELEASING, "it may have served another job: it goes");
	NO_ACT(GUARD, "but not before the job is told");
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 9, "which is told");
	DONE(NOTIFY);
	is_int(record_wait(&rec, 9, T0), WAIT_ON, "and does not start there");
	LOOKS(.base = NODE_ALLOCATED, .job = 9, .boot = T0 - 60 * S);
	ACTS(SLURM_FORCE_DOWN, "the job loses the node");
	DONE(FORCE_DOWN);
	ACTS(GUARD, "and now the VM goes");
	now += S;
	VIEW(GOING);
	is_int(record_wait(&rec, 9, T0), WAIT_OVER, "its prolog ends");

	_start();
	VIEW(.base = NODE_ALLOCATED, .boot = T0 - 60 * S,
	     .power_down = true);
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-9",
	   .instance_uuid = UUID, .found_epoch = now - 60 * S);
	LOOKS(.base = NODE_ALLOCATED, .boot = T0 - 60 * S,
	      .power_down = true);
	IN(CLONED, "one that is marked is this job's alone");
}

/* slurmctld was killed, and has forgotten the mark. */
static void _forgotten_mark(void)
{
	_reach(PHASE_READY);
	is_int(WAIT(7), WAIT_OVER, "marked and up");
	now += S;
	VIEW(.base = NODE_ALLOCATED);
	ACTS(SLURM_MARK, "the mark is gone");
	is_int(WAIT(7), WAIT_ON, "a job that has not started waits for it");
	DONE(MARK);
	is_int(WAIT(7), WAIT_OVER, "and no longer");
}

int main(void)
{
	_prolog();
	_intruder();
	_claimed();
	_claimed_before();
	_claimed_orphan();
	_claimed_found();
	_orphan_comes_up(false);
	_orphan_comes_up(true);
	_intruder_stays();
	_misfit_up();
	_misfit_early();
	_misfit_stays();
	_stale_boot();
	_no_request();
	_zombie();
	_late_zombie();
	_no_zombie();
	_unknown_vm();
	_used_vm();
	_forgotten_mark();
	return done_testing();
}
