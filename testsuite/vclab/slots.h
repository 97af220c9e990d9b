/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slots - lets a bounded number of starts be under way at once and the rest
 * wait in the order they came: more than the cores can run only makes each
 * later.
 */
#ifndef SCLONE_VCLAB_SLOTS_H
#define SCLONE_VCLAB_SLOTS_H

#include <stdbool.h>

/* Part of who wants to start; zeroed at first. */
struct slot {
	struct slot *next;	/* in the queue */
	bool waits;
	bool held;
	void (*go)(void *arg);	/* the slot is held now */
	void *arg;
};

struct slots {
	unsigned count;
	unsigned busy;
	struct slot *queue;
};

/* Call go as soon as there is one, maybe from within; then slots_give. */
void slots_take(struct slots *slots, struct slot *slot,
		void (*go)(void *arg), void *arg);

/* Give it back, or stop waiting for it. Without effect otherwise. */
void slots_give(struct slots *slots, struct slot *slot);

#endif
