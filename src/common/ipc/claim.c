/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "claim.h"

#define SUBDIR "claims"
#define TEXT_SIZE 24	/* two numbers of 32 bits */

/* A node's name holds no slash: Slurm makes a host of it. */
static int _path(char out[PATH_MAX], const char *spool, const char *node,
		 struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s/" SUBDIR "/%s", spool, node);

	if (n < 0 || n >= PATH_MAX || strchr(node, '/') || node[0] == '.')
		return err_set(err, ERR_FATAL, "no place for a claim on "
			       "%.80s in %s", node, spool);
	return 0;
}

static int _parse(char *text, struct claim *claim, struct err *err)
{
	char *dot = strchr(text, '.');
	uint64_t job, run;

	if (dot)
		*dot = '\0';
	if (!dot || parse_u64(text, 1, UINT32_MAX, &job, NULL) < 0 ||
	    parse_u64(dot + 1, 0, UINT32_MAX, &run, NULL) < 0)
		return err_set(err, ERR_PROTOCOL, "not a claim");
	*claim = (struct claim) { (uint32_t) job, (uint32_t) run };
	return 0;
}

static int64_t _made_at(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	return st.st_mtim.tv_sec * CLOCK_US_PER_S +
	       st.st_mtim.tv_nsec / 1000;
}

int claim_read(const char *spool, const char *node, struct claim *claim,
	       int64_t *since, struct err *err)
{
	char path[PATH_MAX], text[TEXT_SIZE];
	struct claim found;
	ssize_t len;

	if (_path(path, spool, node, err) < 0)
		return -1;
	len = readlink(path, text, sizeof(text));
	if (len < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (len < 0)
		return err_errno(err, ERR_FATAL, errno, "%s", path);
	if (len == sizeof(text))
		return err_set(err, ERR_PROTOCOL, "%s: not a claim", path);
	text[len] = '\0';
	if (_parse(text, &found, err) < 0)
		return err_wrap(err, "%s", path);
	*claim = found;
	if (since)
		*since = _made_at(path);
	return 1;
}

static int _fail(const char *path, struct err *err)
{
	enum err_code code = ERR_FATAL;

	if (errno == ENOENT)
		code = ERR_NOTFOUND;
	else if (errno == ENOSPC || errno == EDQUOT)
		code = ERR_CAPACITY;
	return err_errno(err, code, errno, "%s", path);
}

static int _link(const char *text, const char *path)
{
	char dir[PATH_MAX];

	if (!symlink(text, path))
		return 0;
	if (errno != ENOENT)
		return -1;
	memcpy(dir, path, strlen(path) + 1);
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -1;
	return symlink(text, path);
}

/* Another one's: who has it? */
static int _yield(const char *spool, const char *node,
		  const struct claim *claim, struct err *err)
{
	struct claim found = { 0, 0 };
	int rc = claim_read(spool, node, &found, NULL, err);

	if (rc < 0)
		return -1;
	if (rc && found.job == claim->job && found.run == claim->run)
		return 0;
	return err_set(err, ERR_EXISTS, "the VM of %s has served job %u",
		       node, (unsigned) found.job);
}

/* By way of a name that is no node's. There is one for each node, so that
 * what a crash leaves of it is taken by the next one. */
static int _replace(const char *text, const char *path, struct err *err)
{
	const char *node = strrchr(path, '/') + 1;
	char fresh[PATH_MAX + 1];

	snprintf(fresh, sizeof(fresh), "%.*s.%s", (int) (node - path), path,
		 node);
	(void) unlink(fresh);
	if (symlink(text, fresh) < 0)
		return _fail(fresh, err);
	if (rename(fresh, path) == 0)
		return 0;
	_fail(path, err);
	(void) unlink(fresh);
	return -1;
}

int claim_make(const char *spool, const char *node, const struct claim *claim,
	       bool for_sure, struct err *err)
{
	char path[PATH_MAX], text[TEXT_SIZE];

	if (_path(path, spool, node, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%u.%u", (unsigned) claim->job,
		 (unsigned) claim->run);
	if (_link(text, path) == 0)
		return 0;
	if (errno != EEXIST)
		return _fail(path, err);
	return for_sure ? _replace(text, path, err)
			: _yield(spool, node, claim, err);
}

int claim_drop(const char *spool, const char *node, int64_t until,
	       struct err *err)
{
	char path[PATH_MAX];
	int64_t made;

	if (_path(path, spool, node, err) < 0)
		return -1;
	made = _made_at(path);
	if (made > until && made <= clock_wall_us())
		return 0;
	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, ERR_FATAL, errno, "%s", path);
	return 0;
}
