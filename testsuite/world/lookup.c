/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "lookup.h"
#include "process.h"
#include "slurm.h"

static char known[SLURM_NODES][VCENTER_ID_SIZE];
static int asker;

void lookup_know(unsigned process, int node, const char *task)
{
	if (process == process_number())
		snprintf(known[node], sizeof(known[node]), "%s", task);
}

void lookup_forget(void)
{
	memset(known, 0, sizeof(known));
}

bool lookup_owner(const struct machine_is *vm, struct owner *owner)
{
	return *vm->owner &&
	       owner_verify(VCENTER_KEY, strlen(VCENTER_KEY), vm->owner,
			    vm->bios_uuid, owner, NULL) == 0;
}

/* Whether the machine is ours, and of which epoch. */
static bool _is_ours(const struct machine_is *vm, const struct record *rec,
		     uint64_t *epoch)
{
	struct owner owner;

	if (lookup_owner(vm, &owner) && !strcmp(owner.node, rec->node) &&
	    !strcmp(owner.cluster, rec->cluster)) {
		*epoch = owner.epoch;
		return true;
	}
	*epoch = rec->epoch;
	return !*vm->owner && !strcmp(vm->bios_uuid, rec->bios_uuid) &&
	       !strcmp(vm->name, rec->node) &&
	       !strcmp(vm->folder, VCENTER_FOLDER);
}

static struct event _found(enum look look, const struct machine_is *vm,
			   uint64_t epoch)
{
	return (struct event) { .kind = EVENT_LOOKED_UP, .look = look,
				.vm = vm->id, .found_epoch = epoch,
				.instance_uuid = vm->instance_uuid,
				.powered_off = !vm->on };
}

/* Another node's task that this process knows is not the one sought. */
static bool _is_others(const struct clone_task *task)
{
	for (int i = 0; i < SLURM_NODES; i++)
		if (i != asker && !strcmp(known[i], task->id))
			return true;
	return false;
}

struct event lookup_find(const struct record *rec)
{
	const struct machine_is *vm = *rec->bios_uuid ?
		vcenter_by_bios(rec->bios_uuid) : NULL;
	uint64_t epoch = 0;

	if (vm && !_is_ours(vm, rec, &epoch))
		vm = NULL;
	if (!vm) {
		vm = vcenter_by_name(rec->node);
		if (vm && !_is_ours(vm, rec, &epoch))
			return _found(LOOK_FOREIGN, vm, 0);
	}
	asker = slurm_node_index(rec->node);
	if (vcenter_unfinished(rec->source, _is_others))
		return (struct event) { .kind = EVENT_LOOKED_UP,
					.look = LOOK_BUSY };
	if (vm)
		return _found(LOOK_OURS, vm, epoch);
	return (struct event) { .kind = EVENT_LOOKED_UP,
				.look = LOOK_ABSENT };
}

struct event lookup_prove_absence(const struct record *rec)
{
	const struct machine_is *vm = *rec->bios_uuid ?
		vcenter_by_bios(rec->bios_uuid) : NULL;
	unsigned evidence = EVIDENCE_BIOS_UUID;
	uint64_t another = 0;

	if (!vm && *rec->instance_uuid)
		vm = vcenter_by_instance(rec->instance_uuid);
	if (!vm) {
		vm = vcenter_by_name(rec->node);
		if (!vm)
			evidence |= EVIDENCE_NAME;
		else if (strcmp(vm->id, rec->vm) != 0 &&
			 !_is_ours(vm, rec, &another))
			another = 0;	/* a stranger's, not ours to mind */
		if (vm && strcmp(vm->id, rec->vm) != 0)
			vm = NULL;
	}
	if (vm)
		return (struct event) { .kind = EVENT_ABSENCE_UNPROVEN,
					.vm = vm->id, .text = "still there" };
	return (struct event) { .kind = EVENT_ABSENCE_PROVEN,
				.evidence = evidence,
				.found_epoch = another };
}

struct event lookup_read_back(const struct record *rec)
{
	const struct machine_is *vm = vcenter_by_id(rec->vm);
	struct owner owner;

	if (!vm || strcmp(vm->bios_uuid, rec->bios_uuid) != 0)
		return (struct event) { .kind = EVENT_VM_GONE };
	return (struct event) {
		.kind = EVENT_READ_BACK, .instance_uuid = vm->instance_uuid,
		.owned = lookup_owner(vm, &owner) &&
			 owner.epoch == rec->epoch };
}
