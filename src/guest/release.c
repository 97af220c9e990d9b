/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release - at the job's end (Slurm's Epilog): what the job wrote reaches
 * its servers before the machine is destroyed. Every step is bounded, since
 * a server that is gone must not hold the node for ever; the steps go on
 * after one failed.
 */
#include <errno.h>
#include <stdbool.h>
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

/* Seconds left; at least 1, so that each step is tried. */
static uint64_t _left(const struct release *release)
{
	int64_t left =
		(release->deadline - clock_mono_us()) / CLOCK_US_PER_S;

	return left < 1 ? 1 : (uint64_t) left;
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
	struct err err = ERR_INIT;
	int status = 0;

	if (command_call(_umount, path, _left(release), &status, &err) < 0) {
		err_wrap(&err, "unmount %s", path);
		_failed(release, &err);
	} else if (status != 0) {
		err_errno(&err, ERR_FATAL, status, "unmount %s", path);
		_failed(release, &err);
	}
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

int commands_release(const struct settings *settings)
{
	struct release release = {
		.deadline = clock_mono_us() +
			    (int64_t) settings->release_time * CLOCK_US_PER_S,
	};
	struct hooks hooks = { .dir = settings->pre_release,
			       .limit_s = settings->hook_time,
			       .deadline = release.deadline };
	struct err err = ERR_INIT;
	int status;

	if (hooks_run(&hooks, &err) < 0)
		_failed(&release, &err);
	if (command_call(_sync, NULL, _left(&release), &status, &err) < 0) {
		err_wrap(&err, "sync");
		_failed(&release, &err);
	}
	_unmount_all(&release);
	return release.failed ? 1 : 0;
}
