/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nic - see nic.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "files.h"
#include "netlink.h"
#include "nic.h"

#define LOOKS 3

/* Last component of a symbolic link's target; false when it is none. */
static bool _link_name(const char *path, char *out, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *name;

	if (n <= 0)
		return false;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	return (size_t) snprintf(out, size, "%s", name) < size;
}

static bool _address(const char *sysfs, const char *name, struct mac *mac)
{
	char path[PATH_MAX], text[64];

	(void) snprintf(path, sizeof(path), "%s/class/net/%s/address", sysfs,
			name);
	files_line(path, text, sizeof(text));
	return mac_parse(text, mac, NULL) == 0;
}

/* A card is an interface with a device that has a driver. */
static bool _read(const char *sysfs, const char *name, struct nic *nic)
{
	char path[PATH_MAX], link[PATH_MAX];

	(void) snprintf(link, sizeof(link), "%s/class/net/%s/device", sysfs,
			name);
	if (strlen(name) >= sizeof(nic->name) || !realpath(link, path))
		return false;
	(void) snprintf(nic->device, sizeof(nic->device), "%.100s",
			strrchr(path, '/') + 1);
	(void) snprintf(link, sizeof(link), "%.3000s/subsystem", path);
	if (!_link_name(link, nic->bus, sizeof(nic->bus)))
		return false;
	(void) snprintf(link, sizeof(link), "%.3000s/driver", path);
	if (!_link_name(link, nic->driver, sizeof(nic->driver)))
		return false;
	(void) snprintf(nic->name, sizeof(nic->name), "%.15s", name);
	nic->has_mac = _address(sysfs, name, &nic->mac);
	nic->bound = true;
	return true;
}

static int _choose(const char *wanted, struct nics *nics, struct err *err)
{
	bool any = strcmp(wanted, "auto") == 0;

	if (nics->count == 0)
		return err_set(err, ERR_CONFIG, "no network card with a "
						"driver was found");
	nics->main = NIC_NONE;
	if (any && nics->count > 1)
		return 0;
	for (size_t i = 0; i < nics->count; i++) {
		if (any || strcmp(nics->list[i].name, wanted) == 0) {
			nics->main = i;
			return 0;
		}
	}
	return err_set(err, ERR_CONFIG, "Nic=%s: there is no such card",
		       wanted);
}

int nic_find(const char *sysfs, const char *wanted, struct nics *nics,
	     struct err *err)
{
	char path[PATH_MAX];
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;

	memset(nics, 0, sizeof(*nics));
	(void) snprintf(path, sizeof(path), "%s/class/net", sysfs);
	dir = opendir(path);
	if (!dir)
		return err_set(err, ERR_CONFIG, "%s cannot be read", path);
	while ((entry = readdir(dir)) != NULL) {
		if (nics->count == NIC_MAX)
			return err_set(err, ERR_CONFIG,
				       "more than %d network cards", NIC_MAX);
		if (_read(sysfs, entry->d_name, &nics->list[nics->count]))
			nics->count++;
	}
	return _choose(wanted, nics, err);
}

static int _poke(const char *sysfs, struct nic *nic, const char *verb,
		 struct err *err)
{
	char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), "%s/bus/%s/drivers/%s/%s", sysfs,
			nic->bus, nic->driver, verb);
	if (files_write(path, nic->device, err) < 0)
		return err_wrap(err, "%s %s", verb, nic->device);
	nic->bound = !nic->bound;
	return 0;
}

int nic_unbind(const char *sysfs, struct nics *nics, struct err *err)
{
	for (size_t i = 0; i < nics->count; i++) {
		struct nic *nic = &nics->list[i];
		unsigned ifindex = if_nametoindex(nic->name);

		if (!nic->bound)
			continue;
		if (ifindex && netlink_link_down((int) ifindex, err) < 0)
			return -1;
		nic->touched = true;
		if (_poke(sysfs, nic, "unbind", err) < 0)
			return -1;
	}
	return 0;
}

int nic_bind(const char *sysfs, struct nics *nics, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < nics->count; i++)
		if (!nics->list[i].bound &&
		    _poke(sysfs, &nics->list[i], "bind", err) < 0)
			rc = -1;
	return rc;
}

const struct nic *nic_pick(const struct nics *nics, const struct mac *source,
			   struct err *err)
{
	char text[MAC_TEXT_SIZE];

	if (!source && nics->main < nics->count)
		return &nics->list[nics->main];
	if (!source) {
		err_set(err, ERR_CONFIG, "%zu network cards (%s, %s ...), "
			"and neither NicName= lines in sclone.conf nor Nic= "
			"in guest.conf say which", nics->count,
			nics->list[0].name, nics->list[1].name);
		return NULL;
	}
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].has_mac &&
		    mac_equal(&nics->list[i].mac, source))
			return &nics->list[i];
	mac_print(source, text);
	err_set(err, ERR_CONFIG, "no network card had the address %s in the "
		"source", text);
	return NULL;
}

/* 0 when it was not seen. */
static int _look(const char *sysfs, const struct nic *wanted)
{
	char path[PATH_MAX], text[32];
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;
	struct nic nic;

	(void) snprintf(path, sizeof(path), "%s/class/net", sysfs);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL) {
		if (!_read(sysfs, entry->d_name, &nic) ||
		    strcmp(nic.device, wanted->device) != 0 ||
		    strcmp(nic.bus, wanted->bus) != 0)
			continue;
		(void) snprintf(path, sizeof(path), "%s/class/net/%s/ifindex",
				sysfs, nic.name);
		files_line(path, text, sizeof(text));
		return (int) strtol(text, NULL, 10);
	}
	return 0;
}

int nic_interface(const char *sysfs, const struct nic *wanted, int *ifindex,
		  struct err *err)
{
	int found = 0;

	/* One that is renamed under our eyes is not seen: look again. */
	for (unsigned n = 0; n < LOOKS && found <= 0; n++)
		found = _look(sysfs, wanted);
	if (found <= 0)
		return err_set(err, ERR_FATAL, "%s %s has no interface",
			       wanted->bus, wanted->device);
	*ifindex = found;
	return 0;
}
