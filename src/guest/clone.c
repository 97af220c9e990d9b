/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone - see clone.h. */
#include <errno.h>
#include <inttypes.h>
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
#include "entropy.h"
#include "fence.h"
#include "files.h"
#include "hooks.h"
#include "identity.h"
#include "machine.h"
#include "network.h"
#include "report.h"
#include "services.h"
#include "tools.h"

struct clone {
	const struct settings *settings;
	struct nics *nics;
	int64_t thaw;	/* clock_mono_us() */
	struct identity id;
	struct network network;
	struct report_times ms;
};

static int64_t _ms(const struct clone *clone)
{
	return (clock_mono_us() - clone->thaw) / CLOCK_US_PER_MS;
}

static enum clone_result _off(const struct clone *clone, const char *why)
{
	machine_power_off(clone->settings, why);
	return CLONE_OFF;
}

/* Say what failed, once, to the log and to the controller. */
static enum clone_result _fail(const struct clone *clone, const char *code,
			       const struct err *why)
{
	struct report_state state = { .epoch = clone->id.epoch,
				      .code = code,
				      .text = why->text,
				      .ms = clone->ms };
	cleanup_buf struct buf text;
	struct err err = ERR_INIT;

	log_error("(%s) %s", code, why->text);
	buf_init(&text, 2048);
	if (report_print_state(&state, &text, &err) < 0 ||
	    tools_set(clone->settings, TOOLS_KEY_STATE, buf_str(&text),
		      &err) < 0)
		log_error("not reported: %s", err.text);
	return CLONE_FAILED;
}

static void _report_ready(const struct clone *clone)
{
	struct report_state state = { .epoch = clone->id.epoch,
				      .ms = clone->ms };
	cleanup_buf struct buf text;
	struct err err = ERR_INIT;

	buf_init(&text, 2048);
	if (report_print_state(&state, &text, &err) < 0 ||
	    tools_set(clone->settings, TOOLS_KEY_STATE, buf_str(&text),
		      &err) < 0)
		log_warn("not reported: %s", err.text);
}

/* Read the key until there is an answer, a bounded number of times. */
static enum boot_verdict _read_key(const struct clone *clone,
				   struct buf *value,
				   enum tools_answer *answer)
{
	enum boot_verdict verdict;

	for (unsigned n = 1;; n++) {
		struct err why = ERR_INIT;

		buf_reset(value);
		*answer = tools_get(clone->settings, TOOLS_KEY, value, &why);
		verdict = boot_thawed(*answer, buf_str(value));
		if (verdict != BOOT_AGAIN || n == TOOLS_TRIES)
			return verdict;
		log_warn("identity: %s", why.text);
		tools_pause(n);
	}
}

static int _host_time(const struct clone *clone, struct fence_times *times,
		      struct err *err)
{
	struct err why = ERR_INIT;

	if (tools_host_time(clone->settings, &times->host,
			    &times->resolution, &why) == 0)
		return 0;
	log_warn("no host time, taking the hardware clock: %s", why.text);
	times->resolution = CLOCK_US_PER_S;
	return machine_hardware_clock(&times->host, err);
}

/*
 * The fence. true: go on; *times has the host's time and *now ours. false:
 * *result is what has become of this machine.
 */
static bool _pass_fence(const struct clone *clone, struct fence_times *times,
			int64_t *now, enum clone_result *result)
{
	struct err err = ERR_INIT;

	times->time = clone->id.time;
	times->not_after = clone->id.not_after;
	if (_host_time(clone, times, &err) < 0) {
		*result = _fail(clone, "clock", &err);
		return false;
	}
	switch (fence_decide(times, now)) {
	case FENCE_PASS:
		return true;
	case FENCE_LATE:
		*result = _off(clone, "the identity's not_after has passed");
		return false;
	case FENCE_EARLY:
		break;
	}
	err_set(&err, ERR_REFUSED, "host's clock is behind the controller's: "
		"check NTP on the host");
	*result = _fail(clone, "clock", &err);
	return false;
}

/* asked is when the host was, by clock_mono_us(). */
static int _set_clock(struct clone *clone, const struct fence_times *times,
		      int64_t asked, int64_t now, struct err *err)
{
	int64_t middle = times->host + times->resolution / 2;

	clone->ms.thaw = (middle - clone->id.time - (asked - clone->thaw)) /
			 CLOCK_US_PER_MS;
	if (clone->ms.thaw < 0)
		clone->ms.thaw = 0;
	return machine_set_clock(now, err);
}

static int _mark_used(const struct clone *clone, struct err *err)
{
	char used[48];

	(void) snprintf(used, sizeof(used), "used %" PRId64,
			clone->id.epoch);
	return tools_set(clone->settings, TOOLS_KEY, used, err);
}

/* For release at the jobs' ends, which knows nothing else of the identity. */
static int _mark_shared(const struct clone *clone, struct err *err)
{
	const char *path = clone->settings->shared_file;

	if (clone->id.shared)
		return files_replace(path, "This clone is for several "
				     "jobs.\n", err);
	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, ERR_FATAL, errno, "%s", path);
	return 0;
}

