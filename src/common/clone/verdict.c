/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * READ_BACK and GUARD: facts about many machines in few requests.
 *
 * Acts that ask in the same turn are served together: if any machine is to
 * be destroyed, all that can share a file with it are read, and then the
 * machines in question, so that a verdict rests on facts of one moment.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "ancestry.h"
#include "facts.h"
#include "hand.h"
#include "neighbours.h"

#define BATCH_MAX 64

struct verdicts {
	struct executor *executor;
	struct loop_timer *timer;
	STAILQ_HEAD(, hand) waiting;

	/* The batch under way. */
	bool busy;
	struct hand *batch[BATCH_MAX];
	size_t count;
	struct property_query *query;
	struct neighbours *neighbours;
	bool compared;		/* they are read for this batch */
	struct moref folder;	/* when it began, as */
	size_t ancestors;	/* these */
	int64_t began;		/* when the first of its reads was sent */
	int64_t began_mono;
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
 * at may be the VM in question. And they must be those that the batch has
 * been read for. */
static int _check_sources(const struct verdicts *verdicts, struct err *err)
{
	const struct executor *executor = verdicts->executor;
	const struct sources *sources = executor->sources;
	const struct moref *folder = sources_folder(sources);

	if (!sources_listed(sources))
		return err_set(err, ERR_TRANSIENT, "the folders of Sources= "
			       "have not been listed yet");
	for (size_t i = 0; i < sources_count(sources); i++)
		if (sources_at(sources, i)->state == SOURCE_UNKNOWN)
			return err_set(err, ERR_TRANSIENT, "%s has not been "
				       "looked at yet",
				       sources_at(sources, i)->path);
	if (executor->forgot.code)
		return err_set(err, executor->forgot.code, "sources: %s",
			       executor->forgot.text);
	if (!folder || !moref_equal(folder, &verdicts->folder) ||
	    table_count(ancestry_vms(executor->ancestry)) !=
		    verdicts->ancestors)
		return err_set(err, ERR_TRANSIENT, "the clone folder or the "
			       "sources have changed meanwhile");
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

/* The act that may follow, for a little while. */
static void _give_pass(const struct verdicts *verdicts, struct hand *hand,
		       bool powered_off)
{
	if (hand->act.level == GUARD_DESTROY && !powered_off)
		return;
	hand->pass = (struct hand_pass) {
		.act = hand->act.level == GUARD_DESTROY ? ACTION_DESTROY
							: ACTION_POWER_OFF,
		.epoch = hand->rec.epoch,
		.read_mono = verdicts->began_mono,
	};
	memcpy(hand->pass.vm, hand->rec.vm, sizeof(hand->pass.vm));
}

static int _guard(const struct verdicts *verdicts, const struct hand *hand,
		  const struct guard_facts *facts, struct err *err)
{
	const struct executor *executor = hand->executor;
	struct guard_world world = {
		.cluster = hand->rec.cluster,
		.key = executor->key.data,
		.key_len = executor->key.len,
		.folder = verdicts->folder.id,
		.sources = ancestry_vms(executor->ancestry),
		.source_uuids = ancestry_uuids(executor->ancestry),
		.tenants_at = verdicts->began,
	};

	if (verdicts->compared) {
		world.tenants = neighbours_tenants(verdicts->neighbours);
		world.unreadable =
			neighbours_unreadable(verdicts->neighbours);
	}
	return guard_check(hand->act.level, facts, &hand->rec, &world,
			   clock_wall_us(), err);
}

static void _judge(struct verdicts *verdicts, struct hand *hand,
		   const struct guard_facts *facts)
{
	struct event ev = { .level = hand->act.level,
			    .facts_at = verdicts->began,
			    .powered_off = facts->powered_off };
	char directory[RECORD_DIRECTORY_SIZE];
	struct err err = ERR_INIT;

	_directory(facts->vmx, directory, sizeof(directory));
	ev.directory = directory;
	_leave_batch(hand);
	if (_check_sources(verdicts, &err) < 0) {
		hand_fail(hand, &err);
	} else if (_guard(verdicts, hand, facts, &err) < 0 &&
		   err.code == ERR_TRANSIENT) {
		hand_fail(hand, &err);
	} else if (err.code) {
		ev.text = err.text;
		ev.powered_off |= !(facts->has & GUARD_HAS_POWER);
		hand_end(hand, EVENT_GUARD_REFUSED, &ev);
	} else {
		_give_pass(verdicts, hand, facts->powered_off);
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
		.text = "the VM's id is another machine's now",
	};
	bool same = machine->bios_uuid &&
		    !strcasecmp(machine->bios_uuid, hand->rec.bios_uuid);

	_leave_batch(hand);
	/* No owner key is set on a machine that is not the clone. */
	hand_end(hand, same ? EVENT_READ_BACK : EVENT_VM_GONE, &ev);
}

/* --- the read of the machines in question ------------------------------- */

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct verdicts *verdicts = arg;
	cleanup_facts struct facts *facts = NULL;
	struct machine machine;
	struct hand *hand;

	if (!_hand_of(verdicts, &object->ref))
		return 0;
	if (machine_parse(&machine, object, err) < 0)
		return -1;
	facts = facts_create(&machine, verdicts->began);
	if (!facts)
		return err_nomem(err);
	/* Records that claim the same VM are judged each. */
	while ((hand = _hand_of(verdicts, &object->ref)) != NULL) {
		if (hand->act.kind == ACTION_READ_BACK)
			verdicts_read_back(hand, &machine);
		else
			_judge(verdicts, hand, facts_guard(facts));
	}
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
	_next_batch(verdicts);
}

static size_t _collect(const struct verdicts *verdicts, struct moref *refs)
{
	for (size_t i = 0; i < verdicts->count; i++)
		refs[i] = hand_vm(verdicts->batch[i]);
	return verdicts->count;
}

static void _read_machines(struct verdicts *verdicts)
{
	struct moref refs[BATCH_MAX];
	struct property_spec spec = { 0 };
	enum machine_detail detail = MACHINE_OPTIONS;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < verdicts->count; i++)
		if (verdicts->batch[i]->act.kind == ACTION_GUARD)
			detail = MACHINE_ALL;
	machine_spec(&spec, detail);
	spec.objects = refs;
	spec.n_objects = _collect(verdicts, refs);
	spec.lenient = true;	/* one that is barred is not all */
	verdicts->query = property_read(verdicts->executor->session, &spec,
					_each_machine, _machines_done,
					verdicts, &err);
	if (!verdicts->query)
		_machines_done(&err, verdicts);
}

