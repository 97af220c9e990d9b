/* SPDX-License-Identifier: GPL-2.0-or-later */
/* preflight - see preflight.h. */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/path.h"
#include "commands.h"
#include "entropy.h"
#include "files.h"
#include "ifupdown.h"
#include "mounts.h"
#include "nic.h"
#include "preflight.h"

/* The machine being looked at, and what was found so far. */
struct look {
	const struct settings *settings;
	const char *root;
	struct preflight *found;
};

static void _find(struct look *look, bool blocks, const char *cure,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void _find(struct look *look, bool blocks, const char *cure,
		  const char *fmt, ...)
{
	struct preflight_finding *finding;
	va_list ap;

	if (look->found->count == PREFLIGHT_MAX)
		return;
	finding = &look->found->list[look->found->count++];
	finding->blocks = blocks;
	va_start(ap, fmt);
	(void) vsnprintf(finding->text, sizeof(finding->text), fmt, ap);
	va_end(ap);
	(void) snprintf(finding->cure, sizeof(finding->cure), "%s", cure);
}

static const char *_at(const struct look *look, const char *path,
		       char full[PATH_MAX])
{
	(void) snprintf(full, PATH_MAX, "%s%s", look->root, path);
	return full;
}

static bool _exists(const struct look *look, const char *path)
{
	char full[PATH_MAX];

	return access(_at(look, path, full), F_OK) == 0;
}

typedef void entry_fn(struct look *look, const char *name, void *arg);

/* Call fn for each entry but the hidden ones. */
static void _each(struct look *look, const char *path, entry_fn *fn,
		  void *arg)
{
	char full[PATH_MAX];
	DIR *dir = opendir(_at(look, path, full));
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			fn(look, entry->d_name, arg);
	if (dir)
		(void) closedir(dir);
}

/* Programs that must not, or had better not, be running at the freeze. */
static const struct process {
	const char *name;	/* /proc/PID/comm, 15 bytes at most */
	bool blocks;
	const char *cure;
} _processes[] = {
	{ "slurmd", true, "systemctl disable --now slurmd" },
	{ "slurmstepd", true, "wait until no job step runs here" },
	{ "munged", true, "systemctl disable --now munge" },
	{ "dhclient", true, "stop the DHCP client: dhclient -x; the clone's "
			    "address comes from its identity" },
	{ "dhcpcd", true, "systemctl disable --now dhcpcd" },
	{ "wickedd", true,
	  "on the console: systemctl disable --now wicked wickedd "
	  "wickedd-nanny; it would set up the card of every clone" },
	{ "chronyd", false, "systemctl disable chrony, and start it from a "
			    "post-clone hook: the clock jumps at the thaw" },
	{ "ntpd", false, "systemctl disable ntp, and start it from a "
			 "post-clone hook: the clock jumps at the thaw" },
	{ "systemd-timesyn", false,
	  "systemctl disable systemd-timesyncd, and start it from a "
	  "post-clone hook: the clock jumps at the thaw" },
	{ "crond", false, "systemctl disable --now crond: missed jobs fire "
			  "in every clone" },
	{ "cron", false, "systemctl disable --now cron: missed jobs fire in "
			 "every clone" },
	{ "anacron", false, "systemctl disable --now anacron" },
	{ "automount", false, "systemctl disable --now autofs, and start it "
			      "from a post-clone hook" },
	{ NULL, false, NULL },
};

static void _process(struct look *look, const char *pid, void *seen)
{
	char path[64], full[PATH_MAX], name[32];
	bool *said = seen;

	if (pid[strspn(pid, "0123456789")] != '\0')
		return;
	(void) snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	files_line(_at(look, path, full), name, sizeof(name));
	for (size_t i = 0; _processes[i].name; i++) {
		if (said[i] || strcmp(name, _processes[i].name) != 0)
			continue;
		said[i] = true;
		_find(look, _processes[i].blocks, _processes[i].cure,
		      "%s is running (process %s)", name, pid);
	}
}

static void _check_processes(struct look *look)
{
	bool seen[sizeof(_processes) / sizeof(_processes[0])] = { false };

	_each(look, "/proc", _process, seen);
}

static void _check_mounts(struct look *look)
{
	char full[PATH_MAX];
	cleanup_mounts struct mounts mounts = { 0 };
	struct err err = ERR_INIT;

	if (mounts_read(_at(look, "/proc/self/mountinfo", full), &mounts,
			&err) < 0) {
		_find(look, true, "mount /proc", "%s", err.text);
		return;
	}
	for (size_t i = 0; i < mounts.count; i++)
		_find(look, true,
		      "umount it, take it out of /etc/fstab, and mount it "
		      "from a post-clone hook",
		      "network file system on %.200s", mounts.paths[i]);
}

static void _timer(struct look *look, const char *name, void *arg)
{
	char cure[PREFLIGHT_TEXT];

	(void) arg;
	(void) snprintf(cure, sizeof(cure), "systemctl disable --now %.200s",
			name);
	_find(look, false, cure,
	      "%.200s fires in every clone when the clock jumps", name);
}

static void _enabled(struct look *look, const char *name, void *arg)
{
	(void) arg;
	if (strcmp(name, "slurmd.service") == 0 ||
	    strcmp(name, "munge.service") == 0)
		_find(look, true,
		      strcmp(name, "slurmd.service") == 0
			      ? "systemctl disable slurmd"
			      : "systemctl disable munge",
		      "%s starts at boot; sclone-guest starts it in the clone",
		      name);
}

/* Whether a file under dir holds the word. */
struct search {
	const char *dir;
	const char *word;
	bool found;
};

static void _grep(struct look *look, const char *name, void *arg)
{
	struct search *search = arg;
	char path[PATH_MAX], full[PATH_MAX];
	cleanup_buf struct buf text;

	(void) snprintf(path, sizeof(path), "%s/%s", search->dir, name);
	buf_init(&text, 65536);
	if (path_read(_at(look, path, full), &text, NULL) == 0 &&
	    strstr(buf_str(&text), search->word))
		search->found = true;
}

static bool _mentions(struct look *look, const char *dir, const char *word)
{
	struct search search = { .dir = dir, .word = word };

	_each(look, dir, _grep, &search);
	return search.found;
}

/* A manager that takes the card after the thaw undoes the clone's address. */
static void _check_managers(struct look *look)
{
	if (_exists(look, "/run/NetworkManager") &&
	    !_mentions(look, "/etc/NetworkManager/conf.d",
		       "unmanaged-devices"))
		_find(look, true,
		      "printf '[keyfile]\\nunmanaged-devices="
		      "type:ethernet\\n' "
		      ">/etc/NetworkManager/conf.d/sclone.conf; "
		      "systemctl reload NetworkManager",
		      "NetworkManager manages the network card");
	if (_exists(look, "/run/systemd/netif/links") &&
	    !_mentions(look, "/etc/systemd/network", "Unmanaged=yes"))
		_find(look, true,
		      "printf '[Match]\\nType=ether\\n[Link]\\n"
		      "Unmanaged=yes\\n' "
		      ">/etc/systemd/network/00-sclone.network; "
		      "networkctl reload",
		      "systemd-networkd manages the network card");
}

#define INTERFACES "/etc/network/interfaces"

static void _add_file(struct look *look, const char *path, struct buf *text)
{
	char full[PATH_MAX];
	struct err err = ERR_INIT;

	if (path_read(_at(look, path, full), text, &err) < 0 &&
	    err.code == ERR_FATAL)
		_find(look, true, "see why it cannot be read", "%s",
		      err.text);
	buf_putc(text, '\n');
}

static void _add_entry(struct look *look, const char *name, void *text)
{
	char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), INTERFACES ".d/%.255s", name);
	_add_file(look, path, text);
}

