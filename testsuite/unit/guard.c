/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard: what may be powered off and destroyed, and all that may not. */
#include <string.h>

#include "common/rules/guard.h"
#include "common/rules/text.h"
#include "tap.h"

#define S INT64_C(1000000)
#define NOW (1700000000 * S)
#define KEY "0123456789abcdef0123456789abcdef"
#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define UUID2 "11111111-89ab-cdef-0123-456789abcdef"
#define DIR "[ds1] vm1/"
#define TOP DIR "vm1-000001.vmdk"
#define FLAT DIR "vm1-000001-delta.vmdk"
#define PARENT "[ds1] src/src.vmdk"

/* One clone as it should be, and the world around it. Each case changes
 * one thing. */
static struct record rec;
static struct guard_facts facts;
static struct guard_world world;
static struct guard_disk disk;
static const char *tops[2];
static struct tenants *tenants;
static struct table *sources, *uuids;
static char owner[OWNER_TEXT_SIZE];
static char bios_uuid[UUID_TEXT_SIZE];

static void _uses(const char *vm, const char *path)
{
	struct err err = ERR_INIT;

	if (tenants_add(tenants, vm, path, &err) < 0)
		bail_out("%s", err.text);
}

static void _own(const char *cluster, const char *node, uint64_t epoch)
{
	struct err err = ERR_INIT;

	if (owner_make(KEY, strlen(KEY), cluster, node, epoch, owner,
		       &err) < 0)
		bail_out("%s", err.text);
}

static void _make_world(void)
{
	static int present = 1;

	tenants_destroy(tenants);
	table_destroy(sources);
	table_destroy(uuids);
	tenants = tenants_create(100);
	sources = table_create(10, NULL);
	uuids = table_create(10, NULL);
	if (!tenants || !sources || !uuids ||
	    table_set(sources, "vm-src", &present, NULL) < 0 ||
	    table_set(uuids, UUID2, &present, NULL) < 0)
		bail_out("out of memory");
	_uses("vm-src", PARENT);
	_uses("vm-7", DIR "vm1.vmx");
	_uses("vm-7", PARENT);
	_uses("vm-8", "[ds1] vm2/vm2-000001.vmdk");
	_uses("vm-8", PARENT);
	world = (struct guard_world) {
		.cluster = "hpc1", .key = KEY, .key_len = strlen(KEY),
		.folder = "group-v9", .sources = sources,
		.source_uuids = uuids, .tenants = tenants,
		.unreadable = "", .tenants_at = NOW - S,
	};
}

static void _good(void)
{
	struct err err = ERR_INIT;

	_make_world();
	if (record_init(&rec, "hpc1", "vm1", &err) < 0)
		bail_out("%s", err.text);
	rec.epoch = rec.last_epoch = 5;
	owner_bios_uuid("hpc1", "vm1", 5, rec.bios_uuid);
	owner_bios_uuid("hpc1", "vm1", 5, bios_uuid);
	text_set(rec.vm, "vm-7");
	text_set(rec.instance_uuid, UUID);
	_own("hpc1", "vm1", 5);
	tops[0] = TOP;
	tops[1] = FLAT;
	disk = (struct guard_disk) {
		.listed = true, .tops = tops, .top_count = 2
	};
	facts = (struct guard_facts) {
		.has = GUARD_HAS_ALL, .read_at = NOW - S, .vm = "vm-7",
		.folder = "group-v9", .instance_uuid = UUID,
		.bios_uuid = bios_uuid, .owner = owner, .powered_off = true,
		.vmx = DIR "vm1.vmx", .disks = &disk, .disk_count = 1,
	};
}

static enum err_code refusal = ERR_REFUSED;

static void _verdict(enum guard_level level, bool allowed, const char *part,
		     const char *what)
{
	struct err err = ERR_INIT;
	int rc = guard_check(level, &facts, &rec, &world, NOW, &err);

	ok((rc == 0) == allowed, "%s: %s: %s", what,
	   level == GUARD_DESTROY ? "destroy" : "power-off",
	   allowed ? "allowed" : "refused");
	if (rc < 0 && allowed)
		diag("%s", err.text);
	if (rc < 0 && part)
		has_str(err.text, part, "with the reason");
	if (rc < 0)
		is_int(err.code, refusal, refusal == ERR_REFUSED
						  ? "as a refusal"
						  : "to be read again");
}

/* Refused at both levels; at destroy only; allowed. */
static void _never(const char *part, const char *what)
{
	_verdict(GUARD_POWER_OFF, false, part, what);
	_verdict(GUARD_DESTROY, false, part, what);
	_good();
}

