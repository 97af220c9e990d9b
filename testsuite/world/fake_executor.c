/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/clone/executor.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "fake_executor.h"
#include "lookup.h"
#include "plan.h"
#include "process.h"
#include "slurm.h"
#include "fake_sources.h"
#include "story.h"
#include "verdict.h"

#define SOURCES_MAX 16

/* What is under way for a node, and the machine that is watched. */
struct hand {
	struct record rec;
	struct action act;		/* ACTION_NONE: idle */
	uint64_t number;		/* of the act */
	char vm[VCENTER_ID_SIZE];	/* watched; "": none */
	uint64_t epoch;			/* of the one watched */
};

struct executor {
	struct executor_hooks hooks;
	struct sources *sources;
	struct table *ids, *uuids;	/* of sources */
	struct hand hands[SLURM_NODES];
};

/* A request on its way; it arrives also when its sender is dead. */
struct errand {
	unsigned process;
	int node;
	uint64_t number;
	enum action_kind kind;
	uint64_t epoch;
	char vm[VCENTER_ID_SIZE];
	struct clone_spec spec;		/* of SUBMIT_CLONE and SET_OWNER */
	int64_t sent;
	bool no_reply;
};

/* What comes back. */
struct reply {
	unsigned process;
	int node;
	uint64_t number;
	struct event ev;
	char vm[VCENTER_ID_SIZE];
	char instance_uuid[UUID_TEXT_SIZE];
	char text[200];
};

static struct executor *self;	/* of the process there is */
static uint64_t acts;

uint64_t executor_acts(void)
{
	return acts;
}

/* --- replies ------------------------------------------------------------ */

static struct hand *_hand_of(unsigned process, int node, uint64_t number)
{
	struct hand *hand = self ? &self->hands[node] : NULL;

	if (!hand || process != process_number() || hand->number != number)
		return NULL;
	return hand;
}

static void _deliver(void *data)
{
	struct reply *reply = data;
	struct hand *hand = _hand_of(reply->process, reply->node,
				     reply->number);
	struct event *ev = &reply->ev;

	if (!hand || !process_passes(BARRIER_BEFORE_EVENT))
		return;
	ev->act = hand->act.kind;
	ev->epoch = hand->act.epoch;
	if (ev->vm)
		ev->vm = reply->vm;
	if (ev->task)
		ev->task = reply->vm;
	if (ev->instance_uuid)
		ev->instance_uuid = reply->instance_uuid;
	if (ev->text)
		ev->text = reply->text;
	hand->act.kind = ACTION_NONE;
	hand->number = 0;
	story("vcenter", "%s: %s %s %s", hand->rec.node, event_name(ev->kind),
	      ev->vm ? ev->vm : "", ev->text ? ev->text : "");
	self->hooks.event(hand->rec.node, ev, self->hooks.arg);
}

static void _reply(const struct errand *errand, int64_t in, struct event ev)
{
	struct reply reply = { .process = errand->process,
			       .node = errand->node,
			       .number = errand->number, .ev = ev };

	snprintf(reply.vm, sizeof(reply.vm), "%s",
		 ev.vm ? ev.vm : ev.task ? ev.task : "");
	snprintf(reply.instance_uuid, sizeof(reply.instance_uuid), "%s",
		 ev.instance_uuid ? ev.instance_uuid : "");
	snprintf(reply.text, sizeof(reply.text), "%s", ev.text ? ev.text : "");
	agenda_after(in, _deliver, &reply, sizeof(reply));
}

static struct event _failed(enum cause cause, const char *text)
{
	return (struct event) {
		.kind = cause == CAUSE_UNKNOWN ? EVENT_UNKNOWN : EVENT_FAILED,
		.cause = cause, .text = text };
}

/* --- acts, where they arrive -------------------------------------------- */

static struct event _submit(const struct errand *errand)
{
	static char id[VCENTER_ID_SIZE];
	enum cause fault = CAUSE_NONE;

	if (vcenter_clone(&errand->spec, id, &fault) < 0)
		return _failed(fault, "DuplicateName");
	if (!errand->no_reply)
		lookup_know(errand->process, errand->node, id);
	return (struct event) { .kind = EVENT_SUBMITTED, .task = id };
}

