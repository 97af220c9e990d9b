/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * starter - powers sources on that went off: their boot freezes them again.
 *
 * Soon the first time, then ever more seldom, until one has been frozen for
 * a while; not one that is drained, nor on a host out of service.
 */
#ifndef SCLONE_SCLONED_STARTER_H
#define SCLONE_SCLONED_STARTER_H

#include "common/base/loop.h"
#include "common/clone/executor.h"
#include "drains.h"

struct starter;

/* All borrowed. NULL: FATAL. */
struct starter *starter_create(struct loop *loop, struct executor *executor,
			       const struct drains *drains, struct err *err);

/* Before the executor. Accepts NULL. */
void starter_destroy(struct starter *starter);

/* The sources were looked at. */
void starter_sources(struct starter *starter);

/* What is done about a source that is not ready; NULL: nothing. */
const char *starter_says(const struct starter *starter,
			 const struct source *source);

#endif
