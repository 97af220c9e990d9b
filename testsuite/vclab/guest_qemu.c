/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_qemu - guests that are real machines (see guest.h).
 *
 * A source boots the image of lib/mkimage with its memory in a shared file.
 * When its guest asks for the freeze, the devices' state goes to a second
 * file and QEMU ends: the frozen source is that pair of files and no
 * process. It must never run on its memory file again, since that would
 * change pages under the clones. A clone is a new QEMU that maps the file
 * copy-on-write, loads the devices' state, has its own MAC address, and a
 * disk on top of the source's.
 *
 * The inventory's object: "image" (directory, required), "accel" ("tcg",
 * "kvm"; default: what mkimage found), "tb_mb" (16..1024, default 32),
 * "bridge" (name; default: user-mode network), "port_base" (user mode:
 * a VM whose name ends in the number N gets port_base + N forwarded),
 * "cache" (directory: a frozen source is kept there, and a later start
 * with the same QEMU, command line and image needs no boot), "dump" (all
 * its packets go to net.pcap in the VM's directory).
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "qemu_guest.h"
#include "qemu_kept.h"

static void _go_now(void *arg)
{
	struct guest *guest = arg;
	struct err err = ERR_INIT;

	if (qemu_guest_launch(guest, &err) < 0)
		qemu_guest_failed(guest, &err);
}

/* A QEMU that is dying still holds its disk. */
static void _go(void *arg)
{
	struct guest *guest = arg;

	reaper_await(guest->shared->reaper, guest->last, _go_now, guest);
}

static void _enqueue(struct guest *guest)
{
	guest->phase = QUEUED;
	slots_take(&guest->shared->slots, &guest->slot, _go, guest);
}

/* The disk of a kept source is there: it stands where its guest would ask
 * for the freeze, and asks. */
static void _fetched(pid_t pid, const siginfo_t *info, void *arg)
{
	struct guest *guest = arg;
	const struct guest_lab *lab = guest->shared->lab;
	struct err err = ERR_INIT;
	cleanup_buf struct buf record;

	(void) pid;
	loop_child_destroy(steal_ptr(&guest->child));
	guest->process.pid = 0;
	buf_init(&record, 65536);
	if (info->si_code != CLD_EXITED || info->si_status != 0 ||
	    qemu_kept_record(guest->dir, &record, &err) < 0 ||
	    lab->info_set(guest->vm, QEMU_GUEST_TEMPLATE, buf_str(&record),
			  &err) < 0) {
		err_set(&err, ERR_FATAL, "the kept source cannot be used");
		qemu_guest_failed(guest, &err);
		return;
	}
	guest->phase = FETCHED;
	lab->started(guest->vm, NULL);
	if (guest->phase == FETCHED && lab->freeze(guest->vm, &err) < 0)
		lab->note(guest->vm, "not frozen", err.text);
}

/* Take a frozen source from the cache. 1 done, 0 there is none, -1. */
static int _fetch(struct guest *guest, struct err *err)
{
	pid_t pid;

	qemu_kept_dir(guest->params.cache, guest->key, guest->dir);
	pid = qemu_kept_fetch(guest->dir, guest->vm->disk, err);
	if (pid <= 0)
		return (int) pid;
	guest->phase = FETCHING;
	guest->ran = true;
	if (qemu_guest_await(guest, pid, _fetched, err) == 0)
		return 1;
	guest->phase = OFF;
	return -1;
}

static int _power_on(struct guest *guest, struct err *err)
{
	struct qemu_spec spec;
	int rc;

	guest->fork = false;
	guest->keep = guest->params.cache && !guest->ran;
	if (guest->keep) {
		qemu_params_spec(&guest->params, guest->vm, false, &spec);
		if (qemu_key(&spec, guest->key, err) < 0)
			return -1;
		rc = _fetch(guest, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	_enqueue(guest);
	return 0;
}

static int _freeze(struct guest *guest, struct err *err)
{
	if (guest->phase == FETCHED) {
		qemu_guest_frozen(guest);
		return 0;
	}
	if (guest->phase != RUNNING || guest->fork)
		return err_set(err, ERR_REFUSED,
			       "not supported: only a booted machine can be "
			       "frozen");
	qemu_guest_freeze(guest);
	return 0;
}

static int _clone(struct guest *source, struct guest *clone, bool frozen,
		  struct err *err)
{
	if (!frozen || source->phase != FROZEN)
		return err_set(err, ERR_REFUSED,
			       "not supported: the source is not frozen");
	(void) snprintf(clone->dir, sizeof(clone->dir), "%s", source->dir);
	if (source->tops)
		(void) qemu_guest_disk(source, source->tops, clone->below);
	clone->fork = true;
	_enqueue(clone);
	return 0;
}

static void _power_off(struct guest *guest)
{
	if (guest->phase != OFF)
		qemu_guest_stop(guest);
}

static struct guest *_create(const struct guest_lab *lab, void *shared,
			     struct guest_vm *vm, struct err *err)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	(void) lab;
	if (!guest) {
		err_nomem(err);
		return NULL;
	}
	guest->shared = shared;
	guest->vm = vm;
	if (qemu_params_read(vm, &guest->params, err) < 0) {
		free(guest);
		return NULL;
	}
	return guest;
}

static void _destroy(struct guest *guest)
{
	char path[PATH_MAX];

	if (!guest)
		return;
	_power_off(guest);
	(void) unlink(qemu_guest_own(guest, "console.log", path));
	(void) unlink(qemu_guest_own(guest, "net.pcap", path));
	(void) unlink(qemu_guest_own(guest, "fork.state", path));
	for (unsigned i = 1; i <= guest->tops; i++)
		(void) unlink(qemu_guest_disk(guest, i, path));
	free(guest);
}

static void _close(void *arg)
{
	struct shared *shared = arg;

	if (!shared)
		return;
	reaper_destroy(shared->reaper);
	free(shared);
}

static int _open(const struct guest_lab *lab, void **out, struct err *err)
{
	struct shared *shared = calloc(1, sizeof(*shared));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!shared)
		return err_nomem(err);
	shared->lab = lab;
	shared->slots.count = cores > 0 ? 2 * (unsigned) cores : 2;
	shared->reaper = reaper_create(lab->loop, err);
	if (!shared->reaper) {
		free(shared);
		return -1;
	}
	*out = shared;
	return 0;
}

const struct guest_ops guest_qemu_ops = {
	.kind = "qemu",
	.makes_disks = true,
	.source_mac = QEMU_SOURCE_MAC,
	.open = _open,
	.close = _close,
	.create = _create,
	.destroy = _destroy,
	.power_on = _power_on,
	.freeze = _freeze,
	.clone = _clone,
	.power_off = _power_off,
};
