/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wake - who has to be woken when: one timer for any number of sleepers,
 * kept as a binary heap. Setting, changing and dropping a time cost
 * O(log n).
 */
#ifndef SCLONE_SCLONED_WAKE_H
#define SCLONE_SCLONED_WAKE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/loop.h"

/* Embedded in whatever sleeps; zeroed before the first use. */
struct wake_entry {
	int64_t when;		/* wall time, us */
	size_t place;		/* in the heap, counted from 1; 0: asleep */
};

struct wake;

/* woken is called from the loop for each entry whose time has come, after
 * it was taken out. max bounds the entries. */
struct wake *wake_create(struct loop *loop, size_t max,
			 void (*woken)(struct wake_entry *entry, void *arg),
			 void *arg, struct err *err);

/* Accepts NULL. The entries stay their owners'. */
void wake_destroy(struct wake *wake);

/* Wake at this wall time instead of any earlier setting; 0 = never. */
void wake_set(struct wake *wake, struct wake_entry *entry, int64_t when);

#endif
