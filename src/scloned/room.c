/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/rules/capacity.h"
#include "daemon.h"
#include "closings.h"
#include "room.h"

#define PACE_US (2 * CLOCK_US_PER_S)	/* from one round of calls on */
#define RETRY_US (30 * CLOCK_US_PER_S)	/* after a call that failed */
#define REASONS_MAX 8			/* calls to drain in a round */
#define STRAYS_MAX CONFIG_NODES_MAX
#define NO_TEMPLATE UINT8_MAX

/* What a name counts as. */
struct name {
	uint8_t kind;		/* enum capacity_kind */
	uint8_t template;	/* of its clone, or NO_TEMPLATE */
	bool late;		/* drained by us, and in use */
	bool refused;		/* Slurm does not take its updates */
};

/* All that is as large as the configuration. */
struct books {
	size_t count;		/* of node sets */
	struct capacity_set *sets;
	struct capacity_verdict *verdicts;
	struct name **names;	/* by set and place in it */
};

struct room {
	struct daemon *daemon;
	struct closings *closings;
	struct loop_timer *timer;	/* for a look out of turn */
	struct books *books, *spare;
	struct capacity_template templates[CAPACITY_TEMPLATES_MAX];
	struct capacity_source sources[CAPACITY_SOURCES_MAX];
	unsigned hosts[CAPACITY_SOURCES_MAX], stores[CAPACITY_SOURCES_MAX];
	bool numbered;		/* they are of the last look */
	struct table *strays;	/* drained by us, and not in sclone.conf */
	size_t late;		/* names */
	bool unsure;		/* a source was not known, the last time */
	int64_t sent;		/* the last round */
};

/* --- books -------------------------------------------------------------- */

static void _free_books(struct books *books)
{
	if (!books)
		return;
	for (size_t i = 0; books->names && i < books->count; i++)
		free(books->names[i]);
	free(books->names);
	free(books->sets);
	free(books->verdicts);
	free(books);
}

static struct books *_new_books(const struct config *config)
{
	size_t count = config_set_count(config);
	struct books *books = calloc(1, sizeof(*books));

	if (!books)
		return NULL;
	books->count = count;
	books->sets = calloc(count, sizeof(*books->sets));
	books->verdicts = calloc(count, sizeof(*books->verdicts));
	books->names = calloc(count, sizeof(struct name *));
	for (size_t i = 0; books->names && i < count; i++) {
		size_t nodes = hostlist_count(config_set(config, i)->nodes);

		books->names[i] = calloc(nodes, sizeof(struct name));
		if (!books->names[i])
			break;
		if (books->sets)
			books->sets[i].kinds[CAPACITY_OUT] = nodes;
	}
	if (!books->sets || !books->verdicts || !books->names ||
	    !books->names[count - 1]) {
		_free_books(books);
		return NULL;
	}
	return books;
}

/* --- names -------------------------------------------------------------- */

static size_t _set_index(const struct room *room,
			 const struct config_node *node)
{
	return (size_t) (node->set - config_set(room->daemon->config, 0));
}

static uint8_t _template(const struct room *room, const struct record *rec)
{
	int index = config_template_index(room->daemon->config,
					  rec->req.template_name);

	return index < 0 ? NO_TEMPLATE : (uint8_t) index;
}

static void _count(struct room *room, size_t set, struct name *name,
		   const struct name *now)
{
	size_t *kinds = room->books->sets[set].kinds;

	kinds[name->kind]--;
	kinds[now->kind]++;
	if (name->template != NO_TEMPLATE)
		room->templates[name->template].clones--;
	if (now->template != NO_TEMPLATE)
		room->templates[now->template].clones++;
	room->late += now->late;
	room->late -= name->late;
	*name = *now;
}

