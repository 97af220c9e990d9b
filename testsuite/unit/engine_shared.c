/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules of nodes with Isolation=shared: any job may use their
 * VMs, and Slurm alone says when they go. */
#include "common/rules/receipt.h"
#include "common/rules/update.h"
#include "engine_scene.h"

#define USED .base = NODE_ALLOCATED
#define IDLE .base = NODE_IDLE

/* As _reach(), but without a mark, and not marked by Slurm. */
static void _share(enum phase phase)
{
	_start();
	DO(ISOLATION, .shared = true);
	_request("r1", 7);
	if (phase == PHASE_REQUESTED)
		return;
	DO(ADMITTED, .source = SOURCE);
	DO(SUBMITTED, .task = "task-1");
	DO(CLONE_DONE, .vm = "vm-1");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	if (phase == PHASE_CLONED)
		return;
	now += S;
	VIEW(USED);
}

static void _unmarked(void)
{
	_share(PHASE_REQUESTED);
	NO_ACT(SLURM_MARK, "a shared node is not for one job");
	ok(record_admissible(&rec, now), "and is cloned without a mark");
	_share(PHASE_READY);
	IN(READY, "it comes up");
	NO_ACT(SLURM_MARK, "and stays unmarked");
	is_int(WAIT(7), WAIT_OVER, "its first job may start");
	now += S;
	VIEW(IDLE);
	now += S;
	VIEW(USED);
	QUIET("nothing happens between two jobs");
	now += S;
	DO(SUSPENDED, .asked = now);
	IN(RELEASING, "Slurm ends it");
}

static void _later_jobs(void)
{
	_share(PHASE_CLONED);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	is_int(WAIT(8), WAIT_ON, "a second job waits for the node, too");
	now += S;
	VIEW(USED);
	IN(READY, "it is up");
	is_int(WAIT(8), WAIT_OVER, "for both");
	is_int(WAIT(9), WAIT_ASK, "one of which nothing is known must be");
	DO(PROLOG, .job = 9, .asked = now);
	is_int(WAIT(9), WAIT_OVER, "and may start at once");
	NO_ACT(SLURM_REQUEUE, "nobody is sent away");
	is_str(rec.req.sharers, "8,9", "the record has all of them");
	DO(PROLOG, .job = 9, .asked = now);
	DO(PROLOG, .job = 7, .asked = now);
	is_str(rec.req.sharers, "8,9", "each once");
	for (uint32_t job = 4000000000u; job < 4000000050u; job++)
		DO(PROLOG, .job = job, .asked = now);
	ok(!strcmp(rec.req.sharers + strlen(rec.req.sharers) - 4, ",..."),
	   "as far as there is room");
	DO(PROLOG, .job = 10, .asked = now);
	ok(!strcmp(rec.req.sharers + strlen(rec.req.sharers) - 4, ",..."),
	   "and no farther");
}

static void _cancelled(void)
{
	_share(PHASE_CLONED);
	now += S;
	VIEW(IDLE, .powering_up = true);
	IN(CLONED, "without its job it comes up for others");
	now += S;
	VIEW(IDLE);
	IN(READY, "idle");
}