static void _no_destroy(const char *part, const char *what)
{
	_verdict(GUARD_POWER_OFF, true, NULL, what);
	_verdict(GUARD_DESTROY, false, part, what);
	_good();
}

static void _may(const char *what)
{
	_verdict(GUARD_POWER_OFF, true, NULL, what);
	_verdict(GUARD_DESTROY, true, NULL, what);
	_good();
}

static void _identity(void)
{
	_good();
	_may("a clone as it should be");
	facts.owner = "";
	_never("no owner key", "no owner key");
	facts.owner = NULL;
	_never("no owner key", "owner key missing");
	owner[strlen(owner) - 1] ^= 1;
	_never("does not match", "owner key damaged");
	world.key = "another key, another key, another";
	_never("does not match", "copied controller with another key");
	world.key_len = 0;
	_never("sclone.key", "key not loaded");
	facts.bios_uuid = UUID2;
	_never("does not match", "owner key copied to another VM");
	_own("hpc1", "vm2", 5);
	owner_bios_uuid("hpc1", "vm2", 5, bios_uuid);
	_never("vm2/5", "a VM of another node");
	_own("hpc1", "vm1", 6);
	owner_bios_uuid("hpc1", "vm1", 6, bios_uuid);
	_never("vm1/6", "a VM of another epoch");
	_own("hpc2", "vm1", 5);
	owner_bios_uuid("hpc2", "vm1", 5, bios_uuid);
	_never("cluster hpc2", "a VM of another cluster");
	facts.owner = "hpc1/vm1/5/xyz";
	_never("malformed", "owner key malformed");
	facts.instance_uuid = UUID2;
	_never("source", "instanceUuid of a source");
	facts.instance_uuid = "22222222-89ab-cdef-0123-456789abcdef";
	_never("instanceUuid", "biosUuid and owner key copied");
	*rec.instance_uuid = '\0';
	facts.instance_uuid = "22222222-89ab-cdef-0123-456789abcdef";
	_may("no instanceUuid recorded");
	facts.instance_uuid = "01234567-89AB-CDEF-0123-456789ABCDEF";
	_may("instanceUuid in capitals");
	facts.vm = "vm-8";
	_never("the record says vm-7", "another VM was read");
	*rec.vm = '\0';
	_never("not known which", "no VM recorded");
}

static void _place(void)
{
	_good();
	facts.folder = "group-v1";
	_never("not in the clone folder", "moved to another folder");
	world.folder = "";
	_never("clone folder is not known", "folder not resolved");
	facts.is_template = true;
	_never("template", "marked as template");
	if (table_set(sources, "vm-7", &facts, NULL) < 0)
		bail_out("out of memory");
	_never("once was, a source", "a source, or once one");
	world.sources = NULL;
	_never("sources is not known", "sources not known");
}

static void _missing(void)
{
	static const struct {
		unsigned bit;
		bool never;
	} facts_of[] = {
		{ GUARD_HAS_FOLDER, true }, { GUARD_HAS_TEMPLATE, true },
		{ GUARD_HAS_INSTANCE, true }, { GUARD_HAS_BIOS, true },
		{ GUARD_HAS_CONFIG, true }, { GUARD_HAS_POWER, false },
		{ GUARD_HAS_FILES, false }, { GUARD_HAS_DISKS, false },
		{ GUARD_HAS_LAYOUT, false },
	};

	_good();
	for (size_t i = 0; i < sizeof(facts_of) / sizeof(*facts_of); i++) {
		facts.has &= ~facts_of[i].bit;
		if (facts_of[i].never)
			_never("cannot be read", "a fact is missing");
		else
			_no_destroy("cannot be read", "a fact is missing");
	}
	facts.has = 0;
	_never(NULL, "nothing could be read");
	refusal = ERR_TRANSIENT;
	facts.read_at = NOW - 3 * S;
	_never("within the last", "facts too old");
	facts.read_at = NOW + S;
	_never("within the last", "facts from the future");
	world.tenants_at = NOW - 3 * S;
	_no_destroy("within the last", "other VMs' files too old");
	refusal = ERR_REFUSED;
	world.unreadable = "vm-12";
	_no_destroy("vm-12 cannot be read", "a VM whose files are not known");
	world.unreadable = "vm-7";
	_no_destroy("own files cannot be read", "its own, if it is that");
	world.unreadable = NULL;
	_no_destroy("other VMs", "not said whether all are known");
	world.tenants = NULL;
	_no_destroy("other VMs", "no files of others");
	facts.powered_off = false;
	_no_destroy("not powered off", "running");
}

