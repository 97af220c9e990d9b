/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard when things change under it: between its two verdicts, between
 * the last one and the act, and around the machine. The plain cases are in
 * guard_cases.c.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/rules/owner.h"
#include "await.h"
#include "tap.h"
#include "trial.h"

#define FROM(vm) ",\"from\":\"" vm "\""
#define OURS(node) STAGE_FOLDER "/" node
#define FAR "not in the VM's own directory"

static const char *_kind(const struct stage_seen *seen)
{
	return event_name(seen->ev.kind);
}

static void _judge(struct stage *stage, const struct record *rec,
		   enum guard_level level, const char *why, const char *what)
{
	trial_judge(stage, rec, level, why, what);
}

static void _off(struct stage *stage, const struct record *rec)
{
	is_str(_kind(stage_guarded(stage, rec, ACTION_POWER_OFF)),
	       "POWERED_OFF", "powered off");
}

static void _refuses_act(struct stage *stage, const struct record *rec,
			 enum action_kind kind, const char *why,
			 const char *what)
{
	const struct stage_seen *seen = stage_act(stage, rec, kind);

	is_str(_kind(seen), "FAILED", what);
	has_str(seen->text, why, what);
}

/* --- between the verdicts ----------------------------------------------- */

/* It was good when it was powered off. */
static void _test_changed(struct stage *stage)
{
	static const char *const changes[][3] = {
		{ "steal_disk", FROM(STAGE_ESX01), FAR },
		{ "attach", FROM(STAGE_ESX02), FAR },
		{ "move", ",\"folder\":\"/DC1/vm\"", "clone folder" },
		{ "template", "", "template" },
		{ "set", ",\"key\":\"sclone.owner\"", "no owner key" },
		{ "power_on", "", "not powered off" },
	};
	struct record rec;
	char node[16];

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		snprintf(node, sizeof(node), "vm6%zu", i);
		stage_clone(stage, &rec, node);
		_off(stage, &rec);
		stage_harm(stage, rec.vm, changes[i][0], changes[i][1]);
		_judge(stage, &rec, GUARD_DESTROY, changes[i][2],
		       changes[i][0]);
		_refuses_act(stage, &rec, ACTION_DESTROY, "was not asked",
			     "not destroyed");
	}
	/* The last one runs again: the circle can be walked once more. */
	_judge(stage, &rec, GUARD_POWER_OFF, NULL, "powered on again");
	stage_harm(stage, rec.vm, "kill", "");
	trial_destroy(stage, &rec);
}

/* --- between the verdict and the act ------------------------------------ */

static int64_t shift;	/* of this process's clocks; it only grows */

static int64_t _time(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / 1000 + shift;
}

static int64_t _wall(void *arg)
{
	(void) arg;
	return _time(CLOCK_REALTIME);
}

static int64_t _mono(void *arg)
{
	(void) arg;
	return _time(CLOCK_MONOTONIC);
}

/* A disk write between the two takes three seconds. */
static void _test_stale(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm70");
	_judge(stage, &rec, GUARD_POWER_OFF, NULL, "vm70");
	shift += 3 * CLOCK_US_PER_S;
	_refuses_act(stage, &rec, ACTION_POWER_OFF, "more than 2 s old",
		     "a stale verdict powers nothing off");
	_off(stage, &rec);
	_judge(stage, &rec, GUARD_DESTROY, NULL, "vm70");
	shift += 3 * CLOCK_US_PER_S;
	_refuses_act(stage, &rec, ACTION_DESTROY, "more than 2 s old",
		     "nor destroys");
	trial_destroy(stage, &rec);
}

