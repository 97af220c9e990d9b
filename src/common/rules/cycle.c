/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "backoff.h"
#include "text.h"
#include "update.h"
#include "cycle.h"

#define PROLOG_NEAR INT64_C(30000000)	/* us before its request */

void cycle_enter(struct record *rec, enum phase phase, int64_t now)
{
	rec->phase = phase;
	rec->at[phase] = now;
	rec->waits_for = CAUSE_NONE;
}

static void _set_epoch(struct record *rec, uint64_t epoch)
{
	rec->epoch = epoch;
	if (epoch > rec->last_epoch)
		rec->last_epoch = epoch;
	owner_bios_uuid(rec->cluster, rec->node, epoch, rec->bios_uuid);
}

/* Nothing is known of this epoch's VM. */
static void _forget_vm(struct record *rec)
{
	rec->submit = SUBMIT_NONE;
	rec->absent_since = 0;
	*rec->source = *rec->task = *rec->vm = *rec->instance_uuid = '\0';
	*rec->directory = *rec->inventory_only = '\0';
	rec->read_back = rec->owner_missing = rec->registered = false;
	rec->stale_boot = 0;
	memset(rec->at, 0, sizeof(rec->at));
	rec->cause = CAUSE_NONE;
	*rec->why = '\0';
	rec->release = RELEASE_NONE;
	*rec->refusal = '\0';
	rec->recorded = rec->another = rec->off_sent = false;
	rec->evidence = 0;
	rec->free_by = 0;
	rec->vm_tries = 0;
	rec->unproven = 0;
	rec->vm_not_before = 0;
	*rec->error = '\0';
}

/*
 * Prolog and resume start together, and the prolog may know the job alone. A
 * prolog that is much older than the request is of an earlier job; one that
 * is younger is always right: a node that an admin powered up is given to a
 * job later, and its request may have been long in the spool.
 */
static void _take_prolog_job(struct record *rec)
{
	if (!rec->req.job &&
	    rec->req.asked - rec->prolog_asked <= PROLOG_NEAR)
		rec->req.job = rec->prolog_job;
	rec->prolog_job = 0;
	rec->prolog_asked = 0;
}

void cycle_begin(struct record *rec, int64_t now)
{
	record_take_name(rec);
	_set_epoch(rec, record_next_epoch(rec->last_epoch, now));
	_forget_vm(rec);
	rec->settle = false;
	_take_prolog_job(rec);
	cycle_enter(rec, PHASE_REQUESTED, now);
}

void cycle_renew(struct record *rec, int64_t now)
{
	_set_epoch(rec, record_next_epoch(rec->last_epoch, now));
}

/* Put the request in line for another attempt; false if it has none left. */
static bool _retry(const struct engine_conf *conf, struct record *rec,
		   enum cause cause, int64_t now)
{
	enum cure cure = failure_of(cause)->cure;
	struct record_request again = rec->req;
	int64_t last = again.deadline - conf->least_time;
	uint32_t tries;

	if (rec->next.used)
		return true;	/* a newer request takes over */
	if (cure != CURE_ELSEWHERE && cure != CURE_ROOM &&
	    cure != CURE_WAIT && cure != CURE_LOOK)
		return false;
	if (rec->phase >= PHASE_READY || rec->registered || rec->hold)
		return false;
	if ((cure == CURE_ELSEWHERE || cure == CURE_ROOM) && *again.only)
		return false;
	if (cure == CURE_WAIT)
		tries = ++again.waits;
	else if (cure == CURE_ROOM)
		tries = again.waits++;	/* elsewhere at once, then later */
	else
		tries = again.attempts++;
	if (cure != CURE_WAIT)
		text_set(again.avoid, rec->source);
	again.roomless = cure == CURE_ROOM;
	again.not_before = now + backoff_pause(rec->node, rec->epoch, tries,
					       conf->pause, conf->pause_max);
	if (again.not_before > last)	/* one more, when it just makes it */
		again.not_before = last;
	if (again.attempts >= conf->max_attempts || now >= last)
		return false;
	rec->next = again;
	return true;
}

static void _take_next(struct record *rec, int64_t now)
{
	rec->req = rec->next;
	memset(&rec->next, 0, sizeof(rec->next));
	cycle_begin(rec, now);
}