static struct event _watched(const struct clone_task *task)
{
	if (!task)
		return _failed(CAUSE_UNKNOWN, "the task is not known");
	if (task->failure)
		return _failed(task->failure, "the task failed");
	return (struct event) { .kind = EVENT_CLONE_DONE, .vm = task->vm };
}

static struct event _set_owner(const struct errand *errand)
{
	struct machine_is *vm = vcenter_by_id(errand->vm);

	if (!vm)
		return (struct event) { .kind = EVENT_VM_GONE };
	if (vm->epoch != errand->epoch)
		audit_wrong(errand->spec.node, "%s gets the key of another",
			    vm->id);
	memcpy(vm->owner, errand->spec.owner, sizeof(vm->owner));
	return (struct event) { .kind = EVENT_OWNER_SET };
}

static struct event _end_vm(const struct errand *errand)
{
	bool off = errand->kind == ACTION_POWER_OFF;
	enum cause fault = off ? vcenter_power_off(errand->vm, errand->sent)
			       : vcenter_destroy(errand->vm);

	if (fault == CAUSE_NOTFOUND)
		return (struct event) { .kind = EVENT_VM_GONE };
	if (fault)
		return _failed(fault, "InvalidPowerState");
	return (struct event) { .kind = off ? EVENT_POWERED_OFF
					    : EVENT_DESTROYED };
}

/* What only looks, for the process that asked. */
static struct event _look(const struct hand *hand, enum action_kind kind)
{
	switch (kind) {
	case ACTION_LOOK_UP:
		return lookup_find(&hand->rec);
	case ACTION_PROVE_ABSENCE:
		return lookup_prove_absence(&hand->rec);
	case ACTION_READ_BACK:
		return lookup_read_back(&hand->rec);
	default:
		return verdict_of(&hand->rec, hand->act.level);
	}
}

static void _arrive(void *data)
{
	const struct errand *errand = data;
	struct hand *hand = _hand_of(errand->process, errand->node,
				     errand->number);
	struct event ev;

	if (vcenter_is_away()) {
		ev = _failed(CAUSE_TRANSIENT, "vCenter is away");
	} else if (errand->kind == ACTION_SUBMIT_CLONE) {
		ev = _submit(errand);
	} else if (errand->kind == ACTION_SET_OWNER) {
		ev = _set_owner(errand);
	} else if (errand->kind == ACTION_POWER_OFF ||
		   errand->kind == ACTION_DESTROY) {
		ev = _end_vm(errand);
	} else if (!hand) {
		return;
	} else if (errand->kind == ACTION_WATCH) {
		const struct clone_task *task = vcenter_task(hand->rec.task);

		if (task && !task->done)
			return;		/* executor_task_ended() will tell */
		ev = _watched(task);
	} else {
		ev = _look(hand, errand->kind);
	}
	if (hand && !errand->no_reply)
		_reply(errand, dice_us(MS, 60 * MS), ev);
}

void executor_task_ended(const struct clone_task *task)
{
	for (int i = 0; self && i < SLURM_NODES; i++) {
		struct hand *hand = &self->hands[i];
		struct errand errand = { .process = process_number(),
					 .node = i, .number = hand->number };

		if (hand->act.kind == ACTION_WATCH &&
		    (!task || !strcmp(task->id, hand->rec.task)))
			_reply(&errand, dice_us(MS, 60 * MS), _watched(task));
	}
}

/* --- sending ------------------------------------------------------------ */

static void _make_spec(const struct record *rec, struct clone_spec *spec)
{
	memcpy(spec->bios_uuid, rec->bios_uuid, sizeof(spec->bios_uuid));
	snprintf(spec->source, sizeof(spec->source), "%s", rec->source);
	snprintf(spec->node, sizeof(spec->node), "%s", rec->node);
	spec->epoch = rec->epoch;
	spec->not_after = rec->req.deadline;
	(void) owner_make(VCENTER_KEY, strlen(VCENTER_KEY), rec->cluster,
			  rec->node, rec->epoch, spec->owner, NULL);
}

