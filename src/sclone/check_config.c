/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_config - sclone.conf, the secrets, the spool, the daemon. */
#include <errno.h>
#include <string.h>

#include "check.h"

static void _config(const struct facts *facts, struct findings *out)
{
	if (!facts->config)
		findings_fail(out, "%s; correct it, see sclone.conf(5)",
			      facts->config_problem.text);
}

static void _secret(const struct facts *facts,
		    const struct facts_secret *secret, struct findings *out)
{
	if (secret->problem.code)
		findings_fail(out, "%s=: %s%s", secret->key,
			      secret->problem.text,
			      strchr(secret->problem.text, ';')
				      ? "" : "; see sclone.conf(5), SECRETS");
	else if (secret->uid != facts->files.user)
		findings_fail(out, "%s=: scloned runs as %s and cannot read "
			      "%s; run: chown %s %s", secret->key,
			      facts->files.user_name, secret->path,
			      facts->files.user_name, secret->path);
}

static void _password(const struct facts *facts, struct findings *out)
{
	_secret(facts, &facts->files.password, out);
}

static void _mark(const struct facts *facts, struct findings *out)
{
	_secret(facts, &facts->files.mark, out);
}

/* Slurm's programs write here, as SlurmUser; nobody else may. */
static void _spool(const struct facts *facts, struct findings *out)
{
	const struct facts_dir *dir = &facts->files.spool;
	const char *user = facts->files.user_name;

	if (dir->error)
		findings_fail(out, "%s: %s; run: install -d -o %s -m 0700 %s",
			      dir->path, strerror(dir->error), user,
			      dir->path);
	else if (dir->uid != facts->files.user)
		findings_fail(out, "%s does not belong to %s, whom Slurm's "
			      "programs run as; run: chown %s %s", dir->path,
			      user, user, dir->path);
	else if (dir->mode & 022)
		findings_fail(out, "others can write requests into %s; run: "
			      "chmod go-w %s", dir->path, dir->path);
	else if (dir->problem.code)
		findings_fail(out, "%s", dir->problem.text);
}

/* Its unit makes it at the first start. */
static void _state(const struct facts *facts, struct findings *out)
{
	const struct facts_dir *dir = &facts->files.state;
	const char *user = facts->files.user_name;

	if (dir->error == ENOENT)
		findings_ok(out, "%s is not there yet; scloned's unit makes "
			    "it", dir->path);
	else if (dir->error)
		findings_fail(out, "%s: %s; run: install -d -o %s -m 0700 %s",
			      dir->path, strerror(dir->error), user,
			      dir->path);
	else if (dir->uid != facts->files.user)
		findings_fail(out, "%s does not belong to %s, whom scloned "
			      "runs as; run: chown -R %s %s", dir->path, user,
			      user, dir->path);
	else if (dir->problem.code)
		findings_fail(out, "%s", dir->problem.text);
}

static void _daemon(const struct facts *facts, struct findings *out)
{
	const struct facts_daemon *daemon = &facts->daemon;

	if (!daemon->running)
		findings_ok(out, "not running; when all else is fine: "
			    "systemctl enable --now scloned");
	else if (strcmp(daemon->version, PACKAGE_VERSION))
		findings_warn(out, "it runs version %s, but " PACKAGE_VERSION
			      " is installed; systemctl restart scloned",
			      daemon->version);
}

const struct check check_config_table[] = {
	{ "config", "read", CHECK_NOTHING, _config },
	{ "password", "private, and readable by scloned", CHECK_CONFIG,
	  _password },
	{ "key", "private, and readable by scloned", CHECK_CONFIG, _mark },
	{ "spool", "there, and SlurmUser's", CHECK_CONFIG, _spool },
	{ "state", "SlurmUser's alone", CHECK_CONFIG, _state },
	{ "scloned", "running", CHECK_CONFIG, _daemon },
	{ .topic = NULL },
};