void room_stepped(struct room *room, const struct record *rec)
{
	const struct config_node *node = config_node(room->daemon->config,
						     rec->node);
	struct name now = { .template = NO_TEMPLATE };
	struct name *name;
	size_t set;

	if (!node)
		return;
	set = _set_index(room, node);
	name = &room->books->names[set][node->index];
	now.refused = name->refused;
	now.kind = now.refused ? CAPACITY_OUT : (uint8_t) capacity_kind(rec);
	/* No job asks for a node that is kept for tests: never close it. */
	if (node->set->is_test && now.kind == CAPACITY_OPEN)
		now.kind = CAPACITY_OUT;
	now.late = !now.refused && capacity_is_late(rec);
	if (now.kind == CAPACITY_CLONE)
		now.template = _template(room, rec);
	_count(room, set, name, &now);
}

static void _stray(struct room *room, const char *node)
{
	/* Only its key counts. When there is no memory, the next one may be
	 * remembered. */
	(void) table_set(room->strays, node, room, NULL);
}

void room_saw(struct room *room, const char *node,
	      const struct nodeview *view)
{
	const struct config_node *ours = config_node(room->daemon->config,
						     node);

	if (ours)
		room->books->names[_set_index(room, ours)][ours->index]
			.refused = false;
	else if (view->drain && failure_is_capacity(view->reason))
		_stray(room, node);
	else
		(void) table_take(room->strays, node);
}

static void _refused(const char *node, void *arg)
{
	struct room *room = arg;
	const struct config_node *ours = config_node(room->daemon->config,
						     node);
	struct name now = { .kind = CAPACITY_OUT, .template = NO_TEMPLATE,
			    .refused = true };

	(void) table_take(room->strays, node);
	if (ours)
		_count(room, _set_index(room, ours),
		       &room->books->names[_set_index(room, ours)]
					  [ours->index], &now);
}

/* --- facts -------------------------------------------------------------- */

/* Those with the same id have the number of the first of them. */
static unsigned _number(const struct room *room, size_t index, bool host)
{
	const struct planner *planner = room->daemon->planner;
	const struct place_source *place = planner_place(planner, index);
	const char *id = host ? place->host_id : place->store_id;

	for (size_t i = 0; id && *id && i < index; i++) {
		const struct place_source *other = planner_place(planner, i);
		const char *same = host ? other->host_id : other->store_id;

		if (same && !strcmp(same, id))
			return (unsigned) i;
	}
	return (unsigned) index;
}

/* Once after each look at the sources. */
static void _number_all(struct room *room, const struct sources *sources)
{
	if (room->numbered)
		return;
	for (size_t i = 0; i < sources_count(sources); i++) {
		room->hosts[i] = _number(room, i, true);
		room->stores[i] = _number(room, i, false);
	}
	room->numbered = true;
}

static int64_t _rest(int64_t free, int64_t held)
{
	if (free == PLACE_UNKNOWN)
		return free;
	return free > held ? free - held : 0;
}

static void _take_source(struct room *room, size_t i, bool known)
{
	const struct planner *planner = room->daemon->planner;
	const struct place_source *place = planner_place(planner, i);
	int index = config_template_index(room->daemon->config,
					  place->template_name);

	room->sources[i] = (struct capacity_source) {
		.template = index < 0 ? 0 : (unsigned) index,
		.host = room->hosts[i], .store = room->stores[i],
		.known = known && index >= 0,
		.usable = place_usable(place),
		.lanes = place->lanes,
		.memory_free = _rest(place->memory_free, place->memory_held),
		.memory_need = place->memory_need,
		.space_free = _rest(place->space_free, place->space_held),
		.space_need = place->space_need,
	};
}

static size_t _take_sources(struct room *room)
{
	const struct sources *sources =
		executor_sources(room->daemon->executor);
	bool well = !sources_problem(sources);
	size_t count = sources_count(sources);

	_number_all(room, sources);
	room->unsure = false;
	for (size_t i = 0; i < count; i++) {
		bool known = well && sources_at(sources, i)->state !=
					     SOURCE_UNKNOWN;

		_take_source(room, i, known);
		room->unsure |= !known;
	}
	return count;
}

