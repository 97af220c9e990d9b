/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_kept - frozen sources kept in a cache directory for later starts:
 * CACHE/frozen-KEY with ram, state, disk.qcow2 and template (its record).
 * Complete or not there; never changed once it is there.
 */
#ifndef SCLONE_VCLAB_QEMU_KEPT_H
#define SCLONE_VCLAB_QEMU_KEPT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/err.h"

void qemu_kept_dir(const char *cache, const char *key, char dir[PATH_MAX]);

/* Whether this directory is one of a cache. */
bool qemu_kept_is(const char *dir);

/*
 * Start moving from, a directory in the cache with ram and state, to its
 * place, with a copy of disk (may be NULL) and the record. The process; it
 * fails if somebody else was first. -1.
 */
pid_t qemu_kept_store(const char *cache, const char *key, const char *from,
		      const char *disk, const char *record, struct err *err);

/* Start copying the disk (may be NULL) of a kept source. The process, 0 if
 * none is kept, -1. */
pid_t qemu_kept_fetch(const char *dir, const char *disk, struct err *err);

/* The record of a kept source. */
int qemu_kept_record(const char *dir, struct buf *record, struct err *err);

#endif
