/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census in place of clone/census: the folder as it is at the end of the
 * listing, the owner keys a moment later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clone/census.h"
#include "agenda.h"
#include "dice.h"
#include "lookup.h"
#include "process.h"
#include "slurm.h"
#include "vcenter.h"

#define ODD_MAX 64

struct census {
	struct census_hooks hooks;
	struct agenda_entry entry;
	char odd[ODD_MAX][VCENTER_ID_SIZE];
	int count;
};

static void _end(struct census *census, const struct err *failure)
{
	struct census_hooks hooks = census->hooks;

	free(census);
	hooks.done(failure, hooks.arg);
}

static bool _is_reached(struct census *census)
{
	struct err err = ERR_INIT;

	if (!process_passes(BARRIER_BEFORE_EVENT))
		return false;
	if (!vcenter_is_away())
		return true;
	err_set(&err, ERR_TRANSIENT, "vCenter is away");
	_end(census, &err);
	return false;
}

static struct census_row _row(const struct machine_is *vm)
{
	return (struct census_row) {
		.vm = vm->id, .name = vm->name, .bios_uuid = vm->bios_uuid,
		.instance_uuid = vm->instance_uuid,
		.inside = !strcmp(vm->folder, VCENTER_FOLDER) };
}

static void _look_closely(void *arg)
{
	struct census *census = arg;

	if (!_is_reached(census))
		return;
	for (int i = 0; i < census->count; i++) {
		const struct machine_is *vm = vcenter_by_id(census->odd[i]);
		struct census_row row;

		if (!vm)
			continue;
		row = _row(vm);
		row.owned = lookup_owner(vm, &row.owner);
		census->hooks.row(&row, census->hooks.arg);
	}
	_end(census, NULL);
}

static void _push(struct census *census, const char *id)
{
	if (census->count < ODD_MAX)
		snprintf(census->odd[census->count++], VCENTER_ID_SIZE, "%s",
			 id);
}

static void _list(void *arg)
{
	struct census *census = arg;
	const struct machine_is *vm = NULL;
	const char *missed;

	if (!_is_reached(census))
		return;
	while ((vm = vcenter_next(vm))) {
		struct census_row row = _row(vm);

		if (row.inside &&
		    !census->hooks.explains(&row, census->hooks.arg))
			_push(census, vm->id);
	}
	while ((missed = census->hooks.missed(census->hooks.arg)))
		_push(census, missed);
	census->entry.fn = _look_closely;
	agenda_set(&census->entry, dice_us(MS, S));
}

struct census *census_start(struct executor *executor,
			    const struct census_hooks *hooks,
			    struct err *err)
{
	struct census *census = calloc(1, sizeof(*census));

	(void) executor;
	if (!census) {
		err_nomem(err);
		return NULL;
	}
	census->hooks = *hooks;
	census->entry.fn = _list;
	census->entry.arg = census;
	agenda_set(&census->entry, dice_us(MS, S));
	return census;
}

void census_cancel(struct census *census)
{
	if (!census)
		return;
	agenda_stop(&census->entry);
	free(census);
}