/* Debian's own way: each card that is bound again is set up anew by udev. */
static void _check_ifupdown(struct look *look)
{
	char full[PATH_MAX];
	cleanup_buf struct buf text;
	struct nics nics;

	buf_init(&text, 262144);
	if (!_exists(look, "/sbin/ifup") && !_exists(look, "/usr/sbin/ifup"))
		return;
	_add_file(look, INTERFACES, &text);
	_each(look, INTERFACES ".d", _add_entry, &text);
	(void) nic_find(_at(look, "/sys", full), "auto", &nics, NULL);
	for (size_t i = 0; i < nics.count; i++)
		if (ifupdown_raises(buf_str(&text), nics.list[i].name))
			_find(look, true,
			      "take it out of the lines 'auto' and "
			      "'allow-hotplug' in " INTERFACES " and "
			      INTERFACES ".d, or make it 'inet manual'",
			      "ifupdown sets up the network card %s",
			      nics.list[i].name);
}

static void _check_systemd(struct look *look)
{
	if (!look->settings->systemd)
		return;
	_each(look, "/etc/systemd/system/timers.target.wants", _timer, NULL);
	_each(look, "/etc/systemd/system/multi-user.target.wants", _enabled,
	      NULL);
	if (!_mentions(look, "/etc/systemd/system/slurmd.service.d",
		       look->settings->slurmd_env))
		_find(look, true,
		      "install the drop-in slurmd-sclone.conf, see "
		      "sclone-guest(8)",
		      "slurmd.service does not read %.200s",
		      look->settings->slurmd_env);
}

