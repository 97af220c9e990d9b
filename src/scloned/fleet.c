/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/table.h"
#include "fleet.h"
#include "wake.h"

#define LAZY_US (50 * CLOCK_US_PER_MS)	/* how long a lazy commit may wait */
#define RETRY_US CLOCK_US_PER_S		/* after a failed commit */

struct node {
	struct wake_entry wake;		/* first: see _woken() */
	struct record rec;
	struct node *next_dirty;
	bool dirty;
};

struct pending {
	struct node *node;
	struct action action;
};

struct fleet {
	struct journal *journal;
	const struct engine_conf *conf;
	struct fleet_hooks hooks;
	struct table *nodes;
	size_t in_phase[PHASES];	/* nodes */
	struct wake *wake;
	struct loop_timer *turn;	/* the end of this turn of the loop */
	struct loop_timer *lazy;
	bool lazy_set;
	struct node *dirty;
	struct pending *pending;
	size_t pending_count, pending_room;
	bool barrier;		/* a pending action needs the commit first */
	bool failing;		/* the last commit failed */
};

/* --- the journal -------------------------------------------------------- */

static int _save_dirty(struct fleet *fleet, struct err *err)
{
	cleanup_buf struct buf line;

	buf_init(&line, RECORD_LINE_MAX);
	while (fleet->dirty) {
		struct node *node = fleet->dirty;

		buf_reset(&line);
		record_encode(&node->rec, &line);
		if (buf_ok(&line, "record", err) < 0 ||
		    journal_save(fleet->journal, node->rec.node,
				 buf_str(&line), err) < 0)
			return err_wrap(err, "node %s", node->rec.node);
		fleet->dirty = node->next_dirty;
		node->dirty = false;
	}
	return 0;
}

int fleet_commit(struct fleet *fleet, struct err *err)
{
	struct err why = ERR_INIT;

	if (_save_dirty(fleet, &why) < 0 ||
	    journal_commit(fleet->journal, &why) < 0) {
		if (!fleet->failing)
			fleet->hooks.journal(&why, fleet->hooks.arg);
		fleet->failing = true;
		loop_timer_set(fleet->turn, RETRY_US);
		return err_set(err, why.code, "%s", why.text);
	}
	if (fleet->failing)
		fleet->hooks.journal(NULL, fleet->hooks.arg);
	fleet->failing = false;
	fleet->barrier = false;
	loop_timer_stop(fleet->lazy);
	fleet->lazy_set = false;
	fleet->hooks.committed(fleet->hooks.arg);
	return 0;
}

/* --- the turn ----------------------------------------------------------- */

static void _hand_out(struct fleet *fleet)
{
	struct pending *pending = fleet->pending;
	size_t count = fleet->pending_count;

	/* An act may fail at once and add to a new list. */
	fleet->pending = NULL;
	fleet->pending_count = 0;
	fleet->pending_room = 0;
	for (size_t i = 0; i < count; i++)
		fleet->hooks.act(&pending[i].node->rec, &pending[i].action,
				 fleet->hooks.arg);
	free(pending);
}

static void _end_turn(void *arg)
{
	struct fleet *fleet = arg;

	if ((fleet->barrier || fleet->failing) &&
	    fleet_commit(fleet, NULL) < 0)
		return;
	_hand_out(fleet);
}

static void _commit_lazily(void *arg)
{
	struct fleet *fleet = arg;

	fleet->lazy_set = false;
	(void) fleet_commit(fleet, NULL);
}

/* The first change that waits says until when. */
static void _schedule_commit(struct fleet *fleet)
{
	if (!fleet->lazy_set)
		loop_timer_set(fleet->lazy, LAZY_US);
	fleet->lazy_set = true;
}

static int _push(struct fleet *fleet, struct node *node,
		 const struct action *action)
{
	size_t room = fleet->pending_room ? 2 * fleet->pending_room : 64;
	struct pending *pending;

	if (fleet->pending_count == fleet->pending_room) {
		pending = reallocarray(fleet->pending, room,
				       sizeof(*pending));
		if (!pending)
			return -1;
		fleet->pending = pending;
		fleet->pending_room = room;
	}
	fleet->pending[fleet->pending_count++] =
		(struct pending) { node, *action };
	fleet->barrier |= action->durable;
	return 0;
}

