/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor alone, before an emulated vCenter: each act ends in exactly
 * one event, and it is the right one.
 */
#include <stdio.h>
#include <string.h>

#include "await.h"
#include "stage.h"
#include "tap.h"

#define SLOW_MS 1500

static const char *_kind(const struct stage_seen *seen)
{
	return event_name(seen->ev.kind);
}

static const char *_cause(const struct stage_seen *seen)
{
	return failure_of(seen->ev.cause)->name;
}

static void _fault(struct stage *stage, const char *method, const char *kind)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"method\":\"%s\",\"kind\":\"%s\"}",
		 method, kind);
	emulated_control(&stage->vc, "/lab/fault", json);
}

static long _calls(struct stage *stage, const char *method)
{
	char key[64];

	snprintf(key, sizeof(key), "\"%s\"", method);
	emulated_control(&stage->vc, "/lab/stats", "{}");
	return emulated_number(&stage->vc, key);
}

static const struct moref *_source(const struct stage *stage)
{
	return &sources_find(executor_sources(stage->executor),
			     STAGE_ESX01)->vm;
}

static bool _is_look(const struct stage_seen *seen, enum look look)
{
	return seen->ev.kind == EVENT_LOOKED_UP && seen->ev.look == look;
}

/* --- a life ------------------------------------------------------------- */

static void _test_clone(struct stage *stage, struct record *rec)
{
	const struct stage_seen *seen;

	stage_record(rec, "vm1");
	seen = stage_act(stage, rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_ABSENT), "before there is anything: absent");
	seen = stage_act(stage, rec, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "SUBMITTED", "a clone is submitted");
	ok(*seen->task, "its task is known: %s", seen->task);
	snprintf(rec->task, sizeof(rec->task), "%s", seen->task);
	seen = stage_act(stage, rec, ACTION_WATCH);
	is_str(_kind(seen), "CLONE_DONE", "the task makes it");
	snprintf(rec->vm, sizeof(rec->vm), "%s", seen->vm);
	rec->phase = PHASE_CLONED;
	seen = stage_act(stage, rec, ACTION_READ_BACK);
	ok(seen->ev.kind == EVENT_READ_BACK && seen->ev.owned,
	   "it bears our mark");
	is_int((long) strlen(seen->instance_uuid), 36, "its instanceUuid");
	snprintf(rec->instance_uuid, sizeof(rec->instance_uuid), "%s",
		 seen->instance_uuid);
}

static void _test_guest(struct stage *stage, const struct record *rec)
{
	char json[256];
	unsigned before;

	executor_stepped(stage->executor, rec);
	await(stage->vc.loop, &stage->shown, 1);
	is_str(_kind(&stage->show), "IDENTIFIED", "the guest took its name");
	ok(stage->show.ev.epoch == rec->epoch, "in this epoch");
	snprintf(json, sizeof(json), ",\"key\":\"guestinfo.sclone.state\","
		 "\"value\":\"{\\\"epoch\\\":%llu,\\\"state\\\":"
		 "\\\"failed\\\"}\"", (unsigned long long) rec->epoch - 1);
	before = stage->shown;
	stage_harm(stage, rec->vm, "set", json);
	await_quiet(stage->vc.loop, 200);
	is_int(stage->shown, before, "what another epoch says is nothing");
	snprintf(json, sizeof(json), ",\"key\":\"guestinfo.sclone.state\","
		 "\"value\":\"{\\\"epoch\\\":%llu,\\\"state\\\":"
		 "\\\"failed\\\",\\\"text\\\":\\\"no disk\\\"}\"",
		 (unsigned long long) rec->epoch);
	stage_harm(stage, rec->vm, "set", json);
	await(stage->vc.loop, &stage->shown, before + 1);
	is_str(_kind(&stage->show), "GUEST_FAILED", "the guest gives up");
	is_str(stage->show.text, "no disk", "and says why");
	stage_harm(stage, rec->vm, "kill", "");
	await(stage->vc.loop, &stage->shown, before + 2);
	is_str(_kind(&stage->show), "VM_LOST", "its power is gone");
	ok(stage->show.ev.epoch == rec->epoch, "of this epoch");
}

