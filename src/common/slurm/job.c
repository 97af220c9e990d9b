/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job - loads and small updates of one job through libslurm. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hostlist.h"
#include "compat.h"
#include "fault.h"
#include "job.h"

#define OURS "sclone:"	/* how a line of ours in a comment begins */

static const char *_state_name(uint32_t state)
{
	static const char *const names[] = {
		[JOB_PENDING] = "PENDING",
		[JOB_RUNNING] = "RUNNING",
		[JOB_SUSPENDED] = "SUSPENDED",
		[JOB_COMPLETE] = "COMPLETED",
		[JOB_CANCELLED] = "CANCELLED",
		[JOB_FAILED] = "FAILED",
		[JOB_TIMEOUT] = "TIMEOUT",
		[JOB_NODE_FAIL] = "NODE_FAIL",
		[JOB_PREEMPTED] = "PREEMPTED",
		[JOB_BOOT_FAIL] = "BOOT_FAIL",
		[JOB_DEADLINE] = "DEADLINE",
		[JOB_OOM] = "OUT_OF_MEMORY",
	};
	uint32_t base = state & JOB_STATE_BASE;

	if (state & JOB_COMPLETING)
		return "COMPLETING";
	if (state & JOB_CONFIGURING)
		return "CONFIGURING";
	return base < sizeof(names) / sizeof(names[0]) ? names[base]
							: "UNKNOWN";
}

static bool _holds_nodes(uint32_t state)
{
	uint32_t base = state & JOB_STATE_BASE;

	return base == JOB_RUNNING || base == JOB_SUSPENDED ||
	       state & JOB_COMPLETING;
}

static void _view(job_info_msg_t *message, const slurm_job_info_t *info,
		  struct job *job)
{
	job->id = compat_job_id(info);
	job->whole = info->het_job_id ? info->het_job_id : job->id;
	job->is_array = info->array_task_id != NO_VAL &&
			info->array_job_id == job->id;
	if (info->array_task_id == NO_VAL)
		snprintf(job->name, sizeof(job->name), "%u", job->whole);
	else
		snprintf(job->name, sizeof(job->name), "%u_%u",
			 info->array_job_id, info->array_task_id);
	job->uid = info->user_id;
	job->user = compat_text(info->user_name);
	job->state = _state_name(info->job_state);
	job->partition = compat_text(info->partition);
	job->features = compat_text(info->features);
	job->comment = compat_text(info->comment);
	job->admin_comment = compat_text(info->admin_comment);
	job->extra = compat_text(compat_job_extra(info));
	job->nodes = compat_text(info->nodes);
	job->holds = _holds_nodes(info->job_state);
	job->batch = info->batch_flag != 0;
	job->requeue = info->requeue != 0;
	job->restarts = info->restart_cnt;
	job->message = message;
}

int job_load(uint32_t id, struct job *job, struct err *err)
{
	job_info_msg_t *message = NULL;
	int rc = FAULT_OF(slurm_load_job(&message, compat_job(id), SHOW_ALL));

	if (rc)
		return fault_set(err, rc, false, "load the job");
	/* One task of an array has the array's number: all are told of. */
	for (uint32_t i = 0; i < message->record_count; i++) {
		if (compat_job_id(&message->job_array[i]) != id)
			continue;
		_view(message, &message->job_array[i], job);
		return 0;
	}
	compat_free_jobs(message);
	return err_set(err, ERR_NOTFOUND, "Slurm has no job %u", id);
}

static bool _lists(const char *text, const char *node)
{
	cleanup_hostlist struct hostlist *nodes =
		hostlist_parse(text, HOSTLIST_MAX, NULL);

	for (size_t i = 0; nodes && i < hostlist_count(nodes); i++)
		if (!strcmp(hostlist_at(nodes, i), node))
			return true;
	return false;
}

static bool _is_before(const struct job_turn *turn,
		       const struct job_turn *other)
{
	if (turn->start != other->start)
		return turn->start < other->start;
	return turn->id < other->id;
}

int job_of_node(const char *node, struct job_turn after, struct job_turn *next,
		struct err *err)
{
	job_info_msg_t *message = NULL;
	int rc = FAULT_OF(slurm_load_jobs(0, &message, SHOW_ALL));

	if (rc)
		return fault_set(err, rc, false, "load the jobs");
	*next = (struct job_turn) { 0 };
	for (uint32_t i = 0; i < message->record_count; i++) {
		const slurm_job_info_t *info = &message->job_array[i];
		struct job_turn turn = { compat_job_id(info),
					 info->start_time };

		if (_is_before(&after, &turn) &&
		    (!next->id || _is_before(&turn, next)) && info->nodes &&
		    _holds_nodes(info->job_state) &&
		    _lists(info->nodes, node))
			*next = turn;
	}
	compat_free_jobs(message);
	return 0;
}

void job_clear(struct job *job)
{
	if (job->message)
		compat_free_jobs(job->message);
	memset(job, 0, sizeof(*job));
}

