/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "asks.h"
#include "cycle.h"
#include "ends.h"
#include "sights.h"
#include "text.h"
#include "times.h"
#include "wants.h"
#include "engine.h"

#define SECOND INT64_C(1000000)

void engine_conf_init(struct engine_conf *conf)
{
	*conf = (struct engine_conf) {
		.max_attempts = 4,
		.pause = SECOND,
		.pause_max = 60 * SECOND,
		.least_time = 5 * SECOND,
		.settle = 3 * SECOND,
		.fresh = 2 * SECOND,
		.suspend_timeout = 600 * SECOND,
		.suspend_margin = 15 * SECOND,
		.outdated = 600 * SECOND,
	};
}

/*
 * What has waited for so long was settled by Slurm's own time limits, or is
 * of a journal that was restored: the node may serve another job by now. Where
 * a clone was asked for, a job may be running on it: cycle_tidy() asks Slurm.
 */
static void _drop_outdated(const struct engine_conf *conf, struct record *rec,
			   int64_t now)
{
	int64_t since = now - conf->outdated;

	if (rec->tell != TELL_POWER_DOWN && rec->tell_since < since)
		rec->tell = TELL_NOTHING;
	if (rec->next.used && rec->next.deadline < since)
		memset(&rec->next, 0, sizeof(rec->next));
	if (rec->phase == PHASE_REQUESTED && rec->req.deadline < since)
		cycle_condemn(conf, rec, CAUSE_CANCELLED,
			      "its deadline passed long ago", now);
}

static void _restarted(const struct engine_conf *conf, struct record *rec,
		       int64_t now)
{
	rec->vm_busy = rec->slurm_busy = ACTION_NONE;
	memset(&rec->view, 0, sizeof(rec->view));
	rec->looked_at = rec->absent_since = 0;
	rec->slurm_failed = ACTION_NONE;
	rec->vm_not_before = rec->slurm_not_before = 0;
	cycle_tell_again(rec);
	if (rec->submit == SUBMIT_SENT)
		ends_lost_submit(rec);
	if (rec->submit == SUBMIT_NONE && (rec->phase == PHASE_REQUESTED ||
					   rec->phase == PHASE_ADMITTED))
		cycle_renew(rec, now);
	if (rec->release == RELEASE_OFF)
		rec->release = RELEASE_GUARD_OFF;
	if (rec->release == RELEASE_DESTROY)
		rec->release = RELEASE_GUARD_DESTROY;
	_drop_outdated(conf, rec, now);
	if (rec->release == RELEASE_RECORD)	/* the proof may be old */
		rec->release = RELEASE_PROVE;
	if (rec->settle)			/* and so may the record */
		cycle_sweep(rec, rec->cause, now);
}

static const char *_input(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_REQUESTED:
		return asks_requested(conf, rec, ev);
	case EVENT_SUSPENDED:
		return asks_suspended(conf, rec, ev);
	case EVENT_RESUME_FAILED:
		return asks_resume_failed(conf, rec, ev);
	case EVENT_PROLOG:
		return asks_prolog(rec, ev);
	case EVENT_CLAIM:
		return asks_claim(rec, ev);
	case EVENT_MISFIT:
		return asks_misfit(conf, rec, ev);
	case EVENT_ADMITTED:
		return asks_admitted(rec, ev);
	case EVENT_NOT_ADMITTED:
		return asks_not_admitted(conf, rec, ev);
	case EVENT_WAITS:
		return asks_waits(rec, ev);
	case EVENT_NODE_STATE:
		return sights_node(conf, rec, ev);
	case EVENT_FOUND:
		return asks_found(rec, ev);
	case EVENT_CONDEMN:
		return asks_condemn(conf, rec, ev);
	case EVENT_CLEARED:
		return asks_cleared(rec);
	case EVENT_ISOLATION:
		return asks_isolation(rec, ev->shared);
	case EVENT_HOLD:
	case EVENT_UNHOLD:
		return asks_hold(rec, ev->kind == EVENT_HOLD);
	case EVENT_TICK:
		return NULL;
	case EVENT_RESTARTED:
		_restarted(conf, rec, ev->now);
		return NULL;
	default:
		return "no such event";
	}
}

/* What a VM shows by itself counts for its own epoch only. */
static const char *_shown(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	if (ev->epoch != rec->epoch)
		return "of another epoch";
	if (ev->kind == EVENT_IDENTIFIED)
		return sights_identified(rec, ev);
	if (ev->kind == EVENT_GUEST_FAILED)
		return sights_guest_failed(conf, rec, ev);
	return sights_vm_lost(conf, rec, ev);
}

