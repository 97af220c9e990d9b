/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject - what an admin means by a name: a whole template, or one of the
 * sources.
 */
#ifndef SCLONE_SCLONED_SUBJECT_H
#define SCLONE_SCLONED_SUBJECT_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/clone/config.h"
#include "common/clone/sources.h"

struct subject {
	const struct config_template *tmpl;
	const struct source *source;	/* NULL: all of the template's */
};

/*
 * A template's name, a source's inventory path, or its last part when no
 * other source ends like it; a template's name comes first. NOTFOUND, and
 * CONFIG when the last part is that of several. Borrowed from the two.
 */
int subject_find(const struct config *config, const struct sources *sources,
		 const char *name, struct subject *out, struct err *err);

/* The template's name, or the source's path. */
const char *subject_name(const struct subject *subject);

/* The source is the subject, or of the template that is. */
bool subject_has(const struct subject *subject, const struct source *source);

#endif
