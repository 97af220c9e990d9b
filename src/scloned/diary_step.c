/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an event made of a record, in words for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "diary.h"

/* The event being noted. */
struct step {
	struct diary *diary;
	const struct record *rec;
	const struct event *ev;
	const struct outcome *out;
};

/* An act may end when the node's next cycle has begun already. */
static uint32_t _job(const struct diary *diary, const struct record *rec,
		     uint64_t epoch)
{
	const struct diary_page *pos = NULL;
	const struct diary_entry *entry;
	uint32_t job = 0;

	if (epoch == rec->epoch)
		return rec->req.job;
	while ((entry = diary_next(diary, rec->node, &pos)) != NULL)
		if (entry->epoch == epoch)
			job = entry->job;
	return job;
}

static void _add(struct diary *diary, const struct record *rec,
		 uint64_t epoch, int64_t at, const char *what,
		 const char *text)
{
	struct diary_entry entry = {
		.at = at, .epoch = epoch, .job = _job(diary, rec, epoch),
		.node = rec->node, .what = what, .text = text ? text : "",
	};

	diary_add(diary, &entry);
}

/* Of the event's own epoch, which may be over. */
static void _say(const struct step *step, const char *what, const char *text)
{
	_add(step->diary, step->rec,
	     step->ev->epoch ? step->ev->epoch : step->rec->epoch,
	     step->ev->now, what, text);
}

/* --- what was asked ----------------------------------------------------- */

