/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notes - write into a job's admin_comment which cycles serve it, so that
 * the job leads to its VMs' records: "sclone: vm1/1763782812123456".
 *
 * A line is added when the job's VMs have been made, which is while its
 * nodes boot: once for all of them as a rule, again for those of a later
 * try. Of a shared VM that is there already, when the job's prolog comes. It
 * costs two calls of Slurm a line and delays nothing; a line that cannot be
 * written is dropped.
 */
#ifndef SCLONE_SCLONED_NOTES_H
#define SCLONE_SCLONED_NOTES_H

#include "common/base/loop.h"
#include "common/ipc/slurm_link.h"
#include "fleet.h"

#define NOTES_LISTED 4		/* cycles named in a line; others: how many */

struct notes;

/* All borrowed. NULL: FATAL. */
struct notes *notes_create(struct loop *loop, struct slurm_link *link,
			   const struct fleet *fleet, struct err *err);

/* After the link. Accepts NULL. */
void notes_destroy(struct notes *notes);

/* A step was made: rec is the record after it. */
void notes_stepped(struct notes *notes, const struct record *rec,
		   const struct event *ev, const struct outcome *out);

#endif
