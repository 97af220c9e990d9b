/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard is told about machines: two witnesses of disks, and
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
#define BASE_LINK "<chain><fileKey>1</fileKey></chain>"
#define SNAPSHOT(chain) PROP("layoutEx.snapshot", "<s><key>s-1</key><disk>" \
	"<key>2000</key>" chain "</disk></s>")
#define BUS(sharing) "<VirtualDevice xsi:type=\"VirtualLsiLogicController\">" \
	"<key>1000</key><sharedBus>" sharing "</sharedBus></VirtualDevice>"
#define ON_BUS BACKING(FLAT, TOP, "") "<controllerKey>1000</controllerKey>"
#define VMX PROP("config.files.vmPathName", "[ds1] vm1/vm1.vmx")
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

static bool _on_top(const struct guard_facts *guard, const char *file)
{
	const struct guard_disk *disk = &guard->disks[guard->disk_count - 1];

	for (size_t i = 0; i < disk->top_count; i++)
		if (!strcmp(disk->tops[i], file))
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
	is_str(guard->disks[0].tops[0], TOP, "its top file");
	ok(_on_top(guard, TOP) && _on_top(guard, DELTA) &&
	   !_on_top(guard, BASE), "of both witnesses, and no parent");
	ok(guard->disks[0].listed, "they agree");
	ok(!guard->disks[0].raw && !guard->disks[0].shared &&
	   !guard->disks[0].independent, "a plain disk");
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
	ok(!_has(_read(DEVICES(DISK(BACKING(FLAT, "", "")))),
		 GUARD_HAS_DISKS) || !facts_guard(facts)->disks[0].listed,
	   "a top without name");
}

/* layoutEx that does not know the top, and one that knows more. */
static void _test_layouts(void)
{
	const struct guard_facts *guard;

	guard = _read(PLAIN FILES LAYOUT("2000", BASE_LINK));
	ok(!guard->disks[0].listed, "a stale layout");
	ok(_on_top(guard, TOP) && _on_top(guard, BASE),
	   "its last link is on top, too");
	guard = _read(DEVICES(DISK(BACKING(FLAT, BASE, ""))) FILES
		      LAYOUT("2000", CHAIN));
	ok(guard->disks[0].listed && _on_top(guard, BASE) &&
	   _on_top(guard, TOP) && _on_top(guard, DELTA),
	   "a top that only the layout knows");
}

static void _test_snapshots(void)
{
	const struct guard_facts *guard;

	guard = _read(DEVICES("") FILES SNAPSHOT(CHAIN));
	is_int((long) guard->disk_count, 1, "a disk of a snapshot");
	ok(_has(guard, GUARD_HAS_LAYOUT) && _on_top(guard, TOP) &&
	   !_on_top(guard, BASE), "its top when it was taken");
	guard = _read(PLAIN FILES LAYOUT("2000", CHAIN) SNAPSHOT(BASE_LINK));
	ok(guard->disk_count == 2 && _on_top(guard, BASE), "of another file");
	ok(!_has(_read(DEVICES("") FILES SNAPSHOT("")), GUARD_HAS_LAYOUT),
	   "an empty one");
	ok(!_has(_read(DEVICES("") FILES PROP("snapshot", "x")),
		 GUARD_HAS_LAYOUT), "one that the layout does not know");
}

static void _test_kinds(void)
{
	const struct guard_facts *guard;

	guard = _read(DEVICES(DISK(BACKING(
		"VirtualDiskRawDiskMappingVer1BackingInfo", TOP, ""))));
	ok(guard->disks[0].raw, "a raw device");
	guard = _read(DEVICES(DISK(BACKING("VirtualDiskNewBackingInfo", TOP,
					   ""))));
	ok(guard->disks[0].raw, "a backing that nobody knows");
	guard = _read(DEVICES("<d xsi:type=\"VirtualNVDIMM\"/>"));
	ok(guard->disks[0].raw, "a disk that is memory");
	guard = _read(DEVICES(DISK(BACKING(FLAT, TOP, "<diskMode>"
					   "independent_persistent"
					   "</diskMode>"))));
	ok(guard->disks[0].independent, "an independent disk");
	guard = _read(DEVICES(DISK(BACKING(FLAT, TOP, "<sharing>"
					   "sharingMultiWriter</sharing>"))));
	ok(guard->disks[0].shared, "a disk with many writers");
	guard = _read(DEVICES(BUS("noSharing") DISK(ON_BUS)));
	ok(!guard->disks[0].shared, "a bus of its own");
	guard = _read(DEVICES(BUS("virtualSharing") DISK(ON_BUS)));
	ok(guard->disks[0].shared, "a bus that is shared");
	guard = _read(DEVICES(DISK(ON_BUS)));
	ok(guard->disks[0].shared, "a bus that is not told of");
}

static struct buf dirs;

/* The machine with these properties has files in all of its directories. */
static bool _whole(const char *props)
{
	(void) _read(props);
	buf_free(&dirs);
	buf_init(&dirs, 4096);
	return facts_directories(&machine, &dirs);
}

static bool _in(const char *directory)
{
	for (size_t pos = 0; pos < dirs.len;
	     pos += strlen(dirs.data + pos) + 1)
		if (!strcmp(dirs.data + pos, directory))
			return true;
	return false;
}

static void _test_directories(void)
{
	ok(_whole(PLAIN FILES VMX), "all files");
	ok(_in("[ds1] vm1/") && _in("[ds1] src/"), "are where they are");
	is_int((long) dirs.len, 22, "each directory once");
	ok(!_whole(PLAIN VMX), "no layout");
	ok(!_whole(FILES VMX), "no devices");
	ok(!_whole(PLAIN FILES), "no .vmx");
	(void) _whole(DEVICES(DISK(BACKING(FLAT, "[a] b/c", PARENT(BASE)))));
	ok(_in("[a] b/") && _in("[ds1] src/"), "as far as devices show");
	(void) _whole(VMX);
	ok(_in("[ds1] vm1/"), "as far as is known");
	(void) _whole(DEVICES(DISK(BACKING(FLAT, "c.vmdk", ""))));
	is_int((long) dirs.len, 0, "a path of no known form");
	buf_free(&dirs);
}

int main(void)
{
	_test_plain();
	_test_missing();
	_test_layouts();
	_test_snapshots();
	_test_kinds();
	_test_directories();
	facts_destroy(facts);
	xml_destroy(xml);
	return done_testing();
}
