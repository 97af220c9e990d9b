/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard on VMs with real disk files: each case harms one clone in one
 * way, and asks whether it may be powered off and destroyed. The emulator
 * deletes a parent's file when it is told to; nothing here may make it.
 */
#include <stdio.h>
#include <string.h>

#include "common/rules/owner.h"
#include "await.h"
#include "stage.h"
#include "tap.h"

#define OTHER_UUID "564d0b5e-1111-2222-3333-444455556666"

static const char *_kind(const struct stage_seen *seen)
{
	return event_name(seen->ev.kind);
}

/* Ask at one level; why: part of the refusal. */
static void _judge(struct stage *stage, const struct record *rec,
		   enum guard_level level, const char *why, const char *what)
{
	const struct stage_seen *seen = stage_guard(stage, rec, level);
	const char *name = level == GUARD_DESTROY ? "destroy" : "power off";
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, name);
	if (!why) {
		is_str(_kind(seen), "GUARD_OK", text);
		ok(seen->ev.level == level && seen->ev.facts_at > 0 &&
		   seen->ev.powered_off == (level == GUARD_DESTROY),
		   "%s: the verdict's facts", text);
		return;
	}
	is_str(_kind(seen), "GUARD_REFUSED", text);
	has_str(seen->text, why, text);
}

static void _off(struct stage *stage, const struct record *rec)
{
	const struct stage_seen *seen = stage_act(stage, rec,
						  ACTION_POWER_OFF);

	if (seen->ev.kind != EVENT_POWERED_OFF)
		bail_out("%s: %s", _kind(seen), seen->text);
}

/* Both levels; why_off NULL: may be powered off, why NULL: destroyed. */
static void _both(struct stage *stage, const struct record *rec,
		  const char *why_off, const char *why, const char *what)
{
	_judge(stage, rec, GUARD_POWER_OFF, why_off, what);
	_off(stage, rec);
	_judge(stage, rec, GUARD_DESTROY, why, what);
}

static void _destroy(struct stage *stage, const struct record *rec)
{
	const struct stage_seen *seen;

	is_str(_kind(stage_act(stage, rec, ACTION_DESTROY)), "DESTROYED",
	       "destroyed");
	seen = stage_act(stage, rec, ACTION_PROVE_ABSENCE);
	is_str(_kind(seen), "ABSENCE_PROVEN", "and proven gone");
}

/* --- may go ------------------------------------------------------------- */

static void _test_plain(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm1");
	_judge(stage, &rec, GUARD_DESTROY, "not powered off",
	       "while it is on");
	_both(stage, &rec, NULL, NULL, "a plain clone");
	_destroy(stage, &rec);
}

/* What users and admins may do to a clone without keeping it for ever. */
static void _test_used(struct stage *stage)
{
	static const char *const acts[][3] = {
		{ "freeze", "", "frozen by its user" },
		{ "snapshot", ",\"name\":\"mine\"", "with a snapshot" },
		{ "snapshot", ",\"name\":\"backup\"", "with a backup" },
		{ "migrate", ",\"host\":\"esx02\"", "moved to another host" },
		{ "rename", ",\"name\":\"pet\"", "renamed" },
	};
	struct record rec;

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		stage_clone(stage, &rec, "vm1");
		stage_harm(stage, rec.vm, acts[i][0], acts[i][1]);
		_both(stage, &rec, NULL, NULL, acts[i][2]);
		_destroy(stage, &rec);
	}
}

/* --- may not ------------------------------------------------------------ */

static void _test_disks(struct stage *stage)
{
	struct record rec, other;
	struct moref vm;

	stage_clone(stage, &rec, "vm10");
	stage_harm(stage, rec.vm, "steal_disk", ",\"from\":\"" STAGE_ESX01
						"\"");
	_both(stage, &rec, NULL, "used by", "the source's disk on top");
	stage_clone(stage, &other, "vm11");
	stage_clone(stage, &rec, "vm12");
	stage_harm(stage, rec.vm, "steal_disk", ",\"from\":\"" STAGE_FOLDER
						"/vm11\"");
	_both(stage, &rec, NULL, "used by", "another clone's disk on top");
	stage_clone(stage, &rec, "vm13");
	(void) moref_set(&vm, "VirtualMachine", rec.vm, NULL);
	stage_foreign(stage, &vm, "child", NULL);
	await(stage->vc.loop, &stage->foreign_ended, 1);
	_both(stage, &rec, NULL, "used by", "a parent of somebody's clone");
	stage_harm(stage, stage->made.id, "remove", "");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "the child is gone");
}

