/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/ipc/verbs.h"
#include "subject.h"
#include "templates.h"
#include "trial_row.h"

#define NAMES_MAX (2 * (CONFIG_SOURCES_MAX + CONFIG_TEMPLATES_MAX))

static int _put_text(struct json *row, const char *key, const char *text)
{
	return text && *text ? json_put_str(row, key, text) : 0;
}

/* --- sources ------------------------------------------------------------ */

/* MiB; what is not known is left out. */
static int _put_size(struct json *row, const char *key, int64_t size)
{
	return size < 0 ? 0 : json_put_int(row, key, size);
}

static int _put_room(struct json *row, const struct source *source)
{
	return _put_text(row, "datastore", source->store) |
	       _put_size(row, "host_memory", source->host_memory) |
	       _put_size(row, "host_free", source->host_free) |
	       _put_size(row, "memory_need", source->memory_need) |
	       _put_size(row, "space", source->space) |
	       _put_size(row, "space_free", source->space_free) |
	       _put_size(row, "space_need", source->space_need) |
	       _put_size(row, "chain", source->depth);
}

static struct json *_drain_row(const struct drain *drain)
{
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "name", drain->name);
	rc |= json_put_str(row, "who", drain->who);
	rc |= _put_text(row, "why", drain->why);
	rc |= json_put_int(row, "since", drain->since);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

static const struct drain *_drain_of(const struct daemon *daemon,
				     const struct source *source)
{
	return drains_of(daemon->drains, source->template_name, source->path);
}

static int _put_drain(struct json *row, const struct drain *drain)
{
	return drain ? json_put(row, "drained", _drain_row(drain)) : 0;
}

static const char *_why(const struct daemon *daemon,
			const struct source *source, bool rests, bool trial,
			const struct drain *drain)
{
	const char *said = starter_says(daemon->starter, source);

	if (said)
		return said;
	if (*source->why)
		return source->why;
	if (drain)
		return drain->text;
	if (trial)
		return "was out of service; the next clone decides";
	return rests ? "rests after failures in a row" : NULL;
}

static struct json *_source_row(const struct daemon *daemon, size_t index)
{
	const struct source *source =
		sources_at(executor_sources(daemon->executor), index);
	const struct drain *drain = _drain_of(daemon, source);
	bool rests = planner_rests(daemon->planner, index);
	bool trial = planner_on_trial(daemon->planner, index);
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "path", source->path);
	rc |= json_put_str(row, "template", source->template_name);
	rc |= _put_text(row, "host", source->host);
	rc |= json_put_str(row, "state", source_state_name(source->state));
	rc |= json_put_bool(row, "resting", rests);
	rc |= json_put_bool(row, "trial", trial);
	rc |= _put_text(row, "why", _why(daemon, source, rests, trial,
					   drain));
	rc |= _put_drain(row, drain);
	rc |= json_put_int(row, "lanes", (int64_t) source->lanes);
	rc |= json_put_int(row, "in_flight",
			   (int64_t) planner_in_flight(daemon->planner,
						       index));
	rc |= _put_room(row, source);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

/* --- what lies in folders of Sources= and is none ------------------------ */

static struct json *_refused_row(const struct sources_refused *refused)
{
	cleanup_json struct json *row = json_new_object();

	if (!row || json_put_str(row, "path", refused->path) < 0 ||
	    json_put_str(row, "template", refused->template_name) < 0 ||
	    json_put_str(row, "why", refused->why) < 0)
		return NULL;
	return steal_ptr(&row);
}

/* Of the template, or of all (NULL). */
static int _put_refused(const struct daemon *daemon, struct json *reply,
			const char *template_name)
{
	const struct sources *sources = executor_sources(daemon->executor);
	struct json *list = json_new_array();
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < sources_refused_count(sources); i++) {
		const struct sources_refused *refused =
			sources_refused_at(sources, i);

		if (!template_name ||
		    !strcmp(refused->template_name, template_name))
			rc = json_append(list, _refused_row(refused));
	}
	return rc | json_put(reply, "refused", list);
}

