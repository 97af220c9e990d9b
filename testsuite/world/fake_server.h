/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - scloned's socket, in place of ipc/server, and who connects to it.
 */
#ifndef SCLONE_WORLD_SERVER_H
#define SCLONE_WORLD_SERVER_H

#include <stdint.h>

/* A call that nobody waits for; nodes may be NULL. */
void server_order(const char *verb, const char *nodes);

void server_begin(void);

/* sclone-suspend: what the node's prologs had noted by then (wall, us)
 * goes. */
void server_drop_claim(int node, int64_t until);

/* slurmctld ends the prolog of a job that left these nodes. */
void server_hang_up(uint32_t job, unsigned nodes);

#endif
