/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/fields.h"
#include "snapshot.h"

/* --- fields -------------------------------------------------------------- */

/* What is added to these structs is added here. */

#define PLACE(type, key) { #key, type, offsetof(struct place_source, key) }
static const struct field place_fields[] = {
	PLACE(FIELD_TEXT, name),
	PLACE(FIELD_TEXT, template_name),
	PLACE(FIELD_TEXT, host),
	PLACE(FIELD_TEXT, note),
	PLACE(FIELD_BOOL, found),
	PLACE(FIELD_BOOL, powered_on),
	PLACE(FIELD_BOOL, frozen),
	PLACE(FIELD_BOOL, host_ok),
	PLACE(FIELD_BOOL, drained),
	PLACE(FIELD_TEXT, drain),
	PLACE(FIELD_UNSIGNED, lanes),
	PLACE(FIELD_UNSIGNED, in_flight),
	PLACE(FIELD_UNSIGNED, returns),
	PLACE(FIELD_BOOL, pack),
	PLACE(FIELD_TEXT, host_id),
	PLACE(FIELD_TEXT, store_id),
	PLACE(FIELD_INT64, memory_free),
	PLACE(FIELD_INT64, memory_need),
	PLACE(FIELD_INT64, memory_at),
	PLACE(FIELD_INT64, memory_held),
	PLACE(FIELD_INT64, space_free),
	PLACE(FIELD_INT64, space_need),
	PLACE(FIELD_INT64, space_at),
	PLACE(FIELD_INT64, space_held),
	{ NULL, FIELD_TEXT, 0 },
};

#define BREAKER(type, key) { #key, type, offsetof(struct breaker, key) }
static const struct field breaker_fields[] = {
	BREAKER(FIELD_UNSIGNED, failures),
	BREAKER(FIELD_UNSIGNED, openings),
	BREAKER(FIELD_INT64, open_until),
	BREAKER(FIELD_BOOL, canary),
	BREAKER(FIELD_UNSIGNED, culprit),
	BREAKER(FIELD_UNSIGNED, repeats),
	BREAKER(FIELD_UNSIGNED, culprit),
	BREAKER(FIELD_UNSIGNED, repeats),
	{ NULL, FIELD_TEXT, 0 },
};

#define RATE(key) { #key, FIELD_INT64, offsetof(struct plan_rates, key) }
static const struct field rate_fields[] = {
	RATE(cloning),
	RATE(booting),
	{ NULL, FIELD_TEXT, 0 },
};

/* --- writing ------------------------------------------------------------- */

static int _put_lines(struct json *doc, const struct config *config)
{
	cleanup_free char *text = strdup(config_text(config));
	struct json *list = json_new_array();
	char *rest = text, *line;
	int rc = text && list ? 0 : -1;

	while (!rc && rest && (line = strsep(&rest, "\n")))
		if (*line)
			rc = json_append_str(list, line);
	return rc | json_put(doc, "config", list);
}

static int _put_err(struct json *row, const char *key, const struct err *why)
{
	struct json *json;
	int rc;

	if (!why->code)
		return 0;
	json = json_new_object();
	rc = json ? 0 : -1;
	if (rc == 0) {
		rc |= json_put_str(json, "code", err_name(why->code));
		rc |= json_put_str(json, "text", why->text);
	}
	return rc | json_put(row, key, json);
}

static int _put_breaker(struct json *row, const struct breaker *breaker)
{
	return breaker ? json_put(row, "breaker",
				  fields_json(breaker_fields, breaker)) : 0;
}

static struct json *_sources(const struct place_source *places, size_t count)
{
	cleanup_json struct json *list = json_new_array();

