/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * closings - the node updates that room asks for, as few calls with long host
 * lists. Not the engine's: those of single nodes go through desk.
 */
#ifndef SCLONE_SCLONED_CLOSINGS_H
#define SCLONE_SCLONED_CLOSINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hostlist.h"
#include "common/ipc/slurm_link.h"

struct closings;

/* refused is called for each single name that slurmctld does not take. The
 * link is borrowed. NULL when out of memory. */
struct closings *
closings_create(struct slurm_link *link,
		void (*refused)(const char *node, void *arg), void *arg);

/* After the link. Accepts NULL. */
void closings_destroy(struct closings *closings);

enum closings_what {
	CLOSINGS_CLOSE,
	CLOSINGS_OPEN,		/* nodes that are off */
	CLOSINGS_FORGIVE		/* nodes in use */
};

/* Drain the nodes for the reason, or undrain them. Takes them over. A call
 * that fails is logged; what it was for shows in the next look. */
void closings_send(struct closings *closings, enum closings_what what,
		   struct hostlist *nodes, const char *reason);

/* Calls are under way: a look that began by now shows the time before. */
bool closings_busy(const struct closings *closings);

/* When the last one ended, us since 1970; 0: there was none. */
int64_t closings_ended(const struct closings *closings);

/* It failed. */
bool closings_failed(const struct closings *closings);

#endif
