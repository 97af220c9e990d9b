/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "search.h"

struct search {
	struct session_call *call;
	const char *method;
	search_done_fn *done;
	void *arg;
};

void search_write_path(struct soap_request *request,
		       const struct moref *index, const char *path,
		       const char *operation)
{
	soap_begin(request, SOAP_READ, "FindByInventoryPath", index,
		   operation);
	xml_put(&request->text, "inventoryPath", path);
}

void search_write_child(struct soap_request *request,
			const struct moref *index, const struct moref *parent,
			const char *name, const char *operation)
{
	soap_begin(request, SOAP_READ, "FindChild", index, operation);
	soap_put_ref(request, "entity", parent);
	xml_put(&request->text, "name", name);
}

void search_write_uuid(struct soap_request *request,
		       const struct moref *index, const char *uuid,
		       bool instance, const char *operation)
{
	struct buf *text = &request->text;

	soap_begin(request, SOAP_READ, "FindByUuid", index, operation);
	xml_put(text, "uuid", uuid);
	xml_put_bool(text, "vmSearch", true);
	xml_put_bool(text, "instanceUuid", instance);
}

/* No returnval: nothing was found. */
static void _on_reply(const struct soap_reply *reply, void *arg)
{
	struct search *search = arg;
	const struct xml_node *value = xml_child(reply->response,
						 "returnval");
	const struct err *error = reply->err;
	struct err err = ERR_INIT;
	struct moref found;

	if (value && soap_ref(value, &found, &err)) {
		err_wrap(&err, "%s", search->method);
		error = &err;
	}
	search->done(value && !error ? &found : NULL, error, search->arg);
	free(search);
}

static struct search *_start(struct session *session,
			     struct soap_request *request,
			     search_done_fn *done, void *arg,
			     struct err *err)
{
	struct search *search = calloc(1, sizeof(*search));
	int rc = search ? soap_end(request, err) : err_nomem(err);

	if (rc) {
		soap_request_free(request);
		free(search);
		return NULL;
	}
	search->method = request->method;
	search->done = done;
	search->arg = arg;
	search->call = session_call(session, request, _on_reply, search, err);
	if (search->call)
		return search;
	free(search);
	return NULL;
}

struct search *search_path(struct session *session, const char *path,
			   const char *operation, search_done_fn *done,
			   void *arg, struct err *err)
{
	struct soap_request request;

	search_write_path(&request, &session_service(session)->search_index,
			  path, operation);
	return _start(session, &request, done, arg, err);
}

struct search *search_child(struct session *session,
			    const struct moref *parent, const char *name,
			    const char *operation, search_done_fn *done,
			    void *arg, struct err *err)
{
	struct soap_request request;

	search_write_child(&request, &session_service(session)->search_index,
			   parent, name, operation);
	return _start(session, &request, done, arg, err);
}

struct search *search_uuid(struct session *session, const char *uuid,
			   bool instance, const char *operation,
			   search_done_fn *done, void *arg, struct err *err)
{
	struct soap_request request;

	search_write_uuid(&request, &session_service(session)->search_index,
			  uuid, instance, operation);
	return _start(session, &request, done, arg, err);
}

void search_cancel(struct search *search)
{
	if (!search)
		return;
	session_cancel(search->call);
	free(search);
}

void recent_task_spec(struct property_spec *spec, const struct moref *machine)
{
	static const char *const paths[] = {
		"info.descriptionId", "info.state", "info.result",
	};

	*spec = (struct property_spec) {
		.type = "Task", .paths = paths,
		.n_paths = sizeof(paths) / sizeof(paths[0]),
		.from = machine, .via = "recentTask",
	};
}

int recent_task_parse(struct recent_task *task,
		      const struct property_object *object, struct err *err)
{
	const struct xml_node *result = property_value(object, "info.result");

	*task = (struct recent_task) { .ref = object->ref };
	if (result)
		(void) soap_ref(result, &task->result, NULL);
	return property_str(object, "info.descriptionId", &task->method,
			    err) ||
	       property_str(object, "info.state", &task->state, err) ? -1 : 0;
}
