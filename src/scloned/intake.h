/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake - takes the front ends' requests from the spool, one at a time in
 * the order they were made, and turns them into events:
 *
 *	spool file -> jobs and partitions looked up -> events -> commit ->
 *	chained program started -> file removed
 *
 * A crash anywhere before the removal shows the file again; its id says that
 * it was taken. One that cannot be removed or read is put on the shelf, and
 * the next one is taken. Nodes that are not in sclone.conf go to the chained
 * programs: at least once, in order, see shelf.h.
 */
#ifndef SCLONE_SCLONED_INTAKE_H
#define SCLONE_SCLONED_INTAKE_H

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/clone/config.h"
#include "common/clone/journal.h"
#include "common/ipc/server.h"
#include "common/ipc/slurm_link.h"
#include "chain.h"
#include "desk.h"
#include "fleet.h"
#include "partitions.h"
#include "planner.h"
#include "timing.h"
#include "trials.h"

struct intake;

/* All borrowed; config by address, since reload replaces it. */
struct intake_context {
	struct loop *loop;
	struct fleet *fleet;
	struct desk *desk;
	struct journal *journal;
	struct slurm_link *link;
	struct timing *timing;
	struct partitions *partitions;
	const struct planner *planner;
	struct chain *chain;
	struct trials *trials;
	const struct config *const *config;
};

/* Prepares the spool directory and reads what waits there. NULL: the
 * directory cannot be used (CONFIG, FATAL). */
struct intake *intake_create(const struct intake_context *context,
			     struct err *err);

/* After the link. Accepts NULL. */
void intake_destroy(struct intake *intake);

/* Look into the spool soon: somebody wrote into it. */
void intake_poke(struct intake *intake);

/* What keeps a file in the spool, or NULL. Borrowed until the next call. */
const char *intake_problem(const struct intake *intake);

/*
 * A request that came over the socket because the spool cannot be written: it
 * is answered when it is committed and its chained program was started. BUSY
 * to be called again: another is being taken, or the program cannot be started
 * yet, and then sclone's own nodes were taken. Who gives up loses the program
 * alone; however often it calls, the spool is looked into when it was due.
 */
void intake_take_call(struct intake *intake, struct server_call *call);

#endif
