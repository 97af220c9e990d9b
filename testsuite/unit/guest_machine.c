/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's commands find on their machine and do to it, as far as it
 * needs no privilege: the role at boot with stand-ins for open-vm-tools,
 * mounts, cards, preflight, release. */
#include "common/base/cleanup.h"
#include "guest/commands.h"
#include "guest/ifupdown.h"
#include "guest/mounts.h"
#include "guest/nic.h"
#include "guest/preflight.h"
#include "guest/settings.h"
#include "guest/tools.h"
#include "guest_dir.h"

/* Settings with stand-ins; conf files have no quoting of our paths. */
static void _settings(struct settings *settings, const char *nic)
{
	struct buf text;
	struct err err = ERR_INIT;

	buf_init(&text, 8192);
	buf_printf(&text,
		   "RpcTool=%s\nToolboxCmd=%s\nPowerOff=%s\nSlurmd=%s\n"
		   "Munged=%s\nPreFreezeDir=%s\nPreReleaseDir=%s\n"
		   "SlurmdSpool=/spool\nSystemd=no RpcTime=5 Nic=%s\n",
		   _at("rpctool"), _at("toolbox"), _at("poweroff"),
		   _at("slurmd"), _at("munged"), _at("pre-freeze"),
		   _at("pre-release"), nic);
	_put("guest.conf", buf_str(&text), 0644);
	buf_free(&text);
	if (settings_read(_at("guest.conf"), settings, &err) < 0)
		bail_out("%s", err.text);
}

static void _test_settings(void)
{
	cleanup_settings struct settings none = { 0 };
	struct settings bad = { 0 };
	struct err err = ERR_INIT;

	ok(settings_read(_at("no-such.conf"), &none, &err) == 0,
	   "no file gives the defaults");
	is_str(none.rpctool, "/usr/bin/vmware-rpctool", "default");
	is_int((int64_t) none.hook_time, 10, "default limit");
	_put("bad.conf", "HookTime=0\n", 0644);
	ok(settings_read(_at("bad.conf"), &bad, &err) < 0 &&
		   err.code == ERR_CONFIG,
	   "a bad value is refused");
	has_str(err.text, "bad.conf:1", "with its place");
	_put("bad.conf", "RpcTool=/a\nHokTime=5\n", 0644);
	ok(settings_read(_at("bad.conf"), &bad, &err) < 0, "unknown key");
	has_str(err.text, "HokTime", "by its name");
}

/* What the boot service does with each answer about its role. */
static void _test_boot(void)
{
	static const struct {
		const char *script;
		bool off;
		const char *what;
	} cases[] = {
		{ "echo 'used 5'", true, "a used key at boot" },
		{ "echo '{\"v\":1}'", true, "a fresh identity at boot" },
		{ "echo 'cannot open channel' >&2; exit 1", true,
		  "no answer at boot" },
		{ "exit 0", true, "an empty answer at boot" },
		{ "echo 'No value found' >&2; exit 1", false,
		  "no key at boot" },
	};
	cleanup_settings struct settings settings = { 0 };
	char script[512];

	/* A card that does not exist: this machine keeps its own. */
	_settings(&settings, "none0");
	_put("poweroff", "#!/bin/sh\n>${0%/*}/is-off\n", 0755);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void) snprintf(script, sizeof(script),
				"#!/bin/sh\necho \"$1\" >>${0%%/*}/calls\n"
				"%s\n",
				cases[i].script);
		_put("rpctool", script, 0755);
		(void) unlink(_at("is-off"));
		(void) unlink(_at("calls"));
		is_int(commands_freeze(&settings), 1, cases[i].what);
		ok((access(_at("is-off"), F_OK) == 0) == cases[i].off,
		   "%s: %s", cases[i].what,
		   cases[i].off ? "powered off" : "stays on");
		ok(!strstr(_get("calls"), "instantclone.freeze"),
		   "%s: never frozen", cases[i].what);
	}
}

