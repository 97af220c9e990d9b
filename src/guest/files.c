/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files - see files.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "files.h"

static int _write(int fd, const char *path, const char *text, struct err *err)
{
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);

	if (n != (ssize_t) len)
		return err_errno(err, ERR_FATAL, n < 0 ? errno : ENOSPC,
				 "write %s", path);
	return 0;
}

int files_write(const char *path, const char *text, struct err *err)
{
	cleanup_close int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);

	if (fd < 0)
		return err_errno(err,
				 errno == ENOENT ? ERR_NOTFOUND : ERR_FATAL,
				 errno, "open %s", path);
	return _write(fd, path, text, err);
}

static void _make_parent(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	(void) snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	(void) mkdir(dir, 0755);
}

int files_replace(const char *path, const char *text, struct err *err)
{
	cleanup_close int fd = -1;
	char tmp[PATH_MAX];
	int n = snprintf(tmp, sizeof(tmp), "%s.sclone", path);

	if (n < 0 || (size_t) n >= sizeof(tmp))
		return err_set(err, ERR_CONFIG, "path too long: %s", path);
	_make_parent(path);
	(void) unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "create %s", tmp);
	if (_write(fd, tmp, text, err) < 0)
		return -1;
	if (rename(tmp, path) < 0)
		return err_errno(err, ERR_FATAL, errno, "rename %s", path);
	return 0;
}

void files_line(const char *path, char *out, size_t size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
}
