/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folders - the folders that stand in Sources=, as vCenter lists them: the
 * machines directly in them, by id and name. What they are good for is not
 * known here (members.h).
 *
 * A folder is looked up by its path each time, so that one that was renamed
 * or replaced is not followed by its id.
 */
#ifndef SCLONE_CLONE_FOLDERS_H
#define SCLONE_CLONE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/vim25/session.h"
#include "config.h"

#define FOLDERS_CHILDREN_MAX 256	/* machines that are used of one */
#define FOLDERS_PATH_SIZE 256		/* of a machine; RECORD_SOURCE_SIZE */

enum folder_state {
	FOLDER_UNKNOWN,		/* not asked for yet */
	FOLDER_LISTED,
	FOLDER_MISSING,		/* nothing there, or no folder */
	FOLDER_FAILED,		/* it could not be listed */
};

struct folder_child {
	struct moref vm;
	char path[FOLDERS_PATH_SIZE];
};

struct folder {
	const char *path;	/* borrowed from the config; no '/' at its
				 * end */
	const struct config_template *tmpl;
	enum folder_state state;	/* in the last look */
	struct err why;			/* FAILED: why */
	struct moref ref;		/* unset: MISSING */
	struct folder_child *children;	/* in the order of their names */
	size_t count;
	size_t unfit;		/* more, with paths that cannot be used */
	size_t more;		/* more than can be used */
};

struct folders;

/* Session and config are borrowed. NULL: FATAL. */
struct folders *folders_create(struct session *session,
			       const struct config *config, struct err *err);

/* Accepts NULL. */
void folders_destroy(struct folders *folders);
CLEANUP_DEFINE(struct folders *, folders_destroy)
#define cleanup_folders cleanup_with(folders_destroy_cleanup_)

/* List all; done is called once, perhaps at once. One look at a time. */
void folders_look(struct folders *folders, void (*done)(void *arg),
		  void *arg);

/* No callback will come; for a session that ends before the folders do. */
void folders_cancel(struct folders *folders);

size_t folders_count(const struct folders *folders);
const struct folder *folders_at(const struct folders *folders, size_t index);

/* Each was listed, or found missing, in the last look. */
bool folders_answered(const struct folders *folders);

#endif