int templates_put(const struct daemon *daemon, struct json *reply)
{
	const struct sources *sources = executor_sources(daemon->executor);
	struct json *list = json_new_array();
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < sources_count(sources); i++)
		rc = json_append(list, _source_row(daemon, i));
	rc |= json_put(reply, "sources", list);
	return rc | _put_refused(daemon, reply, NULL);
}

static bool _is_ready(const struct daemon *daemon, size_t index)
{
	const struct source *source =
		sources_at(executor_sources(daemon->executor), index);

	return source->state == SOURCE_FROZEN &&
	       !_drain_of(daemon, source) &&
	       !planner_rests(daemon->planner, index);
}

/* --- clones alive ------------------------------------------------------- */

/* One more of that template, or of that source. */
static int _count(struct table *clones, const char *name)
{
	size_t *count = table_get(clones, name);

	if (!*name)
		return 0;	/* a VM that was found: nobody knows */
	if (!count) {
		count = calloc(1, sizeof(*count));
		if (!count || table_set(clones, name, count, NULL) < 0) {
			free(count);
			return -1;
		}
	}
	(*count)++;
	return 0;
}

/* By names of templates, and by paths of sources, which begin with a '/'. */
static struct table *_count_clones(const struct fleet *fleet)
{
	cleanup_table struct table *clones = table_create(NAMES_MAX, free);
	const struct record *rec;
	size_t pos = 0;

	while (clones && (rec = fleet_next_in(fleet, &pos, PHASE_CLONED,
					      PHASE_RELEASING)) != NULL)
		if (*rec->vm && (_count(clones, rec->source) < 0 ||
				 _count(clones, rec->req.template_name) < 0))
			return NULL;
	return steal_ptr(&clones);
}

static int _put_clones(struct json *row, const struct table *clones,
		       const char *name)
{
	const size_t *count = table_get(clones, name);

	return json_put_int(row, "clones", count ? (int64_t) *count : 0);
}

/* --- the last failures -------------------------------------------------- */

struct failures {
	struct json *list;
	const struct subject *subject;
};

static bool _is_failure(const struct json *cycle,
			const struct subject *subject)
{
	const char *name, *outcome;

	if (json_get_str(cycle, subject->source ? "source" : "template",
			 &name, NULL) < 0 ||
	    json_get_str(cycle, "outcome", &outcome, NULL) < 0 ||
	    strcmp(name, subject_name(subject)) != 0)
		return false;
	for (int i = CAUSE_NONE; i < CAUSES; i++)
		if (!strcmp(failure_of((enum cause) i)->name, outcome))
			return failure_of((enum cause) i)->cure != CURE_NONE;
	return false;
}

static int _each_cycle(const char *text, void *arg, struct err *err)
{
	const struct failures *failures = arg;
	cleanup_json struct json *cycle = json_parse(text, strlen(text),
						     NULL);

	if (json_count(failures->list) == VERBS_FAILURES_MAX ||
	    !_is_failure(cycle, failures->subject))
		return 0;
	return json_append(failures->list, steal_ptr(&cycle)) < 0
		       ? err_nomem(err) : 0;
}

static int _put_failures(const struct daemon *daemon, struct json *row,
			 const struct subject *subject)
{
	struct failures failures = { json_new_array(), subject };
	int rc = failures.list
			 ? journal_history(daemon->journal, NULL, 0,
					   VERBS_FAILURES_AMONG, _each_cycle,
					   &failures, NULL)
			 : -1;

	return rc | json_put(row, "failures", failures.list);
}

/* --- templates ---------------------------------------------------------- */

struct totals {
	size_t ready, lanes, in_flight;
};

static int _put_test(struct json *row, const struct daemon *daemon,
		     const char *source)
{
	const struct trial *trial = trials_get(daemon->trials, source);

	return trial ? json_put(row, "test", trial_row_shown(trial)) : 0;
}

static int _append_source(const struct daemon *daemon, struct json *list,
			  const struct table *clones, size_t index,
			  struct totals *totals)
{
	struct json *row = _source_row(daemon, index);
	const struct source *source =
		sources_at(executor_sources(daemon->executor), index);

