/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of many objects: pages, what is missing, what is nonsense, and
 * the readers on top of them.
 */
#include <stdio.h>
#include <string.h>

#include "common/vim25/machine.h"
#include "common/vim25/privilege.h"
#include "common/vim25/search.h"
#include "await.h"
#include "tap.h"
#include "vc.h"

static const struct moref folder = { "Folder", "group-v3" };

/* The contents of the replies to come, one after the other; the last one
 * stays. A fault's starts with '!'. */
struct script {
	const char *replies[8];
	unsigned next;
	char last[8192];	/* the last request */
};

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct script *script = arg;
	const char *content = script->replies[script->next];

	snprintf(script->last, sizeof(script->last), "%s", request->body);
	if (script->next + 1 < 8 && script->replies[script->next + 1])
		script->next++;
	if (content[0] == '!' && content[1] == '<')
		canned_soap(reply, 500, content + 1);
	else if (content[0] == '!')
		canned_fault(reply, content + 1);
	else
		canned_soap(reply, 200, content);
	return CANNED_KEEP;
}

struct rig {
	struct vc vc;
	struct script script;
	struct session *session;
	unsigned ended, machines;
	struct err err;
	char names[256];	/* of all machines, each with a space */
	struct machine last;
	char disk_file[64], disk_parent[64], owner[64];
	struct property_query **cancel;
	struct moref found;
};

static void _start(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->vc.serve = _serve;
	rig->vc.arg = &rig->script;
	vc_start(&rig->vc);
	rig->session = vc_session(&rig->vc);
}

static void _stop(struct rig *rig)
{
	session_destroy(rig->session);
	vc_stop(&rig->vc);
}

static void _done(const struct err *err, void *arg)
{
	struct rig *rig = arg;

	rig->ended++;
	rig->err = err ? *err : (struct err) ERR_INIT;
}

static int _each(const struct property_object *object, void *arg,
		 struct err *err)
{
	struct rig *rig = arg;
	struct machine machine;
	const struct xml_node *disk;
	const char *text;

	if (machine_parse(&machine, object, err))
		return -1;
	rig->machines++;
	strncat(rig->names, machine.name ? machine.name : "(none)", 40);
	strncat(rig->names, " ", 2);
	rig->last = machine;
	disk = disk_next(machine.devices, NULL);
	text = disk_file(disk_backing(disk));
	snprintf(rig->disk_file, sizeof(rig->disk_file), "%s",
		 text ? text : "");
	text = disk_file(disk_parent(disk_backing(disk)));
	snprintf(rig->disk_parent, sizeof(rig->disk_parent), "%s",
		 text ? text : "");
	text = property_option(machine.options, "sclone.owner");
	snprintf(rig->owner, sizeof(rig->owner), "%s", text ? text : "");
	if (rig->cancel)
		property_cancel(steal_ptr(rig->cancel));
	return 0;
}

static struct property_query *_list(struct rig *rig)
{
	struct property_spec spec;

	machine_spec(&spec, MACHINE_ROW);
	spec.from = &folder;
	spec.via = "childEntity";
	return property_read(rig->session, &spec, _each, _done, rig, NULL);
}

static void _read(struct rig *rig, const struct moref *machines, size_t count)
{
	struct property_spec spec;

	machine_spec(&spec, MACHINE_ALL);
	spec.objects = machines;
	spec.n_objects = count;
	if (!property_read(rig->session, &spec, _each, _done, rig, NULL))
		bail_out("cannot read");
	await(rig->vc.loop, &rig->ended, 1);
}

#define PAGE(method, inner)                                                 \
	"<" method "Response xmlns='urn:vim25'><returnval>" inner           \
	"</returnval></" method "Response>"
#define RETRIEVED(inner) PAGE("RetrievePropertiesEx", inner)
#define CONTINUED(inner) PAGE("ContinueRetrievePropertiesEx", inner)
#define VM(id, name)                                                        \
	"<objects><obj type='VirtualMachine'>" id "</obj><propSet>"         \
	"<name>name</name><val xsi:type='xsd:string'>" name "</val>"        \
	"</propSet></objects>"

static void _test_pages(void)
{
	struct rig rig;
	struct property_query *query;

	_start(&rig);
	rig.script.replies[0] = RETRIEVED("<token>t&amp;1</token>"
					  VM("vm-1", "a") VM("vm-2", "b"));
	rig.script.replies[1] = CONTINUED(VM("vm-3", "c")
					  "<token>t2</token>");
	rig.script.replies[2] = CONTINUED(VM("vm-4", "d"));
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 1);
	is_str(rig.names, "a b c d ", "all pages, in order");
	is_int(rig.err.code, ERR_NONE, "no error");
	is_int(rig.vc.calls, 3, "three requests");
	has_str(rig.script.last, "<token>t2</token>", "by token");

	rig.script.next = 0;
	rig.machines = 0;
	query = _list(&rig);
	rig.cancel = &query;
	await_quiet(rig.vc.loop, 50);
	is_int(rig.machines, 1, "cancelled inside each(): no more objects");
	is_int(rig.ended, 1, "and no end");

	rig.cancel = NULL;
	rig.script.next = 0;
	rig.script.replies[1] = "!InvalidArgument";
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 2);
	is_str(err_name(rig.err.code), "TRANSIENT",
	       "a token that has become invalid");
	_stop(&rig);
}

