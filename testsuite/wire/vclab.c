/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client against the emulator, end to end: a strict server, real TLS,
 * tasks that take time, sessions that expire, replies that are lost.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/path.h"
#include "common/vim25/machine.h"
#include "common/vim25/privilege.h"
#include "common/vim25/search.h"
#include "common/vim25/vm.h"
#include "await.h"
#include "emulated.h"
#include "tap.h"

#define LONG 30000	/* ms; a limit, never waited for */
#define CLONES 24

struct rig {
	struct emulated vc;
	struct moref folder, pool, sources[2];
	struct moref *find;
	unsigned ended, good;
	struct err err;
	struct moref made[CLONES];
	unsigned n_made;
	/* the last listing */
	unsigned machines, on;
	char names[1024];
	struct machine last;
	char told[512];
	unsigned events;
	unsigned granted, denied;
};

/* --- steps --- */

static void _end(struct rig *rig, const struct err *err)
{
	rig->ended++;
	rig->good += !err;
	rig->err = err ? *err : (struct err) ERR_INIT;
	if (err)
		diag("%s: %s", err_name(err->code), err->text);
}

static void _on_found(const struct moref *found, const struct err *err,
		      void *arg)
{
	struct rig *rig = arg;

	if (found)
		*rig->find = *found;
	_end(rig, err);
}

static void _find(struct rig *rig, const char *path, struct moref *out)
{
	unsigned before = rig->ended;

	rig->find = out;
	search_path(rig->vc.session, path, "test-find", _on_found, rig, NULL);
	await(rig->vc.loop, &rig->ended, before + 1);
	ok(moref_is_set(out), "%s is %s", path, out->id);
}

static void _on_task(const struct task_result *result, void *arg)
{
	struct rig *rig = arg;

	if (!result->err && result->object && rig->n_made < CLONES)
		rig->made[rig->n_made++] = *result->object;
	_end(rig, result->err);
}

static void _clone(struct rig *rig, const char *name, const char *uuid,
		   unsigned source)
{
	struct vm_option options[] = {
		{ "guestinfo.sclone", "{\"node\":\"a&<b>\"}" },
		{ "sclone.owner", name },
	};
	struct vm_clone_spec spec = {
		.source = &rig->sources[source], .name = name,
		.folder = &rig->folder, .pool = &rig->pool,
		.options = options, .n_options = 2, .bios_uuid = uuid,
	};
	struct err err = ERR_INIT;

	if (!vm_instant_clone(rig->vc.watch, &spec, "sclone-test", LONG,
			      _on_task, rig, &err))
		bail_out("%s", err.text);
}

static void _clone_one(struct rig *rig, const char *name, const char *uuid)
{
	unsigned before = rig->ended;

	_clone(rig, name, uuid, 0);
	await(rig->vc.loop, &rig->ended, before + 1);
}

static int _each(const struct property_object *object, void *arg,
		 struct err *err)
{
	struct rig *rig = arg;
	struct machine machine;
	const char *owner;
	size_t len = strlen(rig->names);

	if (machine_parse(&machine, object, err))
		return -1;
	rig->machines++;
	rig->on += machine.power && !strcmp(machine.power, "poweredOn");
	rig->last = machine;
	snprintf(rig->names + len, sizeof(rig->names) - len, "%s ",
		 machine.name);
	owner = property_option(machine.options, "sclone.owner");
	snprintf(rig->told, sizeof(rig->told), "%s",
		 owner ? owner : "(none)");
	return 0;
}

static void _on_read(const struct err *err, void *arg)
{
	_end(arg, err);
}

static void _read(struct rig *rig, struct property_spec *spec)
{
	unsigned before = rig->ended;

	rig->machines = rig->on = 0;
	rig->names[0] = '\0';
	property_read(rig->vc.session, spec, _each, _on_read, rig, NULL);
	await(rig->vc.loop, &rig->ended, before + 1);
}

static void _list(struct rig *rig, unsigned page)
{
	struct property_spec spec;

	machine_spec(&spec, MACHINE_ROW);
	spec.from = &rig->folder;
	spec.via = "childEntity";
	spec.page = page;
	_read(rig, &spec);
}

static void _fault(struct rig *rig, const char *method, const char *kind)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"method\":\"%s\",\"kind\":\"%s\"}",
		 method, kind);
	emulated_control(&rig->vc, "/lab/fault", json);
}

/* --- tests --- */

