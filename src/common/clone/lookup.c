/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOOK_UP: our biosUuid anywhere -> the name in the folder -> the source's
 * recent tasks. PROVE_ABSENCE: the same places must show nothing.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hand.h"

#define PATH_SIZE 1024

/* --- steps both share --------------------------------------------------- */

static void _search_name(struct hand *hand, search_done_fn *done)
{
	const char *folder = config_global(hand->executor->config)->folder;
	struct err err = ERR_INIT;
	char path[PATH_SIZE];
	int n;

	n = snprintf(path, sizeof(path), "%s/%s", folder, hand->rec.node);
	if (n < 0 || (size_t) n >= sizeof(path)) {
		err_set(&err, ERR_CONFIG, "Folder= is too long");
		hand_fail(hand, &err);
		return;
	}
	hand->search = search_path(hand->executor->session, path,
				   hand->operation, done, hand, &err);
	if (!hand->search)
		hand_fail(hand, &err);
}

static void _search_uuid(struct hand *hand, const char *uuid, bool instance,
			 search_done_fn *done)
{
	struct err err = ERR_INIT;

	hand->search = search_uuid(hand->executor->session, uuid, instance,
				   hand->operation, done, hand, &err);
	if (!hand->search)
		hand_fail(hand, &err);
}

/* Read the machine that a search has found. */
static void _read_found(struct hand *hand, enum machine_detail detail,
			property_each_fn *each, property_done_fn *done)
{
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;

	machine_spec(&spec, detail);
	spec.objects = &hand->found;
	spec.n_objects = 1;
	spec.operation = hand->operation;
	hand->vm = (struct moref) { 0 };
	hand->query = property_read(hand->executor->session, &spec, each,
				    done, hand, &err);
	if (!hand->query)
		hand_fail(hand, &err);
}

/* --- LOOK_UP ------------------------------------------------------------ */

static void _end_look(struct hand *hand, enum look look,
		      const struct machine *machine, uint64_t epoch)
{
	struct event ev = { .look = look };

	if (machine) {
		ev.vm = machine->ref.id;
		ev.found_epoch = epoch;
		ev.instance_uuid = machine->instance_uuid;
		ev.powered_off = machine->power &&
				 !strcmp(machine->power, "poweredOff");
	}
	hand_end(hand, EVENT_LOOKED_UP, &ev);
}

/* Whether some node's clone is known to be that task. */
static bool _is_known(const struct executor *executor,
		      const struct moref *task)
{
	const struct hand *hand;
	size_t pos = 0;

	while ((hand = table_next(executor->hands, &pos, NULL)) != NULL)
		if (moref_equal(&hand->task_ref, task))
			return true;
	return false;
}

/* An unfinished clone that no node knows may be the one whose reply was
 * lost. */
static int _each_task(const struct property_object *object, void *arg,
		      struct err *err)
{
	struct hand *hand = arg;
	struct recent_task task;

	if (recent_task_parse(&task, object, err) < 0)
		return -1;
	if (recent_task_is_unfinished(&task) &&
	    !_is_known(hand->executor, &task.ref))
		hand->found = task.ref;
	return 0;
}

static void _tasks_done(const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->query = NULL;
	if (failure)
		hand_fail(hand, failure);
	else
		_end_look(hand, moref_is_set(&hand->found) ? LOOK_BUSY
							   : LOOK_ABSENT,
			  NULL, 0);
}

static void _read_tasks(struct hand *hand)
{
	const struct source *source =
		sources_find(hand->executor->sources, hand->rec.source);
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;

	hand->found = (struct moref) { 0 };
	/* A source that is gone has no tasks any more. */
	if (!source || !moref_is_set(&source->vm)) {
		_end_look(hand, LOOK_ABSENT, NULL, 0);
		return;
	}
	recent_task_spec(&spec, &source->vm);
	spec.operation = hand->operation;
	hand->query = property_read(hand->executor->session, &spec,
				    _each_task, _tasks_done, hand, &err);
	if (!hand->query)
		hand_fail(hand, &err);
}

