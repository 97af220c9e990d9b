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

int main(void)
{
	static const char *const names[] = { "f", "s", "link", "fifo" };
	struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	_write_read();
	_secrets();
	is_int(path_mkdir(_at("d"), 0700, &err), 0, "a directory made");
	is_int(path_mkdir(_at("d"), 0700, &err), 0, "or there already");
	is_int(path_mkdir(_at("f"), 0700, &err), -1, "but not a file");
	rmdir(_at("d"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(_at(names[i]));
	is_int(rmdir(dir), 0, "no temporary file is left");
	return done_testing();
}
