/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cycle.h"
#include "text.h"
#include "update.h"
#include "sights.h"

#define NO_REASON "drained"

/*
 * A drain of the admin's would be lost in the power cycle, and also when a
 * node that is off is powered down once more. It is learnt wherever it shows,
 * and forgotten while the node is up or off: one that goes down shows what
 * Slurm has left of it. That is the reason without the flag, which is all
 * there is to see of a drain set just before; taken back just before, it has
 * left no reason either.
 */
static void _remember_drain(struct record *rec)
{
	const struct nodeview *view = &rec->view;

	/* A drain in a test is Slurm's verdict. */
	if (*rec->req.only && (rec->phase != PHASE_ABSENT || rec->settle))
		return;
	if (view->base == NODE_UNKNOWN ||
	    (view->base == NODE_DOWN && nodeview_slurms_reason(view)))
		return;
	if (nodeview_admin_drain(view)) {
		text_set(rec->admin_drain,
			 *view->reason ? view->reason : NO_REASON);
	} else if (view->powering_down) {
		if (!view->drain && !failure_is_ours(view->reason) &&
		    !nodeview_slurms_reason(view) &&
		    (*view->reason ||
		     strcmp(rec->admin_drain, NO_REASON) != 0))
			text_set(rec->admin_drain, view->reason);
	} else if (!view->drain && view->base != NODE_DOWN &&
		   !*view->reason) {
		*rec->admin_drain = '\0';
	}
}

/* The job is gone, the node still boots: nobody needs the clone, unless
 * others may use it. */
static bool _cancelled(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	return rec->phase < PHASE_READY && rec->req.job && !rec->req.shared &&
	       view->base == NODE_IDLE && view->powering_up;
}

#define BOOT_SLACK INT64_C(2000000)	/* us; it is told in seconds */

/* The slurmd that registered is not the one that answered for the node
 * before there was a clone to submit. */
static bool _is_its_own(const struct record *rec)
{
	return !rec->stale_boot ||
	       rec->view.boot > rec->stale_boot + BOOT_SLACK ||
	       rec->view.boot < rec->stale_boot - BOOT_SLACK;
}

#define POWER_DOWN_TIME INT64_C(30000000)	/* us, from mark to act */

/* Slurm shows the node up, but its last VM was proven gone before. One that
 * is just about to go down is not worth a word. */
static bool _is_haunted(const struct record *rec)
{
	const struct nodeview *view = &rec->view;

	return rec->phase == PHASE_ABSENT && rec->recorded &&
	       rec->tell == TELL_NOTHING && nodeview_up(view) &&
	       view->seen > rec->at[PHASE_ABSENT] &&
	       (!view->power_down ||
		view->seen > rec->tell_since + POWER_DOWN_TIME);
}

/* A job's prolog waits for a node that is up and has no record: a VM of
 * which the journal lost all word. */
static bool _is_unknown(const struct record *rec)
{
	return rec->phase == PHASE_ABSENT && !rec->recorded &&
	       rec->prolog_job && nodeview_up(&rec->view) &&
	       rec->view.seen > rec->prolog_asked;
}

static void _active(const struct engine_conf *conf, struct record *rec,
		    int64_t now)
{
	const struct nodeview *view = &rec->view;

	if (view->seen <= rec->req.asked)
		return;		/* tells of the time before the request */
	if (view->powering_down) {
		cycle_condemn(conf, rec, CAUSE_SUSPENDED, NULL, now);
		cycle_free_by(conf, rec, view->seen);
	} else if (_cancelled(rec)) {
		cycle_condemn(conf, rec, CAUSE_CANCELLED, NULL, now);
		cycle_fail(rec, &rec->req, CAUSE_CANCELLED, NULL, now);
		rec->tell = TELL_FORCE;	/* there is no job to tell */
	} else if (nodeview_up(view) && rec->phase >= PHASE_ADMITTED &&
		   view->seen > rec->at[PHASE_ADMITTED] && _is_its_own(rec)) {
		rec->registered = true;
	}
}

/* The drain for which Slurm was not told that the name is free is over. */
static bool _is_undrained(const struct record *rec, bool drained)
{
	return drained && rec->phase == PHASE_ABSENT &&
	       rec->view.powering_down && !rec->view.drain;
}

const char *sights_node(const struct engine_conf *conf, struct record *rec,
			const struct event *ev)
{
	bool asked = event_ends(ev) == ACTION_SLURM_LOOK;
	bool drained = nodeview_admin_drain(&rec->view);
	int64_t seen;

	if (!ev->view)
		return "a node state without view";
	seen = ev->view->seen;
	if (asked && seen < rec->looked_at)
		seen = rec->looked_at;
	if (seen > ev->now)
		seen = ev->now;		/* the clock was set back since */
	if (seen < rec->view.seen || seen <= 0)
		return "older than the last view";
	rec->view = *ev->view;
	rec->view.seen = seen;
	rec->view.got = ev->now;
	rec->view.about = asked ? rec->looked_about : 0;
	if (asked)
		cycle_slurm_works(rec, ACTION_SLURM_LOOK);
	if (rec->view.job && update_asks_who(rec)) {
		cycle_tell(rec, rec->view.job);
		rec->tell_start = rec->view.job_start;
		rec->view.job_unasked = true;	/* who comes after it */
	}
	_remember_drain(rec);
	if (rec->view.powering_down)
		cycle_taken(rec, seen);
	if (_is_undrained(rec, drained))	/* it may be an old record */
		cycle_sweep(rec, CAUSE_SUSPENDED, ev->now);
	if (rec->next.used && rec->view.powering_down &&
	    seen > rec->next.asked)
		memset(&rec->next, 0, sizeof(rec->next));
	if (_is_haunted(rec))	/* or an old journal has no word of its VM */
		cycle_sweep(rec, CAUSE_ZOMBIE, ev->now);
	else if (_is_unknown(rec))
		cycle_sweep(rec, CAUSE_ORPHAN, ev->now);
	else if (rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_READY)
		_active(conf, rec, ev->now);
	else if (rec->phase != PHASE_ABSENT && rec->view.powering_down &&
		 !rec->free_by)
		cycle_free_by(conf, rec, seen);
	return NULL;
}

/* The guest's own words are for display, and for an early end at most. */

const char *sights_identified(struct record *rec, const struct event *ev)
{
	if (rec->phase != PHASE_CLONED)
		return "not a fresh clone";
	cycle_enter(rec, PHASE_IDENTIFIED, ev->now);
	return NULL;
}

const char *sights_guest_failed(const struct engine_conf *conf,
				struct record *rec, const struct event *ev)
{
	if (rec->phase != PHASE_CLONED && rec->phase != PHASE_IDENTIFIED)
		return "the guest's report comes at the wrong time";
	cycle_condemn(conf, rec, CAUSE_GUEST, ev->text, ev->now);
	return NULL;
}

const char *sights_vm_lost(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev)
{
	if (rec->phase < PHASE_CLONED || rec->phase > PHASE_READY)
		return "no VM is in use";
	cycle_condemn(conf, rec, CAUSE_LOST, ev->text, ev->now);
	return NULL;
}
