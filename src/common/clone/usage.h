/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage - what each machine in the clone folder takes of its host's memory
 * and of datastores by now: one listing in pages, which changes nothing.
 */
#ifndef SCLONE_CLONE_USAGE_H
#define SCLONE_CLONE_USAGE_H

#include <stdint.h>

#include "executor.h"

/* A machine; its name is borrowed for the callback. MiB, or SOURCE_UNTOLD. */
struct usage_row {
	const char *name;
	int64_t memory;		/* consumed, as it is in its host's figure */
	int64_t space;		/* committed, its swap file included */
};

struct usage_hooks {
	void (*row)(const struct usage_row *row, void *arg);
	/* The end; err is NULL when all was read. */
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

struct usage;

/* NULL, and no callback: TRANSIENT when the folder is not found yet, BUSY,
 * FATAL. The executor must outlive it. */
struct usage *usage_start(struct executor *executor,
			  const struct usage_hooks *hooks, struct err *err);

/* No callback will come; not after done(). Accepts NULL. */
void usage_cancel(struct usage *usage);

#endif