static void _test_empty(void)
{
	struct rig rig;

	_start(&rig);
	rig.script.replies[0] =
		"<RetrievePropertiesExResponse xmlns='urn:vim25'/>";
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 1);
	ok(rig.err.code == ERR_NONE && !rig.machines, "an empty folder");
	_stop(&rig);
}

static void _test_left_out(void)
{
	static const struct moref vms[] = { { "VirtualMachine", "vm-1" },
					    { "VirtualMachine", "vm-2" } };
	struct rig rig;

	_start(&rig);
	rig.script.replies[0] =
		"!<soapenv:Fault><faultstring>x</faultstring><detail>"
		"<ManagedObjectNotFoundFault xmlns='urn:vim25'"
		" xsi:type='ManagedObjectNotFound'>"
		"<obj type='VirtualMachine'>vm-1</obj>"
		"</ManagedObjectNotFoundFault></detail></soapenv:Fault>";
	rig.script.replies[1] = RETRIEVED(VM("vm-2", "b"));
	_read(&rig, vms, 2);
	is_str(rig.names, "b ", "what does not exist is left out");
	ok(!strstr(rig.script.last, "vm-1"), "by asking without it");
	rig.ended = 0;
	rig.script.next = 0;
	_read(&rig, vms, 1);
	is_int(rig.err.code, ERR_NONE, "nothing of it exists: no error");
	_stop(&rig);
}

#define MISSING(type)                                                       \
	RETRIEVED("<objects><obj type='VirtualMachine'>vm-1</obj>"          \
		  "<missingSet><path>name</path><fault><fault xsi:type='"   \
		  type "'/><localizedMessage>no</localizedMessage></fault>" \
		  "</missingSet></objects>")

static void _test_missing(void)
{
	struct rig rig;

	_start(&rig);
	rig.script.replies[0] = MISSING("InvalidProperty");
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 1);
	is_str(rig.names, "(none) ", "an unknown property is unset");
	rig.script.replies[0] = MISSING("NoPermission");
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 2);
	is_str(err_name(rig.err.code), "AUTH", "a forbidden one is an error");
	has_str(rig.err.text, "'name'", "that names it");
	rig.script.replies[0] = MISSING("NotAuthenticated");
	rig.script.replies[1] = RETRIEVED(VM("vm-1", "a"));
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 3);
	is_int(rig.err.code, ERR_NONE, "'missing' for want of a login");
	is_int(rig.vc.logins, 2, "logs in again");
	_stop(&rig);
}

static void _test_all(void)
{
	static const struct moref vm = { "VirtualMachine", "vm-1" };
	struct rig rig;

	_start(&rig);
	rig.script.replies[0] = RETRIEVED(
		"<objects><propSet><name>config.hardware.device</name>"
		"<val xmlns:q='http://www.w3.org/2001/XMLSchema-instance'"
		" q:type='ArrayOfVirtualDevice'>"
		"<VirtualDevice q:type='VirtualE1000'><key>1</key>"
		"</VirtualDevice><VirtualDevice q:type='VirtualDisk'>"
		"<key>2000</key><backing q:type="
		"'VirtualDiskFlatVer2BackingInfo'><parent><fileName>[d] p/p"
		".vmdk</fileName></parent><fileName>[d] c/c.vmdk</fileName>"
		"</backing></VirtualDevice></val></propSet>"
		"<propSet><name>config.template</name><val>false</val>"
		"</propSet><propSet><val>true</val><new/><name>runtime."
		"instantCloneFrozen</name></propSet>"
		"<propSet><name>config.extraConfig</name><val>"
		"<OptionValue><value>other</value><key>a</key></OptionValue>"
		"<OptionValue><key>sclone.owner</key><value>h/n/1/x</value>"
		"</OptionValue></val></propSet>"
		"<propSet><name>parent</name><val type='Folder'>group-v3"
		"</val></propSet><propSet><name>name</name></propSet>"
		"<obj type='VirtualMachine'>vm-1</obj></objects>");
	_read(&rig, &vm, 1);
	is_int(rig.machines, 1, "a machine, elements in any order");
	is_str(rig.disk_file, "[d] c/c.vmdk", "its disk's file");
	is_str(rig.disk_parent, "[d] p/p.vmdk", "and that file's parent");
	is_str(rig.owner, "h/n/1/x", "an option");
	is_str(rig.last.parent.id, "group-v3", "the folder");
	ok(rig.last.is_template == 0 && rig.last.is_frozen == 1,
	   "two booleans");
	ok(!rig.last.name, "a property without <val> is unset");
	ok(!rig.last.snapshot && rig.last.host.id[0] == '\0',
	   "what is not told is unset");
	_stop(&rig);
}

