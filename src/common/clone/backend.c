/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a clone is made. One backend so far: an instant clone of a source
 * frozen in its guest, which wakes as a copy and needs no second task.
 *
 * SUBMIT_CLONE ends when vCenter has accepted the task (or has not); WATCH
 * ends with the task. vm_instant_clone() does both, so the hand keeps the
 * task in between.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/rules/owner.h"
#include "facts.h"
#include "hand.h"
#include "letter.h"

/* After the deadline the guest does not start: no use to wait longer, but
 * the task's own end is worth knowing. */
#define GRACE_MS 60000
#define LIMIT_MAX_MS 3600000

/* --- the end of the task ------------------------------------------------ */

static void _tell(struct hand *hand)
{
	struct event ev = { .vm = hand->vm.id };

	hand->ended = false;
	hand->task_ref = (struct moref) { 0 };
	if (hand->failure.code)
		hand_fail(hand, &hand->failure);
	else
		hand_end(hand, EVENT_CLONE_DONE, &ev);
}

/* The task's end is known; told when WATCH asks, or now. */
static void _ended(struct hand *hand, const struct err *failure,
		   const struct moref *vm)
{
	hand->failure = failure ? *failure : (struct err) ERR_INIT;
	hand->vm = vm ? *vm : (struct moref) { 0 };
	if (!failure && !vm)
		err_set(&hand->failure, ERR_UNKNOWN,
			"the clone's task made no machine");
	hand->ended = true;
	if (hand->act.kind == ACTION_WATCH)
		_tell(hand);
}

static void _accepted(const struct moref *task, void *arg)
{
	struct hand *hand = arg;
	struct event ev = { .task = task->id };

	hand->task_ref = *task;
	if (hand->act.kind == ACTION_SUBMIT_CLONE)
		hand_end(hand, EVENT_SUBMITTED, &ev);
}

/* What keeps us away from vCenter as a whole, such as a certificate, is no
 * reason to give up this node: it is waited for like a password. A reply to
 * the submit itself that makes no sense is UNKNOWN; PROTOCOL without a fault
 * is of the login. */
static void _refused(struct hand *hand, const struct task_result *result)
{
	struct err err = *result->err;

	if (!result->fault &&
	    (err.code == ERR_CONFIG || err.code == ERR_PROTOCOL))
		err.code = ERR_AUTH;
	hand_fail(hand, &err);
}

static void _done(const struct task_result *result, void *arg)
{
	struct hand *hand = arg;

	hand->task = NULL;
	if (hand->act.kind == ACTION_SUBMIT_CLONE)
		_refused(hand, result);
	else
		_ended(hand, result->err, result->object);
}

/* --- the clone's cards -------------------------------------------------- */

struct cards {
	struct nic_change changes[CONFIG_NICS_MAX];
	size_t count;
	struct mac macs[CONFIG_NICS_MAX];	/* the changes' */
};

/* By what the guest knows the cards, when there is more than one. */
static int _name_sources(const struct source *source, size_t count,
			 struct letter *letter, struct err *err)
{
	if (count > 1 && source->nic_count < count)
		return err_set(err, ERR_CAPACITY, "source %s has %zu network "
			       "cards, and the nodes have %zu: see NicName=",
			       source->path, source->nic_count, count);
	for (size_t i = 0; i < count && i < source->nic_count; i++) {
		if (source->nics[i].has_mac)
			mac_print(&source->nics[i].mac, letter->sources[i]);
		else if (count > 1)
			return err_set(err, ERR_CAPACITY, "source %s: vCenter "
				       "does not tell the MAC address of its "
				       "card %zu", source->path, i + 1);
	}
	return 0;
}

/* What card number i is to have otherwise than its source's. */
static int _change(const struct hand *hand, const struct config_node *node,
		   const struct source *source, size_t i, struct cards *cards,
		   struct err *err)
{
	const struct executor *executor = hand->executor;
	int template = config_template_index(executor->config,
					     source->template_name);
	struct mac *mac = &cards->macs[cards->count];
	struct nic_change change = { .nic = &source->nics[i] };
	const char *network = template < 0 ? NULL
		: config_card_network(executor->config, node->set, i,
				      (size_t) template);

	if (config_nic_mac(node->set->cards[i].nic,
			   config_node_place(node, i), mac))
		change.mac = mac;
	if (!network && !change.mac)
		return 0;
	if (i >= source->nic_count)
		return err_set(err, ERR_CAPACITY, "source %s has no network "
			       "card for %s", source->path,
			       config_nic_name(node->set->cards[i].nic));
	if (network) {
		change.backing = networks_backing(executor->networks, network,
						  err);
		if (!change.backing)
			return -1;
	} else if (!change.nic->is_known) {
		return err_set(err, ERR_CAPACITY, "source %s: card %zu is on "
			       "no portgroup; give it a Network=",
			       source->path, i + 1);
	}
	cards->changes[cards->count++] = change;
	return 0;
}

static int _cards(const struct hand *hand, const struct source *source,
		  struct cards *cards, struct letter *letter,
		  struct err *err)
{
	const struct config_node *node =
		config_node(hand->executor->config, hand->rec.node);

