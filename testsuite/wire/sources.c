/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the sources: what one look does not tell is not known from the
 * one before. For folders of them in full, see folders.c. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/clone/sources.h"
#include "await.h"
#include "tap.h"
#include "vc.h"

#define PROP(name, type, value) \
	"<propSet><name>" name "</name><val" type ">" value "</val></propSet>"
#define PAGE(objects)                                                      \
	"<RetrievePropertiesExResponse xmlns='urn:vim25'><returnval>"      \
	objects "</returnval></RetrievePropertiesExResponse>"
#define MACHINE                                                            \
	PAGE("<objects><obj type='VirtualMachine'>vm-1</obj>"              \
	     PROP("name", "", "s") PROP("config.template", "", "false")    \
	     PROP("runtime.powerState", "", "poweredOn")                   \
	     PROP("runtime.instantCloneFrozen", "", "true")                \
	     PROP("runtime.host", " type='HostSystem'", "host-1")          \
	     PROP("config.files.vmPathName", "", "[ds1] s/s.vmx")          \
	     PROP("config.hardware.memoryMB", "", "1000")                  \
	     PROP("summary.config.memoryReservation", "", "400")           \
	     PROP("datastore", "",                                         \
		  "<ManagedObjectReference type='Datastore'>datastore-1"   \
		  "</ManagedObjectReference>")                             \
	     PROP("layoutEx.disk", "", "<x><key>2000</key><chain/><chain/>" \
		  "</x>")                                                  \
	     "</objects>")
#define HOST                                                               \
	PAGE("<objects><obj type='HostSystem'>host-1</obj>"                \
	     PROP("name", "", "esx01")                                     \
	     PROP("runtime.connectionState", "", "connected")              \
	     PROP("runtime.inMaintenanceMode", "", "false") HOST_ROOM      \
	     "</objects>")
#define HOST_ROOM                                                          \
	PROP("summary.hardware.memorySize", "", "8589934592")              \
	PROP("summary.quickStats.overallMemoryUsage", "", "1192")
#define STORE(more)                                                        \
	PAGE("<objects><obj type='Datastore'>datastore-1</obj>"            \
	     PROP("name", "", "ds1") more "</objects>")
#define STORE_ROOM                                                         \
	PROP("summary.capacity", "", "1073741824")                         \
	PROP("summary.freeSpace", "", "536870912")
#define FOUND(type, id)                                                    \
	"<FindByInventoryPathResponse xmlns='urn:vim25'><returnval"        \
	" type='" type "'>" id "</returnval></FindByInventoryPathResponse>"

#define NOT_FOUND "<FindByInventoryPathResponse xmlns='urn:vim25'/>"

#define CONF(sources)                                                      \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                   \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"            \
	"TemplateName=t Sources=" sources " MemoryGrowth=50 DiskGrowth=7\n" \
	"NodeName=vm1 Templates=t\n"

static const char conf_text[] = CONF("/DC/vm/t/s");
static const char folder_conf_text[] = CONF("/DC/vm/m/");

struct rig {
	struct vc vc;
	atomic_bool host_gone, store_away, store_untold;
	atomic_bool members_gone, machine_untold, held;
	atomic_bool anew, unplaced;
	atomic_int folder_status;	/* a gateway's, for the clone folder */
	atomic_int members_status;	/* likewise */
	unsigned looks;
};

static const char *_folder_content(const struct rig *rig, const char *body)
{
	if (strstr(body, "/DC/vm/m<"))
		return rig->members_gone ? NOT_FOUND
					 : FOUND("Folder", "group-v2");
	return strstr(body, ">group-v2<")
		       ? PAGE("<objects><obj type='VirtualMachine'>vm-1</obj>"
			      PROP("name", "", "s") "</objects>") : MACHINE;
}

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct rig *rig = arg;
	const char *content = _folder_content(rig, request->body);

	/* No news here: what is looked at is enough. */
	if (rig->held || strstr(request->body, "<CreatePropertyCollector"))
		return CANNED_HOLD;
	if (strstr(request->body, "/DC/vm/f<"))
		content = rig->unplaced ? NOT_FOUND
			  : rig->anew ? FOUND("Folder", "group-v9")
				      : FOUND("Folder", "group-v1");
	else if (strstr(request->body, "Resources/p<"))
		content = rig->anew ? FOUND("ResourcePool", "resgroup-9")
				    : FOUND("ResourcePool", "resgroup-1");
	else if (strstr(request->body, "/DC/vm/t/s<"))
		content = FOUND("VirtualMachine", "vm-1");
	else if (strstr(request->body, ">host-1<"))
		content = rig->host_gone ? PAGE("") : HOST;
	else if (strstr(request->body, ">datastore-1<"))
		content = rig->store_untold ? STORE("")
			  : rig->store_away
				  ? STORE(PROP("summary.accessible", "",
					       "false"))
				  : STORE(STORE_ROOM);
	if (rig->machine_untold && strstr(request->body, ">vm-1<"))
		canned_fault(reply, "SystemError");
	else if (rig->folder_status && strstr(request->body, "/DC/vm/f<"))
		canned_reply(reply, rig->folder_status, "", "<html/>", 7);
	else if (rig->members_status && strstr(request->body, "/DC/vm/m<"))
		canned_reply(reply, rig->members_status, "", "gateway", 7);
	else
		canned_soap(reply, 200, content);
	return CANNED_KEEP;
}

