/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chain - fork, exec, and wait with the signals in hand. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chain.h"

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
	pid = fork();
	if (pid == 0)
		_exec(path, &old);
	if (pid < 0)
		rc = err_errno(err, ERR_FATAL, errno, "fork");
	else
		rc = _wait(pid, &signals, &result, err);
	(void) sigprocmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return -1;
	*status = WIFSIGNALED(result) ? 128 + WTERMSIG(result)
				      : WEXITSTATUS(result);
	return 0;
}
