/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For which Slurm a plugin was built, read from the file alone. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/path.h"
#include "sclone/plugin_file.h"
#include "tap.h"

#define PLUGIN "/src/plugins/job_submit/job_submit_sclone.so"
#define OTHER "/src/plugins/spank/spank_sclone.so"

static char path[4096];

static enum err_code _read(const char *file, uint32_t *version)
{
	struct err err = ERR_INIT;

	return plugin_file_version(file, version, &err) < 0 ? err.code
							    : ERR_NONE;
}

static void _write(int fd, const char *data, size_t len)
{
	if (ftruncate(fd, 0) || pwrite(fd, data, len, 0) != (ssize_t) len)
		bail_out("cannot write");
}

/* Cut anywhere, or with anything in its first bytes, which hold the places of
 * all the others. */
static void _damaged(uint32_t right)
{
	char copy[] = "/tmp/plugin_file.XXXXXX";
	int fd = mkstemp(copy);
	cleanup_buf struct buf file;
	uint32_t version;
	unsigned wrong = 0;

	buf_init(&file, PLUGIN_FILE_MAX);
	if (fd < 0 || path_read(path, &file, NULL) < 0)
		bail_out("no copy of %s", path);
	for (size_t len = 0; len < file.len; len += file.len / 40 + 1) {
		_write(fd, file.data, len);
		if (_read(copy, &version) == ERR_NONE && version != right)
			wrong++;
	}
	is_int(wrong, 0, "nothing is made up when it is cut");
	for (size_t at = 0; at < 64; at++) {
		char was = file.data[at];

		file.data[at] = (char) (was ^ 0xff);
		_write(fd, file.data, file.len);
		(void) _read(copy, &version);
		file.data[at] = was;
	}
	ok(true, "nor is anything read beyond its end");
	close(fd);
	unlink(copy);
}

int main(void)
{
	const char *top = getenv("top_builddir");
	char text[PLUGIN_FILE_VERSION_SIZE];
	uint32_t version = 0, right;

	snprintf(path, sizeof(path), "%s" PLUGIN, top ? top : "");
	is_int(_read(path, &version), ERR_NONE, "job_submit_sclone.so");
	snprintf(path, sizeof(path), "%s" OTHER, top ? top : "");
	is_int(_read(path, &version), ERR_NONE, "spank_sclone.so");
	right = version;
	ok(version >> 16 >= 22 && version >> 16 < 100, "a version of Slurm's");
	plugin_file_print(0x160508, text);
	is_str(text, "22.05.8", "as people write it");
	is_int(_read("/nonexistent", &version), ERR_NOTFOUND, "no file");
	is_int(_read("/etc/passwd", &version), ERR_PROTOCOL, "another file");
	is_int(_read("/bin/sh", &version), ERR_PROTOCOL, "no plugin");
	is_int(_read("/tmp", &version) != ERR_NONE, 1, "a directory");
	_damaged(right);
	return done_testing();
}
