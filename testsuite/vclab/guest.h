/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest - what runs inside a virtual machine of vclab.
 *
 * A guest kind (sim, proc, qemu) is a table of operations. The lab owns the
 * model (inventory, tasks, files' names, guestinfo) and tells the guest what
 * to do; the guest reports through struct guest_lab. Everything happens in
 * one thread, on the lab's loop; nothing may block for more than a few
 * milliseconds. Operations that need longer return 0 and report later.
 *
 * One VM's life, seen from the guest (M = lab calls, G = guest reports):
 *
 *	source:	M create, M power_on, G started, [guest talks on its rpc],
 *		guest sends "instantclone.freeze" -> M freeze, G frozen,
 *		M clone (any number, several may be under way), ...
 *		M power_off, M power_on (boots again, not frozen), M destroy
 *	clone:	M create, M source->clone, G started, rpc_answer("+") to the
 *		freeze that the source sent, M power_off, M destroy
 *
 * Each power_on, clone and freeze that returned 0 is reported exactly once,
 * possibly from within the call, unless power_off or destroy came first.
 */
#ifndef SCLONE_VCLAB_GUEST_H
#define SCLONE_VCLAB_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/loop.h"

struct guest;

#define GUEST_NICS_MAX 4

/*
 * The machine as its guest sees it. Owned by the lab and kept until after
 * destroy; the strings may be replaced between calls (a rename, a new top
 * disk), so they are read when needed and never kept.
 */
struct guest_vm {
	const char *id;		/* "vm-42": unique, good in a file name */
	const char *name;
	const char *uuid;	/* BIOS UUID, lower case */
	const char *macs[GUEST_NICS_MAX];	/* "00:50:56:..." */
	size_t nnics;
	const char *dir;	/* real directory of its files, absolute */
	const char *disk;	/* top disk's real file; NULL: none */
	const char *parent_disk; /* file below it; NULL for a base disk */
	int64_t disk_mb;	/* size of the disk */
	int64_t cpus;
	int64_t memory_mb;
	const struct json *params; /* the inventory's "guest" object */
	void *lab;		/* the lab's own */
};

/* What the lab offers to guests. Borrowed, valid for the lab's life. */
struct guest_lab {
	struct loop *loop;
	const char *state_dir;	/* --state, absolute */
	void *lab;		/* the lab's own */
	int64_t clock_us;	/* how far the hosts' clocks are ahead */

	/*
	 * power_on or clone has been done: the guest executes. err NULL on
	 * success; else the task fails and the lab calls power_off.
	 */
	void (*started)(struct guest_vm *vm, const struct err *err);

	/* The state is captured (err NULL), or could not be. */
	void (*frozen)(struct guest_vm *vm, const struct err *err);

	/* The guest ended by itself: the VM becomes powered off. The lab does
	 * not call power_off for it. */
	void (*off)(struct guest_vm *vm, const char *why);

	/* A line for the witness log. */
	void (*note)(struct guest_vm *vm, const char *event,
		     const char *text);

	/* Guestinfo; key is the full key, "guestinfo.x". NULL when absent.
	 * Borrowed until the next change. */
	const char *(*info_get)(struct guest_vm *vm, const char *key);
	int (*info_set)(struct guest_vm *vm, const char *key,
			const char *value, struct err *err);

	/*
	 * The guest asks to be frozen (rpc.c calls this; a guest kind only
	 * if it has no rpc). The lab calls ops->freeze in turn. -1: REFUSED
	 * with the text for the guest.
	 */
	int (*freeze)(struct guest_vm *vm, struct err *err);

	/* Call back once after delay_us, in the order of (time, call). The
	 * key (any address, not unique) names the calls for cancel. */
	void (*after)(const struct guest_lab *lab, int64_t delay_us,
		      void (*cb)(void *arg), void *arg, const void *key);
	void (*cancel)(const struct guest_lab *lab, const void *key);
};

struct guest_ops {
	const char *kind;	/* "qemu": the inventory's "kind" */

	/*
	 * true: the guest kind creates vm->disk itself (an image, or an
	 * overlay on vm->parent_disk) before it reports started. false: the
	 * lab writes a small text descriptor there.
	 */
	bool makes_disks;

	/*
	 * true: nothing inside asks to be frozen, so the lab does it for
	 * sources that the inventory calls frozen, after each start.
	 */
	bool lab_freezes;

	/* A source boots with this MAC address, counted up over its cards;
	 * NULL: with what the lab has made. */
	const char *source_mac;

	/* What all guests of the kind share; called once, at the first use.
	 * *shared may stay NULL. close is called at the lab's end. */
	int (*open)(const struct guest_lab *lab, void **shared,
		    struct err *err);
	void (*close)(void *shared);

	/* Check vm->params and make the guest's record; starts nothing. */
	struct guest *(*create)(const struct guest_lab *lab, void *shared,
				struct guest_vm *vm, struct err *err);
	/* Everything of the guest goes, processes included (files that are
	 * not in vm->dir too). Accepts NULL. */
	void (*destroy)(struct guest *guest);

	/* Boot from nothing. */
	int (*power_on)(struct guest *guest, struct err *err);

	/*
	 * Capture the state; comes only while the guest runs. The guest's
	 * freeze request is left unanswered: clones get the answer.
	 */
	int (*freeze)(struct guest *guest, struct err *err);

	/*
	 * Start clone (made by create, same kind) as a fork of source.
	 * frozen: source is frozen; else it runs and goes on running, on the
	 * disk that source_vm->disk names now. CAPACITY, REFUSED ("not
	 * supported"), FATAL.
	 */
	int (*clone)(struct guest *source, struct guest *clone, bool frozen,
		     struct err *err);

	/* End it now, hard; also drops a captured state. No report follows.
	 * No effect when off. */
	void (*power_off)(struct guest *guest);
};

extern const struct guest_ops guest_sim_ops;	/* guest_sim.c */
extern const struct guest_ops guest_proc_ops;	/* guest_proc.c */
extern const struct guest_ops guest_qemu_ops;	/* guest_qemu.c */

#endif
