/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - what /etc/sclone/guest.conf says: the programs the guest side
 * runs, its hook directories, its time limits. Every key has a default, so
 * the file may be missing.
 */
#ifndef SCLONE_GUEST_SETTINGS_H
#define SCLONE_GUEST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"
#include "common/base/err.h"

struct settings {
	char *rpctool;		/* vmware-rpctool */
	char *toolbox;		/* vmware-toolbox-cmd */
	char *slurmd;
	char *slurmd_spool;	/* must be empty before the freeze */
	char *munged;
	char *munge_user;	/* whom munged runs as without systemd */
	char *systemctl;
	char *power_off;	/* program, or "kernel": reboot(2) */
	char *nic;		/* interface that gets the address, or auto */
	char *dhcp;		/* command line, %i is the interface */
	char *pre_freeze;	/* hook directories */
	char *post_clone;
	char *pre_release;
	char *machine_id;	/* files the clone writes */
	char *resolv_conf;
	char *slurmd_env;
	char *shared_file;	/* there in clones that jobs share alone */
	bool systemd;		/* services through their units */
	uint64_t rpc_time;	/* limits, in seconds */
	uint64_t hook_time;
	uint64_t link_time;
	uint64_t dhcp_time;
	uint64_t service_time;
	uint64_t release_time;
};

#define SETTINGS_FILE "/etc/sclone/guest.conf"

/* The table behind the file, for tests and the manual. */
extern const struct conf_key settings_keys[];

/*
 * Read the file; a missing file gives the defaults. settings is zeroed by
 * the caller and cleared by settings_clear(). CONFIG with file and line.
 */
int settings_read(const char *path, struct settings *settings,
		  struct err *err);

void settings_clear(struct settings *settings);
#define cleanup_settings __attribute__((cleanup(settings_clear)))

#endif
