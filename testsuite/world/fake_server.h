/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - scloned's socket, in place of ipc/server, and who connects to it.
 */
#ifndef SCLONE_WORLD_SERVER_H
#define SCLONE_WORLD_SERVER_H

#include <stdint.h>

/* A call that nobody waits for; nodes may be NULL. */
void server_order(const char *verb, const char *nodes);

/* sclone-prolog: waits for the job's nodes as long as it takes. */
void server_prolog(uint32_t job);

#endif