static void _stale(struct look *look, const char *name, void *said)
{
	char cure[PREFLIGHT_TEXT];

	if (*(bool *) said)
		return;
	*(bool *) said = true;
	(void) snprintf(cure, sizeof(cure), "rm -rf %.200s/*",
			look->settings->slurmd_spool);
	_find(look, true, cure, "%.100s holds another node's state (%.100s)",
	      look->settings->slurmd_spool, name);
}

static void _check_programs(struct look *look)
{
	const struct settings *s = look->settings;
	const struct {
		const char *path;
		const char *cure;
	} programs[] = {
		{ s->rpctool, "install open-vm-tools" },
		{ s->toolbox, "install open-vm-tools" },
		{ s->slurmd, "install slurmd, or set Slurmd=" },
		{ s->munged, "install munge, or set Munged=" },
		{ "/etc/munge/munge.key", "copy the cluster's munge.key" },
	};
	bool said = false;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!_exists(look, programs[i].path))
			_find(look, true, programs[i].cure,
			      "%.200s is missing", programs[i].path);
	_each(look, s->slurmd_spool, _stale, &said);
}

/* With several cards the identity says which is which. */
static void _check_cards(struct look *look)
{
	char full[PATH_MAX];
	struct err err = ERR_INIT;
	struct nics nics;

	if (nic_find(_at(look, "/sys", full), look->settings->nic, &nics,
		     &err) < 0)
		_find(look, true, "set Nic= in guest.conf", "%.200s",
		      err.text);
	else if (nics.main == NIC_NONE)
		_find(look, false,
		      "describe all with NicName= lines in sclone.conf, or "
		      "name the one to use with Nic= in guest.conf",
		      "there are %zu network cards (%s, %s%s)", nics.count,
		      nics.list[0].name, nics.list[1].name,
		      nics.count > 2 ? ", ..." : "");
}

/*
 * Without fresh bytes from the processor the seed is all that tells clones
 * apart, and kernels before 5.18 do not reseed from bytes without credit.
 */
static void _check_random(struct look *look)
{
	uint8_t bytes[ENTROPY_HARDWARE];
	struct utsname name;
	int major = 0, minor = 0;

	if (entropy_hardware(bytes, sizeof(bytes)) > 0)
		return;
	if (uname(&name) == 0 &&
	    sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    (major > 5 || (major == 5 && minor >= 18)))
		return;
	_find(look, true, "give the VM a processor with RDRAND (EVC mode), "
			  "or a kernel from 5.18 on",
	      "clones would share their random numbers");
}

void preflight_run(const struct settings *settings, const char *root,
		   struct preflight *preflight)
{
	struct look look = { .settings = settings,
			     .root = root,
			     .found = preflight };

	preflight->count = 0;
	_check_programs(&look);
	_check_processes(&look);
	_check_mounts(&look);
	_check_cards(&look);
	_check_managers(&look);
	_check_ifupdown(&look);
	_check_systemd(&look);
	_check_random(&look);
}

int preflight_must(const struct settings *settings, struct err *err)
{
	cleanup_free struct preflight *found = calloc(1, sizeof(*found));

	if (!found)
		return err_nomem(err);
	preflight_run(settings, "", found);
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].blocks)
			return err_set(err, ERR_CONFIG, "%s; cure: %s",
				       found->list[i].text,
				       found->list[i].cure);
	return 0;
}

int commands_preflight(const struct settings *settings)
{
	cleanup_free struct preflight *found = calloc(1, sizeof(*found));
	int status = 0;

	if (!found) {
		(void) fprintf(stderr, "out of memory\n");
		return 2;
	}
	preflight_run(settings, "", found);
	for (size_t i = 0; i < found->count; i++) {
		const struct preflight_finding *f = &found->list[i];

		(void) printf("%s %s\n        cure: %s\n",
			      f->blocks ? "error  " : "advice ", f->text,
			      f->cure);
		if (f->blocks)
			status = 2;
		else if (status == 0)
			status = 1;
	}
	if (status == 0)
		(void) printf("fit to be frozen\n");
	return status;
}