static void _test_find(struct rig *rig)
{
	struct moref none = { .id = "" };
	struct property_spec spec;

	_find(rig, "/DC1/vm/slurm-clones", &rig->folder);
	_find(rig, "/DC1/host/hpc/Resources/slurm", &rig->pool);
	_find(rig, "/DC1/vm/templates/rocky9-esx01", &rig->sources[0]);
	_find(rig, "/DC1/vm/templates/rocky9-esx02", &rig->sources[1]);
	rig->find = &none;
	search_path(rig->vc.session, "/DC1/vm/nothing", NULL, _on_found, rig,
		    NULL);
	await(rig->vc.loop, &rig->ended, 5);
	ok(!moref_is_set(&none) && rig->good == 5, "what is not there");
	machine_spec(&spec, MACHINE_ALL);
	spec.objects = rig->sources;
	spec.n_objects = 2;
	_read(rig, &spec);
	is_int(rig->machines, 2, "both sources are read in one request");
	ok(rig->last.is_frozen == 1 && rig->last.is_template == 0 &&
	   moref_is_set(&rig->last.host) && rig->on == 2,
	   "on, frozen, on a host");
}

static void _test_clones(struct rig *rig)
{
	char name[32], uuid[40];

	for (unsigned i = 0; i < CLONES; i++) {
		snprintf(name, sizeof(name), "node%03u", i);
		snprintf(uuid, sizeof(uuid), "564d0b5e-1111-2222-3333-"
			 "4444555500%02u", i);
		_clone(rig, name, uuid, i % 2);
	}
	rig->ended = rig->good = 0;
	await(rig->vc.loop, &rig->ended, CLONES);
	is_int(rig->good, CLONES, "clones from two sources");
	is_int(rig->n_made, CLONES, "each with its machine");
	_list(rig, 0);
	is_int(rig->machines, CLONES, "all stand in the folder");
	is_int(rig->on, CLONES, "and run");
	_list(rig, 5);
	is_int(rig->machines, CLONES, "also when listed in pages of 5");
	_clone_one(rig, "node000", "564d0b5e-1111-2222-3333-444455559999");
	is_str(err_name(rig->err.code), "EXISTS", "a name is taken once");
}

static void _on_event(const struct watch_event *event, void *arg)
{
	struct rig *rig = arg;

	if (!event->guest || !strstr(event->guest, "ready"))
		return;
	rig->events++;
	snprintf(rig->told, sizeof(rig->told), "%s", event->guest);
}

static void _test_guest(struct rig *rig)
{
	struct watch_item *item;
	struct property_spec spec;

	item = watch_add(rig->vc.watch, &rig->made[0], WATCH_GUEST, _on_event,
			 rig, NULL);
	await(rig->vc.loop, &rig->events, 1);
	has_str(rig->told, "\"state\":\"ready\"", "the guest's word");
	watch_remove(item);
	machine_spec(&spec, MACHINE_OPTIONS);
	spec.objects = rig->made;
	spec.n_objects = 1;
	_read(rig, &spec);
	has_str(rig->told, "node0", "the owner's key came along");
	machine_spec(&spec, MACHINE_ALL);
	spec.objects = rig->made;
	spec.n_objects = 1;
	_read(rig, &spec);
	ok(rig->machines == 1 && rig->last.is_frozen != 1,
	   "all that can be asked is understood");
}

static int _each_task(const struct property_object *object, void *arg,
		      struct err *err)
{
	struct recent_task task;
	struct rig *rig = arg;

	if (recent_task_parse(&task, object, err))
		return -1;
	rig->machines += task.method &&
			 !strcmp(task.method, "VirtualMachine.instantClone");
	rig->on += recent_task_is_unfinished(&task);
	return 0;
}

static void _test_recent(struct rig *rig)
{
	struct property_spec spec;

	recent_task_spec(&spec, &rig->sources[0]);
	rig->machines = rig->on = rig->ended = 0;
	property_read(rig->vc.session, &spec, _each_task, _on_read, rig,
		      NULL);
	await(rig->vc.loop, &rig->ended, 1);
	ok(rig->machines >= CLONES / 2 && !rig->on,
	   "the source's recent tasks: %u clones, none unfinished",
	   rig->machines);
}

static void _on_privilege(const struct moref *object, const char *privilege,
			  bool granted, void *arg)
{
	struct rig *rig = arg;

	(void) object;
	(void) privilege;
	rig->granted += granted;
	rig->denied += !granted;
}

