/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders in Sources=: who is a source there and who is not, who comes, who
 * leaves, and that none of them is ever destroyed. */
#include <stdio.h>
#include <string.h>

#include "await.h"
#include "tap.h"
#include "trial.h"

#define FOLDER "/DC1/vm/templates/"
#define RECORD ",\"key\":\"guestinfo.sclone.template\"," \
	"\"value\":\"{\\\"v\\\":1}\""
#define NO_RECORD ",\"key\":\"guestinfo.sclone.template\""
#define TO(folder) ",\"folder\":\"" folder "\""
#define NOT_FROZEN "sclone-guest has not frozen it yet"

static const struct sources *_sources(const struct stage *stage)
{
	return executor_sources(stage->executor);
}

static const struct source *_source(const struct stage *stage,
				    const char *path)
{
	return sources_find(_sources(stage), path);
}

/* NULL: it is not refused. */
static const char *_refusal(const struct stage *stage, const char *path)
{
	for (size_t i = 0; i < sources_refused_count(_sources(stage)); i++)
		if (!strcmp(sources_refused_at(_sources(stage), i)->path,
			    path))
			return sources_refused_at(_sources(stage), i)->why;
	return NULL;
}

static bool _is_kept(const struct stage *stage, const char *path)
{
	for (size_t i = 0; i < STAGE_KEPT_MAX; i++)
		if (!strcmp(stage->members[i].path, path))
			return true;
	return false;
}

/* The first one may have begun before what is to be seen. */
static void _look(struct stage *stage)
{
	for (int i = 0; i < 2; i++) {
		unsigned looks = stage->looks;

		sources_poke((struct sources *) (uintptr_t) _sources(stage));
		await(stage->vc.loop, &stage->looks, looks + 1);
	}
}

static void _await_count(struct stage *stage, size_t count, const char *what)
{
	while (sources_count(_sources(stage)) != count)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	is_int((int64_t) sources_count(_sources(stage)), (int64_t) count,
	       what);
}

/* --- who is one --------------------------------------------------------- */

static void _test_fit(struct stage *stage)
{
	stage_harm(stage, STAGE_ESX02, "set", NO_RECORD);
	stage_harm(stage, TRIAL_FOREIGN, "set", NO_RECORD);
	stage_restart(stage, FOLDER);
	_await_count(stage, 1, "what was frozen by sclone-guest is a source");
	is_str(_source(stage, STAGE_ESX01)->why, "", "which can be cloned");
	has_str(_refusal(stage, STAGE_ESX02), NOT_FROZEN, "others are none");
	has_str(_refusal(stage, TRIAL_FOREIGN), NOT_FROZEN, "each is named");
	ok(_is_kept(stage, STAGE_ESX01) && !_is_kept(stage, STAGE_ESX02),
	   "the member is to be kept as one");
	is_int(stage->kept, 3, "and all of them for the guard");
}

static void _test_joins(struct stage *stage)
{
	unsigned shape = sources_shape(_sources(stage));

	stage_harm(stage, STAGE_ESX02, "set", RECORD);
	stage_harm(stage, STAGE_ESX02, "thaw", "");
	_await_count(stage, 2, "one that is frozen later joins, by itself");
	ok(!_refusal(stage, STAGE_ESX02) && _is_kept(stage, STAGE_ESX02),
	   "and is no longer refused");
	ok(sources_shape(_sources(stage)) != shape, "the others may move");
	stage_harm(stage, STAGE_ESX02, "freeze", "");
}

/* What shows nothing while it is off. */
static void _test_stays(struct stage *stage)
{
	stage_harm(stage, STAGE_ESX02, "kill", "");
	stage_harm(stage, STAGE_ESX02, "set", NO_RECORD);
	_look(stage);
	is_int(_source(stage, STAGE_ESX02)->state, SOURCE_OFF,
	       "one that is off stays one");
	stage_restart(stage, FOLDER);
	is_int(_source(stage, STAGE_ESX02)->state, SOURCE_OFF,
	       "also after a restart");
}

static void _test_renamed(struct stage *stage)
{
	unsigned kept = stage->kept;
	const struct source *source;
	struct record rec;

	stage_harm(stage, STAGE_ESX01, "rename", ",\"name\":\"gold\"");
	_look(stage);
	source = _source(stage, FOLDER "gold");
	ok(source && !_source(stage, STAGE_ESX01),
	   "one that is renamed has its new name");
	is_str(stage->former, STAGE_ESX01, "what it was is told");
	is_str(source ? source->why : "none", "", "and can be cloned");
	ok(_is_kept(stage, FOLDER "gold") && !_is_kept(stage, STAGE_ESX01),
	   "which is kept in the place of the former");
	is_int(stage->kept, kept, "to the guard it is the same source");
	stage_record(&rec, "vm4");
	snprintf(rec.vm, sizeof(rec.vm), "%.63s", source ? source->vm.id : "");
	stage_harm(stage, rec.vm, "move", TO(STAGE_FOLDER));
	trial_judge(stage, &rec, GUARD_DESTROY, "a source",
		    "wherever it lies");
	stage_harm(stage, rec.vm, "move", TO("/DC1/vm/templates"));
	stage_harm(stage, rec.vm, "rename", ",\"name\":\"rocky9-esx01\"");
	_look(stage);
}

