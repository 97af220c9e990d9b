/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/parse.h"
#include "cycle.h"
#include "text.h"
#include "ends.h"

#define NO_REPLY "no reply"
#define LAG_TRIES 2

static bool _coming(const struct record *rec)
{
	return rec->phase == PHASE_ADMITTED || rec->phase == PHASE_CLONING;
}

static bool _using(const struct record *rec)
{
	return rec->phase >= PHASE_CLONED && rec->phase <= PHASE_READY;
}

void ends_lost_submit(struct record *rec)
{
	rec->submit = SUBMIT_LOST;
	rec->vm_tries = 0;
	rec->vm_not_before = 0;
}

/* The act on the VM did not get on: say why, pause, step back to where a
 * fresh verdict is taken. */
static void _again(const struct engine_conf *conf, struct record *rec,
		   const char *text, int64_t now)
{
	text_set(rec->error, text && *text ? text : NO_REPLY);
	if (rec->release == RELEASE_OFF)
		rec->release = RELEASE_GUARD_OFF;
	if (rec->release == RELEASE_DESTROY)
		rec->release = RELEASE_GUARD_DESTROY;
	cycle_pause_vm(conf, rec, now);
}

/* Lags of an earlier proof are none of this one's. */
static void _prove(struct record *rec)
{
	rec->lags = 0;
	cycle_release(rec, RELEASE_PROVE);
}

static void _submitted(struct record *rec, const struct event *ev)
{
	if (!ev->task || !*ev->task) {
		ends_lost_submit(rec);
		return;
	}
	rec->submit = SUBMIT_TASK;
	text_set(rec->task, ev->task);
	if (rec->phase == PHASE_ADMITTED)
		cycle_enter(rec, PHASE_CLONING, ev->now);
}

static void _cloned(struct record *rec, const struct event *ev)
{
	if (!ev->vm || !*ev->vm) {
		ends_lost_submit(rec);
		return;
	}
	rec->submit = SUBMIT_SETTLED;
	if (_coming(rec)) {		/* whatever the task said */
		rec->cause = CAUSE_NONE;
		*rec->why = '\0';
	}
	text_set(rec->vm, ev->vm);
	if (ev->instance_uuid && parse_is_uuid(ev->instance_uuid))
		text_set(rec->instance_uuid, ev->instance_uuid);
	if (_coming(rec))
		cycle_enter(rec, PHASE_CLONED, ev->now);
}

/*
 * The submit or its task ended in a decoded fault. Nothing came of a refused
 * submit. A task that fails at its very end leaves a whole clone, which may
 * register at any moment: it is looked for, and adopted if it is there.
 */
static void _clone_failed(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	bool unsure = ev->act == ACTION_WATCH ||
		      failure_of(ev->cause)->cure == CURE_LOOK;

	text_set(rec->error, ev->text);
	if (_coming(rec) && ev->act == ACTION_WATCH) {
		rec->cause = ev->cause;
		text_set(rec->why, ev->text);
	}
	if (unsure && (_coming(rec) || ev->act == ACTION_SUBMIT_CLONE)) {
		ends_lost_submit(rec);
		return;
	}
	rec->submit = SUBMIT_SETTLED;
	if (_coming(rec))
		cycle_again(conf, rec, ev->cause, ev->text, ev->now);
}

static void _look_ours(struct record *rec, const struct event *ev)
{
	if (ev->found_epoch != rec->epoch) {
		cycle_adopt(rec, ev);
		return;
	}
	if (rec->phase == PHASE_RELEASING) {
		rec->recorded = false;
		text_set(rec->vm, ev->vm);
		if (!*rec->instance_uuid)
			text_set(rec->instance_uuid, ev->instance_uuid);
		cycle_release(rec, RELEASE_GUARD_OFF);
		return;
	}
	rec->vm_tries = 0;
	_cloned(rec, ev);
}

/*
 * How much longer a submit whose reply is lost may still be on its way. From
 * the first look on and by the monotonic clock: a wall clock that is set
 * forward, or a restart meanwhile, must not make it shorter.
 */
