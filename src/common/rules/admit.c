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
	char avoid[RECORD_SOURCE_SIZE];
	char only[RECORD_SOURCE_SIZE];
	int64_t deadline;
	struct job *job;
	struct kind *kind;		/* of the job's */
	struct waiter *prev, *next;	/* of the job's line */
	bool in_flight;
};

struct line {
	struct waiter *first, *last;
};

struct job {
	char key[OWNER_NODE_SIZE + 2];
	uint32_t number;
	unsigned in_flight;
	size_t queued;
	bool begun;			/* a node of it had a lane */
	bool roomless;			/* see admit_lacks_room() */
	struct line queue, flight;
	struct kind *kinds;
};

struct admit {
	struct table *waiters;		/* by node; owns them */
	struct table *jobs;		/* by key, oldest first; owns them */
	size_t waiting;
	unsigned in_flight, max_flight;
	struct kind_rule rule;
};

static void _free_job(void *value)
{
	struct job *job = value;

	if (job)
		kind_free(job->kinds);
	free(job);
}

struct admit *admit_create(size_t max_nodes, unsigned max_flight)
{
	cleanup_admit struct admit *admit = calloc(1, sizeof(*admit));

	if (!admit)
		return NULL;
	admit->max_flight = max_flight;
	admit->waiters = table_create(max_nodes, free);
	admit->jobs = table_create(max_nodes, _free_job);
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

void admit_limit(struct admit *admit, unsigned max_flight)
{
	admit->max_flight = max_flight;
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
	job->number = entry->job;
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
		_free_job(table_take(admit->jobs, job->key));
}

static void _stand(struct line *line, struct waiter *waiter)
{
	waiter->prev = line->last;
	waiter->next = NULL;
	if (line->last)
		line->last->next = waiter;
	else
		line->first = waiter;
	line->last = waiter;
}

static void _leave(struct line *line, struct waiter *waiter)
{
	if (waiter->prev)
		waiter->prev->next = waiter->next;
	else
		line->first = waiter->next;
	if (waiter->next)
		waiter->next->prev = waiter->prev;
	else
		line->last = waiter->prev;
}

static void _enqueue(struct admit *admit, struct waiter *waiter)
{
	_stand(&waiter->job->queue, waiter);
	waiter->job->queued++;
	waiter->kind->queued++;
	admit->waiting++;
}

static void _dequeue(struct admit *admit, struct waiter *waiter)
{
	_leave(&waiter->job->queue, waiter);
	waiter->job->queued--;
	waiter->kind->queued--;
	admit->waiting--;
}

static void _fly(struct admit *admit, struct waiter *waiter)
{
	_stand(&waiter->job->flight, waiter);
	waiter->in_flight = true;
	waiter->job->begun = true;
	waiter->job->in_flight++;
	waiter->kind->in_flight++;
	admit->in_flight++;
}

static void _land(struct admit *admit, struct waiter *waiter)
{
	_leave(&waiter->job->flight, waiter);
	waiter->job->in_flight--;
	waiter->kind->in_flight--;
	admit->in_flight--;
}

void admit_rule(struct admit *admit, const struct kind_rule *rule)
{
	admit->rule = *rule;
}

bool admit_lacks_room(const struct admit *admit, const char *node)
{
	const struct waiter *waiter = table_get(admit->waiters, node);

	return waiter && !waiter->in_flight && waiter->job->roomless;
}

static int _check(const struct admit *admit, const struct admit_entry *entry,
		  struct err *err)
{
	if (!text_fits(entry->node, OWNER_NODE_SIZE) ||
	    !text_fits(entry->template_name, RECORD_TEMPLATE_SIZE) ||
	    !text_fits(entry->avoid, RECORD_SOURCE_SIZE) ||
	    !text_fits(entry->only, RECORD_SOURCE_SIZE))
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
	text_set(waiter->avoid, entry->avoid);
	text_set(waiter->only, entry->only);
	waiter->deadline = entry->deadline;
	waiter->job = _job(admit, entry, err);
	if (!waiter->job)
		return NULL;
	waiter->job->begun |= entry->begun;
	waiter->kind = kind_get(&waiter->job->kinds, &admit->rule,
				entry->node, entry->template_name, err);
	if (!waiter->kind ||
	    table_set(admit->waiters, waiter->node, waiter, err) < 0) {
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
	if (waiter->in_flight)
		_land(admit, waiter);
	else
		_dequeue(admit, waiter);
	_forget_job(admit, waiter->job);
	return 0;
}

/* --- room --------------------------------------------------------------- */

/* What jobs that have begun still want. */
struct promises {
	const struct admit *admit;
	bool known;
	struct kind_promises kinds;
};

static void _know(struct promises *promises)
{
	const struct job *job;
	size_t pos = 0;

	if (promises->known)
		return;
	promises->known = true;
	while ((job = table_next(promises->admit->jobs, &pos, NULL)))
		if (job->begun)
			kind_promise(job->kinds, &promises->kinds);
}

/* For the next of a begun job's nodes, or for all of another's. */
static bool _has_room(struct promises *promises, const struct job *job)
{
	const struct kind_rule *rule = &promises->admit->rule;
	bool has;

	if (!rule->room)
		return true;
	if (job->begun)
		return kind_allows(job->queue.first->kind, rule);
	_know(promises);
	kind_promise(job->kinds, &promises->kinds);
	has = kind_allows_all(job->kinds, rule, &promises->kinds);
	kind_take_back(job->kinds, &promises->kinds);
	return has;
}

/* --- decisions ---------------------------------------------------------- */

/* One decision being made. */
struct deciding {
	struct admit *admit;
	struct place_source *sources;
	size_t count;
	int64_t now;
	enum place_verdict *verdicts;
	const char *full[FULL_MAX];	/* templates; asked once each */
	size_t full_count;
	struct promises promises;
	struct admit_decision *out;
};

static bool _is_full(const struct deciding *now, const char *template_name)
{
	for (size_t i = 0; i < now->full_count; i++)
		if (text_same(now->full[i], template_name))
			return true;
	return false;
}

static int _pick(struct deciding *now, const struct waiter *waiter)
{
	const char *template_name = waiter->kind->template_name;
	int source;

	if (*waiter->only)
		return place_only(now->sources, now->count, waiter->only,
				  now->verdicts, NULL);
	if (_is_full(now, template_name))
		return -1;
	waiter->job->roomless = !_has_room(&now->promises, waiter->job);
	if (waiter->job->roomless)
		return -1;
	source = place_pick(now->sources, now->count, template_name,
			    waiter->avoid, now->now, now->verdicts, NULL);
	if (source < 0 && now->full_count < FULL_MAX)
		now->full[now->full_count++] = template_name;
	return source;
}

static bool _try(struct deciding *now, struct job *job)
{
	struct waiter *waiter = job->queue.first;
	int source = _pick(now, waiter);

	if (source < 0)
		return false;
	_dequeue(now->admit, waiter);
	_fly(now->admit, waiter);
	place_start(now->sources, now->count, (size_t) source);
	*now->out = (struct admit_decision) { waiter->node, source };
	return true;
}

/* The jobs with exactly so many in flight, oldest first. *above becomes the
 * next higher number there is. */
static bool _try_level(struct deciding *now, unsigned level, unsigned *above)
{
	struct job *job;
	size_t pos = 0;

	*above = UINT32_MAX;
	while ((job = table_next(now->admit->jobs, &pos, NULL))) {
		if (!job->queued || job->in_flight < level)
			continue;
		if (job->in_flight > level) {
			if (job->in_flight < *above)
				*above = job->in_flight;
			continue;
		}
		if (_try(now, job))
			return true;
	}
	return false;
}

int admit_next(struct admit *admit, struct place_source *sources,
	       size_t count, int64_t now, enum place_verdict *verdicts,
	       struct admit_decision *out)
{
	struct deciding deciding = { admit, sources, count, now, verdicts,
				     .promises = { .admit = admit },
				     .out = out };
	unsigned level = 0;

