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
 * reason to give up this node: it is waited for like a password. */
static void _refused(struct hand *hand, const struct task_result *result)
{
	struct err err = *result->err;

	if (!result->fault && err.code == ERR_CONFIG)
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

/* --- SUBMIT_CLONE ------------------------------------------------------- */

struct marks {
	struct buf identity;
	char owner[OWNER_TEXT_SIZE];
};

static int _make_marks(struct hand *hand, struct marks *marks,
		       struct err *err)
{
	const struct executor *executor = hand->executor;
	const struct record *rec = &hand->rec;
	struct letter letter = {
		.node = rec->node,
		.epoch = (int64_t) rec->epoch,
		.template = rec->req.template_name,
		.time = clock_wall_us(),
		.not_after = rec->req.deadline,
	};
	int rc = letter_seed(&letter, err);

	if (rc == 0)
		rc = letter_print(&letter, executor->config,
				  &marks->identity, err);
	explicit_bzero(letter.seed, sizeof(letter.seed));
	if (rc < 0)
		return -1;
	return owner_make(executor->key.data, executor->key.len, rec->cluster,
			  rec->node, rec->epoch, marks->owner, err);
}

static int _places(const struct hand *hand, struct vm_clone_spec *spec,
		   struct err *err)
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
		{ FACTS_OWNER, marks->owner },
	};
	struct vm_clone_spec spec = {
		.name = hand->rec.node,
		.options = options,
		.n_options = 2,
		.bios_uuid = hand->rec.bios_uuid,
	};

	if (_places(hand, &spec, err) < 0 ||
	    _make_marks(hand, marks, err) < 0)
		return -1;
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
