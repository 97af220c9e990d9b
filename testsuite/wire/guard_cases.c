/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard on VMs with real disk files, case by case: what users and admins
 * may do to a clone without keeping it for ever, and what it must not be
 * destroyed with. See trial.h for what is tested in each case.
 */
#include <stdio.h>
#include <string.h>

#include "common/rules/owner.h"
#include "tap.h"
#include "trial.h"

#define OURS TRIAL_OURS
#define OTHER TRIAL_OTHER
#define FOREIGN TRIAL_FOREIGN
#define SOURCE STAGE_ESX01
#define IN(vm) "\"in\":\"" vm "\""
#define FROM(vm) "\"from\":\"" vm "\""
#define AS(what) "\"as\":\"" what "\""
#define BAR(path) { OURS, "bar", "\"property\":\"" path "\"" }
#define FORBID(path) \
	{ OURS, "bar", "\"property\":\"" path "\",\"type\":\"NoPermission\"" }
#define SHOW(what) { { OURS, "show", AS(what) } }
#define UUID "564d0b5e-1111-2222-3333-444455556666"

#define FAR "not in the VM's own directory"
#define NEAR "uses files in the VM's directory"
#define MATCH "the owner key does not match"

/* --- may go ------------------------------------------------------------- */

static void _forget_instance(struct stage *stage, struct record *rec,
			     const struct record *other)
{
	(void) stage;
	(void) other;
	*rec->instance_uuid = '\0';
}

static const struct trial_case _may[] = {
	{ .what = "a plain clone" },
	{ .what = "frozen by its user",
	  .harms = { { OURS, "freeze", NULL } } },
	{ .what = "with a snapshot",
	  .harms = { { OURS, "snapshot", "\"name\":\"mine\"" } } },
	{ .what = "with a backup's snapshot",
	  .harms = { { OURS, "snapshot",
		       "\"name\":\"VEEAM BACKUP TEMPORARY\"" } } },
	{ .what = "with snapshots and a longer chain",
	  .harms = { { OURS, "snapshot", NULL }, { OURS, "snapshot", NULL },
		     { OURS, "grow", NULL } } },
	{ .what = "moved to another host",
	  .harms = { { OURS, "migrate", "\"host\":\"esx02\"" } } },
	{ .what = "storage-moved",
	  .harms = { { OURS, "relocate", "\"datastore\":\"ds2\"" } } },
	{ .what = "renamed",
	  .harms = { { OURS, "rename", "\"name\":\"pet\"" } } },
	{ .what = "a disk that lost its parent",
	  .harms = { { OURS, "orphan", NULL } } },
	{ .what = "a second disk of its own",
	  .harms = { { OURS, "attach", IN(OURS) } } },
	{ .what = "an image of the source in its drive",
	  .harms = { { OURS, "iso", IN(SOURCE) } } },
	{ .what = "a top that only layoutEx shows, in its own directory",
	  .harms = { { OURS, "grow", NULL },
		     { OURS, "show", AS("hidden_top") } } },
	{ .what = "no instanceUuid recorded", .harm = _forget_instance },
	{ .what = "beside one that the account may not see",
	  .harms = { { FOREIGN, "bar",
		       "\"property\":\"*\",\"type\":\"NoPermission\"" } },
	  .undo = { FOREIGN, "unbar", NULL } },
	{ .what = "beside a foreign one that is being made",
	  .harms = { { FOREIGN, "bar",
		       "\"property\":\"config.hardware.device\"" } },
	  .undo = { FOREIGN, "unbar", NULL } },
	{ .what = "beside one that may not be read since, and is the same",
	  .harms = { { FOREIGN, "bar",
		       "\"property\":\"layoutEx.file\"" } },
	  .undo = { FOREIGN, "unbar", NULL } },
	{ .what = "beside one that is being made",
	  .harms = { { OTHER, "bar",
		       "\"property\":\"config.files.vmPathName\"" },
		     { OTHER, "bar",
		       "\"property\":\"config.hardware.device\"" },
		     { OTHER, "bar", "\"property\":\"layoutEx.file\"" } } },
	{ .what = "marked by its guest, which proves nothing",
	  .harms = { { OURS, "set",
		       "\"key\":\"guestinfo.sclone.owner\","
		       "\"value\":\"hpc2/vm9/1/00\"" } } },
};

