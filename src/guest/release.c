/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release - at the job's end (Slurm's Epilog): what the job wrote reaches
 * its servers before the machine is destroyed. Every step is bounded, since
 * a server that is gone must not hold the node for ever; the steps go on
 * after one failed. In a clone that jobs share nothing is done: the others
 * need the mounts, and the machine stays.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "command.h"
#include "commands.h"
#include "hooks.h"
#include "mounts.h"

/* The release under way. */
struct release {
	int64_t deadline;	/* clock_mono_us() */
	bool failed;
};

static void _failed(struct release *release, const struct err *err)
{
	log_error("release: %s", err->text);
	release->failed = true;
}

/* One step that may hang. */
static void _step(struct release *release, const char *what, int64_t deadline,
		  int (*fn)(void *arg), void *arg)
{
	struct err err = ERR_INIT;
	int status = 0;

	if (command_call(fn, arg, deadline, &status, &err) < 0)
		err_wrap(&err, "%s", what);
	else if (status != 0)
		err_errno(&err, ERR_FATAL, status, "%s", what);
	else
		return;
	_failed(release, &err);
}

static int _sync(void *arg)
{
	(void) arg;
	sync();
	return 0;
}

/* A plain umount writes back what the file system holds. */
static int _umount(void *path)
{
	return umount2(path, UMOUNT_NOFOLLOW) < 0 ? errno : 0;
}

static void _unmount(struct release *release, char *path)
{
	char what[PATH_MAX + 16];

	(void) snprintf(what, sizeof(what), "unmount %s", path);
	_step(release, what, release->deadline, _umount, path);
}

static void _unmount_all(struct release *release)
{
	struct err err = ERR_INIT;
	cleanup_mounts struct mounts mounts;

	if (mounts_read("/proc/self/mountinfo", &mounts, &err) < 0) {
		_failed(release, &err);
		return;
	}
	for (size_t i = mounts.count; i > 0; i--)
		_unmount(release, mounts.paths[i - 1]);
}

/* What hangs first must not take the time of what follows it: the hooks get
 * half of it, sync half of what is left then, the mounts the rest. */
static int _release(const struct settings *settings)
{
	int64_t now = clock_mono_us();
	int64_t time = (int64_t) settings->release_time * CLOCK_US_PER_S;
	struct release release = { .deadline = now + time };
	struct hooks hooks = { .dir = settings->pre_release,
			       .limit_s = settings->hook_time,
			       .deadline = now + time / 2 };
	struct err err = ERR_INIT;

	if (hooks_run(&hooks, &err) < 0)
		_failed(&release, &err);
	now = clock_mono_us();
	_step(&release, "sync", now + (release.deadline - now) / 2, _sync,
	      NULL);
	_unmount_all(&release);
	return release.failed ? 1 : 0;
}

/* Other jobs need what is mounted, but nobody knows how soon Slurm suspends
 * the node. What does not get out now stays in memory, and a failure would
 * have the node drained: it is no reason to send the machine away sooner. */
static void _release_shared(const struct settings *settings)
{
	struct release release = {
		.deadline = clock_mono_us() +
			    (int64_t) settings->release_time * CLOCK_US_PER_S,
	};

	_step(&release, "sync", release.deadline, _sync, NULL);
	log_info("release: %s: this clone is for several jobs, which need "
		 "what is mounted; %s", settings->shared_file,
		 release.failed ? "not everything is written" :
				  "what was written is");
}

int commands_release(const struct settings *settings)
{
	if (access(settings->shared_file, F_OK) < 0)
		return _release(settings);
	_release_shared(settings);
	return 0;
}
