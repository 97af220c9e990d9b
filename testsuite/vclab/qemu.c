/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu - see qemu.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* After net/if.h, which it would contradict. */
#include <linux/sockios.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/mac.h"
#include "common/base/path.h"
#include "qemu.h"

#define PROGRAM "qemu-system-x86_64"
#define ARGS_MAX 64
#define STATE_MAX (64 * 1024 * 1024)	/* bytes of the devices' state */

/* Makes the disk if it is missing, then becomes QEMU. */
#define SCRIPT                                                              \
	"[ -z \"$VCLAB_DISK\" ] || [ -e \"$VCLAB_DISK\" ] || "              \
	"if [ -n \"$VCLAB_OVERLAY\" ]; then "                               \
	"qemu-img create -q -f qcow2 -F qcow2 -b \"$VCLAB_BASE\" "          \
	"\"$VCLAB_DISK\"; else cp \"$VCLAB_BASE\" \"$VCLAB_DISK\"; fi && " \
	"exec \"$@\""

/* The kernel's command line: no time spent on what a guest does not need. */
#define APPEND                                                              \
	"console=ttyS0 quiet panic=-1 mitigations=off nokaslr "             \
	"no_timer_check tsc=reliable"

/* An argument vector whose strings are its own. */
struct args {
	char *list[ARGS_MAX + 1];
	size_t count;
	bool failed;
};

static void _args_free(struct args *args)
{
	for (size_t i = 0; i < args->count; i++)
		free(args->list[i]);
}

#define cleanup_args __attribute__((cleanup(_args_free)))

