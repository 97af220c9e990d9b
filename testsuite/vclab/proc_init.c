/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc_init - see proc_init.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc_init.h"

#define SIGNAL_FAILED 127

/* Kill the children; their children become ours and come next. */
static void _kill_children(void)
{
	char path[64];
	char pids[8192];
	char *at = pids;
	int fd;
	ssize_t n;

	(void) snprintf(path, sizeof(path), "/proc/self/task/%d/children",
			(int) getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, pids, sizeof(pids) - 1) : 0;
	if (fd >= 0)
		(void) close(fd);
	pids[n > 0 ? n : 0] = '\0';
	for (;;) {
		long pid = strtol(at, &at, 10);

		if (pid <= 0)
			return;
		(void) kill((pid_t) pid, SIGKILL);
	}
}

static void _end_all(int status)
{
	for (;;) {
		_kill_children();
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			_exit(status);
	}
}

/* Reap until the command ends or somebody wants an end. */
static void _watch(pid_t command, const sigset_t *set)
{
	siginfo_t info;
	int status;
	pid_t pid;

	for (;;) {
		if (sigwaitinfo(set, &info) == SIGTERM)
			_end_all(128 + SIGTERM);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == command)
				_end_all(WIFEXITED(status)
						 ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status));
		}
	}
}

static void _command(const char *const *argv, char *const *env,
		     const char *log)
{
	sigset_t none;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int null = open("/dev/null", O_RDONLY);

	(void) setpgid(0, 0);
	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) signal(SIGPIPE, SIG_DFL);
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(SIGNAL_FAILED);
	(void) execve(argv[0], (char *const *) argv, env);
	(void) dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(SIGNAL_FAILED);
}

static void _init(const char *const *argv, char *const *env, const char *log)
{
	sigset_t set;
	pid_t command;

	/* Nothing is executed here that would close them: a connection that
	 * the lab closes must not stay open in its guests. */
	(void) close_range(3, ~0U, 0);
	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGCHLD);
	(void) sigaddset(&set, SIGTERM);
	(void) sigprocmask(SIG_SETMASK, &set, NULL);
	(void) prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void) prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void) setpgid(0, 0);
	command = fork();
	if (command < 0)
		_exit(SIGNAL_FAILED);
	if (command == 0)
		_command(argv, env, log);
	_watch(command, &set);
}

pid_t proc_init_spawn(const char *const *argv, char *const *env,
		      const char *log, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(err, ERR_FATAL, errno, "fork");
	if (pid == 0)
		_init(argv, env, log);
	return pid;
}

void proc_init_kill(pid_t pid)
{
	(void) kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
