/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "privilege.h"

struct privilege_check {
	struct session_call *call;
	privilege_each_fn *each;
	privilege_done_fn *done;
	void *arg;
};

void privilege_write(struct soap_request *request, const struct moref *manager,
		     const char *session_key, const struct moref *objects,
		     size_t n_objects, const char *const *privileges,
		     size_t n_privileges)
{
	soap_begin(request, SOAP_READ, "HasPrivilegeOnEntities", manager,
		   NULL);
	for (size_t i = 0; i < n_objects; i++)
		soap_put_ref(request, "entity", &objects[i]);
	xml_put(&request->text, "sessionId", session_key);
	for (size_t i = 0; i < n_privileges; i++)
		xml_put(&request->text, "privId", privileges[i]);
}

/* An EntityPrivilege: entity, privAvailability (privId, isGranted). */
static int _read_entity(struct privilege_check *check,
			const struct xml_node *node, struct err *err)
{
	const struct xml_node *one = xml_child(node, "privAvailability");
	const char *name, *granted;
	struct moref object;

	if (soap_ref(xml_child(node, "entity"), &object, err))
		return -1;
	for (; one; one = xml_next(one, "privAvailability")) {
		name = xml_child_text(one, "privId");
		granted = xml_child_text(one, "isGranted");
		if (!name || !granted)
			return err_set(err, ERR_PROTOCOL,
				       "HasPrivilegeOnEntities: no answer "
				       "for %s", object.id);
		check->each(&object, name, !strcmp(granted, "true") ||
			    !strcmp(granted, "1"), check->arg);
	}
	return 0;
}

static void _on_reply(const struct soap_reply *reply, void *arg)
{
	struct privilege_check *check = arg;
	const struct xml_node *node = xml_child(reply->response, "returnval");
	const struct err *error = reply->err;
	struct err err = ERR_INIT;

	for (; node && !error; node = xml_next(node, "returnval"))
		if (_read_entity(check, node, &err))
			error = &err;
	check->done(error, check->arg);
	free(check);
}

static int _send(struct privilege_check *check, struct session *session,
		 struct soap_request *request, struct err *err)
{
	if (soap_end(request, err)) {
		soap_request_free(request);
		return -1;
	}
	check->call = session_call(session, request, _on_reply, check, err);
	return check->call ? 0 : -1;
}

struct privilege_check *
privilege_ask(struct session *session, const struct moref *objects,
	      size_t n_objects, const char *const *privileges,
	      size_t n_privileges, privilege_each_fn *each,
	      privilege_done_fn *done, void *arg, struct err *err)
{
	struct privilege_check *check;
	struct soap_request request;

	if (!session_is_ready(session)) {
		err_set(err, ERR_TRANSIENT, "not logged in yet");
		return NULL;
	}
	check = calloc(1, sizeof(*check));
	if (!check) {
		err_nomem(err);
		return NULL;
	}
	check->each = each;
	check->done = done;
	check->arg = arg;
	privilege_write(&request,
			&session_service(session)->authorization_manager,
			session_key(session), objects, n_objects, privileges,
			n_privileges);
	if (_send(check, session, &request, err)) {
		free(check);
		return NULL;
	}
	return check;
}

void privilege_cancel(struct privilege_check *check)
{
	if (!check)
		return;
	session_cancel(check->call);
	free(check);
}
