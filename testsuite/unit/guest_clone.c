/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a machine from its freeze on: a node, nothing when any step
 * lasts past its time, or a source still when the freeze is refused. What
 * would change the machine of the test is replaced.
 */
#include <fcntl.h>

#include "guest/clone.h"
#include "guest/commands.h"
#include "guest/entropy.h"
#include "guest/files.h"
#include "guest/machine.h"
#include "guest/mounts.h"
#include "guest/network.h"
#include "guest/preflight.h"
#include "guest/settings.h"
#include "guest_dir.h"

#define IN_TIME "15 Jan 2027 08:00:01\n"	/* 1800000001 */
#define LATE "15 Jan 2027 08:10:01\n"

#define IDENTITY(more)                                                      \
	"{\"v\":1,\"cluster\":\"hpc1\",\"node\":\"vm001\","                 \
	"\"epoch\":1800000000000001,\"template\":\"rocky9\","               \
	"\"addr\":\"10.20.0.1/16\",\"time\":1800000000000000," more         \
	"\"not_after\":1800000600000000,\"seed\":\""                         \
	"00112233445566778899aabbccddeeff"                                  \
	"00112233445566778899aabbccddeeff\"}\n"

/* --- the linker puts these in place of the real ones --------------------- */

int __wrap_entropy_reseed(const uint8_t *seed, size_t len, struct err *err);
int __wrap_machine_set_name(const char *name, struct err *err);
int __wrap_machine_set_clock(int64_t us, struct err *err);
void __wrap_machine_await_second(void);
int __wrap_network_start(const char *sysfs, const struct settings *settings,
			 struct nics *nics, const struct identity *id,
			 struct network *network, struct err *err);
int __wrap_preflight_must(const struct settings *settings, struct err *err);
int __wrap_nic_find(const char *sysfs, const char *wanted, struct nics *nics,
		    struct err *err);
int __wrap_nic_unbind(const char *sysfs, struct nics *nics, struct err *err);
int __wrap_nic_bind(const char *sysfs, struct nics *nics, struct err *err);
int __wrap_mounts_read(const char *path, struct mounts *mounts,
		       struct err *err);
void __wrap_sync(void);

static int64_t clock_is;
static bool bound = true, unmounts;

int __wrap_entropy_reseed(const uint8_t *seed, size_t len, struct err *err)
{
	(void) seed, (void) len, (void) err;
	return 0;
}

int __wrap_machine_set_name(const char *name, struct err *err)
{
	(void) name, (void) err;
	return 0;
}

int __wrap_machine_set_clock(int64_t us, struct err *err)
{
	(void) err;
	clock_is = us;
	return 0;
}

void __wrap_machine_await_second(void)
{
}

int __wrap_network_start(const char *sysfs, const struct settings *settings,
			 struct nics *nics, const struct identity *id,
			 struct network *network, struct err *err)
{
	(void) sysfs, (void) settings, (void) nics, (void) id, (void) err;
	(void) snprintf(network->interfaces[0], IF_NAMESIZE, "card0");
	return 0;
}

int __wrap_preflight_must(const struct settings *settings, struct err *err)
{
	(void) settings, (void) err;
	return 0;
}

int __wrap_nic_find(const char *sysfs, const char *wanted, struct nics *nics,
		    struct err *err)
{
	(void) sysfs, (void) wanted, (void) err;
	memset(nics, 0, sizeof(*nics));
	nics->count = 1;
	return 0;
}

int __wrap_nic_unbind(const char *sysfs, struct nics *nics, struct err *err)
{
	(void) sysfs, (void) err;
	nics->list[0].touched = true;
	bound = false;
	return 0;
}

int __wrap_nic_bind(const char *sysfs, struct nics *nics, struct err *err)
{
	(void) sysfs, (void) nics, (void) err;
	bound = true;
	return 0;
}

int __wrap_mounts_read(const char *path, struct mounts *mounts,
		       struct err *err)
{
	(void) path, (void) err;
	unmounts = true;
	memset(mounts, 0, sizeof(*mounts));
	return 0;
}