static int64_t _deadline(const struct room *room)
{
	const struct config_global *global =
		config_global(room->daemon->config);
	int64_t margin = (int64_t) global->margin * CLOCK_US_PER_S;
	int64_t limit = timing_resume(room->daemon->timing);

	return limit > margin ? limit - margin : 0;
}

static void _weigh(struct room *room, int64_t now)
{
	const struct config *config = room->daemon->config;
	const struct plan_rates *rates =
		planner_rates(room->daemon->planner);
	struct capacity_facts facts = {
		.sources = room->sources,
		.source_count = _take_sources(room),
		.templates = room->templates,
		.template_count = config_template_count(config),
		.limit = config_global(config)->max_clones,
		.deadline_us = _deadline(room),
	};

	for (size_t i = 0; i < facts.template_count; i++) {
		room->templates[i].clone_us = rates->cloning;
		room->templates[i].boot_us = rates->booting;
	}
	capacity_weigh(&facts, room->books->sets, room->books->count, now,
		       room->books->verdicts);
}

/* --- what is short ------------------------------------------------------ */

static const char *_source_name(const struct room *room, size_t index,
				enum capacity_limit limit)
{
	const struct source *source = sources_at(
		executor_sources(room->daemon->executor), index);

	return limit == CAPACITY_SPACE ? source->store : source->host;
}

static void _reason(const struct room *room, size_t set, char *out,
		    size_t size)
{
	const struct capacity_verdict *verdict = &room->books->verdicts[set];
	const struct config *config = room->daemon->config;
	uint64_t number = 0;
	const char *name = "";

	switch (verdict->limit) {
	case CAPACITY_SET:
		number = config_set(config, set)->max_clones;
		break;
	case CAPACITY_ALL:
		number = config_global(config)->max_clones;
		break;
	case CAPACITY_TEMPLATE:
	case CAPACITY_LANES:
	case CAPACITY_SOURCES:
		number = config_template(config, verdict->which)->max_clones;
		name = config_template(config, verdict->which)->name;
		break;
	case CAPACITY_MEMORY:
	case CAPACITY_SPACE:
		name = _source_name(room, verdict->which, verdict->limit);
		break;
	default:
		break;
	}
	capacity_reason(verdict->limit, name, number, out, size);
}

/* --- telling Slurm ------------------------------------------------------ */

