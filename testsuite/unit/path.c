/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: bounded reads, whole writes, what a secret's file must be. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/path.h"
#include "tap.h"

static char dir[] = "/tmp/sclone-path.XXXXXX";

static const char *_at(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void _write_read(void)
{
	cleanup_buf struct buf buf, small;
	struct err err = ERR_INIT;
	struct stat st;

	buf_init(&buf, 100);
	buf_init(&small, 3);
	ok(!path_write(_at("f"), "hello\n", 6, 0640, &err), "written");
	ok(!stat(_at("f"), &st) && (st.st_mode & 07777) == 0640, "its mode");
	ok(!path_read(_at("f"), &buf, &err), "read");
	is_str(buf_str(&buf), "hello\n", "the bytes");
	is_int(path_read(_at("f"), &small, &err), -1, "longer than the bound");
	ok(!path_write(_at("f"), "x", 1, 0600, &err), "written over");
	buf_reset(&buf);
	ok(!path_read(_at("f"), &buf, &err) && buf.len == 1, "whole again");
	is_int(path_write(_at("no/f"), "x", 1, 0600, &err), -1,
	       "no directory");
	is_int(path_read(_at("none"), &buf, &err), -1, "no file");
	is_int(err.code, ERR_NOTFOUND, "with a code");
	is_int(path_read(dir, &buf, &err), -1, "a directory");
	is_int(err.code, ERR_REFUSED, "with a code");
	mkfifo(_at("fifo"), 0600);
	is_int(path_read(_at("fifo"), &buf, &err), -1,
	       "a FIFO does not hang the reader");
}

/* One thing wrong at a time; want is part of the error, NULL for none. */
static void _secret(const char *text, mode_t mode, const char *want)
{
	cleanup_buf struct buf buf;
	struct err err = ERR_INIT;

	buf_init(&buf, 100);
	if (path_write(_at("s"), text, strlen(text), mode, &err) < 0)
		bail_out("%s", err.text);
	path_read_secret(_at("s"), getuid(), &buf, &err);
	if (want)
		has_str(err.text, want, "a bad secret");
	else
		is_str(buf_str(&buf), "pass word", "a good secret");
	buf_wipe(&buf);
}

static void _secrets(void)
{
	struct err err = ERR_INIT;

	_secret("pass word\n", 0600, NULL);
	_secret("pass word", 0400, NULL);
	_secret("pass word", 0640, "chmod 600");
	_secret("pass word", 0604, "chmod 600");
	_secret("", 0600, "exactly one line");
	_secret("\n", 0600, "exactly one line");
	_secret("two\nlines\n", 0600, "exactly one line");
	_secret("pass word\n", 0600, NULL);
	if (symlink("s", _at("link")) < 0)
		bail_out("symlink");
	is_int(path_check_secret(_at("link"), getuid(), &err), -1, "a link");
	has_str(err.text, "symbolic link", "is named");
	chmod(dir, 0770);
	is_int(path_check_secret(_at("s"), getuid(), &err), -1,
	       "a directory that others write");
	has_str(err.text, "chmod go-w", "has its cure named");
	chmod(dir, 0700);
	if (getuid() != 0)
		return;
	if (chown(_at("s"), 12345, (gid_t) -1) < 0)
		bail_out("chown");
	is_int(path_check_secret(_at("s"), 0, &err), -1, "a foreign owner");
	ok(!path_check_secret(_at("s"), 12345, &err), "the right owner");
}

static void _mkdir(const char *name, mode_t mode)
{
	if (mkdir(_at(name), 0700) < 0 || chmod(_at(name), mode) < 0)
		bail_out("mkdir %s", name);
}

static void _link(const char *to, const char *name)
{
	if (symlink(to, _at(name)) < 0)
		bail_out("symlink %s", name);
}

static void _secret_at(const char *name, const char *want)
{
	struct err err = ERR_INIT;
	int rc = path_check_secret(_at(name), getuid(), &err);

	if (want)
		ok(rc < 0 && strstr(err.text, want), "%s: %s", name,
		   err.text);
	else
		ok(rc == 0, "%s: %s", name, err.text);
}

/* far/open/swap -> safe, by -> far/open/swap: whoever writes in far/open
 * chooses what by/s is. */
static void _ways(void)
{
	struct err err = ERR_INIT;
	char cwd[4096];

	_mkdir("safe", 0755);
	_mkdir("far", 0755);
	_mkdir("far/open", 0755);
	if (path_write(_at("safe/s"), "x", 1, 0600, &err) < 0)
		bail_out("%s", err.text);
	_link("../../safe", "far/open/swap");
	_link("far/open/swap", "by");
	_link("by", "loop-not");
	_link("loop", "loop");
	_secret_at("by/s", NULL);
	_secret_at("loop-not/../safe/s", NULL);
	_secret_at("loop/s", "symbolic link");
	chmod(_at("far/open"), 0775);
	_secret_at("safe/s", NULL);
	_secret_at("far/open/swap/s", "others can write");
	_secret_at("by/s", "others can write");
	_secret_at("loop-not/s", "others can write");
	chmod(_at("far/open"), 01777);
	_secret_at("by/s", NULL);
	if (!getcwd(cwd, sizeof(cwd)) || chdir(_at("safe")) < 0)
		bail_out("chdir");
	ok(!path_check_secret("s", getuid(), &err), "a relative path");
	chmod(_at("far"), 0777);
	ok(path_check_secret("../far/open/swap/s", getuid(), &err) < 0,
	   "that leads through a directory that others write");
	if (chdir(cwd) < 0)
		bail_out("chdir");
}

static void _dir_at(const char *name, const char *want)
{
	struct err err = ERR_INIT;
	int rc = path_check_dir(_at(name), getuid(), &err);

	if (want)
		ok(rc < 0 && strstr(err.text, want), "%s: %s", name,
		   err.text);
	else
		ok(rc == 0, "%s: %s", name, err.text);
}

static void _dirs(void)
{
	struct err err = ERR_INIT;

	_dir_at("safe", NULL);
	_dir_at("safe/s", "not a directory");
	_dir_at("none", "none");
	_dir_at("far/open", "chmod go-w");	/* sticky, but ours */
	chmod(_at("far/open"), 0770);
	_dir_at("far/open", "chmod go-w");
	chmod(_at("far/open"), 0755);
	_dir_at("far/open", "others can write");	/* in far */
	_dir_at("by", "others can write");
	chmod(_at("far"), 0755);
	_dir_at("by", NULL);
	if (getuid() != 0)
		return;
	if (chown(_at("safe"), 12345, (gid_t) -1) < 0)
		bail_out("chown");
	_dir_at("safe", "chown 0");
	ok(!path_check_dir(_at("safe"), 12345, &err), "the right owner");
}

int main(void)
{
	static const char *const names[] = { "f", "s", "link", "fifo",
		"safe/s", "far/open/swap", "by", "loop-not", "loop" };
	struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	_write_read();
	_secrets();
	_ways();
	_dirs();
	is_int(path_mkdir(_at("d"), 0700, &err), 0, "a directory made");
	is_int(path_mkdir(_at("d"), 0700, &err), 0, "or there already");
	is_int(path_mkdir(_at("f"), 0700, &err), -1, "but not a file");
	rmdir(_at("d"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(_at(names[i]));
	rmdir(_at("far/open"));
	rmdir(_at("far"));
	rmdir(_at("safe"));
	is_int(rmdir(dir), 0, "no temporary file is left");
	return done_testing();
}