static void _add(struct args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void _add(struct args *args, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (args->count == ARGS_MAX || vasprintf(&text, fmt, ap) < 0)
		args->failed = true;
	else
		args->list[args->count++] = text;
	va_end(ap);
}

/* QEMU's options end values at commas; a comma in a value is doubled. */
static void _add_path(struct args *args, const char *option, const char *path)
{
	cleanup_buf struct buf text;

	buf_init(&text, 8192);
	buf_puts(&text, option);
	for (const char *p = path; *p; p++) {
		buf_putc(&text, *p);
		if (*p == ',')
			buf_putc(&text, ',');
	}
	if (text.failed)
		args->failed = true;
	else
		_add(args, "%s", buf_str(&text));
}

/* What is the same for a source and its clones. */
static void _add_machine(struct args *args, const struct qemu_spec *spec)
{
	static const char *const fixed[] = {
		PROGRAM, "-nodefaults", "-no-user-config", "-no-reboot",
		"-display", "none", "-machine", "pc,memory-backend=ram",
	};
	bool kvm = strcmp(spec->accel, "kvm") == 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		_add(args, "%s", fixed[i]);
	_add(args, "-accel");
	if (kvm)
		_add(args, "kvm");
	else
		_add(args, "tcg,tb-size=%" PRId64, spec->tb_mb);
	_add(args, "-cpu");
	_add(args, "%s", kvm ? "host" : "qemu64,+rdrand");
	_add(args, "-smp");
	_add(args, "%" PRId64, spec->cpus);
	_add(args, "-m");
	_add(args, "%" PRId64 "M", spec->memory_mb);
	_add(args, "-kernel");
	_add(args, "%s/vmlinuz", spec->image);
	_add(args, "-initrd");
	_add(args, "%s/initrd", spec->image);
	_add(args, "-append");
	_add(args, APPEND);
	_add(args, "-device");
	_add(args, "virtio-serial-pci,id=vs0,max_ports=4");
}

/* Descriptors the child inherits; -1 where there is none. */
struct ends {
	int rpc;
	int qmp;
	int taps[GUEST_NICS_MAX];
};

#define NO_ENDS { .rpc = -1, .qmp = -1, .taps = { -1, -1, -1, -1 } }

static void _close_taps(struct ends *ends)
{
	for (size_t i = 0; i < GUEST_NICS_MAX; i++)
		if (ends->taps[i] >= 0)
			(void) close(ends->taps[i]);
}
#define cleanup_taps __attribute__((cleanup(_close_taps)))

static void _add_streams(struct args *args, const struct qemu_spec *spec,
			 const struct ends *ends)
{
	_add(args, "-chardev");
	_add(args, "socket,id=rpc,fd=%d", ends->rpc);
	_add(args, "-device");
	_add(args, "virtserialport,chardev=rpc,name=vclab.rpc,bus=vs0.0,nr=1");
	_add(args, "-chardev");
	_add(args, "socket,id=mon,fd=%d", ends->qmp);
	_add(args, "-mon");
	_add(args, "chardev=mon,mode=control");
	_add(args, "-chardev");
	_add_path(args, "file,id=con,path=", spec->console);
	_add(args, "-serial");
	_add(args, "chardev:con");
}

/* A card; of those in user mode the first one has the forwarded port. */
static void _add_card(struct args *args, const struct qemu_spec *spec,
		      const struct ends *ends, size_t i)
{
	_add(args, "-netdev");
	if (ends->taps[i] >= 0)
		_add(args, "tap,id=n%zu,fd=%d", i, ends->taps[i]);
	else if (spec->forward && !i)
		_add(args,
		     "user,id=n0,ipv6=off,hostfwd=tcp:127.0.0.1:%" PRId64
		     "-:%" PRId64,
		     spec->forward, spec->forward);
	else
		_add(args, "user,id=n%zu,ipv6=off", i);
	_add(args, "-device");
	_add(args, "virtio-net-pci,netdev=n%zu,romfile=,mac=%s", i,
	     spec->macs[i]);
}

static void _add_devices(struct args *args, const struct qemu_spec *spec,
			 const struct ends *ends)
{
	char option[128];

	for (size_t i = 0; i < spec->nnics; i++)
		_add_card(args, spec, ends, i);
	if (spec->dump) {
		_add(args, "-object");
		_add_path(args, "filter-dump,id=f0,netdev=n0,file=",
			  spec->dump);
	}
	if (spec->disk) {
		_add(args, "-drive");
		_add_path(args, "if=none,id=d0,format=qcow2,file=",
			  spec->disk);
		_add(args, "-device");
		_add(args, "virtio-blk-pci,drive=d0");
	}
	(void) snprintf(option, sizeof(option),
			"memory-backend-file,id=ram,size=%" PRId64
			"M,share=%s,mem-path=",
			spec->memory_mb, spec->clone ? "off" : "on");
	_add(args, "-object");
	_add_path(args, option, spec->ram);
	if (spec->clone) {
		_add(args, "-incoming");
		_add(args, "defer");
	}
}

/* A tap of our own on the bridge; it goes when QEMU closes it. */
static int _tap(const char *bridge, struct err *err)
{
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	cleanup_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req, join;

	memset(&req, 0, sizeof(req));
	memset(&join, 0, sizeof(join));
	req.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (fd < 0 || sock < 0 || ioctl(fd, TUNSETIFF, &req) < 0)
		return err_errno(err, ERR_CONFIG, errno, "make a tap");
	(void) snprintf(join.ifr_name, IFNAMSIZ, "%s", bridge);
	join.ifr_ifindex = (int) if_nametoindex(req.ifr_name);
	if (ioctl(sock, SIOCBRADDIF, &join) < 0)
		return err_errno(err, ERR_CONFIG, errno,
				 "put a tap on bridge %s", bridge);
	req.ifr_flags = IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &req) < 0)
		return err_errno(err, ERR_CONFIG, errno, "tap up");
	return steal_fd(&fd);
}

static void _keep_open(int fd)
{
	if (fd >= 0)
		(void) fcntl(fd, F_SETFD, 0);
}

static void _set(const char *name, const char *value)
{
	(void) setenv(name, value ? value : "", 1);
}

static void _child(const struct qemu_spec *spec, const struct ends *ends,
		   char **argv) __attribute__((noreturn));
static void _child(const struct qemu_spec *spec, const struct ends *ends,
		   char **argv)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) dup2(null, STDIN_FILENO);
	(void) dup2(null, STDOUT_FILENO);
	(void) setpgid(0, 0);
	_keep_open(ends->rpc);
	_keep_open(ends->qmp);
	for (size_t i = 0; i < spec->nnics; i++)
		_keep_open(ends->taps[i]);
	_set("VCLAB_DISK", spec->disk);
	_set("VCLAB_BASE", spec->base);
	_set("VCLAB_OVERLAY", spec->overlay ? "yes" : "");
	_set("VCLAB_STATE", spec->state);
	(void) execvp(argv[0], argv);
	_exit(127);
}

/* sh -c SCRIPT sh, then QEMU's own. */
static void _build(struct args *args, const struct qemu_spec *spec,
		   const struct ends *ends)
{
	_add(args, "/bin/sh");
	_add(args, "-c");
	_add(args, "%s", SCRIPT);
	_add(args, "sh");
	_add_machine(args, spec);
	_add_streams(args, spec, ends);
	_add_devices(args, spec, ends);
}

