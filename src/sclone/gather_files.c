/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_files - SlurmUser, the secrets, the spool, Slurm's programs. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/path.h"
#include "gather.h"

#define SECRET_MAX 1024

/* scloned runs as SlurmUser; when Slurm does not tell, as whoever asks. */
static void _find_user(struct facts *facts)
{
	struct facts_files *files = &facts->files;
	const char *name = facts->slurm.user;
	const struct passwd *user = name && *name ? getpwnam(name) : NULL;

	files->user = user ? user->pw_uid : geteuid();
	if (!user)
		user = getpwuid(geteuid());
	if (user)
		snprintf(files->user_name, sizeof(files->user_name), "%s",
			 user->pw_name);
	else
		snprintf(files->user_name, sizeof(files->user_name), "%u",
			 (unsigned) files->user);
}

static void _look_secret(struct facts_secret *secret, const char *key,
			 const char *path, uid_t user)
{
	struct buf text;
	struct stat st;

	secret->key = key;
	secret->path = path;
	secret->uid = stat(path, &st) ? user : st.st_uid;
	buf_init(&text, SECRET_MAX);
	buf_reserve(&text, SECRET_MAX);
	(void) path_read_secret(path, user, &text, &secret->problem);
	buf_wipe(&text);
}

static void _look_dir(struct facts_dir *dir, const char *path, uid_t user)
{
	struct stat st = { 0 };

	dir->path = path;
	if (stat(path, &st))
		dir->error = errno;
	else if (!S_ISDIR(st.st_mode))
		dir->error = ENOTDIR;
	dir->uid = st.st_uid;
	dir->mode = st.st_mode;
	(void) path_check_dir(path, user, &dir->problem);
}

static void _look_program(struct facts_program *program)
{
	struct stat st = { 0 };

	if (!program->path)
		return;
	if (stat(program->path, &st))
		program->error = errno;
	program->mode = st.st_mode;
}

void gather_files(struct facts *facts)
{
	const struct config_global *global = config_global(facts->config);
	struct facts_files *files = &facts->files;

	_find_user(facts);
	_look_secret(&files->password, "PasswordFile", global->password_file,
		     files->user);
	_look_secret(&files->mark, "KeyFile", global->key_file, files->user);
	_look_dir(&files->spool, global->spool_dir, files->user);
	_look_dir(&files->state, global->state_dir, files->user);
	for (size_t i = 0; i < FACTS_PROGRAMS; i++)
		_look_program(&facts->slurm.programs[i]);
}