/* --- it is not the one -------------------------------------------------- */

static void _set_owner(struct stage *stage, const struct record *rec,
		       const char *key, const char *cluster, const char *node,
		       uint64_t epoch)
{
	char text[OWNER_TEXT_SIZE], more[OWNER_TEXT_SIZE + 64];

	if (owner_make(key, strlen(key), cluster, node, epoch, text, NULL) < 0)
		bail_out("no owner key");
	snprintf(more, sizeof(more), ",\"key\":\"sclone.owner\","
		 "\"value\":\"%s\"", text);
	stage_harm(stage, rec->vm, "set", more);
}

static void _set_bios(struct stage *stage, const struct record *rec,
		      const char *cluster, const char *node, uint64_t epoch)
{
	char uuid[UUID_TEXT_SIZE], more[128];

	owner_bios_uuid(cluster, node, epoch, uuid);
	snprintf(more, sizeof(more), ",\"bios_uuid\":\"%s\"", uuid);
	stage_harm(stage, rec->vm, "bios_uuid", more);
}

/* The other one's owner key. */
static void _copy_owner(struct stage *stage, struct record *rec,
			const struct record *other)
{
	_set_owner(stage, rec, STAGE_KEY, "hpc1", other->node, other->epoch);
}

static void _copy_bios(struct stage *stage, struct record *rec,
		       const struct record *other)
{
	_set_bios(stage, rec, "hpc1", other->node, other->epoch);
}

/* Both, and the record takes this for the other's VM. */
static void _copy_both(struct stage *stage, struct record *rec,
		       const struct record *other)
{
	char vm[RECORD_MOREF_SIZE];

	_copy_owner(stage, rec, other);
	_copy_bios(stage, rec, other);
	memcpy(vm, rec->vm, sizeof(vm));
	*rec = *other;
	memcpy(rec->vm, vm, sizeof(vm));
}

/* Both: now it is the other's by all marks, but not by this record. */
static void _become_other(struct stage *stage, struct record *rec,
			  const struct record *other)
{
	_copy_owner(stage, rec, other);
	_copy_bios(stage, rec, other);
}

/* A key of the same epoch, of a node that has nothing else to do with it. */
static void _other_node(struct stage *stage, struct record *rec,
			const struct record *other)
{
	(void) other;
	_set_owner(stage, rec, STAGE_KEY, "hpc1", "vm99", rec->epoch);
	_set_bios(stage, rec, "hpc1", "vm99", rec->epoch);
}

/* The VM of an older cycle, with all its marks. */
static void _next_epoch(struct stage *stage, struct record *rec,
			const struct record *other)
{
	(void) stage;
	(void) other;
	rec->epoch++;
	owner_bios_uuid("hpc1", rec->node, rec->epoch, rec->bios_uuid);
}

static void _other_cluster(struct stage *stage, struct record *rec,
			   const struct record *other)
{
	(void) other;
	_set_owner(stage, rec, STAGE_KEY, "hpc2", rec->node, rec->epoch);
	_set_bios(stage, rec, "hpc2", rec->node, rec->epoch);
}

static void _other_key(struct stage *stage, struct record *rec,
		       const struct record *other)
{
	(void) other;
	_set_owner(stage, rec, "another controller's key, of 32+", "hpc1",
		   rec->node, rec->epoch);
}

/* The record says another biosUuid than the VM and its key. */
static void _other_bios(struct stage *stage, struct record *rec,
			const struct record *other)
{
	(void) stage;
	(void) other;
	owner_bios_uuid("hpc1", rec->node, 7, rec->bios_uuid);
}