static int64_t _unsettled(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	if (*rec->task)
		return 0;
	if (!rec->absent_since)
		rec->absent_since = ev->mono;
	return conf->settle - (ev->mono - rec->absent_since);
}

static void _look_absent(const struct engine_conf *conf, struct record *rec,
			 const struct event *ev)
{
	int64_t left;
	char why[RECORD_TEXT_SIZE];

	if (rec->phase == PHASE_RELEASING) {
		_prove(rec);
		return;
	}
	left = _unsettled(conf, rec, ev);
	if (left > 0) {
		rec->vm_not_before = ev->now + left;
		return;
	}
	rec->submit = SUBMIT_SETTLED;
	if (!_coming(rec))
		return;
	text_set(why, rec->why);
	cycle_again(conf, rec, rec->cause ? rec->cause : CAUSE_UNKNOWN, why,
		    ev->now);
}

static void _look_foreign(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	if (rec->phase == PHASE_RELEASING) {
		_prove(rec);
		return;
	}
	rec->submit = SUBMIT_SETTLED;
	if (_coming(rec))
		cycle_condemn(conf, rec, CAUSE_FOREIGN, ev->text, ev->now);
}

static void _looked(const struct engine_conf *conf, struct record *rec,
		    const struct event *ev)
{
	bool found = ev->vm && *ev->vm && ev->found_epoch;

	if (ev->look == LOOK_OURS && found)
		_look_ours(rec, ev);
	else if (ev->look == LOOK_FOREIGN)
		_look_foreign(conf, rec, ev);
	else if (ev->look == LOOK_ABSENT)
		_look_absent(conf, rec, ev);
	else
		_again(conf, rec, "a clone task of ours is unfinished",
		       ev->now);
}

static void _read_back(const struct engine_conf *conf, struct record *rec,
		       const struct event *ev)
{
	if (!ev->instance_uuid || !parse_is_uuid(ev->instance_uuid)) {
		_again(conf, rec, "the VM has no instanceUuid", ev->now);
		return;
	}
	if (rec->phase != PHASE_RELEASING || !*rec->instance_uuid)
		text_set(rec->instance_uuid, ev->instance_uuid);
	rec->read_back = true;
	rec->owner_missing = !ev->owned;
	rec->vm_tries = 0;
}

static void _guard_ok(const struct engine_conf *conf, struct record *rec,
		      const struct event *ev)
{
	bool destroy = rec->release == RELEASE_GUARD_DESTROY;
	int64_t age = ev->now - ev->facts_at;

	if (ev->level != (destroy ? GUARD_DESTROY : GUARD_POWER_OFF) ||
	    age < 0 || age > conf->fresh) {
		_again(conf, rec, "the guard's verdict came too late",
		       ev->now);
		return;
	}
	*rec->refusal = '\0';
	*rec->error = '\0';
	if (ev->directory && *ev->directory &&
	    text_fits(ev->directory, sizeof(rec->directory)))
		text_set(rec->directory, ev->directory);
	if (!ev->powered_off)
		cycle_release(rec, destroy ? RELEASE_GUARD_OFF : RELEASE_OFF);
	else if (!destroy)
		cycle_release(rec, RELEASE_GUARD_DESTROY);
	else
		cycle_release(rec, RELEASE_DESTROY);
	/* Held since: the verdict would be stale when the hold ends. */
	if (rec->hold && rec->release == RELEASE_OFF)
		rec->release = RELEASE_GUARD_OFF;
	if (rec->hold && rec->release == RELEASE_DESTROY)
		rec->release = RELEASE_GUARD_DESTROY;
}

/* Enough to stop, not enough as proof. */
static void _gone(const struct engine_conf *conf, struct record *rec,
		  const struct event *ev)
{
	if (_using(rec))
		cycle_condemn(conf, rec, CAUSE_LOST, ev->text, ev->now);
	else if (rec->phase == PHASE_RELEASING)
		_prove(rec);
}

