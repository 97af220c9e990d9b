/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/base/table.h"
#include "cell.h"
#include "fleet.h"
#include "wake.h"

#define LAZY_US (50 * CLOCK_US_PER_MS)	/* how long a lazy commit may wait */
#define RETRY_US CLOCK_US_PER_S		/* after a failed commit */
#define KEPT_META "quarantine/"		/* and the node; the value: the line */
#define EPOCH_META "epoch/forgotten"	/* the value: it, see struct fleet */

struct node {
	struct wake_entry wake;		/* first: see _woken() */
	struct cell cell;
	enum phase phase;		/* the record's */
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
	uint64_t forgotten;	/* the highest epoch of nodes forgotten, all of
				 * which may come back: no new one is below */
	struct wake *wake;
	struct loop_timer *turn;	/* the end of this turn of the loop */
	struct loop_timer *lazy;
	bool lazy_set;
	struct node *dirty;
	struct pending *pending;
	size_t pending_count, pending_room;
	bool barrier;		/* a pending action needs the commit first */
	bool failing;		/* the last commit failed */
	struct record *looked_at, *walked;	/* lent to who asked last */
};

static void _free_node(void *arg)
{
	struct node *node = arg;

	cell_done(&node->cell);
	free(node);
}

static const struct record *_look(const struct fleet *fleet,
				  const struct node *node)
{
	return cell_look(&node->cell, fleet->looked_at);
}

/* --- the journal -------------------------------------------------------- */

