/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu - the process of one QEMU machine: its command line, its network,
 * its end. guest_qemu.c decides what it is for.
 */
#ifndef SCLONE_VCLAB_QEMU_H
#define SCLONE_VCLAB_QEMU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "guest.h"

/* All that differs between two machines. Strings are borrowed. */
struct qemu_spec {
	const char *image;	/* directory made by lib/mkimage */
	const char *accel;	/* "tcg" or "kvm" */
	int64_t tb_mb;		/* memory for translated code, tcg only */
	int64_t cpus;
	int64_t memory_mb;
	char macs[GUEST_NICS_MAX][18];
	size_t nnics;
	const char *ram;	/* file that is the machine's memory */
	const char *state;	/* clone: file with the devices' state */
	bool clone;	/* memory copy-on-write, wait for the state */
	const char *disk;	/* top disk, made when missing */
	const char *base;	/* what a new top disk stands on: with
				 * overlay a backing file, else copied */
	bool overlay;
	const char *bridge;	/* NULL: user-mode network */
	int64_t forward;	/* user mode: this TCP port on 127.0.0.1 goes
				 * to the guest's; 0: none */
	const char *console;	/* file for the serial line */
	const char *dump;	/* file for all its packets; NULL: none */
};

/* A started process and our ends of its streams. */
struct qemu_process {
	pid_t pid;
	int rpc;	/* the guest's virtio-serial port */
	int qmp;
};

/*
 * Start it: make the disk, then become QEMU, with the caller's death as its
 * own. FATAL, CONFIG (no such bridge).
 */
int qemu_start(const struct qemu_spec *spec, struct qemu_process *process,
	       struct err *err);

/*
 * 16 hexadecimal digits and a NUL: a hash of all that must be equal for a
 * frozen state to be loaded again: QEMU's version, the command line, the
 * image (whose name is a hash of its content).
 */
#define QEMU_KEY_SIZE 17
int qemu_key(const struct qemu_spec *spec, char key[QEMU_KEY_SIZE],
	     struct err *err);

/*
 * The MAC address that sources boot with, counted up over their cards. QEMU
 * keeps it in the devices' state, where a fork's own has to be put in its
 * place; so it must be six bytes that stand there for nothing else.
 */
#define QEMU_SOURCE_MAC "02:53:43:4c:4e:45"

/* Copy a devices' state with a machine's addresses in place of those.
 * FATAL. */
int qemu_copy_state(const char *from, const char *to,
		    const struct guest_vm *vm, struct err *err);

/* The address of the card of this number that a source boots with. */
void qemu_source_mac(size_t number, char out[18]);

/* Start "program arg..." without streams, e.g. cp; -1 on failure. */
pid_t qemu_run(const char *const *argv, struct err *err);

#endif
