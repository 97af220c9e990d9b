/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"
#include "text.h"
#include "event.h"

static const struct {
	const char *name;
	enum action_kind ends;
} table[EVENTS] = {
	[EVENT_REQUESTED] = { "REQUESTED", ACTION_NONE },
	[EVENT_SUSPENDED] = { "SUSPENDED", ACTION_NONE },
	[EVENT_RESUME_FAILED] = { "RESUME_FAILED", ACTION_NONE },
	[EVENT_PROLOG] = { "PROLOG", ACTION_NONE },
	[EVENT_CLAIM] = { "CLAIM", ACTION_NONE },
	[EVENT_MISFIT] = { "MISFIT", ACTION_NONE },
	[EVENT_ADMITTED] = { "ADMITTED", ACTION_NONE },
	[EVENT_NOT_ADMITTED] = { "NOT_ADMITTED", ACTION_NONE },
	[EVENT_WAITS] = { "WAITS", ACTION_NONE },
	[EVENT_NODE_STATE] = { "NODE_STATE", ACTION_NONE },
	[EVENT_IDENTIFIED] = { "IDENTIFIED", ACTION_NONE },
	[EVENT_GUEST_FAILED] = { "GUEST_FAILED", ACTION_NONE },
	[EVENT_VM_LOST] = { "VM_LOST", ACTION_NONE },
	[EVENT_FOUND] = { "FOUND", ACTION_NONE },
	[EVENT_CONDEMN] = { "CONDEMN", ACTION_NONE },
	[EVENT_CLEARED] = { "CLEARED", ACTION_NONE },
	[EVENT_ISOLATION] = { "ISOLATION", ACTION_NONE },
	[EVENT_HOLD] = { "HOLD", ACTION_NONE },
	[EVENT_UNHOLD] = { "UNHOLD", ACTION_NONE },
	[EVENT_TICK] = { "TICK", ACTION_NONE },
	[EVENT_RESTARTED] = { "RESTARTED", ACTION_NONE },
	[EVENT_SUBMITTED] = { "SUBMITTED", ACTION_SUBMIT_CLONE },
	[EVENT_CLONE_DONE] = { "CLONE_DONE", ACTION_WATCH },
	[EVENT_LOOKED_UP] = { "LOOKED_UP", ACTION_LOOK_UP },
	[EVENT_READ_BACK] = { "READ_BACK", ACTION_READ_BACK },
	[EVENT_OWNER_SET] = { "OWNER_SET", ACTION_SET_OWNER },
	[EVENT_GUARD_OK] = { "GUARD_OK", ACTION_GUARD },
	[EVENT_GUARD_REFUSED] = { "GUARD_REFUSED", ACTION_GUARD },
	[EVENT_POWERED_OFF] = { "POWERED_OFF", ACTION_POWER_OFF },
	[EVENT_DESTROYED] = { "DESTROYED", ACTION_DESTROY },
	[EVENT_VM_GONE] = { "VM_GONE", ACTION_NONE },
	[EVENT_ABSENCE_PROVEN] = { "ABSENCE_PROVEN", ACTION_PROVE_ABSENCE },
	[EVENT_ABSENCE_UNPROVEN] = { "ABSENCE_UNPROVEN",
				     ACTION_PROVE_ABSENCE },
	[EVENT_RECORDED] = { "RECORDED", ACTION_RECORD_ABSENCE },
	[EVENT_SLURM_DONE] = { "SLURM_DONE", ACTION_NONE },
	[EVENT_FAILED] = { "FAILED", ACTION_NONE },
	[EVENT_UNKNOWN] = { "UNKNOWN", ACTION_NONE },
};

const char *event_name(enum event_kind kind)
{
	if ((unsigned) kind >= EVENTS)
		return "INVALID";
	return table[kind].name;
}

enum action_kind event_ends(const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_VM_GONE:
	case EVENT_SLURM_DONE:
	case EVENT_FAILED:
	case EVENT_UNKNOWN:
		return (unsigned) ev->act < ACTIONS ? ev->act : ACTION_NONE;
	case EVENT_NODE_STATE:
		return ev->act == ACTION_SLURM_LOOK ? ev->act : ACTION_NONE;
	default:
		return (unsigned) ev->kind < EVENTS ? table[ev->kind].ends :
						      ACTION_NONE;
	}
}

bool event_fits(const struct event *ev)
{
	return text_fits(ev->id, RECORD_ID_SIZE) &&
	       text_fits(ev->user, RECORD_USER_SIZE) &&
	       text_fits(ev->template_name, RECORD_TEMPLATE_SIZE) &&
	       text_fits(ev->source, RECORD_SOURCE_SIZE) &&
	       text_fits(ev->task, RECORD_MOREF_SIZE) &&
	       text_fits(ev->vm, RECORD_MOREF_SIZE) &&
	       text_fits(ev->instance_uuid, UUID_TEXT_SIZE);
}
