/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path - files read and written with care: bounded reads, writes that are
 * whole or absent after a crash, and the checks root's files deserve.
 */
#ifndef SCLONE_BASE_PATH_H
#define SCLONE_BASE_PATH_H

#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

/*
 * Read a whole regular file into buf (initialised by the caller; its max is
 * the bound). NOTFOUND, REFUSED (not a regular file), FATAL (too long, I/O).
 */
int path_read(const char *path, struct buf *buf, struct err *err);

/*
 * Read a secret: as path_read, but first path_check_secret(). One trailing
 * newline is dropped; an empty file or a second line is an error (CONFIG).
 * The caller wipes buf.
 */
int path_read_secret(const char *path, uid_t owner, struct buf *buf,
		     struct err *err);

/*
 * A secret must be a regular file (no symbolic link) owned by root or owner,
 * with no permission for group or others, reached through directories that
 * nobody but root or owner can write (sticky directories excepted): those
 * of the path as it is given and those its links lead through. CONFIG with
 * the command that cures it.
 */
int path_check_secret(const char *path, uid_t owner, struct err *err);

/*
 * A directory whose content is believed: owned by root or owner, writable
 * by nobody else (sticky or not), reached as a secret is. It may itself be
 * reached by a link. NOTFOUND, CONFIG with the command that cures it.
 */
int path_check_dir(const char *path, uid_t owner, struct err *err);

/*
 * Write a file so that after a crash it is there whole or not at all:
 * temporary file in the same directory, fsync, rename over path, fsync of
 * the directory. FATAL with errno's text; ENOSPC and EDQUOT are CAPACITY.
 */
int path_write(const char *path, const void *bytes, size_t len, mode_t mode,
	       struct err *err);

/* Make a directory if it is missing (not its parents), with this mode. */
int path_mkdir(const char *path, mode_t mode, struct err *err);

#endif
