/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/clock.h"
#include "wake.h"

/* Wall time can jump: look at it again at least this often. */
#define LOOK_US (10 * CLOCK_US_PER_S)

struct wake {
	struct loop_timer *timer;
	void (*woken)(struct wake_entry *entry, void *arg);
	void *arg;
	struct wake_entry **heap;	/* heap[1] is the earliest */
	size_t count, max;
};

static void _put(struct wake *wake, size_t place, struct wake_entry *entry)
{
	wake->heap[place] = entry;
	entry->place = place;
}

static void _sift_up(struct wake *wake, struct wake_entry *entry)
{
	size_t place = entry->place;

	while (place > 1 && wake->heap[place / 2]->when > entry->when) {
		_put(wake, place, wake->heap[place / 2]);
		place /= 2;
	}
	_put(wake, place, entry);
}

static void _sift_down(struct wake *wake, struct wake_entry *entry)
{
	size_t place = entry->place;

	for (;;) {
		size_t child = 2 * place;

		if (child < wake->count &&
		    wake->heap[child + 1]->when < wake->heap[child]->when)
			child++;
		if (child > wake->count ||
		    wake->heap[child]->when >= entry->when)
			break;
		_put(wake, place, wake->heap[child]);
		place = child;
	}
	_put(wake, place, entry);
}

static void _take_out(struct wake *wake, struct wake_entry *entry)
{
	struct wake_entry *last = wake->heap[wake->count--];

	if (last != entry) {
		_put(wake, entry->place, last);
		_sift_up(wake, last);
		_sift_down(wake, last);
	}
	entry->place = 0;
}

static void _arm(struct wake *wake)
{
	int64_t delay;

	if (!wake->count) {
		loop_timer_stop(wake->timer);
		return;
	}
	delay = wake->heap[1]->when - clock_wall_us();
	loop_timer_set(wake->timer, delay > LOOK_US ? LOOK_US : delay);
}

static void _on_timer(void *arg)
{
	struct wake *wake = arg;
	int64_t now = clock_wall_us();

	while (wake->count && wake->heap[1]->when <= now) {
		struct wake_entry *entry = wake->heap[1];

		_take_out(wake, entry);
		wake->woken(entry, wake->arg);
	}
	_arm(wake);
}

struct wake *wake_create(struct loop *loop, size_t max,
			 void (*woken)(struct wake_entry *entry, void *arg),
			 void *arg, struct err *err)
{
	struct wake *wake = calloc(1, sizeof(*wake));

	if (wake) {
		wake->woken = woken;
		wake->arg = arg;
		wake->max = max;
		wake->heap = calloc(max + 1, sizeof(struct wake_entry *));
		wake->timer = loop_timer_create(loop, _on_timer, wake, err);
	}
	if (!wake || !wake->heap || !wake->timer) {
		wake_destroy(wake);
		err_nomem(err);
		return NULL;
	}
	return wake;
}

void wake_destroy(struct wake *wake)
{
	if (!wake)
		return;
	loop_timer_destroy(wake->timer);
	free(wake->heap);
	free(wake);
}

void wake_set(struct wake *wake, struct wake_entry *entry, int64_t when)
{
	if (entry->place)
		_take_out(wake, entry);
	entry->when = when;
	if (when && wake->count < wake->max) {
		_put(wake, ++wake->count, entry);
		_sift_up(wake, entry);
	}
	_arm(wake);
}