static void _test_named(struct stage *stage)
{
	stage_restart(stage, STAGE_ESX01 "," FOLDER);
	is_int((int64_t) sources_count(_sources(stage)), 2,
	       "one that is named as well is one source");
	is_int(_source(stage, STAGE_ESX01)->folder, SOURCE_NAMED,
	       "the named one");
	stage_restart(stage, FOLDER);
}

/* --- clones ------------------------------------------------------------- */

static void _test_clone(struct stage *stage)
{
	unsigned kept = stage->kept;
	struct record rec;

	stage_clone(stage, &rec, "vm1");
	stage_harm(stage, rec.vm, "set", RECORD);
	stage_harm(stage, rec.vm, "move", TO("/DC1/vm/templates"));
	while (!_refusal(stage, FOLDER "vm1"))
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	has_str(_refusal(stage, FOLDER "vm1"), "the mark of a clone",
		"a clone there is no source");
	is_int((int64_t) sources_count(_sources(stage)), 2, "and not used");
	is_int(stage->kept, kept, "nor kept as one");
	stage_harm(stage, rec.vm, "move", TO(STAGE_FOLDER));
	trial_destroy(stage, &rec);
}

/* --- who leaves --------------------------------------------------------- */

static void _test_leaves(struct stage *stage)
{
	stage->needed = STAGE_ESX02;
	stage_harm(stage, STAGE_ESX02, "move", TO("/DC1/vm"));
	while (!_source(stage, STAGE_ESX02)->left)
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	is_int(_source(stage, STAGE_ESX02)->state, SOURCE_MISSING,
	       "one that is taken out is not cloned any more");
	ok(moref_is_set(&_source(stage, STAGE_ESX02)->vm),
	   "but known while clones of it need that");
	stage->needed = NULL;
	_look(stage);
	is_int((int64_t) sources_count(_sources(stage)), 1,
	       "then it leaves");
	ok(!_is_kept(stage, STAGE_ESX02), "and is forgotten as a member");
}

/* It lies where clones lie, with a clone's mark or without. */
static void _judge_former(struct stage *stage, const struct record *rec,
			  const char *what)
{
	trial_judge(stage, rec, GUARD_POWER_OFF, "a source", what);
	trial_judge(stage, rec, GUARD_DESTROY, "a source", what);
}

static void _test_former(struct stage *stage)
{
	struct record rec;

	stage_record(&rec, "vm2");
	stage_harm(stage, "/DC1/vm/rocky9-esx02", "move", TO(STAGE_FOLDER));
	snprintf(rec.vm, sizeof(rec.vm), "%.63s", stage->past[1][0]);
	_judge_former(stage, &rec, "a member of before");
	stage_restart(stage, FOLDER);
	_judge_former(stage, &rec, "also after a restart");
	stage_harm(stage, rec.vm, "move", TO("/DC1/vm/templates"));
}

/* Without a journal, nothing is judged before the folder was listed. */
static void _test_unlisted(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_clone(stage, &rec, "vm3");
	stage->kept = 0;
	memset(stage->members, 0, sizeof(stage->members));
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"FindByInventoryPath\","
			 "\"kind\":\"fault\",\"times\":0}");
	stage_reopen(stage, FOLDER);
	seen = stage_guard(stage, &rec, GUARD_POWER_OFF);
	is_str(event_name(seen->ev.kind), "FAILED", "no verdict yet");
	has_str(seen->text, "have not been listed yet", "which is said");
	emulated_control(&stage->vc, "/lab/fault", "{\"kind\":\"clear\"}");
	while (!sources_listed(_sources(stage)) ||
	       !sources_folder(_sources(stage)))
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	trial_destroy(stage, &rec);
	ok(stage->kept >= 3, "all that lies there is known again");
}

/* --- vCenter ------------------------------------------------------------ */

static void _rename(struct stage *stage, const char *path, const char *name)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"folder\":\"%s\",\"name\":\"%s\"}",
		 path, name);
	emulated_control(&stage->vc, "/lab/folder", json);
}

static void _test_vanishes(struct stage *stage)
{
	_rename(stage, "/DC1/vm/templates", "elsewhere");
	_look(stage);
	has_str(_refusal(stage, FOLDER), "no such folder", "a folder that "
		"vanishes is told of");
	is_str(_source(stage, STAGE_ESX01)->why, "", "its source stays");
	stage_restart(stage, FOLDER);
	is_int((int64_t) sources_count(_sources(stage)), 1,
	       "also after a restart");
	is_str(_source(stage, STAGE_ESX01)->why, "", "and can be cloned");
	stage_harm(stage, "/DC1/vm/elsewhere/rocky9-esx01", "remove", "");
	_look(stage);
	is_str(_source(stage, STAGE_ESX01)->why, "it is gone",
	       "when its VM is gone, that is said");
	_rename(stage, "/DC1/vm/elsewhere", "templates");
	_look(stage);
	is_int((int64_t) sources_count(_sources(stage)), 0,
	       "and believed when the folder is back");
}

int main(void)
{
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	_test_fit(&stage);
	_test_joins(&stage);
	_test_stays(&stage);
	_test_renamed(&stage);
	_test_named(&stage);
	_test_clone(&stage);
	_test_leaves(&stage);
	_test_former(&stage);
	_test_unlisted(&stage);
	_test_vanishes(&stage);
	stage_stop(&stage);
	return done_testing();
}
