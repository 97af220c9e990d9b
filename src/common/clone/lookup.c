/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOOK_UP: our biosUuid anywhere -> the name in the folder -> the source's
 * recent tasks, which also say whether what was found is whole.
 * PROVE_ABSENCE: the same places must show nothing; then browse.c.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "facts.h"
#include "hand.h"

/* --- steps both share --------------------------------------------------- */

typedef void step_fn(struct hand *hand, const struct moref *found);

static void _searched(const struct moref *found, const struct err *failure,
		      void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure)
		hand_fail(hand, failure);
	else
		hand->step(hand, found);
}

/* In the folder itself: another one may have its path by now, or none. */
static void _search_name(struct hand *hand, step_fn *then)
{
	struct err err = ERR_INIT;
	const struct moref *folder = hand_folder(hand, &err);

	hand->step = then;
	hand->search = folder ? search_child(hand->executor->session, folder,
					     hand->rec.node, hand->operation,
					     _searched, hand, &err) : NULL;
	if (!hand->search)
		hand_fail(hand, &err);
}

static void _search_uuid(struct hand *hand, const char *uuid, bool instance,
			 step_fn *then)
{
	struct err err = ERR_INIT;

	hand->step = then;
	hand->search = search_uuid(hand->executor->session, uuid, instance,
				   hand->operation, _searched, hand, &err);
	if (!hand->search)
		hand_fail(hand, &err);
}

static void _was_read(const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->query = NULL;
	if (failure)
		hand_fail(hand, failure);
	else
		hand->step(hand, NULL);
}

static void _read(struct hand *hand, struct property_spec *spec,
		  property_each_fn *each, step_fn *then)
{
	struct err err = ERR_INIT;

	spec->operation = hand->operation;
	hand->step = then;
	hand->query = property_read(hand->executor->session, spec, each,
				    _was_read, hand, &err);
	if (!hand->query)
		hand_fail(hand, &err);
}

/* Read the machine that a search has found. */
static void _read_found(struct hand *hand, const struct moref *found,
			enum machine_detail detail, property_each_fn *each,
			step_fn *then)
{
	struct property_spec spec = { 0 };

	hand->found = *found;
	machine_spec(&spec, detail);
	spec.objects = &hand->found;
	spec.n_objects = 1;
	_read(hand, &spec, each, then);
}

static void _remember(struct hand *hand, const struct machine *machine,
		      uint64_t epoch)
{
	struct hand_sight *sight = &hand->sight;

	*sight = (struct hand_sight) {
		.epoch = epoch,
		.powered_off = machine->power &&
			       !strcmp(machine->power, "poweredOff"),
	};
	snprintf(sight->vm, sizeof(sight->vm), "%s", machine->ref.id);
	snprintf(sight->name, sizeof(sight->name), "%s",
		 machine->name ? machine->name : "a VM");
	snprintf(sight->instance_uuid, sizeof(sight->instance_uuid), "%s",
		 machine->instance_uuid ? machine->instance_uuid : "");
}

static void _forget(struct hand *hand)
{
	hand->foreign = false;
	hand->sight = (struct hand_sight) { .epoch = 0 };
}

/* --- LOOK_UP ------------------------------------------------------------ */

static void _end_look(struct hand *hand, enum look look)
{
	const struct hand_sight *sight = &hand->sight;
	struct event ev = { .look = look };

	if (look == LOOK_OURS || look == LOOK_FOREIGN) {
		ev.vm = sight->vm;
		ev.found_epoch = sight->epoch;
		ev.instance_uuid = sight->instance_uuid;
		ev.powered_off = sight->powered_off;
	}
	hand_end(hand, EVENT_LOOKED_UP, &ev);
}

/* Whether another node's clone is known to be that task. */
static bool _is_others(const struct hand *own, const struct moref *task)
{
	const struct hand *hand;
	size_t pos = 0;

	while ((hand = table_next(own->executor->hands, &pos, NULL)) != NULL)
		if (hand != own && moref_equal(&hand->task_ref, task))
			return true;
	return false;
}

/* An unfinished clone that no other node knows may be the one whose reply
 * was lost. */
static int _each_task(const struct property_object *object, void *arg,
		      struct err *err)
{
	struct hand *hand = arg;
	struct recent_task task;

	if (recent_task_parse(&task, object, err) < 0)
		return -1;
	if (recent_task_is_unfinished(&task) &&
	    !_is_others(hand, &task.ref))
		hand->found = task.ref;
	return 0;
}

static void _tasks_read(struct hand *hand, const struct moref *none)
{
	(void) none;
	if (moref_is_set(&hand->found))
		_end_look(hand, LOOK_BUSY);
	else
		_end_look(hand, hand->sight.vm[0] ? LOOK_OURS : LOOK_ABSENT);
}

static void _read_tasks(struct hand *hand)
{
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;
	const struct moref *source;

	hand->found = (struct moref) { 0 };
	if (hand_source(hand, &source, &err) < 0) {
		hand_fail(hand, &err);
		return;
	}
	/* One that is gone has no tasks any more. */
	if (!source) {
		_tasks_read(hand, NULL);
		return;
	}
	recent_task_spec(&spec, source);
	_read(hand, &spec, _each_task, _tasks_read);
}

/* The owner key is not there yet, but all else is: still ours. A BIOS UUID
 * alone proves nothing, since whoever copies a VM copies it. */
static bool _has_our_place(const struct hand *hand,
			   const struct machine *machine,
			   const struct moref *folder)
{
	return machine->bios_uuid && machine->name &&
	       !property_option(machine->options, OWNER_KEY) &&
	       !strcasecmp(machine->bios_uuid, hand->rec.bios_uuid) &&
	       !strcmp(machine->name, hand->rec.node) &&
	       moref_equal(&machine->parent, folder);
}