static bool _changes(enum action_kind kind)
{
	return kind == ACTION_SUBMIT_CLONE || kind == ACTION_SET_OWNER ||
	       kind == ACTION_POWER_OFF || kind == ACTION_DESTROY;
}

/* Its sender gives up after a while; of what only looks, it knows that
 * nothing has happened. */
static void _lose(const struct errand *errand, int64_t in)
{
	_reply(errand, in, _failed(_changes(errand->kind) ? CAUSE_UNKNOWN
							   : CAUSE_TRANSIENT,
				   "no reply"));
}

static void _send(struct errand *errand)
{
	int64_t way = dice_us(MS, 60 * MS);

	if (plan_strikes(FAULT_REQUEST_LOST)) {
		_lose(errand, dice_us(S, 20 * S));
		return;
	}
	if (plan_strikes(FAULT_REFUSED)) {
		_reply(errand, way, _failed(dice(2) ? CAUSE_TRANSIENT
						    : CAUSE_CAPACITY,
					    "not now"));
		return;
	}
	if (plan_strikes(FAULT_REPLY_LOST)) {
		errand->no_reply = true;
		_lose(errand, dice_us(100 * MS, 20 * S));
	} else if (plan_strikes(FAULT_LATE)) {
		errand->no_reply = errand->spec.late = true;
		_lose(errand, dice_us(100 * MS, S));
		way = dice_us(S, 90 * S);
	}
	agenda_after(way, _arrive, errand, sizeof(*errand));
}

void executor_act(struct executor *executor, const struct record *rec,
		  const struct action *action)
{
	int node = slurm_node_index(rec->node);
	struct hand *hand = &executor->hands[node];
	struct errand errand = { .process = process_number(), .node = node,
				 .number = ++acts, .kind = action->kind,
				 .epoch = rec->epoch,
				 .sent = agenda_now() };

	if (hand->act.kind != ACTION_NONE)
		audit_wrong(rec->node, "%s while %s is under way",
			    action_name(action->kind),
			    action_name(hand->act.kind));
	hand->rec = *rec;
	hand->act = *action;
	hand->number = errand.number;
	if (!process_passes(BARRIER_BEFORE_ACT))
		return;
	snprintf(errand.vm, sizeof(errand.vm), "%s", rec->vm);
	if (_changes(action->kind))
		_make_spec(rec, &errand.spec);
	if (action->kind == ACTION_WATCH)
		lookup_know(errand.process, node, rec->task);
	if (action->kind == ACTION_SUBMIT_CLONE)
		audit_submit(rec->node, rec->epoch);
	if ((action->kind == ACTION_POWER_OFF ||
	     action->kind == ACTION_DESTROY) &&
	    !verdict_holds(rec, action->kind))
		_reply(&errand, 0, _failed(CAUSE_BUSY, "an old verdict"));
	else
		_send(&errand);
	(void) process_passes(BARRIER_AFTER_ACT);
}

/* --- machines in use ---------------------------------------------------- */

/* What vCenter and the guest say of a watched machine. */
static void _notice(void *data)
{
	struct errand *errand = data;
	struct hand *hand = self ? &self->hands[errand->node] : NULL;
	const struct machine_is *vm = vcenter_by_id(errand->vm);
	struct event ev = { .epoch = errand->epoch };

	if (!hand || errand->process != process_number() ||
	    strcmp(hand->vm, errand->vm) != 0 ||
	    hand->epoch != errand->epoch ||
	    !process_passes(BARRIER_BEFORE_EVENT))
		return;
	if (!vm || !vm->on) {
		ev.kind = EVENT_VM_LOST;
		ev.text = vm ? "powered off" : "gone";
	} else if (vm->guest_failed) {
		ev.kind = EVENT_GUEST_FAILED;
		ev.text = "the guest cannot start";
	} else if (vm->guest_ready) {
		ev.kind = EVENT_IDENTIFIED;
	} else {
		return;
	}
	self->hooks.event(slurm_node_name(errand->node), &ev,
			  self->hooks.arg);
}

