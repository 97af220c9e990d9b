/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched - see sched.h. A binary heap; cancelled entries stay as blanks. */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "sched.h"

#define SCHED_MAX 1000000
#define TURN_MAX 64	/* calls in one turn of the loop */

struct entry {
	int64_t due;
	uint64_t order;
	void (*cb)(void *arg);	/* NULL: cancelled */
	void *arg;
	void (*drop)(void *arg);	/* NULL: arg is not the call's */
	const void *key;
};

struct sched {
	struct loop_timer *timer;
	struct entry *heap;
	size_t count;
	size_t cap;
	uint64_t order;
};

static bool _before(const struct entry *a, const struct entry *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void _swap(struct sched *sched, size_t a, size_t b)
{
	struct entry keep = sched->heap[a];

	sched->heap[a] = sched->heap[b];
	sched->heap[b] = keep;
}

static void _sink(struct sched *sched, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2; c++) {
			if (c < sched->count &&
			    _before(&sched->heap[c], &sched->heap[least]))
				least = c;
		}
		if (least == i)
			return;
		_swap(sched, i, least);
		i = least;
	}
}

static void _rise(struct sched *sched, size_t i)
{
	while (i > 0 &&
	       _before(&sched->heap[i], &sched->heap[(i - 1) / 2])) {
		_swap(sched, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void _arm(struct sched *sched)
{
	int64_t delay;

	if (sched->count == 0) {
		loop_timer_stop(sched->timer);
		return;
	}
	delay = sched->heap[0].due - clock_mono_us();
	(void) loop_timer_set(sched->timer, delay > 0 ? delay : 0);
}

static struct entry _pop(struct sched *sched)
{
	struct entry first = sched->heap[0];

	sched->heap[0] = sched->heap[--sched->count];
	_sink(sched, 0);
	return first;
}

static void _due(void *arg)
{
	struct sched *sched = arg;
	int64_t now = clock_mono_us();

	for (int i = 0; i < TURN_MAX && sched->count > 0; i++) {
		struct entry entry;

		if (sched->heap[0].due > now)
			break;
		entry = _pop(sched);
		if (entry.cb)
			entry.cb(entry.arg);
	}
	_arm(sched);
}

struct sched *sched_create(struct loop *loop, struct err *err)
{
	struct sched *sched = calloc(1, sizeof(*sched));

	if (!sched) {
		(void) err_nomem(err);
		return NULL;
	}
	sched->timer = loop_timer_create(loop, _due, sched, err);
	if (!sched->timer) {
		free(sched);
		return NULL;
	}
	return sched;
}

void sched_destroy(struct sched *sched)
{
	if (!sched)
		return;
	loop_timer_destroy(sched->timer);
	free(sched->heap);
	free(sched);
}

static int _grow(struct sched *sched)
{
	size_t cap = sched->cap ? sched->cap * 2 : 64;
	struct entry *heap;

	if (sched->count < sched->cap)
		return 0;
	if (cap > 2 * SCHED_MAX)
		return -1;
	heap = reallocarray(sched->heap, cap, sizeof(*heap));
	if (!heap)
		return -1;
	sched->heap = heap;
	sched->cap = cap;
	return 0;
}

static void _add(struct sched *sched, int64_t delay_us, struct entry entry)
{
	if (_grow(sched) < 0) {
		log_error("vclab: the schedule is full");
		abort();
	}
	entry.due = clock_mono_us() + delay_us;
	entry.order = sched->order++;
	sched->heap[sched->count++] = entry;
	_rise(sched, sched->count - 1);
	if (sched->heap[0].order == entry.order)
		_arm(sched);
}

void sched_after(struct sched *sched, int64_t delay_us, void (*cb)(void *arg),
		 void *arg, const void *key)
{
	_add(sched, delay_us,
	     (struct entry) { .cb = cb, .arg = arg, .key = key });
}

void sched_after_owned(struct sched *sched, int64_t delay_us,
		       void (*cb)(void *arg), void *arg,
		       void (*drop)(void *arg))
{
	_add(sched, delay_us,
	     (struct entry) { .cb = cb, .arg = arg, .drop = drop });
}

void sched_cancel(struct sched *sched, const void *key)
{
	for (size_t i = 0; i < sched->count; i++) {
		if (sched->heap[i].key == key)
			sched->heap[i].cb = NULL;
	}
}

void sched_clear(struct sched *sched)
{
	for (size_t i = 0; i < sched->count; i++) {
		if (sched->heap[i].drop)
			sched->heap[i].drop(sched->heap[i].arg);
	}
	sched->count = 0;
	loop_timer_stop(sched->timer);
}
