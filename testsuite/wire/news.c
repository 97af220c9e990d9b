/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vCenter tells of the sources by itself, long before the next look; and
 * of clones of which it tells nothing. */
#include <stdio.h>
#include <string.h>

#include "await.h"
#include "stage.h"
#include "tap.h"

static const struct source *_source(const struct stage *stage)
{
	return sources_find(executor_sources(stage->executor), STAGE_ESX01);
}

static void _await_state(struct stage *stage, enum source_state state,
			 const char *why, const char *what)
{
	while (_source(stage)->state != state)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	is_str(_source(stage)->why, why, what);
}

static void _control(struct stage *stage, const char *path, const char *json)
{
	emulated_control(&stage->vc, path, json);
}

static void _test_state(struct stage *stage)
{
	_control(stage, "/lab/fault",
		 "{\"kind\":\"maintenance\",\"host\":\"esx01\"}");
	_await_state(stage, SOURCE_UNFIT, "its host esx01 is in maintenance "
		     "mode", "maintenance is told");
	_control(stage, "/lab/fault",
		 "{\"kind\":\"maintenance\",\"host\":\"esx01\",\"on\":false}");
	_await_state(stage, SOURCE_FROZEN, "", "and its end");
	_control(stage, "/lab/fault",
		 "{\"kind\":\"host_lost\",\"host\":\"esx01\"}");
	_await_state(stage, SOURCE_UNFIT, "its host esx01 is not connected",
		     "a lost host is told");
	_control(stage, "/lab/fault",
		 "{\"kind\":\"host_lost\",\"host\":\"esx01\",\"lost\":false}");
	_await_state(stage, SOURCE_FROZEN, "", "and that it is back");
	_control(stage, "/lab/datastore",
		 "{\"datastore\":\"ds1\",\"maintenance\":true}");
	_await_state(stage, SOURCE_UNFIT, "its datastore ds1 is in "
		     "maintenance mode", "a datastore is told of");
	_control(stage, "/lab/datastore",
		 "{\"datastore\":\"ds1\",\"maintenance\":false}");
	_await_state(stage, SOURCE_FROZEN, "", "again");
	stage_harm(stage, "rocky9-esx01", "thaw", "");
	_await_state(stage, SOURCE_RUNNING, "it runs, but is not frozen: "
		     "sclone-guest freeze, in the guest", "a thaw is told");
	stage_harm(stage, "rocky9-esx01", "freeze", "");
	_await_state(stage, SOURCE_FROZEN, "", "it is frozen again");
}

static long _looks(struct stage *stage)
{
	_control(stage, "/lab/stats", "{}");
	return emulated_number(&stage->vc, "RetrievePropertiesEx");
}

/* Figures that nobody asked for. */
static void _test_room(struct stage *stage)
{
	int64_t memory = _source(stage)->host_free;
	int64_t space = _source(stage)->space_free;

	_control(stage, "/lab/host",
		 "{\"host\":\"esx01\",\"others_mb\":1000}");
	while (_source(stage)->host_free == memory)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	is_int(_source(stage)->host_free, memory - 1000, "memory is told");
	_control(stage, "/lab/datastore",
		 "{\"datastore\":\"ds1\",\"free_mb\":5}");
	while (_source(stage)->space_free == space)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	is_int(_source(stage)->space_free, 5, "space is told");
}

static void _test_motion(struct stage *stage)
{
	stage_harm(stage, "rocky9-esx01", "migrate", ",\"host\":\"esx02\"");
	while (strcmp(_source(stage)->host, "esx02") != 0)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	_await_state(stage, SOURCE_FROZEN, "", "its new host is looked at");
	_control(stage, "/lab/fault",
		 "{\"kind\":\"maintenance\",\"host\":\"esx02\"}");
	_await_state(stage, SOURCE_UNFIT, "its host esx02 is in maintenance "
		     "mode", "and is followed");
	_control(stage, "/lab/fault",
		 "{\"kind\":\"maintenance\",\"host\":\"esx02\",\"on\":false}");
	_await_state(stage, SOURCE_FROZEN, "", "it is well");
}

static void _test_restart(struct stage *stage)
{
	_control(stage, "/lab/fault", "{\"kind\":\"restart\"}");
	stage_harm(stage, "rocky9-esx01", "kill", "");
	_await_state(stage, SOURCE_OFF, "it is off; once on, it freezes "
		     "itself at the end of its boot",
		     "after a restart of vCenter the news go on");
}

/* The watch has a VM but once. */
static void _test_unwatched(struct stage *stage)
{
	struct record rec, other;

	stage_record(&rec, "vm1");
	rec.phase = PHASE_CLONED;
	snprintf(rec.vm, sizeof(rec.vm), "vm-4242");
	other = rec;
	snprintf(other.node, sizeof(other.node), "vm2");
	executor_stepped(stage->executor, &rec);
	is_int(stage->unwatched, 0, "a clone is watched");
	executor_stepped(stage->executor, &other);
	is_int(stage->unwatched, 1, "one that cannot be is told of");
	has_str(stage->unwatched_why.text, "vm-4242 is watched already",
		"and why");
	executor_stepped(stage->executor, &other);
	is_int(stage->unwatched, 1, "once");
	other.epoch++;
	executor_stepped(stage->executor, &other);
	is_int(stage->unwatched, 2, "and the next clone of its name again");
	rec.phase = other.phase = PHASE_RELEASING;
	executor_stepped(stage->executor, &rec);
	executor_stepped(stage->executor, &other);
}

int main(void)
{
	struct stage stage;
	long looks;

	stage_start(&stage);
	while (_source(&stage)->state != SOURCE_FROZEN)
		await(stage.vc.loop, &stage.changes, stage.changes + 1);
	looks = _looks(&stage);
	ok(looks > 0, "the sources are looked at");
	_test_state(&stage);
	_test_room(&stage);
	is_int(_looks(&stage), looks, "all without a look");
	_test_motion(&stage);
	_test_restart(&stage);
	_test_unwatched(&stage);
	stage_stop(&stage);
	return done_testing();
}