	for (size_t i = 0; list && i < count; i++) {
		struct json *row = fields_json(place_fields, &places[i]);

		if (!row || _put_breaker(row, places[i].breaker) < 0) {
			json_destroy(row);
			return NULL;
		}
		if (json_append(list, row) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

/* The first place of a template; its sources stand together or not. */
static bool _is_first(const struct place_source *places, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(places[i].template_name,
			    places[index].template_name))
			return false;
	return true;
}

static struct json *_templates(const struct place_source *places,
			       size_t count)
{
	cleanup_json struct json *list = json_new_array();

	for (size_t i = 0; list && i < count; i++) {
		struct json *row;
		int rc = 0;

		if (!_is_first(places, i))
			continue;
		row = json_new_object();
		if (!row)
			return NULL;
		rc |= json_put_str(row, "name", places[i].template_name);
		rc |= _put_breaker(row, places[i].template_breaker);
		if (json_append(list, row) < 0 || rc < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

struct seats {
	const struct plan *plan;
	const struct place_source *places;
	struct json *list;
};

static int _append_seat(const struct admit_entry *entry, bool in_flight,
			void *arg)
{
	const struct seats *seats = arg;
	const struct plan_seat *seat = plan_seat(seats->plan, entry->node);
	cleanup_json struct json *row = json_new_object();
	int rc = row && seat ? 0 : -1;

	if (rc < 0)
		return -1;
	rc |= json_put_str(row, "node", entry->node);
	rc |= json_put_int(row, "job", entry->job);
	rc |= json_put_str(row, "template", entry->template_name);
	if (entry->avoid)
		rc |= json_put_str(row, "avoid", entry->avoid);
	if (entry->only)
		rc |= json_put_str(row, "only", entry->only);
	rc |= json_put_int(row, "deadline", entry->deadline);
	if (in_flight) {
		rc |= json_put_str(row, "source",
				   seats->places[seat->source].name);
		rc |= json_put_int(row, "since", seat->since);
	}
	return rc | json_append(seats->list, steal_ptr(&row));
}

static struct json *_seats(const struct plan *plan,
			   const struct place_source *places)
{
	cleanup_json struct json *list = json_new_array();
	struct seats seats = { plan, places, list };

	if (!list || plan_each(plan, _append_seat, &seats) < 0)
		return NULL;
	return steal_ptr(&list);
}

static struct json *_plan(const struct plan *plan)
{
	cleanup_json struct json *json = json_new_object();
	const struct place_source *places;
	size_t count;
	int rc = json ? 0 : -1;

	if (rc < 0)
		return NULL;
	places = plan_places(plan, &count);
	rc |= json_put_int(json, "flight_max", plan_flight_max(plan));
	rc |= _put_err(json, "hold", plan_held(plan));
	rc |= _put_err(json, "trouble", plan_troubled(plan));
	rc |= json_put(json, "rates",
		       fields_json(rate_fields, plan_rates(plan)));
	rc |= json_put(json, "templates", _templates(places, count));
	rc |= json_put(json, "sources", _sources(places, count));
	rc |= json_put(json, "seats", _seats(plan, places));
	return rc == 0 ? steal_ptr(&json) : NULL;
}

int snapshot_put(struct json *doc, const struct config *config,
		 const struct plan *plan)
{
	if (json_put_int(doc, "snapshot", SNAPSHOT_VERSION) < 0 ||
	    _put_lines(doc, config) < 0 ||
	    json_put(doc, "plan", _plan(plan)) < 0)
		return -1;
	return 0;
}

/* --- reading ------------------------------------------------------------- */

static int _read_lines(struct snapshot *snapshot, struct err *err)
{
	const struct json *list = json_get(snapshot->doc, "config");
	cleanup_buf struct buf text;

	buf_init(&text, 2 * CONF_FILE_MAX);
	for (size_t i = 0; i < json_count(list); i++) {
		const char *line = json_str(json_at(list, i));

		if (!line)
			return err_set(err, ERR_PROTOCOL, "'config' holds "
				       "what is no text");
		buf_puts(&text, line);
		buf_putc(&text, '\n');
	}
	if (buf_ok(&text, "'config'", err) < 0)
		return -1;
	snapshot->config = config_parse("the snapshot's sclone.conf",
					buf_str(&text), text.len, err);
	return snapshot->config ? 0 : -1;
}

/* A list of the plan, of at most so many. */
static const struct json *_list(const struct snapshot *snapshot,
				const char *key, size_t max, struct err *err)
{
	const struct json *list = json_get(json_get(snapshot->doc, "plan"),
					   key);

	if (json_is_array(list) && json_count(list) <= max)
		return list;
	err_set(err, ERR_PROTOCOL, "'plan.%s' is no list of at most %zu", key,
		max);
	return NULL;
}

static int _read_breaker(const struct json *row, struct breaker *breaker,
			 struct err *err)
{
	const struct json *json = json_get(row, "breaker");

	return json ? fields_read(breaker_fields, json, breaker, err) : 0;
}

/* The breaker of its template, in whose list it must be. */
static struct breaker *_shared(const struct snapshot *snapshot,
			       const struct json *templates,
			       const char *template_name)
{
	const char *name;

	for (size_t i = 0; i < json_count(templates); i++)
		if (json_get_str(json_at(templates, i), "name", &name,
				 NULL) == 0 && !strcmp(name, template_name))
			return &snapshot->breakers[i];
	return NULL;
}

static int _read_places(struct snapshot *snapshot, struct err *err)
{
	const struct json *templates = _list(snapshot, "templates",
					     CONFIG_TEMPLATES_MAX, err);
	const struct json *list = templates
		? _list(snapshot, "sources", CONFIG_SOURCES_MAX, err) : NULL;
	size_t shared = json_count(templates);

	if (!list)
		return -1;
	snapshot->place_count = json_count(list);
	snapshot->places = calloc(snapshot->place_count + 1,
				  sizeof(*snapshot->places));
	snapshot->breakers = calloc(shared + snapshot->place_count + 1,
				    sizeof(*snapshot->breakers));
	if (!snapshot->places || !snapshot->breakers)
		return err_nomem(err);
	for (size_t i = 0; i < shared; i++)
		if (_read_breaker(json_at(templates, i),
				  &snapshot->breakers[i], err) < 0)
			return -1;
	for (size_t i = 0; i < snapshot->place_count; i++) {
		const struct json *row = json_at(list, i);
		struct place_source *place = &snapshot->places[i];

		place->breaker = &snapshot->breakers[shared + i];
		if (fields_read(place_fields, row, place, err) < 0 ||
		    _read_breaker(row, place->breaker, err) < 0)
			return -1;
		if (!place->lanes)
			return err_set(err, ERR_PROTOCOL, "%s has no lane",
				       place->name);
		place->template_breaker = _shared(snapshot, templates,
						  place->template_name);
	}
	return 0;
}

static int _read_err(const struct json *plan, const char *key,
		     struct err *why, struct err *err)
{
	const struct json *row = json_get(plan, key);
	const char *code, *text;

	*why = (struct err) ERR_INIT;
	if (!row)
		return 0;
	if (json_get_str(row, "code", &code, err) < 0 ||
	    json_get_str(row, "text", &text, err) < 0)
		return -1;
	if (err_code_of(code) <= 0)
		return err_set(err, ERR_PROTOCOL, "'%s' is no code", code);
	err_set(why, (enum err_code) err_code_of(code), "%s", text);
	return 0;
}

static int _read_seat(struct snapshot *snapshot, const struct json *row,
		      struct err *err)
{
	struct admit_entry entry = { .node = NULL };
	int64_t job, since;
	const char *source;
	bool refused;

	if (json_get_str(row, "node", &entry.node, err) < 0 ||
	    json_get_int(row, "job", 0, UINT32_MAX, &job, err) < 0 ||
	    json_get_str(row, "template", &entry.template_name, err) < 0 ||
	    json_get_str_or(row, "avoid", NULL, &entry.avoid, err) < 0 ||
	    json_get_str_or(row, "only", NULL, &entry.only, err) < 0 ||
	    json_get_int(row, "deadline", 0, INT64_MAX, &entry.deadline,
			 err) < 0 ||
	    json_get_str_or(row, "source", NULL, &source, err) < 0 ||
	    json_get_int_or(row, "since", 0, INT64_MAX, 0, &since, err) < 0)
		return -1;
	entry.job = (uint32_t) job;
	if (source)
		return plan_resume(snapshot->plan, &entry, source, since,
				   err);
	/* No rate is set yet: who waits was let in already. */
	return plan_ask(snapshot->plan, &entry, snapshot->at, &refused, err);
}

/* Whoever has a lane is counted again by that: the figures of the snapshot
 * count more, and are put back. */
static int _read_seats(struct snapshot *snapshot, struct err *err)
{
	const struct json *list = _list(snapshot, "seats", CONFIG_NODES_MAX,
					err);
	size_t size = snapshot->place_count * sizeof(*snapshot->places);
	cleanup_free struct place_source *kept = malloc(size + 1);

	if (!list)
		return -1;
	if (!kept)
		return err_nomem(err);
	memcpy(kept, snapshot->places, size);
	for (size_t i = 0; i < json_count(list); i++)
		if (_read_seat(snapshot, json_at(list, i), err) < 0)
			return -1;
	memcpy(snapshot->places, kept, size);
	return 0;
}

static int _read_plan(struct snapshot *snapshot, struct err *err)
{
	const struct json *json = json_get(snapshot->doc, "plan");
	struct err hold, trouble;
	struct plan_rates rates;
	int64_t flight_max;

	if (_read_places(snapshot, err) < 0 ||
	    json_get_int(json, "flight_max", 1, UINT32_MAX, &flight_max,
			 err) < 0 ||
	    _read_err(json, "hold", &hold, err) < 0 ||
	    _read_err(json, "trouble", &trouble, err) < 0 ||
	    fields_read(rate_fields, json_get(json, "rates"), &rates,
			err) < 0)
		return -1;
	snapshot->plan = plan_create(2 * CONFIG_NODES_MAX,
				     CONFIG_SOURCES_MAX);
	if (!snapshot->plan)
		return err_nomem(err);
	plan_use(snapshot->plan, snapshot->places, snapshot->place_count,
		 (unsigned) flight_max);
	if (_read_seats(snapshot, err) < 0)
		return -1;
	plan_set_rates(snapshot->plan, &rates);
	plan_hold(snapshot->plan, &hold);
	plan_trouble(snapshot->plan, &trouble);
	return 0;
}

static int _read_nodes(struct snapshot *snapshot, struct err *err)
{
	const struct json *list = json_get(snapshot->doc, "nodes");
	const char *name;

	snapshot->nodes = table_create(CONFIG_NODES_MAX, NULL);
	if (!snapshot->nodes)
		return err_nomem(err);
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *row = json_at(list, i);

		if (json_get_str(row, "node", &name, err) < 0 ||
		    table_set(snapshot->nodes, name, (void *) (uintptr_t) row,
			      err) < 0)
			return -1;
	}
	return 0;
}

static int _read(struct snapshot *snapshot, struct err *err)
{
	int64_t version;

	if (json_get_int(snapshot->doc, "snapshot", 1, INT64_MAX, &version,
			 err) < 0)
		return -1;
	if (version != SNAPSHOT_VERSION)
		return err_set(err, ERR_PROTOCOL, "it is of version %lld, "
			       "this program reads %d", (long long) version,
			       SNAPSHOT_VERSION);
	if (json_get_int(snapshot->doc, "at", 1, INT64_MAX, &snapshot->at,
			 err) < 0 ||
	    json_get_int(snapshot->doc, "resume_timeout", 0, INT64_MAX,
			 &snapshot->resume_timeout, err) < 0 ||
	    _read_lines(snapshot, err) < 0 || _read_plan(snapshot, err) < 0)
		return -1;
	return _read_nodes(snapshot, err);
}

struct snapshot *snapshot_read(struct json *doc, struct err *err)
{
	cleanup_snapshot struct snapshot *snapshot =
		calloc(1, sizeof(*snapshot));

	if (!snapshot) {
		json_destroy(doc);
		err_nomem(err);
		return NULL;
	}
	snapshot->doc = doc;
	if (_read(snapshot, err) < 0) {
		err_wrap(err, "not a snapshot that can be read");
		return NULL;
	}
	return steal_ptr(&snapshot);
}

void snapshot_destroy(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	plan_destroy(snapshot->plan);
	config_destroy(snapshot->config);
	table_destroy(snapshot->nodes);
	free(snapshot->places);
	free(snapshot->breakers);
	json_destroy(snapshot->doc);
	free(snapshot);
}
