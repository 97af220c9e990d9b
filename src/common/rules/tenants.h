/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tenants - which VMs have files in which directories of datastores.
 *
 * A directory and not a file is what is looked at, since neither the
 * devices nor layoutEx can be trusted to tell of every file (KB 67186).
 * Paths are as vCenter writes them, "[datastore] dir/file", compared byte
 * by byte.
 */
#ifndef SCLONE_RULES_TENANTS_H
#define SCLONE_RULES_TENANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#define TENANTS_DIR_SIZE 512

struct tenants;

/* For at most max_dirs directories. NULL when out of memory. */
struct tenants *tenants_create(size_t max_dirs);

/* Accepts NULL. */
void tenants_destroy(struct tenants *tenants);
CLEANUP_DEFINE(struct tenants *, tenants_destroy)
#define cleanup_tenants cleanup_with(tenants_destroy_cleanup_)

/* Length of a path's "[datastore] dir/", 0 when it has no such form. */
size_t tenants_dir_len(const char *path);

/*
 * The VM uses this file. A path without that form is in no directory, and
 * left out. -1 BUSY: full; CONFIG: no moref, or a path too long; FATAL.
 * After a failure the set is incomplete and must not be used for a verdict.
 */
int tenants_add(struct tenants *tenants, const char *vm, const char *path,
		struct err *err);

/* Whether the VM has a file in path's directory. May be false for the third
 * one of three and more. */
bool tenants_has(const struct tenants *tenants, const char *path,
		 const char *vm);

/* Another VM than own with a file in path's directory, or NULL. Borrowed. */
const char *tenants_other(const struct tenants *tenants, const char *path,
			  const char *own);

#endif
