/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool: order, what a crash leaves, bad files, a full one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/ipc/spool.h"
#include "tap.h"

static char dir[PATH_MAX];

static int64_t _fake_now = INT64_C(1795308574000000);

static int64_t _fake_wall(void *arg)
{
	(void) arg;
	return _fake_now;
}

static bool _takes_next;

/* The C library's: of what is being written, a reader may think that it is a
 * leftover. */
int rename(const char *from, const char *to)
{
	if (_takes_next)
		(void) unlink(from);
	_takes_next = false;
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static bool _forbids;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (!_forbids)
		return __real_open(path, flags, mode);
	errno = EACCES;
	return -1;
}

struct json_object;
struct json_tokener;

static bool _short_of_memory;

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_realloc(void *old, size_t size)
{
	return _short_of_memory ? NULL : __real_realloc(old, size);
}

/* What json-c does then is json's test. */
static bool _json_is_short_of_memory;

struct json_object *__real_json_tokener_parse_ex(struct json_tokener *tokener,
						 const char *text, int len);
struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *tokener,
						 const char *text, int len);

struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *tokener,
						 const char *text, int len)
{
	if (!_json_is_short_of_memory)
		return __real_json_tokener_parse_ex(tokener, text, len);
	errno = ENOMEM;
	return NULL;
}

static const char *_in(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static size_t _count(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d) != NULL)
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static int _write(const char *nodes, char *id, struct err *err)
{
	char *args[] = { (char *) (uintptr_t) nodes };
	cleanup_request struct request *request =
		request_create(REQUEST_RESUME, 1, args, nodes, NULL, err);

	if (!request)
		bail_out("request_create: %s", err->text);
	if (id)
		memcpy(id, request->id, REQUEST_ID_SIZE);
	return spool_write(dir, request, err);
}

static void _test_order(void)
{
	const struct clock_source fake = { .wall_us = _fake_wall,
					   .mono_us = _fake_wall };
	cleanup_spool_list struct spool_list list = { 0, NULL };
	struct err err = ERR_INIT;

	clock_set_source(&fake);
	_fake_now += 2;
	is_int(_write("vm2", NULL, &err), 0, "written");
	_fake_now -= 1;
	is_int(_write("vm1", NULL, &err), 0, "written with an earlier time");
	_fake_now += 5;
	is_int(_write("vm3", NULL, &err), 0, "written with a later one");
	clock_set_source(NULL);
	is_int(spool_list(dir, &list, &err), 0, "listed");
	if (!is_int((int64_t) list.count, 3, "all three are there"))
		return;
	for (size_t i = 0; i < list.count; i++) {
		cleanup_request struct request *request =
			spool_read(dir, list.ids[i], &err);
		char want[32];

		snprintf(want, sizeof(want), "vm%zu", i + 1);
		is_str(request ? request->nodes : err.text, want,
		       "oldest first");
		is_int(spool_remove(dir, list.ids[i], &err), 0, "removed");
	}
	is_int(spool_remove(dir, list.ids[0], &err), 0,
	       "removing twice is fine");
	ok(!spool_read(dir, list.ids[0], &err) && err.code == ERR_NOTFOUND,
	   "a removed one is not found");
}

