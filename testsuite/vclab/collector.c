/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collector - see collector.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector.h"
#include "retrieve.h"
#include "session.h"
#include "xw.h"

char *collector_new_id(struct collector *collector, const char *kind)
{
	struct session *session = collector->session;

	return lab_printf("session[%s]%s-%" PRIu64, session->key, kind,
			  ++session->next_id);
}

/* The collector a call means: "propertyCollector" is the session's own. */
static struct collector *_of(struct call *call)
{
	if (call->self->id[0] == 'p')
		return call->session ? call->session->collector : NULL;
	return (struct collector *) call->self;
}

static bool _has_news(struct collector *collector)
{
	bool news = false;

	for (struct filter *f = collector->filters; f; f = f->next)
		news |= filter_has_news(f);
	return news;
}

static size_t _write_filter(struct filter *filter, struct buf *out,
			    size_t max)
{
	size_t count;

	xw_open(out, "filterSet");
	xw_ref(out, "filter", "PropertyFilter", filter->mob.id);
	count = filter_write(filter, out, max);
	xw_close(out, "filterSet");
	return count;
}

/* The news as the call's answer, kept for a repetition. */
static void _answer(struct collector *collector, struct buf *out)
{
	size_t start = out->len;
	size_t left = collector->max;
	char version[24];

	collector->version++;
	(void) snprintf(version, sizeof(version), "%" PRIu64,
			collector->version);
	xw_open(out, "returnval");
	xw_str(out, "version", version);
	for (struct filter *f = collector->filters; f; f = f->next) {
		if (!filter_has_news(f))
			continue;
		left -= _write_filter(f, out, left);
		if (collector->max > 0 && left == 0)
			break;
	}
	if (_has_news(collector))
		xw_bool(out, "truncated", true);
	xw_close(out, "returnval");
	free(collector->answer);
	collector->answer = lab_strdup(buf_str(out) + start);
}

static struct call *_release(struct collector *collector)
{
	struct call *call = collector->waiter;

	sched_cancel(collector->mob.lab->sched, &collector->waiter);
	collector->waiter = NULL;
	return call;
}

static void _settle(void *arg)
{
	struct collector *collector = arg;
	struct call *call;

	collector->settling = false;
	if (!collector->waiter || !_has_news(collector))
		return;
	call = _release(collector);
	_answer(collector, &call->out);
	call_finish(call, 0);
}

void collector_wake(struct collector *collector)
{
	if (!collector->waiter || collector->settling)
		return;
	collector->settling = true;
	sched_after(collector->mob.lab->sched, 0, _settle, collector,
		    collector);
}

void collector_wake_walkers(struct lab *lab)
{
	for (struct collector *c = lab->collectors; c; c = c->next) {
		bool walks = false;

		for (struct filter *f = c->filters; f; f = f->next)
			walks |= f->walks;
		if (walks)
			collector_wake(c);
	}
}

/* -- waiting -------------------------------------------------------- */

static void _timeout(void *arg)
{
	struct collector *collector = arg;

	call_finish(_release(collector), 0);
}

static void _abandon(struct call *call, void *arg)
{
	(void) call;
	(void) _release(arg);
}

static void _cancel_waiter(struct collector *collector)
{
	struct call *call;

	if (!collector->waiter)
		return;
	call = _release(collector);
	(void) fault_set(&call->fault, "RequestCanceled",
			 "The request was canceled by a user.");
	call_finish(call, -1);
}

static void _restart(struct collector *collector)
{
	free(collector->answer);
	collector->answer = NULL;
	for (struct filter *f = collector->filters; f; f = f->next)
		filter_restart(f);
}

/* 0: go on; 1: answered with the last answer; -1: wrong version. */
static int _check_version(struct collector *collector, struct call *call,
			  const char *version)
{
	uint64_t number;

	if (!version || *version == '\0') {
		_restart(collector);
		return 0;
	}
	number = strtoull(version, NULL, 10);
	if (number == collector->version && collector->version > 0)
		return 0;
	if (number + 1 == collector->version && collector->answer &&
	    number > 0) {
		buf_puts(&call->out, collector->answer);
		return 1;
	}
	return fault_set(&call->fault, "InvalidCollectorVersion",
			 "The collector does not know version '%s'.",
			 version);
}

