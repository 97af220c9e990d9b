/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "property.h"

#define OPERATION_SIZE 160
#define LEFT_OUT_MAX 16		/* one by one */

struct property_query {
	struct session *session;
	struct session_call *call;
	struct property_spec spec;	/* objects, from, operation owned */
	struct moref *objects, from;
	char operation[OPERATION_SIZE];
	property_each_fn *each;
	property_done_fn *done;
	void *arg;
	unsigned left_out;
	bool paging;	/* a page has been delivered */
	bool busy;	/* inside each() */
	bool doomed;	/* cancelled there */
};

/* --- requests --- */

static void _put_spec(struct soap_request *request,
		      const struct property_spec *spec)
{
	struct buf *text = &request->text;

	buf_puts(text, "<specSet><propSet>");
	xml_put(text, "type", spec->type);
	for (size_t i = 0; i < spec->n_paths; i++)
		xml_put(text, "pathSet", spec->paths[i]);
	buf_puts(text, "</propSet>");
	if (spec->from) {
		buf_puts(text, "<objectSet>");
		soap_put_ref(request, "obj", spec->from);
		buf_puts(text, "<skip>true</skip>"
			 "<selectSet xsi:type=\"TraversalSpec\">");
		xml_put(text, "type", spec->from->type);
		xml_put(text, "path", spec->via);
		buf_puts(text, "<skip>false</skip></selectSet></objectSet>");
	}
	for (size_t i = 0; i < spec->n_objects; i++) {
		buf_puts(text, "<objectSet>");
		soap_put_ref(request, "obj", &spec->objects[i]);
		buf_puts(text, "</objectSet>");
	}
	/* What is gone is left out. A root that is gone is an error. */
	if (spec->n_objects)
		xml_put(text, "reportMissingObjectsInResults", "true");
	buf_puts(text, "</specSet>");
}

void property_write_retrieve(struct soap_request *request,
			     const struct moref *collector,
			     const struct property_spec *spec)
{
	soap_begin(request, SOAP_READ, "RetrievePropertiesEx", collector,
		   spec->operation);
	_put_spec(request, spec);
	xml_put_start(&request->text, "options");
	xml_put_uint(&request->text, "maxObjects",
		     spec->page ? spec->page : PROPERTY_PAGE);
	xml_put_end(&request->text, "options");
}

void property_write_continue(struct soap_request *request,
			     const struct moref *collector, const char *token,
			     const char *operation)
{
	soap_begin(request, SOAP_READ, "ContinueRetrievePropertiesEx",
		   collector, operation);
	xml_put(&request->text, "token", token);
}

/* --- replies --- */

static const char *_missing_type(const struct xml_node *missing)
{
	return xml_type(xml_child(xml_child(missing, "fault"), "fault"));
}

/* vCenter may answer an expired session with "missing" for every path. */
static bool _is_unauthenticated(const struct xml_node *response)
{
	const struct xml_node *object =
		xml_child(xml_child(response, "returnval"), "objects");
	const struct xml_node *missing = xml_child(object, "missingSet");

	return !strcmp(_missing_type(missing), "NotAuthenticated");
}

static int _check_missing(const struct property_query *query,
			  const struct property_object *object,
			  struct err *err)
{
	const struct xml_node *missing = xml_child(object->node,
						   "missingSet");
	struct fault fault;

	for (; missing; missing = xml_next(missing, "missingSet")) {
		fault_read(&fault, xml_child(missing, "fault"));
		if (fault_code("", fault.type) != ERR_AUTH ||
		    (query->spec.lenient &&
		     !strcmp(fault.type, "NoPermission")))
			continue;
		fault_error(&fault, object->ref.id, err);
		return err_wrap(err, "property '%.80s'",
				xml_text(xml_child(missing, "path")));
	}
	return 0;
}

static int _deliver_one(struct property_query *query,
			const struct xml_node *node, struct err *err)
{
	struct property_object object = { .node = node };

	if (soap_ref(xml_child(node, "obj"), &object.ref, err) ||
	    _check_missing(query, &object, err))
		return -1;
	return query->each(&object, query->arg, err);
}

