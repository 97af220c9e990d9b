/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cycle.h"
#include "text.h"
#include "update.h"
#include "wants.h"

static enum action_kind _release(const struct record *rec, int64_t now)
{
	bool may_act = !rec->hold;

	switch (rec->release) {
	case RELEASE_LOOK:
		return ACTION_LOOK_UP;
	case RELEASE_GUARD_OFF:
	case RELEASE_GUARD_DESTROY:
		if (!may_act || record_doubts_orphan(rec) ||
		    record_tells_first(rec, now))
			return ACTION_NONE;
		if (!rec->read_back)
			return ACTION_READ_BACK;
		return rec->owner_missing ? ACTION_SET_OWNER : ACTION_GUARD;
	case RELEASE_OFF:
		return may_act ? ACTION_POWER_OFF : ACTION_NONE;
	case RELEASE_DESTROY:
		return may_act ? ACTION_DESTROY : ACTION_NONE;
	case RELEASE_PROVE:
		return ACTION_PROVE_ABSENCE;
	case RELEASE_RECORD:
		return ACTION_RECORD_ABSENCE;
	default:
		return ACTION_NONE;
	}
}

static enum action_kind _submit(const struct record *rec)
{
	switch (rec->submit) {
	case SUBMIT_LOST:
		return ACTION_LOOK_UP;
	case SUBMIT_TASK:
		return ACTION_WATCH;
	default:
		return ACTION_NONE;
	}
}

enum action_kind wants_vm(const struct record *rec, int64_t now)
{
	if (rec->vm_busy || now < rec->vm_not_before)
		return ACTION_NONE;
	switch (rec->phase) {
	case PHASE_ADMITTED:
		if (rec->submit == SUBMIT_NONE)
			return ACTION_SUBMIT_CLONE;
		return _submit(rec);
	case PHASE_CLONING:
	case PHASE_CONDEMNED:
		return _submit(rec);
	case PHASE_CLONED:
	case PHASE_IDENTIFIED:
	case PHASE_READY:
		if (!rec->read_back)
			return ACTION_READ_BACK;
		return rec->owner_missing ? ACTION_SET_OWNER : ACTION_NONE;
	case PHASE_RELEASING:
		return _release(rec, now);
	default:
		return ACTION_NONE;
	}
}

/* No drain is there that stands for itself. */
static bool _can_drain(const struct nodeview *view)
{
	return !view->missing &&
	       (!view->drain || failure_is_capacity(view->reason));
}

/* A decision needs a newer view of the node than there is. */
static bool _needs_look(const struct engine_conf *conf,
			const struct record *rec, int64_t now)
{
	const struct nodeview *view = &rec->view;
	bool fresh = update_fresh(view, now, conf->fresh);
	char reason[ACTION_TEXT_SIZE];

	if (rec->tell > TELL_JOB && !record_doubts_loss(rec, now) &&
	    !update_can_tell(conf, rec, now))
		return true;
	if (rec->settle && (!fresh || view->seen < rec->at[PHASE_ABSENT]))
		return true;
	if (rec->phase >= PHASE_ADMITTED && rec->phase <= PHASE_IDENTIFIED &&
	    now >= rec->req.deadline && !rec->registered)
		return view->seen < rec->req.deadline ||
		       cycle_doubts_boot(conf, rec, now);
	if (record_doubts_orphan(rec) && !rec->hold)
		return true;
	if (rec->phase == PHASE_READY && rec->next.used)
		return view->seen <= rec->next.asked;
	if (rec->phase == PHASE_READY && record_intruded(rec))
		return view->seen <= rec->intruder_since;
	if (update_restores_drain(rec, view) ||
	    (view->seen && update_needed(ACTION_SLURM_UNDRAIN, rec, view)))
		return !fresh;
	/* An admin may just have drained it: his reason must not be lost. */
	return !fresh && (!view->seen || _can_drain(view)) &&
	       update_drain_reason(rec, now, reason, sizeof(reason));
}