void cycle_again(const struct engine_conf *conf, struct record *rec,
		 enum cause cause, const char *text, int64_t now)
{
	if (!_retry(conf, rec, cause, now)) {
		cycle_condemn(conf, rec, cause, text, now);
		return;
	}
	rec->failed = cause;
	_take_next(rec, now);
	text_set(rec->error, text);
}

void cycle_tell(struct record *rec, uint32_t job)
{
	enum cure cure = failure_of(rec->tell_cause)->cure;

	rec->tell_job = job;
	rec->tell_start = 0;
	if (!job)
		rec->tell = TELL_FORCE;
	else if (cure == CURE_REQUEUE)
		rec->tell = TELL_REQUEUE;
	else
		rec->tell = cure == CURE_END ? TELL_END : TELL_JOB;
}

void cycle_fail(struct record *rec, const struct record_request *req,
		enum cause cause, const char *text, int64_t now)
{
	rec->tell_cause = cause;
	rec->tell_all = req->shared;
	cycle_tell(rec, req->shared ? 0 : req->job);
	rec->tell_since = now;
	if (rec->slurm_token == now)
		rec->slurm_token = 0;	/* for a failure of this moment, too */
	text_set(rec->tell_text,
		 text && *text ? text : failure_of(cause)->meaning);
	rec->told_job = rec->taken = rec->untold = false;
	/* Who asked for a test has been told. */
	rec->needs_human = failure_of(cause)->cure == CURE_HUMAN &&
			   !*req->only;
	cycle_slurm_anew(rec);
}

void cycle_taken(struct record *rec, int64_t at)
{
	if (rec->tell == TELL_NOTHING || rec->tell == TELL_POWER_DOWN ||
	    at <= rec->tell_since)
		return;
	rec->taken = true;
	rec->tell = rec->tell == TELL_FORCE ? TELL_NOTHING : TELL_JOB;
}

void cycle_tell_again(struct record *rec)
{
	rec->untold = rec->tell == TELL_FORCE && rec->tell_job &&
		      rec->tell_cause != CAUSE_CANCELLED;
	if (!rec->untold || !rec->tell_all)
		return;
	rec->untold = false;
	rec->tell_job = 0;	/* all of them, from the first one on */
	rec->tell_start = 0;
	rec->view.job_unasked = true;
}

void cycle_condemn(const struct engine_conf *conf, struct record *rec,
		   enum cause cause, const char *text, int64_t now)
{
	rec->cause = rec->failed = cause;
	text_set(rec->why,
		 text && *text ? text : failure_of(cause)->meaning);
	if (!_retry(conf, rec, cause, now) &&
	    failure_of(cause)->cure != CURE_NONE)
		cycle_fail(rec, &rec->req, cause, text, now);
	*rec->refusal = '\0';
	rec->release = RELEASE_NONE;
	rec->vm_tries = 0;
	rec->vm_not_before = 0;
	rec->intruder = 0;
	cycle_enter(rec, PHASE_CONDEMNED, now);
}

/*
 * The VM found is younger than all that the record knows, so it was restored
 * from the past. What was to be told before that VM was made is history; a
 * request is, too, unless Slurm may still wait for it.
 */
static void _forget_past(struct record *rec, const struct event *ev)
{
	if (ev->found_epoch <= rec->last_epoch)
		return;
	if (rec->next.used && (uint64_t) rec->next.asked < ev->found_epoch &&
	    rec->next.deadline < ev->now)
		memset(&rec->next, 0, sizeof(rec->next));
	if ((uint64_t) rec->tell_since < ev->found_epoch ||
	    rec->tell_cause == CAUSE_LOST)
		rec->tell = TELL_NOTHING;
}

void cycle_adopt(struct record *rec, const struct event *ev)
{
	/* Once a clone was made for it, a request is served. */
	if (rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_CLONING &&
	    !rec->next.used)
		rec->next = rec->req;
	if (rec->phase >= PHASE_ADMITTED && rec->phase <= PHASE_READY)
		rec->failed = CAUSE_ORPHAN;	/* its own is not heard of */
	_forget_past(rec, ev);
	memset(&rec->req, 0, sizeof(rec->req));
	_set_epoch(rec, ev->found_epoch);
	_forget_vm(rec);
	rec->settle = false;
	rec->submit = SUBMIT_SETTLED;
	text_set(rec->vm, ev->vm);
	text_set(rec->instance_uuid, ev->instance_uuid);
	rec->read_back = true;		/* its owner key said its epoch */
	rec->cause = CAUSE_ORPHAN;
	text_set(rec->why, failure_of(CAUSE_ORPHAN)->meaning);
	rec->release = RELEASE_GUARD_OFF;
	cycle_enter(rec, PHASE_RELEASING, ev->now);
}