static int _pair(int *ours, int *theirs, struct err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, ERR_FATAL, errno, "socketpair");
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

int qemu_start(const struct qemu_spec *spec, struct qemu_process *process,
	       struct err *err)
{
	cleanup_close int rpc = -1, qmp = -1, rpc2 = -1, qmp2 = -1;
	cleanup_args struct args args = { .count = 0 };
	cleanup_taps struct ends ends = NO_ENDS;
	pid_t pid;

	if (_pair(&rpc, &rpc2, err) < 0 || _pair(&qmp, &qmp2, err) < 0)
		return -1;
	for (size_t i = 0; spec->bridge && i < spec->nnics; i++) {
		ends.taps[i] = _tap(spec->bridge, err);
		if (ends.taps[i] < 0)
			return -1;
	}
	ends.rpc = rpc2;
	ends.qmp = qmp2;
	_build(&args, spec, &ends);
	if (args.failed)
		return err_nomem(err);
	pid = fork();
	if (pid < 0)
		return err_errno(err, ERR_FATAL, errno, "fork");
	if (pid == 0)
		_child(spec, &ends, args.list);
	process->pid = pid;
	process->rpc = steal_fd(&rpc);
	process->qmp = steal_fd(&qmp);
	return 0;
}

/* The binary stands for its version: its size and time of change. */
static void _describe_program(struct buf *text)
{
	struct stat st;

	if (stat("/usr/bin/" PROGRAM, &st) == 0)
		buf_printf(text, "%lld %lld\n", (long long) st.st_size,
			   (long long) st.st_mtime);
}

int qemu_key(const struct qemu_spec *spec, char key[QEMU_KEY_SIZE],
	     struct err *err)
{
	struct ends ends = NO_ENDS;
	struct qemu_spec plain = *spec;
	cleanup_args struct args args = { .count = 0 };
	cleanup_buf struct buf text;
	uint8_t hash[DIGEST_SIZE];

	/* What a clone may have its own of. */
	memset(plain.macs, 0, sizeof(plain.macs));
	plain.ram = "";
	plain.console = "";
	plain.dump = NULL;
	plain.disk = spec->disk ? "disk" : NULL;
	plain.forward = 0;
	buf_init(&text, 32768);
	ends.rpc = 3;
	ends.qmp = 4;
	_describe_program(&text);
	_build(&args, &plain, &ends);
	for (size_t i = 0; i < args.count; i++)
		buf_printf(&text, "%s\n", args.list[i]);
	if (args.failed || buf_ok(&text, "command line", err) < 0)
		return err_nomem(err);
	digest_sha256(text.data, text.len, hash);
	for (size_t i = 0; i < 8; i++)
		(void) snprintf(key + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

pid_t qemu_run(const char *const *argv, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(err, ERR_FATAL, errno, "fork");
	if (pid > 0)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) execvp(argv[0], (char *const *) argv);
	_exit(127);
}

void qemu_source_mac(size_t number, char out[18])
{
	struct mac mac;

	if (mac_parse(QEMU_SOURCE_MAC, &mac, NULL) == 0 &&
	    mac_add(&mac, number, &mac, NULL) == 0)
		mac_print(&mac, out);
}

static int _replace(struct buf *state, size_t number, const char *text,
		    struct err *err)
{
	struct mac old, new;
	char source[18];
	char *at;

	qemu_source_mac(number, source);
	if (mac_parse(source, &old, err) < 0 || mac_parse(text, &new, err) < 0)
		return -1;
	at = memmem(state->data, state->len, old.bytes, sizeof(old.bytes));
	while (at && !mac_equal(&old, &new)) {
		memcpy(at, new.bytes, sizeof(new.bytes));
		at = memmem(state->data, state->len, old.bytes,
			    sizeof(old.bytes));
	}
	return 0;
}

int qemu_copy_state(const char *from, const char *to,
		    const struct guest_vm *vm, struct err *err)
{
	cleanup_buf struct buf state;
	cleanup_close int fd = -1;

	buf_init(&state, STATE_MAX);
	if (path_read(from, &state, err) < 0)
		return -1;
	for (size_t i = 0; i < vm->nnics; i++)
		if (_replace(&state, i, vm->macs[i], err) < 0)
			return -1;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 ||
	    write(fd, state.data, state.len) != (ssize_t) state.len)
		return err_errno(err, ERR_FATAL, errno, "write %s", to);
	return 0;
}
