/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/rules/capacity.h"
#include "closings.h"
#include "daemon.h"
#include "gauge.h"
#include "room.h"
#include "shortage.h"

#define PACE_US (2 * CLOCK_US_PER_S)	/* from one round of calls on */
#define RETRY_US (30 * CLOCK_US_PER_S)	/* after a call that failed */
#define REASONS_MAX 8			/* calls to drain in a round */
#define STRAYS_MAX CONFIG_NODES_MAX

/* All that is as large as the configuration. */
struct books {
	struct tally *tally;
	struct capacity_verdict *verdicts;	/* one for each node set */
};

struct room {
	struct daemon *daemon;
	struct closings *closings;
	struct gauge *gauge;
	struct loop_timer *timer;	/* for a look out of turn */
	struct books now, next;
	struct table *strays;	/* drained by us, and not in sclone.conf */
	unsigned judged;	/* partitions_version() + 1; 0: not yet */
	int64_t sent;		/* the last round */
};

/* --- names -------------------------------------------------------------- */

void room_stepped(struct room *room, const struct record *rec)
{
	tally_count(room->now.tally, rec);
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
	if (config_node(room->daemon->config, node))
		tally_accept(room->now.tally, node);
	else if (view->drain && failure_is_capacity(view->reason))
		_stray(room, node);
	else
		(void) table_take(room->strays, node);
}

static void _refused(const char *node, void *arg)
{
	struct room *room = arg;

	(void) table_take(room->strays, node);
	tally_refuse(room->now.tally, node);
}

const struct tally *room_tally(const struct room *room)
{
	return room->now.tally;
}

static void _add(struct hostlist *list, const char *node)
{
	if (!list || hostlist_add(list, node, NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
}

/* --- isolation ---------------------------------------------------------- */

/* Which nodes Slurm would not give to one job alone. */
static void _judge_partitions(struct room *room)
{
	const struct partitions *partitions = room->daemon->partitions;
	const struct record *rec;
	size_t pos = 0;

	if (!partitions_known(partitions) ||
	    room->judged == partitions_version(partitions) + 1)
		return;
	room->judged = partitions_version(partitions) + 1;
	while ((rec = fleet_next(room->daemon->fleet, &pos)) != NULL) {
		tally_bar(room->now.tally, rec->node,
			  partitions_refuse(partitions, rec->node) != NULL);
		tally_count(room->now.tally, rec);
	}
}

/* Names that are to be closed for that reason, or opened for NULL. */
static void _list_moves(const struct room *room, const char *why,
			struct hostlist *list)
{
	const struct config *config = room->daemon->config;
	enum tally_move move = why ? TALLY_CLOSES : TALLY_OPENS;

	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct hostlist *nodes = config_set(config, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++) {
			const char *node = hostlist_at(nodes, i);

			if (tally_move(room->now.tally, s, i) == move &&
			    (!why || why == partitions_refuse(
						room->daemon->partitions,
						node)))
				_add(list, node);
		}
	}
}

static void _bar(struct room *room)
{
	char reason[ACTION_TEXT_SIZE];
	unsigned calls = 0;
	const char *why;

	for (size_t i = 0; calls < REASONS_MAX; i++) {
		struct hostlist *list;

		why = partitions_flaw(room->daemon->partitions, i);
		if (!why)
			return;
		list = hostlist_create();
		_list_moves(room, why, list);
		if (!list || !hostlist_count(list)) {
			hostlist_destroy(list);
			continue;
		}
		snprintf(reason, sizeof(reason), FAILURE_ISOLATION " %s",
			 why);
		closings_send(room->closings, CLOSINGS_CLOSE, list, reason);
		calls++;
	}
}

/* --- weighing ----------------------------------------------------------- */

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
	struct capacity_template *templates =
		tally_templates(room->now.tally);
	struct capacity_facts facts = {
		.templates = templates,
		.template_count = config_template_count(config),
		.limit = config_global(config)->max_clones,
		.deadline_us = _deadline(room),
	};

	for (size_t i = 0; i < facts.template_count; i++) {
		templates[i].clone_us = rates->cloning;
		templates[i].boot_us = rates->booting;
	}
	gauge_read(room->gauge, config,
		   executor_sources(room->daemon->executor), &facts);
	capacity_weigh(&facts, tally_sets(room->now.tally),
		       config_set_count(config), now, room->now.verdicts);
}

/* --- telling Slurm ------------------------------------------------------ */

/* The last names of a set are drained, so that the first stay usable. */
static void _close(struct room *room, size_t set)
{
	const struct hostlist *nodes = config_set(room->daemon->config,
						  set)->nodes;
	const struct capacity_verdict *verdict = &room->now.verdicts[set];
	size_t left = verdict->close;
	struct hostlist *list = hostlist_create();
	char reason[ACTION_TEXT_SIZE];

	for (size_t i = hostlist_count(nodes); left && i-- > 0;)
		if (tally_kind(room->now.tally, set, i) == CAPACITY_OPEN) {
			_add(list, hostlist_at(nodes, i));
			left--;
		}
	shortage_reason(room->daemon->config,
			executor_sources(room->daemon->executor), set, verdict,
			reason, sizeof(reason));
	closings_send(room->closings, CLOSINGS_CLOSE, list, reason);
}