/* What a verdict is good for: one act, on this VM, in this epoch. */
static void _test_passes(struct stage *stage)
{
	struct record rec, next, other;

	stage_clone(stage, &rec, "vm71");
	stage_clone(stage, &other, "vm72");
	_refuses_act(stage, &rec, ACTION_POWER_OFF, "was not asked",
		     "no power-off without a verdict");
	_off(stage, &rec);
	_refuses_act(stage, &rec, ACTION_POWER_OFF, "was not asked",
		     "a verdict is used up");
	_refuses_act(stage, &rec, ACTION_DESTROY, "was not asked",
		     "no destroy without one");
	_judge(stage, &rec, GUARD_POWER_OFF, NULL, "vm71");
	_refuses_act(stage, &rec, ACTION_DESTROY, "was not asked",
		     "nor with one of the other level");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "vm71");
	next = rec;
	next.epoch++;
	_refuses_act(stage, &next, ACTION_DESTROY, "was not asked",
		     "nor in another epoch");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "vm71");
	next = rec;
	memcpy(next.vm, other.vm, sizeof(next.vm));
	_refuses_act(stage, &next, ACTION_DESTROY, "was not asked",
		     "nor for another VM");
	trial_destroy(stage, &rec);
	trial_destroy(stage, &other);
}

/* Two records claim one VM: each has its own verdict. */
static void _test_claimed_twice(struct stage *stage)
{
	unsigned before = stage->ended;
	struct record rec, other;

	stage_clone(stage, &rec, "vm73");
	stage_clone(stage, &other, "vm74");
	memcpy(other.vm, rec.vm, sizeof(other.vm));
	before = stage->ended;
	stage_ask(stage, &rec, ACTION_GUARD, GUARD_POWER_OFF);
	stage_ask(stage, &other, ACTION_GUARD, GUARD_POWER_OFF);
	await(stage->vc.loop, &stage->ended, before + 2);
	is_str(stage->end.node, "vm74", "both are judged");
	is_str(_kind(&stage->end), "GUARD_REFUSED", "the wrong one is told");
	_off(stage, &rec);
}

/* --- another id --------------------------------------------------------- */

/* Gone is what is not there under its id; its files stay until somebody has
 * looked who it is now. */
static void _test_registered(struct stage *stage)
{
	static const char *const acts[] = { "register", "remove" };
	struct trial_files *before;
	struct record rec;

	for (size_t i = 0; i < 2; i++) {
		stage_clone(stage, &rec, i ? "vm76" : "vm75");
		before = trial_files_read(stage);
		stage_harm(stage, rec.vm, acts[i], "");
		is_str(_kind(stage_guard(stage, &rec, GUARD_POWER_OFF)),
		       "VM_GONE", acts[i]);
		is_str(_kind(stage_guard(stage, &rec, GUARD_DESTROY)),
		       "VM_GONE", acts[i]);
		_refuses_act(stage, &rec, ACTION_DESTROY, "was not asked",
			     "nothing is destroyed");
		is_str(_kind(stage_act(stage, &rec, ACTION_PROVE_ABSENCE)),
		       i ? "ABSENCE_PROVEN" : "ABSENCE_UNPROVEN",
		       "is it gone?");
		trial_files_same(stage, before, NULL, acts[i]);
		trial_files_destroy(before);
	}
}

/* Registered again, it is found by what it is. */
static void _test_adopted(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_clone(stage, &rec, "vm77");
	stage_harm(stage, rec.vm, "register", "");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	is_str(_kind(seen), "LOOKED_UP", "looked up");
	ok(seen->ev.look == LOOK_OURS && strcmp(seen->vm, rec.vm),
	   "under another id");
	snprintf(rec.vm, sizeof(rec.vm), "%.63s", seen->vm);
	trial_destroy(stage, &rec);
}

/* --- clones of clones --------------------------------------------------- */

static void _test_child(struct stage *stage)
{
	static const char *const moves[] = {
		NULL, ",\"folder\":\"/DC1/vm/templates\""
	};
	struct record rec;
	struct moref vm;

	for (unsigned i = 0; i < 2; i++) {
		stage_clone(stage, &rec, i ? "vm79" : "vm78");
		(void) moref_set(&vm, "VirtualMachine", rec.vm, NULL);
		stage_foreign(stage, &vm, "child", NULL);
		await(stage->vc.loop, &stage->foreign_ended, i + 1);
		if (moves[i])
			stage_harm(stage, stage->made.id, "move", moves[i]);
		_off(stage, &rec);
		_judge(stage, &rec, GUARD_DESTROY,
		       "uses files in the VM's directory",
		       i ? "somebody's clone of it, elsewhere"
			 : "somebody's clone of it");
		stage_harm(stage, stage->made.id, "remove", "");
		_judge(stage, &rec, GUARD_DESTROY, NULL, "when that is gone");
		trial_destroy(stage, &rec);
	}
}

