/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/table.h"
#include "record.h"
#include "text.h"
#include "admit.h"

#define SECOND INT64_C(1000000)
#define FULL_MAX 16	/* templates known to be full in one decision */

struct waiter {
	char node[OWNER_NODE_SIZE];
	char template_name[RECORD_TEMPLATE_SIZE];
	char avoid[RECORD_SOURCE_SIZE];
	struct job *job;
	struct waiter *prev, *next;	/* of the job's queue */
	bool in_flight;			/* then in no queue */
};

struct job {
	char key[OWNER_NODE_SIZE + 2];
	unsigned in_flight;
	size_t queued;
	struct waiter *first, *last;
};

struct admit {
	struct table *waiters;		/* by node; owns them */
	struct table *jobs;		/* by key, oldest first; owns them */
	size_t waiting;
	unsigned in_flight, max_flight;
};

struct admit *admit_create(size_t max_nodes, unsigned max_flight)
{
	cleanup_admit struct admit *admit = calloc(1, sizeof(*admit));

	if (!admit)
		return NULL;
	admit->max_flight = max_flight;
	admit->waiters = table_create(max_nodes, free);
	admit->jobs = table_create(max_nodes, free);
	if (!admit->waiters || !admit->jobs)
		return NULL;
	return steal_ptr(&admit);
}

void admit_destroy(struct admit *admit)
{
	if (!admit)
		return;
	table_destroy(admit->waiters);
	table_destroy(admit->jobs);
	free(admit);
}

size_t admit_waiting(const struct admit *admit)
{
	return admit->waiting;
}

unsigned admit_in_flight(const struct admit *admit)
{
	return admit->in_flight;
}

/* Job 7 is "7"; a node without job is its own group, "/node". */
static void _key(const struct admit_entry *entry, char *key, size_t size)
{
	text_copy(key, size, "");
	if (entry->job) {
		text_add_number(key, size, entry->job);
		return;
	}
	text_add(key, size, "/");
	text_add(key, size, entry->node);
}

static struct job *_job(struct admit *admit, const struct admit_entry *entry,
			struct err *err)
{
	char key[OWNER_NODE_SIZE + 2];
	struct job *job;

	_key(entry, key, sizeof(key));
	job = table_get(admit->jobs, key);
	if (job)
		return job;
	job = calloc(1, sizeof(*job));
	if (!job) {
		err_nomem(err);
		return NULL;
	}
	text_set(job->key, key);
	if (table_set(admit->jobs, key, job, err) < 0) {
		free(job);
		return NULL;
	}
	return job;
}

/* A job without nodes leaves. */
static void _forget_job(struct admit *admit, struct job *job)
{
	if (!job->queued && !job->in_flight)
		free(table_take(admit->jobs, job->key));
}

static void _enqueue(struct admit *admit, struct waiter *waiter)
{
	struct job *job = waiter->job;

	waiter->prev = job->last;
	if (job->last)
		job->last->next = waiter;
	else
		job->first = waiter;
	job->last = waiter;
	job->queued++;
	admit->waiting++;
}

static void _dequeue(struct admit *admit, struct waiter *waiter)
{
	struct job *job = waiter->job;

	if (waiter->prev)
		waiter->prev->next = waiter->next;
	else
		job->first = waiter->next;
	if (waiter->next)
		waiter->next->prev = waiter->prev;
	else
		job->last = waiter->prev;
	waiter->prev = waiter->next = NULL;
	job->queued--;
	admit->waiting--;
}

static void _fly(struct admit *admit, struct waiter *waiter)
{
	waiter->in_flight = true;
	waiter->job->in_flight++;
	admit->in_flight++;
}

static int _check(const struct admit *admit, const struct admit_entry *entry,
		  struct err *err)
{
	if (!text_fits(entry->node, OWNER_NODE_SIZE) ||
	    !text_fits(entry->template_name, RECORD_TEMPLATE_SIZE) ||
	    !text_fits(entry->avoid, RECORD_SOURCE_SIZE))
		return err_set(err, ERR_CONFIG, "a name is too long");
	if (table_get(admit->waiters, entry->node))
		return err_set(err, ERR_EXISTS, "%s waits already",
			       entry->node);
	return 0;
}

static struct waiter *_new(struct admit *admit,
			   const struct admit_entry *entry, struct err *err)
{
	cleanup_free struct waiter *waiter = NULL;

	if (_check(admit, entry, err) < 0)
		return NULL;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		err_nomem(err);
		return NULL;
	}
	text_set(waiter->node, entry->node);
	text_set(waiter->template_name, entry->template_name);
	text_set(waiter->avoid, entry->avoid);
	waiter->job = _job(admit, entry, err);
	if (!waiter->job)
		return NULL;
	if (table_set(admit->waiters, waiter->node, waiter, err) < 0) {
		_forget_job(admit, waiter->job);
		return NULL;
	}
	return steal_ptr(&waiter);
}

