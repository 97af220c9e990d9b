/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "snapshot_own.h"

/* --- fields -------------------------------------------------------------- */

/* What is added to these structs is added here. */

#define PLACE(type, key) { #key, type, offsetof(struct place_source, key) }
const struct field snapshot_place_fields[] = {
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
const struct field snapshot_breaker_fields[] = {
	BREAKER(FIELD_UNSIGNED, failures),
	BREAKER(FIELD_UNSIGNED, openings),
	BREAKER(FIELD_INT64, open_until),
	BREAKER(FIELD_BOOL, canary),
	BREAKER(FIELD_UNSIGNED, culprit),
	BREAKER(FIELD_UNSIGNED, repeats),
	{ NULL, FIELD_TEXT, 0 },
};

#define RATE(key) { #key, FIELD_INT64, offsetof(struct plan_rates, key) }
const struct field snapshot_rate_fields[] = {
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
				  fields_json(snapshot_breaker_fields,
					      breaker)) : 0;
}

static struct json *_sources(const struct place_source *places, size_t count)
{
	cleanup_json struct json *list = json_new_array();

	for (size_t i = 0; list && i < count; i++) {
		struct json *row = fields_json(snapshot_place_fields,
					       &places[i]);

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
	if (entry->begun)
		rc |= json_put_bool(row, "begun", true);
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
		       fields_json(snapshot_rate_fields, plan_rates(plan)));
	rc |= json_put(json, "templates", _templates(places, count));
	rc |= json_put(json, "sources", _sources(places, count));
	rc |= json_put(json, "seats", _seats(plan, places));
	return rc == 0 ? steal_ptr(&json) : NULL;
}

/* --- what they may become ------------------------------------------------ */

/* {KEY: text, "nodes": hostlist} of each text, in the order of the first. */
static int _put_groups(struct json *doc, const char *name, const char *key,
		       const struct table *groups)
{
	struct json *list = json_new_array();
	const struct hostlist *nodes;
	const char *text;
	size_t pos = 0;
	int rc = list ? 0 : -1;

	while (!rc && (nodes = table_next(groups, &pos, &text)) != NULL) {
		cleanup_free char *folded = hostlist_print(nodes);
		cleanup_json struct json *row = json_new_object();

		if (!folded || !row || json_put_str(row, key, text) < 0 ||
		    json_put_str(row, "nodes", folded) < 0)
			rc = -1;
		else
			rc = json_append(list, steal_ptr(&row));
	}
	return rc | json_put(doc, name, list);
}

static int _group(struct table *groups, const char *text, const char *node)
{
	struct hostlist *nodes = table_get(groups, text);

	if (!nodes) {
		nodes = hostlist_create();
		if (!nodes || table_set(groups, text, nodes, NULL) < 0) {
			hostlist_destroy(nodes);
			return -1;
		}
	}
	return hostlist_add(nodes, node, NULL);
}

static int _group_name(const struct snapshot_from *from, size_t set,
		       size_t index, struct table *clones,
		       struct table *refused)
{
	const char *node = hostlist_at(config_set(from->config, set)->nodes,
				       index);
	const char *why = from->refuses ? from->refuses(node, from->arg)
					: NULL;
	int template = tally_template(from->tally, set, index);

	if (why && _group(refused, why, node) < 0)
		return -1;
	if (tally_kind(from->tally, set, index) != CAPACITY_CLONE)
		return 0;
	return _group(clones, template < 0 ? "" : config_template(
			      from->config, (size_t) template)->name, node);
}

static void _free_group(void *nodes)
{
	hostlist_destroy(nodes);
}

static int _put_names(struct json *doc, const struct snapshot_from *from)
{
	struct table *clones = table_create(CONFIG_TEMPLATES_MAX + 1,
					    _free_group);
	struct table *refused = table_create(CONFIG_NODES_MAX, _free_group);
	int rc = clones && refused ? 0 : -1;

	for (size_t s = 0; s < config_set_count(from->config); s++) {
		size_t count = hostlist_count(
			config_set(from->config, s)->nodes);

		for (size_t i = 0; !rc && i < count; i++)
			rc = _group_name(from, s, i, clones, refused);
	}
	if (!rc)
		rc = _put_groups(doc, "clones", "template", clones) |
		     _put_groups(doc, "isolation", "why", refused);
	table_destroy(clones);
	table_destroy(refused);
	return rc;
}

int snapshot_put(struct json *doc, const struct snapshot_from *from)
{
	if (json_put_int(doc, "snapshot", SNAPSHOT_VERSION) < 0 ||
	    _put_lines(doc, from->config) < 0 ||
	    json_put(doc, "plan", _plan(from->plan)) < 0)
		return -1;
	return _put_names(doc, from);
}
