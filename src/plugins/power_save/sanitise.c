/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sanitise - the first lines of each program that slurmctld starts. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sanitise.h"

static void _fill_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void) close(fd);
}

static void _reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void) signal(signo, SIG_DFL);
	(void) signal(SIGPIPE, SIG_IGN);
	(void) signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

bool sanitise_process(void)
{
	bool heard = fcntl(STDERR_FILENO, F_GETFD) >= 0;

	_fill_descriptors();
	_reset_signals();
	(void) setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 0);
	(void) umask(022);
	return heard;
}
