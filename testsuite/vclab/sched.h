/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched - what happens later: one heap of (time, order of calling), served
 * by one timer of the loop. Equal times run in the order they were asked
 * for, so a run with one seed has one order.
 */
#ifndef SCLONE_VCLAB_SCHED_H
#define SCLONE_VCLAB_SCHED_H

#include <stdint.h>

#include "common/base/loop.h"

struct sched;

struct sched *sched_create(struct loop *loop, struct err *err);
void sched_destroy(struct sched *sched);	/* accepts NULL; after clear */

/* Run cb(arg) once after delay_us (0: soon, not from within this call). */
void sched_after(struct sched *sched, int64_t delay_us, void (*cb)(void *arg),
		 void *arg, const void *key);

/* The same for an arg that the call owns: drop(arg) when it is never run. */
void sched_after_owned(struct sched *sched, int64_t delay_us,
		       void (*cb)(void *arg), void *arg,
		       void (*drop)(void *arg));

/* Forget every call with this key (not NULL). */
void sched_cancel(struct sched *sched, const void *key);

/* Forget every call. */
void sched_clear(struct sched *sched);

#endif
