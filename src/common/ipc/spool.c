/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool - files and directories; what is in them is request's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "spool.h"

#define SUFFIX ".json"
#define BAD "bad"
#define LEFTOVER_AGE_S 3600

static int _path(char *out, const char *dir, const char *sub, const char *id,
		 struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s%s/%s%s", dir, sub, id, SUFFIX);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, ERR_CONFIG, "path too long: %s", dir);
	return 0;
}

static DIR *_open_dir(const char *path, struct err *err)
{
	DIR *dir = opendir(path);

	if (!dir)
		err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_FATAL,
			  errno, "spool directory %s", path);
	return dir;
}

/* The id in a file's name; rest is what follows it. False when it has none. */
static bool _split_name(const char *name, char *id, const char **rest)
{
	if (strlen(name) < REQUEST_ID_SIZE - 1)
		return false;
	memcpy(id, name, REQUEST_ID_SIZE - 1);
	id[REQUEST_ID_SIZE - 1] = '\0';
	*rest = name + REQUEST_ID_SIZE - 1;
	return request_is_id(id);
}

static int _check_room(const char *path, struct err *err)
{
	cleanup_dir DIR *dir = _open_dir(path, err);
	size_t count = 0;

	if (!dir)
		return -1;
	while (readdir(dir) != NULL) {
		if (++count > SPOOL_FILES_MAX)
			return err_set(err, ERR_CAPACITY,
				       "%s holds more than %d files; does "
				       "scloned run?", path, SPOOL_FILES_MAX);
	}
	return 0;
}

/* Twice, if it must be: to a reader that starts just when the clock was set
 * forward, what is being written is a leftover of long ago. */
static int _write(const char *path, const struct buf *text, struct err *err)
{
	struct err first = ERR_INIT;

	if (!path_write(path, text->data, text->len, 0600, &first))
		return 0;
	if (first.code != ERR_FATAL)
		return err_set(err, first.code, "%s", first.text);
	return path_write(path, text->data, text->len, 0600, err);
}

int spool_write(const char *dir, const struct request *request,
		struct err *err)
{
	cleanup_buf struct buf text;
	char path[PATH_MAX];

	buf_init(&text, REQUEST_SIZE_MAX);
	if (_path(path, dir, "", request->id, err) || _check_room(dir, err) ||
	    request_encode(request, &text, err))
		return -1;
	return _write(path, &text, err);
}

void spool_list_clear(struct spool_list *list)
{
	free(list->ids);
	list->ids = NULL;
	list->count = 0;
}

static int _compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int spool_list(const char *path, struct spool_list *list, struct err *err)
{
	cleanup_dir DIR *dir = _open_dir(path, err);
	cleanup_spool_list struct spool_list found = { 0, NULL };
	const struct dirent *entry;
	char id[REQUEST_ID_SIZE];
	const char *rest;

	if (!dir)
		return -1;
	found.ids = malloc(SPOOL_FILES_MAX * sizeof(*found.ids));
	if (!found.ids)
		return err_nomem(err);
	while (found.count < SPOOL_FILES_MAX) {
		entry = readdir(dir);
		if (!entry)
			break;
		if (_split_name(entry->d_name, id, &rest) &&
		    !strcmp(rest, SUFFIX))
			memcpy(found.ids[found.count++], id, sizeof(id));
	}
	qsort(found.ids, found.count, sizeof(*found.ids), _compare);
	list->count = found.count;
	list->ids = steal_ptr(&found.ids);
	return 0;
}

/* Keep "bad" bounded: drop the oldest when it is full. */
static void _make_bad_room(const char *dir)
{
	cleanup_spool_list struct spool_list list = { 0, NULL };
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, BAD);

	if (n < 0 || n >= (int) sizeof(path) || spool_list(path, &list, NULL))
		return;
	for (size_t i = 0; i + SPOOL_BAD_MAX <= list.count; i++) {
		if (!_path(path, dir, "/" BAD, list.ids[i], NULL))
			(void) unlink(path);
	}
}

