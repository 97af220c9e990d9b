/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ_BACK and GUARD: facts about many machines in few requests.
 *
 * Acts that ask in the same turn are served together: one read of the
 * machines in question and, if any is to be destroyed, one of every machine
 * that can share a file with them, so that a verdict rests on facts of one
 * moment.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "ancestry.h"
#include "facts.h"
#include "hand.h"

#define BATCH_MAX 64
#define FILES_MAX 524288	/* of all machines in the folder */

struct verdicts {
	struct executor *executor;
	struct loop_timer *timer;
	STAILQ_HEAD(, hand) waiting;

	/* The batch under way. */
	bool busy;
	struct hand *batch[BATCH_MAX];
	size_t count;
	struct property_query *query;
	struct chains *chains;
	bool chains_complete;
	int64_t began;		/* when the first of its reads was sent */
};

static void _next_batch(struct verdicts *verdicts);

/* The hand of the batch that asks about that machine, or NULL. */
static struct hand *_hand_of(const struct verdicts *verdicts,
			     const struct moref *ref)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		struct hand *hand = verdicts->batch[i];

		if (hand && !strcmp(hand->rec.vm, ref->id))
			return hand;
	}
	return NULL;
}

/* It has its event; what it is used for next is not this batch's. */
static void _leave_batch(struct hand *hand)
{
	struct verdicts *verdicts = hand->executor->verdicts;

	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->batch[i] == hand)
			verdicts->batch[i] = NULL;
	hand->batched = false;
}

/* --- the verdict --------------------------------------------------------- */

/* All sources of today must have been found or missed: what was not looked
 * at may be the VM in question. */
static int _check_sources(const struct executor *executor, struct err *err)
{
	const struct sources *sources = executor->sources;

	for (size_t i = 0; i < sources_count(sources); i++)
		if (sources_at(sources, i)->state == SOURCE_UNKNOWN)
			return err_set(err, ERR_TRANSIENT, "%s has not been "
				       "looked at yet",
				       sources_at(sources, i)->path);
	if (executor->forgot.code)
		return err_set(err, executor->forgot.code, "sources: %s",
			       executor->forgot.text);
	return 0;
}

/* "[ds1] vm1/vm1.vmx" lies in "[ds1] vm1"; out is "" when it lies nowhere. */
static void _directory(const char *vmx, char *out, size_t size)
{
	const char *slash = vmx ? strrchr(vmx, '/') : NULL;

	*out = '\0';
	if (slash && (size_t) (slash - vmx) < size) {
		memcpy(out, vmx, (size_t) (slash - vmx));
		out[slash - vmx] = '\0';
	}
}

static void _judge(struct verdicts *verdicts, struct hand *hand,
		   const struct guard_facts *facts)
{
	const struct executor *executor = hand->executor;
	const struct moref *folder = sources_folder(executor->sources);
	struct guard_world world = {
		.cluster = hand->rec.cluster,
		.key = executor->key.data,
		.key_len = executor->key.len,
		.folder = folder ? folder->id : "",
		.sources = ancestry_vms(executor->ancestry),
		.source_uuids = ancestry_uuids(executor->ancestry),
		.chains = verdicts->chains,
		.chains_complete = verdicts->chains_complete,
		.chains_at = verdicts->began,
	};
	struct event ev = { .level = hand->act.level,
			    .facts_at = verdicts->began,
			    .powered_off = facts->powered_off };
	char directory[RECORD_DIRECTORY_SIZE];
	struct err err = ERR_INIT;

	_directory(facts->vmx, directory, sizeof(directory));
	ev.directory = directory;
	_leave_batch(hand);
	if (_check_sources(executor, &err) < 0) {
		hand_fail(hand, &err);
	} else if (guard_check(hand->act.level, facts, &hand->rec,
			       &world, clock_wall_us(), &err) < 0) {
		ev.text = err.text;
		hand_end(hand, EVENT_GUARD_REFUSED, &ev);
	} else {
		hand_end(hand, EVENT_GUARD_OK, &ev);
	}
}

void verdicts_read_back(struct hand *hand, const struct machine *machine)
{
	struct owner owner;
	struct event ev = {
		.instance_uuid = machine->instance_uuid,
		.owned = hand_owner(hand->executor, machine, &owner) == 0 &&
			 owner.epoch == hand->rec.epoch,
	};

	_leave_batch(hand);
	hand_end(hand, EVENT_READ_BACK, &ev);
}

/* --- the read of the machines in question ------------------------------- */

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct verdicts *verdicts = arg;
	struct hand *hand = _hand_of(verdicts, &object->ref);
	cleanup_facts struct facts *facts = NULL;
	struct machine machine;

	if (!hand)
		return 0;
	if (machine_parse(&machine, object, err) < 0)
		return -1;
	if (hand->act.kind == ACTION_READ_BACK) {
		verdicts_read_back(hand, &machine);
		return 0;
	}
	facts = facts_create(&machine, verdicts->began);
	if (!facts)
		return err_nomem(err);
	_judge(verdicts, hand, facts_guard(facts));
	return 0;
}

