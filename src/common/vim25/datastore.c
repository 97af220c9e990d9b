/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "datastore.h"

void datastore_spec(struct property_spec *spec, const struct moref *machine)
{
	static const char *const paths[] = { "name", "browser" };

	*spec = (struct property_spec) {
		.type = "Datastore", .paths = paths,
		.n_paths = sizeof(paths) / sizeof(paths[0]),
		.from = machine, .via = "datastore",
	};
}

int datastore_parse(struct datastore *datastore,
		    const struct property_object *object, struct err *err)
{
	*datastore = (struct datastore) { .ref = object->ref };
	return property_str(object, "name", &datastore->name, err) ||
	       property_ref(object, "browser", &datastore->browser, err)
		       ? -1 : 0;
}

void datastore_write_search(struct soap_request *request,
			    const struct moref *browser, const char *path,
			    const char *operation)
{
	soap_begin(request, SOAP_CHANGE, "SearchDatastore_Task", browser,
		   operation);
	xml_put(&request->text, "datastorePath", path);
}

struct task *datastore_search(struct watch *watch,
			      const struct moref *browser, const char *path,
			      const char *operation, unsigned limit_ms,
			      task_done_fn *done, void *arg, struct err *err)
{
	struct soap_request request;

	datastore_write_search(&request, browser, path, operation);
	if (soap_end(&request, err)) {
		soap_request_free(&request);
		return NULL;
	}
	return task_start(watch, &request, limit_ms, done, arg, err);
}
