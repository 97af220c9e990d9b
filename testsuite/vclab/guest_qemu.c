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
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/path.h"
#include "guest.h"
#include "qemu.h"
#include "qemu_kept.h"
#include "qemu_params.h"
#include "qmp.h"
#include "reaper.h"
#include "rpc.h"
#include "slots.h"

#define STATE_KEY "guestinfo.sclone.state"
#define TEMPLATE_KEY "guestinfo.sclone.template"
#define POLL_US 50000	/* between looks whether a start is over */
#define POLLS_MAX 100

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

static const char *_file(const struct guest *guest, const char *name,
			 char path[PATH_MAX])
{
	(void) snprintf(path, PATH_MAX, "%.4000s/%s", guest->dir, name);
	return path;
}

/* A file that is the VM's own, whatever it was forked from. */
static const char *_own(const struct guest *guest, const char *name,
			char path[PATH_MAX])
{
	(void) snprintf(path, PATH_MAX, "%.4000s/%s", guest->vm->dir, name);
	return path;
}

/* Kill what runs and let the loop reap it later. */
static void _kill(struct guest *guest)
{
	qmp_destroy(steal_ptr(&guest->qmp));
	rpc_destroy(steal_ptr(&guest->rpc));
	loop_child_destroy(steal_ptr(&guest->child));
	if (guest->process.pid)
		guest->last = guest->process.pid;
	reaper_kill(guest->shared->reaper, guest->process.pid);
	guest->process.pid = 0;
}

static void _give_slot_back(struct guest *guest)
{
	guest->shared->lab->cancel(guest->shared->lab, guest);
	slots_give(&guest->shared->slots, &guest->slot);
}

/*
 * A clone's start is over when its guest says how it went, and a source's
 * when it is frozen: until then the guest is busy.
 */
static void _poll_start(void *arg)
{
	struct guest *guest = arg;
	const struct guest_lab *lab = guest->shared->lab;

	if (guest->phase != RUNNING || guest->polls++ == POLLS_MAX ||
	    lab->info_get(guest->vm, STATE_KEY))
		_give_slot_back(guest);
	else
		lab->after(lab, POLL_US, _poll_start, guest, guest);
}

static void _remove_capture(struct guest *guest)
{
	char path[PATH_MAX];

	if (!guest->dir[0] || qemu_kept_is(guest->dir))
		return;
	(void) unlink(_file(guest, "ram", path));
	(void) unlink(_file(guest, "state", path));
	if (strcmp(guest->dir, guest->vm->dir) == 0)
		return;
	/* A directory of the cache that has not got its name. */
	(void) unlink(_file(guest, "disk.qcow2", path));
	(void) unlink(_file(guest, "template", path));
	(void) rmdir(guest->dir);
}

/* Nothing runs any more; the caller reports it if that is due. */
static void _stop(struct guest *guest)
{
	_kill(guest);
	if (guest->phase != OFF && !guest->fork)
		_remove_capture(guest);
	guest->phase = OFF;
	reaper_ignore(guest->shared->reaper, guest);
	_give_slot_back(guest);
}

static void _failed_start(struct guest *guest, const struct err *why)
{
	_stop(guest);
	guest->shared->lab->started(guest->vm, why);
}

static void _failed_freeze(struct guest *guest, const char *why)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_FATAL, "freeze: %s", why);
	guest->phase = RUNNING;
	if (guest->rpc)
		(void) rpc_answer(guest->rpc, "-cannot freeze", NULL);
	guest->shared->lab->frozen(guest->vm, &err);
}

static void _is_frozen(struct guest *guest)
{
	guest->phase = FROZEN;
	guest->captured = true;
	_give_slot_back(guest);
	guest->shared->lab->frozen(guest->vm, NULL);
}