static void _test_privileges(struct rig *rig)
{
	static const char *const remove[] = {
		"VirtualMachine.Inventory.Delete" };
	struct moref both[] = { rig->folder, rig->sources[0] };

	rig->ended = 0;
	privilege_ask(rig->vc.session, both, 2, remove, 1, _on_privilege,
		      _on_read, rig, NULL);
	await(rig->vc.loop, &rig->ended, 1);
	ok(rig->granted == 1 && rig->denied == 1,
	   "may destroy in the folder, not the source");
}

static void _test_never_twice(struct rig *rig)
{
	static const char *const uuid = "564d0b5e-1111-2222-3333-444455550200";
	static const char *const kinds[] = { "reply_lost", "half_reply" };
	struct moref found = { .id = "" };
	char name[32];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "lost%d", i);
		_fault(rig, "InstantClone_Task", kinds[i]);
		emulated_control(&rig->vc, "/lab/stats", "{\"reset\":true}");
		_clone_one(rig, name, i ? NULL : uuid);
		is_str(err_name(rig->err.code), "UNKNOWN", kinds[i]);
		emulated_control(&rig->vc, "/lab/stats", "{}");
		is_int(emulated_number(&rig->vc, "\"InstantClone_Task\""), 1,
		       "submitted once");
		_clone_one(rig, name, NULL);
		is_str(err_name(rig->err.code), "EXISTS",
		       "looking it up finds it: one machine");
	}
	rig->find = &found;
	rig->ended = 0;
	search_uuid(rig->vc.session, uuid, false, NULL, _on_found, rig, NULL);
	await(rig->vc.loop, &rig->ended, 1);
	ok(moref_is_set(&found), "found by its BIOS UUID");
	_fault(rig, "InstantClone_Task", "http503");
	_clone_one(rig, "busy", NULL);
	is_str(err_name(rig->err.code), "UNKNOWN",
	       "a gateway's 503 says nothing about execution");
}

static void _test_sessions(struct rig *rig)
{
	unsigned logins = session_logins(rig->vc.session);

	emulated_control(&rig->vc, "/lab/fault",
			 "{\"kind\":\"expire_session\"}");
	_clone_one(rig, "after-expiry", NULL);
	ok(rig->err.code == ERR_NONE || rig->err.code == ERR_UNKNOWN,
	   "a session expires under us");
	is_int(session_logins(rig->vc.session), logins + 1, "one new login");
	_clone_one(rig, "after-login", NULL);
	is_int(rig->err.code, ERR_NONE, "the watch works again");

	emulated_control(&rig->vc, "/lab/delay", "{\"method\":"
			 "\"InstantClone_Task\",\"ms\":60000}");
	_clone(rig, "in-restart", NULL, 0);
	await_quiet(rig->vc.loop, 100);
	rig->ended = 0;
	emulated_control(&rig->vc, "/lab/fault", "{\"kind\":\"restart\"}");
	await(rig->vc.loop, &rig->ended, 1);
	is_str(err_name(rig->err.code), "UNKNOWN",
	       "vCenter restarts under a task");
	emulated_control(&rig->vc, "/lab/delay", "{\"method\":"
			 "\"InstantClone_Task\",\"ms\":0}");
	_clone_one(rig, "after-restart", NULL);
	is_int(rig->err.code, ERR_NONE, "and works again afterwards");
}

static void _test_replies(struct rig *rig)
{
	_fault(rig, "RetrievePropertiesEx", "huge_reply");
	_list(rig, 0);
	is_str(err_name(rig->err.code), "PROTOCOL", "10 MiB of reply");
	_fault(rig, "RetrievePropertiesEx", "http503");
	_list(rig, 0);
	is_str(err_name(rig->err.code), "TRANSIENT", "503 with HTML");
	_fault(rig, "RetrievePropertiesEx", "half_reply");
	_list(rig, 0);
	is_str(err_name(rig->err.code), "TRANSIENT", "half a reply");
	_fault(rig, "RetrievePropertiesEx", "reply_lost");
	_list(rig, 0);
	is_int(rig->err.code, ERR_NONE, "no reply: read again");
}

/* Clones that are no more, and one machine that is. */
static void _test_gone(struct rig *rig)
{
	struct moref refs[CLONES + 1];
	struct property_spec spec;
	uint64_t before = session_requests(rig->vc.session);

	memcpy(refs, rig->made, sizeof(rig->made));
	refs[CLONES] = rig->sources[0];
	machine_spec(&spec, MACHINE_ROW);
	spec.objects = refs;
	spec.n_objects = CLONES + 1;
	_read(rig, &spec);
	ok(rig->err.code == ERR_NONE && rig->machines == 1,
	   "what is gone is left out, the rest is read");
	is_int((int64_t) (session_requests(rig->vc.session) - before), 1,
	       "in one request");
}

