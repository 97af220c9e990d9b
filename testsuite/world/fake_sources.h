/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources as scloned sees them, in place of clone/sources.
 */
#ifndef SCLONE_WORLD_SOURCES_H
#define SCLONE_WORLD_SOURCES_H

#include <stdbool.h>

/* This process has looked at them. */
bool sources_looked(void);

#endif
