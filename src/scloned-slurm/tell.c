/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tell - members in the order of the protocol's table; no decisions. */

#include "tell.h"

/* Nothing when NULL. */
static int _str(struct json *json, const char *key, const char *text)
{
	return text ? json_put_str(json, key, text) : 0;
}

struct json *tell_node(const struct node *node)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || _str(json, "name", node->name) ||
	    _str(json, "state", node->state) ||
	    _str(json, "reason", node->reason) ||
	    _str(json, "features", node->features) ||
	    _str(json, "addr", node->addr) ||
	    _str(json, "version", node->version) ||
	    json_put_int(json, "boot", node->boot_s) ||
	    json_put_int(json, "cpus", node->cpus) ||
	    json_put_int(json, "memory", (int64_t) node->memory_mib))
		return NULL;
	return steal_ptr(&json);
}

struct json *tell_job(const struct job *job)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || json_put_int(json, "id", job->id) ||
	    json_put_int(json, "uid", job->uid) ||
	    _str(json, "user", job->user) ||
	    _str(json, "state", job->state) ||
	    _str(json, "partition", job->partition) ||
	    _str(json, "features", job->features) ||
	    _str(json, "comment", job->comment) ||
	    _str(json, "admin_comment", job->admin_comment) ||
	    _str(json, "extra", job->extra) ||
	    _str(json, "nodes", job->nodes) ||
	    json_put_bool(json, "batch", job->batch) ||
	    json_put_bool(json, "requeue", job->requeue) ||
	    json_put_int(json, "restarts", job->restarts))
		return NULL;
	return steal_ptr(&json);
}

struct json *tell_partition(const struct ctl_partition *partition)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || _str(json, "name", partition->name) ||
	    _str(json, "nodes", partition->nodes) ||
	    json_put_bool(json, "exclusive", partition->exclusive) ||
	    json_put_bool(json, "exclusive_user",
			  partition->exclusive_user) ||
	    json_put_bool(json, "power_down_on_idle",
			  partition->power_down_on_idle) ||
	    (partition->preempt_said &&
	     json_put_bool(json, "preempt_suspends",
			   partition->preempt_suspends)) ||
	    json_put_int(json, "resume_timeout", partition->resume_timeout) ||
	    json_put_int(json, "suspend_timeout",
			 partition->suspend_timeout) ||
	    json_put_int(json, "suspend_time", partition->suspend_time))
		return NULL;
	return steal_ptr(&json);
}

static int _put_prologs(struct json *json, const struct ctl_conf *conf)
{
	cleanup_json struct json *list = json_new_array();

	if (!list)
		return -1;
	for (size_t i = 0; i < conf->prologs_count; i++) {
		if (json_append_str(list, conf->prologs[i]))
			return -1;
	}
	return json_put(json, "prologs", steal_ptr(&list));
}

static int _put_programs(struct json *json, const struct ctl_conf *conf)
{
	if (_str(json, "resume_program", conf->resume_program) ||
	    _str(json, "suspend_program", conf->suspend_program) ||
	    _str(json, "resume_fail_program", conf->resume_fail_program) ||
	    _str(json, "epilog", conf->epilog))
		return -1;
	return _put_prologs(json, conf);
}

static int _put_numbers(struct json *json, const struct ctl_conf *conf)
{
	if (json_put_int(json, "resume_timeout", conf->resume_timeout) ||
	    json_put_int(json, "suspend_timeout", conf->suspend_timeout) ||
	    json_put_int(json, "suspend_time", conf->suspend_time) ||
	    json_put_int(json, "resume_rate", conf->resume_rate) ||
	    json_put_int(json, "suspend_rate", conf->suspend_rate) ||
	    json_put_int(json, "prolog_epilog_timeout",
			 conf->prolog_epilog_timeout) ||
	    json_put_int(json, "return_to_service",
			 conf->return_to_service) ||
	    json_put_int(json, "boot", conf->boot_s))
		return -1;
	return json_put_bool(json, "clouds_shown", conf->clouds_shown) |
	       json_put_bool(json, "preempt_suspends",
			     conf->preempt_suspends) |
	       json_put_bool(json, "preempt_gang", conf->preempt_gang);
}

struct json *tell_conf(const struct ctl_conf *conf)
{
	cleanup_json struct json *json = json_new_object();

	if (!json || _str(json, "built_for", ctl_built_for()) ||
	    _str(json, "version", conf->version) ||
	    _str(json, "cluster", conf->cluster) ||
	    _str(json, "path", conf->path) ||
	    _str(json, "user", conf->user) || _put_programs(json, conf) ||
	    _put_numbers(json, conf) ||
	    _str(json, "slurmctld_parameters", conf->slurmctld_parameters) ||
	    _str(json, "slurmd_parameters", conf->slurmd_parameters) ||
	    _str(json, "scheduler_parameters", conf->scheduler_parameters) ||
	    _str(json, "suspend_exc_nodes", conf->suspend_exc_nodes) ||
	    _str(json, "suspend_exc_parts", conf->suspend_exc_parts) ||
	    _str(json, "auth_info", conf->auth_info) ||
	    _str(json, "job_submit_plugins", conf->job_submit_plugins) ||
	    _str(json, "plugin_dir", conf->plugin_dir) ||
	    _str(json, "preempt_type", conf->preempt_type))
		return NULL;
	return steal_ptr(&json);
}