/* "The VM does not exist" is an answer to these only. */
static bool _takes_gone(enum action_kind act)
{
	return act == ACTION_READ_BACK || act == ACTION_SET_OWNER ||
	       act == ACTION_GUARD || act == ACTION_POWER_OFF ||
	       act == ACTION_DESTROY;
}

static const char *_end_vm(const struct engine_conf *conf, struct record *rec,
			   const struct event *ev, enum action_kind act)
{
	struct event end = *ev;

	if (act == ACTION_NONE || rec->vm_busy != act ||
	    ev->epoch != rec->epoch)
		return "no such act is under way in this epoch";
	rec->vm_busy = ACTION_NONE;
	end.act = act;
	if (!event_fits(ev)) {
		end.kind = EVENT_UNKNOWN;
		end.text = "the reply holds an id that is too long";
	} else if (ev->kind == EVENT_VM_GONE && !_takes_gone(act)) {
		end.kind = EVENT_UNKNOWN;
	}
	return ends_vm(conf, rec, &end);
}

/* An act in Slurm of an earlier epoch ended: only the way is free again. */
static const char *_end_slurm(const struct engine_conf *conf,
			      struct record *rec, const struct event *ev,
			      enum action_kind act)
{
	if (rec->slurm_busy != act)
		return "no such act is under way";
	rec->slurm_busy = ACTION_NONE;
	if (ev->epoch != rec->epoch && act != ACTION_SLURM_LOOK)
		return "of another epoch";
	if (ev->kind == EVENT_NODE_STATE)
		return sights_node(conf, rec, ev);
	return ends_slurm(conf, rec, ev);
}

static const char *_apply(const struct engine_conf *conf, struct record *rec,
			  const struct event *ev)
{
	enum action_kind act = event_ends(ev);

	if (action_is_slurm(act))
		return _end_slurm(conf, rec, ev, act);
	if (act != ACTION_NONE || ev->kind >= EVENT_SUBMITTED)
		return _end_vm(conf, rec, ev, act);
	if (!event_fits(ev))
		return "a name or id in it is too long";
	if (ev->kind == EVENT_IDENTIFIED || ev->kind == EVENT_GUEST_FAILED ||
	    ev->kind == EVENT_VM_LOST)
		return _shown(conf, rec, ev);
	return _input(conf, rec, ev);
}

static void _emit_slurm(struct record *rec, enum action_kind kind,
			int64_t now, const struct action *action)
{
	rec->slurm_busy = kind;
	rec->slurm_token = wants_token(rec, kind);
	if (kind == ACTION_SLURM_LOOK) {
		rec->looked_at = now;
		rec->looked_about = action->job;
	}
	if (kind == ACTION_SLURM_DRAIN)
		text_set(rec->sent_drain, action->text);
}

static void _emit(struct record *rec, enum action_kind kind, int64_t now,
		  struct outcome *out)
{
	if (kind == ACTION_NONE)
		return;
	wants_fill(rec, kind, now, &out->actions[out->count++]);
	if (action_is_slurm(kind))
		_emit_slurm(rec, kind, now, &out->actions[out->count - 1]);
	else
		rec->vm_busy = kind;
	if (kind == ACTION_POWER_OFF)
		rec->off_sent = true;
	if (kind == ACTION_SUBMIT_CLONE) {
		rec->submit = SUBMIT_SENT;
		rec->absent_since = 0;
		rec->stale_boot = nodeview_up(&rec->view) ? rec->view.boot : 0;
	}
}

/* Only the part that the journal keeps. */
static bool _changed(const struct record *before, const struct record *after)
{
	return memcmp(before, after, offsetof(struct record, vm_busy)) != 0;
}

void engine_step(const struct engine_conf *conf, struct record *rec,
		 const struct event *ev, struct outcome *out)
{
	struct record before;

	memcpy(&before, rec, sizeof(before));
	memset(out, 0, sizeof(*out));
	rec->failed = CAUSE_NONE;
	times_follow(rec, ev->now);
	out->ignored = _apply(conf, rec, ev);
	cycle_tidy(conf, rec, ev->now);
	_emit(rec, wants_vm(rec, ev->now), ev->now, out);
	_emit(rec, wants_slurm(conf, rec, ev->now), ev->now, out);
	out->wake = wants_wake(rec, ev->now);
	out->changed = _changed(&before, rec);
	out->ready = rec->phase == PHASE_READY && before.phase != PHASE_READY;
	out->failed = rec->failed;
	if (out->failed) {
		text_set(out->source, before.source);
		out->tested = *before.req.only != '\0';
	}
}

void engine_derive(const struct engine_conf *conf, struct record *rec,
		   int64_t now, struct outcome *out)
{
	struct event ev = { .kind = EVENT_RESTARTED, .now = now };

	engine_step(conf, rec, &ev, out);
}
