/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "chain.h"

struct run {
	LIST_ENTRY(run) link;
	struct chain *chain;
	struct loop_child *child;
	char *program;
};

struct chain {
	struct loop *loop;
	const char *slurm_conf;
	void (*told)(const char *program, const char *how, void *arg);
	void *arg;
	LIST_HEAD(, run) runs;
	size_t count;
};

struct chain *chain_create(struct loop *loop, const char *slurm_conf,
			   void (*told)(const char *program, const char *how,
					void *arg),
			   void *arg)
{
	struct chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return NULL;
	*chain = (struct chain) { .loop = loop, .slurm_conf = slurm_conf,
				  .told = told, .arg = arg };
	LIST_INIT(&chain->runs);
	return chain;
}

static void _free(struct run *run)
{
	loop_child_destroy(run->child);
	free(run->program);
	free(run);
}

void chain_destroy(struct chain *chain)
{
	struct run *run;

	if (!chain)
		return;
	while ((run = LIST_FIRST(&chain->runs)) != NULL) {
		LIST_REMOVE(run, link);
		_free(run);
	}
	free(chain);
}

static void _ended(pid_t pid, const siginfo_t *info, void *arg)
{
	struct run *run = arg;
	struct chain *chain = run->chain;
	char how[64];

	(void) pid;
	if (info->si_code != CLD_EXITED || info->si_status != 0) {
		snprintf(how, sizeof(how), "%s %d",
			 info->si_code == CLD_EXITED ? "exit status"
						     : "signal",
			 info->si_status);
		chain->told(run->program, how, chain->arg);
	}
	LIST_REMOVE(run, link);
	chain->count--;
	_free(run);
}

/* The text as a file without a name. */
static int _memory_file(const char *text, struct err *err)
{
	cleanup_close int fd = memfd_create("resume", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t) len)
		return err_errno(err, ERR_FATAL, errno, "resume file");
	return steal_fd(&fd);
}

/* What slurmctld gives its programs, with the streams they may expect. */
static void _exec(const struct chain *chain, const char *program,
		  const char *nodes, const char *features, int resume_fd)
{
	char conf[4096], resume[64], path[] = "PATH=/usr/sbin:/usr/bin:"
					      "/sbin:/bin";
	char *env[] = { path, conf, resume_fd >= 0 ? resume : NULL, NULL };
	char *args[] = { strdup(program), strdup(nodes),
			 features ? strdup(features) : NULL, NULL };
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	snprintf(conf, sizeof(conf), "SLURM_CONF=%s", chain->slurm_conf);
	/* The program's own: nobody may look into scloned's, which is not
	 * dumpable. What the program starts can open it as well. */
	snprintf(resume, sizeof(resume), "SLURM_RESUME_FILE=/proc/%d/fd/%d",
		 (int) getpid(), resume_fd);
	if (resume_fd >= 0)
		(void) fcntl(resume_fd, F_SETFD, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		(void) close(null);
	(void) signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	(void) umask(022);
	execve(program, args, env);
	_exit(127);
}

int chain_run(struct chain *chain, const char *program, const char *nodes,
	      const char *features, const char *resume, struct err *err)
{
	cleanup_close int resume_fd = -1;
	struct run *run;
	pid_t pid;

	if (chain->count >= CHAIN_MAX)
		return err_set(err, ERR_BUSY, "%d chained programs run "
			       "already", CHAIN_MAX);
	if (resume) {
		resume_fd = _memory_file(resume, err);
		if (resume_fd < 0)
			return -1;
	}
	run = calloc(1, sizeof(*run));
	if (!run)
		return err_nomem(err);
	run->chain = chain;
	run->program = strdup(program);
	if (!run->program) {
		_free(run);
		return err_nomem(err);
	}
	pid = fork();
	if (pid == 0)
		_exec(chain, program, nodes, features, resume_fd);
	if (pid > 0)
		run->child = loop_child_create(chain->loop, pid, _ended, run,
					       err);
	if (!run->child) {
		if (pid < 0)
			err_errno(err, ERR_FATAL, errno, "fork");
		_free(run);
		return -1;
	}
	LIST_INSERT_HEAD(&chain->runs, run, link);
	chain->count++;
	return 0;
}