static void _add(struct hostlist *list, const char *node)
{
	if (!list || hostlist_add(list, node, NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
}

/* The last names of a set are drained, so that the first stay usable. */
static void _close(struct room *room, size_t set)
{
	const struct hostlist *nodes = config_set(room->daemon->config,
						  set)->nodes;
	size_t left = room->books->verdicts[set].close;
	struct hostlist *list = hostlist_create();
	char reason[ACTION_TEXT_SIZE];

	for (size_t i = hostlist_count(nodes); left && i-- > 0;)
		if (room->books->names[set][i].kind == CAPACITY_OPEN) {
			_add(list, hostlist_at(nodes, i));
			left--;
		}
	_reason(room, set, reason, sizeof(reason));
	closings_send(room->closings, CLOSINGS_CLOSE, list, reason);
}

static void _open(struct room *room, size_t set, struct hostlist *list)
{
	const struct hostlist *nodes = config_set(room->daemon->config,
						  set)->nodes;
	size_t left = room->books->verdicts[set].open;

	for (size_t i = 0; left && i < hostlist_count(nodes); i++)
		if (room->books->names[set][i].kind == CAPACITY_CLOSED) {
			_add(list, hostlist_at(nodes, i));
			left--;
		}
}

/* Those that got a job right before they were drained. */
static void _forgive(struct room *room)
{
	struct hostlist *list;

	if (!room->late)
		return;
	list = hostlist_create();
	for (size_t s = 0; s < room->books->count; s++) {
		const struct hostlist *nodes =
			config_set(room->daemon->config, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++)
			if (room->books->names[s][i].late)
				_add(list, hostlist_at(nodes, i));
	}
	closings_send(room->closings, CLOSINGS_FORGIVE, list, "");
}

static void _open_all(struct room *room)
{
	cleanup_hostlist struct hostlist *list = hostlist_create();
	const char *node;
	size_t pos = 0;

	for (size_t i = 0; i < room->books->count; i++)
		_open(room, i, list);
	while (table_next(room->strays, &pos, &node))
		_add(list, node);
	if (hostlist_count(list))
		closings_send(room->closings, CLOSINGS_OPEN, steal_ptr(&list),
			      "");
}

static void _tell(struct room *room)
{
	unsigned calls = 0;

	_forgive(room);
	_open_all(room);
	for (size_t i = 0; i < room->books->count && calls < REASONS_MAX; i++)
		if (room->books->verdicts[i].close) {
			_close(room, i);
			calls++;
		}
}

/* How long to wait before more is told. */
static int64_t _pause(const struct room *room, int64_t now)
{
	int64_t pause = closings_failed(room->closings) ? RETRY_US : PACE_US;

	return now < room->sent || now - room->sent >= pause
		       ? 0 : room->sent + pause - now;
}

void room_looked(struct room *room, int64_t began)
{
	int64_t now = clock_wall_us();
	int64_t pause = _pause(room, now);

	if (closings_busy(room->closings) ||
	    began <= closings_ended(room->closings))
		return;
	if (pause) {
		loop_timer_set(room->timer, pause);
		return;
	}
	_weigh(room, now);
	_tell(room);
	if (closings_busy(room->closings))
		room->sent = now;
}

static void _look(void *arg)
{
	struct room *room = arg;

	sight_poke(room->daemon->sight);
}

void room_sources(struct room *room)
{
	room->numbered = false;
	if (room->unsure)
		loop_timer_set(room->timer, 0);
}

/* --- admission ---------------------------------------------------------- */

static size_t _clones(const struct room *room)
{
	size_t clones = 0;

	for (size_t i = 0; i < room->books->count; i++)
		clones += room->books->sets[i].kinds[CAPACITY_CLONE];
	return clones;
}

static bool _allows(uint64_t limit, uint64_t clones)
{
	return !limit || clones <= limit;
}

bool room_fits(const struct room *room, const char *node,
	       const char *template_name, size_t more)
{
	const struct config *config = room->daemon->config;
	const struct config_node *ours = config_node(config, node);
	int template = config_template_index(config, template_name);
	const struct capacity_set *set;

	if (!ours || template < 0)
		return true;
	set = &room->books->sets[_set_index(room, ours)];
	return _allows(set->limit, set->kinds[CAPACITY_CLONE] + more) &&
	       _allows(room->templates[template].limit,
		       room->templates[template].clones + more) &&
	       _allows(config_global(config)->max_clones,
		       _clones(room) + more);
}

/* --- status ------------------------------------------------------------- */

static int _put_counts(struct json *row, const struct capacity_set *set)
{
	static const char *const names[CAPACITY_KINDS] = {
		[CAPACITY_OUT] = "out", [CAPACITY_OPEN] = "free",
		[CAPACITY_CLOSED] = "drained",
		[CAPACITY_WAITING] = "waiting", [CAPACITY_CLONE] = "clones",
	};
	int rc = 0;

	for (int i = 0; i < CAPACITY_KINDS; i++)
		rc |= json_put_int(row, names[i], (int64_t) set->kinds[i]);
	return rc;
}

static int _put_max(struct json *row, uint64_t max_clones)
{
	return max_clones ? json_put_int(row, "max", (int64_t) max_clones)
			  : 0;
}

static struct json *_set_row(const struct room *room, size_t index)
{
	const struct config_set *set = config_set(room->daemon->config,
						  index);
	const struct capacity_verdict *verdict = &room->books->verdicts[index];
	cleanup_json struct json *row = json_new_object();
	char reason[ACTION_TEXT_SIZE];
	int rc = row ? 0 : -1;

	if (rc < 0)
		return NULL;
	rc |= json_put_str(row, "nodes", set->nodes_text);
	rc |= json_put_str(row, "templates", set->templates_text);
	rc |= _put_counts(row, &room->books->sets[index]);
	rc |= json_put_int(row, "room", (int64_t) verdict->room);
	rc |= _put_max(row, set->max_clones);
	if (verdict->limit) {
		_reason(room, index, reason, sizeof(reason));
		rc |= json_put_str(row, "short",
				   reason + sizeof(FAILURE_CAPACITY));
	}
	return rc == 0 ? steal_ptr(&row) : NULL;
}

int room_put(const struct room *room, struct json *reply)
{
	struct json *list = json_new_array();
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < room->books->count; i++)
		if (!config_set(room->daemon->config, i)->is_test)
			rc = json_append(list, _set_row(room, i));
	return rc | json_put(reply, "capacity", list);
}

/* --- the whole ---------------------------------------------------------- */

int room_reserve(struct room *room, const struct config *config,
		 struct err *err)
{
	struct books *books = _new_books(config);

	if (!books)
		return err_nomem(err);
	_free_books(room->spare);
	room->spare = books;
	return 0;
}

static void _take_config(struct room *room)
{
	const struct config *config = room->daemon->config;

	memset(room->templates, 0, sizeof(room->templates));
	for (size_t i = 0; i < config_template_count(config); i++)
		room->templates[i].limit =
			config_template(config, i)->max_clones;
	for (size_t s = 0; s < room->books->count; s++) {
		const struct config_set *from = config_set(config, s);
		struct capacity_set *set = &room->books->sets[s];

		set->limit = from->max_clones;
		set->memo.exact = true;	/* an admin's word counts at once */
		for (size_t t = 0; t < from->template_count; t++)
			set->templates |= UINT64_C(1) << from->templates[t];
		for (size_t i = 0; i < hostlist_count(from->nodes); i++)
			room->books->names[s][i].template = NO_TEMPLATE;
	}
}

/* Those that are not in the configuration any more, and drained. */
static void _find_strays(struct room *room, const struct config *old)
{
	for (size_t s = 0; s < room->books->count; s++) {
		const struct hostlist *nodes = config_set(old, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++) {
			const struct name *name = &room->books->names[s][i];
			const char *node = hostlist_at(nodes, i);

			if ((name->kind == CAPACITY_CLOSED || name->late) &&
			    !config_node(room->daemon->config, node))
				_stray(room, node);
		}
	}
}

void room_use(struct room *room, const struct config *old)
{
	const struct record *rec;
	size_t pos = 0;

	if (old)
		_find_strays(room, old);
	_free_books(room->books);
	room->books = steal_ptr(&room->spare);
	room->late = 0;
	room->numbered = false;
	_take_config(room);
	while ((rec = fleet_next(room->daemon->fleet, &pos)) != NULL) {
		(void) table_take(room->strays,
				  config_node(room->daemon->config, rec->node)
				  ? rec->node : "");
		room_stepped(room, rec);
	}
}

struct room *room_create(struct daemon *daemon, struct err *err)
{
	struct room *room = calloc(1, sizeof(*room));

	if (room) {
		room->daemon = daemon;
		room->strays = table_create(STRAYS_MAX, NULL);
		room->closings = closings_create(daemon->link, _refused, room);
		room->timer = loop_timer_create(daemon->loop, _look, room,
						err);
	}
	if (!room || !room->strays || !room->closings || !room->timer ||
	    room_reserve(room, daemon->config, err) < 0) {
		room_destroy(room);
		err_nomem(err);
		return NULL;
	}
	room_use(room, NULL);
	return room;
}

void room_destroy(struct room *room)
{
	if (!room)
		return;
	closings_destroy(room->closings);
	loop_timer_destroy(room->timer);
	table_destroy(room->strays);
	_free_books(room->books);
	_free_books(room->spare);
	free(room);
}
