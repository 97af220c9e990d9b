/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - small writes of the guest: into files that exist (sysfs,
 * machine-id) and of files that are replaced. Without fsync: a clone never
 * outlives a crash of its machine.
 */
#ifndef SCLONE_GUEST_FILES_H
#define SCLONE_GUEST_FILES_H

#include <stddef.h>

#include "common/base/err.h"

/* Write text over what the file holds; made with mode 0444 if missing.
 * NOTFOUND, FATAL. */
int files_write(const char *path, const char *text, struct err *err);

/* Put a new file (0644) in place of path, also of a symbolic link; its
 * directory is made if only that is missing. FATAL. */
int files_replace(const char *path, const char *text, struct err *err);

/* First line of a small file, "" when it cannot be read. */
void files_line(const char *path, char *out, size_t size);

#endif
