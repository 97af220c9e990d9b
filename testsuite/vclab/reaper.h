/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper - ends processes without waiting for them: the loop reaps each
 * when it has died, whoever started it being gone by then.
 */
#ifndef SCLONE_VCLAB_REAPER_H
#define SCLONE_VCLAB_REAPER_H

#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/loop.h"

struct reaper;

struct reaper *reaper_create(struct loop *loop, struct err *err);

/* Forgets those still dying. Accepts NULL. */
void reaper_destroy(struct reaper *reaper);

/* SIGKILL to a child that nobody watches any more; 0 does nothing. */
void reaper_kill(struct reaper *reaper, pid_t pid);

/* Call back once when this child is gone, at once if it is not dying. One
 * waiter for each child; reaper_ignore() before that ends it. */
void reaper_await(struct reaper *reaper, pid_t pid, void (*cb)(void *arg),
		  void *arg);
void reaper_ignore(struct reaper *reaper, const void *arg);

#endif
