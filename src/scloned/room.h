/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * room - keeps in Slurm as many names free as can become clones: counts what
 * the names are, asks rules/capacity after each look at Slurm's nodes, and
 * has names drained or given back. Those that partitions share are drained,
 * too, so that their jobs pend.
 *
 * What Slurm shows is all it remembers: after a restart, without a journal,
 * or when a node has left sclone.conf, a drain of its own is known by its
 * reason, and taken back when it need not be.
 */
#ifndef SCLONE_SCLONED_ROOM_H
#define SCLONE_SCLONED_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/clone/config.h"
#include "common/clone/tally.h"
#include "common/rules/nodeview.h"
#include "common/rules/record.h"

struct daemon;
struct room;

/* All of the daemon's parts must exist and outlive it. NULL: FATAL. */
struct room *room_create(struct daemon *daemon, struct err *err);

/* After the link. Accepts NULL. */
void room_destroy(struct room *room);

/* Memory for a configuration that is to be used next: the part of that which
 * can fail. */
int room_reserve(struct room *room, const struct config *config,
		 struct err *err);

/* The daemon's configuration was replaced, and reserved for; old is still
 * there. */
void room_use(struct room *room, const struct config *old);

/* A step was made. */
void room_stepped(struct room *room, const struct record *rec);

/* Slurm has shown a node, of sclone.conf or not. */
void room_saw(struct room *room, const char *node,
	      const struct nodeview *view);

/* It has shown all, or what changed, in a look that began then. */
void room_looked(struct room *room, int64_t began);

/* The sources were looked at again. */
void room_sources(struct room *room);

/* What it counts; borrowed until room_use(). */
const struct tally *room_tally(const struct room *room);

/* "capacity" for the answer to status; -1: out of memory. */
int room_put(const struct room *room, struct json *reply);

#endif
