/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hostlist.h"
#include "common/base/parse.h"
#include "snapshot_own.h"

/* Beyond all that can be, and small enough that no sum of them overflows. */
#define FIGURE_MAX (INT64_C(1) << 40)	/* MiB; us of a rate */
#define HELD_MAX (INT64_C(1) << 57)	/* MiB */
#define TIME_MAX (INT64_C(1) << 60)	/* us since 1970 */
#define LANES_MAX 65536

/* --- values that can be -------------------------------------------------- */

static bool _is_figure(int64_t value)
{
	return value >= PLACE_UNKNOWN && value <= FIGURE_MAX;
}

static bool _is_held(int64_t value)
{
	return value >= -HELD_MAX && value <= HELD_MAX;
}

static bool _is_time(int64_t value)
{
	return value >= 0 && value <= TIME_MAX;
}

static int _check_place(const struct place_source *place, struct err *err)
{
	if (place->lanes && place->lanes <= LANES_MAX &&
	    place->in_flight <= LANES_MAX && _is_figure(place->memory_free) &&
	    _is_figure(place->memory_need) && _is_figure(place->space_free) &&
	    _is_figure(place->space_need) && _is_held(place->memory_held) &&
	    _is_held(place->space_held) && _is_time(place->memory_at) &&
	    _is_time(place->space_at))
		return 0;
	return err_set(err, ERR_PROTOCOL, "lanes or figures of %s are beyond "
		       "all bounds", place->name);
}

static int _check_rates(const struct plan_rates *rates, struct err *err)
{
	if (rates->cloning >= 0 && rates->cloning <= FIGURE_MAX &&
	    rates->booting >= 0 && rates->booting <= FIGURE_MAX)
		return 0;
	return err_set(err, ERR_PROTOCOL, "'rates' are beyond all bounds");
}

/* --- config and plan ----------------------------------------------------- */

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

	if (!json)
		return 0;
	if (fields_read(snapshot_breaker_fields, json, breaker, err) < 0)
		return -1;
	if (!_is_time(breaker->open_until))
		return err_set(err, ERR_PROTOCOL, "'open_until' is beyond "
			       "all bounds");
	return 0;
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
		if (fields_read(snapshot_place_fields, row, place, err) < 0 ||
		    _read_breaker(row, place->breaker, err) < 0 ||
		    _check_place(place, err) < 0)
			return -1;
		place->template_breaker = _shared(snapshot, templates,
						  place->template_name);
		if (!place->template_breaker)
			return err_set(err, ERR_PROTOCOL, "'%s' of %s is not "
				       "in 'plan.templates'",
				       place->template_name, place->name);
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
	    json_get_int(row, "deadline", 0, TIME_MAX, &entry.deadline,
			 err) < 0 ||
	    json_get_str_or(row, "source", NULL, &source, err) < 0 ||
	    json_get_int_or(row, "since", 0, TIME_MAX, 0, &since, err) < 0 ||
	    json_get_bool_or(row, "begun", false, &entry.begun, err) < 0)
		return -1;
	if (!parse_is_name(entry.node, OWNER_NODE_SIZE - 1))
		return err_set(err, ERR_PROTOCOL, "seats: '%.40s' is no "
			       "node's name", entry.node);
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

static unsigned _limits(const char *node, const char *template_name,
			unsigned limits[KIND_LIMITS_EACH], void *arg)
{
	const struct snapshot *snapshot = arg;

	return tally_limits(snapshot->config, node, template_name, limits);
}

static size_t _room(unsigned limit, void *arg)
{
	const struct snapshot *snapshot = arg;

	return tally_room(snapshot->tally, limit);
}

/* Without nodes. */
static int _make_plan(struct snapshot *snapshot, unsigned flight_max,
		      struct err *err)
{
	struct kind_rule rule = { _limits, _room, snapshot };

