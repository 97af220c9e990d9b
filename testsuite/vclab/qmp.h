/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp - the control channel of one QEMU (QEMU's qmp-spec): JSON lines, one
 * command at a time, events in between.
 */
#ifndef SCLONE_VCLAB_QMP_H
#define SCLONE_VCLAB_QMP_H

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/loop.h"

struct qmp;

/* Callbacks; any of them may destroy the qmp. */
struct qmp_handler {
	/* QEMU has greeted; commands may be sent. */
	void (*ready)(void *arg);
	/* A command was done; why is NULL, or says why it was refused. */
	void (*reply)(void *arg, const char *why);
	/* Something happened; data (may be NULL) is borrowed. */
	void (*event)(void *arg, const char *name, const struct json *data);
};

/* On a stream (taken over). handler is borrowed for the qmp's life. */
struct qmp *qmp_create(struct loop *loop, int fd,
		       const struct qmp_handler *handler, void *arg,
		       struct err *err);
void qmp_destroy(struct qmp *qmp);	/* accepts NULL */

/* Send a command, a whole JSON object on one line; the reply comes later.
 * FATAL when QEMU does not take it. */
int qmp_send(struct qmp *qmp, const char *line, struct err *err);

#endif