	totals->ready += _is_ready(daemon, index);
	totals->lanes += source->lanes;
	totals->in_flight += planner_in_flight(daemon->planner, index);
	if (row && (_put_clones(row, clones, source->path) < 0 ||
		    _put_text(row, "record", source->record) < 0 ||
		    _put_test(row, daemon, source->path) < 0)) {
		json_destroy(row);
		return -1;
	}
	return json_append(list, row);
}

static int _put_sources(const struct daemon *daemon, struct json *row,
			const struct table *clones,
			const struct subject *subject)
{
	const struct sources *sources = executor_sources(daemon->executor);
	struct json *list = json_new_array();
	struct totals totals = { 0 };
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < sources_count(sources); i++)
		if (subject_has(subject, sources_at(sources, i)))
			rc = _append_source(daemon, list, clones, i, &totals);
	rc |= json_put(row, "sources", list);
	rc |= json_put_int(row, "ready", (int64_t) totals.ready);
	rc |= json_put_int(row, "lanes", (int64_t) totals.lanes);
	return rc | json_put_int(row, "in_flight",
				 (int64_t) totals.in_flight);
}

static struct json *_template(const struct daemon *daemon,
			      const struct table *clones,
			      const struct subject *subject)
{
	const struct drain *drain = drains_get(daemon->drains,
					       subject->tmpl->name);
	cleanup_json struct json *row = json_new_object();
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "name", subject->tmpl->name);
	rc |= _put_drain(row, drain);
	rc |= _put_clones(row, clones, subject_name(subject));
	rc |= _put_sources(daemon, row, clones, subject);
	if (!subject->source)
		rc |= _put_refused(daemon, row, subject->tmpl->name);
	return rc == 0 ? steal_ptr(&row) : NULL;
}

/* --- the answer --------------------------------------------------------- */