static void _test_tools(void)
{
	cleanup_settings struct settings settings = { 0 };
	struct err err = ERR_INIT;
	struct buf value;
	int64_t us = 0, resolution = 0;

	_settings(&settings, "none0");
	buf_init(&value, TOOLS_VALUE_MAX + 2);
	_put("rpctool", "#!/bin/sh\necho \"[$*]\"\n", 0755);
	ok(tools_get(&settings, TOOLS_KEY, &value, &err) == TOOLS_VALUE,
	   "a key is read");
	is_str(buf_str(&value), "[info-get guestinfo.sclone]",
	       "by this command line, newline dropped");
	_put("rpctool",
	     "#!/bin/sh\necho \"$#:$1\" >>${0%/*}/sets\n"
	     "[ $(wc -l <${0%/*}/sets) = 2 ]\n",
	     0755);
	ok(tools_set(&settings, TOOLS_KEY, "used 7", &err) == 0,
	   "a key is set, at the second try");
	is_str(_get("sets"),
	       "1:info-set guestinfo.sclone used 7\n"
	       "1:info-set guestinfo.sclone used 7\n",
	       "by one argument");
	_put("toolbox",
	     "#!/bin/sh\n[ \"$TZ$LC_ALL$*\" = 'UTCCstat hosttime' ] && "
	     "echo '22 Nov 2026 10:11:12'\n",
	     0755);
	ok(tools_host_time(&settings, &us, &resolution, &err) == 0 &&
		   us == INT64_C(1795342272000000) && resolution == 1000000,
	   "the host's time is read in UTC");
	buf_free(&value);
}

static void _test_mounts(void)
{
	struct mounts mounts;
	struct err err = ERR_INIT;

	_put("mountinfo",
	     "22 1 0:21 / / rw shared:1 - ext4 /dev/sda1 rw\n"
	     "30 22 0:40 / /home rw shared:2 - nfs4 srv:/home rw\n"
	     "31 22 0:41 / /my\\040scratch rw - lustre mgs:/s rw\n"
	     "32 22 0:42 / /x rw - tmpfs tmpfs rw\n"
	     "33 22 0:43 / /ssh rw a:1 b:2 - fuse.sshfs h: rw\n"
	     "34 22 43:0 / /block rw - ext4 /dev/nbd0 rw\n"
	     "garbage\n",
	     0644);
	ok(mounts_read(_at("mountinfo"), &mounts, &err) == 0 &&
		   mounts.count == 4,
	   "the network mounts are found");
	is_str(mounts.paths[0], "/home", "NFS");
	is_str(mounts.paths[1], "/my scratch", "Lustre, with a blank");
	is_str(mounts.paths[2], "/ssh", "a FUSE file system");
	is_str(mounts.paths[3], "/block", "a network block device");
	mounts_free(&mounts);
}