static void _disks(void)
{
	_good();
	tops[0] = PARENT;
	_no_destroy("not in the VM's own", "the parent's disk as top disk");
	tops[1] = PARENT;
	_no_destroy("not in the VM's own", "so says one witness");
	tops[0] = "[ds1] vm2/vm2-000001.vmdk";
	_no_destroy("not in the VM's own", "disk in another VM's directory");
	tops[0] = "[ds1] vm1/sub/vm1.vmdk";
	_no_destroy("not in the VM's own", "below its own directory");
	tops[0] = "[ds2] vm1/vm1.vmdk";
	_no_destroy("not in the VM's own", "only a disk was storage-moved");
	disk.raw = true;
	_no_destroy("raw", "raw device");
	disk.shared = true;
	_no_destroy("shared", "shared disk");
	disk.independent = true;
	_no_destroy("independent", "independent disk");
	disk.listed = false;
	_no_destroy("layoutEx does not show", "layoutEx knows another top");
	tops[0] = NULL;
	_no_destroy("not known", "disk without file");
	tops[0] = "vm1.vmdk";
	_no_destroy("not known", "path of no known form");
	disk.top_count = 0;
	_no_destroy("not known", "disk without top");
	disk.tops = NULL;
	_no_destroy("not known", "tops announced but absent");
	facts.disks = NULL;
	_no_destroy("make no sense", "disks announced but absent");
	facts.disk_count = GUARD_DISKS_MAX + 1;
	_no_destroy("make no sense", "too many disks");
}

static void _home(void)
{
	_good();
	_uses("vm-9", DIR "vm1.vmdk");
	_no_destroy("vm-9 uses files in", "its lower disk was cloned on");
	_uses("vm-9", DIR "vm9.vmx");
	_no_destroy("vm-9 uses files in", "another VM lives with it");
	facts.vmx = "[ds1] vm2/vm1.vmx";
	_no_destroy("vm-8 uses files in", "it lives with another VM");
	facts.vmx = "[ds1] vm3/vm1.vmx";
	_no_destroy("cannot be listed", "the listing knows it elsewhere");
	facts.vmx = "vm1.vmx";
	_no_destroy("directory", "no directory");
	facts.vmx = NULL;
	_no_destroy("directory", "no .vmx");
	_uses("vm-3", PARENT);
	_may("its parent has other children");
}

static void _allowed(void)
{
	_good();
	tops[0] = DIR "vm1-000002.vmdk";
	_may("snapshots of its own");
	facts.vmx = "[ds2] vm1_1/vm1.vmx";
	tops[0] = "[ds2] vm1_1/vm1.vmdk";
	tops[1] = "[ds2] vm1_1/vm1-flat.vmdk";
	_uses("vm-7", facts.vmx);
	_may("storage-moved");
	facts.disk_count = 0;
	_may("no disk at all");
	text_set(rec.node, "vm1");
	_may("renamed: the name decides nothing");
}

static void _tenants(void)
{
	_good();
	ok(tenants_add(tenants, "", TOP, NULL) < 0, "a file without VM");
	is_int(tenants_add(tenants, "vm-1", "/vmfs/x.vswp", NULL), 0,
	       "a file elsewhere");
	ok(tenants_other(tenants, PARENT, "vm-none") != NULL, "a tenant");
	ok(!tenants_other(tenants, "[ds1] x/y.vmdk", "vm-7"), "none");
	ok(tenants_other(tenants, PARENT, "vm-src") != NULL,
	   "others besides the asker");
	ok(tenants_has(tenants, DIR "x", "vm-7") &&
	   !tenants_has(tenants, DIR "x", "vm-8"), "who lives there");
	ok(!tenants_has(tenants, "[ds1] x/y", "vm-7"), "and not there");
	is_int((long) tenants_dir_len("[a] b] c/d.vmdk"), 9,
	       "brackets in a name");
	is_int((long) tenants_dir_len("[a] d.vmdk"), 0, "no directory");
	is_int((long) tenants_dir_len("[a/b] d.vmdk"), 0,
	       "a slash in the datastore's name");
}

int main(void)
{
	_identity();
	_place();
	_missing();
	_disks();
	_home();
	_allowed();
	_tenants();
	tenants_destroy(tenants);
	table_destroy(sources);
	table_destroy(uuids);
	return done_testing();
}