	snapshot->tally = tally_create(snapshot->config, err);
	if (!snapshot->tally)
		return -1;
	snapshot->plan = plan_create(2 * CONFIG_NODES_MAX,
				     CONFIG_SOURCES_MAX);
	if (!snapshot->plan)
		return err_nomem(err);
	plan_rule(snapshot->plan, &rule);
	plan_use(snapshot->plan, snapshot->places, snapshot->place_count,
		 flight_max);
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
	    fields_read(snapshot_rate_fields, json_get(json, "rates"), &rates,
			err) < 0 ||
	    _check_rates(&rates, err) < 0 ||
	    _make_plan(snapshot, (unsigned) flight_max, err) < 0 ||
	    _read_seats(snapshot, err) < 0)
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

/* --- what they may become ------------------------------------------------ */

/* Each node of the list NAME, with the text under KEY; borrowed. */
static int _read_groups(struct snapshot *snapshot, const char *name,
			const char *key,
			int (*each)(struct snapshot *snapshot,
				    const char *node, const char *text,
				    struct err *err), struct err *err)
{
	const struct json *list = json_get(snapshot->doc, name);

	if (!json_is_array(list))
		return err_set(err, ERR_PROTOCOL, "'%s' is no list", name);
	for (size_t i = 0; i < json_count(list); i++) {
		cleanup_hostlist struct hostlist *nodes = NULL;
		const char *text, *folded;

		if (json_get_str(json_at(list, i), key, &text, err) < 0 ||
		    json_get_str(json_at(list, i), "nodes", &folded, err) < 0)
			return -1;
		nodes = hostlist_parse(folded, CONFIG_NODES_MAX, err);
		if (!nodes)
			return -1;
		for (size_t n = 0; n < hostlist_count(nodes); n++)
			if (each(snapshot, hostlist_at(nodes, n), text,
				 err) < 0)
				return -1;
	}
	return 0;
}

static int _clone(struct snapshot *snapshot, const char *node,
		  const char *template_name, struct err *err)
{
	(void) err;
	tally_begin(snapshot->tally, node, template_name);
	return 0;
}

static int _refuse(struct snapshot *snapshot, const char *node,
		   const char *why, struct err *err)
{
	return table_set(snapshot->refused, node, (void *) (uintptr_t) why,
			 err);
}

void snapshot_took(const char *node, const char *template_name, void *arg)
{
	struct snapshot *snapshot = arg;

	tally_begin(snapshot->tally, node, template_name);
}

static int _read_names(struct snapshot *snapshot, struct err *err)
{
	snapshot->refused = table_create(CONFIG_NODES_MAX, NULL);
	if (!snapshot->refused)
		return err_nomem(err);
	if (_read_groups(snapshot, "clones", "template", _clone, err) < 0 ||
	    _read_groups(snapshot, "isolation", "why", _refuse, err) < 0)
		return -1;
	return 0;
}

/* --- the whole ----------------------------------------------------------- */

static int _check_version(const struct snapshot *snapshot, struct err *err)
{
	int64_t version;

	if (json_get_int(snapshot->doc, "snapshot", 1, INT64_MAX, &version,
			 err) < 0)
		return -1;
	if (version < SNAPSHOT_VERSION)
		return err_set(err, ERR_PROTOCOL, "it is of version %lld and "
			       "does not say all that is decided by today; "
			       "take another one: sclone snapshot",
			       (long long) version);
	if (version > SNAPSHOT_VERSION)
		return err_set(err, ERR_PROTOCOL, "it is of version %lld, "
			       "this program reads %d: use a newer sclone",
			       (long long) version, SNAPSHOT_VERSION);
	return 0;
}

static int _read(struct snapshot *snapshot, struct err *err)
{
	if (_check_version(snapshot, err) < 0 ||
	    json_get_int(snapshot->doc, "at", 1, TIME_MAX, &snapshot->at,
			 err) < 0 ||
	    json_get_int(snapshot->doc, "resume_timeout", 0, TIME_MAX,
			 &snapshot->resume_timeout, err) < 0 ||
	    _read_lines(snapshot, err) < 0 || _read_plan(snapshot, err) < 0 ||
	    _read_names(snapshot, err) < 0)
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
	tally_destroy(snapshot->tally);
	config_destroy(snapshot->config);
	table_destroy(snapshot->nodes);
	table_destroy(snapshot->refused);
	free(snapshot->places);
	free(snapshot->breakers);
	json_destroy(snapshot->doc);
	free(snapshot);
}
