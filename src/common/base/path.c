/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "path.h"

#define LINKS_MAX 40		/* as the kernel, path_resolution(7) */

static enum err_code _open_code(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR ? ERR_NOTFOUND
						     : ERR_FATAL;
}

static enum err_code _write_code(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT ? ERR_CAPACITY
						    : ERR_FATAL;
}

static int _open_regular(const char *path, int flags, struct stat *st,
			 struct err *err)
{
	cleanup_close int fd = -1;

	/* NONBLOCK: a FIFO in the file's place must not hang us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_CONFIG, "%s is a symbolic link", path);
	if (fd < 0)
		return err_errno(err, _open_code(errno), errno, "open %s",
				 path);
	if (fstat(fd, st) < 0)
		return err_errno(err, ERR_FATAL, errno, "stat %s", path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a regular file",
			       path);
	return steal_fd(&fd);
}

static int _read_all(int fd, const char *path, struct buf *buf,
		     struct err *err)
{
	char chunk[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_FATAL, errno, "read %s",
					 path);
		if (n == 0)
			return buf_ok(buf, path, err);
		buf_add(buf, chunk, (size_t) n);
		explicit_bzero(chunk, (size_t) n);
		if (buf->failed)
			return buf_ok(buf, path, err);
	}
}

int path_read(const char *path, struct buf *buf, struct err *err)
{
	cleanup_close int fd = -1;
	struct stat st;

	fd = _open_regular(path, 0, &st, err);
	if (fd < 0)
		return -1;
	return _read_all(fd, path, buf, err);
}

static bool _trusted_owner(uid_t uid, uid_t owner)
{
	return uid == 0 || uid == owner;
}

/* A directory on the way: whoever can write in it can put another file, or
 * a link, in the place of what we check. */
static int _check_way(const char *path, const char *dir, uid_t owner,
		      struct err *err)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_errno(err, _open_code(errno), errno, "stat %s",
				 dir);
	if (!_trusted_owner(st.st_uid, owner) ||
	    ((st.st_mode & 022) && !(st.st_mode & S_ISVTX)))
		return err_set(err, ERR_CONFIG,
			       "%s: others can write in %s; run: chown root "
			       "%s; chmod go-w %s", path, dir, dir, dir);
	return 0;
}

static int _too_long(const char *path, struct err *err)
{
	return err_set(err, ERR_CONFIG, "path too long: %s", path);
}

static int _join(char *out, const char *a, const char *b, const char *c,
		 struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s%s%s", a, b, c);

	return n < 0 || n >= PATH_MAX ? _too_long(b, err) : 0;
}

/* Make a relative path one from the root, written to out. */
static int _absolute(const char *path, char *out, struct err *err)
{
	char here[PATH_MAX];

	if (*path == '/')
		return _join(out, "", path, "", err);
	if (!getcwd(here, sizeof(here)))
		return err_errno(err, ERR_FATAL, errno, "working directory");
	return _join(out, here, "/", path, err);
}

/* When way, cut at end, is a symbolic link: put what it says in its place.
 * 1: done, 0: it is none. */
static int _follow(char *way, size_t start, size_t end, struct err *err)
{
	char link[PATH_MAX], rest[PATH_MAX];
	ssize_t n;

	way[end] = '\0';
	n = readlink(way, link, sizeof(link) - 1);
	if (n < 0) {
		way[end] = '/';
		return errno == EINVAL ? 0 : err_errno(err, _open_code(errno),
						       errno, "read %s", way);
	}
	link[n] = '\0';
	if (_join(rest, link, "/", way + end + 1, err) < 0)
		return -1;
	way[*link == '/' ? 0 : start] = '\0';
	if (strlen(way) + strlen(rest) >= PATH_MAX)
		return _too_long(rest, err);
	memcpy(way + strlen(way), rest, strlen(rest) + 1);
	return 1;
}

/* Every directory that the path leads through, those of its links too. */
static int _check_parents(const char *path, uid_t owner, struct err *err)
{
	char way[PATH_MAX];
	size_t start = 1;	/* what is before it has been checked */
	unsigned links = 0;

	if (_absolute(path, way, err) < 0)
		return -1;
	for (;;) {
		char keep = way[start];
		const char *slash;
		int linked;

		way[start] = '\0';
		if (_check_way(path, way, owner, err) < 0)
			return -1;
		way[start] = keep;
		slash = strchr(way + start, '/');
		if (!slash)
			return 0;
		linked = _follow(way, start, (size_t) (slash - way), err);
		if (linked < 0)
			return -1;
		if (linked && ++links > LINKS_MAX)
			return err_set(err, ERR_CONFIG,
				       "%s: too many symbolic links", path);
		start = linked ? 1 : (size_t) (slash - way) + 1;
	}
}