	if (!node)
		return err_set(err, ERR_CONFIG, "node %s is not in the "
			       "configuration", hand->rec.node);
	for (size_t i = 0; i < node->set->card_count; i++)
		if (_change(hand, node, source, i, cards, err) < 0)
			return -1;
	return _name_sources(source, node->set->card_count, letter, err);
}

/* --- SUBMIT_CLONE ------------------------------------------------------- */

struct marks {
	struct buf identity;
	char owner[OWNER_TEXT_SIZE];
};

static int _make_marks(struct hand *hand, struct letter *letter,
		       struct marks *marks, struct err *err)
{
	const struct executor *executor = hand->executor;
	const struct record *rec = &hand->rec;
	int rc;

	letter->node = rec->node;
	letter->epoch = (int64_t) rec->epoch;
	letter->template = rec->req.template_name;
	letter->time = clock_wall_us();
	letter->not_after = rec->req.deadline;
	letter->shared = rec->req.shared;
	rc = letter_seed(letter, err);
	if (rc == 0)
		rc = letter_print(letter, executor->config, &marks->identity,
				  err);
	explicit_bzero(letter->seed, sizeof(letter->seed));
	if (rc < 0)
		return -1;
	return owner_make(executor->key.data, executor->key.len, rec->cluster,
			  rec->node, rec->epoch, marks->owner, err);
}

static int _places(const struct hand *hand, struct vm_clone_spec *spec,
		   const struct source **from, struct err *err)
{
	const struct sources *sources = hand->executor->sources;
	const struct source *source = sources_find(sources, hand->rec.source);
	const struct err *problem = sources_problem(sources);

	spec->folder = sources_folder(sources);
	spec->pool = sources_pool(sources);
	if (!spec->folder || !spec->pool)
		return err_set(err, ERR_TRANSIENT, "%s", problem
			       ? problem->text : "the clone folder and the "
			       "resource pool are still being looked up");
	if (!source || source->state != SOURCE_FROZEN)
		return err_set(err, ERR_CAPACITY, "source %s is not frozen",
			       hand->rec.source);
	spec->source = &source->vm;
	*from = source;
	return 0;
}

static unsigned _limit_ms(const struct record *rec)
{
	int64_t left = (rec->req.deadline - clock_wall_us()) /
		       CLOCK_US_PER_MS;

	if (left < 0)
		left = 0;
	left += GRACE_MS;
	return (unsigned) (left > LIMIT_MAX_MS ? LIMIT_MAX_MS : left);
}

static int _submit(struct hand *hand, struct marks *marks, struct err *err)
{
	struct vm_option options[] = {
		{ LETTER_KEY, NULL },
		{ OWNER_KEY, marks->owner },
	};
	struct vm_clone_spec spec = {
		.name = hand->rec.node,
		.options = options,
		.n_options = 2,
		.bios_uuid = hand->rec.bios_uuid,
	};
	const struct source *source = NULL;
	struct cards cards = { .count = 0 };
	struct letter letter = { .node = NULL };

	if (_places(hand, &spec, &source, err) < 0 ||
	    _cards(hand, source, &cards, &letter, err) < 0 ||
	    _make_marks(hand, &letter, marks, err) < 0)
		return -1;
	spec.nics = cards.changes;
	spec.n_nics = cards.count;
	options[0].value = buf_str(&marks->identity);
	hand->task = vm_instant_clone(hand->executor->watch, &spec,
				      hand->operation, _limit_ms(&hand->rec),
				      _done, hand, err);
	if (!hand->task)
		return -1;
	task_on_accept(hand->task, _accepted);
	return 0;
}

void backend_submit(struct hand *hand)
{
	struct marks marks;
	struct err err = ERR_INIT;

	/* A former cycle's task: nobody waits for it any more. */
	task_cancel(steal_ptr(&hand->task));
	hand->ended = false;
	hand->task_ref = (struct moref) { 0 };
	hand->task_epoch = hand->rec.epoch;
	buf_init(&marks.identity, LETTER_MAX);
	if (_submit(hand, &marks, &err) < 0)
		hand_fail(hand, &err);
	buf_wipe(&marks.identity);
}

/* --- WATCH -------------------------------------------------------------- */

static void _task_seen(const struct watch_event *event, void *arg)
{
	struct hand *hand = arg;
	struct err err = ERR_INIT;

	hand->task_watch = NULL;
	if (event->kind != WATCH_ENDED)
		err_set(&err, ERR_UNKNOWN, "the clone's task is no longer "
			"known to vCenter");
	else if (event->fault)
		fault_error(event->fault, "InstantClone_Task", &err);
	_ended(hand, err.code ? &err : NULL, event->result);
}

void backend_watch(struct hand *hand)
{
	struct moref task;
	struct err err = ERR_INIT;

	if (hand->ended && hand->task_epoch == hand->rec.epoch) {
		_tell(hand);
		return;
	}
	if (hand->task && hand->task_epoch == hand->rec.epoch)
		return;		/* _done() tells */
	/* After a restart only the task's id is left. */
	if (moref_set(&task, "Task", hand->rec.task, &err) == 0) {
		hand->task_epoch = hand->rec.epoch;
		hand->task_ref = task;
		hand->task_watch = watch_add(hand->executor->watch, &task,
					     WATCH_TASK, _task_seen, hand,
					     &err);
	}
	if (!hand->task_watch) {
		err.code = ERR_UNKNOWN;
		hand_fail(hand, &err);
	}
}
