/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drains - the templates and sources that an admin has taken out of use: no
 * new clone is made of them, those that run live on. Kept in the journal by
 * name, also while the name is not in sclone.conf.
 */
#ifndef SCLONE_SCLONED_DRAINS_H
#define SCLONE_SCLONED_DRAINS_H

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/clone/config.h"
#include "common/clone/journal.h"
#include "common/rules/record.h"

#define DRAINS_WHO_SIZE 64
#define DRAINS_WHY_SIZE 161

struct drain {
	char name[RECORD_SOURCE_SIZE];	/* of a template, or a source's path */
	char who[DRAINS_WHO_SIZE];
	char why[DRAINS_WHY_SIZE];	/* "" when no reason was given */
	int64_t since;			/* us since 1970 */
	char text[ERR_TEXT_SIZE];	/* "rocky9 is drained by root: why" */
};

struct drains;

/* What the journal has, which is borrowed. One that cannot be read counts. */
struct drains *drains_create(struct journal *journal, struct err *err);

/* Accepts NULL. */
void drains_destroy(struct drains *drains);
CLEANUP_DEFINE(struct drains *, drains_destroy)
#define cleanup_drains cleanup_with(drains_destroy_cleanup_)

/*
 * Drain from now on, or change who and why; end it. The caller commits the
 * journal. CONFIG: a line break or the like in who or why, or too long;
 * BUSY: too many; NOTFOUND: it was not drained.
 */
int drains_set(struct drains *drains, const char *name, const char *who,
	       const char *why, int64_t now, struct err *err);
int drains_clear(struct drains *drains, const char *name, struct err *err);

/* What had that name has another one: its drain, if any, goes along. */
int drains_rename(struct drains *drains, const char *from, const char *to,
		  struct err *err);

/* By that name; NULL when it is not drained. All are borrowed until the
 * next change. */
const struct drain *drains_get(const struct drains *drains,
			       const char *name);

/* What keeps a source from use: its template's drain, or its own. */
const struct drain *drains_of(const struct drains *drains,
			      const char *template_name, const char *path);

/* Walk; start with *pos = 0. */
const struct drain *drains_next(const struct drains *drains, size_t *pos);

#endif