static void _test_end(struct stage *stage, struct record *rec)
{
	const struct stage_seen *seen;

	rec->phase = PHASE_RELEASING;
	executor_stepped(stage->executor, rec);
	seen = stage_act(stage, rec, ACTION_PROVE_ABSENCE);
	is_str(_kind(seen), "ABSENCE_UNPROVEN", "it is still there");
	is_str(seen->vm, rec->vm, "and which");
	has_str(seen->text, "vm1 (vm-", "with its name");
	seen = stage_guarded(stage, rec, ACTION_POWER_OFF);
	is_str(_kind(seen), "POWERED_OFF", "off already is off");
	seen = stage_guarded(stage, rec, ACTION_DESTROY);
	is_str(_kind(seen), "DESTROYED", "destroyed");
	seen = stage_act(stage, rec, ACTION_PROVE_ABSENCE);
	is_str(_kind(seen), "ABSENCE_PROVEN", "proven gone");
	is_int(seen->ev.evidence, EVIDENCE_NAME | EVIDENCE_INSTANCE_UUID |
				  EVIDENCE_BIOS_UUID,
	       "by name, instanceUuid and biosUuid");
	*rec->instance_uuid = '\0';
	seen = stage_act(stage, rec, ACTION_PROVE_ABSENCE);
	is_int(seen->ev.evidence, EVIDENCE_NAME | EVIDENCE_BIOS_UUID,
	       "what was not looked for is no evidence");
}

static void _test_gone(struct stage *stage, const struct record *rec)
{
	static const enum action_kind acts[] = {
		ACTION_READ_BACK, ACTION_SET_OWNER, ACTION_GUARD,
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		is_str(_kind(stage_act(stage, rec, acts[i])), "VM_GONE",
		       action_name(acts[i]));
}

/* It goes between the verdict and the act. */
static void _test_just_gone(struct stage *stage)
{
	struct record rec;

	for (int destroy = 0; destroy <= 1; destroy++) {
		stage_clone(stage, &rec, "vm7");
		if (destroy)
			stage_harm(stage, rec.vm, "kill", "");
		(void) stage_guard(stage, &rec, destroy ? GUARD_DESTROY
							: GUARD_POWER_OFF);
		stage_harm(stage, rec.vm, "remove", "");
		is_str(_kind(stage_act(stage, &rec, destroy
							? ACTION_DESTROY
							: ACTION_POWER_OFF)),
		       "VM_GONE", "gone after the verdict");
	}
}

/* The mark is lost and set again. */
static void _test_owner(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_clone(stage, &rec, "vm2");
	stage_harm(stage, rec.vm, "set", ",\"key\":\"sclone.owner\"");
	seen = stage_act(stage, &rec, ACTION_READ_BACK);
	ok(seen->ev.kind == EVENT_READ_BACK && !seen->ev.owned,
	   "a clone without mark");
	seen = stage_act(stage, &rec, ACTION_SET_OWNER);
	is_str(_kind(seen), "OWNER_SET", "is given one");
	seen = stage_act(stage, &rec, ACTION_READ_BACK);
	ok(seen->ev.kind == EVENT_READ_BACK && seen->ev.owned,
	   "and is ours again");
}

/* --- who has the name --------------------------------------------------- */

static void _test_name(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec, next;

	stage_clone(stage, &rec, "vm3");
	stage_record(&next, "vm3");
	seen = stage_act(stage, &next, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "SUBMITTED", "a second clone of one name");
	seen = stage_act(stage, &next, ACTION_WATCH);
	is_str(_kind(seen), "FAILED", "fails");
	is_str(_cause(seen), "EXISTS", "for its name");
	seen = stage_act(stage, &next, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "it is one of ours");
	ok(seen->ev.found_epoch == rec.epoch, "of the older epoch");
	is_str(seen->vm, rec.vm, "that very one");
	is_str(seen->instance_uuid, rec.instance_uuid, "with its UUID");
	stage_harm(stage, rec.vm, "rename", ",\"name\":\"renamed\"");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS) && !strcmp(seen->vm, rec.vm),
	   "renamed, it is found by its biosUuid");
	seen = stage_act(stage, &next, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_ABSENT), "and its name is free");
}

static void _test_foreign(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_foreign(stage, _source(stage), "vm4", NULL);
	await(stage->vc.loop, &stage->foreign_ended, 1);
	stage_record(&rec, "vm4");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_FOREIGN), "somebody else has the name");
	seen = stage_act(stage, &rec, ACTION_PROVE_ABSENCE);
	ok(seen->ev.kind == EVENT_ABSENCE_PROVEN &&
	   seen->ev.evidence == EVIDENCE_BIOS_UUID,
	   "which does not make ours exist");
}

