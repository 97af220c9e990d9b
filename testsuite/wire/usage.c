/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clones take of memory and space, as an account can read it. */
#include <stdio.h>
#include <string.h>

#include "common/clone/usage.h"
#include "await.h"
#include "stage.h"
#include "tap.h"

#define MEMORY "summary.quickStats.hostMemoryUsage"
#define SPACE "summary.storage.committed"

struct taking {
	struct stage stage;
	unsigned rows, ended;
	enum err_code code;
	char name[OWNER_NODE_SIZE];	/* of the last row, and: */
	int64_t memory, space;
};

static void _row(const struct usage_row *row, void *arg)
{
	struct taking *taking = arg;

	taking->rows++;
	taking->memory = row->memory;
	taking->space = row->space;
	snprintf(taking->name, sizeof(taking->name), "%s", row->name);
}

static void _done(const struct err *err, void *arg)
{
	struct taking *taking = arg;

	taking->ended++;
	taking->code = err ? err->code : ERR_NONE;
}

static struct usage *_start(struct taking *taking)
{
	struct usage_hooks hooks = { _row, _done, taking };
	struct err err = ERR_INIT;
	struct usage *usage = usage_start(taking->stage.executor, &hooks,
					  &err);

	if (!usage)
		bail_out("%s", err.text);
	return usage;
}

static void _read(struct taking *taking)
{
	taking->rows = 0;
	(void) _start(taking);
	await(taking->stage.vc.loop, &taking->ended, taking->ended + 1);
}

static void _bar(struct taking *taking, const char *vm, const char *property,
		 const char *type)
{
	char more[128];

	snprintf(more, sizeof(more), ",\"property\":\"%s\",\"type\":\"%s\"",
		 property, type);
	stage_harm(&taking->stage, vm, "bar", more);
}

static void _test_told(struct taking *taking)
{
	_read(taking);
	is_int(taking->rows, 1, "sources do not count, a clone does");
	is_str(taking->name, "vm1", "by its name");
	ok(taking->memory > 0 && taking->memory < 100000,
	   "its memory in MiB");
	ok(taking->space > 0 && taking->space < 100000,
	   "its space in MiB, of bytes");
}

static void _test_untold(struct taking *taking, const char *vm)
{
	int64_t memory = taking->memory, space = taking->space;

	_bar(taking, vm, MEMORY, "");
	_read(taking);
	ok(taking->memory == SOURCE_UNTOLD && taking->space == space,
	   "a figure that is not there is not told, the other is");
	stage_harm(&taking->stage, vm, "unbar", "");
	_bar(taking, vm, SPACE, "NoPermission");
	_read(taking);
	ok(taking->memory == memory && taking->space == SOURCE_UNTOLD,
	   "so is one that the account may not read");
	is_int(taking->code, ERR_NONE, "which is no failure");
	stage_harm(&taking->stage, vm, "unbar", "");
}

static void _test_ends(struct taking *taking)
{
	unsigned ended = taking->ended;

	emulated_control(&taking->stage.vc, "/lab/fault",
			 "{\"method\":\"RetrievePropertiesEx\","
			 "\"kind\":\"fault\",\"type\":\"NoPermission\","
			 "\"times\":0}");
	_read(taking);
	ok(taking->code != ERR_NONE && !taking->rows,
	   "a listing that fails says so, and tells nothing");
	emulated_control(&taking->stage.vc, "/lab/fault",
			 "{\"kind\":\"clear\"}");
	usage_cancel(_start(taking));
	usage_cancel(NULL);
	_read(taking);
	is_int(taking->ended, ended + 2, "one that is cancelled ends never");
	is_int(taking->code, ERR_NONE, "and the next one well");
}

int main(void)
{
	static struct taking taking;
	struct record rec;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&taking.stage);
	stage_clone(&taking.stage, &rec, "vm1");
	_test_told(&taking);
	_test_untold(&taking, rec.vm);
	_test_ends(&taking);
	stage_stop(&taking.stage);
	return done_testing();
}
