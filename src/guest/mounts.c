/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounts - see mounts.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "mounts.h"

static const char *const _types[] = {
	"nfs",	"nfs4",	 "cifs", "smb3",  "smbfs",  "lustre",	 "gpfs",
	"ceph", "beegfs", "afs", "pvfs2", "panfs", "glusterfs", "ocfs2",
	"gfs2", "coda",	  "9p",	 "wekafs", "daos", NULL,
};

static const char *const _devices[] = {
	"/dev/nbd", "/dev/rbd", "/dev/drbd", NULL,
};

bool mounts_is_network(const char *type, const char *source)
{
	for (size_t i = 0; _devices[i]; i++)
		if (strncmp(source, _devices[i], strlen(_devices[i])) == 0)
			return true;
	if (strncmp(type, "fuse.", 5) == 0)
		return strcmp(type, "fuse.lxcfs") != 0 &&
		       strcmp(type, "fuse.portal") != 0;
	for (size_t i = 0; _types[i]; i++)
		if (strcmp(type, _types[i]) == 0)
			return true;
	return false;
}

static bool _is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' &&
	       p[2] >= '0' && p[2] <= '7';
}

static void _unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && _is_octal(from + 1)) {
			*to++ = (char) ((from[1] - '0') << 6 |
					(from[2] - '0') << 3 |
					(from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Mount point, type and source of one line; NULL when it is no such line. */
static char *_parse(char *line, const char **type, const char **source)
{
	char *dash = strstr(line, " - ");
	char *field = line;
	char *save = NULL;

	if (!dash)
		return NULL;
	*dash = '\0';
	*type = strtok_r(dash + 3, " \n", &save);
	*source = strtok_r(NULL, " \n", &save);
	for (int i = 0; field && i < 4; i++) {
		field = strchr(field, ' ');
		if (field)
			field++;
	}
	if (!field || !*type || !*source)
		return NULL;
	field[strcspn(field, " ")] = '\0';
	_unescape(field);
	return field;
}

int mounts_read(const char *path, struct mounts *mounts, struct err *err)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t size = 0;

	memset(mounts, 0, sizeof(*mounts));
	if (!file)
		return err_errno(err, ERR_FATAL, errno, "open %s", path);
	while (getline(&line, &size, file) >= 0) {
		const char *type = NULL, *source = NULL;
		char *point = _parse(line, &type, &source);

		if (!point || !mounts_is_network(type, source))
			continue;
		if (mounts->count == MOUNTS_MAX) {
			mounts_free(mounts);
			return err_set(err, ERR_FATAL,
				       "more than %d network mounts",
				       MOUNTS_MAX);
		}
		mounts->paths[mounts->count] = strdup(point);
		if (!mounts->paths[mounts->count++]) {
			mounts_free(mounts);
			return err_nomem(err);
		}
	}
	return 0;
}

void mounts_free(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		free(mounts->paths[i]);
	mounts->count = 0;
}