/* Copies of marks. */
static void _test_copies(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_record(&rec, "vm12");
	stage_foreign(stage, _source(stage), "copy", rec.bios_uuid);
	await(stage->vc.loop, &stage->foreign_ended, 2);
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_ABSENT), "a copied biosUuid is not our VM");
	seen = stage_act(stage, &rec, ACTION_PROVE_ABSENCE);
	is_str(_kind(seen), "ABSENCE_UNPROVEN", "but stands in the way");
	is_str(seen->vm, stage->made.id, "which VM it is");
	has_str(seen->text, "copy (vm-", "and what its name is");
	has_str(seen->text, "not its mark", "and that it is not ours");
	stage_harm(stage, "copy", "rename", ",\"name\":\"vm12\"");
	stage_harm(stage, stage->made.id, "set",
		   ",\"key\":\"sclone.owner\",\"value\":\"hpc1/vm12/1/00\"");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_FOREIGN), "with a forged mark it is foreign");
	stage_harm(stage, stage->made.id, "set", ",\"key\":\"sclone.owner\"");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "name, place and biosUuid of ours, and "
	   "no mark yet: ours");
}

/* --- replies that are lost ---------------------------------------------- */

static void _test_lost(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_record(&rec, "vm5");
	emulated_control(&stage->vc, "/lab/stats", "{\"reset\":true}");
	_fault(stage, "InstantClone_Task", "reply_lost");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "UNKNOWN", "the reply is lost");
	is_int(_calls(stage, "InstantClone_Task"), 1, "sent once");
	do
		seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	while (_is_look(seen, LOOK_BUSY));
	ok(_is_look(seen, LOOK_OURS), "the look-up finds it");
	ok(seen->ev.found_epoch == rec.epoch, "in our epoch");
	is_int(_calls(stage, "InstantClone_Task"), 1, "and nothing is resent");
	_fault(stage, "InstantClone_Task", "reset");
	stage_record(&rec, "vm6");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "UNKNOWN", "the request may have been lost");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_ABSENT), "it was");
}

/* A clone that runs and that no node knows of may be the lost one, and what
 * is in sight need not be whole yet. */
static void _test_busy(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec, ours;
	unsigned before = stage->foreign_ended;

	stage_clone(stage, &ours, "vm7");
	stage_record(&rec, "vm8");
	stage_delay(stage, SLOW_MS);
	stage_foreign(stage, _source(stage), "elsewhere", NULL);
	do
		seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	while (_is_look(seen, LOOK_ABSENT) &&
	       stage->foreign_ended == before);
	ok(_is_look(seen, LOOK_BUSY), "a clone is unfinished: busy");
	seen = stage_act(stage, &ours, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_BUSY), "also with a VM in sight");
	await(stage->vc.loop, &stage->foreign_ended, before + 1);
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_ABSENT), "then absent");
	seen = stage_act(stage, &ours, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "and ours");
	stage_delay(stage, 0);
}

static void _test_error(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_record(&rec, "vm9");
	_fault(stage, "InstantClone_Task", "error_after_success");
	stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	seen = stage_act(stage, &rec, ACTION_WATCH);
	is_str(_kind(seen), "FAILED", "a task fails at its very end");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "and leaves a clone");
}

/* No VM among the clones becomes a source, nor is it kept as one. */
static void _test_no_source(struct stage *stage)
{
	const struct source *source;
	struct record rec;

	stage_clone(stage, &rec, "vm30");
	stage_restart(stage, STAGE_ESX01 "," STAGE_FOLDER "/vm30");
	source = sources_find(executor_sources(stage->executor),
			      STAGE_FOLDER "/vm30");
	is_int(source->state, SOURCE_MISSING, "a clone is no source");
	has_str(source->why, "in the clone folder", "which is said");
	ok(!moref_is_set(&source->vm), "it is not cloned");
	stage_guarded(stage, &rec, ACTION_POWER_OFF);
	is_str(_kind(stage_guarded(stage, &rec, ACTION_DESTROY)), "DESTROYED",
	       "and can be destroyed");
}

#define OUTSIDE "/DC1/vm/templates/vm31"

static const struct source *_outside(struct stage *stage)
{
	stage_restart(stage, STAGE_ESX01 "," OUTSIDE);
	return sources_find(executor_sources(stage->executor), OUTSIDE);
}