static int _each_named(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct hand *hand = arg;
	struct machine machine;
	struct owner owner;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	hand->vm = machine.ref;
	if (hand_owner(hand->executor, &machine, &owner) < 0 ||
	    strcmp(owner.node, hand->rec.node)) {
		/* biosUuid right, owner key not there yet: still ours. */
		if (machine.bios_uuid &&
		    !strcasecmp(machine.bios_uuid, hand->rec.bios_uuid))
			_end_look(hand, LOOK_OURS, &machine, hand->rec.epoch);
		else
			_end_look(hand, LOOK_FOREIGN, &machine, 0);
	} else {
		_end_look(hand, LOOK_OURS, &machine, owner.epoch);
	}
	return 0;
}

static void _named_done(const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->query = NULL;
	if (hand->act.kind == ACTION_NONE)
		return;		/* _each_named() has ended it */
	if (failure)
		hand_fail(hand, failure);
	else
		_read_tasks(hand);	/* gone between search and read */
}

static void _name_searched(const struct moref *found,
			   const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure) {
		hand_fail(hand, failure);
	} else if (found) {
		hand->found = *found;
		_read_found(hand, MACHINE_OPTIONS, _each_named, _named_done);
	} else {
		_read_tasks(hand);
	}
}

static void _uuid_searched(const struct moref *found,
			   const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure) {
		hand_fail(hand, failure);
	} else if (found) {
		hand->found = *found;
		_read_found(hand, MACHINE_OPTIONS, _each_named, _named_done);
	} else {
		_search_name(hand, _name_searched);
	}
}

void lookup_start(struct hand *hand)
{
	if (*hand->rec.bios_uuid)
		_search_uuid(hand, hand->rec.bios_uuid, false,
			     _uuid_searched);
	else
		_search_name(hand, _name_searched);
}

/* --- PROVE_ABSENCE ------------------------------------------------------ */

static void _end_proof(struct hand *hand)
{
	struct event ev = { .evidence = hand->evidence };

	hand_end(hand, EVENT_ABSENCE_PROVEN, &ev);
}

static void _still_there(struct hand *hand, const struct moref *found)
{
	struct event ev = { .vm = found->id,
			    .text = "the VM is still in the inventory" };

	hand_end(hand, EVENT_ABSENCE_UNPROVEN, &ev);
}

/* Another machine may have taken the name: that is not ours to mind. */
static int _each_homonym(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct hand *hand = arg;
	struct machine machine;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	if ((machine.bios_uuid &&
	     !strcasecmp(machine.bios_uuid, hand->rec.bios_uuid)) ||
	    !strcmp(machine.ref.id, hand->rec.vm))
		_still_there(hand, &machine.ref);
	return 0;
}

static void _homonym_done(const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->query = NULL;
	if (hand->act.kind == ACTION_NONE)
		return;
	if (failure)
		hand_fail(hand, failure);
	else
		_end_proof(hand);
}

static void _proof_name(const struct moref *found, const struct err *failure,
			void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure) {
		hand_fail(hand, failure);
	} else if (found) {
		hand->found = *found;
		_read_found(hand, MACHINE_ROW, _each_homonym, _homonym_done);
	} else {
		hand->evidence |= EVIDENCE_NAME;
		_end_proof(hand);
	}
}

static void _proof_instance(const struct moref *found,
			    const struct err *failure, void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure) {
		hand_fail(hand, failure);
	} else if (found) {
		_still_there(hand, found);
	} else {
		hand->evidence |= EVIDENCE_INSTANCE_UUID;
		_search_name(hand, _proof_name);
	}
}

static void _proof_bios(const struct moref *found, const struct err *failure,
			void *arg)
{
	struct hand *hand = arg;

	hand->search = NULL;
	if (failure) {
		hand_fail(hand, failure);
		return;
	}
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
	hand->evidence = 0;
	if (*hand->rec.bios_uuid)
		_search_uuid(hand, hand->rec.bios_uuid, false, _proof_bios);
	else
		_search_name(hand, _proof_name);
}
