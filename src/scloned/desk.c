/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/hostlist.h"
#include "common/base/log.h"
#include "common/rules/update.h"
#include "desk.h"
#include "sight.h"

#define LIMIT_US (60 * CLOCK_US_PER_S)
/* From the word to a job until it is ended: both go to its srun or salloc by
 * ways of their own, and the end would be all that the user sees. */
#define GRACE_US CLOCK_US_PER_S
/* What follows from a look that says whose a node is, comes next: that is not
 * known for long. */
#define FOLLOW_US (20 * CLOCK_US_PER_MS)

/* One node's share of a call. */
struct item {
	STAILQ_ENTRY(item) link;
	uint64_t epoch;
	char node[OWNER_NODE_SIZE];
};

/* A call: about one node or job, or one change for many nodes. */
struct errand {
	TAILQ_ENTRY(errand) link;
	struct desk *desk;
	enum action_kind kind;
	uint32_t job;		/* 0: a change of nodes */
	int64_t start;
	char text[ACTION_TEXT_SIZE];
	STAILQ_HEAD(, item) items;
	size_t count;
	bool alone;		/* takes no further node */
	bool who;		/* a look that asks whose the node is */
	bool off;		/* nodes that are off are undrained */
	int64_t began;
	unsigned step;		/* of those that take several calls */
	struct loop_timer *grace;	/* NULL: it does not rest */
};

struct desk {
	struct loop *loop;
	struct slurm_link *link;
	struct fleet *fleet;
	struct loop_timer *send;
	TAILQ_HEAD(errands, errand) errands;	/* oldest first */
	struct errands resting;	/* for their grace */
	struct errand *sent;	/* at slurmctld now, or NULL */
	bool behind;		/* see desk_set_behind() */
};

/* One call after the other. */
#define STEPS_MAX 3

static const char *const verbs[ACTIONS][STEPS_MAX] = {
	[ACTION_SLURM_LOOK] = { "node" },
	[ACTION_SLURM_MARK] = { "mark" },
	[ACTION_SLURM_NOTIFY] = { "admin_comment_append", "notify_job" },
	[ACTION_SLURM_MOVE] = { "admin_comment_append", "notify_job",
				"requeue_job" },
	[ACTION_SLURM_END] = { "admin_comment_append", "notify_job",
			       "kill_job" },
	[ACTION_SLURM_FORCE_DOWN] = { "force_down" },
	[ACTION_SLURM_SET_DOWN] = { "set_down" },
	[ACTION_SLURM_POWER_DOWN] = { "power_down" },
	[ACTION_SLURM_NODE_RESUME] = { "node_resume" },
	[ACTION_SLURM_DRAIN] = { "drain" },
	[ACTION_SLURM_UNDRAIN] = { "undrain" },
	[ACTION_SLURM_REQUEUE] = { "requeue_job" },
	[ACTION_SLURM_KILL] = { "admin_comment_append", "notify_job",
				"kill_job" },
};

/* On 22.05 nothing would be scheduled any more on a node that was undrained
 * while it was off. */
static const char *_verb(const struct errand *errand)
{
	return errand->off ? "give_back" : verbs[errand->kind][errand->step];
}

static bool _is_eviction(enum action_kind kind)
{
	return kind == ACTION_SLURM_REQUEUE || kind == ACTION_SLURM_KILL ||
	       kind == ACTION_SLURM_MOVE || kind == ACTION_SLURM_END;
}

static bool _is_update(enum action_kind kind)
{
	return kind != ACTION_SLURM_LOOK && kind != ACTION_SLURM_NOTIFY &&
	       !_is_eviction(kind);
}

/* It takes a node from whatever job has it. */
static bool _takes_node(enum action_kind kind)
{
	return kind == ACTION_SLURM_FORCE_DOWN ||
	       kind == ACTION_SLURM_SET_DOWN;
}

/* --- errands ------------------------------------------------------------ */

/* What takes a node goes before the others, for whose that is may change
 * while it waits. */
static void _line_up(struct errand *errand)
{
	struct desk *desk = errand->desk;
	struct errand *before = NULL;

	if (_takes_node(errand->kind))
		TAILQ_FOREACH(before, &desk->errands, link)
			if (before != desk->sent &&
			    !_takes_node(before->kind))
				break;
	if (before)
		TAILQ_INSERT_BEFORE(before, errand, link);
	else
		TAILQ_INSERT_TAIL(&desk->errands, errand, link);
}

