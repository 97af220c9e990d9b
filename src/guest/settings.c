/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings - see settings.h. */
#include <stddef.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/err.h"
#include "settings.h"

#define FIELD(name) offsetof(struct settings, name)
#define LIMIT(key, field, text, top, about)                                 \
	{ .name = key, .type = CONF_DURATION, .offset = FIELD(field),       \
	  .fallback = text, .min = 1, .max = top, .help = about }
#define FILE_KEY(key, field, text, about)                                   \
	{ .name = key, .type = CONF_PATH, .offset = FIELD(field),           \
	  .fallback = text, .help = about }
#define TEXT_KEY(key, field, text, about)                                   \
	{ .name = key, .type = CONF_STRING, .offset = FIELD(field),         \
	  .fallback = text, .help = about }

const struct conf_key settings_keys[] = {
	FILE_KEY("RpcTool", rpctool, "/usr/bin/vmware-rpctool",
		 "open-vm-tools' program for guest variables and the freeze."),
	FILE_KEY("ToolboxCmd", toolbox, "/usr/bin/vmware-toolbox-cmd",
		 "open-vm-tools' program that tells the host's time."),
	FILE_KEY("Slurmd", slurmd, "/usr/sbin/slurmd", "Slurm's node daemon."),
	FILE_KEY("SlurmdSpool", slurmd_spool, "/var/spool/slurmd",
		 "slurmd's spool directory; must be empty at the freeze."),
	FILE_KEY("Munged", munged, "/usr/sbin/munged",
		 "MUNGE's daemon; started after the thaw."),
	{ .name = "MungeUser", .type = CONF_NAME, .offset = FIELD(munge_user),
	  .fallback = "munge",
	  .help = "Whom munged runs as when systemd is not there." },
	FILE_KEY("Systemctl", systemctl, "/usr/bin/systemctl",
		 "Starts munge.service and slurmd.service."),
	TEXT_KEY("PowerOff", power_off, "kernel",
		 "kernel: power off by system call, at once; otherwise the "
		 "path of a program that does it."),
	TEXT_KEY("Nic", nic, "auto",
		 "Interface of a node that has one network card; auto when "
		 "there is only one, or when sclone.conf has NicName= lines "
		 "for the others: then each is known by its MAC address in "
		 "the source."),
	TEXT_KEY("DhcpClient", dhcp, "/sbin/dhclient -1 %i",
		 "Command line for addr=dhcp; %i stands for the interface."),
	FILE_KEY("PreFreezeDir", pre_freeze, "/etc/sclone/pre-freeze.d",
		 "Hooks run before the freeze."),
	FILE_KEY("PostCloneDir", post_clone, "/etc/sclone/post-clone.d",
		 "Hooks run in a clone before slurmd."),
	FILE_KEY("PreReleaseDir", pre_release, "/etc/sclone/pre-release.d",
		 "Hooks run at the job's end."),
	FILE_KEY("MachineId", machine_id, "/etc/machine-id",
		 "File that gets a new machine ID."),
	FILE_KEY("ResolvConf", resolv_conf, "/etc/resolv.conf",
		 "File that gets the name servers of the identity."),
	FILE_KEY("SlurmdEnv", slurmd_env, "/run/sclone/slurmd.env",
		 "Environment file with SLURMD_OPTIONS for slurmd.service."),
	FILE_KEY("SharedFile", shared_file, "/run/sclone/shared",
		 "File that is there in clones that jobs share alone."),
	{ .name = "Systemd", .type = CONF_BOOL, .offset = FIELD(systemd),
	  .help = "Start services through their units; the default is yes "
		  "when systemd runs." },
	LIMIT("RpcTime", rpc_time, "5", 60,
	      "Limit of one call of RpcTool or ToolboxCmd."),
	LIMIT("HookTime", hook_time, "10", 600, "Limit of one hook."),
	LIMIT("LinkTime", link_time, "10", 120,
	      "Limit for the link to come up after the thaw."),
	LIMIT("DhcpTime", dhcp_time, "20", 300, "Limit of the DHCP client."),
	LIMIT("ServiceTime", service_time, "15", 300,
	      "Limit for munged, and for slurmd, to start."),
	LIMIT("ReleaseTime", release_time, "60", 3600,
	      "Limit of the whole release; slurm.conf's "
	      "PrologEpilogTimeout must be longer."),
	{ .name = NULL },
};

#define KEYS (sizeof(settings_keys) / sizeof(settings_keys[0]))

static int _merge(const struct conf *conf, const char *path,
		  struct settings *settings, struct err *err)
{
	unsigned lines[KEYS] = { 0 };

	for (size_t i = 0; conf && i < conf_count(conf); i++)
		if (conf_merge(conf_line(conf, i), settings_keys, settings,
			       lines, err) < 0)
			return -1;
	return conf_finish(path, settings_keys, settings, lines, err);
}

int settings_read(const char *path, struct settings *settings,
		  struct err *err)
{
	struct err why = ERR_INIT;
	cleanup_conf struct conf *conf = conf_read(path, &why);

	if (!conf && why.code != ERR_NOTFOUND)
		return err_set(err, why.code, "%s", why.text);
	settings->systemd = access("/run/systemd/system", F_OK) == 0;
	if (_merge(conf, path, settings, err) < 0) {
		settings_clear(settings);
		return -1;
	}
	return 0;
}

void settings_clear(struct settings *settings)
{
	conf_clear(settings_keys, settings);
}