/* A number of the system's is a plugin's when slurmctld is within reach, and
 * for ever then. */
static int _set_comment(uint32_t id, char *text, struct err *err)
{
	cleanup_job struct job job = { 0 };
	struct err why = ERR_INIT;
	job_desc_msg_t desc;
	int rc;

	slurm_init_job_desc_msg(&desc);
	compat_job_id(&desc) = id;
	desc.admin_comment = text;
	rc = FAULT_OF(slurm_update_job(&desc));
	if (!rc)
		return 0;
	fault_set(&why, rc, true, "update the job");
	if (why.code == ERR_TRANSIENT && fault_is_plain(rc) &&
	    !job_load(id, &job, NULL))
		why.code = ERR_REFUSED;
	return err_set(err, why.code, "%s", why.text);
}

static void _add_line(struct buf *out, const char *line, size_t len)
{
	if (out->len)
		buf_putc(out, '\n');
	buf_add(out, line, len);
}

/* All lines but as many of our oldest ones as take the given bytes. */
static void _add_lines(struct buf *out, const char *text, size_t excess)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!excess || strncmp(text, OURS, strlen(OURS)))
			_add_line(out, text, len);
		else
			excess -= len + 1 < excess ? len + 1 : excess;
		text += len + (text[len] == '\n');
	}
}

int job_append_comment(uint32_t id, const char *text, struct err *err)
{
	cleanup_job struct job job = { 0 };
	cleanup_buf struct buf comment;
	size_t size;

	buf_init(&comment, JOB_COMMENT_MAX);
	if (job_load(id, &job, err))
		return -1;
	if (job.admin_comment) {
		if (strstr(job.admin_comment, text))
			return 0;
		size = strlen(job.admin_comment) + 1 + strlen(text);
		_add_lines(&comment, job.admin_comment,
			   size > JOB_COMMENT_MAX ? size - JOB_COMMENT_MAX
						  : 0);
	}
	_add_line(&comment, text, strlen(text));
	if (comment.failed)
		return err_set(err, ERR_CAPACITY,
			       "admin_comment of job %u is full", id);
	return _set_comment(id, comment.data, err);
}

int job_notify(uint32_t id, const char *text, struct err *err)
{
	int rc = FAULT_OF(slurm_notify_job(compat_job(id),
					   (char *) (uintptr_t) text));

	if (rc)
		return fault_set(err, rc, true, "notify the job");
	return 0;
}

/* 1 when the node is among those that the job has, or had when it ended; 0;
 * -1 and the error. The caller clears the job. */
static int _load_on_node(uint32_t id, const char *node, struct job *job,
			 struct err *err)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err failure = ERR_INIT;

	if (job_load(id, job, &failure)) {
		if (failure.code == ERR_NOTFOUND)
			return 0;
		if (err)
			*err = failure;
		return -1;
	}
	if (!job->nodes)
		return 0;
	nodes = hostlist_parse(job->nodes, HOSTLIST_MAX, err);
	if (!nodes)
		return -1;
	for (size_t i = 0; i < hostlist_count(nodes); i++)
		if (!strcmp(hostlist_at(nodes, i), node))
			return 1;
	return 0;
}

/* Without the flag a job that has ended would run once more. By the number
 * where that is enough: slurm_requeue2() leaks some bytes of a plain reply. */
static int _requeue(struct job *job)
{
	job_array_resp_msg_t *told = NULL;
	int rc;

	if (!job->is_array)
		return FAULT_OF(slurm_requeue(compat_job(job->whole),
					      JOB_RUNNING));
	rc = FAULT_OF(slurm_requeue2(job->name, JOB_RUNNING, &told));
	if (rc)
		return rc;
	if (told && told->job_array_count)
		rc = (int) told->error_code[0];
	if (told)
		slurm_free_job_array_resp(told);
	return rc;
}

int job_requeue(uint32_t id, const char *node, struct err *err)
{
	cleanup_job struct job job = { 0 };
	int rc = _load_on_node(id, node, &job, err);

	if (rc <= 0)
		return rc;
	rc = _requeue(&job);
	if (rc)
		return fault_set(err, rc, true, "requeue the job");
	return 0;
}

static bool _has_ended(int errnum)
{
	return errnum == ESLURM_ALREADY_DONE ||
	       errnum == ESLURM_JOB_FINISHED ||
	       errnum == ESLURM_INVALID_JOB_ID;
}

/* By its name: an array's task is not ended by its own number, and with the
 * array's all of them are (job_str_signal in slurmctld/job_mgr.c). */
int job_kill(uint32_t id, const char *node, struct err *err)
{
	cleanup_job struct job job = { 0 };
	int rc = _load_on_node(id, node, &job, err);

	if (rc <= 0)
		return rc;
	rc = FAULT_OF(slurm_kill_job2(job.name, SIGKILL, 0, NULL));
	if (rc && !_has_ended(rc))
		return fault_set(err, rc, true, "end the job");
	return 0;
}
