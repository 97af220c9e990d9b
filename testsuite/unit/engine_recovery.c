/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's rules for a journal that is old, lost, or cannot be read. */
#include <stdio.h>

#include "common/rules/engine.h"
#include "common/rules/text.h"
#include "engine_scene.h"

#define HOUR (3600 * S)

/* A request of an hour ago, restored: Slurm settled it long since, and its
 * node may serve another job. */
static void _outdated_requests(void)
{
	static const enum phase phases[] = { PHASE_REQUESTED, PHASE_ADMITTED,
					     PHASE_CLONING, PHASE_CLONED };

	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
		_reach(phases[i]);
		now += HOUR;
		DO(RESTARTED);
		LOOKS(BOOTING);
		ok(rec.phase == PHASE_CONDEMNED ||
		   rec.phase == PHASE_RELEASING,
		   "%s an hour ago: it is ended",
		   record_phase_name(phases[i]));
		is_int(rec.tell, TELL_NOTHING, "and no job is told");
		LOOKS(UP);
		NO_ACT(SLURM_FORCE_DOWN, "a node that serves another job");
	}
	_reach(PHASE_CLONED);
	now += HOUR;	/* the clock is set forward */
	DO(TICK);
	ACTS(SLURM_LOOK, "too late, or is it the clock?");
	VIEW(BOOTING);
	IN(CLONED, "nobody has said for whom it boots");
	LOOKS(BOOTING, .job = 7);
	IN(CONDEMNED, "for its job still: too late");
	is_int(rec.tell, TELL_JOB, "and the job is told");
	_reach(PHASE_CLONED);
	now += HOUR;
	DO(RESTARTED);
	ACTS(SLURM_LOOK, "the node may have come up since");
	LOOKS(UP);
	ok(rec.phase == PHASE_CLONED && rec.registered,
	   "it has, and its VM stays");
	_reach(PHASE_CLONING);
	now += 30 * S;
	DO(RESTARTED);
	IN(CLONING, "a restart in time goes on");
	_reach(PHASE_READY);
	now += HOUR;
	DO(RESTARTED);
	IN(READY, "a node that serves for an hour goes on");
}

static void _outdated_words(void)
{
	_reach(PHASE_REQUESTED);
	now = rec.req.deadline;
	DO(TICK);
	is_int(rec.tell, TELL_JOB, "a failure to be told");
	now += 60 * S;
	DO(RESTARTED);
	is_int(rec.tell, TELL_JOB, "a minute later it still is");
	now += HOUR;
	DO(RESTARTED);
	is_int(rec.tell, TELL_NOTHING, "an hour later it is history");
	DO(RESUME_FAILED, .asked = now);
	now += HOUR;
	DO(RESTARTED);
	is_int(rec.tell, TELL_POWER_DOWN,
	       "what heals a node that is down is not");
}

/* READY in the journal, but a VM of a later epoch has the name. */
static void _restored(void)
{
	uint64_t epoch, last;

	_reach(PHASE_READY);
	epoch = rec.epoch;
	DO(FOUND, .found_epoch = epoch - 1, .vm = "vm-0");
	ok(out.ignored && rec.epoch == epoch, "an older VM proves nothing");
	now += HOUR;
	last = epoch + 1800 * S;
	DO(FOUND, .found_epoch = last, .vm = "vm-2");
	IN(RELEASING, "a later one: the journal is from the past");
	NO_ACT(GUARD, "before Slurm is asked");
	ok(!rec.next.used && !rec.req.used, "what was asked before is over");
	LOOKS(UP);
	IN(CLONED, "Slurm uses the VM: it stays");
	is_str(rec.vm, "vm-2", "it is the record's now");
	ok(rec.epoch == last && rec.last_epoch == last, "with its epoch");
	DO(READ_BACK, .instance_uuid = UUID, .owned = true);
	IN(READY, "and serves");
	now += S;
	DO(SUSPENDED, .asked = now);
	_finish();
	IN(ABSENT, "to its end");
	_request("r2", 8);
	ok(rec.epoch > last, "no epoch is used again");

	_reach(PHASE_READY);
	now += 10 * S;
	DO(FOUND, .found_epoch = rec.epoch + S, .vm = "vm-2");
	LOOKS(GOING);
	ACTS(GUARD, "a later VM that Slurm has given up");
}