static void _test_end(struct rig *rig)
{
	rig->ended = rig->good = 0;
	for (unsigned i = 0; i < CLONES; i++)
		vm_power_off(rig->vc.watch, &rig->made[i], NULL, LONG,
			     _on_task, rig, NULL);
	await(rig->vc.loop, &rig->ended, CLONES);
	is_int(rig->good, CLONES, "all off");
	vm_power_off(rig->vc.watch, &rig->made[0], NULL, LONG, _on_task, rig,
		     NULL);
	await(rig->vc.loop, &rig->ended, CLONES + 1);
	is_str(err_name(rig->err.code), "BUSY", "off already");
	rig->ended = rig->good = 0;
	for (unsigned i = 0; i < CLONES; i++)
		vm_destroy(rig->vc.watch, &rig->made[i], NULL, LONG, _on_task,
			   rig, NULL);
	await(rig->vc.loop, &rig->ended, CLONES);
	is_int(rig->good, CLONES, "all destroyed");
	vm_destroy(rig->vc.watch, &rig->made[0], NULL, LONG, _on_task, rig,
		   NULL);
	await(rig->vc.loop, &rig->ended, CLONES + 1);
	is_str(err_name(rig->err.code), "NOTFOUND", "gone already");
	vm_destroy(rig->vc.watch, &rig->sources[0], NULL, LONG, _on_task, rig,
		   NULL);
	await(rig->vc.loop, &rig->ended, CLONES + 2);
	is_str(err_name(rig->err.code), "AUTH", "a source stays");
	_list(rig, 0);
	ok(!strstr(rig->names, "node"), "none is left in the folder");
	_test_gone(rig);
}

static void _on_time(const struct soap_reply *reply, void *arg)
{
	_end(arg, reply->err);
}

/* One call through a session of its own. */
static void _try(struct rig *rig, const struct session_config *config)
{
	static const struct moref self = { "ServiceInstance",
					   "ServiceInstance" };
	cleanup_session struct session *session = NULL;
	struct soap_request request;

	session = session_create(rig->vc.loop, config, NULL);
	soap_begin(&request, SOAP_READ, "CurrentTime", &self, NULL);
	rig->ended = 0;
	if (soap_end(&request, NULL) ||
	    !session_call(session, &request, _on_time, rig, NULL))
		bail_out("cannot call");
	await(rig->vc.loop, &rig->ended, 1);
}

static void _test_tls(struct rig *rig)
{
	struct session_config config;

	emulated_config(&rig->vc, &config);
	config.http.ca_file = NULL;
	_try(rig, &config);
	is_str(err_name(rig->err.code), "CONFIG", "an unknown authority");
	config.http.insecure = true;
	_try(rig, &config);
	is_int(rig->err.code, ERR_NONE, "accepted only if told so");
	config.http.pin = "sha256//"
			  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	_try(rig, &config);
	is_str(err_name(rig->err.code), "CONFIG",
	       "another key than the pinned one, even so");
	config.http.pin = NULL;
	config.http.ca_file = "/nowhere/ca.pem";
	config.http.insecure = false;
	_try(rig, &config);
	is_str(err_name(rig->err.code), "CONFIG", "no such CA file");
}

static void _test_password(struct rig *rig)
{
	struct session_config config;

	emulated_config(&rig->vc, &config);
	emulated_control(&rig->vc, "/lab/stats", "{\"reset\":true}");
	if (path_write(rig->vc.password_file, "wrong", 5, 0600, NULL))
		bail_out("cannot write the password");
	_try(rig, &config);
	is_str(err_name(rig->err.code), "AUTH", "a wrong password");
	emulated_control(&rig->vc, "/lab/stats", "{}");
	is_int(emulated_number(&rig->vc, "\"failed_logins\""), 1,
	       "is tried once");
}

int main(void)
{
	struct rig rig = { .ended = 0 };

	if (!emulated_exists()) {
		printf("1..0 # SKIP vclab is not built\n");
		return 0;
	}
	emulated_start(&rig.vc);
	_test_find(&rig);
	_test_clones(&rig);
	_test_guest(&rig);
	_test_recent(&rig);
	_test_privileges(&rig);
	_test_never_twice(&rig);
	_test_sessions(&rig);
	_test_replies(&rig);
	_test_end(&rig);
	_test_tls(&rig);
	_test_password(&rig);
	emulated_stop(&rig.vc);
	return done_testing();
}
