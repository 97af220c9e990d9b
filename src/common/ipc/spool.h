/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool - the directory in which front ends leave their requests, whether
 * scloned runs or not: one file ID.json for each, whole or absent after a
 * crash.
 *
 * Any number of front ends write; one scloned reads and removes. A reader
 * that dies between commit and removal sees the request again: its id says
 * that it is the same one.
 */
#ifndef SCLONE_IPC_SPOOL_H
#define SCLONE_IPC_SPOOL_H

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "request.h"

#define SPOOL_FILES_MAX 4096	/* in the directory, of any kind */
#define SPOOL_BAD_MAX 64	/* kept in its subdirectory "bad" */

/*
 * For the reader, at start: make the directory (mode 0700, not its parents)
 * and its "bad" if they are missing, and remove what writers that died left
 * half written more than an hour ago. CONFIG when others can write there
 * (path_check_dir()): requests are orders. FATAL, CAPACITY.
 */
int spool_prepare(const char *dir, struct err *err);

/*
 * Durable when it returns. CAPACITY when the disk or the spool is full,
 * NOTFOUND when there is no such directory, FATAL.
 */
int spool_write(const char *dir, const struct request *request,
		struct err *err);

struct spool_list {
	size_t count;
	char (*ids)[REQUEST_ID_SIZE];	/* oldest first */
};

/* The ids of all requests; the caller clears the list. NOTFOUND, FATAL. */
int spool_list(const char *dir, struct spool_list *list, struct err *err);
void spool_list_clear(struct spool_list *list);
#define cleanup_spool_list __attribute__((cleanup(spool_list_clear)))

/*
 * Read one request. NULL and PROTOCOL when the file is none: it has been
 * moved to "bad" then, where the newest SPOOL_BAD_MAX are kept. NOTFOUND
 * when it is gone. Else the file stays, and the text names it: AUTH when it
 * may not be read, FATAL (I/O, out of memory).
 */
struct request *spool_read(const char *dir, const char *id, struct err *err);

/* After the request was committed elsewhere. A missing file is fine. */
int spool_remove(const char *dir, const char *id, struct err *err);

#endif