static void _quarantine(const char *dir, const char *id, const char *path)
{
	char bad[PATH_MAX];

	_make_bad_room(dir);
	if (_path(bad, dir, "/" BAD, id, NULL) || rename(path, bad))
		(void) unlink(path);
}

static struct request *_decode(const char *id, const struct buf *text,
			       struct err *err)
{
	cleanup_request struct request *request =
		request_decode(buf_str(text), text->len, err);

	if (request && strcmp(request->id, id)) {
		err_set(err, ERR_PROTOCOL, "the request's id is %s",
			request->id);
		return NULL;
	}
	return steal_ptr(&request);
}

/* Whether it is the file's fault: when memory is short, a good request waits
 * for better times. */
static bool _is_bad(const struct buf *text, const struct err *why)
{
	return (text->failed && !text->nomem) || why->code == ERR_PROTOCOL ||
	       why->code == ERR_REFUSED;
}

static bool _is_forbidden(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 && (errno == EACCES || errno == EPERM);
}

/* It stays. Most texts of a file name it. */
static void _cannot_read(const char *path, const struct err *why,
			 struct err *err)
{
	bool forbidden = why->code == ERR_FATAL && _is_forbidden(path);

	err_set(err, forbidden ? ERR_AUTH : why->code, "%s", why->text);
	if (!strstr(why->text, path))
		err_wrap(err, "%s", path);
}

struct request *spool_read(const char *dir, const char *id, struct err *err)
{
	struct err why = ERR_INIT;
	cleanup_buf struct buf text;
	struct request *request = NULL;
	char path[PATH_MAX];

	buf_init(&text, REQUEST_SIZE_MAX);
	if (_path(path, dir, "", id, err))
		return NULL;
	if (!path_read(path, &text, &why))
		request = _decode(id, &text, &why);
	if (request)
		return request;
	if (_is_bad(&text, &why)) {
		_quarantine(dir, id, path);
		err_set(err, ERR_PROTOCOL, "%s: %s (moved to %s/%s)", path,
			why.text, dir, BAD);
	} else {
		_cannot_read(path, &why, err);
	}
	return NULL;
}

int spool_remove(const char *dir, const char *id, struct err *err)
{
	char path[PATH_MAX];

	if (_path(path, dir, "", id, err))
		return -1;
	if (unlink(path) && errno != ENOENT)
		return err_errno(err, ERR_FATAL, errno, "remove %s", path);
	return 0;
}

/* A half-written file: an id, the suffix, and what mkstemp added. */
static void _drop_leftover(int dirfd, const char *name)
{
	char id[REQUEST_ID_SIZE];
	const char *rest;
	struct stat st;

	if (!_split_name(name, id, &rest) ||
	    strncmp(rest, SUFFIX ".", sizeof(SUFFIX ".") - 1) ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (clock_wall_us() / CLOCK_US_PER_S - st.st_mtime > LEFTOVER_AGE_S)
		(void) unlinkat(dirfd, name, 0);
}

int spool_prepare(const char *path, struct err *err)
{
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;
	char bad[PATH_MAX];
	int n = snprintf(bad, sizeof(bad), "%s/%s", path, BAD);

	if (n < 0 || n >= (int) sizeof(bad))
		return err_set(err, ERR_CONFIG, "path too long: %s", path);
	if (path_mkdir(path, 0700, err) ||
	    path_check_dir(path, geteuid(), err) ||
	    path_mkdir(bad, 0700, err))
		return -1;
	dir = _open_dir(path, err);
	if (!dir)
		return -1;
	for (size_t i = 0; i < SPOOL_FILES_MAX; i++) {
		entry = readdir(dir);
		if (!entry)
			break;
		_drop_leftover(dirfd(dir), entry->d_name);
	}
	return 0;
}