static void _is_nonsense(struct rig *rig, const char *reply, const char *what)
{
	unsigned before = rig->ended;

	rig->script.next = 0;
	rig->script.replies[0] = reply;
	_list(rig);
	await(rig->vc.loop, &rig->ended, before + 1);
	if (!is_str(err_name(rig->err.code), "PROTOCOL", what))
		diag("%s", rig->err.text);
}

static void _test_nonsense(void)
{
	struct rig rig;

	_start(&rig);
	_is_nonsense(&rig, RETRIEVED("<objects/>"), "an object of no name");
	_is_nonsense(&rig, RETRIEVED("<objects><obj>vm-1</obj></objects>"),
		     "a reference of no type");
	_is_nonsense(&rig, RETRIEVED("<objects><obj type='VirtualMachine'/>"
				     "</objects>"), "an empty reference");
	_is_nonsense(&rig, RETRIEVED(
		"<objects><obj type='VirtualMachine'>v</obj><propSet><name>"
		"config.template</name><val>maybe</val></propSet></objects>"),
		"a boolean that is none");
	_is_nonsense(&rig, RETRIEVED(
		"<objects><obj type='VirtualMachine'>v</obj><propSet><name>"
		"name</name><val><a/></val></propSet></objects>"),
		"a string that is none");
	_is_nonsense(&rig, RETRIEVED(
		"<objects><obj type='VirtualMachine'>v</obj><propSet><name>"
		"parent</name><val>x</val></propSet></objects>"),
		"a reference that is none");
	_stop(&rig);
}

static void _on_found(const struct moref *found, const struct err *err,
		      void *arg)
{
	struct rig *rig = arg;

	rig->found = found ? *found : (struct moref) { .id = "" };
	_done(err, rig);
}

static void _test_search(void)
{
	struct rig rig;

	_start(&rig);
	rig.script.replies[0] = "<FindByInventoryPathResponse><returnval"
				" type='Folder'>group-v9</returnval>"
				"</FindByInventoryPathResponse>";
	search_path(rig.session, "/DC/vm/x", "op", _on_found, &rig, NULL);
	await(rig.vc.loop, &rig.ended, 1);
	is_str(rig.found.id, "group-v9", "found by path");
	rig.script.replies[0] = "<FindByUuidResponse/>";
	search_uuid(rig.session, "u", false, NULL, _on_found, &rig, NULL);
	await(rig.vc.loop, &rig.ended, 2);
	ok(!rig.found.id[0] && rig.err.code == ERR_NONE,
	   "not found is no error");
	rig.script.replies[0] = "<FindByUuidResponse><returnval/>"
				"</FindByUuidResponse>";
	search_uuid(rig.session, "u", true, NULL, _on_found, &rig, NULL);
	await(rig.vc.loop, &rig.ended, 3);
	is_str(err_name(rig.err.code), "PROTOCOL", "nonsense found");
	_stop(&rig);
}

static void _on_privilege(const struct moref *object, const char *privilege,
			  bool granted, void *arg)
{
	struct rig *rig = arg;
	size_t len = strlen(rig->names);

	snprintf(rig->names + len, sizeof(rig->names) - len, "%s:%s:%d ",
		 object->id, privilege, granted);
}

static void _test_privileges(void)
{
	static const char *const names[] = { "System.View" };
	struct err err = ERR_INIT;
	struct rig rig;

	_start(&rig);
	ok(!privilege_ask(rig.session, &folder, 1, names, 1, _on_privilege,
			  _done, &rig, &err) && err.code == ERR_TRANSIENT,
	   "privileges can be asked for after the login");
	rig.script.replies[0] =
		"<RetrievePropertiesExResponse xmlns='urn:vim25'/>";
	_list(&rig);
	await(rig.vc.loop, &rig.ended, 1);
	rig.script.replies[0] =
		"<HasPrivilegeOnEntitiesResponse><returnval><entity"
		" type='Folder'>f1</entity><privAvailability><privId>A"
		"</privId><isGranted>true</isGranted></privAvailability>"
		"<privAvailability><privId>B</privId><isGranted>false"
		"</isGranted></privAvailability></returnval><returnval>"
		"<entity type='Folder'>f2</entity></returnval>"
		"</HasPrivilegeOnEntitiesResponse>";
	privilege_ask(rig.session, &folder, 1, names, 1, _on_privilege, _done,
		      &rig, NULL);
	await(rig.vc.loop, &rig.ended, 2);
	is_str(rig.names, "f1:A:1 f1:B:0 ", "granted and not granted");
	has_str(rig.script.last, "<sessionId>key-1</sessionId>",
		"of our own session");
	_stop(&rig);
}

int main(void)
{
	_test_pages();
	_test_empty();
	_test_left_out();
	_test_missing();
	_test_all();
	_test_nonsense();
	_test_search();
	_test_privileges();
	return done_testing();
}