static void _changed(void *arg)
{
	struct rig *rig = arg;

	rig->looks++;
}

static bool _is_clone(const struct source *source, void *arg)
{
	(void) source;
	(void) arg;
	return false;
}

static bool _needs(const char *path, void *arg)
{
	(void) path;
	(void) arg;
	return false;
}

static void _member(const struct source *source, bool is, void *arg)
{
	(void) source;
	(void) is;
	(void) arg;
}

static void _look(struct rig *rig, struct sources *sources)
{
	sources_poke(sources);
	await(rig->vc.loop, &rig->looks, rig->looks + 1);
}

static void _check_room(struct rig *rig, struct sources *sources)
{
	const struct source *source = sources_at(sources, 0);

	is_int(source->host_memory, 8192, "its host's memory");
	is_int(source->host_free, 7000, "what is free of it");
	is_int(source->memory_need, 500, "what a clone takes of it");
	is_int(source->space, 1024, "its datastore");
	is_int(source->space_free, 512, "what is free of it");
	is_int(source->space_need, 607, "a swap file, and what it writes");
	is_int(source->depth, 2, "the files below a clone's disk");
	rig->store_untold = true;
	_look(rig, sources);
	is_int(source->space_free, SOURCE_UNTOLD, "space may be untold");
	is_str(source_state_name(source->state), "frozen",
	       "which is no reason to refuse");
	rig->store_untold = false;
	rig->store_away = true;
	_look(rig, sources);
	is_str(source->why, "its datastore ds1 is not accessible",
	       "a datastore out of service is one");
	rig->store_away = false;
	_look(rig, sources);
	is_str(source->why, "", "it is back");
}

/* One that has looked. */
static struct sources *_create(struct rig *rig, struct watch *watch,
			       const struct config *config)
{
	struct sources_hooks hooks = { .changed = _changed,
				       .is_clone = _is_clone,
				       .needs = _needs, .member = _member,
				       .arg = rig };
	struct err err = ERR_INIT;
	struct sources *sources = sources_create(rig->vc.loop, watch, config,
						 &hooks, &err);

	if (!sources)
		bail_out("%s", err.text);
	await(rig->vc.loop, &rig->looks, rig->looks + 1);
	return sources;
}

static struct config *_parse(const char *text)
{
	struct err err = ERR_INIT;
	struct config *config = config_parse("c", text, strlen(text), &err);

	if (!config)
		bail_out("%s", err.text);
	return config;
}

static void _test_named(struct rig *rig, struct watch *watch)
{
	cleanup_config struct config *config = _parse(conf_text);
	cleanup_sources struct sources *sources = _create(rig, watch, config);
	const struct source *source = sources_at(sources, 0);

	is_str(source_state_name(source->state), "frozen", source->why);
	ok(source->host_ok && !strcmp(source->host, "esx01"), "on its host");
	_check_room(rig, sources);

	rig->host_gone = true;
	_look(rig, sources);
	is_str(source_state_name(source->state), "unfit",
	       "its host is not told any more");
	ok(!source->host_ok && !*source->host, "and not known either");

	rig->host_gone = false;
	_look(rig, sources);
	is_str(source_state_name(source->state), "frozen", "it is back");
}

static void _check_refusal(const struct sources *sources, const char *path,
			   const char *what)
{
	const struct sources_refused *row = sources_refused_at(sources, 0);

	is_int((int64_t) sources_refused_count(sources), 1, what);
	is_str(row->path, path, "by its path");
	is_str(row->template_name, "t", "and template");
}

/* There is no source but those that may lie in it. */
static void _test_gateway(struct rig *rig, struct sources *sources, int status)
{
	rig->members_status = status;
	_look(rig, sources);
	ok(sources_problem(sources), "that a gateway speaks for the folder, "
	   "%d, is a problem", status);
	rig->members_status = 0;
	_look(rig, sources);
	ok(!sources_problem(sources), "until it does not");
}

