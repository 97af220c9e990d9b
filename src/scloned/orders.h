/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * orders - what an admin asks of the reconciler over the socket: to show
 * where journal, vCenter and Slurm differ, to go on in spite of the brake,
 * and to release VMs by hand; see ipc/verbs.h. One order at a time.
 */
#ifndef SCLONE_SCLONED_ORDERS_H
#define SCLONE_SCLONED_ORDERS_H

#include "common/base/err.h"
#include "common/ipc/server.h"

struct daemon;
struct orders;

/* NULL: FATAL. */
struct orders *orders_create(struct daemon *daemon, struct err *err);

/* After the reconciler. Accepts NULL. */
void orders_destroy(struct orders *orders);

/* Each sees to the call's answer. */
void orders_reconcile(struct orders *orders, struct server_call *call);
void orders_release(struct orders *orders, struct server_call *call);

#endif
