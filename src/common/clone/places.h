/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places - what a look at the sources searches by its inventory path: the
 * named sources, the clone folder and the resource pool. A part of sources.c.
 *
 * Folder and pool are searched in each look, since one that is made anew has
 * another id. A source is followed by its id for as long as that is there.
 */
#ifndef SCLONE_CLONE_PLACES_H
#define SCLONE_CLONE_PLACES_H

#include "common/vim25/search.h"
#include "sources_own.h"

#define PLACES_OWN 2		/* folder and pool, behind the sources */

struct place {
	const char *path;
	struct moref ref;	/* unset: not found (yet) */
	struct search *search;
	struct sources *sources;
};

/* Set the paths; the places are allocated. */
void places_fill(struct sources *sources);

/* Begin a look: each search counts in sources->searching and ends in
 * sources_searched(). What fails, or is not there, is sources->trouble; what
 * failed is unanswered, and leaves what was found before. */
void places_search(struct sources *sources);

/* No search is under way any more. */
void places_cancel(struct sources *sources);

/* NULL: not found (yet). */
const struct moref *places_folder(const struct sources *sources);
const struct moref *places_pool(const struct sources *sources);

#endif
