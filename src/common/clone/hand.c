/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/rules/owner.h"
#include "facts.h"
#include "hand.h"

void hand_free(void *value)
{
	struct hand *hand = value;

	search_cancel(hand->search);
	property_cancel(hand->query);
	task_cancel(hand->task);
	watch_remove(hand->task_watch);
	free(hand);
}

/* Nothing of it is under way, or about to be. */
static bool _is_idle(const struct hand *hand)
{
	return hand->act.kind == ACTION_NONE && !hand->pass.act &&
	       !hand->search &&
	       !hand->query && !hand->task && !hand->task_watch &&
	       !hand->ended && !hand->batched;
}

void hands_tidy(void *arg)
{
	struct executor *executor = arg;
	struct hand *hand;

	while ((hand = STAILQ_FIRST(&executor->idle)) != NULL) {
		STAILQ_REMOVE_HEAD(&executor->idle, idle);
		hand->is_listed = false;
		if (_is_idle(hand))
			hand_free(table_take(executor->hands, hand->rec.node));
	}
}

static void _may_be_idle(struct hand *hand)
{
	if (hand->is_listed)
		return;
	hand->is_listed = true;
	STAILQ_INSERT_TAIL(&hand->executor->idle, hand, idle);
	loop_timer_set(hand->executor->idle_timer, 0);
}

struct hand *hand_of(struct executor *executor, const char *node)
{
	struct hand *hand = table_get(executor->hands, node);

	if (hand)
		return hand;
	hand = calloc(1, sizeof(*hand));
	if (!hand || table_set(executor->hands, node, hand, NULL) < 0)
		abort();	/* restarted by systemd; nothing is lost */
	hand->executor = executor;
	return hand;
}

void hand_end(struct hand *hand, enum event_kind kind, struct event *ev)
{
	ev->kind = kind;
	ev->act = hand->act.kind;
	ev->epoch = hand->act.epoch;
	hand->act.kind = ACTION_NONE;
	_may_be_idle(hand);
	hand->executor->hooks.event(hand->rec.node, ev,
				    hand->executor->hooks.arg);
}

/* The next look shows why: a place moved, a source changed, or vCenter is
 * away, which need be seen but once. */
static bool _shows(const struct executor *executor, enum err_code code)
{
	if (code == ERR_TRANSIENT || code == ERR_UNKNOWN || code == ERR_AUTH)
		return !executor_problem(executor);
	return code == ERR_NOTFOUND || code == ERR_CAPACITY;
}

void hand_fail(struct hand *hand, const struct err *err)
{
	struct event ev = { .cause = failure_cause(err->code),
			    .text = err->text };

	if (_shows(hand->executor, err->code)) {
		sources_poke(hand->executor->sources);
		networks_poke(hand->executor->networks);
	}
	hand_end(hand, err->code == ERR_UNKNOWN ? EVENT_UNKNOWN
						: EVENT_FAILED, &ev);
}

struct moref hand_vm(const struct hand *hand)
{
	struct moref ref = { 0 };

	(void) moref_set(&ref, "VirtualMachine", hand->rec.vm, NULL);
	return ref;
}

/* Who is no source may still be found in a folder of them. */
int hand_source(const struct hand *hand, const struct moref **vm,
		struct err *err)
{
	const struct sources *sources = hand->executor->sources;
	const struct source *source = sources_find(sources, hand->rec.source);
	bool is_set = source && moref_is_set(&source->vm);

	if (!is_set && (source ? source->state == SOURCE_UNKNOWN
			       : !sources_listed(sources)))
		return err_set(err, ERR_TRANSIENT, "source %s has not been "
			       "looked at yet", hand->rec.source);
	*vm = is_set ? &source->vm : NULL;
	return 0;
}

const struct moref *hand_folder(const struct hand *hand, struct err *err)
{
	const struct sources *sources = hand->executor->sources;
	const struct moref *folder = sources_folder(sources);
	const struct err *problem = sources_problem(sources);

	if (!folder)
		err_set(err, ERR_TRANSIENT, "%s", problem ? problem->text
			: "the clone folder is being looked for");
	return folder;
}

int hand_owner(const struct executor *executor, const struct machine *machine,
	       struct owner *owner)
{
	const char *text = property_option(machine->options, OWNER_KEY);

	if (!text || !machine->bios_uuid)
		return -1;
	return owner_verify(executor->key.data, executor->key.len, text,
			    machine->bios_uuid, owner, NULL);
}
