/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "agenda.h"
#include "dice.h"
#include "fake_executor.h"
#include "guest.h"
#include "plan.h"
#include "slurm.h"
#include "story.h"

/* slurmd asks again until slurmctld takes it. */
static void _register(void *data)
{
	struct machine_is *vm = vcenter_by_id(data);

	if (!vm || !vm->on)
		return;
	if (!slurm_register(vm))
		agenda_after(S, _register, vm->id, sizeof(vm->id));
}

/* The host's clock is right, whatever scloned's is. */
static void _identify(void *data)
{
	struct machine_is *vm = vcenter_by_id(data);

	if (!vm || !vm->on)
		return;
	if (agenda_true_wall() > vm->not_after) {
		story("guest", "%s of %s is too late, and powers off", vm->id,
		      vm->name);
		vm->on = false;
	} else if (plan_strikes(FAULT_GUEST_FAILS)) {
		vm->guest_failed = true;
	} else {
		vm->guest_ready = true;
		vm->slurmd_since = agenda_now();
		agenda_after(dice_us(100 * MS, S), _register, vm->id,
			     sizeof(vm->id));
	}
	executor_changed(vm);
}

void guest_wake(const struct machine_is *vm)
{
	int64_t slow = plan_strikes(FAULT_GUEST_SLOW) ? dice_us(0, 200 * S)
						      : 0;

	if (!plan_strikes(FAULT_GUEST_DEAD))
		agenda_after(slow + dice_us(200 * MS, 2 * S), _identify,
			     vm->id, sizeof(vm->id));
}