static void _test_folder(struct rig *rig, struct watch *watch)
{
	cleanup_config struct config *config = _parse(folder_conf_text);
	cleanup_sources struct sources *sources = NULL;

	rig->machine_untold = true;
	sources = _create(rig, watch, config);
	ok(!sources_listed(sources), "what lies in a folder is not known "
	   "before it could be read");
	rig->machine_untold = false;
	_look(rig, sources);
	ok(sources_listed(sources), "then it is");
	_check_refusal(sources, "/DC/vm/m/s", "who is no source is refused");
	_test_gateway(rig, sources, 404);
	_test_gateway(rig, sources, 200);
	rig->members_gone = true;
	_look(rig, sources);
	_check_refusal(sources, "/DC/vm/m/", "and a folder that is gone, "
		       "though there is nothing to be read then");
}

/* The folder and the pool are made anew, or are not there for a while. */
static void _test_anew(struct rig *rig, struct watch *watch)
{
	cleanup_config struct config *config = _parse(conf_text);
	cleanup_sources struct sources *sources = _create(rig, watch, config);

	is_str(sources_folder(sources)->id, "group-v1", "the clone folder");
	is_str(sources_pool(sources)->id, "resgroup-1", "and the pool");
	rig->anew = true;
	_look(rig, sources);
	is_str(sources_folder(sources)->id, "group-v9", "another folder has "
	       "the path");
	is_str(sources_pool(sources)->id, "resgroup-9", "another pool, too");
	rig->unplaced = true;
	_look(rig, sources);
	ok(!sources_folder(sources) && sources_problem(sources) &&
	   sources_problem(sources)->code == ERR_CONFIG,
	   "none has it, which is said");
	rig->unplaced = rig->anew = false;
	_look(rig, sources);
	is_str(sources_folder(sources)->id, "group-v1", "the first again");
	ok(!sources_problem(sources), "and all is well");
}

/* The next look is not half a minute away. */
static void _await_soon(struct rig *rig, const char *what)
{
	int64_t began = clock_mono_us();

	await(rig->vc.loop, &rig->looks, rig->looks + 1);
	ok(clock_mono_us() - began < 20 * CLOCK_US_PER_S, "after %s the next "
	   "look is soon", what);
}

/* One search fails: the look is not whole, but what it shows is. */
static void _test_partly(struct rig *rig)
{
	cleanup_config struct config *config = _parse(conf_text);
	struct session *session = vc_session(&rig->vc);
	struct watch *watch = watch_create(session,
					   &(struct watch_config) { 0 },
					   NULL);
	struct sources *sources;

	if (!watch)
		bail_out("watch_create");
	rig->folder_status = 404;
	sources = _create(rig, watch, config);
	is_str(source_state_name(sources_at(sources, 0)->state), "frozen",
	       "the source is known");
	ok(!sources_folder(sources) && sources_problem(sources) &&
	   !sources_seen(sources), "the folder is not, and the look is not "
	   "whole");
	_await_soon(rig, "a gateway's 404");
	rig->folder_status = 503;
	_look(rig, sources);
	rig->folder_status = 0;
	_await_soon(rig, "its 503");
	ok(sources_folder(sources) && !sources_problem(sources) &&
	   sources_seen(sources), "then it is");
	rig->folder_status = 503;
	_look(rig, sources);
	ok(sources_folder(sources) && sources_problem(sources),
	   "what was found stays, though it is not found again");
	rig->held = true;
	sources_poke(sources);
	await_quiet(rig->vc.loop, 20);
	ok(sources_problem(sources), "and the next look does not say that "
	   "all is well before it is over");
	rig->folder_status = 0;
	rig->held = false;
	sources_destroy(sources);
	watch_destroy(watch);
	session_destroy(session);
}

static void _folders_looked(void *arg)
{
	*(bool *) arg = true;
}

/* Who ends the session first has to say so. */
static void _test_cancel(struct rig *rig)
{
	cleanup_config struct config *config = _parse(folder_conf_text);
	struct session *session = vc_session(&rig->vc);
	cleanup_folders struct folders *folders = NULL;
	bool looked = false;

	rig->held = true;
	folders = folders_create(session, config, NULL);
	if (!folders)
		bail_out("folders_create");
	folders_look(folders, _folders_looked, &looked);
	folders_cancel(folders);
	session_destroy(session);
	ok(!looked, "a look at folders that is given up does not end");
}

int main(void)
{
	struct session *session;
	struct watch *watch;
	struct rig rig = { 0 };
	struct err err = ERR_INIT;

	rig.vc.serve = _serve;
	rig.vc.arg = &rig;
	vc_start(&rig.vc);
	session = vc_session(&rig.vc);
	watch = watch_create(session, &(struct watch_config) { 0 }, &err);
	if (!watch)
		bail_out("%s", err.text);
	_test_named(&rig, watch);
	_test_folder(&rig, watch);
	_test_anew(&rig, watch);
	_test_partly(&rig);
	_test_cancel(&rig);
	watch_destroy(watch);
	session_destroy(session);
	vc_stop(&rig.vc);
	return done_testing();
}
