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
#include "common/rules/guard.h"
#include "hand.h"

#define BATCH_MAX 64
#define CHAIN_MAX 256		/* files of one disk; vSphere's end is 255 */
#define FILES_MAX 262144	/* of all machines in the folder */

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

/* --- facts -------------------------------------------------------------- */

struct facts {
	struct guard_facts guard;
	struct guard_disk disks[GUARD_DISKS_MAX];
	const char *files[GUARD_DISKS_MAX][CHAIN_MAX];
};

static bool _is_raw(const struct xml_node *backing)
{
	const char *type = xml_type(backing);

	return strstr(type, "Raw") != NULL || !*type;
}

/* VirtualDiskSharing and VirtualDiskMode; absent means plain. */
static bool _is_shared(const struct xml_node *backing)
{
	const char *sharing = xml_child_text(backing, "sharing");
	const char *mode = xml_child_text(backing, "diskMode");

	return (sharing && strcmp(sharing, "sharingNone")) ||
	       (mode && !strncmp(mode, "independent", 11));
}

/* Fill one disk; false when it cannot be read whole. */
static bool _read_disk(struct facts *facts, const struct xml_node *device,
		       size_t index)
{
	const struct xml_node *backing = disk_backing(device);
	struct guard_disk *disk = &facts->disks[index];
	size_t depth = 0;

	*disk = (struct guard_disk) {
		.top = disk_file(backing),
		.raw = _is_raw(backing),
		.shared = _is_shared(backing),
		.chain = facts->files[index],
	};
	for (; backing; backing = disk_parent(backing)) {
		if (depth == CHAIN_MAX || !disk_file(backing))
			return false;
		facts->files[index][depth++] = disk_file(backing);
	}
	disk->chain_count = depth;
	return depth > 0;
}

static void _read_disks(struct facts *facts, const struct machine *machine)
{
	const struct xml_node *device = NULL;
	size_t count = 0;

	if (!machine->devices)
		return;
	while ((device = disk_next(machine->devices, device)) != NULL)
		if (count == GUARD_DISKS_MAX ||
		    !_read_disk(facts, device, count++))
			return;
	facts->guard.disks = facts->disks;
	facts->guard.disk_count = count;
	facts->guard.has |= GUARD_HAS_DISKS | GUARD_HAS_LAYOUT;
}

static void _read_facts(struct facts *facts, const struct machine *machine,
			int64_t read_at)
{
	struct guard_facts *guard = &facts->guard;
	const char *owner;

	*guard = (struct guard_facts) { .read_at = read_at,
					.vm = machine->ref.id };
	if (moref_is_set(&machine->parent)) {
		guard->folder = machine->parent.id;
		guard->has |= GUARD_HAS_FOLDER;
	}
	if (machine->is_template >= 0) {
		guard->is_template = machine->is_template;
		guard->has |= GUARD_HAS_TEMPLATE;
	}
	guard->instance_uuid = machine->instance_uuid;
	guard->bios_uuid = machine->bios_uuid;
	guard->vmx = machine->path;
	guard->has |= (machine->instance_uuid ? GUARD_HAS_INSTANCE : 0u) |
		      (machine->bios_uuid ? GUARD_HAS_BIOS : 0u) |
		      (machine->path ? GUARD_HAS_FILES : 0u);
	if (machine->options) {
		owner = property_option(machine->options, OWNER_OPTION);
		guard->owner = owner ? owner : "";
		guard->has |= GUARD_HAS_CONFIG;
	}
	if (machine->power) {
		guard->powered_off = !strcmp(machine->power, "poweredOff");
		guard->has |= GUARD_HAS_POWER;
	}
	_read_disks(facts, machine);
}

/* --- the world ---------------------------------------------------------- */

