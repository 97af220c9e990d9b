/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rules/guard.h"
#include "agenda.h"
#include "audit.h"
#include "dice.h"
#include "fake_executor.h"
#include "plan.h"
#include "fake_sources.h"
#include "verdict.h"

#define PARENT "[ds] r9/r9.vmdk"	/* of every clone's disk */
#define CLUSTER "hpc1"

static struct tenants *_tenants(void)
{
	struct tenants *tenants = tenants_create(256);
	const struct machine_is *vm = NULL;

	while (tenants && (vm = vcenter_next(vm)))
		if (tenants_add(tenants, vm->id, vm->disk, NULL) < 0 ||
		    tenants_add(tenants, vm->id, PARENT, NULL) < 0)
			abort();
	return tenants;
}

static int _check(enum guard_level level, const struct machine_is *vm,
		  const struct record *rec, struct err *err)
{
	cleanup_tenants struct tenants *tenants =
		level == GUARD_DESTROY ? _tenants() : NULL;
	const char *const tops[] = { vm->disk };
	const struct guard_disk disk = { .listed = true, .tops = tops,
					 .top_count = 1 };
	char vmx[sizeof(vm->disk)];
	struct guard_facts facts = {
		.has = GUARD_HAS_ALL, .read_at = agenda_wall(), .vm = vm->id,
		.folder = vm->folder, .instance_uuid = vm->instance_uuid,
		.bios_uuid = vm->bios_uuid, .owner = vm->owner,
		.powered_off = !vm->on, .vmx = vmx, .disks = &disk,
		.disk_count = 1,
	};
	struct guard_world world = {
		.cluster = CLUSTER, .key = VCENTER_KEY,
		.key_len = strlen(VCENTER_KEY), .folder = VCENTER_FOLDER,
		.sources = executor_source_ids(),
		.source_uuids = executor_source_uuids(), .tenants = tenants,
		.unreadable = "", .tenants_at = agenda_wall(),
	};

	snprintf(vmx, sizeof(vmx), "%s", vm->disk);
	memcpy(strrchr(vmx, '/'), "/x.vmx", sizeof("/x.vmx"));
	if (plan_strikes(FAULT_UNREADABLE))
		facts.has &= ~(1u << dice(9));
	return guard_check(level, &facts, rec, &world, agenda_wall(), err);
}

struct event verdict_of(const struct record *rec, enum guard_level level)
{
	static struct err err;
	struct machine_is *vm = vcenter_by_id(rec->vm);

	if (!vm)
		return (struct event) { .kind = EVENT_VM_GONE };
	if (!sources_looked())
		return (struct event) { .kind = EVENT_FAILED,
					.cause = CAUSE_TRANSIENT,
					.text = "sources not looked at" };
	err = (struct err) ERR_INIT;
	if (_check(level, vm, rec, &err) < 0)
		return (struct event) { .kind = EVENT_GUARD_REFUSED,
					.text = err.text };
	vm->verdict_at[level] = agenda_now();
	return (struct event) { .kind = EVENT_GUARD_OK, .level = level,
				.facts_at = agenda_wall(),
				.powered_off = !vm->on };
}

bool verdict_holds(const struct record *rec, enum action_kind act)
{
	enum guard_level level = act == ACTION_DESTROY ? GUARD_DESTROY
						       : GUARD_POWER_OFF;
	const struct machine_is *vm = vcenter_by_id(rec->vm);

	if (vm && !vm->verdict_at[level])
		audit_wrong(rec->node, "%s of %s without the guard's verdict",
			    action_name(act), vm->id);
	return !vm || agenda_now() - vm->verdict_at[level] <= GUARD_FRESH;
}