void cycle_sweep(struct record *rec, enum cause cause, int64_t now)
{
	if (!rec->epoch) {	/* nothing ever was: nothing to record */
		_set_epoch(rec, record_next_epoch(rec->last_epoch, now));
		rec->recorded = true;
	}
	rec->cause = cause;
	text_set(rec->why, failure_of(cause)->meaning);
	*rec->vm = '\0';
	rec->settle = false;
	rec->free_by = 0;
	rec->release = RELEASE_LOOK;
	cycle_enter(rec, PHASE_RELEASING, now);
}

void cycle_release(struct record *rec, enum release release)
{
	rec->release = release;
	rec->vm_tries = 0;
	rec->vm_not_before = 0;
	if (release != RELEASE_LOOK && release != RELEASE_PROVE)
		rec->unproven = 0;
}

/* Whatever answers for the node, no job must run there. */
static void _give_back(struct record *rec, int64_t now)
{
	struct record_request none = { .job = rec->prolog_job,
				       .shared = rec->shares };

	rec->prolog_job = 0;
	cycle_fail(rec, &none, CAUSE_ZOMBIE, NULL, now);
}

void cycle_end(struct record *rec, int64_t now)
{
	rec->recorded = true;
	*rec->refusal = '\0';
	rec->intruder = 0;
	*rec->error = '\0';
	cycle_release(rec, RELEASE_NONE);
	cycle_enter(rec, PHASE_ABSENT, now);
	if (rec->next.used) {
		_take_next(rec, now);
	} else if (rec->another) {
		rec->another = false;
		cycle_sweep(rec, CAUSE_ORPHAN, now);
	} else {
		rec->free_by = 0;
		rec->settle = true;
		if (rec->cause == CAUSE_ZOMBIE)
			_give_back(rec, now);
	}
}

void cycle_pause_vm(const struct engine_conf *conf, struct record *rec,
		    int64_t now)
{
	if (rec->vm_tries < UINT32_MAX)
		rec->vm_tries++;
	rec->vm_not_before = now + backoff_pause(rec->node, rec->epoch,
						 rec->vm_tries, conf->pause,
						 conf->pause_max);
}

void cycle_pause_slurm(const struct engine_conf *conf, struct record *rec,
		       int64_t now)
{
	if (rec->slurm_tries < UINT32_MAX)
		rec->slurm_tries++;
	rec->slurm_not_before = now + backoff_pause(rec->node, rec->epoch,
						    rec->slurm_tries,
						    conf->pause,
						    conf->pause_max);
}

void cycle_slurm_works(struct record *rec, enum action_kind act)
{
	if (rec->slurm_failed != ACTION_NONE && rec->slurm_failed != act)
		return;
	rec->slurm_failed = ACTION_NONE;
	rec->slurm_tries = 0;
}

void cycle_slurm_anew(struct record *rec)
{
	rec->slurm_failed = ACTION_NONE;
	rec->slurm_tries = 0;
	rec->slurm_not_before = 0;
}

void cycle_free_by(const struct engine_conf *conf, struct record *rec,
		   int64_t since)
{
	rec->free_by = since + conf->suspend_timeout - conf->suspend_margin;
}

/* What waits is an attempt that failed before. */
static bool _is_retry(const struct record *rec)
{
	return rec->next.used && rec->next.attempts + rec->next.waits;
}

/* The VM's own job waits for the next one. */
static bool _is_retried(const struct record *rec)
{
	return _is_retry(rec) ||
	       (rec->next.used && rec->next.job &&
		rec->next.job == rec->req.job);
}

/* A retry fails for what its last attempt failed for. */
static void _fail_next(struct record *rec, int64_t now)
{
	if (_is_retry(rec))
		cycle_fail(rec, &rec->next, rec->cause, rec->why, now);
	else
		cycle_fail(rec, &rec->next, CAUSE_UNPROVEN, NULL, now);
}

/* A request that waits for the old VM, or for Slurm's word on a ready one. */
static void _tidy_next(const struct engine_conf *conf, struct record *rec,
		       int64_t now)
{
	struct record_request *next = &rec->next;

	if (!next->used)
		return;
	if (rec->phase == PHASE_READY && rec->view.seen > next->asked) {
		if (nodeview_up(&rec->view))
			memset(next, 0, sizeof(*next));	/* served already */
		else
			cycle_condemn(conf, rec, CAUSE_SUPERSEDED, NULL, now);
	} else if (now >= next->deadline) {
		if (rec->phase != PHASE_READY)
			_fail_next(rec, now);
		memset(next, 0, sizeof(*next));
	}
}

