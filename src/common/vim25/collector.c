/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "collector.h"
#include "refs.h"
#include "watch.h"
#include "watch_write.h"

#define VERSION_SIZE 256
#define REMOVE_US (1 * CLOCK_US_PER_S)	/* removals alone may wait so long */
#define REMOVE_MANY 256			/* unless there are so many */
#define MODIFY_MAX 1024			/* objects in one request */
#define COMPANY_US (250 * CLOCK_US_PER_MS)	/* waited for what is coming */
#define PACE_MIN_US (5 * CLOCK_US_PER_MS)
#define PAUSE_MIN_MS 250
#define PAUSE_MAX_MS 30000

struct view {
	struct moref list, filter;	/* unset: not made yet */
	struct refs *add, *remove;
};

enum step { STEP_COLLECTOR, STEP_LIST, STEP_FILTER, STEP_MODIFY };

struct collector {
	struct session *session;
	struct session_hook hook;
	const struct collector_ops *ops;
	void *arg;
	unsigned wait_s;

	struct moref ref;	/* unset: not made yet */
	struct view views[VIEWS];
	size_t n_objects;	/* in the views, or to be */
	char version[VERSION_SIZE];

	/* making and changing, one request at a time */
	struct session_call *control;
	enum step step;
	struct view *step_view;
	struct loop_timer *work_timer;
	int64_t work_us;	/* when it fires; 0: it does not */
	unsigned coming;	/* announced, but not added yet */
	int64_t held_until_us;	/* changes wait for those; 0: they do not */
	int64_t not_before_us;	/* after a failure */
	unsigned pause_ms;

	/* waiting */
	struct session_call *poll;
	struct loop_timer *poll_timer;
	bool more;		/* the last reply was only a part */
	int64_t next_poll_us;	/* not before, for the pace; until then the
				 * timer is set */
	int64_t modify_us, poll_us;	/* pauses before either */

	unsigned busy;
	bool doomed;
};

static void _release(struct collector *collector);

static void _enter(struct collector *collector)
{
	collector->busy++;
}

static void _leave(struct collector *collector)
{
	if (!--collector->busy && collector->doomed)
		_release(collector);
}

/* --- when to do what --- */

/* Have the work done so soon, or sooner if that was wanted already. */
static void _schedule(struct collector *collector, int64_t delay_us)
{
	int64_t now = clock_mono_us(), at = now + delay_us;

	if (at < collector->not_before_us)
		at = collector->not_before_us;
	if (collector->work_us && collector->work_us <= at)
		return;
	collector->work_us = at;
	loop_timer_set(collector->work_timer, at - now);
}

static void _schedule_changes(struct collector *collector)
{
	size_t removals = 0;

	for (int i = 0; i < VIEWS; i++) {
		if (refs_waiting(collector->views[i].add)) {
			_schedule(collector, collector->modify_us);
			return;
		}
		removals += refs_waiting(collector->views[i].remove);
	}
	if (removals >= REMOVE_MANY)
		_schedule(collector, 0);
	else if (removals)
		_schedule(collector, REMOVE_US);
}

/* Try again later, and later the more often it fails. */
static int64_t _backoff(struct collector *collector)
{
	int64_t pause = collector->pause_ms * CLOCK_US_PER_MS;

	collector->pause_ms *= 2;
	if (collector->pause_ms > PAUSE_MAX_MS)
		collector->pause_ms = PAUSE_MAX_MS;
	return pause;
}

/* Nothing of what was made exists any more. */
static void _lose(struct collector *collector)
{
	struct view *view;

	session_cancel(steal_ptr(&collector->control));
	session_cancel(steal_ptr(&collector->poll));
	loop_timer_stop(collector->poll_timer);
	collector->next_poll_us = 0;
	collector->ref = (struct moref) { .id = "" };
	collector->version[0] = '\0';
	collector->n_objects = 0;
	for (int i = 0; i < VIEWS; i++) {
		view = &collector->views[i];
		view->list = view->filter = (struct moref) { .id = "" };
		refs_clear(view->add);
		refs_clear(view->remove);
	}
	_enter(collector);
	collector->ops->lost(collector->arg);
	_leave(collector);
}

static bool _is_gone(const struct soap_reply *reply)
{
	return reply->fault &&
	       !strcmp(reply->fault->type, "ManagedObjectNotFound");
}