/* A sysfs with a card "eth0" and, when asked, a second one. */
static void _make_sysfs(bool second)
{
	static const char *const dirs[] = {
		"root", "root/sys", "root/sys/class", "root/sys/class/net",
		"root/sys/class/net/lo", "root/sys/class/net/eth0",
		"root/sys/class/net/eth1", "root/sys/bus", "root/sys/bus/pci",
		"root/sys/bus/pci/drivers", "root/sys/bus/pci/drivers/vmxnet3",
		"root/dev0", "root/dev1",
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		_mkdir(dirs[i]);
	(void) symlink("../../../../dev0",
		       _at("root/sys/class/net/eth0/device"));
	(void) symlink("../sys/bus/pci", _at("root/dev0/subsystem"));
	(void) symlink("../sys/bus/pci/drivers/vmxnet3",
		       _at("root/dev0/driver"));
	(void) symlink("../sys/bus/pci", _at("root/dev1/subsystem"));
	(void) symlink("../sys/bus/pci/drivers/vmxnet3",
		       _at("root/dev1/driver"));
	(void) unlink(_at("root/sys/class/net/eth1/device"));
	if (second)
		(void) symlink("../../../../dev1",
			       _at("root/sys/class/net/eth1/device"));
}

/* Of two cards none is the main one; their source's addresses tell which. */
static void _test_pick(void)
{
	const struct nic *nic;
	struct err err = ERR_INIT;
	struct nics nics;
	struct mac mac;
	int ifindex;

	_put("root/sys/class/net/eth0/address", "00:50:56:8f:00:0A\n", 0644);
	_put("root/sys/class/net/eth1/address", "00:50:56:8f:00:0b\n", 0644);
	_put("root/sys/class/net/eth1/ifindex", "7\n", 0644);
	ok(nic_find(_at("root/sys"), "auto", &nics, &err) == 0 &&
		   nics.count == 2 && nics.main == NIC_NONE,
	   "of two cards none is the main one");
	ok(!nic_pick(&nics, NULL, &err) && err.code == ERR_CONFIG,
	   "so one must be named");
	has_str(err.text, "neither NicName= lines", "says how");
	if (mac_parse("00:50:56:8f:00:0b", &mac, &err) < 0)
		bail_out("%s", err.text);
	nic = nic_pick(&nics, &mac, &err);
	ok(nic && strcmp(nic->device, "dev1") == 0,
	   "one is found by its address in the source");
	ok(nic && nic_interface(_at("root/sys"), nic, &ifindex, &err) == 0 &&
		   ifindex == 7, "its interface");
	mac.bytes[5] = 0xc;
	ok(!nic_pick(&nics, &mac, &err), "and by no other");
	has_str(err.text, "00:50:56:8f:00:0c", "which is named");
}

/* One card's driver is gone: the other one comes back all the same. */
static void _test_bind(void)
{
	struct nics nics;
	struct err err = ERR_INIT;

	if (nic_find(_at("root/sys"), "auto", &nics, &err) < 0)
		bail_out("%s", err.text);
	for (size_t i = 0; i < nics.count; i++)
		snprintf(nics.list[i].name, IF_NAMESIZE, "none%u",
			 (unsigned) i);
	ok(!nics.list[0].touched, "a card as it was");
	if (nic_unbind(_at("root/sys"), &nics, &err) < 0)
		bail_out("%s", err.text);
	ok(nics.list[0].touched, "and touched");
	snprintf(nics.list[0].driver, NIC_TEXT, "gone");
	ok(nic_bind(_at("root/sys"), &nics, &err) < 0, "one cannot be bound");
	ok(!nics.list[0].bound && nics.list[1].bound, "the other one is");
}

static void _test_cards(void)
{
	struct nics nics;
	struct err err = ERR_INIT;

	_make_sysfs(false);
	ok(nic_find(_at("root/sys"), "auto", &nics, &err) == 0 &&
		   nics.count == 1,
	   "one card is found, no loopback");
	is_str(nics.list[0].device, "dev0", "its device");
	is_str(nics.list[0].driver, "vmxnet3", "its driver");
	is_str(nics.list[0].bus, "pci", "its bus");
	snprintf(nics.list[0].name, IF_NAMESIZE, "none0");
	ok(nic_unbind(_at("root/sys"), &nics, &err) == 0, "it is unbound");
	is_str(_get("root/sys/bus/pci/drivers/vmxnet3/unbind"), "dev0",
	       "by its driver");
	ok(nic_bind(_at("root/sys"), &nics, &err) == 0, "and bound");
	is_str(_get("root/sys/bus/pci/drivers/vmxnet3/bind"), "dev0",
	       "by its driver");
	_make_sysfs(true);
	_test_pick();
	_test_bind();
	ok(nic_find(_at("root/sys"), "eth1", &nics, &err) == 0 &&
		   strcmp(nics.list[nics.main].name, "eth1") == 0,
	   "the named one is the main one");
	ok(nic_find(_at("root/sys"), "eth7", &nics, &err) < 0,
	   "a name without a card is refused");
	_make_sysfs(false);
}

/* The finding whose text holds the words, or NULL. */
static const struct preflight_finding *_found(const struct preflight *p,
					      const char *words)
{
	for (size_t i = 0; i < p->count; i++)
		if (strstr(p->list[i].text, words))
			return &p->list[i];
	return NULL;
}

static void _process(const char *pid, const char *name)
{
	char path[64];

	(void) snprintf(path, sizeof(path), "root/proc/%s", pid);
	_mkdir(path);
	(void) snprintf(path, sizeof(path), "root/proc/%s/comm", pid);
	_put(path, name, 0644);
}

static void _make_root(struct settings *settings)
{
	char path[PATH_MAX + 256];
	const char *files[] = { settings->rpctool, settings->toolbox,
				settings->slurmd, settings->munged,
				"/etc/munge/munge.key" };

	_make_sysfs(false);
	_mkdir("root/proc");
	_mkdir("root/proc/self");
	_put("root/proc/self/mountinfo",
	     "22 1 0:21 / / rw shared:1 - ext4 /dev/sda1 rw\n", 0644);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void) snprintf(path, sizeof(path), "%s%s", _at("root"),
				files[i]);
		for (char *p = path + strlen(_at("root")) + 1;
		     (p = strchr(p, '/')) != NULL; *p++ = '/') {
			*p = '\0';
			(void) mkdir(path, 0755);
		}
		if (files_write(path, "", NULL) < 0)
			bail_out("%s", path);
	}
}

