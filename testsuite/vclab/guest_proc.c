/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_proc - guests that are a command on this machine; see guest.h.
 *
 *	"guest": { "kind": "proc", "command": ["/path/script", "arg"] }
 *
 * A clone runs the command with VCLAB_RPC (a unix socket that speaks the
 * protocol of rpc.h), VCLAB_NAME, VCLAB_UUID and VCLAB_DIR in its
 * environment, output in VCLAB_DIR/guest.log. The source is no process: it
 * counts as running, or frozen, all the same. Powering off kills the
 * command and whatever it started (proc_init.h); when the command ends by
 * itself, the VM is powered off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/path.h"
#include "guest.h"
#include "proc_init.h"
#include "rpc.h"

#define STREAMS_MAX 16
#define ARGS_MAX 64
#define ENV_MAX 256

extern char **environ;

struct guest {
	const struct guest_lab *lab;
	struct guest_vm *vm;
	char *socket;			/* path */
	int listener;
	struct loop_io *io;
	struct rpc *streams[STREAMS_MAX];
	pid_t pid;			/* of proc_init; 0: none */
	struct loop_child *child;
};

/* -- the rpc socket ------------------------------------------------- */

static void _closed(struct rpc *rpc, void *arg)
{
	struct guest *guest = arg;

	for (size_t i = 0; i < STREAMS_MAX; i++) {
		if (guest->streams[i] == rpc)
			guest->streams[i] = NULL;
	}
	rpc_destroy(rpc);
}

static void _accept(int fd, unsigned events, void *arg)
{
	struct guest *guest = arg;
	struct err err = ERR_INIT;
	int stream = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void) events;
	for (size_t i = 0; stream >= 0 && i < STREAMS_MAX; i++) {
		if (guest->streams[i])
			continue;
		guest->streams[i] = rpc_create(guest->lab, guest->vm, stream,
					       _closed, guest, &err);
		return;
	}
	if (stream >= 0)
		(void) close(stream);
}

static int _listen(struct guest *guest, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(guest->socket) >= sizeof(at.sun_path))
		return err_set(err, ERR_CONFIG, "%s: too long for a socket; "
			       "use a shorter --state", guest->socket);
	(void) snprintf(at.sun_path, sizeof(at.sun_path), "%s",
			guest->socket);
	guest->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				 SOCK_NONBLOCK, 0);
	(void) unlink(guest->socket);
	if (guest->listener < 0 ||
	    bind(guest->listener, (struct sockaddr *) &at, sizeof(at)) < 0 ||
	    listen(guest->listener, STREAMS_MAX) < 0)
		return err_errno(err, ERR_FATAL, errno, "%s", guest->socket);
	guest->io = loop_io_create(guest->lab->loop, guest->listener,
				   LOOP_READ, _accept, guest, err);
	return guest->io ? 0 : -1;
}

static void _close(struct guest *guest)
{
	loop_io_destroy(steal_ptr(&guest->io));
	for (size_t i = 0; i < STREAMS_MAX; i++)
		rpc_destroy(steal_ptr(&guest->streams[i]));
	if (guest->listener >= 0) {
		(void) close(steal_fd(&guest->listener));
		(void) unlink(guest->socket);
	}
}

/* -- the command ---------------------------------------------------- */

static void _ended(pid_t pid, const siginfo_t *info, void *arg)
{
	struct guest *guest = arg;
	char why[64];

	(void) pid;
	(void) snprintf(why, sizeof(why), "command ended, %s %d",
			info->si_code == CLD_EXITED ? "status" : "signal",
			info->si_status);
	guest->pid = 0;
	loop_child_destroy(steal_ptr(&guest->child));
	_close(guest);
	guest->lab->off(guest->vm, why);
}

static int _arguments(const struct guest *guest, const char **argv,
		      struct err *err)
{
	const struct json *list = json_get(guest->vm->params, "command");
	size_t n = json_count(list);

	if (n == 0 || n >= ARGS_MAX)
		return err_set(err, ERR_CONFIG, "proc guests need a "
			       "\"command\": a list of 1..%d strings",
			       ARGS_MAX - 1);
	for (size_t i = 0; i < n; i++) {
		argv[i] = json_str(json_at(list, i));
		if (!argv[i])
			return err_set(err, ERR_CONFIG,
				       "command[%zu] is no string", i);
	}
	argv[n] = NULL;
	return 0;
}