/* A child of the release calls it. */
void __wrap_sync(void)
{
	(void) files_replace(_at("synced"), "", NULL);
}

/* --- a machine ----------------------------------------------------------- */

/* The stand-ins write what they are asked into files beside them. */
static void _settings(struct settings *settings)
{
	struct buf text;
	struct err err = ERR_INIT;

	buf_init(&text, 16384);
	buf_printf(&text,
		   "RpcTool=%s\nToolboxCmd=%s\nPowerOff=%s\nSystemctl=%s\n"
		   "Slurmd=%s\nMunged=%s\n",
		   _at("rpctool"), _at("toolbox"), _at("poweroff"),
		   _at("systemctl"), _at("true"), _at("true"));
	buf_printf(&text,
		   "PreFreezeDir=%s\nPostCloneDir=%s\nMachineId=%s\n"
		   "SlurmdEnv=%s\nSystemd=yes RpcTime=60 HookTime=60 "
		   "ServiceTime=60\n",
		   _at("pre-freeze"), _at("post-clone"), _at("machine-id"),
		   _at("slurmd.env"));
	buf_printf(&text,
		   "PreReleaseDir=%s\nSharedFile=%s\nReleaseTime=3600\n",
		   _at("pre-release"), _at("shared"));
	_put("guest.conf", buf_str(&text), 0644);
	buf_free(&text);
	if (settings_read(_at("guest.conf"), settings, &err) < 0)
		bail_out("%s", err.text);
}

/* One in whose hook, or whose munged, the host's clock goes on. */
static void _machine(const char *hook, const char *munged)
{
	static const char *const old[] = { "off", "sets", "started" };
	char script[512];

	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		(void) unlink(_at(old[i]));
	clock_is = 0;
	_put("identity", IDENTITY(""), 0644);
	_put("hosttime", IN_TIME, 0644);
	_put("late", LATE, 0644);
	_put("true", "#!/bin/sh\n", 0755);
	_put("toolbox", "#!/bin/sh\ncat ${0%/*}/hosttime\n", 0755);
	_put("poweroff", "#!/bin/sh\n>${0%/*}/off\n", 0755);
	_put("rpctool",
	     "#!/bin/sh\n"
	     "case $1 in\n"
	     "info-get*) exec cat ${0%/*}/identity ;;\n"
	     "info-set*) echo \"$1\" >>${0%/*}/sets ;;\n"
	     "esac\n",
	     0755);
	(void) snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", hook);
	_mkdir("post-clone");
	_put("post-clone/10-hook", script, 0755);
	(void) snprintf(script, sizeof(script),
			"#!/bin/sh\necho $2 >>${0%%/*}/started\n"
			"[ $2 = slurmd.service ] || %s\n",
			munged);
	_put("systemctl", script, 0755);
}

static enum clone_result _thaw(void)
{
	cleanup_settings struct settings settings = { 0 };
	struct nics nics = { 0 };

	_settings(&settings);
	return clone_run(&settings, &nics, 0, false);
}

static bool _is_off(void)
{
	return access(_at("off"), F_OK) == 0;
}

/* --- tests --------------------------------------------------------------- */

static void _test_in_time(void)
{
	_machine("true", "true");
	is_int(_thaw(), CLONE_READY, "a clone in time becomes its node");
	ok(!_is_off(), "and stays on");
	is_str(_get("started"), "munge.service\nslurmd.service\n",
	       "munge and slurmd are started");
	is_int(clock_is, INT64_C(1800000001000000), "its clock is set");
	has_str(_get("sets"), "\"state\":\"ready\"", "it says so");
}

/* At a job's end. */
static void _release(const char *does, const char *what)
{
	cleanup_settings struct settings settings = { 0 };

	_settings(&settings);
	_mkdir("pre-release");
	_put("pre-release/10-hook", "#!/bin/sh\necho run >${0%/*}/../let-go\n",
	     0755);
	(void) unlink(_at("let-go"));
	(void) unlink(_at("synced"));
	unmounts = false;
	is_int(commands_release(&settings), 0, what);
	ok(access(_at("synced"), F_OK) == 0, "%s: and syncs", what);
	ok(unmounts == (*does != '\0'), "%s: mounts go with the hooks", what);
	is_str(_get("let-go"), does, what);
}