/* One digit of the key. */
static void _tamper(struct stage *stage, struct record *rec,
		    const struct record *other)
{
	char text[OWNER_TEXT_SIZE], more[OWNER_TEXT_SIZE + 64], *last;

	(void) other;
	if (owner_make(STAGE_KEY, strlen(STAGE_KEY), "hpc1", rec->node,
		       rec->epoch, text, NULL) < 0)
		bail_out("no owner key");
	last = &text[strlen(text) - 1];
	*last = *last == '0' ? '1' : '0';
	snprintf(more, sizeof(more), ",\"key\":\"sclone.owner\","
		 "\"value\":\"%s\"", text);
	stage_harm(stage, rec->vm, "set", more);
}

/* As the source, by the instanceUuid. */
static void _like_source(struct stage *stage, struct record *rec,
			 const struct record *other)
{
	const struct source *source =
		sources_find(executor_sources(stage->executor), STAGE_ESX02);
	char more[128];

	(void) other;
	snprintf(more, sizeof(more), ",\"instance_uuid\":\"%s\"",
		 source->instance_uuid);
	stage_harm(stage, rec->vm, "instance_uuid", more);
	memcpy(rec->instance_uuid, source->instance_uuid,
	       sizeof(rec->instance_uuid));
}

/* Refused for the same reason at both levels. */
#define NEVER(reason) .why_off = (reason), .why = (reason)

static const struct trial_case _never[] = {
	{ .what = "moved to another folder",
	  .harms = { { OURS, "move", "\"folder\":\"/DC1/vm\"" } },
	  NEVER("not in the clone folder") },
	{ .what = "marked as a template",
	  .harms = { { OURS, "template", NULL } }, NEVER("template") },
	{ .what = "another instanceUuid",
	  .harms = { { OURS, "instance_uuid",
		       "\"instance_uuid\":\"" UUID "\"" } },
	  NEVER("its instanceUuid is") },
	{ .what = "the instanceUuid of a source", .harm = _like_source,
	  NEVER("the instanceUuid of a source") },
	{ .what = "without owner key",
	  .harms = { { OURS, "set", "\"key\":\"sclone.owner\"" } },
	  NEVER("no owner key") },
	{ .what = "a malformed owner key",
	  .harms = { { OURS, "set",
		       "\"key\":\"sclone.owner\",\"value\":\"hpc1/x\"" } },
	  NEVER("malformed") },
	{ .what = "a tampered owner key", .harm = _tamper, NEVER(MATCH) },
	{ .what = "another controller's owner key", .harm = _other_key,
	  NEVER(MATCH) },
	{ .what = "another clone's owner key", .harm = _copy_owner,
	  NEVER(MATCH) },
	{ .what = "another clone's biosUuid", .harm = _copy_bios,
	  NEVER(MATCH) },
	{ .what = "another biosUuid",
	  .harms = { { OURS, "bios_uuid", "\"bios_uuid\":\"" UUID "\"" } },
	  NEVER(MATCH) },
	{ .what = "another clone's owner key and biosUuid, taken for it",
	  .harm = _copy_both, NEVER("its instanceUuid is") },
	{ .what = "another clone's owner key and biosUuid",
	  .harm = _become_other, NEVER("its owner key says o") },
	{ .what = "an owner key of another node", .harm = _other_node,
	  NEVER("its owner key says vm99") },
	{ .what = "an owner key of another epoch", .harm = _next_epoch,
	  NEVER("its owner key says t") },
	{ .what = "an owner key of another cluster", .harm = _other_cluster,
	  NEVER("belongs to cluster hpc2") },
	{ .what = "another biosUuid than recorded", .harm = _other_bios,
	  NEVER("not the recorded one") },
	{ .what = "another machine under its id, elsewhere",
	  .harms = { { OTHER, "move", "\"folder\":\"/DC1/vm\"" },
		     { OTHER, "take_id", FROM(OURS) } },
	  NEVER("not in the clone folder") },
	{ .what = "another clone under its id",
	  .harms = { { OTHER, "take_id", FROM(OURS) } },
	  NEVER("its instanceUuid is") },
};

/* --- it cannot be read -------------------------------------------------- */

