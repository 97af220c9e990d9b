/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk - carries out the engine's actions in Slurm, by way of scloned-slurm.
 *
 * One call is under way at a time, when the link has no other, in the order in
 * which they were asked for;
 * the same change for many nodes goes out in one call with a host list. What
 * a change is derived from may have passed when its turn comes, for slurmctld
 * can take its time with those before it: the rules are asked again just
 * before it is sent, and a change that is no longer called for ends as done.
 */
#ifndef SCLONE_SCLONED_DESK_H
#define SCLONE_SCLONED_DESK_H

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/ipc/slurm_link.h"
#include "fleet.h"

struct desk;

/* All borrowed. */
struct desk *desk_create(struct loop *loop, struct slurm_link *link,
			 struct fleet *fleet, struct err *err);

/* After the link; drops what is under way without events. Accepts NULL. */
void desk_destroy(struct desk *desk);

/* An action for which action_is_slurm() holds; ends in one event. */
void desk_act(struct desk *desk, const struct record *rec,
	      const struct action *action);

/* The link is idle: see struct slurm_link_options. */
void desk_poke(struct desk *desk);

/* Slurm's programs have asked for something that was not taken yet: it can
 * be that a node has been given to another job, or to the same one again.
 * Until that is known no node is taken from its job. */
void desk_set_behind(struct desk *desk, bool behind);

#endif
