/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who stands in the clone folder, and whose mark they bear. */
#include <stdio.h>
#include <string.h>

#include "common/clone/census.h"
#include "await.h"
#include "stage.h"
#include "tap.h"

struct taking {
	struct stage stage;
	unsigned ended;
	enum err_code code;
	unsigned listed;
	const char *explained, *missed;	/* VMs */
	char rows[512];			/* "name:node/epoch " of each */
};

static bool _explains(const struct census_row *row, void *arg)
{
	struct taking *taking = arg;

	taking->listed++;
	return taking->explained && !strcmp(row->vm, taking->explained);
}

static const char *_missed(void *arg)
{
	struct taking *taking = arg;

	return steal_ptr(&taking->missed);
}

static void _row(const struct census_row *row, void *arg)
{
	struct taking *taking = arg;
	size_t len = strlen(taking->rows);

	snprintf(taking->rows + len, sizeof(taking->rows) - len, "%s%s:%s ",
		 row->inside ? "" : "outside/", row->name,
		 row->owned ? row->owner.node : "-");
}

static void _done(const struct err *err, void *arg)
{
	struct taking *taking = arg;

	taking->ended++;
	taking->code = err ? err->code : ERR_NONE;
}

static struct census *_start(struct taking *taking)
{
	struct census_hooks hooks = { _explains, _missed, _row, _done,
				      taking };
	struct census *census;
	struct err err = ERR_INIT;

	taking->listed = 0;
	taking->rows[0] = '\0';
	census = census_start(taking->stage.executor, &hooks, &err);
	if (!census)
		bail_out("%s", err.text);
	return census;
}

static void _take(struct taking *taking)
{
	unsigned before = taking->ended;

	(void) _start(taking);
	await(taking->stage.vc.loop, &taking->ended, before + 1);
}

static void _test_rows(struct taking *taking)
{
	struct stage *stage = &taking->stage;
	const struct source *source =
		sources_at(executor_sources(stage->executor), 0);
	struct record one, two;

	_take(taking);
	ok(taking->code == ERR_NONE && !taking->listed, "an empty folder");
	stage_clone(stage, &one, "vm1");
	stage_clone(stage, &two, "vm2");
	stage_foreign(stage, &source->vm, "pet", NULL);
	await(stage->vc.loop, &stage->foreign_ended, 1);
	stage_harm(stage, two.vm, "rename", ",\"name\":\"other\"");
	taking->explained = one.vm;
	_take(taking);
	is_int(taking->listed, 3, "three machines are listed");
	has_str(taking->rows, "other:vm2 ", "one bears its node's mark");
	has_str(taking->rows, "pet:- ", "one bears none");
	ok(!strstr(taking->rows, "vm1:"), "what is explained is not read");
	stage_harm(stage, two.vm, "move", ",\"folder\":\"/DC1/vm\"");
	taking->missed = two.vm;
	_take(taking);
	is_int(taking->listed, 2, "one has been moved away");
	has_str(taking->rows, "outside/other:vm2 ", "and is looked at there");
	stage_harm(stage, two.vm, "remove", "");
	taking->missed = two.vm;
	_take(taking);
	ok(taking->code == ERR_NONE && !strstr(taking->rows, "other"),
	   "what is gone is left out");
	stage_harm(stage, one.vm, "set", ",\"key\":\"sclone.owner\","
		   "\"value\":\"hpc1/vm1/1/00\"");
	taking->explained = NULL;
	_take(taking);
	has_str(taking->rows, "vm1:- ", "a forged mark is none");
}

static void _test_ends(struct taking *taking)
{
	unsigned before = taking->ended;

	emulated_control(&taking->stage.vc, "/lab/fault",
			 "{\"method\":\"RetrievePropertiesEx\",\"kind\":"
			 "\"fault\",\"type\":\"NoPermission\",\"nth\":2}");
	_take(taking);
	is_int(taking->code, ERR_AUTH, "half a census is none");
	census_cancel(_start(taking));
	await_quiet(taking->stage.vc.loop, 200);
	is_int(taking->ended, before + 1, "a cancelled one says nothing");
}

int main(void)
{
	static struct taking taking;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&taking.stage);
	_test_rows(&taking);
	_test_ends(&taking);
	stage_stop(&taking.stage);
	return done_testing();
}
