/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon - the parts of scloned and how they are joined:
 *
 *	server, intake ──> fleet ──> executor (vCenter), desk (Slurm)
 *	sight, executor ─────^  └──> planner, waiters, cycle
 */
#ifndef SCLONE_SCLONED_DAEMON_H
#define SCLONE_SCLONED_DAEMON_H

#include "common/base/loop.h"
#include "common/clone/config.h"
#include "common/clone/executor.h"
#include "common/clone/journal.h"
#include "common/clone/ledger.h"
#include "common/ipc/server.h"
#include "common/ipc/slurm_link.h"
#include "chain.h"
#include "desk.h"
#include "diary.h"
#include "drains.h"
#include "fleet.h"
#include "growth.h"
#include "intake.h"
#include "orders.h"
#include "notes.h"
#include "partitions.h"
#include "planner.h"
#include "reconciler.h"
#include "room.h"
#include "sight.h"
#include "starter.h"
#include "timing.h"
#include "trials.h"
#include "upkeep.h"
#include "waiters.h"

struct daemon_options {
	const char *config;		/* path */
	const char *slurm_helper;	/* scloned-slurm's path */
};

struct daemon {
	const struct daemon_options *options;
	struct loop *loop;
	const struct config *config;	/* owned; replaced by reload */
	struct engine_conf engine;
	struct journal *journal;
	struct ledger *ledger;
	struct drains *drains;
	struct trials *trials;
	struct fleet *fleet;
	struct diary *diary;
	struct executor *executor;
	struct planner *planner;
	struct growth *growth;
	struct starter *starter;
	struct slurm_link *link;
	struct desk *desk;
	struct notes *notes;
	struct sight *sight;
	struct partitions *partitions;
	struct timing *timing;
	struct chain *chain;
	struct intake *intake;
	struct waiters *waiters;
	struct server *server;
	struct upkeep *upkeep;
	struct reconciler *reconciler;
	struct orders *orders;
	struct room *room;
	int64_t started;		/* us since 1970 */
};

/*
 * Make all parts and join them. On failure what was made is gone again; the
 * error says what the admin does. options is borrowed.
 */
int daemon_start(struct daemon *daemon, const struct daemon_options *options,
		 struct err *err);

/* Log out of vCenter, then stop the loop; the parts stay. */
void daemon_leave(struct daemon *daemon);

/* Accepts a daemon that never started. */
void daemon_stop(struct daemon *daemon);

/* Read the configuration again; on failure the old one stays. */
int daemon_reload(struct daemon *daemon, struct err *err);

/* Look at Slurm's nodes often while somebody waits for one. */
void daemon_hurry(struct daemon *daemon);

#endif
