/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members - the sources that are so because they lie in a folder of
 * Sources=. A part of sources.c: it says which machines are to be looked at
 * beside those named, and which of them are fit to be a source.
 *
 * A machine in such a folder is a source when it carries what sclone-guest
 * wrote before the freeze, no mark of a clone, and can run. Once it was, it
 * stays one while it lies there, also when it is off and shows nothing. When
 * the folder cannot be listed, or is gone, its sources of before stay. One
 * that was taken out of it stays for as long as somebody needs it.
 */
#ifndef SCLONE_CLONE_MEMBERS_H
#define SCLONE_CLONE_MEMBERS_H

#include "sources_own.h"

/* The folders were listed: put what is to be read behind the named ones in
 * sources->fresh. */
void members_compose(struct sources *sources);

/* It was read: take those out of sources->fresh that are not fit. */
void members_sift(struct sources *sources);

/* What is in sources->fresh counts from now on: before it is shown. */
void members_keep(struct sources *sources);

/* It was shown, and whoever borrowed what was before has been told. */
void members_prune(struct sources *sources);

/* A member of before, before the first look. -1: no such folder, or no room
 * for it. */
int members_recall(struct sources *sources, const char *path,
		   const char *vm, const char *instance_uuid,
		   struct err *err);

/* The members that the former sources know; the hook is told of those that
 * are none here. */
void members_inherit(struct sources *sources, const struct sources *former);

/* Have changes told from which a machine may become a source, or not be one
 * any more; is that one? */
void members_watch(struct sources *sources);
bool members_concerns(const struct sources *sources,
		      const struct moref *object);

#endif