/*
 * A node whose slurmd is gone has to be DOWN for its jobs to end; but one
 * that is booting would stay so until ResumeTimeout, and one that has a live
 * slurmd, even a stranger's, would come back at once.
 */
static bool _has_no_slurmd(const struct record *rec)
{
	if (rec->view.powering_up)
		return false;
	return rec->tell_cause == CAUSE_LOST ||
	       (rec->tell_cause == CAUSE_ZOMBIE && rec->view.power_down);
}

static enum action_kind _tell(const struct record *rec)
{
	switch (rec->tell) {
	case TELL_REQUEUE:
		return ACTION_SLURM_MOVE;
	case TELL_END:
		return ACTION_SLURM_END;
	case TELL_JOB:
		return ACTION_SLURM_NOTIFY;
	case TELL_FORCE:
		return _has_no_slurmd(rec) ? ACTION_SLURM_SET_DOWN
					   : ACTION_SLURM_FORCE_DOWN;
	case TELL_POWER_DOWN:
		return ACTION_SLURM_POWER_DOWN;
	default:
		return ACTION_NONE;
	}
}

static bool _drains(const struct engine_conf *conf, const struct record *rec,
		    int64_t now)
{
	char reason[ACTION_TEXT_SIZE];

	if (!update_fresh(&rec->view, now, conf->fresh))
		return false;
	return update_restores_drain(rec, &rec->view) ||
	       (_can_drain(&rec->view) &&
		update_drain_reason(rec, now, reason, sizeof(reason)));
}

/* Two jobs on one VM; not a job of a new cycle that is yet to be told of. */
static bool _sends_away(const struct record *rec)
{
	return rec->phase == PHASE_READY && record_intruded(rec) &&
	       rec->view.seen > rec->intruder_since &&
	       nodeview_up(&rec->view);
}

/* All that is wanted in Slurm, in the order of urgency. */
static unsigned _list_slurm(const struct engine_conf *conf,
			    const struct record *rec, int64_t now,
			    enum action_kind list[ACTIONS])
{
	const struct record_request *req = record_request(rec);
	unsigned count = 0;

	if (_needs_look(conf, rec, now))
		list[count++] = ACTION_SLURM_LOOK;
	if (req && req->job && !req->shared &&
	    (!req->marked || record_mark_lost(rec)))
		list[count++] = ACTION_SLURM_MARK;
	if (_sends_away(rec))
		list[count++] = rec->intrusion == INTRUSION_KILL
					? ACTION_SLURM_KILL
					: ACTION_SLURM_REQUEUE;
	if (!record_doubts_loss(rec, now) &&
	    (rec->tell <= TELL_JOB || update_can_tell(conf, rec, now)))
		list[count++] = _tell(rec);
	if (_drains(conf, rec, now))
		list[count++] = ACTION_SLURM_DRAIN;
	if (rec->settle && update_fresh(&rec->view, now, conf->fresh) &&
	    rec->view.seen >= rec->at[PHASE_ABSENT] &&
	    update_needed(ACTION_SLURM_NODE_RESUME, rec, &rec->view))
		list[count++] = ACTION_SLURM_NODE_RESUME;
	if (update_fresh(&rec->view, now, conf->fresh) &&
	    update_needed(ACTION_SLURM_UNDRAIN, rec, &rec->view))
		list[count++] = ACTION_SLURM_UNDRAIN;
	return count;
}

enum action_kind wants_slurm(const struct engine_conf *conf,
			     const struct record *rec, int64_t now)
{
	enum action_kind list[ACTIONS];
	enum action_kind last = ACTION_NONE;
	unsigned count;

	if (rec->slurm_busy || now < rec->slurm_not_before)
		return ACTION_NONE;
	count = _list_slurm(conf, rec, now, list);
	for (unsigned i = 0; i < count; i++) {
		if (list[i] == ACTION_NONE)
			continue;
		if (list[i] != rec->slurm_failed)
			return list[i];
		last = list[i];		/* what failed lets others go first */
	}
	return last;
}