/* --- the poll --- */

static void _wait(struct collector *collector);

static void _report_missing(struct collector *collector,
			    const struct xml_node *node)
{
	struct moref ref;

	if (!soap_ref(node, &ref, NULL))
		collector->ops->missing(&ref, collector->arg);
}

static void _read_filter(struct collector *collector,
			 const struct xml_node *set)
{
	const struct xml_node *node = xml_child(set, NULL);

	for (; node && !collector->doomed; node = xml_next(node, NULL)) {
		if (!strcmp(xml_name(node), "objectSet"))
			collector->ops->update(node, collector->arg);
		else if (!strcmp(xml_name(node), "missingSet"))
			_report_missing(collector, xml_child(node, "obj"));
	}
}

static void _pace_poll(struct collector *collector, int64_t pause_us)
{
	collector->next_poll_us = clock_mono_us() + pause_us;
	loop_timer_set(collector->poll_timer, pause_us);
}

/* An UpdateSet. Its updates may end the collector. */
static void _read_updates(struct collector *collector,
			  const struct xml_node *updates)
{
	const char *version = xml_child_text(updates, "version");
	const char *truncated = xml_child_text(updates, "truncated");
	const struct xml_node *set = xml_child(updates, "filterSet");
	bool more = truncated && (!strcmp(truncated, "true") ||
				  !strcmp(truncated, "1"));

	if (version)
		snprintf(collector->version, sizeof(collector->version), "%s",
			 version);
	collector->more = more;
	_pace_poll(collector, more ? 0 : collector->poll_us);
	_enter(collector);
	for (; set && !collector->doomed; set = xml_next(set, "filterSet"))
		_read_filter(collector, set);
	_leave(collector);
}

static void _on_poll(const struct soap_reply *reply, void *arg)
{
	struct collector *collector = arg;

	collector->poll = NULL;
	if (!reply->err) {
		collector->pause_ms = PAUSE_MIN_MS;
		_read_updates(collector,
			      xml_child(reply->response, "returnval"));
	} else if (_is_gone(reply)) {
		_lose(collector);
	} else if (reply->fault && collector->version[0]) {
		/* InvalidCollectorVersion: start over, it then tells all. */
		collector->version[0] = '\0';
		loop_timer_set(collector->poll_timer, collector->poll_us);
	} else {
		loop_timer_set(collector->poll_timer, _backoff(collector));
	}
}

/* Not before there is something to tell; there is now, perhaps. */
static void _ask(struct collector *collector, bool now)
{
	int64_t at = collector->ops->expected(collector->arg);
	int64_t hold = at - clock_mono_us();

	if (at && hold > CLOCK_US_PER_MS && !now)
		loop_timer_set(collector->poll_timer, hold);
	else
		_wait(collector);
}

static void _on_poll_timer(void *arg)
{
	struct collector *collector = arg;

	_ask(collector, collector->more);
}

static bool _has_filter(const struct collector *collector)
{
	for (int i = 0; i < VIEWS; i++)
		if (moref_is_set(&collector->views[i].filter))
			return true;
	return false;
}

static void _wait(struct collector *collector)
{
	struct soap_request request;

	if (collector->poll || !collector->n_objects ||
	    !_has_filter(collector))
		return;
	watch_write_wait(&request, &collector->ref, collector->version,
			 collector->wait_s);
	collector->more = false;
	if (!soap_end(&request, NULL))
		collector->poll = session_call(collector->session, &request,
					       _on_poll, collector, NULL);
	else
		soap_request_free(&request);
	if (!collector->poll)
		loop_timer_set(collector->poll_timer, _backoff(collector));
}

/* --- making and changing --- */

static void _work(struct collector *collector);

/* Machines have something to tell from the beginning, tasks at their end. */
static bool _adds_machines(const struct view *view)
{
	size_t count;
	const struct moref *refs = refs_told(view->add, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(refs[i].type, "Task") != 0)
			return true;
	return false;
}

/* A view's changes have arrived; the reply lists what it does not know. */
static void _modified(struct collector *collector, struct view *view,
		      const struct xml_node *response)
{
	const struct xml_node *node = xml_child(response, "returnval");
	bool news = _adds_machines(view);

	refs_arrived(view->add);
	refs_arrived(view->remove);
	_schedule_changes(collector);
	/* Else the timer is set. */
	if (clock_mono_us() >= collector->next_poll_us)
		_ask(collector, news);
	_enter(collector);
	for (; node && !collector->doomed; node = xml_next(node, "returnval"))
		_report_missing(collector, node);
	_leave(collector);
}

