/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service_instance - see service_instance.h. */
#include <stdlib.h>

#include "call.h"
#include "collector.h"
#include "common/base/clock.h"
#include "service_instance.h"
#include "session.h"
#include "task.h"
#include "user.h"
#include "view.h"
#include "vm.h"
#include "xw.h"

static const struct mob_method _checker_methods[] = {
	{ "CheckInstantClone_Task", vm_check_instant_clone },
	{ NULL, NULL },
};
static const struct mob_prop _no_props[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_class _checker_class = {
	"VirtualMachineProvisioningChecker", _no_props, _checker_methods, NULL
};

/* In ServiceContent's order; about and the root come before. */
static const struct {
	const char *field;
	const char *id;
	const struct mob_class *class;
} _managers[] = {
	{ "propertyCollector", "propertyCollector",
	  &property_collector_class },
	{ "viewManager", "ViewManager", &view_manager_class },
	{ "sessionManager", "SessionManager", &session_manager_class },
	{ "authorizationManager", "AuthorizationManager",
	  &authorization_manager_class },
	{ "taskManager", "TaskManager", &task_manager_class },
	{ "searchIndex", "SearchIndex", &search_index_class },
	{ "vmProvisioningChecker", "ProvisioningChecker", &_checker_class },
};

#define MANAGERS (sizeof(_managers) / sizeof(_managers[0]))

static void _write_about(struct buf *out, const struct lab *lab)
{
	xw_str(out, "name", "VMware vCenter Server");
	xw_str(out, "fullName", "vclab, a vCenter emulator for tests");
	xw_str(out, "vendor", "sclone");
	xw_str(out, "version", "8.0.3");
	xw_str(out, "build", "0");
	xw_str(out, "localeVersion", "INTL");
	xw_str(out, "localeBuild", "000");
	xw_str(out, "osType", "linux-x64");
	xw_str(out, "productLineId", "vpx");
	xw_str(out, "apiType", "VirtualCenter");
	xw_str(out, "apiVersion", LAB_API_VERSION);
	xw_str(out, "instanceUuid", lab->instance_uuid);
}

static void _write_content(struct buf *out, const struct lab *lab)
{
	xw_ref(out, "rootFolder", "Folder", lab->root->mob.id);
	for (size_t i = 0; i < MANAGERS; i++) {
		xw_ref(out, _managers[i].field, _managers[i].class->type,
		       _managers[i].id);
		if (i > 0)
			continue;
		xw_open(out, "about");
		_write_about(out, lab);
		xw_close(out, "about");
	}
}

static int _content(struct call *call)
{
	xw_open(&call->out, "returnval");
	_write_content(&call->out, call->lab);
	xw_close(&call->out, "returnval");
	return 0;
}

static int _time(struct call *call)
{
	xw_time(&call->out, "returnval", clock_wall_us());
	return 0;
}

static void _emit_content(struct val *val, const struct mob *mob)
{
	val_open(val, NULL);
	_write_content(val->out, mob->lab);
	val_close(val);
}

static void _emit_time(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_time(val, clock_wall_us());
}

static const struct mob_prop _props[] = {
	{ "serverClock", _emit_time, NULL, 0 },
	{ "content", _emit_content, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _methods[] = {
	{ "CurrentTime", _time },
	{ "RetrieveServiceContent", _content },
	{ NULL, NULL },
};
const struct mob_class service_instance_class = { "ServiceInstance", _props,
						  _methods, NULL };

static void _make(struct lab *lab, const struct mob_class *class,
		  const char *id)
{
	struct mob *mob = lab_alloc(sizeof(*mob));

	mob_init(mob, lab, class, lab_strdup(id));
}

void service_instance_make(struct lab *lab)
{
	_make(lab, &service_instance_class, "ServiceInstance");
	for (size_t i = 0; i < MANAGERS; i++) {
		/* The default collector is a name; see collector.c. */
		if (_managers[i].class == &property_collector_class) {
			struct collector *all = lab_alloc(sizeof(*all));

			mob_init(&all->mob, lab, _managers[i].class,
				 lab_strdup(_managers[i].id));
			continue;
		}
		_make(lab, _managers[i].class, _managers[i].id);
	}
}