int admit_add(struct admit *admit, const struct admit_entry *entry,
	      struct err *err)
{
	struct waiter *waiter = _new(admit, entry, err);

	if (!waiter)
		return -1;
	_enqueue(admit, waiter);
	return 0;
}

int admit_resume(struct admit *admit, const struct admit_entry *entry,
		 struct err *err)
{
	struct waiter *waiter = _new(admit, entry, err);

	if (!waiter)
		return -1;
	_fly(admit, waiter);
	return 0;
}

int admit_drop(struct admit *admit, const char *node)
{
	cleanup_free struct waiter *waiter = table_take(admit->waiters, node);

	if (!waiter)
		return -1;
	if (waiter->in_flight) {
		waiter->job->in_flight--;
		admit->in_flight--;
	} else {
		_dequeue(admit, waiter);
	}
	_forget_job(admit, waiter->job);
	return 0;
}

/* Templates found full while one decision is made: asked once each. */
struct full {
	const char *names[FULL_MAX];
	size_t count;
};

static bool _is_full(const struct full *full, const char *template_name)
{
	for (size_t i = 0; i < full->count; i++)
		if (text_same(full->names[i], template_name))
			return true;
	return false;
}

static bool _try(struct admit *admit, struct job *job, struct full *full,
		 struct place_source *sources, size_t count, int64_t now,
		 struct admit_decision *out)
{
	struct waiter *waiter = job->first;
	int source;

	if (_is_full(full, waiter->template_name))
		return false;
	source = place_pick(sources, count, waiter->template_name,
			    waiter->avoid, now, NULL);
	if (source < 0) {
		if (full->count < FULL_MAX)
			full->names[full->count++] = waiter->template_name;
		return false;
	}
	_dequeue(admit, waiter);
	_fly(admit, waiter);
	place_start(&sources[source]);
	*out = (struct admit_decision) { waiter->node, source };
	return true;
}

/* The jobs with exactly so many in flight, oldest first. *above becomes the
 * next higher number there is. */
static bool _try_level(struct admit *admit, unsigned level, unsigned *above,
		       struct full *full, struct place_source *sources,
		       size_t count, int64_t now, struct admit_decision *out)
{
	struct job *job;
	size_t pos = 0;

	*above = UINT32_MAX;
	while ((job = table_next(admit->jobs, &pos, NULL))) {
		if (!job->queued || job->in_flight < level)
			continue;
		if (job->in_flight > level) {
			if (job->in_flight < *above)
				*above = job->in_flight;
			continue;
		}
		if (_try(admit, job, full, sources, count, now, out))
			return true;
	}
	return false;
}

int admit_next(struct admit *admit, struct place_source *sources,
	       size_t count, int64_t now, struct admit_decision *out)
{
	struct full full = { .count = 0 };
	unsigned level = 0;

	if (!admit->waiting || admit->in_flight >= admit->max_flight)
		return 0;
	while (level != UINT32_MAX) {
		unsigned above;

		if (_try_level(admit, level, &above, &full, sources, count,
			       now, out))
			return 1;
		level = above;
	}
	return 0;
}

/* How many clones start before this one if each job gets its fair turns. */
static uint64_t _ahead(const struct admit *admit,
		       const struct admit_entry *entry)
{
	char key[OWNER_NODE_SIZE + 2];
	uint64_t own, ahead = 0;
	const struct job *job;
	size_t pos = 0;

	_key(entry, key, sizeof(key));
	job = table_get(admit->jobs, key);
	own = job ? job->queued + job->in_flight : 0;
	while ((job = table_next(admit->jobs, &pos, NULL))) {
		uint64_t has = job->queued + job->in_flight;

		if (text_same(job->key, key))
			ahead += own;
		else
			ahead += has < own + 1 ? has : own + 1;
	}
	return ahead;
}

int admit_feasible(const struct admit *admit, const struct admit_entry *entry,
		   unsigned lanes, int64_t clone_us, int64_t boot_us,
		   int64_t now, struct err *err)
{
	int64_t left = (entry->deadline - now) / SECOND;
	uint64_t ahead = _ahead(admit, entry);
	uint64_t turns;
	int64_t needed;

	if (!lanes)
		return err_set(err, ERR_CAPACITY, "no source of %s is usable",
			       entry->template_name);
	/* With nobody else there is nothing to wait for; and if no clone were
	 * made, a rate that was once bad would stay bad for ever. */
	if (!ahead)
		return 0;
	turns = ahead / lanes + 1;
	needed = boot_us + (turns < INT32_MAX ? (int64_t) turns : INT32_MAX) *
			   (clone_us < INT32_MAX ? clone_us : INT32_MAX);
	if (needed <= entry->deadline - now)
		return 0;
	return err_set(err, ERR_CAPACITY, "%llu clones are ahead on %u lanes "
		       "of %s: ready in %lld s, wanted in %lld s",
		       (unsigned long long) ahead, lanes,
		       entry->template_name, (long long) (needed / SECOND),
		       (long long) left);
}