static struct json *_all(const struct daemon *daemon,
			 const struct table *clones)
{
	cleanup_json struct json *list = json_new_array();

	for (size_t t = 0; list && t < config_template_count(daemon->config);
	     t++) {
		struct subject subject = {
			.tmpl = config_template(daemon->config, t)
		};

		if (json_append(list, _template(daemon, clones,
						&subject)) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

/* The one alone, and more of it. */
static struct json *_one(const struct daemon *daemon,
			 const struct table *clones,
			 const struct subject *subject)
{
	cleanup_json struct json *list = json_new_array();
	cleanup_json struct json *row = _template(daemon, clones, subject);

	if (!list || !row || _put_failures(daemon, row, subject) < 0 ||
	    json_append(list, steal_ptr(&row)) < 0)
		return NULL;
	return steal_ptr(&list);
}

static bool _is_gone(const struct daemon *daemon, const char *name)
{
	return config_template_index(daemon->config, name) < 0 &&
	       !sources_find(executor_sources(daemon->executor), name);
}

static int _put_gone(const struct daemon *daemon, struct json *reply)
{
	struct json *list = json_new_array();
	const struct drain *drain;
	size_t pos = 0;
	int rc = list ? 0 : -1;

	while (!rc && (drain = drains_next(daemon->drains, &pos)) != NULL)
		if (_is_gone(daemon, drain->name))
			rc = json_append(list, _drain_row(drain));
	return rc | json_put(reply, "gone", list);
}

static struct json *_reply(const struct daemon *daemon,
			   const struct subject *subject)
{
	const struct err *problem = executor_problem(daemon->executor);
	cleanup_table struct table *clones = _count_clones(daemon->fleet);
	cleanup_json struct json *reply = json_new_object();
	int rc = clones && reply ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_int(reply, "now", clock_wall_us());
	rc |= _put_text(reply, "error", problem ? problem->text : NULL);
	rc |= json_put(reply, "templates", subject->tmpl
			       ? _one(daemon, clones, subject)
			       : _all(daemon, clones));
	if (!subject->tmpl)
		rc |= _put_gone(daemon, reply);
	return rc == 0 ? steal_ptr(&reply) : NULL;
}

void templates_answer(struct daemon *daemon, struct server_call *call)
{
	struct subject subject = { NULL, NULL };
	struct err err = ERR_INIT;
	const char *name;

	if (json_get_str_or(server_call_request(call), "name", NULL, &name,
			    &err) < 0 ||
	    (name && subject_find(daemon->config,
				  executor_sources(daemon->executor), name,
				  &subject, &err) < 0)) {
		server_call_fail(call, &err);
		return;
	}
	server_call_reply(call, _reply(daemon, &subject));
}

/* --- drain and undrain -------------------------------------------------- */

/* An order that is carried out only when it is on disk. */
struct order {
	const char *name, *who, *why;
	char uid[32];
};

static int _read_order(const struct daemon *daemon, struct server_call *call,
		       struct order *order, struct err *err)
{
	const struct json *request = server_call_request(call);
	struct subject subject;

	snprintf(order->uid, sizeof(order->uid), "uid %u",
		 (unsigned) server_call_peer(call)->uid);
	if (json_get_str(request, "name", &order->name, err) < 0 ||
	    json_get_str_or(request, "who", order->uid, &order->who,
			    err) < 0 ||
	    json_get_str_or(request, "why", "", &order->why, err) < 0)
		return -1;
	/* What left sclone.conf may still be drained. */
	if (drains_get(daemon->drains, order->name))
		return 0;
	if (subject_find(daemon->config, executor_sources(daemon->executor),
			 order->name, &subject, err) < 0)
		return -1;
	order->name = subject_name(&subject);
	return 0;
}

static int _drain(struct daemon *daemon, const struct order *order,
		  struct err *err)
{
	return drains_set(daemon->drains, order->name, order->who, order->why,
			  clock_wall_us(), err);
}

static int _undrain(struct daemon *daemon, const struct order *order,
		    struct err *err)
{
	const struct source *source =
		sources_find(executor_sources(daemon->executor), order->name);

	if (source && !drains_get(daemon->drains, order->name) &&
	    _drain_of(daemon, source))
		return err_set(err, ERR_NOTFOUND, "%s is not drained, but its "
			       "template is: sclone template undrain %s",
			       source->path, source->template_name);
	return drains_clear(daemon->drains, order->name, err);
}

/* Without the disk nothing has changed. */
static void _take_back(struct daemon *daemon, const struct order *order,
		       const struct drain *former)
{
	if (*former->name)
		(void) drains_set(daemon->drains, former->name, former->who,
				  former->why, former->since, NULL);
	else
		(void) drains_clear(daemon->drains, order->name, NULL);
}

static int _carry_out(struct daemon *daemon, const struct order *order,
		      int (*change)(struct daemon *daemon,
				    const struct order *order,
				    struct err *err),
		      struct err *err)
{
	const struct drain *drain = drains_get(daemon->drains, order->name);
	struct drain former = { .since = 0 };
	int rc;

	if (drain)
		former = *drain;
	if (change(daemon, order, err) < 0)
		return -1;
	rc = fleet_commit(daemon->fleet, err);
	if (rc < 0)
		_take_back(daemon, order, &former);
	planner_drained(daemon->planner);
	return rc;
}

void templates_renamed(const struct source *source, const char *former,
		       void *arg)
{
	struct daemon *daemon = arg;
	struct err err = ERR_INIT;

	log_info("source %s: renamed, it was %s", source->path, former);
	if (drains_rename(daemon->drains, former, source->path, &err) < 0)
		log_error("drain of %s: %s", former, err.text);
	planner_drained(daemon->planner);
}

static void _answer_order(struct daemon *daemon, struct server_call *call,
			  int (*change)(struct daemon *daemon,
					const struct order *order,
					struct err *err))
{
	struct err err = ERR_INIT;
	struct order order;
	struct json *reply;

	if (_read_order(daemon, call, &order, &err) < 0 ||
	    _carry_out(daemon, &order, change, &err) < 0) {
		server_call_fail(call, &err);
		return;
	}
	log_warn("%s %s by %s (%s)%s%s", server_call_verb(call), order.name,
		 order.who, order.uid, *order.why ? ": " : "", order.why);
	reply = json_new_object();
	if (reply)
		json_put_str(reply, "name", order.name);
	server_call_reply(call, reply);
}

void templates_drain(struct daemon *daemon, struct server_call *call)
{
	_answer_order(daemon, call, _drain);
}

void templates_undrain(struct daemon *daemon, struct server_call *call)
{
	_answer_order(daemon, call, _undrain);
}
