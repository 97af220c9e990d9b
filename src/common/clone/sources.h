/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources - the frozen VMs that clones are made from, and the places clones
 * go to, as vCenter has them now: looked up by their inventory paths, and
 * followed as vCenter tells of changes (lookout.h). For safety all is read
 * again every half minute and whenever something fails.
 *
 * Those in folders of Sources= come and go: see members.h.
 */
#ifndef SCLONE_CLONE_SOURCES_H
#define SCLONE_CLONE_SOURCES_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/vim25/watch.h"
#include "config.h"
#include "folders.h"
#include "source.h"

struct sources;

#define SOURCES_REFUSED_MAX 256

/* A machine in a folder of Sources= that is no source, or such a folder (the
 * path ends in a '/') with what is wrong with it. */
struct sources_refused {
	char path[FOLDERS_PATH_SIZE + 1];
	const char *template_name;	/* borrowed from the configuration */
	char why[SOURCE_WHY_SIZE];
	struct moref vm;		/* unset: not a machine, or unknown */
	char instance_uuid[UUID_TEXT_SIZE];
	bool is_clone;			/* of ours */
};

struct sources_hooks {
	/* After each look, and after news. */
	void (*changed)(void *arg);
	/* Its mark is right: it is a clone of ours, and so no source. */
	bool (*is_clone)(const struct source *source, void *arg);
	/* A clone of the member with that path is looked after. */
	bool (*needs)(const char *path, void *arg);
	/* One is a member, or is none any more: to be kept for ever (path,
	 * kept_vm, kept_uuid), and given to sources_recall() by the next
	 * process; to be forgotten. */
	void (*member)(const struct source *source, bool is, void *arg);
	/* Just before: it is the same that was a member with another path. */
	void (*renamed)(const struct source *source, const char *former,
			void *arg);
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

/* A member of before; before the first look. NOTFOUND: its folder is not in
 * the configuration; CAPACITY, PROTOCOL. */
int sources_recall(struct sources *sources, const char *path,
		   const char *vm, const char *instance_uuid,
		   struct err *err);

/* The members that the former sources know, as of sources_recall(). Calls
 * the hook for those that are none here. */
void sources_inherit(struct sources *sources, const struct sources *former);

/* Look again soon. */
void sources_poke(struct sources *sources);

/* Which there are, and at which index, is the same while this number is; it
 * changes only before a call of changed, and by sources_recall(). */
unsigned sources_shape(const struct sources *sources);
size_t sources_count(const struct sources *sources);
const struct source *sources_at(const struct sources *sources, size_t index);

/* By inventory path; NULL when it is no source (any more). */
const struct source *sources_find(const struct sources *sources,
				  const char *path);

/* Once at least, each folder of Sources= was listed or found missing, and
 * what lies there was looked at: all sources are known. */
bool sources_listed(const struct sources *sources);

/* What lies in them and is none. */
size_t sources_refused_count(const struct sources *sources);
const struct sources_refused *sources_refused_at(const struct sources *sources,
						 size_t index);

/* The clone folder and the resource pool, as each look finds them by their
 * paths; NULL: not found (yet). */
const struct moref *sources_folder(const struct sources *sources);
const struct moref *sources_pool(const struct sources *sources);

/* Why the last look failed, or a place was not found; NULL: all is well. */
const struct err *sources_problem(const struct sources *sources);

/* The last look that had no problem, us since 1970; 0 = none. */
int64_t sources_seen(const struct sources *sources);

#endif