/* The cluster was renamed while the node serves, or the journal is older. */
static void _renamed(void)
{
	char uuid[UUID_TEXT_SIZE];

	_reach(PHASE_READY);
	text_set(uuid, rec.bios_uuid);
	record_rename(&rec, "other");
	DO(RESTARTED);
	now += S;
	DO(SUSPENDED, .asked = now);
	ok(strcmp(rec.cluster, "other") && !strcmp(rec.bios_uuid, uuid),
	   "a VM is released by the name that it is marked with");
	_finish();
	_request("r2", 8);
	is_str(rec.cluster, "other", "the next one has the new name");
	owner_bios_uuid("other", rec.node, rec.epoch, uuid);
	is_str(rec.bios_uuid, uuid, "and the biosUuid that follows");

	_reach(PHASE_READY);
	record_rename(&rec, "other");
	now += HOUR;
	DO(FOUND, .found_epoch = rec.epoch + 1800 * S, .vm = "vm-2");
	owner_bios_uuid("other", rec.node, rec.epoch, uuid);
	ok(!strcmp(rec.cluster, "other") && !strcmp(rec.bios_uuid, uuid),
	   "a VM that is found has it already");

	_reach(PHASE_RELEASING);
	record_rename(&rec, "other");
	DO(VM_GONE, .act = ACTION_GUARD);
	DO(ABSENCE_PROVEN, .found_epoch = rec.epoch - S);
	DO(RECORDED);
	DO(LOOKED_UP, .look = LOOK_OURS, .vm = "vm-2",
	   .found_epoch = rec.epoch - S, .instance_uuid = UUID);
	ok(!strcmp(rec.vm, "vm-2") && !strcmp(rec.cluster, "hpc1"),
	   "one that is looked up by the old name has that");
}

/* READY in the journal; that its VM is gone is the first that is seen. */
static void _restored_lost(void)
{
	uint64_t epoch;

	_reach(PHASE_READY);
	epoch = rec.epoch;
	now += HOUR;
	DO(VM_LOST, .text = "gone");
	ACTS(GUARD, "a VM that is gone");
	NO_ACT(SLURM_NOTIFY, "its job may be of an hour ago");
	DO(VM_GONE, .act = ACTION_GUARD);
	ACTS(PROVE_ABSENCE, "a VM that is gone");
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_BIOS_UUID,
	   .found_epoch = epoch + 1800 * S);
	DO(RECORDED, .epoch = epoch);
	ACTS(LOOK_UP, "a later one has its name");
	NO_ACT(SLURM_NOTIFY, "the node serves another job");
	is_int(rec.tell, TELL_NOTHING, "nothing is told");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = epoch + 1800 * S,
	   .vm = "vm-2");
	LOOKS(UP);
	IN(CLONED, "the later one goes on");

	_reach(PHASE_READY);
	DO(VM_LOST, .text = "gone");
	DO(VM_GONE, .act = ACTION_GUARD);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	DO(RECORDED);
	ACTS(SLURM_NOTIFY, "no later one: the job");
}

/* Restored to where the same request was tried before: Slurm still waits. */
static void _restored_attempt(void)
{
	uint64_t epoch;

	_reach(PHASE_CLONING);
	epoch = rec.epoch;
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_EXISTS);
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = epoch + S,
	   .vm = "vm-2");
	ok(rec.next.used, "a request in time waits for its turn");
	_reach(PHASE_CLONING);
	now += HOUR;
	DO(FAILED, .act = ACTION_WATCH, .cause = CAUSE_EXISTS);
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = epoch + 1800 * S,
	   .vm = "vm-2");
	ok(!rec.next.used, "one of an hour ago does not");
}