/* Nor does one that was taken out of there: the mark says what it is. */
static void _test_moved_clone(struct stage *stage)
{
	const struct source *source;
	struct record rec;

	stage_clone(stage, &rec, "vm31");
	stage_harm(stage, rec.vm, "freeze", "");
	stage_harm(stage, rec.vm, "move",
		   ",\"folder\":\"/DC1/vm/templates\"");
	source = _outside(stage);
	is_int(source->state, SOURCE_MISSING, "a clone outside is no source");
	has_str(source->why, "the mark of a clone of this cluster",
		"which is said");
	ok(!moref_is_set(&source->vm), "it is not cloned");
	is_int(stage->kept, 2, "nor kept as a source");
	stage_harm(stage, rec.vm, "bios_uuid",
		   ",\"bios_uuid\":\"564d7777-1111-2222-3333-444444444444\"");
	source = _outside(stage);
	is_str(source->why, "", "a mark that is another VM's is none");
}

/* A look at the sources does not make them unknown meanwhile. */
static void _test_look(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_restart(stage, STAGE_ESX01);	/* one look, and then none */
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"RetrievePropertiesEx\",\"kind\":"
			 "\"delay_reply\",\"ms\":500}");
	stage_record(&rec, "vm10");
	snprintf(rec.source, sizeof(rec.source), "/DC1/vm/templates/gone");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "FAILED", "no clone of a source that is not");
	is_str(_cause(seen), "CAPACITY", "take another one");
	await_quiet(stage->vc.loop, 50);
	stage_record(&rec, "vm10");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_int(stage->looks, 1, "during the look that follows");
	is_str(_kind(seen), "SUBMITTED", "clones are submitted");
	await(stage->vc.loop, &stage->looks, 2);
}

static void _renew(struct stage *stage, const char *path)
{
	char json[160];

	snprintf(json, sizeof(json), "{\"path\":\"%s\"}", path);
	emulated_control(&stage->vc, "/lab/renew", json);
}

/* A submit, and another one after the look that follows a failed one. */
static const struct stage_seen *_submit_again(struct stage *stage,
					      struct record *rec)
{
	const struct stage_seen *seen = NULL;

	for (int i = 0; i < 20; i++) {
		stage_record(rec, "vm15");
		seen = stage_act(stage, rec, ACTION_SUBMIT_CLONE);
		if (seen->ev.kind != EVENT_FAILED)
			break;
		is_str(_cause(seen), "NOTFOUND", "it is not there");
		await(stage->vc.loop, &stage->changes, stage->changes + 1);
	}
	return seen;
}

/* An admin makes the pool anew, and the folder. */
static void _test_renewed(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	for (int folder = 0; folder <= 1; folder++) {
		_renew(stage, folder ? STAGE_FOLDER : STAGE_POOL);
		seen = _submit_again(stage, &rec);
		is_str(_kind(seen), "SUBMITTED", folder ? "into a new folder"
							: "to a new pool");
		is_str(_kind(stage_act(stage, &rec, ACTION_WATCH)),
		       "CLONE_DONE", "once it was looked for");
		stage_harm(stage, "vm15", "kill", "");
		stage_harm(stage, "vm15", "remove", "");
	}
}

static void _name_folder(struct stage *stage, const char *path,
			 const char *name)
{
	char json[160];

	snprintf(json, sizeof(json), "{\"folder\":\"%s\",\"name\":\"%s\"}",
		 path, name);
	emulated_control(&stage->vc, "/lab/folder", json);
}

/* The folder has another name, and no look has noticed yet. */
static void _test_folder_renamed(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec, next;

	stage_clone(stage, &rec, "vm19");
	stage_restart(stage, STAGE_ESX01);	/* one look, and then none */
	stage_record(&next, "vm19");
	_name_folder(stage, STAGE_FOLDER, "other");
	seen = stage_act(stage, &next, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS) && seen->ev.found_epoch == rec.epoch,
	   "a clone is found by its name in a renamed folder");
	seen = stage_act(stage, &next, ACTION_PROVE_ABSENCE);
	ok(!(seen->ev.evidence & EVIDENCE_NAME),
	   "whose name is no evidence of its absence");
	_name_folder(stage, "/DC1/vm/other", "slurm-clones");
}

/* What is not known before the first look at the sources is no answer. */
static void _test_early(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_clone(stage, &rec, "vm17");
	stage_harm(stage, rec.vm, "set", ",\"key\":\"sclone.owner\"");
	stage_reopen_slowly(stage);
	seen = stage_insist(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "ours by its place, once the folder is "
	   "known");
	stage_delay(stage, SLOW_MS);
	stage_record(&rec, "vm18");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_kind(seen), "SUBMITTED", "a clone is on its way");
	stage_reopen_slowly(stage);
	seen = stage_insist(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_BUSY) || _is_look(seen, LOOK_OURS),
	   "not taken for absent before its task was asked for");
	stage_delay(stage, 0);
}