/* Deliver a page. -1: failed. */
static int _deliver(struct property_query *query,
		    const struct xml_node *result, struct err *err)
{
	const struct xml_node *node = xml_child(result, "objects");
	int rc = 0;

	query->busy = true;
	for (; node && !rc && !query->doomed; node = xml_next(node, "objects"))
		rc = _deliver_one(query, node, err);
	query->busy = false;
	return rc;
}

static void _free(struct property_query *query)
{
	free(query->objects);
	free(query);
}

static void _finish(struct property_query *query, const struct err *err)
{
	query->done(err, query->arg);
	_free(query);
}

static void _on_reply(const struct soap_reply *reply, void *arg);

static int _send(struct property_query *query, const char *token,
		 struct err *err)
{
	const struct moref *collector =
		&session_service(query->session)->property_collector;
	struct soap_request request;

	if (token)
		property_write_continue(&request, collector, token,
					query->spec.operation);
	else
		property_write_retrieve(&request, collector, &query->spec);
	request.is_unauthenticated = _is_unauthenticated;
	if (soap_end(&request, err)) {
		soap_request_free(&request);
		return -1;
	}
	query->call = session_call(query->session, &request, _on_reply, query,
				   err);
	return query->call ? 0 : -1;
}

static void _on_page(struct property_query *query,
		     const struct xml_node *response)
{
	const struct xml_node *result = xml_child(response, "returnval");
	const char *token = xml_child_text(result, "token");
	struct err err = ERR_INIT;
	int rc = _deliver(query, result, &err);

	if (query->doomed) {
		_free(query);
		return;
	}
	query->paging = true;
	if (!rc && token && *token) {
		rc = _send(query, token, &err);
		if (!rc)
			return;
	}
	_finish(query, rc ? &err : NULL);
}

/* It has gone while it was read: take it out of the query. */
static bool _leave_out(struct property_query *query,
		       const struct fault *fault)
{
	struct property_spec *spec = &query->spec;

	if (strcmp(fault->type, "ManagedObjectNotFound") ||
	    ++query->left_out > LEFT_OUT_MAX)
		return false;
	for (size_t i = 0; i < spec->n_objects; i++) {
		if (!moref_equal(&query->objects[i], &fault->object))
			continue;
		query->objects[i] = query->objects[--spec->n_objects];
		return true;
	}
	return false;
}

static void _on_failure(struct property_query *query,
			const struct soap_reply *reply)
{
	struct err err = *reply->err;

	if (query->paging) {
		/* Tokens die with the session. */
		err_wrap(&err, "the listing broke off");
		err.code = ERR_TRANSIENT;
	} else if (reply->fault && _leave_out(query, reply->fault)) {
		if (!query->spec.n_objects) {
			_finish(query, NULL);
			return;
		}
		if (!_send(query, NULL, &err))
			return;
	}
	_finish(query, &err);
}

static void _on_reply(const struct soap_reply *reply, void *arg)
{
	struct property_query *query = arg;

	query->call = NULL;
	if (reply->err)
		_on_failure(query, reply);
	else
		_on_page(query, reply->response);
}

/* --- queries --- */

static int _copy_spec(struct property_query *query,
		      const struct property_spec *spec, struct err *err)
{
	query->spec = *spec;
	if (spec->n_objects > PROPERTY_OBJECTS_MAX)
		return err_set(err, ERR_FATAL, "more than %d objects",
			       PROPERTY_OBJECTS_MAX);
	if (spec->n_objects) {
		query->objects = calloc(spec->n_objects,
					sizeof(*query->objects));
		if (!query->objects)
			return err_nomem(err);
		memcpy(query->objects, spec->objects,
		       spec->n_objects * sizeof(*query->objects));
	}
	query->spec.objects = query->objects;
	if (spec->from) {
		query->from = *spec->from;
		query->spec.from = &query->from;
	}
	if (spec->operation) {
		snprintf(query->operation, sizeof(query->operation), "%s",
			 spec->operation);
		query->spec.operation = query->operation;
	}
	return 0;
}

