/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"
#include "update.h"

bool update_fresh(const struct nodeview *view, int64_t now, int64_t max_age)
{
	return view->seen && view->got <= now && now - view->got <= max_age;
}

#define WHO_KNOWN INT64_C(2000000)	/* us */

bool update_knows_whose(const struct record *rec, int64_t now)
{
	bool whose = rec->tell == TELL_FORCE && rec->tell_job &&
		     rec->tell_cause != CAUSE_CANCELLED;

	return (!whose || rec->view.about == rec->tell_job) &&
	       (!update_asks_who(rec) || !rec->view.job_unasked) &&
	       (!rec->tell_all || update_fresh(&rec->view, now, WHO_KNOWN));
}

bool update_can_tell(const struct engine_conf *conf, const struct record *rec,
		     int64_t now)
{
	return rec->view.seen >= rec->tell_since &&
	       update_fresh(&rec->view, now, conf->fresh) &&
	       update_knows_whose(rec, now);
}

bool update_asks_who(const struct record *rec)
{
	return rec->tell == TELL_FORCE && (!rec->tell_job || rec->tell_all) &&
	       rec->tell_cause != CAUSE_CANCELLED;
}

static bool _going(const struct record *rec)
{
	return rec->phase == PHASE_CONDEMNED ||
	       (rec->phase == PHASE_RELEASING &&
		rec->release != RELEASE_RECORD);
}

/* A mark seen before the request was made is that of an earlier cycle. */
static bool _is_marked(const struct record *rec, const struct nodeview *view)
{
	const struct record_request *req = record_request(rec);

	return view->power_down && req && view->seen > req->asked;
}

/* Slurm still holds the node for the request that failed. */
static bool _force_needed(const struct record *rec,
			  const struct nodeview *view)
{
	if (nodeview_released(view) || view->powered_down || view->missing)
		return false;
	if (rec->tell_cause == CAUSE_CANCELLED)
		return view->base == NODE_IDLE;
	if (view->base == NODE_ALLOCATED && rec->tell_job &&
	    view->free_of == rec->tell_job)
		return false;	/* another job would lose it */
	return !view->job || !rec->tell_job || view->job == rec->tell_job;
}

/* DOWN+POWERED_DOWN, or the IDLE form that 22.05 never schedules. */
static bool _stuck(const struct nodeview *view)
{
	if (view->powering_up || view->powering_down)
		return false;
	return view->base == NODE_DOWN ||
	       (view->powered_down && view->not_responding);
}

bool update_restores_drain(const struct record *rec,
			   const struct nodeview *view)
{
	if (!*rec->admin_drain || !view->seen || nodeview_admin_drain(view))
		return false;
	/* A reason of the admin's would pass the node off as one that he has
	 * set down: it is healed first. */
	if (view->base == NODE_DOWN)
		return false;
	/* Its reason without the flag, or ours in its place, is enough to
	 * see on a node that is used meanwhile. */
	return nodeview_released(view) || failure_is_passing(view->reason) ||
	       failure_is_capacity(view->reason) ||
	       !strcmp(view->reason, rec->admin_drain);
}

/* A drain that has outlived the VM which it was for: slurmctld takes it back
 * only from a node that was marked, or that is freed while it goes down. */
static bool _outlived(const struct record *rec, const struct nodeview *view)
{
	return nodeview_leftover_drain(view) && nodeview_off(view) &&
	       rec->phase == PHASE_ABSENT && rec->recorded &&
	       view->seen >= rec->at[PHASE_ABSENT] && !rec->needs_human;
}

bool update_needed(enum action_kind act, const struct record *rec,
		   const struct nodeview *view)
{
	switch (act) {
	case ACTION_SLURM_MARK:
		return !_is_marked(rec, view);
	case ACTION_SLURM_FORCE_DOWN:
	case ACTION_SLURM_SET_DOWN:
		return rec->tell == TELL_FORCE && _force_needed(rec, view);
	case ACTION_SLURM_POWER_DOWN:
		return rec->tell == TELL_POWER_DOWN && _stuck(view);
	case ACTION_SLURM_NODE_RESUME:
		return rec->phase == PHASE_ABSENT && view->powering_down &&
		       (!view->drain || failure_is_passing(view->reason) ||
			failure_is_capacity(view->reason) ||
			nodeview_leftover_drain(view)) &&
		       !rec->needs_human && !*rec->admin_drain;
	case ACTION_SLURM_UNDRAIN:
		return ((view->drain && failure_is_passing(view->reason)) ||
			_outlived(rec, view)) &&
		       !view->powering_down && !_going(rec) &&
		       !*rec->quarantine && !*rec->admin_drain;
	case ACTION_SLURM_DRAIN:
		return !view->drain || failure_is_capacity(view->reason) ||
		       update_restores_drain(rec, view);
	default:
		return true;
	}
}

bool update_drain_reason(const struct record *rec, int64_t now, char *out,
			 size_t size)
{
	if (_going(rec) && rec->hold)
		failure_reason(CAUSE_HOLD, NULL, out, size);
	else if (_going(rec) && *rec->refusal)
		failure_reason(CAUSE_GUARD, rec->refusal, out, size);
	else if (_going(rec) && rec->free_by && now >= rec->free_by &&
		 !rec->next.used)
		failure_reason(CAUSE_UNPROVEN, NULL, out, size);
	else if (rec->needs_human && nodeview_released(&rec->view))
		failure_reason(rec->tell_cause, rec->tell_text, out, size);
	else if (*rec->quarantine && nodeview_released(&rec->view))
		failure_reason(CAUSE_QUARANTINE, rec->quarantine, out, size);
	else
		return false;
	return true;
}