static int _wait(struct call *call, int64_t wait_s, int64_t max)
{
	struct collector *collector = _of(call);
	struct lab *lab = call->lab;
	int rc;

	_cancel_waiter(collector);
	rc = _check_version(collector, call, call_arg_text(call, "version"));
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	collector->max = (size_t) max;
	if (_has_news(collector)) {
		_answer(collector, &call->out);
		return 0;
	}
	if (wait_s == 0)
		return 0;
	collector->waiter = call;
	call->abandon = _abandon;
	call->abandon_arg = collector;
	if (wait_s > 0)
		sched_after(lab->sched, wait_s * 1000000, _timeout, collector,
			    &collector->waiter);
	return CALL_PENDING;
}

static int _wait_ex(struct call *call)
{
	const xmlNode *options = call_arg(call, "options");
	int64_t max = xn_child_int(options, "maxObjectUpdates", 0);
	int64_t bound = call->lab->limits.update_size;

	if (bound > 0 && (max == 0 || max > bound))
		max = bound;
	return _wait(call, xn_child_int(options, "maxWaitSeconds", -1), max);
}

static int _wait_old(struct call *call)
{
	return _wait(call, -1, 0);
}

static int _check_old(struct call *call)
{
	return _wait(call, 0, 0);
}

static int _cancel(struct call *call)
{
	_cancel_waiter(_of(call));
	return 0;
}

/* -- filters and life ------------------------------------------------ */

static int _create_filter(struct call *call)
{
	struct collector *collector = _of(call);
	struct spec *spec;
	size_t count = 0;

	for (struct filter *f = collector->filters; f; f = f->next)
		count++;
	if (count >= COLLECTOR_FILTERS_MAX)
		return fault_set(&call->fault, "SystemError",
				 "too many filters");
	if (xn_child_bool(call_arg(call, "spec"),
			  "reportMissingObjectsInResults", false))
		return fault_set(&call->fault, "NotSupported",
				 "vclab's updates have no missingSet");
	spec = spec_create(call->lab, call_arg(call, "spec"), &call->fault);
	if (!spec)
		return -1;
	call_return_ref(call, &filter_create(collector, spec)->mob);
	return 0;
}

static int _create(struct call *call)
{
	call_return_ref(call, &collector_create(call->session, false)->mob);
	return 0;
}

static int _destroy(struct call *call)
{
	if (call->self->id[0] == 'p')
		return fault_set(&call->fault, "NotSupported",
				 "the default collector stays");
	collector_remove((struct collector *) call->self);
	return 0;
}

static void _emit_filters(struct val *val, const struct mob *mob)
{
	const struct collector *c = (const struct collector *) mob;

	if (mob->id[0] == 'p')
		return;
	for (struct filter *f = c->filters; f; f = f->next)
		val_ref(val, &f->mob);
}

static const struct mob_prop _props[] = {
	{ "filter", _emit_filters, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _methods[] = {
	{ "CancelRetrievePropertiesEx", retrieve_cancel },
	{ "CancelWaitForUpdates", _cancel },
	{ "CheckForUpdates", _check_old },
	{ "ContinueRetrievePropertiesEx", retrieve_continue },
	{ "CreateFilter", _create_filter },
	{ "CreatePropertyCollector", _create },
	{ "DestroyPropertyCollector", _destroy },
	{ "RetrieveProperties", retrieve_old },
	{ "RetrievePropertiesEx", retrieve_ex },
	{ "WaitForUpdates", _wait_old },
	{ "WaitForUpdatesEx", _wait_ex },
	{ NULL, NULL },
};
const struct mob_class property_collector_class = { "PropertyCollector",
						    _props, _methods, NULL };

struct collector *collector_create(struct session *session, bool hidden)
{
	struct collector *collector = lab_alloc(sizeof(*collector));
	struct lab *lab = session->lab;

	collector->session = session;
	mob_init_hidden(&collector->mob, lab, &property_collector_class,
			collector_new_id(collector, "collector"));
	if (!hidden)
		mob_publish(&collector->mob);
	collector->next = lab->collectors;
	lab->collectors = collector;
	return collector;
}

void collector_remove(struct collector *collector)
{
	struct collector **link = &collector->mob.lab->collectors;

	while (*link != collector)
		link = &(*link)->next;
	*link = collector->next;
	_cancel_waiter(collector);
	sched_cancel(collector->mob.lab->sched, collector);
	while (collector->filters)
		filter_remove(collector->filters);
	free(collector->answer);
	mob_remove(&collector->mob);
}