static struct errand *_new_errand(struct desk *desk,
				  const struct action *action)
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (!errand)
		return NULL;
	errand->desk = desk;
	errand->kind = action->kind;
	errand->job = _is_update(action->kind) ? 0 : action->job;
	errand->start = action->start;
	memcpy(errand->text, action->text, sizeof(errand->text));
	STAILQ_INIT(&errand->items);
	_line_up(errand);
	return errand;
}

static void _free(struct errand *errand)
{
	struct desk *desk = errand->desk;
	struct item *item;

	if (desk->sent == errand)
		desk->sent = NULL;
	TAILQ_REMOVE(errand->grace ? &desk->resting : &desk->errands, errand,
		     link);
	loop_timer_destroy(errand->grace);
	while ((item = STAILQ_FIRST(&errand->items)) != NULL) {
		STAILQ_REMOVE_HEAD(&errand->items, link);
		free(item);
	}
	free(errand);
}

static int _add(struct errand *errand, const char *node, uint64_t epoch)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return -1;
	snprintf(item->node, sizeof(item->node), "%s", node);
	item->epoch = epoch;
	STAILQ_INSERT_TAIL(&errand->items, item, link);
	errand->count++;
	return 0;
}

/* A change that waits to be sent and says the same. */
static struct errand *_waiting(struct desk *desk, const struct action *action,
			       bool off)
{
	struct errand *errand;

	TAILQ_FOREACH(errand, &desk->errands, link)
		if (errand != desk->sent && !errand->alone &&
		    errand->kind == action->kind && errand->off == off &&
		    !strcmp(errand->text, action->text))
			return errand;
	return NULL;
}

/* --- endings ------------------------------------------------------------ */

static void _tell(const struct errand *errand, const struct item *item,
		  const struct err *failure)
{
	struct event ev = { .kind = EVENT_SLURM_DONE, .act = errand->kind,
			    .epoch = item->epoch };

	if (failure) {
		ev.kind = failure->code == ERR_UNKNOWN ? EVENT_UNKNOWN
						       : EVENT_FAILED;
		ev.cause = failure_cause(failure->code);
		ev.text = failure->text;
	}
	fleet_event(errand->desk->fleet, item->node, &ev);
}

/* Tell every node of the errand, which then is over. */
static void _end(struct errand *errand, const struct err *failure)
{
	struct item *item;

	STAILQ_FOREACH(item, &errand->items, link)
		_tell(errand, item, failure);
	_free(errand);
}

/* Whether the job that was asked about holds the node, or which one does. */
static void _see_job(const struct errand *errand, const struct json *answer,
		     struct nodeview *view)
{
	int64_t job, start;
	bool holds;

	if (errand->who &&
	    json_get_int(answer, "job", 0, UINT32_MAX, &job, NULL) == 0 &&
	    json_get_int(answer, "start", 0, INT64_MAX, &start, NULL) == 0) {
		view->job = (uint32_t) job;
		view->job_start = start;
		view->job_unasked = false;
	}
	if (!errand->job ||
	    json_get_bool(answer, "holds", &holds, NULL) < 0)
		return;
	if (holds)
		view->job = errand->job;
	else
		view->free_of = errand->job;
}

static void _end_look(struct errand *errand, const struct json *answer,
		      const struct err *failure)
{
	struct item *item = STAILQ_FIRST(&errand->items);
	struct event ev = { .kind = EVENT_NODE_STATE, .act = errand->kind,
			    .epoch = item->epoch };
	struct err err = ERR_INIT;
	struct nodeview view;
	const char *name;

	if (failure && failure->code == ERR_NOTFOUND) {
		/* An answer as well: Slurm has no such node. */
		view = (struct nodeview) { .seen = errand->began,
					   .missing = true };
		failure = NULL;
	} else if (!failure && sight_read(json_get(answer, "node"),
					  errand->began, &name, &view,
					  &err) < 0) {
		failure = &err;
	}
	if (failure) {
		_end(errand, failure);
		return;
	}
	_see_job(errand, answer, &view);
	ev.view = &view;
	fleet_event(errand->desk->fleet, item->node, &ev);
	_free(errand);
}

