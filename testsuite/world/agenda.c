/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "agenda.h"

#define T0 (INT64_C(1700000000) * CLOCK_US_PER_S)
#define ENTRIES_MAX 4096
#define CONFUSED (600 * CLOCK_US_PER_S)	/* after a wrong time */

struct chore {
	struct agenda_entry entry;
	void (*fn)(void *data);
	struct chore *next, **back;
	_Alignas(max_align_t) char data[AGENDA_CHORE_SIZE];
};

static struct agenda_entry *heap[ENTRIES_MAX + 1];	/* [1] is the next */
static size_t count;
static uint64_t orders;
static int64_t mono, error, confused_until;
static struct chore *chores;

static bool _before(const struct agenda_entry *a,
		    const struct agenda_entry *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void _put(size_t place, struct agenda_entry *entry)
{
	heap[place] = entry;
	entry->place = place;
}

static void _sift_up(struct agenda_entry *entry)
{
	size_t place = entry->place;

	for (; place > 1 && _before(entry, heap[place / 2]); place /= 2)
		_put(place, heap[place / 2]);
	_put(place, entry);
}

static void _sift_down(struct agenda_entry *entry)
{
	size_t place = entry->place;

	for (;;) {
		size_t child = 2 * place;

		if (child < count && _before(heap[child + 1], heap[child]))
			child++;
		if (child > count || !_before(heap[child], entry))
			break;
		_put(place, heap[child]);
		place = child;
	}
	_put(place, entry);
}

void agenda_stop(struct agenda_entry *entry)
{
	struct agenda_entry *last;

	if (!entry->place)
		return;
	last = heap[count--];
	if (last != entry) {
		_put(entry->place, last);
		_sift_up(last);
		_sift_down(last);
	}
	entry->place = 0;
}

void agenda_set(struct agenda_entry *entry, int64_t delay)
{
	agenda_stop(entry);
	if (count == ENTRIES_MAX)
		abort();	/* the world is wrong, not sclone */
	entry->at = mono + (delay > 0 ? delay : 0);
	entry->order = ++orders;
	_put(++count, entry);
	_sift_up(entry);
}

static void _forget(struct chore *chore)
{
	*chore->back = chore->next;
	if (chore->next)
		chore->next->back = chore->back;
	free(chore);
}

static void _do(void *arg)
{
	struct chore *chore = arg;

	chore->fn(chore->data);
	_forget(chore);
}

void agenda_after(int64_t delay, void (*fn)(void *data), const void *data,
		  size_t size)
{
	struct chore *chore = calloc(1, sizeof(*chore));

	if (!chore || size > sizeof(chore->data))
		abort();
	chore->fn = fn;
	if (size)
		memcpy(chore->data, data, size);
	chore->entry.fn = _do;
	chore->entry.arg = chore;
	chore->next = chores;
	chore->back = &chores;
	if (chores)
		chores->back = &chore->next;
	chores = chore;
	agenda_set(&chore->entry, delay);
}

bool agenda_next(void)
{
	struct agenda_entry *entry = count ? heap[1] : NULL;

	if (!entry)
		return false;
	agenda_stop(entry);
	if (entry->at > mono)
		mono = entry->at;
	entry->fn(entry->arg);
	return true;
}

void agenda_block(int64_t us)
{
	mono += us;
}

int64_t agenda_now(void)
{
	return mono;
}

int64_t agenda_true_wall(void)
{
	return T0 + mono;
}

int64_t agenda_wall(void)
{
	return T0 + mono + error;
}

void agenda_set_error(int64_t us)
{
	if (us || error)
		confused_until = us ? INT64_MAX : mono + CONFUSED;
	error = us;
}

bool agenda_is_confused(void)
{
	return mono < confused_until;
}

static int64_t _wall(void *arg)
{
	(void) arg;
	return agenda_wall();
}

static int64_t _mono(void *arg)
{
	(void) arg;
	return mono;
}

void agenda_begin(void)
{
	static const struct clock_source source = { _wall, _mono, NULL };

	agenda_end();
	mono = error = confused_until = 0;
	orders = 0;
	clock_set_source(&source);
}

void agenda_end(void)
{
	while (chores) {
		agenda_stop(&chores->entry);
		_forget(chores);
	}
}