/* What stands in the way may be a stranger, of whom each look between says
 * that it is not ours: the pause grows over the looks. */
static void _unproven(const struct engine_conf *conf, struct record *rec,
		      const struct event *ev)
{
	if (rec->vm_tries < rec->unproven)
		rec->vm_tries = rec->unproven;
	_again(conf, rec, ev->text, ev->now);
	rec->unproven = rec->vm_tries;
	if (ev->vm && *ev->vm)		/* it was seen: which one is it? */
		rec->release = RELEASE_LOOK;
}

static void _failed(const struct engine_conf *conf, struct record *rec,
		    const struct event *ev)
{
	switch (ev->act) {
	case ACTION_SUBMIT_CLONE:
	case ACTION_WATCH:
		_clone_failed(conf, rec, ev);
		break;
	default:
		_again(conf, rec, ev->text, ev->now);
		break;
	}
}

static void _unknown(const struct engine_conf *conf, struct record *rec,
		     const struct event *ev)
{
	if (ev->act == ACTION_SUBMIT_CLONE || ev->act == ACTION_WATCH)
		ends_lost_submit(rec);
	else
		_again(conf, rec, ev->text, ev->now);
}

static void _owner_set(struct record *rec)
{
	rec->owner_missing = false;
	rec->vm_tries = 0;
}

/* A VM that runs again is to be powered off again; whether it may be is for
 * that step's verdict to say. */
static void _refused(const struct engine_conf *conf, struct record *rec,
		     const struct event *ev)
{
	if (rec->release == RELEASE_GUARD_DESTROY && !ev->powered_off) {
		_again(conf, rec, ev->text, ev->now);
		rec->release = RELEASE_GUARD_OFF;
		return;
	}
	text_set(rec->refusal, ev->text && *ev->text ? ev->text : "no reason");
	_again(conf, rec, ev->text, ev->now);
}

/* The VM is gone from the inventory, which is enough to go on. Its files may
 * follow a little later, and somebody else may have put some there: they are
 * waited for, but not for long. */
static void _proven(const struct engine_conf *conf, struct record *rec,
		    const struct event *ev)
{
	if (ev->lagging && rec->lags < LAG_TRIES) {
		rec->lags++;
		_again(conf, rec, ev->text, ev->now);
		return;
	}
	rec->evidence = ev->evidence;
	text_set(rec->inventory_only,
		 ev->evidence & EVIDENCE_DATASTORE ? "" : ev->text);
	rec->another = ev->found_epoch != 0;
	if (ev->found_epoch > rec->last_epoch &&
	    rec->tell_cause == CAUSE_LOST)
		rec->tell = TELL_NOTHING;	/* what is lost is history */
	cycle_release(rec, RELEASE_RECORD);
}

/* The steps of a release, each only where it belongs. */
static const char *_release_end(const struct engine_conf *conf,
				struct record *rec, const struct event *ev)
{
	if (rec->phase != PHASE_RELEASING)
		return "nothing is being released";
	switch (ev->kind) {
	case EVENT_GUARD_OK:
		_guard_ok(conf, rec, ev);
		return NULL;
	case EVENT_GUARD_REFUSED:
		_refused(conf, rec, ev);
		return NULL;
	case EVENT_POWERED_OFF:
		cycle_release(rec, RELEASE_GUARD_DESTROY);
		return NULL;
	case EVENT_DESTROYED:
		_prove(rec);
		return NULL;
	case EVENT_ABSENCE_PROVEN:
		_proven(conf, rec, ev);
		return NULL;
	case EVENT_ABSENCE_UNPROVEN:
		_unproven(conf, rec, ev);
		return NULL;
	case EVENT_RECORDED:
		cycle_end(rec, ev->now);
		return NULL;
	default:
		return "no end of an act";
	}
}

