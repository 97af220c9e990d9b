/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breakers - one breaker for each source and each template, by name. They
 * outlive the sources of one configuration: what rested before a reload
 * rests after it. A restart closes them all.
 */
#ifndef SCLONE_SCLONED_BREAKERS_H
#define SCLONE_SCLONED_BREAKERS_H

#include "common/clone/config.h"
#include "common/rules/breaker.h"

struct breakers;

/* NULL when out of memory. */
struct breakers *breakers_create(void);

/* Accepts NULL. */
void breakers_destroy(struct breakers *breakers);

/* By inventory path, by template name; a new one is closed. NULL when there
 * is no room for one: it never rests. Borrowed until a prune before which it
 * was not asked for. */
struct breaker *breakers_source(struct breakers *breakers, const char *path);
struct breaker *breakers_template(struct breakers *breakers,
				  const char *name);

/* Forget those that nobody has asked for since the last prune. */
void breakers_prune(struct breakers *breakers);

#endif