	if (!admit->waiting || admit->in_flight >= admit->max_flight)
		return 0;
	while (level != UINT32_MAX) {
		unsigned above;

		if (_try_level(&deciding, level, &above))
			return 1;
		level = above;
	}
	return 0;
}

static int _each_in(const struct job *job, const struct line *line,
		    bool in_flight,
		    int (*each)(const struct admit_entry *entry,
				bool in_flight, void *arg),
		    void *arg)
{
	const struct waiter *waiter;

	for (waiter = line->first; waiter; waiter = waiter->next) {
		struct admit_entry entry = {
			.node = waiter->node, .job = job->number,
			.template_name = waiter->kind->template_name,
			.avoid = *waiter->avoid ? waiter->avoid : NULL,
			.only = *waiter->only ? waiter->only : NULL,
			.deadline = waiter->deadline, .begun = job->begun,
		};

		if (each(&entry, in_flight, arg) < 0)
			return -1;
	}
	return 0;
}

int admit_each(const struct admit *admit,
	       int (*each)(const struct admit_entry *entry, bool in_flight,
			   void *arg),
	       void *arg)
{
	const struct job *job;
	size_t pos = 0;

	while ((job = table_next(admit->jobs, &pos, NULL)))
		if (_each_in(job, &job->flight, true, each, arg) < 0 ||
		    _each_in(job, &job->queue, false, each, arg) < 0)
			return -1;
	return 0;
}

/* --- time --------------------------------------------------------------- */

/* It may get a lane of the template as soon as there is one. */
static bool _is_next(struct promises *promises, const struct job *job,
		     const char *template_name)
{
	const struct waiter *first = job->queue.first;

	return first && text_same(first->kind->template_name,
				  template_name) &&
	       _has_room(promises, job);
}

/* How many clones of its template start before this one if each job gets its
 * fair turns; *all: how many start if it has to wait for all of them. */
static uint64_t _ahead(const struct admit *admit,
		       const struct admit_entry *entry, uint64_t *all)
{
	struct promises promises = { .admit = admit };
	char key[OWNER_NODE_SIZE + 2];
	const struct job *own, *job;
	uint64_t ours, ahead;
	size_t pos = 0;

	_key(entry, key, sizeof(key));
	own = table_get(admit->jobs, key);
	ours = own ? kind_nodes(own->kinds, entry->template_name, true) : 0;
	*all = ahead = ours;
	while ((job = table_next(admit->jobs, &pos, NULL))) {
		uint64_t has;

		if (job == own)
			continue;
		has = kind_nodes(job->kinds, entry->template_name,
				 _is_next(&promises, job,
					  entry->template_name));
		*all += has;
		ahead += has < ours + 1 ? has : ours + 1;
	}
	return ahead;
}

int admit_feasible(const struct admit *admit, const struct admit_entry *entry,
		   unsigned lanes, int64_t clone_us, int64_t boot_us,
		   int64_t now, struct err *err)
{
	int64_t left = (entry->deadline - now) / SECOND;
	uint64_t all, ahead = _ahead(admit, entry, &all);
	uint64_t turns;
	int64_t needed;

	if (!lanes)
		return err_set(err, ERR_CAPACITY, "no source of %s is usable",
			       entry->template_name);
	/* If lanes that are free were not used, a rate that was once bad
	 * would stay bad for ever. */
	if (all < lanes)
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
