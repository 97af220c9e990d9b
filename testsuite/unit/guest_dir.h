/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory for the guest's tests: files by name in it, gone at the end. */
#ifndef SCLONE_UNIT_GUEST_DIR_H
#define SCLONE_UNIT_GUEST_DIR_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/path.h"
#include "guest/command.h"
#include "guest/files.h"
#include "tap.h"

static char _dir[] = "guest-dir.XXXXXX";
static char _top[PATH_MAX];

/* "DIR/name", in one of a few static places. */
static const char *_at(const char *name)
{
	static char places[8][PATH_MAX + 128];
	static unsigned next;
	char *place = places[next++ % 8];

	(void) snprintf(place, sizeof(places[0]), "%s/%s", _top, name);
	return place;
}

static void _put(const char *name, const char *text, mode_t mode)
{
	if (files_replace(_at(name), text, NULL) < 0 ||
	    chmod(_at(name), mode) < 0)
		bail_out("%s: %s", name, strerror(errno));
}

static void _mkdir(const char *name)
{
	if (mkdir(_at(name), 0755) < 0 && errno != EEXIST)
		bail_out("%s: %s", name, strerror(errno));
}

static const char *_get(const char *name)
{
	static char text[4096];
	struct buf buf;

	buf_init(&buf, sizeof(text) - 1);
	if (path_read(_at(name), &buf, NULL) < 0)
		buf_reset(&buf);
	(void) snprintf(text, sizeof(text), "%s", buf_str(&buf));
	buf_free(&buf);
	return text;
}

static void _end(void)
{
	const char *argv[] = { "/bin/rm", "-rf", _top, NULL };
	struct command command = { .argv = argv, .limit_s = 20 };
	int status;

	(void) command_run(&command, &status, NULL);
}

static void _begin(void)
{
	char cwd[PATH_MAX];

	log_open("guest", LOG_LEVEL_ERROR, false);
	if (!mkdtemp(_dir) || !getcwd(cwd, sizeof(cwd)))
		bail_out("no directory");
	(void) snprintf(_top, sizeof(_top), "%.3000s/%s", cwd, _dir);
}

#endif