static bool _is_outdated(const struct engine_conf *conf,
			 const struct record *rec, int64_t now)
{
	return now - rec->req.deadline > conf->outdated;
}

bool cycle_doubts_boot(const struct engine_conf *conf,
		       const struct record *rec, int64_t now)
{
	return rec->phase >= PHASE_ADMITTED &&
	       rec->phase <= PHASE_IDENTIFIED && !rec->registered &&
	       _is_outdated(conf, rec, now) && rec->view.powering_up &&
	       rec->req.job && rec->view.about != rec->req.job;
}

/* The node still boots for its job, so Slurm's own limit has not passed. */
static bool _is_awaited(const struct record *rec)
{
	return rec->view.seen >= rec->req.deadline && rec->view.powering_up &&
	       rec->view.job && rec->view.job == rec->req.job;
}

/*
 * Too late is too late, but a node that Slurm has taken by then is up: its
 * guest started slurmd in time. So Slurm is asked after the deadline. Long
 * after it, Slurm's own limits have told the job, unless it was the clock that
 * went on.
 */
static void _tidy_deadline(const struct engine_conf *conf, struct record *rec,
			   int64_t now)
{
	int64_t deadline = rec->req.deadline;
	bool outdated = _is_outdated(conf, rec, now) && !_is_awaited(rec);
	enum cause cause = rec->waits_for ? rec->waits_for : CAUSE_DEADLINE;
	const char *why = NULL;

	if (now < deadline || rec->registered ||
	    cycle_doubts_boot(conf, rec, now))
		return;
	if (rec->phase <= PHASE_CLONING && rec->req.roomless)
		cause = CAUSE_CAPACITY;
	if (rec->phase <= PHASE_CLONING && *rec->error)
		why = rec->error;	/* what stood in the way of a clone */
	if (rec->phase == PHASE_REQUESTED ||
	    (rec->phase >= PHASE_ADMITTED && rec->phase <= PHASE_IDENTIFIED &&
	     rec->view.seen >= deadline))
		cycle_condemn(conf, rec, outdated ? CAUSE_CANCELLED : cause,
			      why, now);
}

/*
 * The VM without a record runs its node: whatever was lost, a job may be on
 * it. It serves the request that found it, or one made up for it.
 */
static void _reprieve(struct record *rec, int64_t now)
{
	if (rec->next.used) {
		rec->req = rec->next;
		memset(&rec->next, 0, sizeof(rec->next));
	} else if (!rec->req.used) {
		rec->req.used = true;
		rec->req.shared = rec->shares;
		text_set(rec->req.id, "found");
		rec->req.job = rec->view.job;
		rec->req.marked = rec->view.power_down;
		rec->req.asked = rec->req.deadline = now;
		if (!rec->req.job)	/* however long it has waited */
			rec->req.job = rec->prolog_job;
		rec->req.supposed = rec->req.job != 0;
		rec->prolog_job = 0;
		rec->prolog_asked = 0;
	}
	rec->req.guessed = true;	/* the VM may be older */
	cycle_release(rec, RELEASE_NONE);
	rec->cause = CAUSE_NONE;
	*rec->why = *rec->refusal = '\0';
	rec->registered = true;
	rec->read_back = false;
	rec->tell = TELL_NOTHING;	/* of another VM's failure */
	cycle_enter(rec, PHASE_CLONED, now);
}

/* The VM goes, and who has its node is told first; job 0: whoever that is. */
static void _give_up(struct record *rec, uint32_t job, const char *why,
		     int64_t now)
{
	struct record_request user = { .job = job, .shared = rec->shares };

	rec->prolog_job = 0;
	rec->cause = CAUSE_SHARED;
	text_set(rec->why, why);
	cycle_fail(rec, &user, CAUSE_SHARED, rec->why, now);
	rec->view.job_unasked |= !job;
}

/* Nothing that ends it is under way, nor known to be done. */
static bool _is_at_rest(const struct record *rec)
{
	return rec->phase == PHASE_RELEASING && !rec->vm_busy &&
	       !record_doubts_orphan(rec) &&
	       (rec->release == RELEASE_GUARD_OFF ||
		rec->release == RELEASE_OFF);
}