/* The kept source is in its place, or stays where it is. */
static void _kept(pid_t pid, const siginfo_t *info, void *arg)
{
	struct guest *guest = arg;

	(void) pid;
	loop_child_destroy(steal_ptr(&guest->child));
	guest->process.pid = 0;
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		qemu_kept_dir(guest->params.cache, guest->key, guest->dir);
	_is_frozen(guest);
}

/* Call back when a helper process ends. */
static int _await(struct guest *guest, pid_t pid,
		  void (*cb)(pid_t pid, const siginfo_t *info, void *arg),
		  struct err *err)
{
	guest->process.pid = pid;
	guest->child = loop_child_create(guest->shared->lab->loop, pid, cb,
					 guest, err);
	if (guest->child)
		return 0;
	_kill(guest);
	return -1;
}

static void _keep(struct guest *guest)
{
	const struct guest_lab *lab = guest->shared->lab;
	const char *record = lab->info_get(guest->vm, TEMPLATE_KEY);
	pid_t pid = qemu_kept_store(guest->params.cache, guest->key,
				    guest->dir, guest->vm->disk,
				    record ? record : "", NULL);

	guest->phase = KEEPING;
	if (pid < 0 || _await(guest, pid, _kept, NULL) < 0)
		_is_frozen(guest);
}

/* QEMU has ended, by our will or not. */
static void _ended(pid_t pid, const siginfo_t *info, void *arg)
{
	struct guest *guest = arg;
	struct err err = ERR_INIT;
	enum phase was = guest->phase;

	(void) pid;
	guest->process.pid = 0;
	qmp_destroy(steal_ptr(&guest->qmp));
	rpc_destroy(steal_ptr(&guest->rpc));
	loop_child_destroy(steal_ptr(&guest->child));
	if (was == ENDING) {
		if (guest->keep)
			_keep(guest);
		else
			_is_frozen(guest);
		return;
	}
	err_set(&err, ERR_FATAL, "QEMU ended with %d; console.log may say why",
		info->si_status);
	_stop(guest);
	if (was == STARTING)
		guest->shared->lab->started(guest->vm, &err);
	else if (was == FREEZING)
		guest->shared->lab->frozen(guest->vm, &err);
	if (was != STARTING)
		guest->shared->lab->off(guest->vm, "the guest powered off");
}

/*
 * The QMP commands of each undertaking, sent one after the other; a NULL
 * ends it. The shell that QEMU starts finds the file's name in its
 * environment, so that no name needs quoting.
 */
#define IGNORE_SHARED                                                       \
	"{\"capability\":\"x-ignore-shared\",\"state\":true},"              \
	"{\"capability\":\"events\",\"state\":true}"
#define SET_CAPABILITIES                                                    \
	"{\"execute\":\"migrate-set-capabilities\",\"arguments\":"          \
	"{\"capabilities\":[" IGNORE_SHARED "]}}"

static const char *const _boot_steps[] = {
	"{\"execute\":\"qmp_capabilities\"}",
	NULL,
};
static const char *const _fork_steps[] = {
	"{\"execute\":\"qmp_capabilities\"}",
	SET_CAPABILITIES,
	/* The network hears of a clone from its guest, not from QEMU. */
	"{\"execute\":\"migrate-set-parameters\",\"arguments\":"
	"{\"announce-rounds\":0}}",
	"{\"execute\":\"migrate-incoming\",\"arguments\":"
	"{\"uri\":\"exec:exec cat <\\\"$VCLAB_STATE\\\"\"}}",
	NULL,
};
static const char *const _freeze_steps[] = {
	SET_CAPABILITIES,
	"{\"execute\":\"migrate\",\"arguments\":"
	"{\"uri\":\"exec:exec cat >\\\"$VCLAB_STATE\\\"\"}}",
	NULL,
};

static const char *const *_steps(const struct guest *guest)
{
	if (guest->phase == FREEZING)
		return _freeze_steps;
	return guest->fork ? _fork_steps : _boot_steps;
}