static char *_pair(const char *name, const char *value)
{
	char *text = NULL;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

/* Ours first: the first of two equal names counts for getenv. */
static size_t _environment(const struct guest *guest, char **env)
{
	size_t n = 0;

	env[n++] = _pair("VCLAB_RPC", guest->socket);
	env[n++] = _pair("VCLAB_NAME", guest->vm->name);
	env[n++] = _pair("VCLAB_UUID", guest->vm->uuid);
	env[n++] = _pair("VCLAB_DIR", guest->vm->dir);
	for (size_t i = 0; environ[i] && n + 1 < ENV_MAX; i++)
		env[n++] = environ[i];
	env[n] = NULL;
	return 4;
}

static int _spawn(struct guest *guest, struct err *err)
{
	const char *argv[ARGS_MAX];
	char *env[ENV_MAX];
	char *log = NULL;
	size_t own;

	if (_arguments(guest, argv, err) < 0)
		return -1;
	if (asprintf(&log, "%s/guest.log", guest->vm->dir) < 0)
		return err_nomem(err);
	own = _environment(guest, env);
	guest->pid = proc_init_spawn(argv, env, log, err);
	while (own > 0)
		free(env[--own]);
	free(log);
	if (guest->pid < 0) {
		guest->pid = 0;
		return -1;
	}
	guest->child = loop_child_create(guest->lab->loop, guest->pid,
					 _ended, guest, err);
	return guest->child ? 0 : -1;
}

/* -- operations ----------------------------------------------------- */

static struct guest *_create(const struct guest_lab *lab, void *shared,
			     struct guest_vm *vm, struct err *err)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	const char *argv[ARGS_MAX];

	(void) shared;
	if (!guest) {
		(void) err_nomem(err);
		return NULL;
	}
	guest->lab = lab;
	guest->vm = vm;
	guest->listener = -1;
	if (_arguments(guest, argv, err) < 0 ||
	    asprintf(&guest->socket, "%s/rpc/%s", lab->state_dir,
		     vm->id) < 0) {
		free(guest);
		return NULL;
	}
	return guest;
}

static void _power_off(struct guest *guest)
{
	if (guest->pid > 0) {
		loop_child_destroy(steal_ptr(&guest->child));
		proc_init_kill(guest->pid);
		guest->pid = 0;
	}
	_close(guest);
}

static void _destroy(struct guest *guest)
{
	if (!guest)
		return;
	_power_off(guest);
	free(guest->socket);
	free(guest);
}

static void _booted(void *arg)
{
	struct guest *guest = arg;

	guest->lab->started(guest->vm, NULL);
}

/* A source, or a clone that was powered off: nothing runs. */
static int _power_on(struct guest *guest, struct err *err)
{
	(void) err;
	guest->lab->after(guest->lab, 0, _booted, guest, guest);
	return 0;
}

static int _freeze(struct guest *guest, struct err *err)
{
	(void) err;
	guest->lab->frozen(guest->vm, NULL);
	return 0;
}

static int _clone(struct guest *source, struct guest *clone, bool frozen,
		  struct err *err)
{
	(void) source;
	(void) frozen;
	if (_listen(clone, err) < 0 || _spawn(clone, err) < 0) {
		_power_off(clone);
		return -1;
	}
	clone->lab->started(clone->vm, NULL);
	return 0;
}

static int _open(const struct guest_lab *lab, void **shared, struct err *err)
{
	char *path = NULL;
	int rc;

	*shared = NULL;
	if (asprintf(&path, "%s/rpc", lab->state_dir) < 0)
		return err_nomem(err);
	rc = path_mkdir(path, 0755, err);
	free(path);
	return rc;
}

const struct guest_ops guest_proc_ops = {
	.kind = "proc",
	.lab_freezes = true,
	.open = _open,
	.create = _create,
	.destroy = _destroy,
	.power_on = _power_on,
	.freeze = _freeze,
	.clone = _clone,
	.power_off = _power_off,
};