/* A job has got the node while its VM was to go, and is not told yet: of an
 * unwanted VM there was no job to tell, nor of one that was proven gone and
 * came after that. One whose next attempt waits has it still. */
static bool _is_used(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	if (view->base != NODE_ALLOCATED)
		return false;
	return record_is_unwanted(rec) || rec->cause == CAUSE_ZOMBIE ||
	       (rec->tell == TELL_NOTHING && !_is_retried(rec) &&
		!view->completing && view->seen > rec->at[PHASE_RELEASING] &&
		view->seen > rec->tell_since);
}

/*
 * An orphan that is up serves; but not one that may be powered off yet by an
 * act whose reply was lost, nor one of which nobody knows that it is still to
 * have its first job. Any other one that is up has another's job, since its
 * own is over, or was told: it came after scloned was away, or just now.
 */
static void _tidy_going(struct record *rec, int64_t now)
{
	if (!_is_at_rest(rec) || !nodeview_up(&rec->view))
		return;
	if (rec->cause == CAUSE_ORPHAN && !rec->off_sent) {
		if (!rec->next.used && record_may_be_used(rec))
			_give_up(rec, rec->prolog_job,
				 "the VM may have served another job", now);
		else
			_reprieve(rec, now);
	} else if (_is_used(rec)) {
		_give_up(rec, 0, "the VM was to go before the job came", now);
		cycle_release(rec, RELEASE_GUARD_OFF);
	}
}

static void _tidy_phase(struct record *rec, int64_t now)
{
	_tidy_going(rec, now);
	if ((rec->phase == PHASE_CLONED || rec->phase == PHASE_IDENTIFIED) &&
	    rec->registered && rec->read_back && !rec->owner_missing)
		cycle_enter(rec, PHASE_READY, now);
	if (rec->phase == PHASE_CONDEMNED && !rec->vm_busy &&
	    (rec->submit == SUBMIT_NONE || rec->submit == SUBMIT_SETTLED)) {
		cycle_release(rec, *rec->vm ? RELEASE_GUARD_OFF :
					      RELEASE_LOOK);
		cycle_enter(rec, PHASE_RELEASING, now);
	}
	if (rec->phase == PHASE_RELEASING && rec->recorded &&
	    rec->release == RELEASE_RECORD)
		cycle_end(rec, now);
}

/* What did not succeed is not wanted any more. */
static void _no_tell(struct record *rec)
{
	rec->tell = TELL_NOTHING;
	cycle_slurm_anew(rec);
}

/* The view says whether the node is still that of the failure to be told. */
static void _tidy_tell(struct record *rec)
{
	if ((rec->tell == TELL_FORCE &&
	     !update_needed(ACTION_SLURM_FORCE_DOWN, rec, &rec->view)) ||
	    (rec->tell == TELL_POWER_DOWN &&
	     !update_needed(ACTION_SLURM_POWER_DOWN, rec, &rec->view)))
		_no_tell(rec);
	else if (rec->tell == TELL_FORCE && rec->untold)
		rec->tell = TELL_JOB;
	rec->untold = false;
}

/* Drop what Slurm need not be told any more. */
static void _tidy_slurm(const struct engine_conf *conf, struct record *rec,
			int64_t now)
{
	char reason[ACTION_TEXT_SIZE];

	if (rec->slurm_busy || !update_fresh(&rec->view, now, conf->fresh))
		return;
	if (rec->tell > TELL_JOB && update_can_tell(conf, rec, now))
		_tidy_tell(rec);
	if (rec->settle && rec->view.seen >= rec->at[PHASE_ABSENT] &&
	    !update_needed(ACTION_SLURM_NODE_RESUME, rec, &rec->view) &&
	    !update_restores_drain(rec, &rec->view) &&
	    (rec->view.drain || !update_drain_reason(rec, now, reason,
						      sizeof(reason))))
		rec->settle = false;
}

void cycle_tidy(const struct engine_conf *conf, struct record *rec,
		int64_t now)
{
	enum phase before;
	int rounds = 0;

	do {	/* one phase can lead to the next; never round in a circle */
		before = rec->phase;
		_tidy_deadline(conf, rec, now);
		_tidy_next(conf, rec, now);
		_tidy_phase(rec, now);
	} while (rec->phase != before && ++rounds < PHASES);
	_tidy_slurm(conf, rec, now);
}