static void _test_place(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm20");
	stage_harm(stage, rec.vm, "move", ",\"folder\":\"/DC1/vm\"");
	_judge(stage, &rec, GUARD_POWER_OFF, "not in the clone folder",
	       "moved away");
	stage_harm(stage, rec.vm, "kill", "");
	_judge(stage, &rec, GUARD_DESTROY, "not in the clone folder",
	       "moved away");
	stage_harm(stage, rec.vm, "move", ",\"folder\":\"" STAGE_FOLDER "\"");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "moved back");
}

static void _test_identity(struct stage *stage)
{
	struct record rec;

	stage_clone(stage, &rec, "vm21");
	stage_harm(stage, rec.vm, "instance_uuid",
		   ",\"instance_uuid\":\"" OTHER_UUID "\"");
	_both(stage, &rec, "instanceUuid", "instanceUuid",
	      "another instanceUuid");
	stage_clone(stage, &rec, "vm22");
	stage_harm(stage, rec.vm, "template", "");
	_judge(stage, &rec, GUARD_POWER_OFF, "template", "made a template");
	stage_clone(stage, &rec, "vm23");
	rec.epoch++;
	_both(stage, &rec, "owner key says", "owner key says",
	      "of another epoch");
	stage_clone(stage, &rec, "vm24");
	owner_bios_uuid("hpc1", "vm24", 7, rec.bios_uuid);
	_both(stage, &rec, "biosUuid", "biosUuid", "of another biosUuid");
}

static void _test_owner(struct stage *stage)
{
	char key[OWNER_TEXT_SIZE], more[OWNER_TEXT_SIZE + 64];
	struct record rec, other;

	stage_clone(stage, &rec, "vm30");
	stage_clone(stage, &other, "vm31");
	if (owner_make(STAGE_KEY, strlen(STAGE_KEY), "hpc1", "vm31",
		       other.epoch, key, NULL) < 0)
		bail_out("no key");
	snprintf(more, sizeof(more), ",\"key\":\"sclone.owner\","
		 "\"value\":\"%s\"", key);
	stage_harm(stage, rec.vm, "set", more);
	_both(stage, &rec, "owner", "owner", "with another's owner key");
	snprintf(rec.node, sizeof(rec.node), "vm31");
	rec.epoch = other.epoch;
	_judge(stage, &rec, GUARD_DESTROY, "owner", "as the other one");
	stage_harm(stage, other.vm, "set", ",\"key\":\"sclone.owner\"");
	_both(stage, &other, "owner", "owner", "without owner key");
}

/* Sources of today, and of a configuration of the past. */
static void _test_sources(struct stage *stage)
{
	const struct sources *sources = executor_sources(stage->executor);
	const struct source *source = sources_find(sources, STAGE_ESX02);
	struct record rec, clone;

	stage_clone(stage, &clone, "vm40");
	stage_harm(stage, clone.vm, "steal_disk", ",\"from\":\"" STAGE_ESX02
						  "\"");
	_off(stage, &clone);
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
	_judge(stage, &clone, GUARD_DESTROY, "used by",
	       "the disk of a source of the past on top");
	stage_clone(stage, &rec, "vm42");
	_both(stage, &rec, NULL, NULL, "a plain clone beside");
	stage_harm(stage, stage->past[1][0], "remove", "");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "with a past source gone");
	_judge(stage, &rec, GUARD_DESTROY, NULL, "again");
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
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"RetrievePropertiesEx\",\"kind\":"
			 "\"delay_reply\",\"ms\":2500}");
	_judge(stage, &rec, GUARD_DESTROY, "not read within",
	       "facts that came late");
}

int main(void)
{
	struct buf before, after;
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	stage_parents(&stage, &before);
	_test_plain(&stage);
	_test_used(&stage);
	_test_disks(&stage);
	_test_place(&stage);
	_test_identity(&stage);
	_test_owner(&stage);
	_test_unknown(&stage);
	_test_sources(&stage);
	stage_parents(&stage, &after);
	is_str(buf_str(&after), buf_str(&before),
	       "the sources' files are what they were, byte for byte");
	buf_free(&before);
	buf_free(&after);
	stage_stop(&stage);
	return done_testing();
}