static void _notify(int node)
{
	struct errand errand = { .process = process_number(), .node = node,
				 .epoch = self->hands[node].epoch };

	memcpy(errand.vm, self->hands[node].vm, sizeof(errand.vm));
	agenda_after(dice_us(MS, 300 * MS), _notice, &errand, sizeof(errand));
}

void executor_changed(const struct machine_is *vm)
{
	for (int i = 0; self && i < SLURM_NODES; i++)
		if (!strcmp(self->hands[i].vm, vm->id))
			_notify(i);
}

void executor_stepped(struct executor *executor, const struct record *rec)
{
	int node = slurm_node_index(rec->node);
	struct hand *hand = &executor->hands[node];

	if (process_lives())
		audit_record(rec);
	if (rec->phase < PHASE_CLONED || rec->phase > PHASE_READY) {
		*hand->vm = '\0';
		return;
	}
	if (!strcmp(hand->vm, rec->vm) && hand->epoch == rec->epoch)
		return;
	snprintf(hand->vm, sizeof(hand->vm), "%s", rec->vm);
	hand->epoch = rec->epoch;
	_notify(node);
}

/* --- the whole ---------------------------------------------------------- */

const struct table *executor_source_ids(void)
{
	return self->ids;
}

const struct table *executor_source_uuids(void)
{
	return self->uuids;
}

int executor_remember(struct executor *executor, const char *vm,
		      const char *instance_uuid, struct err *err)
{
	if (table_set(executor->ids, vm, executor, err) < 0)
		return -1;
	return table_set(executor->uuids, instance_uuid, executor, err);
}

/* No folders here. */
int executor_recall(struct executor *executor, const char *path,
		    const char *vm, const char *instance_uuid,
		    struct err *err)
{
	(void) executor;
	(void) vm;
	(void) instance_uuid;
	return err_set(err, ERR_NOTFOUND, "%s", path);
}

void executor_saw_source(const struct machine_is *source)
{
	if (table_get(self->ids, source->id))
		return;
	(void) executor_remember(self, source->id, source->instance_uuid,
				 NULL);
	self->hooks.source(source->id, source->instance_uuid,
			   self->hooks.arg);
}

static void _sources_changed(void *arg)
{
	struct executor *executor = arg;

	executor->hooks.sources(executor->hooks.arg);
}

struct executor *executor_create(struct loop *loop,
				 const struct config *config,
				 const struct executor_hooks *hooks,
				 struct err *err)
{
	struct executor *executor = calloc(1, sizeof(*executor));
	struct sources_hooks look = { .changed = _sources_changed,
				      .arg = executor };

	if (!executor)
		abort();
	executor->hooks = *hooks;
	executor->ids = table_create(SOURCES_MAX, NULL);
	executor->uuids = table_create(SOURCES_MAX, NULL);
	executor->sources = sources_create(loop, NULL, config, &look, err);
	lookup_forget();
	self = executor;
	return executor;
}

void executor_destroy(struct executor *executor)
{
	if (!executor)
		return;
	sources_destroy(executor->sources);
	table_destroy(executor->ids);
	table_destroy(executor->uuids);
	free(executor);
	self = NULL;
}

/* Sources come on by themselves here. */
struct start *executor_start(struct executor *executor, const char *path,
			     void (*done)(const struct err *failure,
					  void *arg),
			     void *arg, struct err *err)
{
	(void) executor;
	(void) done;
	(void) arg;
	err_set(err, ERR_REFUSED, "%s", path);
	return NULL;
}

void executor_start_cancel(struct start *start)
{
	(void) start;
}

int executor_reload(struct executor *executor, const struct config *config,
		    struct err *err)
{
	(void) executor;
	(void) config;
	return err_set(err, ERR_CONFIG, "the world's does not change");
}

void executor_leave(struct executor *executor, void (*done)(void *arg),
		    void *arg)
{
	(void) executor;
	done(arg);
}

const struct sources *executor_sources(const struct executor *executor)
{
	return executor->sources;
}

const struct err *executor_problem(const struct executor *executor)
{
	return sources_problem(executor->sources);
}
