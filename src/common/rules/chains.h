/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chains - which VM uses which disk file, over all VMs that can be seen.
 * Paths as vCenter writes them, "[datastore] dir/file.vmdk", compared byte
 * by byte.
 */
#ifndef SCLONE_RULES_CHAINS_H
#define SCLONE_RULES_CHAINS_H

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct chains;

/* For at most max_files files. NULL when out of memory. */
struct chains *chains_create(size_t max_files);

/* Accepts NULL. */
void chains_destroy(struct chains *chains);
CLEANUP_DEFINE(struct chains *, chains_destroy)
#define cleanup_chains cleanup_with(chains_destroy_cleanup_)

/* The VM uses the file, in whatever place of its chain. -1 BUSY: full;
 * CONFIG: no path or moref; FATAL. After a failure the set is incomplete
 * and must not be used for a verdict. */
int chains_add(struct chains *chains, const char *vm, const char *path,
	       struct err *err);

/* Another VM than own that uses the file, or NULL. Borrowed. */
const char *chains_user(const struct chains *chains, const char *path,
			const char *own);

#endif