const char *ends_vm(const struct engine_conf *conf, struct record *rec,
		    const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_SUBMITTED:
		_submitted(rec, ev);
		return NULL;
	case EVENT_CLONE_DONE:
		_cloned(rec, ev);
		return NULL;
	case EVENT_LOOKED_UP:
		_looked(conf, rec, ev);
		return NULL;
	case EVENT_READ_BACK:
		_read_back(conf, rec, ev);
		return NULL;
	case EVENT_OWNER_SET:
		_owner_set(rec);
		return NULL;
	case EVENT_VM_GONE:
		_gone(conf, rec, ev);
		return NULL;
	case EVENT_FAILED:
		_failed(conf, rec, ev);
		return NULL;
	case EVENT_UNKNOWN:
		_unknown(conf, rec, ev);
		return NULL;
	default:
		return _release_end(conf, rec, ev);
	}
}

static void _marked(struct record *rec)
{
	struct record_request *req = rec->next.used ? &rec->next : &rec->req;

	if (req->asked == rec->slurm_token)
		req->marked = true;
	rec->view.power_down = true;
}

static void _told(struct record *rec, enum tell told, enum tell then)
{
	if (rec->tell == told && rec->tell_since == rec->slurm_token)
		rec->tell = then;
	if (told != TELL_JOB)
		rec->view.seen = 0;	/* it is different now: load it */
}

/* The node, too, unless it is taken already. */
static enum tell _after_job(const struct record *rec)
{
	return rec->taken ? TELL_NOTHING : TELL_FORCE;
}

/* A node with a VM goes down by its mark, or as one whose job was cancelled
 * does; a shared one when Slurm says so; the other ones have to be given
 * back. */
static void _has_left(struct record *rec, enum tell how)
{
	const struct record_request *req = record_request(rec);
	bool up = rec->phase >= PHASE_CLONED && rec->phase <= PHASE_READY;

	_told(rec, how, up || (req && req->shared) ? TELL_NOTHING
						   : _after_job(rec));
}

static void _left(struct record *rec, enum tell how)
{
	if (rec->tell_since == rec->slurm_token)
		rec->told_job = true;
	_has_left(rec, how);
}

/* An admin's drain, seen meanwhile, stands: ours was not set. */
static void _drained(struct record *rec)
{
	if (nodeview_admin_drain(&rec->view))
		return;
	rec->view.drain = true;
	text_set(rec->view.reason, rec->sent_drain);
	if (failure_is_ours(rec->sent_drain) &&
	    !failure_is_passing(rec->sent_drain))
		rec->needs_human = false;	/* from now on it is theirs */
}

/* The record's view is corrected by what was done; a later load says more. */
static const char *_slurm_done(struct record *rec, const struct event *ev)
{
	cycle_slurm_works(rec, ev->act);
	rec->slurm_not_before = 0;
	switch (ev->act) {
	case ACTION_SLURM_MARK:
		_marked(rec);
		break;
	case ACTION_SLURM_NOTIFY:
		rec->told_job = true;
		_told(rec, TELL_JOB, _after_job(rec));
		break;
	case ACTION_SLURM_END:
		_left(rec, TELL_END);
		break;
	case ACTION_SLURM_MOVE:
		_left(rec, TELL_REQUEUE);
		break;
	case ACTION_SLURM_FORCE_DOWN:
		_told(rec, TELL_FORCE, TELL_NOTHING);
		break;
	case ACTION_SLURM_SET_DOWN:
		_told(rec, TELL_FORCE, TELL_POWER_DOWN);
		break;
	case ACTION_SLURM_POWER_DOWN:
		_told(rec, TELL_POWER_DOWN, TELL_NOTHING);
		break;
	case ACTION_SLURM_NODE_RESUME:
		rec->settle = false;
		rec->view.seen = 0;
		break;
	case ACTION_SLURM_DRAIN:
		_drained(rec);
		break;
	case ACTION_SLURM_UNDRAIN:
		rec->view.drain = false;
		break;
	case ACTION_SLURM_REQUEUE:
	case ACTION_SLURM_KILL:
		if (rec->intruder == rec->slurm_token)
			rec->intrusion = INTRUSION_OVER;
		break;
	default:
		return "not an act in Slurm";
	}
	return NULL;
}

