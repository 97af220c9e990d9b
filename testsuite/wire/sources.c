/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at the sources: what one look does not tell is not known from the
 * one before. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

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
	     "</objects>")
#define HOST                                                               \
	PAGE("<objects><obj type='HostSystem'>host-1</obj>"                \
	     PROP("name", "", "esx01")                                     \
	     PROP("runtime.connectionState", "", "connected")              \
	     PROP("runtime.inMaintenanceMode", "", "false") "</objects>")
#define FOUND(type, id)                                                    \
	"<FindByInventoryPathResponse xmlns='urn:vim25'><returnval"        \
	" type='" type "'>" id "</returnval></FindByInventoryPathResponse>"

static const char conf_text[] =
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"
	"TemplateName=t Sources=/DC/vm/t/s\n"
	"NodeName=vm1 Templates=t\n";

struct rig {
	struct vc vc;
	atomic_bool host_gone;
	unsigned looks;
};

static enum canned_act _serve(const struct canned_request *request,
			      struct buf *reply, void *arg)
{
	struct rig *rig = arg;
	const char *content = MACHINE;

	if (strstr(request->body, "/DC/vm/f<"))
		content = FOUND("Folder", "group-v1");
	else if (strstr(request->body, "Resources/p<"))
		content = FOUND("ResourcePool", "resgroup-1");
	else if (strstr(request->body, "/DC/vm/t/s<"))
		content = FOUND("VirtualMachine", "vm-1");
	else if (strstr(request->body, ">host-1<"))
		content = rig->host_gone ? PAGE("") : HOST;
	canned_soap(reply, 200, content);
	return CANNED_KEEP;
}

static void _changed(void *arg)
{
	struct rig *rig = arg;

	rig->looks++;
}

int main(void)
{
	cleanup_config struct config *config = NULL;
	cleanup_sources struct sources *sources = NULL;
	struct session *session;
	const struct source *source;
	struct rig rig = { 0 };
	struct err err = ERR_INIT;

	rig.vc.serve = _serve;
	rig.vc.arg = &rig;
	vc_start(&rig.vc);
	session = vc_session(&rig.vc);
	config = config_parse("c", conf_text, strlen(conf_text), &err);
	if (config)
		sources = sources_create(rig.vc.loop, session, config,
					 _changed, &rig, &err);
	if (!sources)
		bail_out("%s", err.text);
	await(rig.vc.loop, &rig.looks, 1);
	source = sources_at(sources, 0);
	is_str(source_state_name(source->state), "frozen", source->why);
	ok(source->host_ok && !strcmp(source->host, "esx01"), "on its host");

	rig.host_gone = true;
	sources_poke(sources);
	await(rig.vc.loop, &rig.looks, 2);
	is_str(source_state_name(source->state), "unfit",
	       "its host is not told any more");
	ok(!source->host_ok && !*source->host, "and not known either");

	rig.host_gone = false;
	sources_poke(sources);
	await(rig.vc.loop, &rig.looks, 3);
	is_str(source_state_name(source->state), "frozen", "it is back");
	sources_destroy(steal_ptr(&sources));
	session_destroy(session);
	vc_stop(&rig.vc);
	return done_testing();
}