static void _test_bad(void)
{
	struct err err = ERR_INIT;
	char id[REQUEST_ID_SIZE], other[REQUEST_ID_SIZE], name[64];
	cleanup_buf struct buf text;
	size_t i;

	buf_init(&text, REQUEST_SIZE_MAX);
	for (i = 0; i < SPOOL_BAD_MAX + 3; i++) {
		snprintf(name, sizeof(name), "%016zu-%07d-%016x.json", i, 1,
			 2);
		if (path_write(_in(name), "{\"v\":", 5, 0600, &err))
			bail_out("%s", err.text);
		name[REQUEST_ID_SIZE - 1] = '\0';
		if (spool_read(dir, name, &err) || err.code != ERR_PROTOCOL)
			break;
	}
	is_int((int64_t) i, SPOOL_BAD_MAX + 3, "half requests are PROTOCOL");
	has_str(err.text, "/bad", "and the text says where they are");
	is_int((int64_t) _count(_in("bad")), SPOOL_BAD_MAX,
	       "as many as allowed are kept");
	ok(access(_in("bad/0000000000000000-0000001-0000000000000002.json"),
		  F_OK) < 0, "the oldest of them went");
	is_int((int64_t) _count(dir), 1, "none is left among the good");

	/* a request under another one's name */
	is_int(_write("vm1", id, &err), 0, "written");
	memcpy(other, id, sizeof(other));
	other[0] = other[0] == '1' ? '2' : '1';
	snprintf(name, sizeof(name), "%s.json", id);
	if (path_read(_in(name), &text, &err))
		bail_out("%s", err.text);
	snprintf(name, sizeof(name), "%s.json", other);
	(void) path_write(_in(name), text.data, text.len, 0600, &err);
	ok(!spool_read(dir, other, &err) && err.code == ERR_PROTOCOL,
	   "a request under another name is refused");
	is_int(spool_remove(dir, id, &err), 0, "removed");

	snprintf(name, sizeof(name), "%s.json", id);
	if (mkdir(_in(name), 0700))
		bail_out("mkdir");
	ok(!spool_read(dir, id, &err) && err.code == ERR_PROTOCOL,
	   "a directory is no request");
}

static void _test_short_of_memory(void)
{
	cleanup_request struct request *request = NULL;
	struct err err = ERR_INIT;
	char id[REQUEST_ID_SIZE];

	is_int(_write("vm1", id, &err), 0, "written");
	_short_of_memory = true;
	ok(!spool_read(dir, id, &err) && err.code == ERR_FATAL,
	   "no memory for a request: %s", err.text);
	has_str(err.text, id, "the text names it");
	_short_of_memory = false;
	_json_is_short_of_memory = true;
	ok(!spool_read(dir, id, &err) && err.code == ERR_FATAL,
	   "nor for what it means: %s", err.text);
	_json_is_short_of_memory = false;
	request = spool_read(dir, id, &err);
	ok(request != NULL, "it is not put aside, but read the next time");
	(void) spool_remove(dir, id, NULL);
}

/* Not to be had without another user: to root nothing is forbidden. */
static void _test_forbidden(void)
{
	struct err err = ERR_INIT;
	char id[REQUEST_ID_SIZE];

	is_int(_write("vm1", id, &err), 0, "written");
	_forbids = true;
	ok(!spool_read(dir, id, &err) && err.code == ERR_AUTH,
	   "one that may not be read: %s", err.text);
	_forbids = false;
	has_str(err.text, id, "the text names it");
	(void) spool_remove(dir, id, NULL);
}

/* Longer than a request can be is no question of memory. */
static void _test_too_long(void)
{
	cleanup_free char *text = calloc(1, REQUEST_SIZE_MAX + 1);
	char name[] = "1795308574000000-0000001-0123456789abcdef.json";
	struct err err = ERR_INIT;

	if (!text || path_write(_in(name), text, REQUEST_SIZE_MAX + 1, 0600,
				&err))
		bail_out("%s", err.text);
	name[REQUEST_ID_SIZE - 1] = '\0';
	ok(!spool_read(dir, name, &err) && err.code == ERR_PROTOCOL,
	   "a file longer than any request is none: %s", err.text);
}

static void _test_strangers(void)
{
	cleanup_spool_list struct spool_list list = { 0, NULL };
	struct err err = ERR_INIT;

	(void) path_write(_in("README"), "x", 1, 0600, &err);
	(void) path_write(_in("1-1-1.json"), "x", 1, 0600, &err);
	is_int(spool_list(dir, &list, &err), 0, "listed");
	is_int((int64_t) list.count, 0, "strange files are not requests");
	is_int((int64_t) _count(dir), 3, "and stay");
	(void) unlink(_in("README"));
	(void) unlink(_in("1-1-1.json"));
}

