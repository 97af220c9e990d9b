/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The desk, between a fleet and a way to slurmctld that only note down. */
#include <string.h>

#include "common/base/clock.h"
#include "scloned/desk.h"
#include "tap.h"

#define NODES 3

static struct record recs[NODES];
static char said[400], told[400];	/* to slurmctld; to the fleet */
static unsigned calls;
static size_t others;	/* calls of others */
static void (*answer)(const struct json *answer, const struct err *failure,
		      void *arg);
static void *answer_arg;
static struct loop *loop;

static void _note(char *text, const char *what, const char *who)
{
	size_t len = strlen(text);

	snprintf(text + len, sizeof(said) - len, "%s%s %s", len ? "; " : "",
		 what, who);
}

/* --- in place of the fleet and the link --------------------------------- */

const struct record *fleet_record(const struct fleet *fleet, const char *node)
{
	(void) fleet;
	for (int i = 0; i < NODES; i++)
		if (!strcmp(recs[i].node, node))
			return &recs[i];
	return NULL;
}

void fleet_event(struct fleet *fleet, const char *node, struct event *ev)
{
	(void) fleet;
	_note(told, ev->unsent ? "UNSENT" : event_name(ev->kind), node);
}

int slurm_link_call(struct slurm_link *link, const char *verb,
		    struct json *args, int64_t timeout_us,
		    void (*done)(const struct json *answer,
				 const struct err *failure, void *arg),
		    void *arg, struct err *err)
{
	const char *nodes = "";

	(void) link;
	(void) timeout_us;
	(void) err;
	(void) json_get_str_or(args, "nodes", "", &nodes, NULL);
	_note(said, verb, nodes);
	json_destroy(args);
	calls++;
	answer = done;
	answer_arg = arg;
	return 0;
}

size_t slurm_link_waiting(const struct slurm_link *link)
{
	(void) link;
	return others;
}

/* --- scenes ------------------------------------------------------------- */

static void _turn(void)
{
	struct err err = ERR_INIT;

	loop_turn(loop, 0, &err);
}

static void _answer(enum err_code code)
{
	struct err err = ERR_INIT;

	if (code)
		err_set(&err, code, "no");
	answer(NULL, code ? &err : NULL, answer_arg);
	_turn();
}

static void _act(struct desk *desk, int node, enum action_kind kind,
		 const char *text)
{
	struct action action = { .kind = kind, .epoch = 1 };

	snprintf(action.text, sizeof(action.text), "%s", text);
	desk_act(desk, &recs[node], &action);
}

static struct desk *_open(void)
{
	struct err err = ERR_INIT;
	struct desk *desk = desk_create(loop, NULL, NULL, &err);

	if (!desk)
		bail_out("%s", err.text);
	memset(recs, 0, sizeof(recs));
	for (int i = 0; i < NODES; i++)
		snprintf(recs[i].node, sizeof(recs[i].node), "vm%d", i + 1);
	*said = *told = '\0';
	calls = 0;
	others = 0;
	return desk;
}

static void _one_at_a_time(void)
{
	struct desk *desk = _open();

	_act(desk, 0, ACTION_SLURM_MARK, "");
	_turn();
	_act(desk, 0, ACTION_SLURM_DRAIN, "sclone: (HOLD) x");
	_turn();
	is_int(calls, 1, "one call at a time");
	_act(desk, 1, ACTION_SLURM_DRAIN, "sclone: (HOLD) x");
	_act(desk, 2, ACTION_SLURM_DRAIN, "sclone: (GUARD) y");
	_turn();
	_answer(ERR_NONE);
	_answer(ERR_NONE);
	is_str(said, "mark vm1; drain vm[1-2]; drain vm3",
	       "in their order, what is the same together");
	_answer(ERR_NONE);
	is_str(told, "SLURM_DONE vm1; SLURM_DONE vm1; SLURM_DONE vm2; "
	       "SLURM_DONE vm3", "each ends in one event");
	desk_destroy(desk);
}

