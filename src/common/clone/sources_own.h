/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources_own - what the files of sources share; see sources.h. */
#ifndef SCLONE_CLONE_SOURCES_OWN_H
#define SCLONE_CLONE_SOURCES_OWN_H

#include "common/base/table.h"
#include "folders.h"
#include "lookout.h"
#include "sources.h"

struct place;		/* places.h */

struct sources {
	struct session *session;
	const struct config *config;
	struct sources_hooks hooks;
	struct loop_timer *timer;
	struct lookout *lookout;
	struct loop_timer *tell;	/* of news, once for all of a reply */
	int64_t news_at;		/* the first of them */

	/* CONFIG_SOURCES_MAX of each: those named, then the members. */
	struct source *list;	/* as the last look and news since say */
	struct source *fresh;	/* of the look under way */
	size_t named, count, fresh_count;
	size_t awaited;		/* members of before, not in fresh yet */
	unsigned shape;
	struct place *places;	/* named + PLACES_OWN */

	struct folders *folders;
	struct table *paths;	/* of members, by themselves */
	struct sources_refused *refused, *next_refused;	/* likewise two */
	size_t refused_count, next_refused_count;

	size_t searching;	/* paths and folders */
	struct property_query *query;
	bool looking, again;
	bool listed;		/* a look was shown with all that is in them */
	int64_t began, seen;
	struct err problem;	/* of the last look */
	struct err trouble;	/* of the one under way, so far */
	bool unanswered;	/* it is more than a place that is not there */
};

/* A search of the look under way is over, or the folders are listed. */
void sources_searched(struct sources *sources);

#endif