static void _test_preflight(void)
{
	cleanup_settings struct settings settings = { 0 };
	struct preflight *p = calloc(1, sizeof(*p));
	const struct preflight_finding *f;

	_settings(&settings, "auto");
	_make_root(&settings);
	preflight_run(&settings, _at("root"), p);
	if (!is_int((int64_t) p->count, 0, "a fit machine has no finding"))
		diag("%s", p->list[0].text);
	_process("17", "slurmd\n");
	_process("18", "munged\n");
	_process("19", "chronyd\n");
	_put("root/proc/self/mountinfo",
	     "30 22 0:40 / /home rw shared:2 - nfs4 srv:/home rw\n", 0644);
	_mkdir("root/spool");
	_put("root/spool/cred_state", "x", 0644);
	_mkdir("root/run");
	_mkdir("root/run/NetworkManager");
	preflight_run(&settings, _at("root"), p);
	f = _found(p, "slurmd is running (process 17)");
	ok(f && f->blocks && strstr(f->cure, "disable --now slurmd"),
	   "a running slurmd blocks, with its cure");
	f = _found(p, "munged is running");
	ok(f && f->blocks, "a running munged blocks");
	f = _found(p, "chronyd is running");
	ok(f && !f->blocks, "chronyd is advice");
	f = _found(p, "network file system on /home");
	ok(f && f->blocks, "a network mount blocks");
	f = _found(p, "/spool holds another node's state");
	ok(f && f->blocks && strcmp(f->cure, "rm -rf /spool/*") == 0,
	   "a stale spool blocks, with its cure");
	f = _found(p, "NetworkManager");
	ok(f && f->blocks, "NetworkManager's hold on the card blocks");
	_mkdir("root/etc");
	_mkdir("root/etc/NetworkManager");
	_mkdir("root/etc/NetworkManager/conf.d");
	_put("root/etc/NetworkManager/conf.d/x.conf",
	     "[keyfile]\nunmanaged-devices=*\n", 0644);
	(void) unlink(_at("root/etc/munge/munge.key"));
	preflight_run(&settings, _at("root"), p);
	ok(!_found(p, "NetworkManager"), "until it lets go");
	f = _found(p, "munge.key is missing");
	ok(f && f->blocks, "a missing munge key blocks");
	free(p);
}