/* One bad name spoils a whole call: each node on its own then. */
static bool _split(struct errand *errand, const struct err *failure)
{
	struct action action = { .kind = errand->kind };
	struct errand *single;
	struct item *item;

	if (errand->count < 2 || (failure->code != ERR_NOTFOUND &&
				  failure->code != ERR_REFUSED))
		return false;
	memcpy(action.text, errand->text, sizeof(action.text));
	STAILQ_FOREACH(item, &errand->items, link) {
		single = _new_errand(errand->desk, &action);
		if (!single || _add(single, item->node, item->epoch) < 0)
			abort();	/* restarted by systemd */
		single->alone = true;
		single->off = errand->off;
	}
	_free(errand);
	return true;
}

/* A job is told in two ways, of which one may be closed to it: its comment is
 * full, or a plugin of the site's lets nobody change it. A job that ends is
 * told first, if it can be told. */
static bool _goes_on(const struct errand *errand, const struct err *failure)
{
	if (errand->step + 1 >= STEPS_MAX ||
	    !verbs[errand->kind][errand->step + 1])
		return false;
	if (!failure)
		return true;
	switch (failure->code) {
	case ERR_REFUSED:
	case ERR_CAPACITY:
	case ERR_AUTH:
		log_info("job %u: %s: %s", (unsigned) errand->job,
			 verbs[errand->kind][errand->step], failure->text);
		return true;
	default:
		return failure->code == ERR_NOTFOUND &&
		       _is_eviction(errand->kind);
	}
}

static void _send(struct errand *errand);

/* It comes next, then. */
static void _on_grace(void *arg)
{
	struct errand *errand = arg;
	struct desk *desk = errand->desk;

	loop_timer_destroy(errand->grace);
	errand->grace = NULL;
	TAILQ_REMOVE(&desk->resting, errand, link);
	TAILQ_INSERT_HEAD(&desk->errands, errand, link);
	loop_timer_set(desk->send, 0);
}

/* Others go on meanwhile. */
static void _rest(struct errand *errand)
{
	struct desk *desk = errand->desk;

	errand->grace = loop_timer_create(desk->loop, _on_grace, errand, NULL);
	if (!errand->grace) {
		_send(errand);
		return;
	}
	desk->sent = NULL;
	TAILQ_REMOVE(&desk->errands, errand, link);
	TAILQ_INSERT_TAIL(&desk->resting, errand, link);
	loop_timer_set(errand->grace, GRACE_US);
}

static void _send_next(struct errand *errand)
{
	errand->step++;
	if (!strcmp(verbs[errand->kind][errand->step], "kill_job"))
		_rest(errand);
	else
		_send(errand);
}

static void _done(const struct json *answer, const struct err *failure,
		  void *arg)
{
	struct errand *errand = arg;

	loop_timer_set(errand->desk->send, errand->who ? FOLLOW_US : 0);
	if (errand->kind == ACTION_SLURM_LOOK) {
		_end_look(errand, answer, failure);
	} else if (_goes_on(errand, failure)) {
		_send_next(errand);
	} else if (!failure || !_split(errand, failure)) {
		_end(errand, failure);
	}
}

/* --- sending ------------------------------------------------------------ */

static int _put_nodes(struct json *args, const struct errand *errand)
{
	cleanup_hostlist struct hostlist *nodes = hostlist_create();
	cleanup_free char *text = NULL;
	struct item *item;

	STAILQ_FOREACH(item, &errand->items, link)
		if (!nodes || hostlist_add(nodes, item->node, NULL) < 0)
			return -1;
	text = hostlist_print(nodes);
	return text ? json_put_str(args, "nodes", text) : -1;
}

static struct json *_args(const struct errand *errand)
{
	cleanup_json struct json *args = json_new_object();
	int rc = args ? 0 : -1;

	if (rc == 0 && _is_update(errand->kind))
		rc = _put_nodes(args, errand);
	if (rc == 0 && errand->kind == ACTION_SLURM_LOOK)
		rc = json_put_str(args, "name",
				  STAILQ_FIRST(&errand->items)->node);
	if (rc == 0 && errand->who)
		rc = json_put_bool(args, "who", true);
	if (rc == 0 && errand->who && errand->start)
		rc = json_put_int(args, "start", errand->start);
	if (rc == 0 && _is_eviction(errand->kind))
		rc = json_put_str(args, "node",
				  STAILQ_FIRST(&errand->items)->node);
	if (rc == 0 && errand->job)
		rc = json_put_int(args, "job", errand->job);
	if (rc == 0 && *errand->text)
		rc = json_put_str(args, _is_update(errand->kind) ? "reason"
								 : "text",
				  errand->text);
	return rc == 0 ? steal_ptr(&args) : NULL;
}

