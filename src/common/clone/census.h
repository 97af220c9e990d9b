/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * census - who stands in the clone folder: one listing in pages, and then a
 * look at the owner keys of those machines that the caller cannot explain.
 * It changes nothing.
 */
#ifndef SCLONE_CLONE_CENSUS_H
#define SCLONE_CLONE_CENSUS_H

#include <stdbool.h>

#include "common/rules/owner.h"
#include "executor.h"

#define CENSUS_ODD_MAX 16384	/* machines to be looked at closely */

/* A machine; the strings are borrowed for the callback, NULL: not told. */
struct census_row {
	const char *vm;			/* moref */
	const char *name;
	const char *bios_uuid;
	const char *instance_uuid;
	bool inside;			/* it is in the clone folder */
	bool owned;			/* by the owner key, which says: */
	struct owner owner;
};

struct census_hooks {
	/* A machine of the listing, its owner key not read: is it enough? */
	bool (*explains)(const struct census_row *row, void *arg);
	/* After the listing: other machines to look at, one a call, wherever
	 * they are; NULL at the end. */
	const char *(*missed)(void *arg);
	/* A machine that was looked at. */
	void (*row)(const struct census_row *row, void *arg);
	/* The end; err is NULL when all was read. */
	void (*done)(const struct err *err, void *arg);
	void *arg;
};

struct census;

/* NULL, and no callback: TRANSIENT when the folder is not found yet, BUSY,
 * FATAL. The executor must outlive it. */
struct census *census_start(struct executor *executor,
			    const struct census_hooks *hooks,
			    struct err *err);

/* No callback will come; not after done(). Accepts NULL. */
void census_cancel(struct census *census);

#endif
