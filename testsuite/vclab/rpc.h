/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc - the guest's side door on one stream (a unix socket, a virtio-serial
 * port): VMware's rpctool commands as lines.
 *
 *	info-get guestinfo.KEY		+VALUE, or -No value found
 *	info-set guestinfo.KEY VALUE	+
 *	instantclone.freeze		no answer here; + in each clone
 *	vclab.hosttime			+SECONDS.MICROSECONDS since 1970
 *	anything else			-Unknown command
 *
 * One request at a time; a line has at most RPC_LINE_MAX bytes, longer ones
 * are answered with - and dropped. Values travel verbatim, so a value with a
 * line break is answered with - as well.
 */
#ifndef SCLONE_VCLAB_RPC_H
#define SCLONE_VCLAB_RPC_H

#include "guest.h"

#define RPC_LINE_MAX 131072

struct rpc;

/*
 * Serve vm on fd (taken over, made non-blocking). closed (may be NULL) is
 * called when the peer has gone; it may destroy the rpc.
 */
struct rpc *rpc_create(const struct guest_lab *lab, struct guest_vm *vm,
		       int fd, void (*closed)(struct rpc *rpc, void *arg),
		       void *arg, struct err *err);

/* Accepts NULL. */
void rpc_destroy(struct rpc *rpc);

/*
 * Write an answer line ("+", "-text"; without a newline): for a clone whose
 * source asked to be frozen, and for a freeze that failed later.
 */
int rpc_answer(struct rpc *rpc, const char *line, struct err *err);

#endif
