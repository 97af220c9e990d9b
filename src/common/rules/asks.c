/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cycle.h"
#include "text.h"
#include "asks.h"

#define SECOND INT64_C(1000000)	/* us */

static bool _active(const struct record *rec)
{
	return rec->phase >= PHASE_REQUESTED && rec->phase <= PHASE_READY;
}

static void _fill(const struct record *rec, const struct event *ev,
		  struct record_request *req)
{
	memset(req, 0, sizeof(*req));
	req->used = true;
	req->shared = rec->shares;
	text_set(req->id, ev->id);
	req->job = ev->job;
	text_set(req->user, ev->user);
	text_set(req->template_name, ev->template_name);
	text_set(req->choice, ev->text);
	text_set(req->only, ev->source);
	req->asked = ev->asked;
	req->deadline = ev->deadline;
	if (req->asked > ev->now) {	/* before the clock was set back */
		req->deadline -= req->asked - ev->now;
		req->asked = ev->now;
		req->guessed = true;
	}
}

static bool _same_id(const struct record_request *req, const struct event *ev)
{
	return req->used && text_same(req->id, ev->id);
}

/* While the node comes up, the same job's second ask is the same request; of
 * a node for many jobs, any job's. */
static bool _same_job(struct record_request *req, const struct event *ev)
{
	if (req->job && ev->job && req->job != ev->job && !req->shared)
		return false;
	if (!req->job)
		req->job = ev->job;
	return true;
}

/* Nothing is begun on a name of which the journal has lost the thread. */
static void _refuse(struct record *rec, const struct event *ev)
{
	struct record_request refused;

	_fill(rec, ev, &refused);
	cycle_fail(rec, &refused, CAUSE_QUARANTINE, rec->quarantine, ev->now);
}

/* Slurm has the node for another job: what it was to be told is history, and
 * how often it refused that. */
static void _begin_anew(struct record *rec)
{
	rec->tell = TELL_NOTHING;
	rec->needs_human = false;
	cycle_slurm_anew(rec);
}

static const char *_wait(struct record *rec, const struct event *ev)
{
	if (rec->next.used && ev->asked < rec->next.asked)
		return "older than the request that waits";
	if (rec->next.used && rec->next.attempts + rec->next.waits &&
	    _same_job(&rec->next, ev))
		return "the same job's request waits for its next attempt";
	_fill(rec, ev, &rec->next);
	_begin_anew(rec);
	return NULL;
}

/*
 * slurmctld takes a node's registration only from a boot that is not before
 * its last ask, in whole seconds. It asks again for a job that it has asked
 * for when it was started anew from a state of before. (A guest that says who
 * it is has started slurmd.)
 */
static bool _may_be_refused(const struct record *rec, const struct event *ev)
{
	return rec->phase == PHASE_IDENTIFIED && !rec->registered &&
	       ev->asked / SECOND > rec->at[PHASE_CLONED] / SECOND;
}

const char *asks_requested(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev)
{
	const char *ignored;

	if (!ev->id || !*ev->id || ev->deadline <= 0 || ev->asked <= 0)
		return "a request needs id, time and deadline";
	if (_same_id(&rec->req, ev) || _same_id(&rec->next, ev))
		return "the request is known";
	if (*rec->quarantine) {
		_refuse(rec, ev);
		return NULL;
	}
	if (rec->phase == PHASE_ABSENT) {
		_begin_anew(rec);
		_fill(rec, ev, &rec->req);
		cycle_begin(rec, ev->now);
		return NULL;
	}
	if (_active(rec) && ev->asked < rec->req.asked)
		return "older than the request being served";
	if (_active(rec) && rec->phase != PHASE_READY &&
	    !_may_be_refused(rec, ev) && _same_job(&rec->req, ev))
		return "the node is on its way for the same job";
	ignored = _wait(rec, ev);
	/* Of a ready node Slurm's word is awaited first: cycle_tidy(). */
	if (!ignored && _active(rec) && rec->phase != PHASE_READY)
		cycle_condemn(conf, rec, CAUSE_SUPERSEDED, NULL, ev->now);
	return ignored;
}

/* Slurm's end of the node at that time ends the request that waits, too. */
static void _drop_next(struct record *rec, const struct event *ev)
{
	if (rec->next.used && ev->asked >= rec->next.asked)
		memset(&rec->next, 0, sizeof(rec->next));
}

/* Slurm ended the node before it asked for what is being served now. */
static bool _stale(const struct record *rec, const struct event *ev)
{
	const struct record_request *req = record_request(rec);

	return req && ev->asked < req->asked;
}

