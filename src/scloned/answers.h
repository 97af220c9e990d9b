/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answers - what scloned says over its socket: the verbs of verbs.h for
 * admins, and of wire.h for the front ends. Decides who may ask what.
 */
#ifndef SCLONE_SCLONED_ANSWERS_H
#define SCLONE_SCLONED_ANSWERS_H

#include "common/ipc/server.h"
#include "daemon.h"

/* "daemon" of status; NULL: out of memory. */
struct json *answers_daemon(const struct daemon *daemon);

/* A server's handler; arg is the struct daemon. */
void answers_handle(struct server_call *call, void *arg);

#endif