static int _read_ref(const struct soap_reply *reply, struct moref *ref)
{
	return soap_ref(xml_child(reply->response, "returnval"), ref, NULL);
}

static void _control_failed(struct collector *collector)
{
	if (collector->step == STEP_MODIFY) {
		refs_return(collector->step_view->add);
		refs_return(collector->step_view->remove);
	}
	collector->not_before_us = clock_mono_us() + _backoff(collector);
	_schedule(collector, 0);
}

static void _on_control(const struct soap_reply *reply, void *arg)
{
	struct collector *collector = arg;
	struct view *view = collector->step_view;
	int rc = reply->err ? -1 : 0;

	collector->control = NULL;
	if (_is_gone(reply)) {
		_lose(collector);
		return;
	}
	if (!rc && collector->step == STEP_COLLECTOR)
		rc = _read_ref(reply, &collector->ref);
	else if (!rc && collector->step == STEP_LIST)
		rc = _read_ref(reply, &view->list);
	else if (!rc && collector->step == STEP_FILTER)
		rc = _read_ref(reply, &view->filter);
	if (rc) {
		_control_failed(collector);
		return;
	}
	collector->pause_ms = PAUSE_MIN_MS;
	if (collector->step == STEP_MODIFY)
		_modified(collector, view, reply->response);
	else
		_work(collector);
}

static void _send(struct collector *collector, enum step step,
		  struct view *view, struct soap_request *request)
{
	collector->step = step;
	collector->step_view = view;
	if (!soap_end(request, NULL))
		collector->control = session_call(collector->session, request,
						  _on_control, collector,
						  NULL);
	else
		soap_request_free(request);
	if (!collector->control)
		_control_failed(collector);
}

/* What is coming goes in the same request, if it comes soon. */
static bool _holds(struct collector *collector)
{
	int64_t now = clock_mono_us();

	if (!collector->coming)
		return false;
	if (!collector->held_until_us)
		collector->held_until_us = now + COMPANY_US;
	if (now >= collector->held_until_us)
		return false;
	_schedule(collector, collector->held_until_us - now);
	return true;
}

/* What is both to be removed and to be added was removed before: first tell
 * that. */
static void _modify(struct collector *collector, struct view *view)
{
	bool again = refs_meet(view->remove, view->add);
	const struct moref *add, *remove;
	struct soap_request request;
	size_t n_add, n_remove;

	collector->held_until_us = 0;
	collector->step = STEP_MODIFY;
	collector->step_view = view;
	if (refs_tell(view->add, again ? 0 : MODIFY_MAX, NULL) ||
	    refs_tell(view->remove, MODIFY_MAX, NULL)) {
		_control_failed(collector);
		return;
	}
	add = refs_told(view->add, &n_add);
	remove = refs_told(view->remove, &n_remove);
	watch_write_modify(&request, &view->list, add, n_add, remove,
			   n_remove);
	_send(collector, STEP_MODIFY, view, &request);
}

static void _write_filter(const struct collector *collector,
			  const struct view *view,
			  struct soap_request *request)
{
	if (view == &collector->views[VIEW_STATE])
		watch_write_state_filter(request, &collector->ref,
					 &view->list);
	else
		watch_write_filter(request, &collector->ref, &view->list,
				   view == &collector->views[VIEW_NEWS]);
}

/* The next thing this view needs; false: nothing. */
static bool _work_view(struct collector *collector, struct view *view)
{
	const struct service *service = session_service(collector->session);
	struct soap_request request;

	if (!refs_waiting(view->add) && !refs_waiting(view->remove))
		return false;
	if (!moref_is_set(&view->list)) {
		watch_write_list(&request, &service->view_manager);
		_send(collector, STEP_LIST, view, &request);
	} else if (!moref_is_set(&view->filter)) {
		_write_filter(collector, view, &request);
		_send(collector, STEP_FILTER, view, &request);
	} else if (!_holds(collector)) {
		_modify(collector, view);
	} else {
		return false;
	}
	return true;
}