/* On 22.05 nothing is scheduled any more on one that was undrained while it
 * was off. */
static void _undrained(void)
{
	static const struct nodeview gone = {
		.seen = 1, .base = NODE_IDLE, .powered_down = true,
		.drain = true, .reason = "sclone: (UNPROVEN) x"
	};
	struct desk *desk = _open();

	recs[0].view = recs[1].view = recs[2].view = gone;
	recs[1].view.powered_down = false;
	for (int i = 0; i < NODES; i++)
		_act(desk, i, ACTION_SLURM_UNDRAIN, "");
	_turn();
	_answer(ERR_NOTFOUND);
	_answer(ERR_NONE);
	_answer(ERR_NONE);
	_answer(ERR_NONE);
	is_str(said, "give_back vm[1,3]; undrain vm2; give_back vm1; "
	       "give_back vm3", "a drain is taken back as the node is");
	desk_destroy(desk);
}

static void _behind_others(void)
{
	struct desk *desk = _open();

	others = 1;
	_act(desk, 0, ACTION_SLURM_MARK, "");
	_turn();
	is_int(calls, 0, "not behind the calls of others");
	others = 0;
	desk_poke(desk);
	_turn();
	is_int(calls, 1, "but when they are over");
	desk_destroy(desk);
}

static void _reviewed_late(void)
{
	struct desk *desk = _open();

	_act(desk, 0, ACTION_SLURM_MARK, "");
	_turn();
	_act(desk, 1, ACTION_SLURM_DRAIN, "sclone: (HOLD) x");
	_turn();
	/* slurmctld takes its time, and an admin drains the node. */
	recs[1].view.seen = clock_wall_us();
	recs[1].view.drain = true;
	snprintf(recs[1].view.reason, sizeof(recs[1].view.reason), "DIMM");
	_answer(ERR_NONE);
	is_str(said, "mark vm1", "what has passed meanwhile is not sent");
	is_str(told, "SLURM_DONE vm1; SLURM_DONE vm2", "and ends as done");
	desk_destroy(desk);
}

/* A node is taken from its job only when it is known whose it is. */
static void _behind(void)
{
	struct desk *desk = _open();

	for (int i = 0; i < 2; i++) {
		recs[i].tell = TELL_FORCE;
		recs[i].view.seen = clock_wall_us();
		recs[i].view.base = NODE_ALLOCATED;
		recs[i].view.powering_up = true;
	}
	desk_set_behind(desk, true);
	_act(desk, 0, ACTION_SLURM_FORCE_DOWN, "sclone: (GUEST) no");
	_act(desk, 1, ACTION_SLURM_SET_DOWN, "sclone: (LOST) no");
	_act(desk, 2, ACTION_SLURM_MARK, "");
	_turn();
	_answer(ERR_NONE);
	is_str(said, "mark vm3", "behind the spool, no node is taken");
	recs[0].tell = TELL_NOTHING;	/* it was asked for anew */
	desk_set_behind(desk, false);
	_turn();
	is_str(said, "mark vm3; set_down vm2", "then those that have to be");
	is_str(told, "SLURM_DONE vm3; SLURM_DONE vm1", "the other is spared");
	desk_destroy(desk);

	desk = _open();
	recs[0].tell = TELL_FORCE;
	recs[0].tell_job = recs[0].view.about = 7;
	desk_set_behind(desk, true);
	_act(desk, 0, ACTION_SLURM_FORCE_DOWN, "sclone: (GUEST) no");
	recs[0].view.about = 0;		/* it has changed since it was asked */
	desk_set_behind(desk, false);
	_turn();
	is_str(said, "", "nor when it is not known any more whose it is");
	is_str(told, "UNSENT vm1", "then it is asked once more");
	desk_destroy(desk);

	desk = _open();
	recs[0].tell = TELL_FORCE;
	recs[0].tell_all = true;
	recs[0].view.seen = recs[0].view.got = clock_wall_us() - 3000000;
	_act(desk, 0, ACTION_SLURM_FORCE_DOWN, "sclone: (GUEST) no");
	_turn();
	is_str(told, "UNSENT vm1", "nor of a shared one some seconds after "
	       "all were told: others may have come");
	desk_destroy(desk);
}

