/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources - the frozen VMs that clones are made from, and the places clones
 * go to, as vCenter has them now: looked up by their inventory paths, read
 * again every half minute and whenever something fails.
 */
#ifndef SCLONE_CLONE_SOURCES_H
#define SCLONE_CLONE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/vim25/session.h"
#include "config.h"

#define SOURCE_WHY_SIZE 200
#define SOURCE_HOST_SIZE 128

enum source_state {
	SOURCE_UNKNOWN,		/* not looked at yet */
	SOURCE_MISSING,		/* nothing there, or no machine */
	SOURCE_OFF,
	SOURCE_RUNNING,		/* on, but not frozen */
	SOURCE_UNFIT,		/* its host is away or in maintenance */
	SOURCE_FROZEN,		/* ready */
};

struct source {
	const char *path;
	const char *template_name;
	unsigned lanes;
	enum source_state state;
	char why[SOURCE_WHY_SIZE];	/* "" when it is ready */
	struct moref vm;		/* unset until found */
	struct moref host_ref;
	char host[SOURCE_HOST_SIZE];
	bool host_ok;
	char instance_uuid[UUID_TEXT_SIZE];
	char bios_uuid[UUID_TEXT_SIZE];
};

struct sources;

/* Looks at once, when vCenter answers. changed is called after each look.
 * Session and config are borrowed. NULL: FATAL. */
struct sources *sources_create(struct loop *loop, struct session *session,
			       const struct config *config,
			       void (*changed)(void *arg), void *arg,
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

/* "frozen", "running" ...; static storage. */
const char *source_state_name(enum source_state state);

#endif