const char *asks_suspended(const struct engine_conf *conf,
			   struct record *rec, const struct event *ev)
{
	if (_stale(rec, ev))
		return "older than the request";
	_drop_next(rec, ev);
	cycle_taken(rec, ev->asked);
	if (_active(rec)) {
		cycle_condemn(conf, rec, CAUSE_SUSPENDED, NULL, ev->now);
	} else if (rec->phase == PHASE_ABSENT) {
		cycle_sweep(rec, CAUSE_SUSPENDED, ev->now);
	}
	cycle_free_by(conf, rec, ev->asked);
	return NULL;
}

const char *asks_resume_failed(const struct engine_conf *conf,
			       struct record *rec, const struct event *ev)
{
	if (_stale(rec, ev))
		return "older than the request";
	/* Late, and seen: another job may have it by now. */
	if (nodeview_up(&rec->view) && rec->view.seen > ev->asked)
		return "the node came up all the same";
	_drop_next(rec, ev);
	if (_active(rec))
		cycle_condemn(conf, rec, CAUSE_RESUMEFAIL, NULL, ev->now);
	rec->tell = TELL_POWER_DOWN;
	rec->tell_cause = CAUSE_RESUMEFAIL;
	rec->tell_job = 0;
	rec->tell_since = ev->now;
	text_set(rec->tell_text, failure_of(CAUSE_RESUMEFAIL)->meaning);
	return NULL;
}

/* record_request(), to be changed. */
static struct record_request *_request(struct record *rec)
{
	if (rec->next.used)
		return &rec->next;
	return _active(rec) ? &rec->req : NULL;
}

/* The VM serves that job, too. */
static const char *_share(struct record_request *req, uint32_t job)
{
	size_t size = sizeof(req->sharers);
	char item[16] = "";

	if (record_names(req, job))
		return "the job is known";
	if (text_lists(req->sharers, "..."))
		return "one job more than can be named";
	text_add_number(item, sizeof(item), job);
	/* There must be room for the last word. */
	if (strlen(req->sharers) + sizeof(item) + sizeof(",...") > size)
		text_set(item, "...");
	text_add(req->sharers, size, *req->sharers ? "," : "");
	text_add(req->sharers, size, item);
	return NULL;
}

const char *asks_prolog(struct record *rec, const struct event *ev)
{
	struct record_request *req = _request(rec);
	int64_t asked = ev->asked;

	if (asked > ev->now)
		asked = ev->now;	/* the clock was set back since */
	if (!ev->job)
		return "a prolog without job";
	if (!req && asked < rec->prolog_asked)
		return "older than the last prolog";
	if (!req) {
		rec->prolog_job = ev->job;	/* quicker than its request */
		rec->prolog_asked = asked;
		if (rec->phase == PHASE_ABSENT && nodeview_up(&rec->view))
			cycle_sweep(rec, CAUSE_ORPHAN, ev->now);
		return NULL;
	}
	if (!req->job) {
		req->job = ev->job;
		return NULL;
	}
	if (req->job == ev->job)
		return "the node is meant for that job";
	if (req->shared)
		return _share(req, ev->job);
	if (record_intruded(rec))
		return "a job is being sent away";
	rec->intruder = ev->job;
	rec->intruder_since = asked;
	rec->intrusion = INTRUSION_REQUEUE;
	cycle_slurm_anew(rec);
	return NULL;
}

/* A VM that was for any job, or that was found, has had its one while nobody
 * could be told: the next one's prolog tells. A claim that may be on an
 * earlier VM is believed: it costs the next job a requeue, and not its VM for
 * itself. */
const char *asks_claim(struct record *rec, const struct event *ev)
{
	if (!ev->job || !_active(rec) ||
	    (ev->asked <= rec->req.asked && !rec->req.guessed))
		return "no claim on this VM";
	if (rec->req.shared || (rec->req.job && !rec->req.supposed))
		return "the VM is not for any job";
	rec->req.job = ev->job;
	rec->req.supposed = false;
	return NULL;
}

/* The VM is for others as well: only that job is sent away. */
static const char *_misfit_shared(struct record *rec, const struct event *ev)
{
	const struct record_request that = { .job = ev->job };

	if (!ev->job)
		return "no job to be sent away";
	if (rec->tell != TELL_NOTHING)
		return "another failure has to be told first";
	cycle_fail(rec, &that, ev->cause, ev->text, ev->now);
	return NULL;
}