int64_t wants_token(const struct record *rec, enum action_kind kind)
{
	switch (kind) {
	case ACTION_SLURM_MARK:
		return record_request(rec)->asked;
	case ACTION_SLURM_NOTIFY:
	case ACTION_SLURM_MOVE:
	case ACTION_SLURM_END:
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
	case ACTION_SLURM_POWER_DOWN:
		return rec->tell_since;
	case ACTION_SLURM_REQUEUE:
	case ACTION_SLURM_KILL:
		return rec->intruder;
	default:
		return 0;
	}
}

/* What cannot be undone, or what a crash must not forget. */
static bool _durable(enum action_kind kind)
{
	switch (kind) {
	case ACTION_SUBMIT_CLONE:
	case ACTION_POWER_OFF:
	case ACTION_DESTROY:
	case ACTION_RECORD_ABSENCE:
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
	case ACTION_SLURM_POWER_DOWN:
	case ACTION_SLURM_NODE_RESUME:
	case ACTION_SLURM_UNDRAIN:
		return true;
	default:
		return false;
	}
}

void wants_fill(const struct record *rec, enum action_kind kind, int64_t now,
		struct action *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->epoch = rec->epoch;
	out->durable = _durable(kind);
	switch (kind) {
	case ACTION_GUARD:
		out->level = rec->release == RELEASE_GUARD_OFF ?
			GUARD_POWER_OFF : GUARD_DESTROY;
		break;
	case ACTION_SLURM_LOOK:
		if (rec->tell == TELL_FORCE) {
			out->job = rec->tell_job;
			out->start = rec->tell_start;
		} else if (rec->phase >= PHASE_ADMITTED &&
			   rec->phase <= PHASE_IDENTIFIED) {
			out->job = rec->req.job;
		}
		break;
	case ACTION_SLURM_MARK:
		out->job = record_request(rec)->job;
		break;
	case ACTION_SLURM_NOTIFY:
	case ACTION_SLURM_MOVE:
	case ACTION_SLURM_END:
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
	case ACTION_SLURM_POWER_DOWN:
		out->job = rec->tell_job;
		failure_reason(rec->tell_cause, rec->tell_text, out->text,
			       sizeof(out->text));
		break;
	case ACTION_SLURM_DRAIN:
		if (update_restores_drain(rec, &rec->view))
			text_set(out->text, rec->admin_drain);
		else
			update_drain_reason(rec, now, out->text,
					    sizeof(out->text));
		break;
	case ACTION_SLURM_KILL:
		failure_reason(CAUSE_SHARED, NULL, out->text,
			       sizeof(out->text));
		out->job = rec->intruder;
		break;
	case ACTION_SLURM_REQUEUE:
		out->job = rec->intruder;
		break;
	default:
		break;
	}
}

static void _earliest(int64_t at, int64_t now, int64_t *wake)
{
	if (at > now && (!*wake || at < *wake))
		*wake = at;
}

int64_t wants_wake(const struct record *rec, int64_t now)
{
	int64_t wake = 0;

	if (rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_IDENTIFIED)
		_earliest(rec->req.deadline, now, &wake);
	if (rec->phase == PHASE_REQUESTED)
		_earliest(rec->req.not_before, now, &wake);
	if (rec->next.used)
		_earliest(rec->next.deadline, now, &wake);
	if (rec->phase == PHASE_CONDEMNED || rec->phase == PHASE_RELEASING)
		_earliest(rec->free_by, now, &wake);
	if ((rec->tell && record_doubts_loss(rec, now)) ||
	    record_tells_first(rec, now))
		_earliest(rec->tell_since + RECORD_DOUBT, now, &wake);
	_earliest(rec->vm_not_before, now, &wake);
	_earliest(rec->slurm_not_before, now, &wake);
	return wake;
}
