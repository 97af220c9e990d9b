/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "trial.h"

static const struct {
	const char *name, *advice;
} steps[TRIAL_STEPS] = {
	[TRIAL_SOURCE] = { "source",
		"the source must be powered on and frozen, on a host that is "
		"in service: sclone check" },
	[TRIAL_RESUME] = { "resume",
		"sclone check; slurmctld's log; the node must be in "
		"slurm.conf with State=CLOUD, and not be used" },
	[TRIAL_ADMISSION] = { "admission",
		"sclone status shows what it waited for" },
	[TRIAL_CLONE] = { "clone",
		"sclone-reasons(7) has the code; vCenter shows the VM's "
		"tasks" },
	[TRIAL_GUEST] = { "guest",
		"what the guest could not do is said above, unless it is "
		"silent; sclone hold with the node's name keeps the VM of "
		"the next test for a look" },
	[TRIAL_REGISTRATION] = { "registration",
		"in the template: munge key, address of slurmctld, slurmd's "
		"version, network, hardware as in slurm.conf; sclone hold "
		"with the node's name keeps the VM of the next test for a "
		"look" },
};

const char *trial_step_name(enum trial_step step)
{
	return (unsigned) step < TRIAL_STEPS ? steps[step].name : "invalid";
}

const char *trial_advice(enum trial_step step)
{
	return (unsigned) step < TRIAL_STEPS ? steps[step].advice : "";
}

void trial_fail(struct trial *trial, enum trial_step step, enum cause cause,
		const char *why)
{
	if (trial->judged)
		return;
	trial->judged = true;
	trial->step = step;
	trial->cause = cause;
	text_set(trial->why,
		 why && *why ? why : failure_of(cause)->meaning);
}

/* Slurm is still at it. */
static bool _is_moving(const struct nodeview *view)
{
	return view->powering_up || view->powering_down || view->power_down;
}

bool trial_is_free(const struct record *rec)
{
	return rec->phase == PHASE_ABSENT && !rec->next.used &&
	       !rec->settle && rec->tell == TELL_NOTHING && !rec->hold &&
	       !*rec->quarantine && !_is_moving(&rec->view);
}

/* --- what the record tells ---------------------------------------------- */

/* The step that was not done when the cycle ended. */
static enum trial_step _undone(const struct record *rec)
{
	if (rec->at[PHASE_IDENTIFIED])
		return TRIAL_REGISTRATION;
	if (rec->at[PHASE_CLONED])
		return TRIAL_GUEST;
	return rec->at[PHASE_ADMITTED] ? TRIAL_CLONE : TRIAL_ADMISSION;
}

/* Before the test nobody had drained the node. */
static void _judge_ready(struct trial *trial, const struct record *rec)
{
	char why[RECORD_TEXT_SIZE];

	if (trial->judged)
		return;
	if (!nodeview_admin_drain(&rec->view)) {
		trial->judged = trial->passed = true;
		return;
	}
	text_set(why, "it registered, and Slurm drained it: ");
	text_add(why, sizeof(why), rec->view.reason);
	trial_fail(trial, TRIAL_REGISTRATION, CAUSE_GUEST, why);
}

static void _judge_end(struct trial *trial, const struct record *rec)
{
	if (!rec->at[PHASE_READY] || rec->cause == CAUSE_LOST)
		trial_fail(trial, _undone(rec), rec->cause, rec->why);
	else
		_judge_ready(trial, rec);
}

/* The next test can begin; or Slurm does not show that it can. */
static bool _is_settled(const struct record *rec, int64_t now)
{
	const struct nodeview *view = &rec->view;
	int64_t gone = rec->at[PHASE_ABSENT];

	if (rec->settle || rec->tell)
		return false;
	return (view->seen > gone && view->powered_down &&
		!_is_moving(view)) || now - gone > TRIAL_SETTLE;
}

static enum trial_wish _follow(struct trial *trial, const struct record *rec,
			       int64_t now)
{
	trial->epoch = rec->epoch;
	memcpy(trial->at, rec->at, sizeof(trial->at));
	switch (rec->phase) {
	case PHASE_READY:
		_judge_ready(trial, rec);
		return TRIAL_POWER_DOWN;
	case PHASE_CONDEMNED:
	case PHASE_RELEASING:
		_judge_end(trial, rec);
		return TRIAL_WAIT;
	case PHASE_ABSENT:
		_judge_end(trial, rec);
		return _is_settled(rec, now) ? TRIAL_OVER : TRIAL_WAIT;
	default:
		return TRIAL_WAIT;
	}
}

/* --- the whole ---------------------------------------------------------- */

static bool _serves(const struct trial *trial,
		    const struct record_request *req)
{
	return req->used && *trial->request &&
	       text_same(req->id, trial->request);
}

bool trial_is_served(const struct trial *trial, const struct record *rec)
{
	return _serves(trial, &rec->req);
}

enum trial_wish trial_go(struct trial *trial, const struct record *rec,
			 int64_t now)
{
	int64_t waited = now - trial->since;

	if (_serves(trial, &rec->next))
		return TRIAL_WAIT;	/* its next attempt */
	if (trial_is_served(trial, rec))
		return _follow(trial, rec, now);
	if (*trial->request)
		trial_fail(trial, TRIAL_RESUME, CAUSE_SUPERSEDED,
			   *rec->quarantine ? rec->quarantine : NULL);
	else if (waited >= trial->limit || waited < -trial->limit)
		trial_fail(trial, TRIAL_RESUME, CAUSE_DEADLINE,
			   "slurmctld has not run ResumeProgram for the node");
	if (trial->judged)
		return TRIAL_OVER;
	return trial_is_free(rec) ? TRIAL_POWER_UP : TRIAL_WAIT;
}