static void _take_outcome(struct fleet *fleet, struct node *node,
			  const struct event *ev, const struct outcome *out)
{
	if (out->changed && !node->dirty) {
		node->dirty = true;
		node->next_dirty = fleet->dirty;
		fleet->dirty = node;
		_schedule_commit(fleet);
	}
	for (unsigned i = 0; i < out->count; i++)
		if (_push(fleet, node, &out->actions[i]) < 0)
			abort();	/* systemd restarts; nothing is lost */
	if (out->count && !fleet->failing)
		loop_timer_set(fleet->turn, 0);
	wake_set(fleet->wake, &node->wake, out->wake);
	fleet->hooks.stepped(&node->rec, ev, out, fleet->hooks.arg);
}

static void _step(struct fleet *fleet, struct node *node, struct event *ev)
{
	struct outcome out;

	ev->now = clock_wall_us();
	fleet->in_phase[node->rec.phase]--;
	engine_step(fleet->conf, &node->rec, ev, &out);
	fleet->in_phase[node->rec.phase]++;
	_take_outcome(fleet, node, ev, &out);
}

static void _woken(struct wake_entry *entry, void *arg)
{
	struct event tick = { .kind = EVENT_TICK };

	_step(arg, (struct node *) entry, &tick);
}

void fleet_event(struct fleet *fleet, const char *name, struct event *ev)
{
	struct node *node = table_get(fleet->nodes, name);

	if (node)
		_step(fleet, node, ev);
}

/* --- the whole ---------------------------------------------------------- */

struct fleet *fleet_create(struct loop *loop, struct journal *journal,
			   const struct engine_conf *conf,
			   const struct fleet_hooks *hooks, struct err *err)
{
	cleanup_fleet struct fleet *fleet = calloc(1, sizeof(*fleet));

	if (!fleet) {
		err_nomem(err);
		return NULL;
	}
	fleet->journal = journal;
	fleet->conf = conf;
	fleet->hooks = *hooks;
	fleet->nodes = table_create(FLEET_NODES_MAX, free);
	fleet->wake = wake_create(loop, FLEET_NODES_MAX, _woken, fleet, err);
	fleet->turn = loop_timer_create(loop, _end_turn, fleet, err);
	fleet->lazy = loop_timer_create(loop, _commit_lazily, fleet, err);
	if (!fleet->nodes || !fleet->wake || !fleet->turn || !fleet->lazy) {
		err_nomem(err);
		return NULL;
	}
	return steal_ptr(&fleet);
}

void fleet_destroy(struct fleet *fleet)
{
	if (!fleet)
		return;
	if (fleet->dirty)
		(void) fleet_commit(fleet, NULL);
	loop_timer_destroy(fleet->turn);
	loop_timer_destroy(fleet->lazy);
	wake_destroy(fleet->wake);
	table_destroy(fleet->nodes);
	free(fleet->pending);
	free(fleet);
}

static int _insert(struct fleet *fleet, const struct record *rec,
		   struct err *err)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return err_nomem(err);
	node->rec = *rec;
	if (table_set(fleet->nodes, rec->node, node, err) < 0) {
		free(node);
		return -1;
	}
	fleet->in_phase[rec->phase]++;
	return 0;
}

int fleet_load(struct fleet *fleet, const char *name, const char *line,
	       struct err *err)
{
	struct record rec;

	if (record_decode(line, &rec, err) < 0)
		return err_wrap(err, "record of node %s", name);
	return _insert(fleet, &rec, err);
}

int fleet_add(struct fleet *fleet, const char *cluster, const char *name,
	      struct err *err)
{
	struct record rec;

	if (record_init(&rec, cluster, name, err) < 0)
		return -1;
	return _insert(fleet, &rec, err);
}

void fleet_start(struct fleet *fleet)
{
	struct event restarted = { .kind = EVENT_RESTARTED };
	struct node *node;
	size_t pos = 0;

	while ((node = table_next(fleet->nodes, &pos, NULL)) != NULL)
		_step(fleet, node, &restarted);
}

const struct record *fleet_record(const struct fleet *fleet, const char *name)
{
	const struct node *node = table_get(fleet->nodes, name);

	return node ? &node->rec : NULL;
}

const struct record *fleet_next(const struct fleet *fleet, size_t *pos)
{
	const struct node *node = table_next(fleet->nodes, pos, NULL);

	return node ? &node->rec : NULL;
}

size_t fleet_count(const struct fleet *fleet)
{
	return table_count(fleet->nodes);
}

size_t fleet_in_phase(const struct fleet *fleet, enum phase phase)
{
	return fleet->in_phase[phase];
}
