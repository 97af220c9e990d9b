/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_guest - see qemu_guest.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/path.h"
#include "qemu_guest.h"
#include "qemu_kept.h"

#define STATE_KEY "guestinfo.sclone.state"
#define POLL_US 50000	/* between looks whether a start is over */
#define POLLS_MAX 100

const char *qemu_guest_file(const struct guest *guest, const char *name,
			 char path[PATH_MAX])
{
	(void) snprintf(path, PATH_MAX, "%.4000s/%s", guest->dir, name);
	return path;
}

/* A file that is the VM's own, whatever it was forked from. */
const char *qemu_guest_own(const struct guest *guest, const char *name,
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
	(void) unlink(qemu_guest_file(guest, "ram", path));
	(void) unlink(qemu_guest_file(guest, "state", path));
	if (strcmp(guest->dir, guest->vm->dir) == 0)
		return;
	/* A directory of the cache that has not got its name. */
	(void) unlink(qemu_guest_file(guest, "disk.qcow2", path));
	(void) unlink(qemu_guest_file(guest, "template", path));
	(void) rmdir(guest->dir);
}

/* Nothing runs any more; the caller reports it if that is due. */
void qemu_guest_stop(struct guest *guest)
{
	_kill(guest);
	if (guest->phase != OFF && !guest->fork)
		_remove_capture(guest);
	guest->phase = OFF;
	reaper_ignore(guest->shared->reaper, guest);
	_give_slot_back(guest);
}

void qemu_guest_failed(struct guest *guest, const struct err *why)
{
	qemu_guest_stop(guest);
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

void qemu_guest_frozen(struct guest *guest)
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
	qemu_guest_frozen(guest);
}

/* Call back when a helper process ends. */
int qemu_guest_await(struct guest *guest, pid_t pid,
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
	const char *record = lab->info_get(guest->vm, QEMU_GUEST_TEMPLATE);
	pid_t pid = qemu_kept_store(guest->params.cache, guest->key,
				    guest->dir, guest->vm->disk,
				    record ? record : "", NULL);

	guest->phase = KEEPING;
	if (pid < 0 || qemu_guest_await(guest, pid, _kept, NULL) < 0)
		qemu_guest_frozen(guest);
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
			qemu_guest_frozen(guest);
		return;
	}
	err_set(&err, ERR_FATAL, "QEMU ended with %d; console.log may say why",
		info->si_status);
	qemu_guest_stop(guest);
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
		qemu_guest_failed(guest, &err);
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
	qemu_guest_failed(guest, &err);
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

void qemu_guest_freeze(struct guest *guest)
{
	guest->phase = FREEZING;
	guest->step = 0;
	_step(guest);
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
	(void) unlink(qemu_guest_file(guest, "ram", ram));
	return 0;
}

const char *qemu_guest_disk(const struct guest *guest, unsigned number,
			      char path[PATH_MAX])
{
	char name[32];

	(void) snprintf(name, sizeof(name), "boot-%u.qcow2", number);
	return qemu_guest_own(guest, name, path);
}

/*
 * The disk to run on, and the one below it. A source that was frozen boots
 * on a new disk, since clones may stand on those it had.
 */
static void _choose_disk(struct guest *guest, struct qemu_spec *spec)
{
	const char *below;
	char top[PATH_MAX];

	if (!guest->fork && guest->captured) {
		below = guest->tops ? qemu_guest_disk(guest, guest->tops, top)
				    : spec->disk;
		(void) snprintf(guest->below, PATH_MAX, "%s", below);
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

	(void) qemu_guest_file(guest, "state", from);
	(void) qemu_guest_own(guest, "fork.state", path);
	return qemu_copy_state(from, path, guest->vm, err);
}

int qemu_guest_launch(struct guest *guest, struct err *err)
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
		spec.disk = qemu_guest_disk(guest, guest->tops, top);
	spec.ram = qemu_guest_file(guest, "ram", ram);
	spec.state = qemu_guest_file(guest, "state", state);
	if (guest->fork && _make_state(guest, state, err) < 0)
		return -1;
	spec.console = qemu_guest_own(guest, "console.log", console);
	if (guest->params.dump)
		spec.dump = qemu_guest_own(guest, "net.pcap", dump);
	guest->step = 0;
	guest->phase = STARTING;
	guest->ran = true;
	if (qemu_start(&spec, &guest->process, err) < 0 ||
	    _watch(guest, err) < 0)
		return -1;
	return 0;
}
