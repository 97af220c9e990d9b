/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources - the frozen VMs that clones are made from, and the places clones
 * go to, as vCenter has them now: looked up by their inventory paths, and
 * followed as vCenter tells of changes (lookout.h). For safety all is read
 * again every half minute and whenever something fails.
 */
#ifndef SCLONE_CLONE_SOURCES_H
#define SCLONE_CLONE_SOURCES_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/vim25/watch.h"
#include "config.h"
#include "source.h"

struct sources;

struct sources_hooks {
	/* After each look, and after news. */
	void (*changed)(void *arg);
	/* Its mark is right: it is a clone of ours, and so no source. */
	bool (*is_clone)(const struct source *source, void *arg);
	void *arg;
};

/* Looks at once, when vCenter answers. Watch, which has the session, and
 * config are borrowed. NULL: FATAL. */
struct sources *sources_create(struct loop *loop, struct watch *watch,
			       const struct config *config,
			       const struct sources_hooks *hooks,
			       struct err *err);

/* Accepts NULL. */
void sources_destroy(struct sources *sources);
CLEANUP_DEFINE(struct sources *, sources_destroy)
#define cleanup_sources cleanup_with(sources_destroy_cleanup_)

/* Look again soon. */
void sources_poke(struct sources *sources);

size_t sources_count(const struct sources *sources);
const struct source *sources_at(const struct sources *sources, size_t index);

/* By inventory path; NULL when it is no source (any more). */
const struct source *sources_find(const struct sources *sources,
				  const char *path);

/* The clone folder and the resource pool; NULL until found. */
const struct moref *sources_folder(const struct sources *sources);
const struct moref *sources_pool(const struct sources *sources);

/* Why the last look failed, or a place was not found; NULL: all is well. */
const struct err *sources_problem(const struct sources *sources);

/* The last complete look, us since 1970; 0 = none. */
int64_t sources_seen(const struct sources *sources);

#endif
