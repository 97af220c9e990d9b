/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/ipc/slurmcall.h"
#include "timing.h"

#define VERSION_SIZE 32
#define LIMIT_US (60 * CLOCK_US_PER_S)
#define AGAIN_US (60 * CLOCK_US_PER_S)
#define RETRY_US CLOCK_US_PER_S
#define NEVER_US (INT64_C(365) * 86400 * CLOCK_US_PER_S)

struct timing {
	struct slurm_link *link;
	struct partitions *partitions;
	struct loop_timer *timer;
	void (*changed)(void *arg);
	void *arg;
	bool asking;
	bool known;
	char version[VERSION_SIZE];
	int64_t resume, suspend;
	int64_t new_resume, new_suspend;	/* of the answers so far */
};

/* The shorter of *least and a member that is set and not "never". */
static void _shorten(const struct json *json, const char *key, int64_t *least)
{
	int64_t seconds;

	if (json_get_int(json, key, 1, SLURMCALL_FOREVER - 1, &seconds,
			 NULL) == 0 &&
	    seconds * CLOCK_US_PER_S < *least)
		*least = seconds * CLOCK_US_PER_S;
}

static void _take(struct timing *timing, const struct json *json)
{
	const char *version;

	if (json_get_str(json, "version", &version, NULL) == 0)
		snprintf(timing->version, sizeof(timing->version), "%s",
			 version);
	_shorten(json, "resume_timeout", &timing->new_resume);
	_shorten(json, "suspend_timeout", &timing->new_suspend);
}

static void _finish(struct timing *timing, const struct err *failure)
{
	timing->asking = false;
	loop_timer_set(timing->timer, failure ? RETRY_US : AGAIN_US);
	if (failure)
		return;
	timing->resume = timing->new_resume;
	timing->suspend = timing->new_suspend;
	timing->known = true;
	timing->changed(timing->arg);
}

static void _partitions_done(const struct json *answer,
			     const struct err *failure, void *arg)
{
	struct timing *timing = arg;
	const struct json *list;
	struct err err = ERR_INIT;

	if (!failure) {
		list = json_get(answer, "partitions");
		if (partitions_take(timing->partitions, list, &err) < 0)
			failure = &err;
		for (size_t i = 0; i < json_count(list); i++)
			_take(timing, json_at(list, i));
	}
	_finish(timing, failure);
}

static void _config_done(const struct json *answer, const struct err *failure,
			 void *arg)
{
	struct timing *timing = arg;
	struct err err = ERR_INIT;

	if (!failure) {
		_take(timing, json_get(answer, "config"));
		partitions_take_cluster(timing->partitions,
					json_get(answer, "config"));
		if (slurm_link_call(timing->link, "partitions", NULL,
				    LIMIT_US, _partitions_done, timing,
				    &err) == 0)
			return;
		failure = &err;
	}
	_finish(timing, failure);
}

static void _ask(void *arg)
{
	struct timing *timing = arg;
	struct err err = ERR_INIT;

	timing->asking = true;
	timing->new_resume = NEVER_US;
	timing->new_suspend = NEVER_US;
	if (slurm_link_call(timing->link, "config", NULL, LIMIT_US,
			    _config_done, timing, &err) < 0)
		_finish(timing, &err);
}

struct timing *timing_create(struct loop *loop, struct slurm_link *link,
			     struct partitions *partitions,
			     void (*changed)(void *arg), void *arg,
			     struct err *err)
{
	struct timing *timing = calloc(1, sizeof(*timing));

	if (!timing) {
		err_nomem(err);
		return NULL;
	}
	timing->link = link;
	timing->partitions = partitions;
	timing->changed = changed;
	timing->arg = arg;
	timing->timer = loop_timer_create(loop, _ask, timing, err);
	if (!timing->timer) {
		free(timing);
		return NULL;
	}
	loop_timer_set(timing->timer, 0);
	return timing;
}

void timing_destroy(struct timing *timing)
{
	if (!timing)
		return;
	loop_timer_destroy(timing->timer);
	free(timing);
}

void timing_renew(struct timing *timing)
{
	if (!timing->asking)
		loop_timer_set(timing->timer, 0);
}

bool timing_known(const struct timing *timing)
{
	return timing->known;
}

const char *timing_version(const struct timing *timing)
{
	return timing->version;
}

int64_t timing_resume(const struct timing *timing)
{
	return timing->resume;
}

int64_t timing_suspend(const struct timing *timing)
{
	return timing->suspend;
}
