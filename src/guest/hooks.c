/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks - see hooks.h. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/path.h"
#include "command.h"
#include "hooks.h"

static int _is_hook(const struct dirent *entry)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	return entry->d_name[strspn(entry->d_name, allowed)] == '\0';
}

/* 1 to run, 0 to pass over. */
static int _check(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, ERR_CONFIG, errno, "hook %s", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return 0;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & 022))
		return err_set(err, ERR_CONFIG,
			       "hook %s may be changed by others: chown root "
			       "and chmod go-w",
			       path);
	return 1;
}

static int _run(const struct hooks *hooks, const char *name, struct err *err)
{
	char path[PATH_MAX];
	const char *argv[] = { path, NULL };
	struct command command = { .argv = argv,
				   .env = hooks->env,
				   .limit_s = hooks->limit_s,
				   .deadline = hooks->deadline };
	int rc;

	(void) snprintf(path, sizeof(path), "%s/%s", hooks->dir, name);
	rc = _check(path, err);
	if (rc <= 0)
		return rc;
	return command_must(&command, err);
}

int hooks_run(const struct hooks *hooks, struct err *err)
{
	struct dirent **list = NULL;
	int rc = path_check_dir(hooks->dir, geteuid(), err);
	int n;

	if (rc < 0)
		return err->code == ERR_NOTFOUND ? 0 : -1;
	n = scandir(hooks->dir, &list, _is_hook, alphasort);
	if (n < 0)
		return err_errno(err, ERR_CONFIG, errno, "read %s",
				 hooks->dir);
	if (n > HOOKS_MAX)
		rc = err_set(err, ERR_CONFIG, "%s holds more than %d hooks",
			     hooks->dir, HOOKS_MAX);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = _run(hooks, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return rc;
}
