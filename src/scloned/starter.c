/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "starter.h"

#define ROUND_US CLOCK_US_PER_S
#define FIRST_US (5 * CLOCK_US_PER_S)	/* vSphere HA may be faster */
#define AGAIN_US (60 * CLOCK_US_PER_S)	/* and doubled each time */
#define AGAIN_MAX_US (1800 * CLOCK_US_PER_S)
#define WELL_US (600 * CLOCK_US_PER_S)	/* then the next time is the first */
#define TRIES_MAX 16

/* A source that was off. Times are monotonic; 0: it is not so. */
struct trouble {
	struct starter *starter;
	char *path;
	struct start *start;		/* under way */
	int64_t off_since, frozen_since, tried;
	unsigned tries;			/* in a row */
	char text[ERR_TEXT_SIZE + 40];	/* what came of it */
};

struct starter {
	struct executor *executor;
	const struct drains *drains;
	struct loop_timer *timer;
	struct table *troubles;		/* by path */
};

static void _free_trouble(void *value)
{
	struct trouble *trouble = value;

	executor_start_cancel(trouble->start);
	free(trouble->path);
	free(trouble);
}

static struct trouble *_trouble(struct starter *starter, const char *path)
{
	struct trouble *trouble = calloc(1, sizeof(*trouble));

	if (trouble)
		*trouble = (struct trouble) { .starter = starter,
					      .path = strdup(path) };
	if (!trouble || !trouble->path ||
	    table_set(starter->troubles, path, trouble, NULL) < 0) {
		if (trouble)
			_free_trouble(trouble);
		return NULL;	/* the next round tries again */
	}
	return trouble;
}

/* --- one that is off ---------------------------------------------------- */

static int64_t _due(const struct trouble *trouble)
{
	int64_t pause = AGAIN_US;

	if (!trouble->tries)
		return trouble->off_since + FIRST_US;
	for (unsigned i = 1; i < trouble->tries && pause < AGAIN_MAX_US; i++)
		pause *= 2;
	return trouble->tried + (pause < AGAIN_MAX_US ? pause : AGAIN_MAX_US);
}

static void _started(const struct err *failure, void *arg)
{
	struct trouble *trouble = arg;

	trouble->start = NULL;
	if (failure) {
		snprintf(trouble->text, sizeof(trouble->text),
			 "it cannot be powered on: %s", failure->text);
		log_warn("source %s: %s", trouble->path, trouble->text);
	} else {
		snprintf(trouble->text, sizeof(trouble->text), "it was "
			 "powered on and is awaited: it freezes itself at "
			 "the end of its boot");
		log_info("source %s: powered on", trouble->path);
	}
}

static void _try(struct trouble *trouble, int64_t now)
{
	struct err err = ERR_INIT;

	trouble->tried = now;
	if (trouble->tries < TRIES_MAX)
		trouble->tries++;
	snprintf(trouble->text, sizeof(trouble->text),
		 "it is being powered on");
	trouble->start = executor_start(trouble->starter->executor,
					trouble->path, _started, trouble,
					&err);
	if (!trouble->start)
		_started(&err, trouble);
}

static bool _may_start(const struct starter *starter,
		       const struct source *source)
{
	return source->powered == 0 && source->is_template != 1 &&
	       source->host_ok &&
	       !drains_of(starter->drains, source->template_name,
			  source->path);
}

static void _off(struct starter *starter, const struct source *source,
		 struct trouble *trouble, int64_t now)
{
	if (!trouble)
		trouble = _trouble(starter, source->path);
	if (!trouble)
		return;
	if (trouble->frozen_since &&
	    now - trouble->frozen_since >= WELL_US)
		trouble->tries = 0;
	trouble->frozen_since = 0;
	if (!trouble->off_since)
		trouble->off_since = now;
	if (!trouble->start && _may_start(starter, source) &&
	    now >= _due(trouble))
		_try(trouble, now);
}

static void _on(const struct source *source, struct trouble *trouble,
		int64_t now)
{
	if (!trouble)
		return;
	trouble->off_since = 0;
	if (source->state >= SOURCE_UNFIT && !trouble->frozen_since) {
		trouble->frozen_since = now;
		trouble->text[0] = '\0';
	}
}

/* --- all of them -------------------------------------------------------- */

/* Those that are no sources any more. */
static void _forget(struct starter *starter, const struct sources *sources)
{
	const char *path;
	size_t pos = 0;

	while (table_next(starter->troubles, &pos, &path))
		if (!sources_find(sources, path))
			_free_trouble(table_take(starter->troubles, path));
}

static void _round(void *arg)
{
	struct starter *starter = arg;
	const struct sources *sources = executor_sources(starter->executor);
	int64_t now = clock_mono_us();
	bool any = false;

	_forget(starter, sources);

	for (size_t i = 0; i < sources_count(sources); i++) {
		const struct source *source = sources_at(sources, i);
		struct trouble *trouble = table_get(starter->troubles,
						    source->path);

		if (source->state == SOURCE_OFF) {
			_off(starter, source, trouble, now);
			any = true;
		} else if (source->state > SOURCE_OFF) {
			_on(source, trouble, now);
		}
	}
	if (any)
		loop_timer_set(starter->timer, ROUND_US);
}

void starter_sources(struct starter *starter)
{
	loop_timer_set(starter->timer, 0);
}

const char *starter_says(const struct starter *starter,
			 const struct source *source)
{
	const struct trouble *trouble = table_get(starter->troubles,
						  source->path);

	if (source->state != SOURCE_OFF && source->state != SOURCE_RUNNING)
		return NULL;
	return trouble && *trouble->text ? trouble->text : NULL;
}

struct starter *starter_create(struct loop *loop, struct executor *executor,
			       const struct drains *drains, struct err *err)
{
	struct starter *starter = calloc(1, sizeof(*starter));

	if (starter) {
		starter->executor = executor;
		starter->drains = drains;
		starter->troubles = table_create(CONFIG_SOURCES_MAX,
						 _free_trouble);
		starter->timer = loop_timer_create(loop, _round, starter,
						   err);
	}
	if (!starter || !starter->troubles || !starter->timer) {
		starter_destroy(starter);
		err_nomem(err);
		return NULL;
	}
	return starter;
}

void starter_destroy(struct starter *starter)
{
	if (!starter)
		return;
	table_destroy(starter->troubles);
	loop_timer_destroy(starter->timer);
	free(starter);
}