static void _started(struct guest *guest)
{
	const struct guest_lab *lab = guest->shared->lab;

	guest->phase = RUNNING;
	guest->polls = 0;
	lab->after(lab, POLL_US, _poll_start, guest, guest);
	lab->started(guest->vm, NULL);
}

/* The clone runs: its guest still waits for the answer to the freeze. */
static void _woke(struct guest *guest)
{
	struct err err = ERR_INIT;

	if (!guest->rpc || rpc_answer(guest->rpc, "+", &err) < 0)
		_failed_start(guest, &err);
	else
		_started(guest);
}

static void _refused(struct guest *guest, const char *why)
{
	struct err err = ERR_INIT;

	if (guest->phase == FREEZING) {
		_failed_freeze(guest, why);
		return;
	}
	err_set(&err, ERR_FATAL, "QEMU: %s", why);
	_failed_start(guest, &err);
}

static void _step(struct guest *guest)
{
	const char *line = _steps(guest)[guest->step++];
	struct err err = ERR_INIT;

	if (line && qmp_send(guest->qmp, line, &err) < 0)
		_refused(guest, err.text);
	else if (!line && guest->phase == STARTING && !guest->fork)
		_started(guest);
}

static void _qmp_ready(void *arg)
{
	_step(arg);
}

static void _qmp_reply(void *arg, const char *why)
{
	if (why)
		_refused(arg, why);
	else
		_step(arg);
}

static void _migration(struct guest *guest, const char *status)
{
	if (strcmp(status, "failed") == 0) {
		_refused(guest, "the state could not be moved");
	} else if (strcmp(status, "completed") == 0 &&
		   guest->phase == FREEZING) {
		guest->phase = ENDING;
		(void) kill(guest->process.pid, SIGKILL);
	}
}

static void _qmp_event(void *arg, const char *name, const struct json *data)
{
	struct guest *guest = arg;
	const char *status = json_str(json_get(data, "status"));

	if (strcmp(name, "RESUME") == 0 && guest->phase == STARTING &&
	    guest->fork)
		_woke(guest);
	else if (strcmp(name, "MIGRATION") == 0 && status)
		_migration(guest, status);
}

static const struct qmp_handler _handler = {
	.ready = _qmp_ready,
	.reply = _qmp_reply,
	.event = _qmp_event,
};

static void _rpc_closed(struct rpc *rpc, void *arg)
{
	struct guest *guest = arg;

	rpc_destroy(rpc);
	guest->rpc = NULL;
}

static int _watch(struct guest *guest, struct err *err)
{
	const struct guest_lab *lab = guest->shared->lab;

	guest->child = loop_child_create(lab->loop, guest->process.pid,
					 _ended, guest, err);
	guest->qmp = qmp_create(lab->loop, guest->process.qmp, &_handler,
				guest, err);
	guest->rpc = rpc_create(lab, guest->vm, guest->process.rpc,
				_rpc_closed, guest, err);
	return guest->child && guest->qmp && guest->rpc ? 0 : -1;
}

/* Where a boot puts its memory: the VM's directory, or one in the cache
 * that gets its name when it is complete. */
static int _choose_dir(struct guest *guest, struct err *err)
{
	char ram[PATH_MAX];

	if (guest->fork)
		return 0;
	(void) snprintf(guest->dir, sizeof(guest->dir), "%.4000s",
			guest->vm->dir);
	if (guest->keep) {
		(void) snprintf(guest->dir, sizeof(guest->dir),
				"%.3000s/tmp-%s-%d", guest->params.cache,
				guest->vm->id, (int) getpid());
		if (path_mkdir(guest->params.cache, 0755, err) < 0 ||
		    path_mkdir(guest->dir, 0700, err) < 0)
			return -1;
	}
	(void) unlink(_file(guest, "ram", ram));
	return 0;
}

static const char *_boot_disk(const struct guest *guest, unsigned number,
			      char path[PATH_MAX])
{
	char name[32];

	(void) snprintf(name, sizeof(name), "boot-%u.qcow2", number);
	return _own(guest, name, path);
}