static const struct trial_case _unread[] = {
	{ .what = "its folder is not told", .harms = { BAR("parent") },
	  NEVER("folder") },
	{ .what = "its folder may not be read",
	  .harms = { FORBID("parent") }, NEVER("folder") },
	{ .what = "config.template is not told",
	  .harms = { BAR("config.template") },
	  NEVER("config.template cannot be read") },
	{ .what = "instanceUuid is not told",
	  .harms = { BAR("config.instanceUuid") },
	  NEVER("instanceUuid cannot be read") },
	{ .what = "biosUuid is not told", .harms = { BAR("config.uuid") },
	  NEVER("biosUuid or owner key cannot be read") },
	{ .what = "extraConfig may not be read",
	  .harms = { FORBID("config.extraConfig") },
	  NEVER("biosUuid or owner key cannot be read") },
	{ .what = "nothing may be read", .harms = { FORBID("*") },
	  NEVER("cannot be read") },
	{ .what = "power state not told",
	  .harms = { BAR("runtime.powerState") },
	  .why = "power state cannot be read" },
	{ .what = "devices not told",
	  .harms = { BAR("config.hardware.device") },
	  .why = "cannot be read" },
	{ .what = "devices may not be read",
	  .harms = { FORBID("config.hardware.device") },
	  .why = "cannot be read" },
	{ .what = "layoutEx is missing",
	  .harms = { BAR("layoutEx.file"), BAR("layoutEx.disk") },
	  .why = "cannot be read" },
	{ .what = "layoutEx has no files", .harms = { BAR("layoutEx.file") },
	  .why = "cannot be read" },
	{ .what = "layoutEx has no disks", .harms = { BAR("layoutEx.disk") },
	  .why = "disks cannot be read" },
	{ .what = "layoutEx does not tell of a snapshot",
	  .harms = { { OURS, "snapshot", NULL }, BAR("layoutEx.snapshot") },
	  .why = "disks cannot be read" },
	{ .what = ".vmx not told",
	  .harms = { BAR("config.files.vmPathName") },
	  .why = "cannot be read" },
	{ .what = "datastores not told", .harms = { BAR("datastore") },
	  .why = "cannot be listed" },
	{ .what = "another clone's devices are not told",
	  .harms = { { OTHER, "bar",
		       "\"property\":\"config.hardware.device\"" } },
	  .why = "cannot be read; it may use" },
	{ .what = "of another clone nothing may be read",
	  .harms = { { OTHER, "bar",
		       "\"property\":\"config.files.vmPathName\","
		       "\"type\":\"NoPermission\"" },
		     { OTHER, "bar",
		       "\"property\":\"config.hardware.device\"" },
		     { OTHER, "bar", "\"property\":\"layoutEx.file\"" } },
	  .why = "cannot be read; it may use" },
	{ .what = "a source has changed, and its layoutEx may not be read",
	  .harms = { { SOURCE, "set", "\"key\":\"x\",\"value\":\"y\"" },
		     { SOURCE, "bar",
		       "\"property\":\"layoutEx.file\","
		       "\"type\":\"NoPermission\"" } },
	  .undo = { SOURCE, "unbar", NULL },
	  .why = "cannot be read; it may use" },
};

/* --- its disks ---------------------------------------------------------- */