/* Whose a node is, is not known for long. */
static void _taken_first(void)
{
	struct desk *desk = _open();

	for (int i = 0; i < NODES; i++) {
		recs[i].tell = TELL_FORCE;
		recs[i].view.seen = clock_wall_us();
		recs[i].view.base = NODE_ALLOCATED;
	}
	_act(desk, 0, ACTION_SLURM_MARK, "");
	_turn();
	_act(desk, 2, ACTION_SLURM_DRAIN, "sclone: (HOLD) x");
	_act(desk, 2, ACTION_SLURM_MARK, "");
	_act(desk, 0, ACTION_SLURM_FORCE_DOWN, "sclone: (GUEST) no");
	_act(desk, 1, ACTION_SLURM_SET_DOWN, "sclone: (LOST) no");
	for (int i = 0; i < 5; i++)
		_answer(ERR_NONE);
	is_str(said, "mark vm1; force_down vm1; set_down vm2; drain vm3; "
	       "mark vm3", "nodes are taken before all else, in their order");
	desk_destroy(desk);
}

static void _split(void)
{
	struct desk *desk = _open();

	_act(desk, 0, ACTION_SLURM_MARK, "");
	_act(desk, 1, ACTION_SLURM_MARK, "");
	_turn();
	_answer(ERR_NOTFOUND);
	_act(desk, 2, ACTION_SLURM_MARK, "");
	_answer(ERR_NONE);
	_answer(ERR_NOTFOUND);
	is_str(said, "mark vm[1-2]; mark vm1; mark vm2; mark vm3",
	       "a refused call is made for each node on its own");
	is_str(told, "SLURM_DONE vm1; FAILED vm2", "which ends apart");
	desk_destroy(desk);
}

/* One of the ways in which a job is told may be closed to it. */
static void _two_ways(void)
{
	static const enum err_code closed[] = { ERR_REFUSED, ERR_CAPACITY,
						ERR_AUTH };
	struct desk *desk;

	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		desk = _open();
		_act(desk, 0, ACTION_SLURM_NOTIFY, "sclone: (GUEST) no");
		_turn();
		_answer(closed[i]);
		is_str(said, "admin_comment_append ; notify_job ",
		       "no comment: told all the same");
		_answer(ERR_NONE);
		is_str(told, "SLURM_DONE vm1", "which will do");
		desk_destroy(desk);
	}
	desk = _open();
	_act(desk, 0, ACTION_SLURM_NOTIFY, "sclone: (GUEST) no");
	_act(desk, 1, ACTION_SLURM_NOTIFY, "sclone: (GUEST) no");
	_turn();
	_answer(ERR_REFUSED);
	_answer(ERR_REFUSED);
	_answer(ERR_TRANSIENT);
	is_str(said, "admin_comment_append ; notify_job ; "
	       "admin_comment_append ", "not when slurmctld is away");
	is_str(told, "FAILED vm1; FAILED vm2", "and nobody was told");
	desk_destroy(desk);

	desk = _open();
	_act(desk, 0, ACTION_SLURM_END, "sclone: (TEMPLATE) no");
	_turn();
	_answer(ERR_CAPACITY);
	_answer(ERR_NOTFOUND);
	is_str(said, "admin_comment_append ; notify_job ",
	       "what has to end does so, a moment later");
	is_str(told, "", "told or not");
	desk_destroy(desk);
}

int main(void)
{
	struct err err = ERR_INIT;

	loop = loop_create(&err);
	if (!loop)
		bail_out("%s", err.text);
	_one_at_a_time();
	_undrained();
	_behind_others();
	_reviewed_late();
	_behind();
	_taken_first();
	_split();
	_two_ways();
	loop_destroy(loop);
	return done_testing();
}
