/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_config - ReconfigVM_Task and Rename_Task; see vm.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "task.h"
#include "vm.h"

struct request {
	xmlDoc *doc;
	const xmlNode *spec;		/* or the new name */
};

static void _free_request(void *arg)
{
	struct request *request = arg;

	xmlFreeDoc(request->doc);
	free(request);
}

/* What of a ConfigSpec is understood, and what one must be allowed. */
static const struct {
	const char *name;
	const char *privilege;
} _elements[] = {
	{ "changeVersion", NULL },
	{ "name", "VirtualMachine.Config.Rename" },
	{ "annotation", "VirtualMachine.Config.Annotation" },
	{ "deviceChange", "VirtualMachine.Config.EditDevice" },
	{ "extraConfig", "VirtualMachine.Config.AdvancedConfig" },
};

static int _check_element(struct call *call, const xmlNode *node)
{
	for (size_t i = 0; i < sizeof(_elements) / sizeof(_elements[0]);
	     i++) {
		if (!xn_is(node, _elements[i].name))
			continue;
		return _elements[i].privilege
			       ? call_need(call, call->self,
					   _elements[i].privilege)
			       : 0;
	}
	return fault_set(&call->fault, "NotSupported",
			 "vclab cannot change %s", node->name);
}

static int _check_version(const struct vm *vm, const xmlNode *spec,
			  struct fault *fault)
{
	const char *text = xn_child_text(spec, "changeVersion");

	if (!text || strtoll(text, NULL, 10) == vm->version)
		return 0;
	return fault_set(fault, "ConcurrentAccess",
			 "The configuration has changed since version %s.",
			 text);
}

static int _set_options(struct vm *vm, const xmlNode *spec,
			struct fault *fault)
{
	struct err err = ERR_INIT;

	for (const xmlNode *o = xn_child(spec, "extraConfig"); o;
	     o = xn_again(o)) {
		const char *value = xn_child_text(o, "value");

		if (vm_set_option(vm, xn_child_text(o, "key"),
				  value ? value : "", &err) < 0)
			return fault_argument(fault, "extraConfig", err.text);
	}
	return 0;
}

static int _run(struct task *task)
{
	const xmlNode *spec = ((struct request *) task->arg)->spec;
	const xmlNode *change = xn_child(spec, "deviceChange");
	const char *name = xn_child_text(spec, "name");
	const char *note = xn_child_text(spec, "annotation");
	struct vm *vm = task->vm;

	if (_check_version(vm, spec, &task->error) < 0 ||
	    vm_change_devices(vm, change, false, true, &task->error) < 0 ||
	    (name && entity_rename(&vm->entity, name, &task->error) < 0) ||
	    _set_options(vm, spec, &task->error) < 0)
		return -1;
	vm->facts.name = vm->entity.name;
	(void) vm_change_devices(vm, change, true, true, &task->error);
	if (note) {
		free(vm->annotation);
		vm->annotation = lab_strdup(note);
	}
	vm_configured(vm, change ? VM_DEVICES : 0);
	vm_note(vm, "vm_reconfigured", task->user, task->operation_id, NULL);
	return 0;
}

static const struct task_kind _kind = {
	.name = "ReconfigVM_Task",
	.description = "VirtualMachine.reconfigure",
	.exclusive = true,
	.run = _run,
	.free_arg = _free_request,
};

static int _submit(struct call *call, const struct task_kind *kind,
		   const xmlNode *spec)
{
	struct request *request = lab_alloc(sizeof(*request));

	request->spec = spec;
	request->doc = steal_ptr(&call->doc);
	return task_submit(call, kind, request);
}

int vm_reconfigure(struct call *call)
{
	const xmlNode *spec = call_arg(call, "spec");

	if (vm_need_enabled(call) < 0)
		return -1;
	for (const xmlNode *n = xn_first(spec); n; n = xn_next(n)) {
		if (_check_element(call, n) < 0)
			return -1;
	}
	return _submit(call, &_kind, spec);
}

static int _run_rename(struct task *task)
{
	const xmlNode *name = ((struct request *) task->arg)->spec;

	if (entity_rename(&task->vm->entity, xn_text(name), &task->error) < 0)
		return -1;
	task->vm->facts.name = task->vm->entity.name;
	vm_note(task->vm, "vm_renamed", task->user, task->operation_id,
		NULL);
	return 0;
}

static const struct task_kind _rename = {
	.name = "Rename_Task",
	.description = "ManagedEntity.rename",
	.exclusive = true,
	.run = _run_rename,
	.free_arg = _free_request,
};

int vm_rename(struct call *call)
{
	if (vm_need_enabled(call) < 0 ||
	    call_need(call, call->self, "VirtualMachine.Config.Rename") < 0)
		return -1;
	return _submit(call, &_rename, call_arg(call, "newName"));
}