const char *asks_misfit(const struct engine_conf *conf, struct record *rec,
			const struct event *ev)
{
	struct record_request *req = _request(rec);

	if (!req || (ev->job && req->job && ev->job != req->job &&
		     !req->shared))
		return "no request of that job";
	if (ev->job && record_must_leave(rec, ev->job, ev->asked))
		return "the job is being sent away";
	if (!req->job)
		req->job = ev->job;
	if (req->shared)
		return _misfit_shared(rec, ev);
	if (req == &rec->req && rec->phase < PHASE_CLONED) {
		cycle_condemn(conf, rec, ev->cause, ev->text, ev->now);
		return NULL;
	}
	/* Where there is a slurmd it has its part in the job's end; then Slurm
	 * is done with the node by itself. */
	cycle_fail(rec, req, ev->cause, ev->text, ev->now);
	if (req == &rec->next)
		memset(req, 0, sizeof(*req));
	return NULL;
}

const char *asks_admitted(struct record *rec, const struct event *ev)
{
	if (!record_admissible(rec, ev->now))
		return "the node cannot be cloned now";
	if (!ev->source || !*ev->source)
		return "admission without source";
	text_set(rec->source, ev->source);
	cycle_enter(rec, PHASE_ADMITTED, ev->now);
	return NULL;
}

const char *asks_not_admitted(const struct engine_conf *conf,
			      struct record *rec, const struct event *ev)
{
	if (rec->phase != PHASE_REQUESTED)
		return "the node does not wait for admission";
	/* No retry: the planner has weighed that. */
	cycle_fail(rec, &rec->req, ev->cause, ev->text, ev->now);
	cycle_condemn(conf, rec, CAUSE_CANCELLED, rec->tell_text, ev->now);
	rec->cause = rec->failed = ev->cause;
	return NULL;
}

const char *asks_waits(struct record *rec, const struct event *ev)
{
	if (rec->phase != PHASE_REQUESTED)
		return "the node does not wait for admission";
	text_set(rec->error, ev->text);
	rec->waits_for = ev->cause;
	return NULL;
}

const char *asks_condemn(const struct engine_conf *conf, struct record *rec,
			 const struct event *ev)
{
	if (_active(rec)) {
		cycle_condemn(conf, rec, ev->cause, ev->text, ev->now);
		return NULL;
	}
	if (rec->phase == PHASE_ABSENT) {
		struct record_request lost = { .job = ev->job,
					       .shared = rec->shares };

		cycle_sweep(rec, ev->cause, ev->now);
		if (failure_of(ev->cause)->cure != CURE_NONE)
			cycle_fail(rec, &lost, ev->cause, ev->text, ev->now);
	}
	rec->vm_not_before = 0;	/* in a hurry: try at once */
	return NULL;
}

/* A VM of an epoch that the record never had, while the record's own should
 * be at work: the journal was restored from the past. */
static bool _is_past(const struct record *rec, const struct event *ev)
{
	return rec->phase >= PHASE_CLONED && rec->phase <= PHASE_READY &&
	       ev->found_epoch > rec->last_epoch && !rec->vm_busy;
}

const char *asks_found(struct record *rec, const struct event *ev)
{
	if (!ev->found_epoch || !ev->vm || !*ev->vm)
		return "a finding without epoch or VM";
	if (rec->phase > PHASE_REQUESTED && !_is_past(rec, ev))
		return "the cycle under way will find it";
	record_take_name(rec);	/* it was found by the name of today alone */
	cycle_adopt(rec, ev);
	return NULL;
}

const char *asks_cleared(struct record *rec)
{
	if (!*rec->quarantine)
		return "not in quarantine";
	*rec->quarantine = '\0';
	return NULL;
}

const char *asks_isolation(struct record *rec, bool shared)
{
	if (rec->shares == shared)
		return "nothing new";
	rec->shares = shared;
	if (shared && rec->tell != TELL_NOTHING)
		rec->tell_all = true;	/* others may have come by now */
	return NULL;
}

const char *asks_hold(struct record *rec, bool hold)
{
	if (rec->hold == hold)
		return hold ? "held already" : "not held";
	rec->hold = hold;
	rec->vm_not_before = 0;
	/* A verdict would be stale when the hold ends. */
	if (rec->release == RELEASE_OFF && !rec->vm_busy)
		rec->release = RELEASE_GUARD_OFF;
	if (rec->release == RELEASE_DESTROY && !rec->vm_busy)
		rec->release = RELEASE_GUARD_DESTROY;
	return NULL;
}