/* Whatever must differ between the clones of one freeze. */
static int _differ(struct clone *clone, struct err *err)
{
	int rc = entropy_reseed(clone->id.seed, sizeof(clone->id.seed), err);

	explicit_bzero(clone->id.seed, sizeof(clone->id.seed));
	if (rc < 0 || machine_set_name(clone->id.node, err) < 0 ||
	    machine_set_id(clone->settings->machine_id, err) < 0 ||
	    _mark_shared(clone, err) < 0)
		return -1;
	clone->ms.identity = _ms(clone);
	return 0;
}

/* "node=ens192 storage=ens224" */
static void _name_interfaces(const struct clone *clone, struct buf *out)
{
	buf_init(out, 1024);
	buf_puts(out, "SCLONE_INTERFACES=");
	for (unsigned i = 0; i < clone->id.nic_count; i++)
		buf_printf(out, "%s%s=%s", i ? " " : "",
			   clone->id.nics[i].name,
			   clone->network.interfaces[i]);
}

static int _hooks(const struct clone *clone, struct err *err)
{
	char node[96], cluster[96], template[96], epoch[48], nic[48];
	cleanup_buf struct buf nics;
	const char *env[] = { node, cluster, template, epoch, nic, NULL,
			      NULL };
	struct hooks hooks = { .dir = clone->settings->post_clone,
			       .env = env,
			       .limit_s = clone->settings->hook_time };

	(void) snprintf(node, sizeof(node), "SCLONE_NODE=%s", clone->id.node);
	(void) snprintf(cluster, sizeof(cluster), "SCLONE_CLUSTER=%s",
			clone->id.cluster);
	(void) snprintf(template, sizeof(template), "SCLONE_TEMPLATE=%s",
			clone->id.template);
	(void) snprintf(epoch, sizeof(epoch), "SCLONE_EPOCH=%" PRId64,
			clone->id.epoch);
	(void) snprintf(nic, sizeof(nic), "SCLONE_INTERFACE=%s",
			clone->network.interfaces[0]);
	_name_interfaces(clone, &nics);
	if (buf_ok(&nics, "SCLONE_INTERFACES", err) < 0)
		return -1;
	env[5] = buf_str(&nics);
	return hooks_run(&hooks, err);
}

/*
 * Links, DHCP, hooks and munged have limits of their own, which may add up
 * to more than is left: so the fence stands before slurmd as well. The host
 * is asked, since a machine that was suspended does not know it; not before
 * munged as well, since each question costs every clone some 25 ms.
 */
static enum clone_result _serve(struct clone *clone)
{
	const struct settings *settings = clone->settings;
	struct fence_times times;
	enum clone_result result;
	struct err err = ERR_INIT;
	int64_t now, when = 0;

	if (services_start_munge(settings, &err) < 0)
		return _fail(clone, "munge", &err);
	if (!_pass_fence(clone, &times, &now, &result))
		return result;
	if (services_start_slurmd(settings, &clone->id, &when, &err) < 0)
		return _fail(clone, "slurmd", &err);
	clone->ms.slurmd = (when - clone->thaw) / CLOCK_US_PER_MS;
	_report_ready(clone);
	log_info("node %s epoch %" PRId64 ": slurmd executed %" PRId64
		 " ms after the thaw",
		 clone->id.node, clone->id.epoch, clone->ms.slurmd);
	return CLONE_READY;
}

static enum clone_result _start(struct clone *clone)
{
	struct err err = ERR_INIT;

	if (_differ(clone, &err) < 0)
		return _fail(clone, "machine", &err);
	if (network_start("/sys", clone->settings, clone->nics, &clone->id,
			  &clone->network, &err) < 0)
		return _fail(clone, "network", &err);
	if (_hooks(clone, &err) < 0)
		return _fail(clone, "hook", &err);
	clone->ms.network = _ms(clone);
	return _serve(clone);
}

/* From the identity's text to a running node. */
static enum clone_result _become(struct clone *clone, struct buf *text)
{
	enum clone_result result;
	struct fence_times times;
	struct err err = ERR_INIT;
	int rc = identity_parse(buf_str(text), text->len, &clone->id, &err);
	int64_t asked, now;

	buf_wipe(text);		/* it has the seed */
	if (rc < 0) {
		err_wrap(&err, "identity refused");
		return _fail(clone, "identity", &err);
	}
	asked = clock_mono_us();
	if (!_pass_fence(clone, &times, &now, &result))
		return result;
	if (_set_clock(clone, &times, asked, now, &err) < 0)
		return _fail(clone, "clock", &err);
	if (_mark_used(clone, &err) < 0)
		return _off(clone, err.text);
	return _start(clone);
}

enum clone_result clone_run(const struct settings *settings,
			    struct nics *nics, int64_t thaw, bool refused)
{
	struct clone clone = { .settings = settings,
			       .nics = nics,
			       .thaw = thaw,
			       .ms = { -1, -1, -1, -1 } };
	enum tools_answer answer;
	cleanup_buf struct buf text;

	buf_init(&text, TOOLS_VALUE_MAX + 2);
	buf_reserve(&text, TOOLS_VALUE_MAX + 2);
	if (_read_key(&clone, &text, &answer) == BOOT_IDENTITY)
		return _become(&clone, &text);
	if (refused && answer == TOOLS_ABSENT)
		return CLONE_SOURCE;
	return _off(&clone, "thawed without an identity of its own");
}