static void _requested(const struct step *step)
{
	const struct record *rec = step->rec;
	const struct record_request *req = rec->next.used ? &rec->next
							  : &rec->req;
	char text[DIARY_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
	struct diary_entry entry = {
		.at = step->ev->now, .epoch = rec->epoch, .job = req->job,
		.node = rec->node, .what = "requested", .text = text,
	};

	clock_print(req->deadline, when);
	snprintf(text, sizeof(text), "request %s%s%s: template %s by %s; to "
		 "be up at %s%s", req->id, *req->user ? " of " : "",
		 req->user, *req->template_name ? req->template_name : "-",
		 req->choice, when, rec->next.used
		 ? "; first the VM before must be proven gone" : "");
	diary_add(step->diary, &entry);
}

static void _begun(const struct step *step)
{
	const struct record *rec = step->rec;
	const struct record_request *req = &rec->req;
	char text[DIARY_TEXT_SIZE];
	int64_t pause = req->not_before - step->ev->now;

	snprintf(text, sizeof(text), "%" PRIu32 " tries failed, %" PRIu32
		 " pauses; not before %" PRId64 " ms%s%s", req->attempts,
		 req->waits, pause > 0 ? pause / CLOCK_US_PER_MS : 0,
		 *req->avoid ? "; not on " : "", req->avoid);
	_add(step->diary, rec, rec->epoch, step->ev->now, "again",
	     req->attempts || req->waits ? text
					 : "the VM before is proven gone");
}

static bool _is_shared(const struct step *step)
{
	const struct record_request *req = record_request(step->rec);

	return req && req->shared;
}

static void _intruded(const struct step *step)
{
	char text[80];

	if (step->rec->intruder != step->ev->job && !_is_shared(step))
		return;
	snprintf(text, sizeof(text), "job %" PRIu32 " was put on it",
		 step->ev->job);
	_say(step, _is_shared(step) ? "shared" : "intruder", text);
}

/* --- how it goes -------------------------------------------------------- */

static void _caused(const struct step *step, const char *what,
		    enum cause cause, const char *text, const char *source)
{
	char line[DIARY_TEXT_SIZE];

	snprintf(line, sizeof(line), "(%s) %s%s%s", failure_of(cause)->name,
		 text && *text ? text : failure_of(cause)->meaning,
		 *source ? "; its source was " : "", source);
	_say(step, what, line);
}

static void _act_failed(const struct step *step)
{
	const struct event *ev = step->ev;
	char line[DIARY_TEXT_SIZE];

	snprintf(line, sizeof(line), "%s: %s", action_name(ev->act),
		 ev->text ? ev->text : "");
	if (ev->kind == EVENT_UNKNOWN)
		_say(step, "no reply", line);
	else if (ev->unsent)
		_say(step, "not sent", line);
	else
		_caused(step, "error", ev->cause, line, "");
}

static void _guard(const struct step *step)
{
	const struct event *ev = step->ev;
	char line[DIARY_TEXT_SIZE];

	snprintf(line, sizeof(line), "%s%s%s",
		 ev->kind == EVENT_GUARD_OK ? "allows" : "refuses",
		 ev->kind != EVENT_GUARD_OK	? ": "
		 : ev->level == GUARD_POWER_OFF ? " the power-off"
						: " to destroy it",
		 ev->kind != EVENT_GUARD_OK && ev->text ? ev->text : "");
	_say(step, "guard", line);
}

/* Its own words for some kinds; all others show in the phase. */
static void _event(const struct step *step)
{
	const struct event *ev = step->ev;

	switch (ev->kind) {
	case EVENT_REQUESTED:
		_requested(step);
		break;
	case EVENT_PROLOG:
		_intruded(step);
		break;
	case EVENT_WAITS:
		_say(step, "waits", ev->text);
		break;
	case EVENT_FAILED:
	case EVENT_UNKNOWN:
		_act_failed(step);
		break;
	case EVENT_GUARD_OK:
	case EVENT_GUARD_REFUSED:
		_guard(step);
		break;
	case EVENT_HOLD:
		_say(step, "hold", "an admin keeps the VM");
		break;
	case EVENT_UNHOLD:
		_say(step, "unhold", "an admin lets the VM go");
		break;
	case EVENT_ABSENCE_UNPROVEN:
		_say(step, "not gone", ev->text);
		break;
	case EVENT_RECORDED:
		_say(step, "gone", ev->text);
		break;
	default:
		break;
	}
}

/* --- where it is -------------------------------------------------------- */

static void _admitted(const struct step *step)
{
	const char *others = step->ev->text;
	char line[DIARY_TEXT_SIZE];

	snprintf(line, sizeof(line), "%s%s%s", step->rec->source,
		 others && *others ? "; " : "", others ? others : "");
	_say(step, "admitted", line);
}

static void _ended(const struct step *step)
{
	const struct record *rec = step->rec;

	_caused(step, "ended", rec->cause, rec->why, "");
}

static bool _entered(const struct step *step, enum phase phase)
{
	return step->rec->at[phase] == step->ev->now;
}

static void _phase(const struct step *step)
{
	const struct record *rec = step->rec;

	if (rec->phase == PHASE_REQUESTED && step->ev->kind != EVENT_REQUESTED)
		_begun(step);
	else if (rec->phase == PHASE_ADMITTED)
		_admitted(step);
	else if (rec->phase == PHASE_CLONING)
		_say(step, "cloning", rec->task);
	else if (rec->phase == PHASE_CLONED)
		_say(step, "cloned", rec->vm);
	else if (rec->phase == PHASE_IDENTIFIED)
		_say(step, "identified", "the guest has its identity");
	else if (rec->phase == PHASE_READY)
		_say(step, "ready", "slurmd has registered");
}

void diary_stepped(struct diary *diary, const struct record *rec,
		   const struct event *ev, const struct outcome *out)
{
	struct step step = { diary, rec, ev, out };
	bool ends = rec->at[PHASE_CONDEMNED] == ev->now ||
		    (rec->at[PHASE_RELEASING] == ev->now &&
		     !rec->at[PHASE_CONDEMNED]);

	if (out->ignored)
		return;
	_event(&step);
	if (ends)
		_ended(&step);
	else if (out->failed && failure_of(out->failed)->cure != CURE_NONE)
		_caused(&step, "failed", out->failed, rec->error, out->source);
	if (_entered(&step, rec->phase))
		_phase(&step);
}

void diary_acted(struct diary *diary, const struct record *rec,
		 const struct action *action)
{
	char line[DIARY_TEXT_SIZE];

	if (!action_is_slurm(action->kind) ||
	    action->kind == ACTION_SLURM_LOOK)
		return;
	if (action->job)
		snprintf(line, sizeof(line), "%s of job %" PRIu32 "%s%s",
			 action_name(action->kind), action->job,
			 *action->text ? ": " : "", action->text);
	else
		snprintf(line, sizeof(line), "%s%s%s",
			 action_name(action->kind),
			 *action->text ? ": " : "", action->text);
	_add(diary, rec, action->epoch, clock_wall_us(), "to Slurm", line);
}
