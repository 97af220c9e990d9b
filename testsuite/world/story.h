/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story - what happens in the world, a line each, when somebody wants to
 * read it; scloned's own log is part of it.
 */
#ifndef SCLONE_WORLD_STORY_H
#define SCLONE_WORLD_STORY_H

#include <stdbool.h>

void story_tell(bool tell);

void story(const char *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
