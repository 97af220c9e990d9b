/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user - see user.h. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "session.h"
#include "user.h"
#include "xw.h"

#define PERMISSIONS_MAX 64
#define PRIVILEGES_MAX 500

struct role {
	bool all;
	struct table *privileges;	/* set: name -> "" */
};

struct permission {
	struct role *role;		/* borrowed */
	const struct entity *entity;	/* borrowed; the tree keeps it */
	bool propagate;
};

/* What every role holds, as in vSphere. */
static bool _is_basic(const char *privilege)
{
	return strcmp(privilege, "System.Anonymous") == 0 ||
	       strcmp(privilege, "System.View") == 0 ||
	       strcmp(privilege, "System.Read") == 0;
}

static bool _grants(const struct role *role, const char *privilege)
{
	return role->all || _is_basic(privilege) ||
	       table_get(role->privileges, privilege);
}

static const struct permission *_at(const struct user *user,
				    const struct entity *entity, bool self)
{
	for (size_t i = 0; i < user->npermissions; i++) {
		const struct permission *p = &user->permissions[i];

		if (p->entity == entity && (self || p->propagate))
			return p;
	}
	return NULL;
}

static const struct permission *_effective(const struct user *user,
					   const struct entity *entity)
{
	const struct permission *found = _at(user, entity, true);

	while (!found && entity->parent) {
		entity = entity->parent;
		found = _at(user, entity, false);
	}
	return found;
}

bool user_may(const struct lab *lab, const struct user *user,
	      const struct mob *mob, const char *privilege)
{
	const struct entity *entity = entity_of((struct mob *) mob);
	const struct permission *permission;

	permission = _effective(user, entity ? entity : lab->root);
	if (permission)
		return _grants(permission->role, privilege);
	/* Whoever has a right somewhere can see the way to it. */
	return strcmp(privilege, "System.View") == 0 ||
	       strcmp(privilege, "System.Anonymous") == 0;
}

/* -- AuthorizationManager ------------------------------------------- */

static void _write_availability(struct call *call, const struct user *user,
				const struct mob *mob)
{
	struct buf *out = &call->out;

	xw_open(out, "returnval");
	xw_ref(out, "entity", mob->class->type, mob->id);
	for (const xmlNode *p = call_arg(call, "privId"); p;
	     p = xn_again(p)) {
		xw_open(out, "privAvailability");
		xw_str(out, "privId", xn_text(p));
		xw_bool(out, "isGranted",
			user_may(call->lab, user, mob, xn_text(p)));
		xw_close(out, "privAvailability");
	}
	xw_close(out, "returnval");
}

static int _has_on_entities(struct call *call)
{
	const struct session *session =
		table_get(call->lab->sessions,
			  call_arg_text(call, "sessionId"));

	if (!session)
		return fault_argument(&call->fault, "sessionId",
				      "no such session");
	for (const xmlNode *e = call_arg(call, "entity"); e;
	     e = xn_again(e)) {
		const struct mob *mob = call_object(call, e);

		if (!mob)
			return -1;
		_write_availability(call, session->user, mob);
	}
	return 0;
}

static void _write_privileges(struct call *call, const struct user *user,
			      struct mob *mob)
{
	const struct permission *permission =
		_effective(user, entity_of(mob));
	struct buf *out = &call->out;
	const char *name;
	size_t pos = 0;

	xw_open(out, "returnval");
	xw_ref(out, "entity", mob->class->type, mob->id);
	if (permission) {
		xw_str(out, "privileges", "System.Anonymous");
		xw_str(out, "privileges", "System.Read");
		xw_str(out, "privileges", "System.View");
	}
	for (size_t i = 0; permission && permission->role->all &&
			   i < schema_methods_count; i++) {
		if (schema_methods[i].privilege &&
		    strncmp(schema_methods[i].privilege, "System", 6))
			xw_str(out, "privileges",
			       schema_methods[i].privilege);
	}
	while (permission &&
	       table_next(permission->role->privileges, &pos, &name))
		xw_str(out, "privileges", name);
	xw_close(out, "returnval");
}