static int _put_sources(const struct sources *sources, struct table *morefs,
			struct table *uuids, struct err *err)
{
	for (size_t i = 0; i < sources_count(sources); i++) {
		const struct source *source = sources_at(sources, i);

		if (!moref_is_set(&source->vm))
			continue;
		if (table_set(morefs, source->vm.id, morefs, err) < 0 ||
		    (*source->instance_uuid &&
		     table_set(uuids, source->instance_uuid, uuids, err) < 0))
			return -1;
	}
	return 0;
}

static void _judge(struct verdicts *verdicts, struct hand *hand,
		   const struct facts *facts)
{
	const struct executor *executor = hand->executor;
	const struct moref *folder = sources_folder(executor->sources);
	cleanup_table struct table *morefs =
		table_create(CONFIG_SOURCES_MAX, NULL);
	cleanup_table struct table *uuids =
		table_create(CONFIG_SOURCES_MAX, NULL);
	struct guard_world world = {
		.cluster = hand->rec.cluster,
		.key = executor->key.data,
		.key_len = executor->key.len,
		.folder = folder ? folder->id : "",
		.sources = morefs,
		.source_uuids = uuids,
		.chains = verdicts->chains,
		.chains_complete = verdicts->chains_complete,
		.chains_at = verdicts->began,
	};
	struct event ev = { .level = hand->act.level,
			    .facts_at = verdicts->began,
			    .powered_off = facts->guard.powered_off };
	struct err err = ERR_INIT;

	_leave_batch(hand);
	if (!morefs || !uuids ||
	    _put_sources(executor->sources, morefs, uuids, &err) < 0) {
		hand_fail(hand, &err);
	} else if (guard_check(hand->act.level, &facts->guard, &hand->rec,
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
	struct machine machine;
	struct facts *facts;

	if (!hand)
		return 0;
	if (machine_parse(&machine, object, err) < 0)
		return -1;
	if (hand->act.kind == ACTION_READ_BACK) {
		verdicts_read_back(hand, &machine);
		return 0;
	}
	facts = calloc(1, sizeof(*facts));
	if (!facts)
		return err_nomem(err);
	_read_facts(facts, &machine, verdicts->began);
	_judge(verdicts, hand, facts);
	free(facts);
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
	const struct xml_node *devices =
		property_value(object, "config.hardware.device");
	const struct xml_node *device = NULL, *backing;

	/* A machine that is just being made has no devices to show. */
	if (!devices)
		verdicts->chains_complete = false;
	while ((device = disk_next(devices, device)) != NULL)
		for (backing = disk_backing(device); backing;
		     backing = disk_parent(backing)) {
			const char *file = disk_file(backing);

			if (!file)
				verdicts->chains_complete = false;
			else if (chains_add(verdicts->chains, object->ref.id,
					    file, err) < 0)
				return -1;
		}
	return 0;
}

static void _sources_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;

	verdicts->query = NULL;
	if (failure)
		_machines_done(failure, verdicts);
	else
		_read_machines(verdicts);
}

static void _read_users(struct verdicts *verdicts, struct property_spec *spec,
			property_done_fn *done)
{
	static const char *const paths[] = { "config.hardware.device" };
	struct err err = ERR_INIT;

	spec->type = "VirtualMachine";
	spec->paths = paths;
	spec->n_paths = 1;
	verdicts->query = property_read(verdicts->executor->session, spec,
					_each_user, done, verdicts, &err);
	if (!verdicts->query)
		_machines_done(&err, verdicts);
}

static void _folder_done(const struct err *failure, void *arg)
{
	struct verdicts *verdicts = arg;
	const struct sources *sources = verdicts->executor->sources;
	cleanup_free struct moref *refs =
		calloc(sources_count(sources) + 1, sizeof(*refs));
	struct property_spec spec = { .objects = refs };
	struct err err = ERR_INIT;

	verdicts->query = NULL;
	if (failure || !refs) {
		err_nomem(&err);
		_machines_done(failure ? failure : &err, verdicts);
		return;
	}
	for (size_t i = 0; i < sources_count(sources); i++)
		if (moref_is_set(&sources_at(sources, i)->vm))
			refs[spec.n_objects++] = sources_at(sources, i)->vm;
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
