/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How Slurm's node table is read, and how often. */
#include <string.h>

#include "common/base/clock.h"
#include "scloned/sight.h"
#include "tap.h"

static void _test_pause(void)
{
	int64_t ms = CLOCK_US_PER_MS, s = CLOCK_US_PER_S;

	is_int(sight_pause(true, 1 * ms), 100 * ms, "a quick look");
	is_int(sight_pause(true, 30 * ms), 300 * ms, "a longer one");
	is_int(sight_pause(true, 10 * s), 1 * s,
	       "slurmctld stood still: waiters are not forgotten for it");
	is_int(sight_pause(false, 1 * ms), 5 * s, "at leisure");
	is_int(sight_pause(false, 1 * s), 10 * s, "a long look at leisure");
	is_int(sight_pause(false, INT64_MAX), 30 * s, "never too seldom");
	is_int(sight_pause(true, -5 * s), 100 * ms, "the clock was set back");
}

static void _test_read(void)
{
	static const char text[] =
		"{\"name\":\"vm1\",\"state\":\"MIXED+CLOUD+POWER_DOWN\","
		"\"boot\":1,\"cpus\":1,\"memory\":1,\"reason\":\"why\"}";
	cleanup_json struct json *json = json_parse(text, strlen(text), NULL);
	struct nodeview view;
	const char *name = "";

	is_int(sight_read(json, 7, &name, &view, NULL), 0, "a node is read");
	is_str(name, "vm1", "its name");
	ok(view.seen == 7 && view.base == NODE_ALLOCATED && view.power_down,
	   "MIXED is allocated; the mark is seen");
	ok(!view.powering_down && !view.powered_down && !view.powering_up,
	   "and no other flag");
	is_str(view.reason, "why", "its reason");
	json_destroy(json);
	json = json_parse("{\"name\":\"vm1\"}", 14, NULL);
	is_int(sight_read(json, 7, &name, &view, NULL), -1,
	       "a node without state is refused");
}

int main(void)
{
	_test_pause();
	_test_read();
	return done_testing();
}