/* Whether the machine is ours, and of which epoch; -1: what tells is not
 * known yet. */
static int _is_ours(const struct hand *hand, const struct machine *machine,
		    uint64_t *epoch, struct err *err)
{
	const struct moref *folder;
	struct owner owner;

	if (hand_owner(hand->executor, machine, &owner) == 0 &&
	    !strcmp(owner.node, hand->rec.node) &&
	    !strcasecmp(owner.cluster, hand->rec.cluster)) {
		*epoch = owner.epoch;
		return 1;
	}
	folder = hand_folder(hand, err);
	if (!folder)
		return -1;
	*epoch = hand->rec.epoch;
	return _has_our_place(hand, machine, folder);
}

static int _each_named(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct hand *hand = arg;
	struct machine machine;
	uint64_t epoch;
	int ours;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	ours = _is_ours(hand, &machine, &epoch, err);
	if (ours < 0)
		return -1;
	hand->foreign = !ours;
	_remember(hand, &machine, hand->foreign ? 0 : epoch);
	return 0;
}

/* Nothing in sight: it has gone between search and read. */
static void _named_read(struct hand *hand, const struct moref *none)
{
	(void) none;
	if (hand->foreign)
		_end_look(hand, LOOK_FOREIGN);
	else
		_read_tasks(hand);
}

static void _name_found(struct hand *hand, const struct moref *found)
{
	if (found)
		_read_found(hand, found, MACHINE_OPTIONS, _each_named,
			    _named_read);
	else
		_read_tasks(hand);
}

/* Somebody else's copy of our biosUuid does not tell where ours is. */
static void _uuid_read(struct hand *hand, const struct moref *none)
{
	(void) none;
	if (!hand->foreign && *hand->sight.vm) {
		_read_tasks(hand);
		return;
	}
	_forget(hand);
	_search_name(hand, _name_found);
}

static void _uuid_found(struct hand *hand, const struct moref *found)
{
	if (found)
		_read_found(hand, found, MACHINE_OPTIONS, _each_named,
			    _uuid_read);
	else
		_search_name(hand, _name_found);
}

void lookup_start(struct hand *hand)
{
	_forget(hand);
	if (*hand->rec.bios_uuid)
		_search_uuid(hand, hand->rec.bios_uuid, false, _uuid_found);
	else
		_search_name(hand, _name_found);
}

/* --- PROVE_ABSENCE ------------------------------------------------------ */

static void _end_unproven(struct hand *hand, const struct moref *none)
{
	const struct hand_sight *sight = &hand->sight;
	char text[2 * RECORD_TEXT_SIZE];
	struct event ev = { .vm = hand->found.id, .text = text };

	(void) none;
	snprintf(text, sizeof(text), hand->foreign
		 ? "%s (%s) has this VM's UUID, but not its mark: if it is a "
		   "copy, give it a UUID of its own"
		 : "%s (%s) is still in the inventory",
		 *sight->vm ? sight->name : "a VM", hand->found.id);
	hand_end(hand, EVENT_ABSENCE_UNPROVEN, &ev);
}

/* By a UUID: whose it is, for whoever is to put that right. */
static void _still_there(struct hand *hand, const struct moref *found)
{
	_read_found(hand, found, MACHINE_OPTIONS, _each_named,
		    _end_unproven);
}

/* Another machine may have taken the name. A stranger is not ours to mind, a
 * clone of ours from another epoch is. */
static int _each_homonym(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct hand *hand = arg;
	struct machine machine;
	uint64_t epoch;
	int ours;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	ours = _is_ours(hand, &machine, &epoch, err);
	if (ours < 0)
		return -1;
	if ((machine.bios_uuid &&
	     !strcasecmp(machine.bios_uuid, hand->rec.bios_uuid)) ||
	    !strcmp(machine.ref.id, hand->rec.vm))
		_remember(hand, &machine, hand->rec.epoch);
	else if (ours)
		hand->sight.epoch = epoch;
	return 0;
}

static void _homonym_read(struct hand *hand, const struct moref *none)
{
	(void) none;
	if (*hand->sight.vm)
		_end_unproven(hand, NULL);
	else
		browse_start(hand);
}

static void _proof_name(struct hand *hand, const struct moref *found)
{
	if (found) {
		_read_found(hand, found, MACHINE_OPTIONS, _each_homonym,
			    _homonym_read);
		return;
	}
	hand->evidence |= EVIDENCE_NAME;
	browse_start(hand);
}

static void _proof_instance(struct hand *hand, const struct moref *found)
{
	if (found) {
		_still_there(hand, found);
		return;
	}
	hand->evidence |= EVIDENCE_INSTANCE_UUID;
	_search_name(hand, _proof_name);
}

static void _proof_bios(struct hand *hand, const struct moref *found)
{
	if (found) {
		_still_there(hand, found);
		return;
	}
	hand->evidence |= EVIDENCE_BIOS_UUID;
	if (*hand->rec.instance_uuid)
		_search_uuid(hand, hand->rec.instance_uuid, true,
			     _proof_instance);
	else
		_search_name(hand, _proof_name);
}

void lookup_prove(struct hand *hand)
{
	_forget(hand);
	hand->evidence = 0;
	if (*hand->rec.bios_uuid)
		_search_uuid(hand, hand->rec.bios_uuid, false, _proof_bios);
	else
		_search_name(hand, _proof_name);
}