static void _test_leftovers(void)
{
	static const char *const names[] = {
		"1795308574000000-0000001-0123456789abcdef.json.aaaaaa",
		"1795308574000001-0000001-0123456789abcdef.json.bbbbbb",
	};
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2; i++) {
		int fd = open(_in(names[i]), O_WRONLY | O_CREAT, 0600);

		if (fd < 0)
			bail_out("open");
		if (i == 0)
			(void) futimens(fd, old);
		close(fd);
	}
	is_int(spool_prepare(dir, &err), 0, "prepared again");
	ok(access(_in(names[0]), F_OK) < 0, "an old half-written file goes");
	ok(!access(_in(names[1]), F_OK), "a fresh one may be finished yet");
	(void) unlink(_in(names[1]));
}

static void _test_taken(void)
{
	struct err err = ERR_INIT;
	size_t before = _count(dir);
	char id[REQUEST_ID_SIZE];

	_takes_next = true;
	ok(!_write("vm1", id, &err) && !_takes_next,
	   "what is taken from the writer is written once more: %s", err.text);
	is_int((int64_t) _count(dir), (int64_t) before + 1, "once");
	(void) spool_remove(dir, id, NULL);
}

/* ENOSPC cannot be had without a file system; EFBIG takes the same way. */
static void _test_full(void)
{
	struct rlimit old, tiny;
	struct err err = ERR_INIT;

	(void) signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	tiny = old;
	tiny.rlim_cur = 16;
	setrlimit(RLIMIT_FSIZE, &tiny);
	is_int(_write("vm1", NULL, &err), -1, "a write cut short fails");
	setrlimit(RLIMIT_FSIZE, &old);
	is_int((int64_t) _count(dir), 1, "and leaves nothing behind");

	for (int i = 0; i <= SPOOL_FILES_MAX; i++) {
		char name[32];
		int fd;

		snprintf(name, sizeof(name), "f%d", i);
		fd = open(_in(name), O_WRONLY | O_CREAT, 0600);
		if (fd < 0)
			bail_out("open");
		close(fd);
	}
	ok(_write("vm1", NULL, &err) && err.code == ERR_CAPACITY,
	   "a full spool takes no more");
	has_str(err.text, "does scloned run?", "and the text asks why");
	for (int i = 0; i <= SPOOL_FILES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "f%d", i);
		(void) unlink(_in(name));
	}
}

static void _test_missing(void)
{
	cleanup_spool_list struct spool_list list = { 0, NULL };
	char saved[PATH_MAX];
	struct err err = ERR_INIT;

	memcpy(saved, dir, sizeof(saved));
	strncat(dir, "/none", sizeof(dir) - strlen(dir) - 1);
	ok(_write("vm1", NULL, &err) && err.code == ERR_NOTFOUND,
	   "no directory: the write says so");
	ok(spool_list(dir, &list, &err) && err.code == ERR_NOTFOUND,
	   "the list too");
	memcpy(dir, saved, sizeof(dir));
}

static void _empty(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.')
			(void) unlinkat(dirfd(d), entry->d_name,
					entry->d_type == DT_DIR ? AT_REMOVEDIR
								: 0);
	}
	if (d)
		closedir(d);
}

int main(void)
{
	const char *base = getenv("TMPDIR");
	struct err err = ERR_INIT;
	struct stat st;

	snprintf(dir, sizeof(dir), "%s/spool.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(dir) || rmdir(dir))
		bail_out("mkdtemp");
	is_int(spool_prepare(dir, &err), 0, "prepared");
	ok(!stat(dir, &st) && (st.st_mode & 07777) == 0700,
	   "nobody else may look");
	chmod(dir, 0730);
	is_int(spool_prepare(dir, &err), -1, "not if others can write in it");
	has_str(err.text, "chmod go-w", "and the cure is told");
	chmod(dir, 0700);
	_test_order();
	_test_missing();
	_test_strangers();
	_test_leftovers();
	_test_taken();
	_test_full();
	_test_bad();
	_test_short_of_memory();
	_test_forbidden();
	_test_too_long();
	_empty(_in("bad"));
	_empty(dir);
	ok(!rmdir(dir), "nothing of it is left");
	return done_testing();
}
