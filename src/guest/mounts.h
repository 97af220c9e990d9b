/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts - network file systems that are mounted: none may be at the
 * freeze, all must be flushed and gone before a clone is destroyed.
 */
#ifndef SCLONE_GUEST_MOUNTS_H
#define SCLONE_GUEST_MOUNTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define MOUNTS_MAX 256

struct mounts {
	size_t count;
	char *paths[MOUNTS_MAX];	/* in the order they were mounted */
};

/* Whether a type and a source (mountinfo's) keep the data on another
 * machine; a network block device has a local type. */
bool mounts_is_network(const char *type, const char *source);

/*
 * Network mounts listed in a file in the format of /proc/self/mountinfo
 * (proc(5)), octal escapes undone. FATAL. mounts_free() when done.
 */
int mounts_read(const char *path, struct mounts *mounts, struct err *err);
void mounts_free(struct mounts *mounts);
#define cleanup_mounts __attribute__((cleanup(mounts_free)))

#endif