/* Each reason goes as its cause does. */
static void _test_healed(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm80");
	stage_harm(stage, rec.vm, "move", ",\"folder\":\"/DC1/vm\"");
	_judge(stage, &rec, GUARD_POWER_OFF, "clone folder", "moved away");
	stage_harm(stage, rec.vm, "move",
		   ",\"folder\":\"" STAGE_FOLDER "\"");
	_off(stage, &rec);
	stage_harm(stage, rec.vm, "attach", FROM(STAGE_ESX01));
	_judge(stage, &rec, GUARD_DESTROY, FAR, "the source's disk");
	stage_harm(stage, rec.vm, "detach", "");
	stage_harm(stage, rec.vm, "bar", ",\"property\":\"layoutEx.disk\"");
	_judge(stage, &rec, GUARD_DESTROY, "cannot be read", "no layoutEx");
	stage_harm(stage, rec.vm, "unbar", "");
	trial_destroy(stage, &rec);
}

/* --- sources ------------------------------------------------------------ */

/* Sources of today, and of a configuration of the past. */
static void _test_sources(struct stage *stage)
{
	const struct sources *sources = executor_sources(stage->executor);
	const struct source *source = sources_find(sources, STAGE_ESX02);
	struct record rec, clone;

	stage_clone(stage, &clone, "vm40");
	_off(stage, &clone);
	stage_harm(stage, clone.vm, "steal_disk", FROM(STAGE_ESX02));
	stage_record(&rec, "vm41");
	snprintf(rec.vm, sizeof(rec.vm), "%.63s", source->vm.id);
	_judge(stage, &rec, GUARD_POWER_OFF, "not in the clone folder",
	       "a source in its place");
	stage_harm(stage, source->vm.id, "move",
		   ",\"folder\":\"" STAGE_FOLDER "\"");
	_judge(stage, &rec, GUARD_POWER_OFF, "a source", "a source");
	_judge(stage, &rec, GUARD_DESTROY, "a source", "a source");
	is_int(stage->kept, 2, "both sources were to be kept");
	stage_restart(stage, STAGE_ESX01);
	_judge(stage, &rec, GUARD_POWER_OFF, "once was, a source",
	       "a source of the past");
	_judge(stage, &rec, GUARD_DESTROY, "once was, a source",
	       "a source of the past");
	is_int(stage->kept, 2, "none of them is new");
	_judge(stage, &clone, GUARD_DESTROY, FAR,
	       "the disk of a source of the past on top");
	stage_clone(stage, &rec, "vm42");
	_off(stage, &rec);
	_judge(stage, &rec, GUARD_DESTROY, NULL, "a plain clone beside");
	stage_harm(stage, stage->past[1][0], "remove", "");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "with a past source gone");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "again");
	_judge(stage, &clone, GUARD_DESTROY, FAR,
	       "its disk on top, which nobody else is known to use");
}

/* A source in our folder with all the marks of a clone. */
static void _test_marked_source(struct stage *stage)
{
	const struct sources *sources = executor_sources(stage->executor);
	const struct source *source = sources_find(sources, STAGE_ESX01);
	char key[OWNER_TEXT_SIZE], more[OWNER_TEXT_SIZE + 64];
	struct record rec;

	stage_record(&rec, "vm43");
	snprintf(rec.vm, sizeof(rec.vm), "%.63s", source->vm.id);
	if (owner_make(STAGE_KEY, strlen(STAGE_KEY), "hpc1", "vm43",
		       rec.epoch, key, NULL) < 0)
		bail_out("no owner key");
	snprintf(more, sizeof(more),
		 ",\"key\":\"sclone.owner\",\"value\":\"%s\"", key);
	stage_harm(stage, rec.vm, "set", more);
	snprintf(more, sizeof(more), ",\"bios_uuid\":\"%s\"",
		 rec.bios_uuid);
	stage_harm(stage, rec.vm, "bios_uuid", more);
	stage_harm(stage, rec.vm, "move",
		   ",\"folder\":\"" STAGE_FOLDER "\"");
	_judge(stage, &rec, GUARD_POWER_OFF, "a source", "a marked source");
	_refuses_act(stage, &rec, ACTION_POWER_OFF, "was not asked",
		     "it is not powered off");
	_judge(stage, &rec, GUARD_DESTROY, "a source", "a marked source");
}

