/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctl - configuration and partitions through libslurm. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "compat.h"
#include "ctl.h"
#include "fault.h"

#define DAY_S 86400

/* 16-bit times use other marks for "infinite" and "not set". */
static uint32_t _seconds16(uint16_t value)
{
	if (value == INFINITE16)
		return CTL_FOREVER;
	return value == NO_VAL16 ? 0 : value;
}

static uint32_t _seconds(uint32_t value)
{
	if (value == INFINITE)
		return CTL_FOREVER;
	return value == NO_VAL ? 0 : value;
}

static void _view_programs(const slurm_conf_t *in, struct ctl_conf *conf)
{
	conf->resume_program = compat_text(in->resume_program);
	conf->suspend_program = compat_text(in->suspend_program);
	conf->resume_fail_program = compat_text(in->resume_fail_program);
	for (size_t i = 0; i < compat_prologs(in) && i < CTL_PROLOGS_MAX; i++)
		conf->prologs[conf->prologs_count++] = compat_prolog(in, i);
	conf->epilog = compat_text(compat_epilog(in));
}

static void _view(slurm_conf_t *in, struct ctl_conf *conf)
{
	conf->message = in;
	conf->version = compat_text(in->version);
	conf->cluster = compat_text(in->cluster_name);
	conf->path = compat_text(in->slurm_conf);
	conf->user = compat_text(in->slurm_user_name);
	_view_programs(in, conf);
	conf->resume_timeout = _seconds16(in->resume_timeout);
	conf->suspend_timeout = _seconds16(in->suspend_timeout);
	conf->suspend_time = _seconds(in->suspend_time);
	conf->resume_rate = in->resume_rate;
	conf->suspend_rate = in->suspend_rate;
	conf->suspend_exc_nodes = compat_text(in->suspend_exc_nodes);
	conf->suspend_exc_parts = compat_text(in->suspend_exc_parts);
	conf->prolog_epilog_timeout =
		compat_prolog_timeout(in) == NO_VAL16
			? CTL_FOREVER
			: _seconds16(compat_prolog_timeout(in));
	conf->return_to_service = in->ret2service;
	conf->clouds_shown = compat_clouds_shown(in);
	conf->preempt_suspends = in->preempt_mode & PREEMPT_MODE_SUSPEND;
	conf->preempt_gang = in->preempt_mode & PREEMPT_MODE_GANG;
	conf->preempt_type = compat_text(in->preempt_type);
	conf->slurmctld_parameters = compat_text(in->slurmctld_params);
	conf->slurmd_parameters = compat_text(in->slurmd_params);
	conf->scheduler_parameters = compat_text(in->sched_params);
	conf->auth_info = compat_text(in->authinfo);
	conf->job_submit_plugins = compat_text(in->job_submit_plugins);
	conf->plugin_dir = compat_text(in->plugindir);
	conf->boot_s = (int64_t) in->boot_time;
}

int ctl_conf_load(struct ctl_conf *conf, struct err *err)
{
	slurm_conf_t *message = NULL;
	int rc = FAULT_OF(slurm_load_ctl_conf(0, &message));

	if (rc)
		return fault_set(err, rc, false, "load the configuration");
	memset(conf, 0, sizeof(*conf));
	_view(message, conf);
	return 0;
}

void ctl_conf_clear(struct ctl_conf *conf)
{
	if (conf->message)
		compat_free_conf(conf->message);
	memset(conf, 0, sizeof(*conf));
}

static void _view_partition(const partition_info_t *in,
			    struct ctl_partition *partition)
{
	partition->name = in->name;
	partition->nodes = compat_text(in->nodes);
	partition->exclusive = (in->max_share & ~SHARED_FORCE) == 0;
	partition->exclusive_user =
		(in->flags & PART_FLAG_EXCLUSIVE_USER) != 0;
	partition->power_down_on_idle = compat_power_down_on_idle(in);
	partition->preempt_said = in->preempt_mode != NO_VAL16;
	partition->preempt_suspends = partition->preempt_said &&
		(in->preempt_mode & PREEMPT_MODE_SUSPEND);
	partition->resume_timeout = _seconds16(in->resume_timeout);
	partition->suspend_timeout = _seconds16(in->suspend_timeout);
	/* 0 is "at once" there, and stands for "not set" here. */
	partition->suspend_time = in->suspend_time
		? _seconds(in->suspend_time) : 1;
}

int ctl_partitions(int (*each)(const struct ctl_partition *partition,
			       void *arg),
		   void *arg, struct err *err)
{
	partition_info_msg_t *message = NULL;
	int rc = FAULT_OF(slurm_load_partitions(0, &message, SHOW_ALL));

	if (rc)
		return fault_set(err, rc, false, "load the partitions");
	for (uint32_t i = 0; i < message->record_count && !rc; i++) {
		struct ctl_partition partition;

		_view_partition(&message->partition_array[i], &partition);
		rc = each(&partition, arg);
	}
	slurm_free_partition_info_msg(message);
	return rc ? err_nomem(err) : 0;
}

int ctl_ping(struct err *err)
{
	slurm_conf_t *message = NULL;
	/* "Anything newer than tomorrow?": the smallest question that the
	 * controller in charge answers, primary or backup. */
	time_t tomorrow = clock_wall_us() / CLOCK_US_PER_S + DAY_S;
	int rc = FAULT_OF(slurm_load_ctl_conf(tomorrow, &message));

	if (!rc) {
		compat_free_conf(message);
		return 0;
	}
	if (rc == SLURM_NO_CHANGE_IN_DATA)
		return 0;
	return fault_set(err, rc, false, "ping slurmctld");
}

const char *ctl_built_for(void)
{
	static char text[16];

	snprintf(text, sizeof(text), "%02d.%02d",
		 (int) SLURM_VERSION_MAJOR(SLURM_VERSION_NUMBER),
		 (int) SLURM_VERSION_MINOR(SLURM_VERSION_NUMBER));
	return text;
}