static const struct trial_case _disks[] = {
	{ .what = "the source's disk on top",
	  .harms = { { OURS, "steal_disk", FROM(SOURCE) } }, .why = FAR },
	{ .what = "another clone's disk on top",
	  .harms = { { OURS, "steal_disk", FROM(OTHER) } }, .why = FAR },
	{ .what = "a foreign machine's disk on top",
	  .harms = { { OURS, "steal_disk", FROM(FOREIGN) } }, .why = FAR },
	{ .what = "the source's disk attached",
	  .harms = { { OURS, "attach", FROM(SOURCE) } }, .why = FAR },
	{ .what = "a foreign machine's disk attached",
	  .harms = { { OURS, "attach", FROM(FOREIGN) } }, .why = FAR },
	{ .what = "a disk in the source's directory",
	  .harms = { { OURS, "attach", IN(SOURCE) } }, .why = FAR },
	{ .what = "a disk in another clone's directory",
	  .harms = { { OURS, "attach", IN(OTHER) } }, .why = FAR },
	{ .what = "a snapshot of the time when it had the source's disk",
	  .harms = { { OURS, "attach", FROM(SOURCE) },
		     { OURS, "snapshot", NULL }, { OURS, "detach", NULL } },
	  .why = FAR },
	{ .what = "a disk shared by many writers",
	  .harms = SHOW("multi_writer"), .why = "shared" },
	{ .what = "a disk on a shared bus", .harms = SHOW("shared_bus"),
	  .why = "shared" },
	{ .what = "an independent disk", .harms = SHOW("independent"),
	  .why = "independent" },
	{ .what = "a raw device", .harms = SHOW("raw"), .why = "raw" },
	{ .what = "a kind of disk that nobody knows", .harms = SHOW("pmem"),
	  .why = "raw" },
	{ .what = "the device shows the source's disk, layoutEx its own",
	  .harms = SHOW("hidden_top"), .why = FAR },
	{ .what = "the device shows its own disk, layoutEx the source's",
	  .harms = SHOW("stale_layout"), .why = FAR },
	{ .what = "layoutEx does not know its newest file",
	  .harms = { { OURS, "grow", NULL },
		     { OURS, "show", AS("stale_layout") } },
	  .why = "layoutEx does not show" },
	{ .what = "its .vmx in the source's directory",
	  .harms = { { OURS, "home", IN(SOURCE) } }, .why = NEAR },
	{ .what = "its .vmx in a foreign machine's directory",
	  .harms = { { OURS, "home", IN(FOREIGN) } }, .why = NEAR },
	{ .what = "its .vmx and its disk are a foreign machine's",
	  .harms = { { OURS, "home", IN(FOREIGN) },
		     { OURS, "steal_disk", FROM(FOREIGN) } }, .why = NEAR },
	{ .what = "another clone's .vmx in its directory",
	  .harms = { { OTHER, "home", IN(OURS) } }, .why = NEAR },
	{ .what = "another clone has a disk in its directory",
	  .harms = { { OTHER, "attach", IN(OURS) } }, .why = NEAR },
	{ .what = "another clone had its disk when a snapshot was taken",
	  .harms = { { OTHER, "attach", FROM(OURS) },
		     { OTHER, "snapshot", NULL }, { OTHER, "detach", NULL } },
	  .why = NEAR },
	{ .what = "another clone has it on top, and layoutEx is behind",
	  .harms = { { OTHER, "steal_disk", FROM(OURS) },
		     { OTHER, "show", AS("stale_layout") } }, .why = NEAR },
	{ .what = "the .vmx of one elsewhere, of which little may be read",
	  .harms = { { OTHER, "home", IN(OURS) },
		     { OTHER, "bar", "\"property\":\"layoutEx.file\"" },
		     { OTHER, "move", "\"folder\":\"/DC1/vm\"" } },
	  .why = NEAR },
	{ .what = "another clone has its disk attached",
	  .harms = { { OTHER, "attach", FROM(OURS) } }, .why = NEAR },
	{ .what = "a foreign machine has its disk attached",
	  .harms = { { FOREIGN, "attach", FROM(OURS) } },
	  .undo = { FOREIGN, "detach", NULL }, .why = NEAR },
};

int main(void)
{
	struct trial_files *before;
	struct stage stage;

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	stage_start(&stage);
	before = trial_files_read(&stage);
	trial_run(&stage, _may, sizeof(_may) / sizeof(*_may));
	trial_run(&stage, _never, sizeof(_never) / sizeof(*_never));
	trial_run(&stage, _unread, sizeof(_unread) / sizeof(*_unread));
	trial_run(&stage, _disks, sizeof(_disks) / sizeof(*_disks));
	trial_files_same(&stage, before, NULL, "sources and foreign machines");
	trial_files_destroy(before);
	stage_stop(&stage);
	return done_testing();
}
