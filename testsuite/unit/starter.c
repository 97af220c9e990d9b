/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources that are off and cannot be powered on: how often that is tried, and
 * what is said meanwhile. Only the executor and the clock are made up. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "scloned/starter.h"
#include "loop_scene.h"
#include "tap.h"

#define S CLOCK_US_PER_S
#define PATH "/DC/vm/t/r9-1"
#define LACKS "the account lacks VirtualMachine.Interact.PowerOn on it"

static int64_t now = 1000 * S;
static struct source source;
static struct drain *drain;
static struct loop *loop;
static struct starter *starter;

/* What was asked of the executor, and is not answered yet. */
static void (*done)(const struct err *failure, void *arg);
static void *done_arg;
static unsigned asked;

/* --- what the starter sees ---------------------------------------------- */

const struct sources *executor_sources(const struct executor *executor)
{
	(void) executor;
	return NULL;
}

size_t sources_count(const struct sources *sources)
{
	(void) sources;
	return 1;
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
	(void) sources;
	(void) index;
	return &source;
}

const struct source *sources_find(const struct sources *sources,
				  const char *path)
{
	(void) sources;
	return strcmp(path, PATH) == 0 ? &source : NULL;
}

const struct drain *drains_of(const struct drains *drains,
			      const char *template_name, const char *path)
{
	(void) drains;
	(void) template_name;
	(void) path;
	return drain;
}

struct start *executor_start(struct executor *executor, const char *path,
			     void (*cb)(const struct err *failure, void *arg),
			     void *arg, struct err *err)
{
	(void) executor;
	(void) err;
	is_str(path, PATH, "it is powered on");
	asked++;
	done = cb;
	done_arg = arg;
	return (struct start *) (uintptr_t) &asked;	/* never looked into */
}

void executor_start_cancel(struct start *start)
{
	(void) start;
}

/* --- time --------------------------------------------------------------- */

static int64_t _now(void *arg)
{
	(void) arg;
	return now;
}

/* A round at that time: what is due is done. */
static void _round(int64_t at)
{
	now = at;
	starter_sources(starter);
	turn_what_is_due(loop);
}

/* No try before that time, one at it. */
static void _tried_at(int64_t at, const char *what)
{
	unsigned before = asked;

	_round(at - 1);
	is_int(asked, before, "not before");
	_round(at);
	is_int(asked, before + 1, what);
}

static void _fail(const char *text)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_AUTH, "%s", text);
	done(&err, done_arg);
}

static void _set(enum source_state state)
{
	source.state = state;
	source.powered = state > SOURCE_OFF;
}

/* --- the tests ---------------------------------------------------------- */

static void _test_backs_off(void)
{
	static const int64_t pauses[] = { 60, 120, 240, 480, 960, 1800, 1800,
					  1800 };

	_set(SOURCE_OFF);
	_round(now);
	ok(!starter_says(starter, &source), "nothing is done at first");
	_tried_at(now + 5 * S, "then it is tried, soon");
	has_str(starter_says(starter, &source), "being powered on",
		"which is said");
	_round(now + 3600 * S);
	is_int(asked, 1, "once, while there is no answer");
	now -= 3600 * S;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		_fail(LACKS);
		has_str(starter_says(starter, &source), "cannot be powered "
			"on: " LACKS, "a failure is said, with its cure");
		_tried_at(now + pauses[i] * S, "ever more seldom, but for "
			  "ever");
	}
}

static void _test_comes_back(void)
{
	done(NULL, done_arg);
	has_str(starter_says(starter, &source), "is awaited",
		"it is on: its boot is awaited");
	_set(SOURCE_RUNNING);
	_round(now + 30 * S);
	has_str(starter_says(starter, &source), "is awaited", "still");
	_set(SOURCE_FROZEN);
	_round(now + 30 * S);
	ok(!starter_says(starter, &source), "frozen again: nothing to say");
}

/* Off again at once: it was not well. After a while it is the first time. */
static void _test_again(void)
{
	int64_t tried = now - 60 * S;

	_set(SOURCE_OFF);
	_round(now + 10 * S);
	_tried_at(tried + 1800 * S, "off again soon: as seldom as before");
	done(NULL, done_arg);
	_set(SOURCE_FROZEN);
	_round(now + 10 * S);
	_set(SOURCE_OFF);
	_round(now + 600 * S);
	_tried_at(now + 5 * S, "after ten good minutes: soon again");
	_fail(LACKS);
}

static void _test_not(void)
{
	unsigned before = asked;
	struct drain one = { .since = 0 };

	drain = &one;
	_round(now + 3600 * S);
	drain = NULL;
	source.host_ok = false;
	_round(now + 3600 * S);
	source.host_ok = true;
	source.is_template = 1;
	_round(now + 3600 * S);
	source.is_template = 0;
	source.powered = SOURCE_UNTOLD;
	_round(now + 3600 * S);
	is_int(asked, before, "not one that is drained, on a host that is "
	       "away, a vSphere template, or not known to be off");
	source.powered = 0;
	_round(now);
	is_int(asked, before + 1, "else it is");
}

int main(void)
{
	static const struct clock_source clock = { _now, _now, NULL };
	struct err err = ERR_INIT;

	source = (struct source) { .path = PATH, .template_name = "r9",
				   .host_ok = true };
	loop = loop_create(&err);
	if (!loop)
		bail_out("%s", err.text);
	clock_set_source(&clock);
	starter = starter_create(loop, NULL, NULL, &err);
	if (!starter)
		bail_out("%s", err.text);
	_test_backs_off();
	_test_comes_back();
	_test_again();
	_test_not();
	starter_destroy(starter);
	clock_set_source(NULL);
	loop_destroy(loop);
	return done_testing();
}