/* --- the read of the others --------------------------------------------- */

static void _neighbours_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;

	if (failure) {
		_machines_done(failure, verdicts);
		return;
	}
	verdicts->compared = true;
	_read_machines(verdicts);
}

static void _read_neighbours(struct verdicts *verdicts)
{
	struct moref refs[BATCH_MAX];
	struct err err = ERR_INIT;

	if (neighbours_read(verdicts->neighbours, refs,
			    _collect(verdicts, refs), &verdicts->folder,
			    &err) < 0)
		_machines_done(&err, verdicts);
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

/* What the verdicts will rest on. */
static void _begin(struct verdicts *verdicts)
{
	const struct executor *executor = verdicts->executor;
	const struct moref *folder = sources_folder(executor->sources);

	verdicts->folder = folder ? *folder : (struct moref) { .id = "" };
	verdicts->ancestors = table_count(ancestry_vms(executor->ancestry));
	verdicts->compared = false;
	verdicts->began = clock_wall_us();
	verdicts->began_mono = clock_mono_us();
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
	_begin(verdicts);
	if (_destroys(verdicts))
		_read_neighbours(verdicts);
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
	verdicts->neighbours = neighbours_create(executor, _neighbours_done,
						 verdicts);
	if (!verdicts->neighbours)
		err_nomem(err);
	else
		verdicts->timer = loop_timer_create(executor->loop, _on_timer,
						    verdicts, err);
	if (verdicts->timer)
		return verdicts;
	verdicts_destroy(verdicts);
	return NULL;
}

void verdicts_destroy(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	property_cancel(verdicts->query);
	neighbours_destroy(verdicts->neighbours);
	loop_timer_destroy(verdicts->timer);
	free(verdicts);
}