/*
 * The disk to run on, and the one below it. A source that was frozen boots
 * on a new disk, since clones may stand on those it had.
 */
static void _choose_disk(struct guest *guest, struct qemu_spec *spec)
{
	char top[PATH_MAX];

	if (!guest->fork && guest->captured) {
		(void) snprintf(guest->below, PATH_MAX, "%s",
				guest->tops ? _boot_disk(guest, guest->tops,
							 top)
					    : spec->disk);
		guest->tops++;
		guest->captured = false;
	}
	if (guest->below[0]) {
		spec->base = guest->below;
		spec->overlay = true;
	}
}

/* The state a fork loads: its source's, with its own MAC address. */
static int _make_state(const struct guest *guest, char path[PATH_MAX],
		       struct err *err)
{
	char from[PATH_MAX];

	(void) _file(guest, "state", from);
	(void) _own(guest, "fork.state", path);
	return qemu_copy_state(from, path, guest->vm->mac, err);
}

static int _launch(struct guest *guest, struct err *err)
{
	char ram[PATH_MAX], state[PATH_MAX], console[PATH_MAX];
	char base[PATH_MAX], dump[PATH_MAX], top[PATH_MAX];
	struct qemu_spec spec;

	if (_choose_dir(guest, err) < 0)
		return -1;
	qemu_params_spec(&guest->params, guest->vm, guest->fork, &spec);
	if (!spec.base) {
		(void) snprintf(base, sizeof(base), "%.4000s/disk.qcow2",
				guest->params.image);
		spec.base = base;
	}
	if (spec.disk)
		_choose_disk(guest, &spec);
	if (spec.disk && guest->tops)
		spec.disk = _boot_disk(guest, guest->tops, top);
	spec.ram = _file(guest, "ram", ram);
	spec.state = _file(guest, "state", state);
	if (guest->fork && _make_state(guest, state, err) < 0)
		return -1;
	spec.console = _own(guest, "console.log", console);
	spec.dump = guest->params.dump ? _own(guest, "net.pcap", dump) : NULL;
	guest->step = 0;
	guest->phase = STARTING;
	guest->ran = true;
	if (qemu_start(&spec, &guest->process, err) < 0 ||
	    _watch(guest, err) < 0)
		return -1;
	return 0;
}

static void _go_now(void *arg)
{
	struct guest *guest = arg;
	struct err err = ERR_INIT;

	if (_launch(guest, &err) < 0)
		_failed_start(guest, &err);
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
	    lab->info_set(guest->vm, TEMPLATE_KEY, buf_str(&record), &err) <
		    0) {
		err_set(&err, ERR_FATAL, "the kept source cannot be used");
		_failed_start(guest, &err);
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
	if (_await(guest, pid, _fetched, err) == 0)
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
		qemu_params_spec(&guest->params, guest->vm, guest->fork, &spec);
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
		_is_frozen(guest);
		return 0;
	}
	if (guest->phase != RUNNING || guest->fork)
		return err_set(err, ERR_REFUSED,
			       "not supported: only a booted machine can be "
			       "frozen");
	guest->phase = FREEZING;
	guest->step = 0;
	_step(guest);
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
		(void) _boot_disk(source, source->tops, clone->below);
	clone->fork = true;
	_enqueue(clone);
	return 0;
}

static void _power_off(struct guest *guest)
{
	if (guest->phase != OFF)
		_stop(guest);
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
	(void) unlink(_own(guest, "console.log", path));
	(void) unlink(_own(guest, "net.pcap", path));
	(void) unlink(_own(guest, "fork.state", path));
	for (unsigned i = 1; i <= guest->tops; i++)
		(void) unlink(_boot_disk(guest, i, path));
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
	.open = _open,
	.close = _close,
	.create = _create,
	.destroy = _destroy,
	.power_on = _power_on,
	.freeze = _freeze,
	.clone = _clone,
	.power_off = _power_off,
};