static int _save_dirty(struct fleet *fleet, struct err *err)
{
	cleanup_buf struct buf line;

	buf_init(&line, RECORD_LINE_MAX);
	while (fleet->dirty) {
		struct node *node = fleet->dirty;
		const struct record *rec = _look(fleet, node);

		buf_reset(&line);
		record_encode(rec, &line);
		if (buf_ok(&line, "record", err) < 0 ||
		    journal_save(fleet->journal, rec->node, buf_str(&line),
				 err) < 0)
			return err_wrap(err, "node %s", rec->node);
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

static void _act(struct fleet *fleet, struct node *node,
		 const struct action *action)
{
	fleet->hooks.act(cell_open(&node->cell), action, fleet->hooks.arg);
	cell_close(&node->cell, false);
}

static void _hand_out(struct fleet *fleet)
{
	struct pending *pending = fleet->pending;
	size_t count = fleet->pending_count;

	/* An act may fail at once and add to a new list. */
	fleet->pending = NULL;
	fleet->pending_count = 0;
	fleet->pending_room = 0;
	for (size_t i = 0; i < count; i++)
		_act(fleet, pending[i].node, &pending[i].action);
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
void fleet_commit_soon(struct fleet *fleet)
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

static void _dirty(struct fleet *fleet, struct node *node)
{
	if (node->dirty)
		return;
	node->dirty = true;
	node->next_dirty = fleet->dirty;
	fleet->dirty = node;
	fleet_commit_soon(fleet);
}

static void _take_outcome(struct fleet *fleet, struct node *node,
			  const struct outcome *out)
{
	if (out->changed)
		_dirty(fleet, node);
	for (unsigned i = 0; i < out->count; i++)
		if (_push(fleet, node, &out->actions[i]) < 0)
			abort();	/* systemd restarts; nothing is lost */
	if (out->count && !fleet->failing)
		loop_timer_set(fleet->turn, 0);
	wake_set(fleet->wake, &node->wake, out->wake);
}

static void _step(struct fleet *fleet, struct node *node, struct event *ev)
{
	struct record *rec = cell_open(&node->cell);
	struct outcome out;

	ev->now = clock_wall_us();
	ev->mono = clock_mono_us();
	engine_step(fleet->conf, rec, ev, &out);
	fleet->in_phase[node->phase]--;
	node->phase = rec->phase;
	fleet->in_phase[node->phase]++;
	_take_outcome(fleet, node, &out);
	fleet->hooks.stepped(rec, ev, &out, fleet->hooks.arg);
	cell_close(&node->cell, true);
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

static int _read_forgotten(struct fleet *fleet, struct err *err)
{
	cleanup_free char *text = NULL;

	if (journal_get_meta(fleet->journal, EPOCH_META, &text, err) < 0)
		return -1;
	return text ? parse_u64(text, 1, UINT64_MAX, &fleet->forgotten, err)
		    : 0;
}

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
	fleet->nodes = table_create(FLEET_NODES_MAX, _free_node);
	fleet->looked_at = malloc(sizeof(*fleet->looked_at));
	fleet->walked = malloc(sizeof(*fleet->walked));
	fleet->wake = wake_create(loop, FLEET_NODES_MAX, _woken, fleet, err);
	fleet->turn = loop_timer_create(loop, _end_turn, fleet, err);
	fleet->lazy = loop_timer_create(loop, _commit_lazily, fleet, err);
	if (!fleet->nodes || !fleet->looked_at || !fleet->walked ||
	    !fleet->wake || !fleet->turn || !fleet->lazy) {
		err_nomem(err);
		return NULL;
	}
	if (_read_forgotten(fleet, err) < 0)
		return NULL;
	return steal_ptr(&fleet);
}

void fleet_destroy(struct fleet *fleet)
{
	if (!fleet)
		return;
	if (fleet->dirty || fleet->failing || fleet->lazy_set)
		(void) fleet_commit(fleet, NULL);
	loop_timer_destroy(fleet->turn);
	loop_timer_destroy(fleet->lazy);
	wake_destroy(fleet->wake);
	table_destroy(fleet->nodes);
	free(fleet->pending);
	free(fleet->looked_at);
	free(fleet->walked);
	free(fleet);
}

static int _insert(struct fleet *fleet, const struct record *rec,
		   struct err *err)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return err_nomem(err);
	if (cell_init(&node->cell, rec, err) < 0 ||
	    table_set(fleet->nodes, rec->node, node, err) < 0) {
		_free_node(node);
		return -1;
	}
	node->phase = rec->phase;
	fleet->in_phase[node->phase]++;
	return 0;
}

/* Its name there: KEPT_META and the node's. */
static char *_kept_name(const char *node, struct err *err)
{
	char *name = NULL;

	if (asprintf(&name, KEPT_META "%s", node) < 0) {
		err_nomem(err);
		return NULL;
	}
	return name;
}

static int _quarantine(struct fleet *fleet, const char *cluster,
		       const char *node, const char *line,
		       const struct err *why, struct err *err)
{
	cleanup_free char *name = _kept_name(node, err);
	struct record rec;

	if (!name || record_init(&rec, cluster, node, err) < 0 ||
	    journal_set_meta(fleet->journal, name, line, err) < 0)
		return -1;
	snprintf(rec.quarantine, sizeof(rec.quarantine),
		 "its record in the journal: %s", why->text);
	if (_insert(fleet, &rec, err) < 0)
		return -1;
	err_set(err, ERR_CONFIG, "%s", rec.quarantine);
	return 1;
}

/* Why the line cannot be the record of that node. */
static int _read(const char *node, const char *line, struct record *rec,
		 struct err *err)
{
	if (record_decode(line, rec, err) < 0)
		return -1;
	if (strcmp(rec->node, node))
		return err_set(err, ERR_PROTOCOL, "it is of node %s",
			       rec->node);
	return 0;
}

int fleet_load(struct fleet *fleet, const char *cluster, const char *node,
	       const char *line, struct err *err)
{
	struct err why = ERR_INIT;
	struct record rec;

	if (_read(node, line, &rec, &why) < 0)
		return _quarantine(fleet, cluster, node, line, &why, err);
	record_rename(&rec, cluster);
	return _insert(fleet, &rec, err);
}

struct keeping {
	struct fleet *fleet;
	const char *cluster;
};

static int _load_kept(const char *name, const char *line, void *arg,
		      struct err *err)
{
	const struct keeping *keeping = arg;
	struct fleet *fleet = keeping->fleet;
	const char *key = name + sizeof(KEPT_META) - 1;
	struct node *node = table_get(fleet->nodes, key);
	struct err why = ERR_INIT;
	struct record rec, *kept;

	if (!node && fleet_add(fleet, keeping->cluster, key, err) < 0)
		return -1;
	node = table_get(fleet->nodes, key);
	kept = cell_open(&node->cell);
	if (!*kept->quarantine) {
		if (_read(key, line, &rec, &why) == 0)
			err_set(&why, ERR_CONFIG, "it can be read again, but "
				"what came since is not in it: sclone release "
				"%s, when its VM may go", key);
		snprintf(kept->quarantine, sizeof(kept->quarantine),
			 "its record in the journal: %s", why.text);
	}
	cell_close(&node->cell, true);
	return 0;
}

int fleet_load_kept(struct fleet *fleet, const char *cluster,
		    struct err *err)
{
	struct keeping keeping = { fleet, cluster };

	return journal_each_meta(fleet->journal, KEPT_META, _load_kept,
				 &keeping, err);
}

int fleet_add(struct fleet *fleet, const char *cluster, const char *name,
	      struct err *err)
{
	struct record rec;

	if (record_init(&rec, cluster, name, err) < 0)
		return -1;
	rec.last_epoch = fleet->forgotten;
	return _insert(fleet, &rec, err);
}

int fleet_clear(struct fleet *fleet, const char *name, struct err *err)
{
	struct event cleared = { .kind = EVENT_CLEARED };
	struct node *node = table_get(fleet->nodes, name);
	cleanup_free char *kept = _kept_name(name, err);

	if (!kept)
		return -1;
	if (!node || !*_look(fleet, node)->quarantine)
		return 0;
	if (journal_forget_meta(fleet->journal, kept, err) < 0)
		return -1;
	_step(fleet, node, &cleared);
	_dirty(fleet, node);	/* in place of what cannot be read */
	return fleet_commit(fleet, err);
}

static bool _is_idle(const struct fleet *fleet, const struct node *node)
{
	const struct record *rec = _look(fleet, node);

	return !fleet->pending_count && !node->dirty && !node->cell.users &&
	       rec->phase == PHASE_ABSENT && !*rec->quarantine &&
	       !rec->next.used && !rec->settle && rec->tell == TELL_NOTHING &&
	       !rec->vm_busy && !rec->slurm_busy;
}

/* The clock may be behind it when the node comes back. */
static int _keep_epoch(struct fleet *fleet, uint64_t epoch, struct err *err)
{
	char text[24];

	if (epoch <= fleet->forgotten)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, epoch);
	if (journal_set_meta(fleet->journal, EPOCH_META, text, err) < 0)
		return -1;
	fleet->forgotten = epoch;
	return 0;
}

int fleet_forget(struct fleet *fleet, const char *name, struct err *err)
{
	struct node *node = table_get(fleet->nodes, name);
	char gone[OWNER_NODE_SIZE];	/* name may be in the record */

	if (!node)
		return 0;
	if (!_is_idle(fleet, node))
		return 1;
	if (_keep_epoch(fleet, _look(fleet, node)->last_epoch, err) < 0 ||
	    journal_forget(fleet->journal, name, err) < 0)
		return -1;
	fleet_commit_soon(fleet);
	wake_set(fleet->wake, &node->wake, 0);
	fleet->in_phase[PHASE_ABSENT]--;
	snprintf(gone, sizeof(gone), "%s", name);
	_free_node(table_take(fleet->nodes, gone));
	fleet->hooks.forgotten(gone, fleet->hooks.arg);
	return 0;
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

	return node ? _look(fleet, node) : NULL;
}

const struct record *fleet_next_in(const struct fleet *fleet, size_t *pos,
				   enum phase first, enum phase last)
{
	const struct node *node;

	do
		node = table_next(fleet->nodes, pos, NULL);
	while (node && (node->phase < first || node->phase > last));
	return node ? cell_look(&node->cell, fleet->walked) : NULL;
}

const struct record *fleet_next(const struct fleet *fleet, size_t *pos)
{
	return fleet_next_in(fleet, pos, PHASE_ABSENT, PHASES - 1);
}

size_t fleet_count(const struct fleet *fleet)
{
	return table_count(fleet->nodes);
}

size_t fleet_in_phase(const struct fleet *fleet, enum phase phase)
{
	return fleet->in_phase[phase];
}