struct property_query *property_read(struct session *session,
				     const struct property_spec *spec,
				     property_each_fn *each,
				     property_done_fn *done, void *arg,
				     struct err *err)
{
	struct property_query *query = calloc(1, sizeof(*query));

	if (!query) {
		err_nomem(err);
		return NULL;
	}
	query->session = session;
	query->each = each;
	query->done = done;
	query->arg = arg;
	if (_copy_spec(query, spec, err) || _send(query, NULL, err)) {
		_free(query);
		return NULL;
	}
	return query;
}

void property_cancel(struct property_query *query)
{
	if (!query)
		return;
	if (query->busy) {
		query->doomed = true;
		return;
	}
	session_cancel(query->call);
	_free(query);
}

/* --- values --- */

const struct xml_node *property_value(const struct property_object *object,
				      const char *path)
{
	static const char *const sets[] = { "propSet", "changeSet" };
	const struct xml_node *set;

	for (size_t i = 0; i < 2; i++)
		for (set = xml_child(object->node, sets[i]); set;
		     set = xml_next(set, sets[i]))
			if (!strcmp(xml_text(xml_child(set, "name")), path))
				return xml_child(set, "val");
	return NULL;
}

static int _wrong(const struct property_object *object, const char *path,
		  const char *want, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s: property '%s' is no %s",
		       object->ref.id, path, want);
}

int property_str(const struct property_object *object, const char *path,
		 const char **out, struct err *err)
{
	const struct xml_node *val = property_value(object, path);

	if (xml_child(val, NULL))
		return _wrong(object, path, "text", err);
	*out = val ? xml_text(val) : NULL;
	return 0;
}

int property_int(const struct property_object *object, const char *path,
		 int64_t fallback, int64_t *out, struct err *err)
{
	const struct xml_node *val = property_value(object, path);

	if (!val)
		*out = fallback;
	else if (parse_i64(xml_text(val), INT64_MIN, INT64_MAX, out, NULL))
		return _wrong(object, path, "number", err);
	return 0;
}

int property_bool(const struct property_object *object, const char *path,
		  bool fallback, bool *out, struct err *err)
{
	const struct xml_node *val = property_value(object, path);
	const char *text = xml_text(val);

	if (!val)
		*out = fallback;
	else if (!strcmp(text, "true") || !strcmp(text, "1"))
		*out = true;
	else if (!strcmp(text, "false") || !strcmp(text, "0"))
		*out = false;
	else
		return _wrong(object, path, "boolean", err);
	return 0;
}

int property_ref(const struct property_object *object, const char *path,
		 struct moref *out, struct err *err)
{
	const struct xml_node *val = property_value(object, path);

	if (!val)
		*out = (struct moref) { .id = "" };
	else if (soap_ref(val, out, NULL))
		return _wrong(object, path, "object reference", err);
	return 0;
}

int property_refs(const struct property_object *object, const char *path,
		  struct moref *out, size_t max, size_t *count,
		  struct err *err)
{
	const struct xml_node *val = property_value(object, path);
	const struct xml_node *node = xml_child(val, NULL);
	size_t n = 0;

	for (; node && n < max; node = xml_next(node, NULL))
		if (soap_ref(node, &out[n++], NULL))
			return _wrong(object, path, "array of references",
				      err);
	if (node)
		return err_set(err, ERR_PROTOCOL, "%s: property '%s': more "
			       "than %zu", object->ref.id, path, max);
	*count = n;
	return 0;
}

const char *property_option(const struct xml_node *array, const char *key)
{
	const struct xml_node *option = xml_child(array, "OptionValue");

	for (; option; option = xml_next(option, "OptionValue"))
		if (!strcmp(xml_text(xml_child(option, "key")), key))
			return xml_text(xml_child(option, "value"));
	return NULL;
}