/* All who are there are told, one after the other. */
static void _lost(void)
{
	_share(PHASE_READY);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	DO(VM_LOST, .text = "powered off");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	now += 61 * S;
	DO(TICK);
	ACTS(SLURM_LOOK, "the VM is lost: who has the node now?");
	now += S;
	LOOKS(USED, .job = 8, .job_start = 100);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 8,
	   "not the job of the request: that may have ended long ago");
	DONE(NOTIFY);
	ok(_find(ACTION_SLURM_LOOK) && _find(ACTION_SLURM_LOOK)->job == 8 &&
	   _find(ACTION_SLURM_LOOK)->start == 100 && update_asks_who(&rec),
	   "who got the node after it?");
	NO_ACT(SLURM_SET_DOWN, "the node waits for that");
	now += S;
	LOOKS(USED, .job = 5, .job_start = 200);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 5,
	   "that one is told, whatever its number");
	DO(FAILED, .act = ACTION_SLURM_NOTIFY, .cause = CAUSE_NOTFOUND);
	ok(_find(ACTION_SLURM_LOOK) && _find(ACTION_SLURM_LOOK)->job == 5,
	   "one that has ended since is left out");
	now += S;
	LOOKS(USED, .job = 8, .job_start = 300);
	DONE(NOTIFY);
	ok(_find(ACTION_SLURM_LOOK) &&
	   _find(ACTION_SLURM_LOOK)->start == 300,
	   "one that comes again is told again, and asked behind");
	NO_ACT(SLURM_SET_DOWN, "until there is no other");
	now += S;
	LOOKS(USED);
	ACTS(SLURM_SET_DOWN, "nobody is left to be told");
	now += 3 * S;
	DO(FAILED, .act = ACTION_SLURM_SET_DOWN, .cause = CAUSE_TRANSIENT,
	   .unsent = true);
	ok(_find(ACTION_SLURM_LOOK) &&
	   _find(ACTION_SLURM_LOOK)->start == 300,
	   "not sent in time: who came since is asked for, at once");
	LOOKS(USED, .job = 9, .job_start = 400);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 9, "and told alone");
	DONE(NOTIFY);
	now += S;
	LOOKS(USED);
	ACTS(SLURM_SET_DOWN, "then again nobody is left");
	DO(UNKNOWN, .act = ACTION_SLURM_SET_DOWN);
	now = rec.slurm_not_before;
	DO(TICK);
	ok(_find(ACTION_SLURM_LOOK) && !_find(ACTION_SLURM_LOOK)->job,
	   "whoever has the node after that is told, too");
}

/* A clone fails before the node is up: its first job may be gone already. */
static void _never_up(void)
{
	_share(PHASE_CLONED);
	now += S;
	VIEW(BOOTING);
	DO(VM_LOST, .text = "powered off");
	IN(RELEASING, "it is tried again");
	is_int(rec.tell, TELL_NOTHING, "and nobody is told yet");
	ok(rec.next.shared && rec.next.job == 7, "for all");

	_share(PHASE_CLONED);
	now = rec.req.deadline + S;
	VIEW(BOOTING, .job_unasked = true);
	ACTS(SLURM_LOOK, "too late: who waits?");
	LOOKS(BOOTING, .job = 8);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 8, "it is told");
	DONE(NOTIFY);
	LOOKS(BOOTING);
	ACTS(SLURM_FORCE_DOWN, "then the node is given back");
}

#define LEAVES(job_id, what)                                                \
	ok(_find(ACTION_SLURM_END) &&                                       \
	   _find(ACTION_SLURM_END)->job == job_id, what)
#define MISFIT(job_id)                                                      \
	DO(MISFIT, .job = job_id, .cause = CAUSE_TEMPLATE, .text = "a",     \
	   .asked = now)

/* A job that must not run there leaves; the others do not notice. */
static void _misfits(void)
{
	_share(PHASE_READY);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	MISFIT(9);
	LEAVES(9, "a later job that asks for another image is ended");
	IN(READY, "on a VM that stays");
	ok(record_has_to_tell(&rec), "the next such job has to wait");
	MISFIT(10);
	ok(out.ignored, "until that is done");
	is_int(record_wait(&rec, 9, now), WAIT_ON, "its prolog waits");
	is_int(record_wait(&rec, 8, now), WAIT_OVER, "not so the others'");
	DONE(END);
	is_int(record_wait(&rec, 9, now), WAIT_OVER, "it is over");
	is_int(rec.tell, TELL_NOTHING, "and the node stays up");
	MISFIT(10);
	LEAVES(10, "now the next one");
	for (int i = 0; i < 7; i++) {
		DO(FAILED, .act = ACTION_SLURM_END, .cause = CAUSE_TRANSIENT);
		now = rec.slurm_not_before;
		DO(TICK);
	}
	is_int(record_wait(&rec, 10, T0), WAIT_REFUSED,
	       "one that cannot be ended does not start");
	is_int(rec.tell, TELL_NOTHING, "and the node stays up");

	_share(PHASE_REQUESTED);
	MISFIT(7);
	LEAVES(7, "the first job asks for another image");
	IN(REQUESTED, "a clone is made all the same: others may wait for it");
	DONE(END);
	is_int(rec.tell, TELL_NOTHING, "the node is not taken from them");
}

