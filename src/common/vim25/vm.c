/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm.h"

/* --- requests; element orders are the schema's --- */

static void _put_option(struct soap_request *request, const char *name,
			const struct vm_option *option)
{
	struct buf *text = &request->text;

	xml_put_start(text, name);
	xml_put(text, "key", option->key);
	/* xsd:anyType: without its type the server cannot read it. */
	buf_puts(text, "<value xsi:type=\"xsd:string\">");
	xml_put_text(text, option->value);
	buf_puts(text, "</value>");
	xml_put_end(text, name);
}

void vm_write_instant_clone(struct soap_request *request,
			    const struct vm_clone_spec *spec,
			    const char *operation)
{
	struct buf *text = &request->text;

	soap_begin(request, SOAP_CHANGE, "InstantClone_Task", spec->source,
		   operation);
	buf_puts(text, "<spec>");
	xml_put(text, "name", spec->name);
	buf_puts(text, "<location>");
	soap_put_ref(request, "folder", spec->folder);
	if (spec->datastore)
		soap_put_ref(request, "datastore", spec->datastore);
	soap_put_ref(request, "pool", spec->pool);
	for (size_t i = 0; i < spec->n_nics; i++)
		nic_write_change(request, &spec->nics[i]);
	buf_puts(text, "</location>");
	for (size_t i = 0; i < spec->n_options; i++)
		_put_option(request, "config", &spec->options[i]);
	if (spec->bios_uuid)
		xml_put(text, "biosUuid", spec->bios_uuid);
	buf_puts(text, "</spec>");
}

void vm_write_options(struct soap_request *request, const struct moref *vm,
		      const struct vm_option *options, size_t n_options,
		      const char *operation)
{
	soap_begin(request, SOAP_CHANGE, "ReconfigVM_Task", vm, operation);
	buf_puts(&request->text, "<spec>");
	for (size_t i = 0; i < n_options; i++)
		_put_option(request, "extraConfig", &options[i]);
	buf_puts(&request->text, "</spec>");
}

void vm_write_plain(struct soap_request *request, const char *method,
		    const struct moref *vm, const char *operation)
{
	soap_begin(request, SOAP_CHANGE, method, vm, operation);
}

/* --- tasks --- */

static struct task *_start(struct watch *watch, struct soap_request *request,
			   unsigned limit_ms, task_done_fn *done, void *arg,
			   struct err *err)
{
	if (soap_end(request, err)) {
		soap_request_free(request);
		return NULL;
	}
	return task_start(watch, request, limit_ms, done, arg, err);
}

struct task *vm_instant_clone(struct watch *watch,
			      const struct vm_clone_spec *spec,
			      const char *operation, unsigned limit_ms,
			      task_done_fn *done, void *arg, struct err *err)
{
	struct soap_request request;

	vm_write_instant_clone(&request, spec, operation);
	return _start(watch, &request, limit_ms, done, arg, err);
}

struct task *vm_set_options(struct watch *watch, const struct moref *vm,
			    const struct vm_option *options, size_t n_options,
			    const char *operation, unsigned limit_ms,
			    task_done_fn *done, void *arg, struct err *err)
{
	struct soap_request request;

	vm_write_options(&request, vm, options, n_options, operation);
	return _start(watch, &request, limit_ms, done, arg, err);
}

static struct task *_plain(struct watch *watch, const char *method,
			   const struct moref *vm, const char *operation,
			   unsigned limit_ms, task_done_fn *done, void *arg,
			   struct err *err)
{
	struct soap_request request;

	vm_write_plain(&request, method, vm, operation);
	return _start(watch, &request, limit_ms, done, arg, err);
}

struct task *vm_power_off(struct watch *watch, const struct moref *vm,
			  const char *operation, unsigned limit_ms,
			  task_done_fn *done, void *arg, struct err *err)
{
	return _plain(watch, "PowerOffVM_Task", vm, operation, limit_ms, done,
		      arg, err);
}

struct task *vm_power_on(struct watch *watch, const struct moref *vm,
			 const char *operation, unsigned limit_ms,
			 task_done_fn *done, void *arg, struct err *err)
{
	return _plain(watch, "PowerOnVM_Task", vm, operation, limit_ms, done,
		      arg, err);
}

struct task *vm_destroy(struct watch *watch, const struct moref *vm,
			const char *operation, unsigned limit_ms,
			task_done_fn *done, void *arg, struct err *err)
{
	return _plain(watch, "Destroy_Task", vm, operation, limit_ms, done,
		      arg, err);
}