static void _open(struct room *room, size_t set, struct hostlist *list)
{
	const struct hostlist *nodes = config_set(room->daemon->config,
						  set)->nodes;
	size_t left = room->now.verdicts[set].open;

	for (size_t i = 0; left && i < hostlist_count(nodes); i++)
		if (tally_kind(room->now.tally, set, i) == CAPACITY_CLOSED) {
			_add(list, hostlist_at(nodes, i));
			left--;
		}
}

/* Those that got a job right before they were drained. */
static void _forgive(struct room *room)
{
	const struct config *config = room->daemon->config;
	struct hostlist *list;

	if (!tally_late(room->now.tally))
		return;
	list = hostlist_create();
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct hostlist *nodes = config_set(config, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++)
			if (tally_is_late(room->now.tally, s, i))
				_add(list, hostlist_at(nodes, i));
	}
	closings_send(room->closings, CLOSINGS_FORGIVE, list, "");
}

static void _open_all(struct room *room)
{
	cleanup_hostlist struct hostlist *list = hostlist_create();
	const char *node;
	size_t pos = 0;

	for (size_t i = 0; i < config_set_count(room->daemon->config); i++)
		_open(room, i, list);
	if (tally_moves(room->now.tally))
		_list_moves(room, NULL, list);
	while (table_next(room->strays, &pos, &node))
		_add(list, node);
	if (hostlist_count(list))
		closings_send(room->closings, CLOSINGS_OPEN, steal_ptr(&list),
			      "");
}

static void _tell(struct room *room)
{
	size_t sets = config_set_count(room->daemon->config);
	unsigned calls = 0;

	_forgive(room);
	_open_all(room);
	if (tally_moves(room->now.tally))
		_bar(room);
	for (size_t i = 0; i < sets && calls < REASONS_MAX; i++)
		if (room->now.verdicts[i].close) {
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

	/* Before that, a template may have sources that nobody knows. */
	if (!sources_listed(executor_sources(room->daemon->executor)))
		return;
	if (closings_busy(room->closings) ||
	    began <= closings_ended(room->closings))
		return;
	if (pause) {
		loop_timer_set(room->timer, pause);
		return;
	}
	_judge_partitions(room);
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
	gauge_outdate(room->gauge);
	if (gauge_is_unsure(room->gauge))
		loop_timer_set(room->timer, 0);
}

/* --- status ------------------------------------------------------------- */

static const char *_isolation(const struct room *room, const char *node)
{
	const struct partitions *partitions = room->daemon->partitions;
	const char *why = partitions_refuse(partitions, node);

	if (!partitions_known(partitions))
		return "Slurm has not told its partitions yet";
	return why ? why : "mended; to be given back";
}

static struct json *_row(const struct room *room, size_t set)
{
	const struct config *config = room->daemon->config;
	size_t first = 0;
	size_t isolated = tally_isolated(room->now.tally, set, &first);
	const char *node = hostlist_at(config_set(config, set)->nodes, first);

	return shortage_row(config, executor_sources(room->daemon->executor),
			    set, &tally_sets(room->now.tally)[set],
			    &room->now.verdicts[set], isolated,
			    _isolation(room, node));
}

int room_put(const struct room *room, struct json *reply)
{
	const struct config *config = room->daemon->config;
	struct json *list = json_new_array();
	int rc = list ? 0 : -1;

	for (size_t i = 0; !rc && i < config_set_count(config); i++)
		if (!config_set(config, i)->is_test)
			rc = json_append(list, _row(room, i));
	return rc | json_put(reply, "capacity", list);
}

/* --- the whole ---------------------------------------------------------- */

static void _free_books(struct books *books)
{
	tally_destroy(books->tally);
	free(books->verdicts);
	*books = (struct books) { 0 };
}

int room_reserve(struct room *room, const struct config *config,
		 struct err *err)
{
	struct books books = {
		tally_create(config, err),
		calloc(config_set_count(config), sizeof(*books.verdicts)),
	};

	if (!books.tally || !books.verdicts) {
		_free_books(&books);
		return err_nomem(err);
	}
	_free_books(&room->next);
	room->next = books;
	return 0;
}

/* Those that are not in the configuration any more, and drained. */
static void _find_strays(struct room *room, const struct config *old)
{
	const struct tally *tally = room->now.tally;

	for (size_t s = 0; s < config_set_count(old); s++) {
		const struct hostlist *nodes = config_set(old, s)->nodes;

		for (size_t i = 0; i < hostlist_count(nodes); i++) {
			const char *node = hostlist_at(nodes, i);

			if ((tally_kind(tally, s, i) == CAPACITY_CLOSED ||
			     tally_is_late(tally, s, i)) &&
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
	_free_books(&room->now);
	room->now = room->next;
	room->next = (struct books) { 0 };
	room->judged = 0;
	gauge_outdate(room->gauge);
	while ((rec = fleet_next(room->daemon->fleet, &pos)) != NULL) {
		if (config_node(room->daemon->config, rec->node))
			(void) table_take(room->strays, rec->node);
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
		room->gauge = gauge_create(daemon->planner);
		room->timer = loop_timer_create(daemon->loop, _look, room,
						err);
	}
	if (!room || !room->strays || !room->closings || !room->gauge ||
	    !room->timer || room_reserve(room, daemon->config, err) < 0) {
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
	gauge_destroy(room->gauge);
	_free_books(&room->now);
	_free_books(&room->next);
	free(room);
}