static void _idle_lost(void)
{
	_share(PHASE_READY);
	now += S;
	VIEW(IDLE);
	DO(VM_LOST, .text = "powered off");
	now += 61 * S;
	DO(TICK);
	now += S;
	LOOKS(IDLE);
	ACTS(SLURM_SET_DOWN, "an idle node whose VM is lost goes down, too");
}

/* What sclone.conf says now counts for the next clone. */
static void _changed(void)
{
	_share(PHASE_READY);
	DO(ISOLATION, .shared = false);
	NO_ACT(SLURM_MARK, "a shared VM stays one");
	DO(PROLOG, .job = 8, .asked = now);
	NO_ACT(SLURM_REQUEUE, "for all who come");
	now += S;
	DO(SUSPENDED, .asked = now);
	now += S;
	_request("r2", 9);
	ACTS(SLURM_MARK, "the next one is for one job");
	_finish();
	IN(REQUESTED, "when this one is gone");
	ok(!rec.req.shared && !record_admissible(&rec, now), "and marked");

	_reach(PHASE_READY);
	DO(ISOLATION, .shared = true);
	now += S;
	DO(PROLOG, .job = 8, .asked = now);
	now += S;
	LOOKS(UP);
	ACTS(SLURM_REQUEUE, "a VM that is one job's stays that");
}

/* The journal is lost; a job waits for a VM that has served others. */
static void _found(void)
{
	_start();
	DO(ISOLATION, .shared = true);
	now += 100 * S;
	DO(PROLOG, .job = 9, .asked = now);
	now += S;
	VIEW(USED, .boot = T0);
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 5, .vm = "vm-5");
	now += S;
	LOOKS(USED, .boot = T0, .job = 9);
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "a shared VM that was found again serves");
	NO_ACT(SLURM_FORCE_DOWN, "whoever was there before");
	is_int(WAIT(9), WAIT_OVER, "the job that waits, too");
}

/* Without a request that says so, the nodes of the configuration do. */
static void _unasked(void)
{
	_start();
	DO(ISOLATION, .shared = true);
	VIEW(BOOTING, .job_unasked = true);
	DO(CONDEMN, .cause = CAUSE_LOST, .job = 7, .text = "nobody makes it");
	now += RECORD_DOUBT;
	DO(TICK);
	LOOKS(BOOTING, .job = 7, .job_start = 100);
	DONE(NOTIFY);
	now += S;
	LOOKS(BOOTING, .job = 9, .job_start = 100);
	ok(_find(ACTION_SLURM_NOTIFY) &&
	   _find(ACTION_SLURM_NOTIFY)->job == 9,
	   "nobody makes the node: all who wait are told");

	_share(PHASE_READY);
	DO(SUSPENDED, .asked = now);
	_finish();
	now += S;
	VIEW(GONE);
	now += S;
	VIEW(USED);
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	DO(RECORDED);
	is_int(rec.tell_cause, CAUSE_ZOMBIE, "a slurmd without a VM");
	ok(rec.tell_all, "all who are there are told");
}

static void _kept(void)
{
	cleanup_buf struct buf line, receipt;
	struct record back;
	struct err err = ERR_INIT;

	_share(PHASE_READY);
	DO(PROLOG, .job = 8, .asked = now);
	buf_init(&line, RECORD_LINE_MAX);
	buf_init(&receipt, RECORD_LINE_MAX);
	record_encode(&rec, &line);
	ok(record_decode(buf_str(&line), &back, &err) == 0 &&
	   back.req.shared && back.shares &&
	   !strcmp(back.req.sharers, "8"), "kept in the journal");
	receipt_line(&rec, now, &receipt);
	has_str(buf_str(&receipt), " job=7 shared=1 sharers=8 ",
		"and in the receipt");
	DO(RESTARTED);
	NO_ACT(SLURM_MARK, "after a restart it is what it was");
}

int main(void)
{
	_unmarked();
	_later_jobs();
	_cancelled();
	_lost();
	_never_up();
	_misfits();
	_idle_lost();
	_changed();
	_found();
	_unasked();
	_kept();
	return done_testing();
}
