/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "common/base/json.h"
#include "common/base/table.h"
#include "resume_file.h"

struct resume_file {
	struct resume_job **jobs;
	size_t count;
	struct table *nodes;	/* name -> struct resume_job, borrowed */
	size_t room;		/* for names still to be read */
	char *all;
};

struct resume_file *resume_file_create(void)
{
	struct resume_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->room = RESUME_FILE_NAMES_MAX;
	file->nodes = table_create(HOSTLIST_MAX, NULL);
	if (!file->nodes) {
		free(file);
		return NULL;
	}
	return file;
}

static void _free_job(struct resume_job *job)
{
	free(job->features);
	free(job->extra);
	free(job->user);
	free(job);
}

void resume_file_destroy(struct resume_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->count; i++)
		_free_job(file->jobs[i]);
	free(file->jobs);
	free(file->all);
	table_destroy(file->nodes);
	free(file);
}

/* A copy of a member that is a string, else NULL. */
static char *_copy(const struct json *json, const char *key)
{
	const char *text = NULL;

	(void) json_get_str_or(json, key, NULL, &text, NULL);
	return text ? strdup(text) : NULL;
}

/* Features and extra are users' text: anything goes, nothing is trusted. */
static struct resume_job *_read_job(const struct json *json)
{
	struct resume_job *job;
	int64_t id;

	if (json_get_int(json, "job_id", 1, UINT32_MAX, &id, NULL) < 0)
		return NULL;
	job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	job->id = (uint32_t) id;
	job->features = _copy(json, "features");
	job->extra = _copy(json, "extra");
	/* 22.05 has three keys; where "partition" is told, so are features. */
	job->has_features = json_get(json, "partition") || job->features;
	return job;
}

static int _map_nodes(struct resume_file *file, const struct json *json,
		      struct resume_job *job, struct err *err)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	struct err why = ERR_INIT;
	const char *text = NULL;

	/* "nodes" in 22.05, "nodes_resume" since 23.02 */
	if (json_get_str(json, "nodes_resume", &text, NULL) < 0 &&
	    json_get_str(json, "nodes", &text, NULL) < 0)
		return 0;
	if (file->room < HOSTLIST_MAX)
		return 0;
	nodes = hostlist_parse(text, HOSTLIST_MAX, &why);
	file->room -= nodes ? hostlist_count(nodes) : HOSTLIST_MAX;
	if (!nodes)
		return why.code == ERR_FATAL ? err_nomem(err) : 0;
	for (size_t i = 0; i < hostlist_count(nodes); i++) {
		const char *node = hostlist_at(nodes, i);

		if (!table_get(file->nodes, node) &&
		    table_set(file->nodes, node, job, err) < 0)
			return -1;
	}
	return 0;
}

static int _take_job(struct resume_file *file, const struct json *json,
		     struct err *err)
{
	struct resume_job *job = _read_job(json);

	if (!job)
		return 0;
	file->jobs[file->count++] = job;
	return _map_nodes(file, json, job, err);
}

struct resume_file *resume_file_parse(const char *text, struct err *err)
{
	cleanup_resume_file struct resume_file *file = resume_file_create();
	cleanup_json struct json *json = json_parse(text, strlen(text), err);
	const struct json *jobs = json_get(json, "jobs");
	size_t count = json_count(jobs);

	if (!json)
		return NULL;
	if (count > RESUME_FILE_JOBS_MAX) {
		err_set(err, ERR_PROTOCOL, "more than %d jobs",
			RESUME_FILE_JOBS_MAX);
		return NULL;
	}
	if (file && count)
		file->jobs = calloc(count, sizeof(struct resume_job *));
	if (!file || (count && !file->jobs)) {
		err_nomem(err);
		return NULL;
	}
	file->all = _copy(json, "all_nodes_resume");	/* since 23.02 */
	if (!file->all)
		file->all = _copy(json, "all_nodes");
	for (size_t i = 0; json_is_array(jobs) && i < count; i++)
		if (_take_job(file, json_at(jobs, i), err) < 0)
			return NULL;
	return steal_ptr(&file);
}

const char *resume_file_all(const struct resume_file *file)
{
	return file->all;
}

size_t resume_file_jobs(const struct resume_file *file)
{
	return file->count;
}

struct resume_job *resume_file_job(struct resume_file *file, size_t index)
{
	return file->jobs[index];
}

const struct resume_job *resume_file_of_node(const struct resume_file *file,
					     const char *node)
{
	return table_get(file->nodes, node);
}
