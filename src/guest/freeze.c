/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * freeze - the boot service: decides what this machine is, prepares the
 * source, freezes it, and goes on as the clone that wakes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "boot.h"
#include "clone.h"
#include "command.h"
#include "commands.h"
#include "hooks.h"
#include "machine.h"
#include "nic.h"
#include "preflight.h"
#include "report.h"
#include "tools.h"

/* true: this is the source. false: power off, said why. */
static bool _is_source(const struct settings *settings)
{
	cleanup_buf struct buf value;
	enum boot_verdict verdict;
	struct err why = ERR_INIT;

	buf_init(&value, TOOLS_VALUE_MAX + 2);
	for (unsigned n = 1;; n++) {
		buf_reset(&value);
		verdict = boot_decide(
			tools_get(settings, TOOLS_KEY, &value, &why));
		if (verdict != BOOT_AGAIN || n == TOOLS_TRIES)
			break;
		log_warn("role: %s", why.text);
		tools_pause(n);
	}
	if (verdict == BOOT_FREEZE)
		return true;
	machine_power_off(settings,
			  verdict == BOOT_AGAIN
				  ? "the host does not say what this is"
				  : "a clone must not boot again");
	return false;
}

/* Ask slurmd what this machine is, and tell the controller. */
static int _record(const struct settings *settings, struct err *err)
{
	const char *argv[] = { settings->slurmd, "-C", NULL };
	cleanup_buf struct buf line, text;
	struct command command = { .argv = argv,
				   .limit_s = settings->service_time,
				   .output = &line };

	buf_init(&line, 4096);
	buf_init(&text, TOOLS_VALUE_MAX);
	if (command_must(&command, err) < 0 ||
	    report_print_template(PACKAGE_VERSION, buf_str(&line),
				  machine_boot_time(), &text, err) < 0)
		return -1;
	return tools_set(settings, TOOLS_KEY_TEMPLATE, buf_str(&text), err);
}

/* Bring what every clone runs at once into the page cache it shares. */
static void _warm(const struct settings *settings)
{
	const char *argv[] = { settings->munged, "--version", NULL };
	struct command command = { .argv = argv,
				   .limit_s = settings->service_time };
	int64_t us, resolution;
	int status;

	(void) command_run(&command, &status, NULL);
	(void) tools_host_time(settings, &us, &resolution, NULL);
}

/* What was set on the cards went with their links and drivers. */
static void _give_back(struct nics *nics)
{
	struct err err = ERR_INIT;
	bool touched = false;

	for (size_t i = 0; i < nics->count; i++)
		touched |= nics->list[i].touched;
	if (nic_bind("/sys", nics, &err) < 0)
		log_error("network cards not given back: %s", err.text);
	else if (touched)
		log_warn("the network cards have their drivers again, but "
			 "links are down and addresses gone: set them up on "
			 "the console, or reboot, which tries again");
}

static int _prepare(const struct settings *settings, struct nics *nics,
		    struct err *err)
{
	struct hooks hooks = { .dir = settings->pre_freeze,
			       .limit_s = settings->hook_time };

	if (hooks_run(&hooks, err) < 0 ||
	    preflight_must(settings, err) < 0 ||
	    nic_find("/sys", settings->nic, nics, err) < 0 ||
	    _record(settings, err) < 0)
		return -1;
	_warm(settings);
	if (nic_unbind("/sys", nics, err) < 0) {
		_give_back(nics);
		return -1;
	}
	sync();
	return 0;
}

static int _freeze(const struct settings *settings, struct nics *nics)
{
	struct err err = ERR_INIT;
	int64_t thaw;
	bool refused;

	machine_await_second();
	refused = tools_freeze(settings, &err) < 0;
	thaw = clock_mono_us();

	switch (clone_run(settings, nics, thaw, refused)) {
	case CLONE_READY:
		return 0;
	case CLONE_SOURCE:
		log_error("not frozen: %s", err.text);
		_give_back(nics);
		return 1;
	case CLONE_FAILED:
	case CLONE_OFF:
		break;
	}
	return 1;
}

int commands_freeze(const struct settings *settings)
{
	struct nics nics;
	struct err err = ERR_INIT;

	if (!_is_source(settings))
		return 1;
	if (_prepare(settings, &nics, &err) < 0) {
		log_error("not frozen: %s", err.text);
		return 1;
	}
	log_info("freezing");
	return _freeze(settings, &nics);
}