/* What interfaces(5) may say of a card eth0. */
static void _test_ifupdown(void)
{
	static const struct {
		const char *text;
		bool raised;
	} cases[] = {
		{ "allow-hotplug eth0\niface eth0 inet static\n"
		  "\taddress 10.0.0.7/24\n", true },
		{ "auto lo eth0\niface lo inet loopback\n"
		  "iface eth0 inet dhcp", true },
		{ " auto \\\n  eth0\niface eth0 inet6 auto\n", true },
		{ "iface eth0 inet manual\niface eth0 inet6 static\n"
		  "allow-auto eth0\n", true },
		{ "auto /eth*\niface eth0 inet dhcp\n", true },
		{ "auto /e*/1=lan\niface lan inet dhcp\n"
		  "iface eth0 inet manual\n", true },
		{ "auto mac/00:50:56:8f:00:0a=lan\n", true },
		{ "auto eth0\n", true },
		{ "auto eth0\niface eth0 inet manual\n", false },
		{ "iface eth0 inet static\n", false },
		{ "#auto eth0\n # allow-hotplug eth0\n"
		  "iface eth0 inet dhcp\n", false },
		{ "auto eth01 /en*\niface eth01 inet dhcp\n"
		  "iface eth0 inet dhcp\n", false },
		{ "auto lo\niface lo inet loopback\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(ifupdown_raises(cases[i].text, "eth0") ==
			   cases[i].raised,
		   "ifupdown %s eth0: case %zu",
		   cases[i].raised ? "sets up" : "leaves", i);
}

/* The managers of Debian and SLES that take the card when it is back. */
static void _test_preflight_managers(void)
{
	cleanup_settings struct settings settings = { 0 };
	struct preflight *p = calloc(1, sizeof(*p));
	const struct preflight_finding *f;

	_settings(&settings, "auto");
	_make_root(&settings);
	_mkdir("root/etc/network");
	_mkdir("root/etc/network/interfaces.d");
	_put("root/etc/network/interfaces",
	     "source /etc/network/interfaces.d/*\nallow-hotplug eth0", 0644);
	_put("root/etc/network/interfaces.d/eth0",
	     "iface eth0 inet static\n\taddress 10.0.0.7/24\n", 0644);
	preflight_run(&settings, _at("root"), p);
	ok(!_found(p, "ifupdown"), "files without ifupdown do nothing");
	_mkdir("root/sbin");
	_put("root/sbin/ifup", "", 0755);
	preflight_run(&settings, _at("root"), p);
	f = _found(p, "ifupdown sets up the network card eth0");
	ok(f && f->blocks && strstr(f->cure, "make it 'inet manual'"),
	   "a card that ifupdown sets up blocks, with its cure");
	_put("root/etc/network/interfaces.d/eth0", "iface eth0 inet manual\n",
	     0644);
	_process("20", "wickedd\n");
	preflight_run(&settings, _at("root"), p);
	ok(!_found(p, "ifupdown"), "until it is manual");
	f = _found(p, "wickedd is running");
	ok(f && f->blocks && strstr(f->cure, "disable --now wicked"),
	   "wicked blocks, with its cure");
	free(p);
}

static void _test_preflight_systemd(void)
{
	cleanup_settings struct settings settings = { 0 };
	struct preflight *p = calloc(1, sizeof(*p));
	const struct preflight_finding *f;

	_settings(&settings, "auto");
	_make_root(&settings);
	settings.systemd = true;
	_mkdir("root/etc/systemd");
	_mkdir("root/etc/systemd/system");
	_mkdir("root/etc/systemd/system/timers.target.wants");
	_mkdir("root/etc/systemd/system/multi-user.target.wants");
	_mkdir("root/etc/systemd/system/slurmd.service.d");
	_put("root/etc/systemd/system/timers.target.wants/apt.timer", "x",
	     0644);
	_put("root/etc/systemd/system/multi-user.target.wants/slurmd.service",
	     "x", 0644);
	preflight_run(&settings, _at("root"), p);
	f = _found(p, "apt.timer fires");
	ok(f && !f->blocks && strstr(f->cure, "apt.timer"),
	   "a timer is advice, with its name in the cure");
	f = _found(p, "slurmd.service starts at boot");
	ok(f && f->blocks, "an enabled slurmd blocks");
	f = _found(p, "slurmd.service does not read");
	ok(f && f->blocks, "a missing drop-in blocks");
	_put("root/etc/systemd/system/slurmd.service.d/sclone.conf",
	     "[Service]\nEnvironmentFile=-/run/sclone/slurmd.env\n", 0644);
	preflight_run(&settings, _at("root"), p);
	ok(!_found(p, "does not read"), "until it is there");
	free(p);
}

/* The C library's: a child of the release calls it. */
void sync(void)
{
	(void) files_replace(_at("synced"), "", NULL);
}

static void _test_release(void)
{
	cleanup_settings struct settings settings = { 0 };

	_settings(&settings, "auto");
	_mkdir("pre-release");
	_put("pre-release/10-flush", "#!/bin/sh\n>${0%/*}/../flushed\n",
	     0755);
	is_int(commands_release(&settings), 0, "a release without trouble");
	ok(access(_at("flushed"), F_OK) == 0, "its hooks ran");
	_put("pre-release/10-flush", "#!/bin/sh\nexit 1\n", 0755);
	is_int(commands_release(&settings), 1, "a hook's failure is told");
	settings.release_time = 2;
	(void) unlink(_at("synced"));
	_put("pre-release/10-flush", "#!/bin/sh\nexec sleep 1000\n", 0755);
	is_int(commands_release(&settings), 1, "a hook that hangs is ended");
	ok(access(_at("synced"), F_OK) == 0, "and leaves time for sync");
}

int main(void)
{
	_begin();
	_test_settings();
	_test_boot();
	_test_tools();
	_test_mounts();
	_test_cards();
	_test_preflight();
	_test_ifupdown();
	_test_preflight_managers();
	_test_preflight_systemd();
	_test_release();
	_end();
	return done_testing();
}
