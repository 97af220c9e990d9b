/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard is told about machines: two witnesses of chains, and
 * nothing where vCenter tells nothing. */
#include <stdio.h>
#include <string.h>

#include "common/clone/facts.h"
#include "tap.h"

#define XSI "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define PROP(name, value) \
	"<propSet><name>" name "</name><val>" value "</val></propSet>"
#define BACKING(type, file, more) \
	"<backing xsi:type=\"" type "\"><fileName>" file "</fileName>" more \
	"</backing>"
#define PARENT(file) "<parent><fileName>" file "</fileName></parent>"
#define DISK(backing) \
	"<VirtualDevice xsi:type=\"VirtualDisk\"><key>2000</key>" backing \
	"</VirtualDevice>"
#define DEVICES(disks) \
	PROP("config.hardware.device", "<VirtualDevice xsi:type=" \
	     "\"VirtualVmxnet3\"><key>4000</key></VirtualDevice>" disks)
#define FILE_(key, type, name) \
	"<f><key>" key "</key><name>" name "</name><type>" type \
	"</type></f>"
#define FLAT "VirtualDiskFlatVer2BackingInfo"
#define TOP "[ds1] vm1/vm1.vmdk"
#define DELTA "[ds1] vm1/vm1-delta.vmdk"
#define BASE "[ds1] src/src.vmdk"

#define PLAIN DEVICES(DISK(BACKING(FLAT, TOP, PARENT(BASE))))
#define FILES PROP("layoutEx.file", FILE_("0", "config", "[ds1] vm1/vm1.vmx") \
	FILE_("1", "diskDescriptor", BASE) FILE_("2", "diskDescriptor", TOP) \
	FILE_("3", "diskExtent", DELTA))
#define CHAIN "<chain><fileKey>1</fileKey></chain>" \
	"<chain><fileKey>2</fileKey><fileKey>3</fileKey></chain>"
#define UNKNOWN "<chain><fileKey>9</fileKey></chain>"
#define LAYOUT(key, chain) \
	PROP("layoutEx.disk", "<d><key>" key "</key>" chain "</d>")

/* The facts of a machine with these properties. */
static struct xml *xml;
static struct machine machine;
static struct facts *facts;

static const struct guard_facts *_read(const char *props)
{
	struct property_object object = { { "VirtualMachine", "vm-7" }, NULL };
	struct err err = ERR_INIT;
	char text[4096];
	int len = snprintf(text, sizeof(text), "<o " XSI ">%s</o>", props);

	facts_destroy(facts);
	xml_destroy(xml);
	xml = xml_parse(text, (size_t) len, &err);
	object.node = xml ? xml_root(xml) : NULL;
	if (!xml || machine_parse(&machine, &object, &err) < 0)
		bail_out("%s", err.text);
	facts = facts_create(&machine, 42);
	return facts_guard(facts);
}

static bool _has(const struct guard_facts *guard, unsigned bits)
{
	return (guard->has & bits) == bits;
}

static bool _in_chain(const struct guard_facts *guard, const char *file)
{
	const struct guard_disk *disk = &guard->disks[0];

	for (size_t i = 0; i < disk->chain_count; i++)
		if (!strcmp(disk->chain[i], file))
			return true;
	return false;
}

static void _test_plain(void)
{
	const struct guard_facts *guard;

	guard = _read("");
	is_int(guard->has, 0, "nothing told, nothing known");
	is_str(guard->vm, "vm-7", "but which machine it is");
	is_int(guard->read_at, 42, "and when it was asked");
	guard = _read(PLAIN FILES LAYOUT("2000", CHAIN)
		      PROP("runtime.powerState", "poweredOff")
		      PROP("config.template", "true"));
	ok(_has(guard, GUARD_HAS_DISKS | GUARD_HAS_LAYOUT | GUARD_HAS_POWER |
		       GUARD_HAS_TEMPLATE), "a machine with a disk");
	ok(guard->powered_off && guard->is_template, "off, a template");
	is_int((long) guard->disk_count, 1, "one disk");
	is_str(guard->disks[0].top, TOP, "its top file");
	is_int((long) guard->disks[0].chain_count, 3, "each file once");
	ok(_in_chain(guard, TOP) && _in_chain(guard, BASE) &&
	   _in_chain(guard, DELTA), "of both witnesses");
	ok(!guard->disks[0].raw && !guard->disks[0].shared, "a plain disk");
	guard = _read(DEVICES("") FILES);
	ok(_has(guard, GUARD_HAS_DISKS | GUARD_HAS_LAYOUT) &&
	   guard->disk_count == 0, "a machine without disks");
}

static void _test_missing(void)
{
	ok(!_has(_read(PLAIN FILES), GUARD_HAS_LAYOUT), "no layout");
	ok(_has(facts_guard(facts), GUARD_HAS_DISKS), "the disks are there");
	ok(!_has(_read(PLAIN LAYOUT("2000", CHAIN)), GUARD_HAS_LAYOUT),
	   "a layout without its files");
	ok(!_has(_read(PLAIN FILES LAYOUT("2001", CHAIN)), GUARD_HAS_LAYOUT),
	   "the layout of another disk");
	ok(!_has(_read(PLAIN FILES LAYOUT("2000", "")), GUARD_HAS_LAYOUT),
	   "an empty layout");
	ok(!_has(_read(PLAIN FILES LAYOUT("2000", UNKNOWN)),
		 GUARD_HAS_LAYOUT), "a file without name");
	ok(!_has(_read(DEVICES(DISK(""))), GUARD_HAS_DISKS),
	   "a disk without backing");
	ok(!_has(_read(FILES LAYOUT("2000", CHAIN)), GUARD_HAS_DISKS),
	   "no devices");
	ok(!_has(_read(DEVICES(DISK(BACKING(FLAT, TOP, "<parent/>")))),
		 GUARD_HAS_DISKS), "a parent without name");
}

static void _test_kinds(void)
{
	const struct guard_facts *guard;

	guard = _read(DEVICES(DISK(BACKING(
		"VirtualDiskRawDiskMappingVer1BackingInfo", TOP, ""))));
	ok(guard->disks[0].raw, "a raw device");
	guard = _read(DEVICES(DISK(BACKING(FLAT, TOP, "<diskMode>"
					   "independent_persistent"
					   "</diskMode>"))));
	ok(guard->disks[0].shared, "an independent disk");
	guard = _read(DEVICES(DISK(BACKING(FLAT, TOP, "<sharing>"
					   "sharingMultiWriter</sharing>"))));
	ok(guard->disks[0].shared, "a disk with many writers");
}

static void _test_chains(void)
{
	struct chains *chains = chains_create(100);
	struct err err = ERR_INIT;

	(void) _read(PLAIN FILES);
	is_int(facts_put_chains(&machine, chains, &err), 1, "all files");
	ok(chains_user(chains, TOP, "x") && chains_user(chains, BASE, "x") &&
	   chains_user(chains, DELTA, "x"), "of both witnesses are used");
	ok(!chains_user(chains, "[ds1] vm1/vm1.vmx", "x"), "disks only");
	(void) _read(PLAIN);
	is_int(facts_put_chains(&machine, chains, &err), 1,
	       "others' devices are enough");
	(void) _read(FILES);
	is_int(facts_put_chains(&machine, chains, &err), 0,
	       "without devices not all are seen");
	chains_destroy(chains);
}

int main(void)
{
	_test_plain();
	_test_missing();
	_test_kinds();
	_test_chains();
	facts_destroy(facts);
	xml_destroy(xml);
	return done_testing();
}