static int _check_stat(const char *path, const struct stat *st, uid_t owner,
		       struct err *err)
{
	if (!_trusted_owner(st->st_uid, owner))
		return err_set(err, ERR_CONFIG,
			       "%s belongs to uid %u; run: chown %u %s", path,
			       (unsigned) st->st_uid, (unsigned) owner, path);
	if (st->st_mode & 077)
		return err_set(err, ERR_CONFIG,
			       "%s has mode %04o, so that others may read it; "
			       "run: chmod 600 %s", path,
			       (unsigned) (st->st_mode & 07777), path);
	return 0;
}

static int _open_secret(const char *path, uid_t owner, struct err *err)
{
	cleanup_close int fd = -1;
	struct stat st;

	fd = _open_regular(path, O_NOFOLLOW, &st, err);
	if (fd < 0)
		return -1;
	if (_check_stat(path, &st, owner, err) < 0 ||
	    _check_parents(path, owner, err) < 0)
		return -1;
	return steal_fd(&fd);
}

int path_check_secret(const char *path, uid_t owner, struct err *err)
{
	cleanup_close int fd = _open_secret(path, owner, err);

	return fd < 0 ? -1 : 0;
}

int path_read_secret(const char *path, uid_t owner, struct buf *buf,
		     struct err *err)
{
	cleanup_close int fd = _open_secret(path, owner, err);

	if (fd < 0 || _read_all(fd, path, buf, err) < 0)
		return -1;
	if (buf->len && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
	if (!buf->len || memchr(buf->data, '\n', buf->len) ||
	    memchr(buf->data, '\0', buf->len)) {
		buf_wipe(buf);
		return err_set(err, ERR_CONFIG,
			       "%s must hold exactly one line", path);
	}
	return 0;
}

static int _write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t) n;
	}
	return 0;
}

static int _sync_parent(const char *path, struct err *err)
{
	cleanup_free char *dir = strdup(path);
	cleanup_close int fd = -1;
	char *slash;

	if (!dir)
		return err_nomem(err);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, ERR_FATAL, errno, "sync directory of %s",
				 path);
	return 0;
}

static int _write_tmp(int fd, const void *bytes, size_t len, mode_t mode)
{
	if (_write_all(fd, bytes, len) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return fsync(fd);
}

int path_write(const char *path, const void *bytes, size_t len, mode_t mode,
	       struct err *err)
{
	cleanup_close int fd = -1;
	char tmp[PATH_MAX];
	int n;

	n = snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);
	if (n < 0 || (size_t) n >= sizeof(tmp))
		return err_set(err, ERR_CONFIG, "path too long: %s", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, _write_code(errno), errno, "create %s",
				 tmp);
	if (_write_tmp(fd, bytes, len, mode) < 0 || rename(tmp, path) < 0) {
		err_errno(err, _write_code(errno), errno, "write %s", path);
		(void) unlink(tmp);
		return -1;
	}
	return _sync_parent(path, err);
}

int path_check_dir(const char *path, uid_t owner, struct err *err)
{
	char inside[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_errno(err, _open_code(errno), errno, "%s", path);
	if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is not a directory", path);
	if (stat(path, &st) < 0)
		return err_errno(err, _open_code(errno), errno, "%s", path);
	if (!_trusted_owner(st.st_uid, owner))
		return err_set(err, ERR_CONFIG,
			       "%s belongs to uid %u; run: chown %u %s", path,
			       (unsigned) st.st_uid, (unsigned) owner, path);
	if (st.st_mode & 022)
		return err_set(err, ERR_CONFIG,
			       "%s has mode %04o, so that others can write in "
			       "it; run: chmod go-w %s", path,
			       (unsigned) (st.st_mode & 07777), path);
	if (_join(inside, path, "/", "", err) < 0)
		return -1;
	return _check_parents(inside, owner, err);
}

int path_mkdir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return err_errno(err, _write_code(errno), errno, "make directory %s",
			 path);
}