/* Start the next request, if one is due and none is under way. */
static void _work(struct collector *collector)
{
	const struct service *service = session_service(collector->session);
	struct soap_request request;

	if (collector->control)
		return;
	if (!moref_is_set(&collector->ref)) {
		if (!collector->n_objects)
			return;
		watch_write_collector(&request, &service->property_collector);
		_send(collector, STEP_COLLECTOR, NULL, &request);
		return;
	}
	for (int i = 0; i < VIEWS; i++)
		if (_work_view(collector, &collector->views[i]))
			return;
}

static void _on_work(void *arg)
{
	struct collector *collector = arg;

	collector->work_us = 0;
	if (clock_mono_us() < collector->not_before_us)
		_schedule(collector, 0);
	else
		_work(collector);
}

static void _on_login(void *arg)
{
	struct collector *collector = arg;

	if (moref_is_set(&collector->ref))
		_lose(collector);
}

/* --- what the watch wants --- */

int collector_add(struct collector *collector, enum collector_view view,
		  const struct moref *object, struct err *err)
{
	struct view *to = &collector->views[view];

	if (refs_add(to->add, object, err))
		return -1;
	collector->n_objects++;
	_schedule(collector, moref_is_set(&to->filter) ? collector->modify_us
						       : 0);
	return 0;
}

void collector_announce(struct collector *collector)
{
	collector->coming++;
}

void collector_arrived(struct collector *collector)
{
	if (!--collector->coming && collector->held_until_us)
		_schedule(collector, 0);
}

void collector_flush(struct collector *collector)
{
	_schedule(collector, PACE_MIN_US);
}

void collector_remove(struct collector *collector, enum collector_view view,
		      const struct moref *object)
{
	struct view *from = &collector->views[view];

	collector->n_objects--;
	if (refs_take(from->add, object))
		return;
	/* Not noted: the server goes on telling, nobody listens. */
	if (!refs_add(from->remove, object, NULL))
		_schedule_changes(collector);
}

static int64_t _clamp(int64_t us, int64_t max_ms)
{
	if (us < PACE_MIN_US)
		return PACE_MIN_US;
	if (us > max_ms * CLOCK_US_PER_MS)
		return max_ms * CLOCK_US_PER_MS;
	return us;
}

void collector_pace(struct collector *collector, int64_t task_us)
{
	collector->poll_us = _clamp(task_us / 20, 50);
	collector->modify_us = _clamp(task_us / 2, 250);
}

static int _make_parts(struct collector *collector, struct err *err)
{
	struct loop *loop = session_loop(collector->session);

	for (struct view *view = collector->views;
	     view < collector->views + VIEWS; view++) {
		view->add = refs_create(WATCH_ITEMS_MAX);
		view->remove = refs_create(WATCH_ITEMS_MAX);
		if (!view->add || !view->remove)
			return err_nomem(err);
	}
	collector->work_timer = loop_timer_create(loop, _on_work, collector,
						  err);
	if (!collector->work_timer)
		return -1;
	collector->poll_timer = loop_timer_create(loop, _on_poll_timer,
						  collector, err);
	return collector->poll_timer ? 0 : -1;
}

struct collector *collector_create(struct session *session, unsigned wait_s,
				   const struct collector_ops *ops, void *arg,
				   struct err *err)
{
	struct collector *collector = calloc(1, sizeof(*collector));

	if (!collector) {
		err_nomem(err);
		return NULL;
	}
	collector->session = session;
	collector->ops = ops;
	collector->arg = arg;
	collector->wait_s = wait_s;
	collector->pause_ms = PAUSE_MIN_MS;
	collector->hook.cb = _on_login;
	collector->hook.arg = collector;
	session_hook_add(session, &collector->hook);
	collector_pace(collector, 0);
	if (_make_parts(collector, err)) {
		collector_destroy(collector);
		return NULL;
	}
	return collector;
}

static void _release(struct collector *collector)
{
	session_cancel(collector->control);
	session_cancel(collector->poll);
	session_hook_remove(collector->session, &collector->hook);
	loop_timer_destroy(collector->work_timer);
	loop_timer_destroy(collector->poll_timer);
	for (int i = 0; i < VIEWS; i++) {
		refs_destroy(collector->views[i].add);
		refs_destroy(collector->views[i].remove);
	}
	free(collector);
}

void collector_destroy(struct collector *collector)
{
	if (!collector)
		return;
	collector->doomed = true;
	if (!collector->busy)
		_release(collector);
}