/* A job that cannot be told must not keep its node for ever. */
#define NOTIFY_TRIES 3

/* slurmctld that does not do it does not start the job either, as long as
 * its prolog waits; that has an end. */
#define INTRUDER_TRIES 6

/* The second job on a used VM is still there. True when that is no failure
 * but the course of jobs that cannot be requeued. */
static bool _not_moved(struct record *rec, const struct event *ev)
{
	bool refused = ev->cause == CAUSE_REFUSED;

	if (rec->intruder != rec->slurm_token)
		return false;
	if (refused && ev->act == ACTION_SLURM_REQUEUE) {
		rec->intrusion = INTRUSION_KILL;
		return true;
	}
	if (refused || ev->cause == CAUSE_AUTH ||
	    rec->slurm_tries >= INTRUDER_TRIES)
		rec->intrusion = INTRUSION_STAYS;
	return false;
}

/*
 * A job that must not run here has not left. True when that is no failure but
 * the course of jobs that cannot be requeued. If nothing helps, its prolog has
 * to fail, see record_wait().
 */
static bool _stays(struct record *rec, const struct event *ev)
{
	bool refused = ev->cause == CAUSE_REFUSED;

	if (rec->tell_since != rec->slurm_token)
		return false;
	if (refused && rec->tell == TELL_REQUEUE) {
		rec->tell = TELL_END;
		return true;
	}
	if (refused || ev->cause == CAUSE_AUTH ||
	    rec->slurm_tries >= INTRUDER_TRIES)
		_has_left(rec, rec->tell);
	return false;
}

/* The job that was to be told has ended, or nothing reaches it: what stood in
 * the way of one of the two words did not stop the other. */
static bool _is_over(const struct event *ev)
{
	return ev->kind == EVENT_FAILED && ev->act == ACTION_SLURM_NOTIFY &&
	       (ev->cause == CAUSE_NOTFOUND || ev->cause == CAUSE_REFUSED);
}

/* Nothing was refused, and no time need pass: the node is looked at again. Of
 * a shared one who was told is not told again, only who came since. */
static void _unsent(struct record *rec)
{
	if (!rec->tell_all)
		cycle_tell_again(rec);
}

const char *ends_slurm(const struct engine_conf *conf, struct record *rec,
		       const struct event *ev)
{
	if (ev->kind == EVENT_SLURM_DONE)
		return _slurm_done(rec, ev);
	if (ev->unsent) {
		_unsent(rec);
		return NULL;
	}
	if ((ev->act == ACTION_SLURM_REQUEUE ||
	     ev->act == ACTION_SLURM_KILL) && _not_moved(rec, ev))
		return NULL;
	if ((ev->act == ACTION_SLURM_MOVE || ev->act == ACTION_SLURM_END) &&
	    _stays(rec, ev))
		return NULL;
	if (_is_over(ev)) {
		if (rec->tell == TELL_JOB &&
		    rec->tell_since == rec->slurm_token)
			rec->tell = _after_job(rec);
		return NULL;
	}
	text_set(rec->error, ev->text && *ev->text ? ev->text : NO_REPLY);
	rec->slurm_failed = ev->act;
	cycle_pause_slurm(conf, rec, ev->now);
	if (ev->act == ACTION_SLURM_FORCE_DOWN ||
	    ev->act == ACTION_SLURM_SET_DOWN)
		cycle_tell_again(rec);
	/* With slurmctld away nothing else could be told, either. */
	if (ev->act == ACTION_SLURM_NOTIFY && rec->tell == TELL_JOB &&
	    rec->tell_since == rec->slurm_token &&
	    rec->slurm_tries >= NOTIFY_TRIES &&
	    ev->cause != CAUSE_TRANSIENT)
		rec->tell = _after_job(rec);
	return NULL;
}