#define TURNS_MAX 10000

/* Three seconds go by after each request, and so while they are read: others
 * are a look's at the sources. */
static void _judge_late(struct stage *stage, const struct record *rec,
			enum guard_level level)
{
	uint64_t sent = executor_requests(stage->executor);
	unsigned before = stage->ended;

	stage_ask(stage, rec, ACTION_GUARD, level);
	for (int i = 0; i < TURNS_MAX && stage->ended == before; i++) {
		if (loop_turn(stage->vc.loop, CLOCK_US_PER_S, NULL) < 0)
			bail_out("the loop broke");
		if (executor_requests(stage->executor) != sent)
			shift += 3 * CLOCK_US_PER_S;
		sent = executor_requests(stage->executor);
	}
	if (stage->ended == before)
		bail_out("no verdict");
	is_str(_kind(&stage->end), "FAILED", "facts that came late");
	has_str(stage->end.text, "not read within the last 2 s",
		"facts that came late");
}

/* Facts that cannot be had. */
static void _test_unknown(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm50");
	_off(stage, &rec);
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"RetrievePropertiesEx\",\"kind\":"
			 "\"fault\",\"type\":\"NoPermission\"}");
	is_str(_kind(stage_guard(stage, &rec, GUARD_DESTROY)), "FAILED",
	       "what cannot be read is not judged");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "then it can");
	_judge_late(stage, &rec, GUARD_POWER_OFF);
	_judge_late(stage, &rec, GUARD_DESTROY);
	_judge(stage, &rec, GUARD_DESTROY, NULL, "then they come in time");
}

/* What shows nothing is being made, but not for ever. */
static void _test_unmade(struct stage *stage)
{
	static const char *const paths[] = { "config.files.vmPathName",
					     "config.hardware.device",
					     "layoutEx.file" };
	struct record rec, other;
	char more[64];

	stage_clone(stage, &rec, "vm51");
	stage_clone(stage, &other, "vm52");
	for (size_t i = 0; i < 3; i++) {
		snprintf(more, sizeof(more), ",\"property\":\"%s\"", paths[i]);
		stage_harm(stage, other.vm, "bar", more);
	}
	_off(stage, &rec);
	_judge(stage, &rec, GUARD_DESTROY, NULL, "one is being made");
	shift += 11 * 60 * CLOCK_US_PER_S;
	_judge(stage, &rec, GUARD_DESTROY, "cannot be read; it may use",
	       "and is not after ten minutes");
	stage_harm(stage, other.vm, "unbar", "");
	trial_destroy(stage, &rec);
}

int main(void)
{
	static const struct clock_source clocks = { _wall, _mono, NULL };
	struct trial_files *before;
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	clock_set_source(&clocks);
	stage_start(&stage);
	before = trial_files_read(&stage);
	_test_changed(&stage);
	_test_stale(&stage);
	_test_passes(&stage);
	_test_claimed_twice(&stage);
	_test_registered(&stage);
	_test_adopted(&stage);
	_test_child(&stage);
	_test_healed(&stage);
	_test_unknown(&stage);
	_test_sources(&stage);
	_test_marked_source(&stage);
	_test_unmade(&stage);
	trial_files_same(&stage, before, NULL, "sources and foreign machines");
	trial_files_destroy(before);
	stage_stop(&stage);
	return done_testing();
}
