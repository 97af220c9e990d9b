/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots - see slots.h. */
#include <stddef.h>

#include "slots.h"

static void _next(struct slots *slots)
{
	while (slots->queue && slots->busy < slots->count) {
		struct slot *slot = slots->queue;

		slots->queue = slot->next;
		slots->busy++;
		slot->waits = false;
		slot->held = true;
		slot->go(slot->arg);
	}
}

void slots_take(struct slots *slots, struct slot *slot,
		void (*go)(void *arg), void *arg)
{
	struct slot **at = &slots->queue;

	while (*at)
		at = &(*at)->next;
	slot->next = NULL;
	slot->waits = true;
	slot->go = go;
	slot->arg = arg;
	*at = slot;
	_next(slots);
}

void slots_give(struct slots *slots, struct slot *slot)
{
	struct slot **at = &slots->queue;

	if (slot->waits) {
		while (*at != slot)
			at = &(*at)->next;
		*at = slot->next;
		slot->waits = false;
	} else if (slot->held) {
		slot->held = false;
		slots->busy--;
		_next(slots);
	}
}