static void _send(struct errand *errand)
{
	struct err err = ERR_INIT;

	errand->began = clock_wall_us();
	errand->desk->sent = errand;
	if (slurm_link_call(errand->desk->link, _verb(errand), _args(errand),
			    LIMIT_US, _done, errand, &err) < 0)
		_end(errand, &err);
}

/* Another job may have been given the node since: it is asked about first. */
static bool _is_unsure(const struct errand *errand, const struct record *rec)
{
	return _takes_node(errand->kind) &&
	       !update_knows_whose(rec, clock_wall_us());
}

static void _tell_unsure(const struct errand *errand, const struct item *item)
{
	struct event ev = { .kind = EVENT_FAILED, .act = errand->kind,
			    .epoch = item->epoch, .unsent = true,
			    .cause = CAUSE_TRANSIENT,
			    .text = "the node has changed meanwhile" };

	fleet_event(errand->desk->fleet, item->node, &ev);
}

/* Leave out the nodes whose change is no longer called for, or may not be. */
static void _review(struct errand *errand)
{
	struct item *item, *next;

	for (item = STAILQ_FIRST(&errand->items); item; item = next) {
		const struct record *rec =
			fleet_record(errand->desk->fleet, item->node);
		bool needed = !rec ||
			      update_needed(errand->kind, rec, &rec->view);

		next = STAILQ_NEXT(item, link);
		if (needed && !(rec && _is_unsure(errand, rec)))
			continue;
		STAILQ_REMOVE(&errand->items, item, item, link);
		errand->count--;
		if (needed)
			_tell_unsure(errand, item);
		else
			_tell(errand, item, NULL);
		free(item);
	}
}

static void _on_send(void *arg)
{
	struct desk *desk = arg;
	struct errand *errand, *next;

	/* Behind other calls, what is sent could be outdated as well. */
	if (slurm_link_waiting(desk->link))
		return;
	for (errand = TAILQ_FIRST(&desk->errands); errand && !desk->sent;
	     errand = next) {
		next = TAILQ_NEXT(errand, link);
		if (desk->behind && _takes_node(errand->kind))
			continue;
		_review(errand);
		if (errand->count)
			_send(errand);
		else
			_free(errand);
	}
}

void desk_act(struct desk *desk, const struct record *rec,
	      const struct action *action)
{
	struct errand *errand = NULL;
	bool off = action->kind == ACTION_SLURM_UNDRAIN &&
		   nodeview_off(&rec->view);

	if (_is_update(action->kind))
		errand = _waiting(desk, action, off);
	if (!errand)
		errand = _new_errand(desk, action);
	if (!errand || _add(errand, rec->node, action->epoch) < 0)
		abort();	/* restarted by systemd; nothing is lost */
	errand->off = off;
	errand->who = action->kind == ACTION_SLURM_LOOK &&
		      update_asks_who(rec);
	loop_timer_set(desk->send, 0);
}

void desk_poke(struct desk *desk)
{
	loop_timer_set(desk->send, 0);
}

void desk_set_behind(struct desk *desk, bool behind)
{
	desk->behind = behind;
	if (!behind)
		loop_timer_set(desk->send, 0);
}

struct desk *desk_create(struct loop *loop, struct slurm_link *link,
			 struct fleet *fleet, struct err *err)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk) {
		err_nomem(err);
		return NULL;
	}
	desk->loop = loop;
	desk->link = link;
	desk->fleet = fleet;
	TAILQ_INIT(&desk->errands);
	TAILQ_INIT(&desk->resting);
	desk->send = loop_timer_create(loop, _on_send, desk, err);
	if (!desk->send) {
		free(desk);
		return NULL;
	}
	return desk;
}

void desk_destroy(struct desk *desk)
{
	struct errand *errand;

	if (!desk)
		return;
	while ((errand = TAILQ_FIRST(&desk->errands)) != NULL ||
	       (errand = TAILQ_FIRST(&desk->resting)) != NULL)
		_free(errand);
	loop_timer_destroy(desk->send);
	free(desk);
}