/* Marked or not, by the identity alone. */
static void _test_release(void)
{
	_machine("true", "true");
	_put("shared", "of another life", 0644);
	is_int(_thaw(), CLONE_READY, "a clone that is for one job");
	_release("run\n", "lets go of what is mounted at its end");
	_machine("[ -e ${0%/*}/../shared ]", "true");
	_put("identity", IDENTITY("\"shared\":true,"), 0644);
	is_int(_thaw(), CLONE_READY, "one that jobs share");
	_release("", "does not at the end of one");
}

static void _test_unmarked(void)
{
	_machine("true", "true");
	_put("identity", IDENTITY("\"shared\":true,"), 0644);
	(void) unlink(_at("shared"));
	if (mkdir(_at("shared"), 0755) < 0)
		bail_out("shared: %s", strerror(errno));
	is_int(_thaw(), CLONE_FAILED, "one that cannot be marked is none");
	is_str(_get("started"), "", "and starts nothing");
	(void) rmdir(_at("shared"));
}

static void _test_late(const char *hook, const char *munged,
		       const char *what)
{
	_machine(hook, munged);
	is_int(_thaw(), CLONE_OFF, what);
	ok(_is_off(), "%s: powered off", what);
	is_str(_get("started"), "munge.service\n", "slurmd is not started");
	is_str(_get("sets"),
	       "info-set guestinfo.sclone used 1800000000000001\n",
	       "and nothing is said");
}

static void _test_late_at_once(void)
{
	_machine("true", "true");
	_put("hosttime", LATE, 0644);
	is_int(_thaw(), CLONE_OFF, "a clone that wakes late");
	ok(_is_off() && clock_is == 0, "is powered off with its old clock");
	is_str(_get("sets"), "", "and its identity is not used");
}

/* Between the two the host's clock was set back. */
static void _test_early(void)
{
	_machine("echo '15 Jan 2027 07:59:00' >${0%/*}/../hosttime", "true");
	is_int(_thaw(), CLONE_FAILED, "a host's clock that is set back");
	ok(!_is_off(), "is no reason to power off");
	is_str(_get("started"), "munge.service\n",
	       "but to start no slurmd");
	has_str(_get("sets"), "\"code\":\"clock\"", "it says why");
}

static void _test_refused(void)
{
	cleanup_settings struct settings settings = { 0 };
	int log, old = dup(STDERR_FILENO);

	_machine("true", "true");
	_put("rpctool",
	     "#!/bin/sh\n"
	     "case $1 in\n"
	     "info-get*) echo 'No value found'; exit 1 ;;\n"
	     "instantclone*) echo 'not today'; exit 1 ;;\n"
	     "esac\n",
	     0755);
	_settings(&settings);
	log = open(_at("log"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	if (old < 0 || log < 0 || dup2(log, STDERR_FILENO) < 0)
		bail_out("no log");
	is_int(commands_freeze(&settings), 1, "a freeze that is refused");
	(void) dup2(old, STDERR_FILENO);
	(void) close(old);
	(void) close(log);
	ok(!_is_off() && bound, "leaves a source with its cards");
	has_str(_get("log"), "not frozen: instantclone.freeze: not today",
		"the log says why");
	has_str(_get("log"), "links are down and addresses gone: set them up",
		"and what has to be done");
}

int main(void)
{
	_begin();
	log_set_level(LOG_LEVEL_WARN);
	_test_in_time();
	_test_release();
	_test_unmarked();
	_test_late("cp ${0%/*}/../late ${0%/*}/../hosttime", "true",
		   "late after its hooks");
	_test_late("true", "cp ${0%/*}/late ${0%/*}/hosttime",
		   "late after munged");
	_test_late_at_once();
	_test_early();
	_test_refused();
	_end();
	return done_testing();
}
