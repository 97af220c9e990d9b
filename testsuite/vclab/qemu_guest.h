/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_guest - one machine of kind qemu while it starts, runs, is frozen,
 * and ends: what its QEMU says on QMP and by dying becomes reports to the
 * lab. guest_qemu.c has the operations that the lab calls.
 */
#ifndef SCLONE_VCLAB_QEMU_GUEST_H
#define SCLONE_VCLAB_QEMU_GUEST_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "guest.h"
#include "qemu.h"
#include "qemu_params.h"
#include "qmp.h"
#include "reaper.h"
#include "rpc.h"
#include "slots.h"

#define QEMU_GUEST_TEMPLATE "guestinfo.sclone.template"

enum phase {
	OFF,
	QUEUED,		/* waits for a slot */
	STARTING,	/* QEMU runs, nothing reported yet */
	RUNNING,
	FREEZING,	/* the devices' state is being written */
	ENDING,		/* it is written, QEMU is being ended */
	FETCHING,	/* the disk of a kept source is being copied */
	FETCHED,	/* stands for a source just before its freeze */
	KEEPING,	/* the frozen source is being moved to the cache */
	FROZEN,
};

/* All qemu guests of the lab. */
struct shared {
	const struct guest_lab *lab;
	struct slots slots;	/* starts under way at once */
	struct reaper *reaper;
};

struct guest {
	struct shared *shared;
	struct guest_vm *vm;
	enum phase phase;
	bool fork;		/* this start is a fork, no boot */
	bool keep;		/* this boot goes into the cache when frozen */
	bool ran;		/* has been started before */
	bool captured;		/* was frozen: its disk must not change */
	struct slot slot;
	unsigned polls;
	unsigned step;		/* of the QMP commands under way */

	struct qemu_params params;
	struct qemu_process process;	/* pid 0: none */
	struct loop_child *child;
	struct qmp *qmp;
	struct rpc *rpc;

	pid_t last;		/* QEMU that was killed and may still die */

	char dir[PATH_MAX];	/* of ram and state */
	char below[PATH_MAX];	/* disk below the top one, "": as vm says */
	unsigned tops;		/* disks made that vm does not know */
	char key[QEMU_KEY_SIZE];
};

/* Paths: of its memory and state; in the VM's directory; of a disk that the
 * lab does not know. They return path. */
const char *qemu_guest_file(const struct guest *guest, const char *name,
			    char path[PATH_MAX]);
const char *qemu_guest_own(const struct guest *guest, const char *name,
			   char path[PATH_MAX]);
const char *qemu_guest_disk(const struct guest *guest, unsigned number,
			    char path[PATH_MAX]);

/* Start QEMU; the report comes later. On failure qemu_guest_failed() is
 * due. */
int qemu_guest_launch(struct guest *guest, struct err *err);

/* Write the devices' state and end QEMU; the report comes later. */
void qemu_guest_freeze(struct guest *guest);

/* End whatever is under way and forget what was captured; no report. */
void qemu_guest_stop(struct guest *guest);

/* As stop, and report that the start failed. */
void qemu_guest_failed(struct guest *guest, const struct err *why);

/* It is frozen now: report that. */
void qemu_guest_frozen(struct guest *guest);

/* Call back when a helper process ends; it is killed on failure. */
int qemu_guest_await(struct guest *guest, pid_t pid,
		     void (*cb)(pid_t pid, const siginfo_t *info, void *arg),
		     struct err *err);

#endif
