/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chain - fork, exec, and wait with the signals in hand. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chain.h"

#define LINK "prolog-chain"
#define FORK_TRIES 4
#define FORK_PAUSE_NS 250000000

static void _exec(const char *path, const sigset_t *mask)
{
	char *argv[] = { (char *) (uintptr_t) path, NULL };

	(void) signal(SIGPIPE, SIG_DFL);
	(void) signal(SIGXFSZ, SIG_DFL);
	(void) signal(SIGTERM, SIG_DFL);
	(void) sigprocmask(SIG_SETMASK, mask, NULL);
	execv(path, argv);
	_exit(127);
}

/* A machine that is short of processes or memory may have some in a moment. */
static pid_t _fork(void)
{
	const struct timespec pause = { 0, FORK_PAUSE_NS };
	pid_t pid = fork();

	for (int i = 1; pid < 0 && i < FORK_TRIES; i++) {
		(void) nanosleep(&pause, NULL);
		pid = fork();
	}
	return pid;
}

static int _wait(pid_t pid, const sigset_t *signals, int *status,
		 struct err *err)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		int signo;

		if (got == pid)
			return 0;
		if (got < 0)
			return err_errno(err, ERR_FATAL, errno,
					 "wait for the chained program");
		signo = sigwaitinfo(signals, NULL);
		if (signo == SIGTERM)
			(void) kill(pid, SIGTERM);
	}
}

bool chain_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

int chain_run(const char *path, int *status, struct err *err)
{
	sigset_t signals, old;
	int result, rc;
	pid_t pid;

	if (access(path, X_OK))
		return err_errno(err, ERR_CONFIG, errno,
				 "ChainPrologSlurmctld=%s is not run", path);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, &old))
		return err_errno(err, ERR_FATAL, errno, "sigprocmask");
	pid = _fork();
	if (pid == 0)
		_exec(path, &old);
	if (pid < 0)
		rc = err_errno(err, ERR_FATAL, errno,
			       "ChainPrologSlurmctld=%s is not run: fork",
			       path);
	else
		rc = _wait(pid, &signals, &result, err);
	(void) sigprocmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return -1;
	*status = WIFSIGNALED(result) ? 128 + WTERMSIG(result)
				      : WEXITSTATUS(result);
	return 0;
}

static int _place(char out[PATH_MAX], const char *spool, const char *name,
		  struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", spool, name);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, ERR_FATAL, "path too long: %.200s", spool);
	return 0;
}

int chain_recall(const char *spool, char path[PATH_MAX], struct err *err)
{
	char place[PATH_MAX], found[PATH_MAX];
	ssize_t len;

	if (_place(place, spool, LINK, err))
		return -1;
	len = readlink(place, found, sizeof(found));
	if (len < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (len < 0)
		return err_errno(err, ERR_FATAL, errno, "%s", place);
	if (len == sizeof(found))
		return err_set(err, ERR_FATAL, "%s: too long", place);
	memcpy(path, found, (size_t) len);
	path[len] = '\0';
	return 1;
}

/* Other prologs may do the same now: then it is as it should be. */
static int _replace(const char *spool, const char *path, struct err *err)
{
	char place[PATH_MAX], fresh[PATH_MAX], name[sizeof(LINK) + 24];

	snprintf(name, sizeof(name), "." LINK ".%ld", (long) getpid());
	if (_place(place, spool, LINK, err) ||
	    _place(fresh, spool, name, err))
		return -1;
	(void) unlink(fresh);	/* of one that had this pid, and died */
	if (symlink(path, fresh))
		return err_errno(err, ERR_FATAL, errno, "%s", fresh);
	if (rename(fresh, place) == 0)
		return 0;
	err_errno(err, ERR_FATAL, errno, "%s", place);
	(void) unlink(fresh);
	return -1;
}

int chain_keep(const char *spool, const char *path, struct err *err)
{
	char place[PATH_MAX], kept[PATH_MAX];
	int rc = chain_recall(spool, kept, err);

	if (rc < 0)
		return -1;
	if (path && (!rc || strcmp(path, kept)))
		return _replace(spool, path, err);
	if (path || !rc)
		return 0;
	if (_place(place, spool, LINK, err))
		return -1;
	if (unlink(place) && errno != ENOENT)
		return err_errno(err, ERR_FATAL, errno, "%s", place);
	return 0;
}