/* Not let in at all: that is no fault of the node's. */
static void _test_not_let_in(struct stage *stage)
{
	const struct stage_seen *seen;
	char away[256];
	struct record rec;

	snprintf(away, sizeof(away), "%s.away", stage->vc.password_file);
	if (rename(stage->vc.password_file, away) < 0)
		bail_out("cannot rename the password file");
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"kind\":\"expire_session\"}");
	stage_record(&rec, "vm13");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_cause(seen), "AUTH", "a password file that is gone: waited "
	       "for, and no human needed for each node");
	has_str(seen->text, "password", "which is said");
	emulated_control(&stage->vc, "/lab/fault",
			 "{\"method\":\"RetrieveServiceContent\","
			 "\"kind\":\"huge_reply\",\"bytes\":67200000}");
	stage_record(&rec, "vm13");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	is_str(_cause(seen), "AUTH", "nonsense instead of a login: the same");
	has_str(seen->text, "reply longer than", "and said as well");
	if (rename(away, stage->vc.password_file) < 0)
		bail_out("cannot rename the password file");
	for (int i = 0; i < 100 && seen->ev.kind == EVENT_FAILED; i++) {
		stage_record(&rec, "vm13");
		seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	}
	is_str(_kind(seen), "SUBMITTED", "and it goes on when it is back");
	is_str(_kind(stage_act(stage, &rec, ACTION_WATCH)), "CLONE_DONE",
	       "with the clone");
}

/* The mark is set, but nobody hears of it. */
static void _test_owner_lost(struct stage *stage)
{
	static const char *const kinds[] = { "reply_lost", "half_reply",
					     "error_after_success" };
	const struct stage_seen *seen;
	struct record rec;

	stage_clone(stage, &rec, "vm14");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		stage_harm(stage, rec.vm, "set", ",\"key\":\"sclone.owner\"");
		_fault(stage, "ReconfigVM_Task", kinds[i]);
		seen = stage_act(stage, &rec, ACTION_SET_OWNER);
		ok(seen->ev.kind == EVENT_UNKNOWN ||
		   seen->ev.kind == EVENT_FAILED, "%s: not taken for done",
		   kinds[i]);
		seen = stage_act(stage, &rec, ACTION_READ_BACK);
		ok(seen->ev.owned, "and found to be done");
	}
}

/* --- another process ---------------------------------------------------- */

static void _test_restart(struct stage *stage)
{
	const struct stage_seen *seen;
	struct record rec;

	stage_delay(stage, SLOW_MS);
	stage_record(&rec, "vm11");
	seen = stage_act(stage, &rec, ACTION_SUBMIT_CLONE);
	snprintf(rec.task, sizeof(rec.task), "%s", seen->task);
	stage_restart(stage, STAGE_ESX01 "," STAGE_ESX02);
	seen = stage_act(stage, &rec, ACTION_WATCH);
	is_str(_kind(seen), "CLONE_DONE", "a task known only by its id");
	ok(*seen->vm, "gives its VM: %s", seen->vm);
	stage_delay(stage, 0);
	snprintf(rec.task, sizeof(rec.task), "task-424242");
	stage_restart(stage, STAGE_ESX01 "," STAGE_ESX02);
	seen = stage_act(stage, &rec, ACTION_WATCH);
	is_str(_kind(seen), "UNKNOWN", "a task nobody knows");
	seen = stage_act(stage, &rec, ACTION_LOOK_UP);
	ok(_is_look(seen, LOOK_OURS), "its clone is found all the same");
}

int main(void)
{
	struct buf before, after;
	struct stage stage;
	struct record rec;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	stage_parents(&stage, &before);
	_test_clone(&stage, &rec);
	_test_guest(&stage, &rec);
	_test_end(&stage, &rec);
	_test_gone(&stage, &rec);
	_test_just_gone(&stage);
	_test_owner(&stage);
	_test_name(&stage);
	_test_foreign(&stage);
	_test_copies(&stage);
	_test_lost(&stage);
	_test_busy(&stage);
	_test_error(&stage);
	_test_owner_lost(&stage);
	_test_renewed(&stage);
	_test_not_let_in(&stage);
	_test_no_source(&stage);
	_test_moved_clone(&stage);
	_test_look(&stage);
	_test_folder_renamed(&stage);
	_test_early(&stage);
	_test_restart(&stage);
	stage_parents(&stage, &after);
	is_str(buf_str(&after), buf_str(&before), "the sources' files stay");
	buf_free(&before);
	buf_free(&after);
	stage_stop(&stage);
	return done_testing();
}
