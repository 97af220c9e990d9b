/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_kept - see qemu_kept.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/path.h"
#include "qemu.h"
#include "qemu_kept.h"

static void _file(const char *dir, const char *name, char path[PATH_MAX])
{
	(void) snprintf(path, PATH_MAX, "%.4000s/%s", dir, name);
}

void qemu_kept_dir(const char *cache, const char *key, char dir[PATH_MAX])
{
	(void) snprintf(dir, PATH_MAX, "%.3000s/frozen-%s", cache, key);
}

bool qemu_kept_is(const char *dir)
{
	const char *name = strrchr(dir, '/');

	return name && strncmp(name, "/frozen-", 8) == 0;
}

pid_t qemu_kept_store(const char *cache, const char *key, const char *from,
		      const char *disk, const char *record, struct err *err)
{
	static const char script[] = "{ [ -z \"$1\" ] || "
				     "cp \"$1\" \"$2/disk.qcow2\"; } && "
				     "mv -T \"$2\" \"$3\" 2>/dev/null";
	char path[PATH_MAX], dir[PATH_MAX];
	const char *argv[] = { "/bin/sh", "-c", script, "sh",
			       disk ? disk : "", from, dir, NULL };

	qemu_kept_dir(cache, key, dir);
	_file(from, "template", path);
	if (path_write(path, record, strlen(record), 0644, err) < 0)
		return -1;
	return qemu_run(argv, err);
}

pid_t qemu_kept_fetch(const char *dir, const char *disk, struct err *err)
{
	char path[PATH_MAX];
	const char *copy[] = { "/bin/cp", path, disk, NULL };
	const char *nothing[] = { "/bin/true", NULL };

	_file(dir, "state", path);
	if (access(path, R_OK) < 0)
		return 0;
	_file(dir, "disk.qcow2", path);
	return qemu_run(disk ? copy : nothing, err);
}

int qemu_kept_record(const char *dir, struct buf *record, struct err *err)
{
	char path[PATH_MAX];

	_file(dir, "template", path);
	return path_read(path, record, err);
}