static int _fetch_on_entities(struct call *call)
{
	const char *name = call_arg_text(call, "userName");
	const struct user *user = table_get(call->lab->users, name);

	if (!user)
		return fault_set(&call->fault, "NotFound", "no user '%s'",
				 name);
	if (user != call->session->user &&
	    call_need(call, &call->lab->root->mob,
		      "Authorization.ModifyPermissions") < 0)
		return -1;
	for (const xmlNode *e = call_arg(call, "entities"); e;
	     e = xn_again(e)) {
		struct mob *mob = call_object(call, e);

		if (!mob)
			return -1;
		_write_privileges(call, user, mob);
	}
	return 0;
}

static const struct mob_prop _props[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_method _methods[] = {
	{ "FetchUserPrivilegeOnEntities", _fetch_on_entities },
	{ "HasPrivilegeOnEntities", _has_on_entities },
	{ NULL, NULL },
};
const struct mob_class authorization_manager_class = {
	"AuthorizationManager", _props, _methods, NULL
};

/* -- loading -------------------------------------------------------- */

static void _free_role(void *value)
{
	struct role *role = value;

	table_destroy(role->privileges);
	free(role);
}

static void _free_user(void *value)
{
	struct user *user = value;

	free(user->name);
	free(user->password);
	free(user->permissions);
	free(user);
}

static int _add_role(struct lab *lab, const char *name,
		     const struct json *list, struct err *err)
{
	struct role *role = lab_alloc(sizeof(*role));

	role->privileges = table_create(PRIVILEGES_MAX, NULL);
	if (table_set(lab->roles, name, role, err) < 0)
		return -1;
	for (size_t i = 0; i < json_count(list); i++) {
		const char *privilege = json_str(json_at(list, i));

		if (!privilege)
			return err_set(err, ERR_CONFIG,
				       "role %s: not a list of strings",
				       name);
		if (strcmp(privilege, "*") == 0)
			role->all = true;
		else if (table_set(role->privileges, privilege, role, err))
			return -1;
	}
	return 0;
}

static int _add_permission(struct lab *lab, struct user *user,
			   const struct json *json, struct err *err)
{
	struct permission *p = &user->permissions[user->npermissions];
	const char *role, *path;

	if (json_get_str_or(json, "role", "Administrator", &role, err) < 0 ||
	    json_get_str_or(json, "path", "/", &path, err) < 0 ||
	    json_get_bool_or(json, "propagate", true, &p->propagate, err) < 0)
		return -1;
	p->role = table_get(lab->roles, role);
	p->entity = entity_at_path(lab, path);
	if (!p->role || !p->entity)
		return err_set(err, ERR_CONFIG, "user %s: no role '%s' or no "
			       "entity '%s'", user->name, role, path);
	user->npermissions++;
	return 0;
}

static int _add_user(struct lab *lab, const struct json *json,
		     struct err *err)
{
	const struct json *list = json_get(json, "permissions");
	struct user *user = lab_alloc(sizeof(*user));
	const char *name, *password;

	user->permissions = lab_alloc(PERMISSIONS_MAX *
				      sizeof(*user->permissions));
	if (json_get_str(json, "name", &name, err) < 0 ||
	    json_get_str(json, "password", &password, err) < 0 ||
	    json_count(list) > PERMISSIONS_MAX ||
	    table_set(lab->users, name, user, err) < 0) {
		_free_user(user);
		return err_wrap(err, "users");
	}
	user->name = lab_strdup(name);
	user->password = lab_strdup(password);
	for (size_t i = 0; i < json_count(list); i++) {
		if (_add_permission(lab, user, json_at(list, i), err) < 0)
			return -1;
	}
	return 0;
}

int user_load(struct lab *lab, const struct json *inventory, struct err *err)
{
	const struct json *roles = json_get(inventory, "roles");
	const struct json *users = json_get(inventory, "users");
	const struct json *list;
	cleanup_json struct json *every = json_new_array();
	const char *name;
	size_t pos = 0;

	lab->roles = table_create(100, _free_role);
	lab->users = table_create(100, _free_user);
	(void) json_append_str(every, "*");
	if (_add_role(lab, "Administrator", every, err) < 0)
		return -1;
	while (json_next(roles, &pos, &name, &list)) {
		if (_add_role(lab, name, list, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < json_count(users); i++) {
		if (_add_user(lab, json_at(users, i), err) < 0)
			return -1;
	}
	if (table_count(lab->users) == 0)
		return err_set(err, ERR_CONFIG, "the inventory has no users");
	return 0;
}

void user_free_all(struct lab *lab)
{
	table_destroy(lab->users);
	table_destroy(lab->roles);
}
