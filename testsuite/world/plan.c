/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dice.h"
#include "plan.h"

struct row {
	const char *name;
	unsigned permille;	/* of the occasions */
};

static const struct row rows[FAULTS] = {
	[FAULT_REQUEST_LOST] = { "request lost", 20 },
	[FAULT_REPLY_LOST] = { "reply lost", 30 },
	[FAULT_LATE] = { "late", 10 },
	[FAULT_REFUSED] = { "refused", 20 },
	[FAULT_TASK_FAILS] = { "task fails", 50 },
	[FAULT_TASK_FAILS_LATE] = { "task fails late", 20 },
	[FAULT_TASKS_LOST] = { "tasks lost", 2 },
	[FAULT_AWAY] = { "vCenter away", 2 },
	[FAULT_SOURCE] = { "source away", 4 },
	[FAULT_NO_OWNER] = { "no owner key", 50 },
	[FAULT_GUEST_DEAD] = { "guest dead", 30 },
	[FAULT_GUEST_FAILS] = { "guest fails", 20 },
	[FAULT_GUEST_SLOW] = { "guest slow", 30 },
	[FAULT_VM_DIES] = { "VM dies", 2 },
	[FAULT_VM_REMOVED] = { "VM removed", 2 },
	[FAULT_UNREADABLE] = { "unreadable", 30 },
	[FAULT_FOREIGN] = { "foreign VM", 3 },
	[FAULT_COPY] = { "copied VM", 3 },
	[FAULT_CALL_LOST] = { "call lost", 10 },
	[FAULT_CALL_UNKNOWN] = { "call unknown", 10 },
	[FAULT_CALL_LATE] = { "call late", 5 },
	[FAULT_SLURM_RESTART] = { "slurmctld restart", 3 },
	[FAULT_SLURM_FORGETS] = { "slurmctld forgets", 2 },
	[FAULT_SLURM_CLEAN] = { "slurmctld -c", 1 },
	[FAULT_SHARES] = { "partition shares", 1 },
	[FAULT_PROGRAM_DIES] = { "program dies", 10 },
	[FAULT_PROGRAM_SLOW] = { "program slow", 30 },
	[FAULT_PROGRAM_TWICE] = { "program twice", 20 },
	[FAULT_NO_JSON] = { "no JSON", 30 },
	[FAULT_CANCEL] = { "scancel", 10 },
	[FAULT_REQUEUE] = { "requeue", 2 },
	[FAULT_DRAIN] = { "admin drain", 6 },
	[FAULT_POWER_UP] = { "power up", 3 },
	[FAULT_POWER_DOWN] = { "power down", 2 },
	[FAULT_HOLD] = { "hold", 3 },
	[FAULT_PAUSE] = { "pause", 2 },
	[FAULT_CONF] = { "other nodes", 60 },
	[FAULT_CRASH] = { "crash", 8 },
	[FAULT_DOWN_LONG] = { "down long", 10 },
	[FAULT_CLOCK_FORWARD] = { "clock forward", 2 },
	[FAULT_CLOCK_BACK] = { "clock back", 2 },
	[FAULT_COMMIT_FAILS] = { "commit fails", 5 },
	[FAULT_COMMIT_STALLS] = { "commit stalls", 5 },
	[FAULT_JOURNAL_LOST] = { "journal lost", 2 },
	[FAULT_JOURNAL_OLD] = { "journal old", 3 },
	[FAULT_COMMITS_LOST] = { "commits lost", 3 },
	[FAULT_RECORD_DAMAGED] = { "record damaged", 3 },
};

static unsigned rates[FAULTS];
static uint64_t struck[FAULTS];
static bool peace, shared;

const char *plan_fault_name(enum plan_fault fault)
{
	return rows[fault].name;
}

bool plan_is_shared(void)
{
	return shared;
}

void plan_begin(void)
{
	static const unsigned factors[] = { 0, 0, 1, 1, 1, 4 };

	peace = false;
	for (int i = 0; i < FAULTS; i++)
		rates[i] = rows[i].permille * factors[dice(6)];
	rates[FAULT_CRASH] = 1 + (unsigned) dice(60);
	/* Without the journal an epoch grows only if the clock does, and a
	 * VM is ours only by its owner key. */
	if (dice(2))
		rates[FAULT_CLOCK_BACK] = rates[FAULT_CLOCK_FORWARD] =
			rates[FAULT_NO_OWNER] = 0;
	else
		rates[FAULT_JOURNAL_LOST] = rates[FAULT_JOURNAL_OLD] =
			rates[FAULT_COMMITS_LOST] =
			rates[FAULT_RECORD_DAMAGED] = 0;
	shared = dice(4) == 0;
}

void plan_make_peace(void)
{
	peace = true;
}

bool plan_is_peace(void)
{
	return peace;
}

bool plan_has(enum plan_fault fault)
{
	return rates[fault] > 0;
}

bool plan_strikes(enum plan_fault fault)
{
	if (peace || !dice_permille(rates[fault]))
		return false;
	struck[fault]++;
	return true;
}

uint64_t plan_struck(enum plan_fault fault)
{
	return struck[fault];
}