/* Whoever is still in the batch was not told: gone, or the read failed. */
static void _machines_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;

	verdicts->query = NULL;
	for (size_t i = 0; i < verdicts->count; i++) {
		struct hand *hand = verdicts->batch[i];
		struct event ev = { .text = "no such machine" };

		if (!hand)
			continue;
		_leave_batch(hand);
		if (failure)
			hand_fail(hand, failure);
		else
			hand_end(hand, EVENT_VM_GONE, &ev);
	}
	chains_destroy(steal_ptr(&verdicts->chains));
	_next_batch(verdicts);
}

static void _read_machines(struct verdicts *verdicts)
{
	struct moref refs[BATCH_MAX];
	struct property_spec spec = { 0 };
	enum machine_detail detail = MACHINE_OPTIONS;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < verdicts->count; i++) {
		refs[i] = hand_vm(verdicts->batch[i]);
		if (verdicts->batch[i]->act.kind == ACTION_GUARD)
			detail = MACHINE_ALL;
	}
	machine_spec(&spec, detail);
	spec.objects = refs;
	spec.n_objects = verdicts->count;
	verdicts->query = property_read(verdicts->executor->session, &spec,
					_each_machine, _machines_done,
					verdicts, &err);
	if (!verdicts->query)
		_machines_done(&err, verdicts);
}

/* --- the read of all chains --------------------------------------------- */

static int _each_user(const struct property_object *object, void *arg,
		      struct err *err)
{
	struct verdicts *verdicts = arg;
	struct machine machine;
	int whole;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	whole = facts_put_chains(&machine, verdicts->chains, err);
	if (whole == 0)
		verdicts->chains_complete = false;
	ancestry_tell(verdicts->executor->ancestry, object->ref.id);
	return whole < 0 ? -1 : 0;
}

static void _sources_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;

	verdicts->query = NULL;
	if (failure) {
		_machines_done(failure, verdicts);
		return;
	}
	ancestry_settle(verdicts->executor->ancestry);
	_read_machines(verdicts);
}

static void _read_users(struct verdicts *verdicts, struct property_spec *spec,
			property_done_fn *done)
{
	struct err err = ERR_INIT;

	spec->type = "VirtualMachine";
	spec->paths = facts_chain_paths;
	spec->n_paths = FACTS_CHAIN_PATHS;
	verdicts->query = property_read(verdicts->executor->session, spec,
					_each_user, done, verdicts, &err);
	if (!verdicts->query)
		_machines_done(&err, verdicts);
}

static void _folder_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;
	cleanup_free struct moref *refs = calloc(ANCESTRY_MAX, sizeof(*refs));
	struct property_spec spec = { .objects = refs };
	struct err err = ERR_INIT;

	verdicts->query = NULL;
	if (failure || !refs) {
		err_nomem(&err);
		_machines_done(failure ? failure : &err, verdicts);
		return;
	}
	spec.n_objects = ancestry_ask(verdicts->executor->ancestry, refs);
	if (spec.n_objects)
		_read_users(verdicts, &spec, _sources_done);
	else
		_read_machines(verdicts);
}

static void _read_folder(struct verdicts *verdicts)
{
	struct property_spec spec = {
		.from = sources_folder(verdicts->executor->sources),
		.via = "childEntity",
	};
	struct err err = ERR_INIT;

	verdicts->chains = chains_create(FILES_MAX);
	verdicts->chains_complete = true;
	if (!spec.from || !verdicts->chains) {
		err_set(&err, ERR_TRANSIENT, "the clone folder is not found");
		_machines_done(&err, verdicts);
		return;
	}
	_read_users(verdicts, &spec, _folder_done);
}

/* --- batches ------------------------------------------------------------ */

static bool _destroys(const struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->batch[i]->act.kind == ACTION_GUARD &&
		    verdicts->batch[i]->act.level == GUARD_DESTROY)
			return true;
	return false;
}

static void _next_batch(struct verdicts *verdicts)
{
	struct hand *hand;

	verdicts->count = 0;
	while (verdicts->count < BATCH_MAX &&
	       (hand = STAILQ_FIRST(&verdicts->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&verdicts->waiting, batch);
		verdicts->batch[verdicts->count++] = hand;
	}
	verdicts->busy = verdicts->count > 0;
	if (!verdicts->busy)
		return;
	verdicts->began = clock_wall_us();
	if (_destroys(verdicts))
		_read_folder(verdicts);
	else
		_read_machines(verdicts);
}

static void _on_timer(void *arg)
{
	struct verdicts *verdicts = arg;

	if (!verdicts->busy)
		_next_batch(verdicts);
}

void verdicts_add(struct hand *hand)
{
	struct verdicts *verdicts = hand->executor->verdicts;

	hand->batched = true;
	STAILQ_INSERT_TAIL(&verdicts->waiting, hand, batch);
	loop_timer_set(verdicts->timer, 0);
}

struct verdicts *verdicts_create(struct executor *executor, struct err *err)
{
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));

	if (!verdicts) {
		err_nomem(err);
		return NULL;
	}
	verdicts->executor = executor;
	STAILQ_INIT(&verdicts->waiting);
	verdicts->timer = loop_timer_create(executor->loop, _on_timer,
					    verdicts, err);
	if (!verdicts->timer) {
		free(verdicts);
		return NULL;
	}
	return verdicts;
}

void verdicts_destroy(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	property_cancel(verdicts->query);
	chains_destroy(verdicts->chains);
	loop_timer_destroy(verdicts->timer);
	free(verdicts);
}
