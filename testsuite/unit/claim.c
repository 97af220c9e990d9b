/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims: who has had a node, whole or not at all, until its VM goes. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/ipc/claim.h"
#include "tap.h"

#define LATER INT64_MAX

static char dir[PATH_MAX];
static const struct claim first = { 7, 0 }, again = { 7, 1 },
			  other = { 4294967295u, 4294967295u };

static bool _has(const char *node, const struct claim *claim)
{
	struct claim found = { 0, 0 };

	return claim_read(dir, node, &found, NULL, NULL) == 1 &&
	       found.job == claim->job && found.run == claim->run;
}

static int _make(const struct claim *claim, bool for_sure, struct err *err)
{
	return claim_make(dir, "vm1", claim, for_sure, err);
}

static void _leave_behind(const char *name, const char *text)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/claims/%s", dir, name);
	if (symlink(text, path) < 0)
		bail_out("%s", path);
}

/* As if it had been made at that time. */
static void _date(const char *node, int64_t us)
{
	struct timespec times[2] = { { .tv_sec = us / CLOCK_US_PER_S } };
	char path[PATH_MAX + 32];

	times[1] = times[0];
	snprintf(path, sizeof(path), "%s/claims/%s", dir, node);
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
		bail_out("%s", path);
}

static void _test_claims(void)
{
	struct err err = ERR_INIT;
	struct claim found;
	int64_t since = 0, now = clock_wall_us();

	is_int(claim_read(dir, "vm1", &found, NULL, &err), 0, "no claim");
	is_int(claim_drop(dir, "vm1", LATER, &err), 0,
	       "nor one to be dropped");
	is_int(_make(&first, false, &err), 0, "the first one has it");
	ok(_has("vm1", &first), "and shows");
	ok(claim_read(dir, "vm1", &found, &since, NULL) == 1 &&
	   since > now - 10 * CLOCK_US_PER_S &&
	   since < now + 600 * CLOCK_US_PER_S, "with its time");
	is_int(_make(&first, false, &err), 0, "asked again, it has it");
	is_int(_make(&other, false, &err), -1, "another job does not get it");
	is_int(err.code, ERR_EXISTS, "EXISTS");
	is_str(err.text, "the VM of vm1 has served job 7", "with whose it is");
	is_int(_make(&again, false, NULL), -1, "nor the same one once more");
	ok(_has("vm1", &first), "it is as it was");
	_leave_behind(".vm1", "1.0");
	is_int(_make(&other, true, &err), 0, "but if scloned says so");
	ok(_has("vm1", &other), "then it is that one's");
	is_int(claim_read(dir, "vm2", &found, NULL, &err), 0,
	       "another node has none");
	is_int(claim_drop(dir, "vm1", now - CLOCK_US_PER_S, &err), 0,
	       "an earlier VM goes late");
	ok(_has("vm1", &other), "the claim is on another one");
	is_int(claim_drop(dir, "vm1", LATER, &err), 0, "its VM goes");
	is_int(_make(&other, false, &err), 0, "claimed by a fast clock");
	_date("vm1", now + 3600 * CLOCK_US_PER_S);
	is_int(claim_drop(dir, "vm1", now, &err), 0, "which is set back");
	is_int(claim_read(dir, "vm1", &found, NULL, &err), 0,
	       "its VM goes, and so does the claim");
	is_int(_make(&again, false, &err), 0, "then the next one has it");
}

static void _test_odd(void)
{
	struct err err = ERR_INIT;
	struct claim found;

	_leave_behind("vm3", "nonsense");
	is_int(claim_read(dir, "vm3", &found, NULL, &err), -1,
	       "what is no claim");
	is_int(err.code, ERR_PROTOCOL, "PROTOCOL");
	is_int(claim_make(dir, "vm3", &first, true, &err), 0,
	       "gives way to one");
	is_int(claim_make(dir, "../vm3", &first, true, &err), -1,
	       "a name that leads elsewhere");
	is_int(claim_make("/nonexistent", "vm1", &first, false, &err), -1,
	       "no spool");
	is_int(err.code, ERR_NOTFOUND, "NOTFOUND");
}

static void _remove_dir(void)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/claims", dir);
	is_int(rmdir(path), 0, "nothing is left behind, nor of a crash");
	(void) rmdir(dir);
}

int main(void)
{
	snprintf(dir, sizeof(dir), "%s/claim-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		bail_out("%s", dir);
	_test_claims();
	_test_odd();
	(void) claim_drop(dir, "vm1", LATER, NULL);
	(void) claim_drop(dir, "vm3", LATER, NULL);
	_remove_dir();
	return done_testing();
}