static void _quarantine(void)
{
	_start();
	snprintf(rec.quarantine, sizeof(rec.quarantine), "unreadable");
	VIEW(GONE);
	ACTS(SLURM_DRAIN, "a node whose record cannot be read");
	DONE(DRAIN);
	now += 5 * S;
	VIEW(GONE, .drain = true, .reason = "sclone: (QUARANTINE) x");
	QUIET("and stays so");
	now += S;
	_request("r1", 7);
	IN(ABSENT, "a request is not served");
	ACTS(SLURM_NOTIFY, "its job");
	DONE(NOTIFY);
	LOOKS(BOOTING, .drain = true, .reason = "sclone: (QUARANTINE) x");
	ACTS(SLURM_FORCE_DOWN, "its job");
	DONE(FORCE_DOWN);
	now += S;
	DO(SUSPENDED, .asked = now);
	IN(RELEASING, "a release is");
	DO(LOOKED_UP, .look = LOOK_OURS, .found_epoch = 5, .vm = "vm-5");
	LOOKS(GOING);
	ACTS(GUARD, "the VM of the lost record");
	ACTS(SLURM_DRAIN, "and again, lest Slurm uses the name");
	DONE(DRAIN);
	_finish();
	IN(ABSENT, "it is gone");
	ACTS(SLURM_NODE_RESUME, "it is gone");
	DONE(NODE_RESUME);
	now += S;
	LOOKS(GONE, .drain = true, .reason = "sclone: (QUARANTINE) x");
	NO_ACT(SLURM_UNDRAIN, "still in quarantine");
	DO(CLEARED);
	ACTS(SLURM_UNDRAIN, "cleared by an admin");
	DO(CLEARED);
	ok(out.ignored, "once");
	_request("r2", 8);
	IN(REQUESTED, "then it is used again");
}

/* It dies between the clone and its owner key. */
static void _no_owner_key(void)
{
	_reach(PHASE_CLONED);
	DO(READ_BACK, .instance_uuid = UUID, .owned = false);
	ACTS(SET_OWNER, "vCenter made the clone without owner key");
	DO(RESTARTED);
	ACTS(SET_OWNER, "the key is set after a restart");
	now += S;
	VIEW(UP);
	IN(CLONED, "it does not serve before");
	now += S;
	DO(SUSPENDED, .asked = now);
	NO_ACT(GUARD, "it has to go");
	DO(OWNER_SET);
	ACTS(GUARD, "no release without a mark");
}

/* It dies when the VM is proven gone, and Slurm does not know yet. */
static void _slurm_not_told(void)
{
	_reach(PHASE_READY);
	now += S;
	DO(SUSPENDED, .asked = now);
	_finish();
	IN(ABSENT, "proven gone");
	now += HOUR;
	DO(RESTARTED);
	ACTS(LOOK_UP, "after a restart the record may be old");
	DO(LOOKED_UP, .look = LOOK_ABSENT);
	DO(ABSENCE_PROVEN, .evidence = EVIDENCE_NAME);
	if (_find(ACTION_RECORD_ABSENCE))
		DO(RECORDED);
	IN(ABSENT, "it is proven again");
	LOOKS(GOING);
	ACTS(SLURM_NODE_RESUME, "Slurm still waits: the name is free");
	DONE(NODE_RESUME);
	now += S;
	LOOKS(GONE);
	QUIET("once");
}

/* A VM of a node that Slurm does not have, released by hand. */
static void _no_such_node(void)
{
	_start();
	DO(FOUND, .found_epoch = 5, .vm = "vm-5");
	ACTS(SLURM_LOOK, "a VM found");
	now += S;
	LOOKS(.base = NODE_UNKNOWN);
	ACTS(GUARD, "no such node in Slurm: nobody can use the VM");
	_finish();
	IN(ABSENT, "released");
	LOOKS(.base = NODE_UNKNOWN);
	QUIET("and nothing is left to be told");
	ok(!rec.settle, "to nobody");
}

int main(void)
{
	_outdated_requests();
	_outdated_words();
	_restored();
	_renamed();
	_restored_lost();
	_restored_attempt();
	_quarantine();
	_no_owner_key();
	_slurm_not_told();
	_no_such_node();
	return done_testing();
}
