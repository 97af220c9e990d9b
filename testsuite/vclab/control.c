/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control - see control.h. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "call.h"
#include "control.h"
#include "control_vm.h"
#include "datastore.h"
#include "folder.h"
#include "host_system.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "task.h"
#include "user.h"
#include "vm.h"

/* -- events: things that happen at once ------------------------------ */

static int _host(struct lab *lab, const struct json *json, struct err *err,
		 struct host **host)
{
	const char *name;

	if (json_get_str(json, "host", &name, err) < 0)
		return -1;
	*host = table_get(lab->hosts, name);
	return *host ? 0 : err_set(err, ERR_NOTFOUND, "no host '%s'", name);
}

static int _host_lost(struct lab *lab, const struct json *json,
		      struct err *err)
{
	struct host *host;
	bool lost;

	if (_host(lab, json, err, &host) < 0 ||
	    json_get_bool_or(json, "lost", true, &lost, err) < 0)
		return -1;
	host_set_lost(host, lost);
	return 0;
}

static int _maintenance(struct lab *lab, const struct json *json,
			struct err *err)
{
	struct host *host;

	if (_host(lab, json, err, &host) < 0 ||
	    json_get_bool_or(json, "on", true, &host->maintenance, err) < 0)
		return -1;
	mob_changed(&host->entity.mob, HOST_STATE);
	return 0;
}

static int _datastore(struct lab *lab, const struct json *json,
		      struct err *err, struct datastore **ds)
{
	const char *name;

	if (json_get_str(json, "datastore", &name, err) < 0)
		return -1;
	*ds = table_get(lab->datastores, name);
	return *ds ? 0 : err_set(err, ERR_NOTFOUND, "no datastore '%s'",
				 name);
}

static int _datastore_full(struct lab *lab, const struct json *json,
			   struct err *err)
{
	struct datastore *ds;

	if (_datastore(lab, json, err, &ds) < 0 ||
	    json_get_bool_or(json, "full", true, &ds->full, err) < 0)
		return -1;
	mob_changed(&ds->entity.mob, DATASTORE_SPACE);
	return 0;
}

static int _restart(struct lab *lab, const struct json *json,
		    struct err *err)
{
	(void) json;
	(void) err;
	lab_restart(lab);
	return 0;
}

static int _expire(struct lab *lab, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	session_end_all(lab, "expired");
	return 0;
}

static int _clear(struct lab *lab, const struct json *json, struct err *err)
{
	(void) json;
	(void) err;
	inject_clear(lab->inject);
	return 0;
}

static int _unlock(struct lab *lab, const struct json *json, struct err *err)
{
	struct user *user;
	size_t pos = 0;

	(void) json;
	(void) err;
	while ((user = table_next(lab->users, &pos, NULL)) != NULL)
		user->failures = user->locked_until = 0;
	return 0;
}

static const struct {
	const char *kind;
	int (*run)(struct lab *lab, const struct json *json,
		   struct err *err);
} _events[] = {
	{ "host_lost", _host_lost },
	{ "maintenance", _maintenance },
	{ "datastore_full", _datastore_full },
	{ "restart", _restart },
	{ "expire_session", _expire },
	{ "clear", _clear },
	{ "unlock", _unlock },
};

static int _fault(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	const char *kind;

	(void) answer;
	if (json_get(json, "method"))
		return inject_add(lab->inject, json, err);
	if (json_get_str(json, "kind", &kind, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(_events) / sizeof(_events[0]); i++) {
		if (strcmp(_events[i].kind, kind) == 0)
			return _events[i].run(lab, json, err);
	}
	return err_set(err, ERR_CONFIG, "kind '%s' needs a method, or there "
		       "is none", kind);
}

/* -- settings and statistics ----------------------------------------- */

static int _delay(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	const char *method;
	int64_t ms, jitter;

	(void) answer;
	if (json_get_str_or(json, "method", "*", &method, err) < 0 ||
	    json_get_int_or(json, "ms", 0, 3600000, 0, &ms, err) < 0 ||
	    json_get_int_or(json, "jitter_ms", 0, 3600000, 0, &jitter, err))
		return -1;
	return lab_set_delay(lab, method, ms, jitter, err);
}

static int _slots(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	struct host *host;

	(void) answer;
	return _host(lab, json, err, &host) < 0 ? -1
		: json_get_int(json, "slots", 1, 100000, &host->slots, err);
}

/* How much there is; what is not said stays. */
static int _room(struct lab *lab, const struct json *json,
		 struct json *answer, struct err *err)
{
	struct host *host;

	(void) answer;
	if (_host(lab, json, err, &host) < 0 ||
	    json_get_int_or(json, "memory_mb", 1, 1 << 30, host->memory_mb,
			    &host->memory_mb, err) < 0 ||
	    json_get_int_or(json, "others_mb", 0, 1 << 30, host->others_mb,
			    &host->others_mb, err) < 0)
		return -1;
	host_use(host, 0);
	return 0;
}

static int _store(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	struct datastore *ds;

	(void) answer;
	if (_datastore(lab, json, err, &ds) < 0 ||
	    json_get_int_or(json, "free_mb", 0, 1 << 30, ds->free_mb,
			    &ds->free_mb, err) < 0 ||
	    json_get_bool_or(json, "inaccessible", ds->inaccessible,
			     &ds->inaccessible, err) < 0 ||
	    json_get_bool_or(json, "maintenance", ds->maintenance,
			     &ds->maintenance, err) < 0)
		return -1;
	datastore_use(ds, 0);
	return 0;
}

static int _password(struct lab *lab, const struct json *json,
		     struct json *answer, struct err *err)
{
	const char *name, *password;
	struct user *user;

	(void) answer;
	if (json_get_str(json, "user", &name, err) < 0 ||
	    json_get_str(json, "password", &password, err) < 0)
		return -1;
	user = table_get(lab->users, name);
	if (!user)
		return err_set(err, ERR_NOTFOUND, "no user '%s'", name);
	free(user->password);
	user->password = lab_strdup(password);
	return 0;
}

static int _stats(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	bool reset;

	(void) json_put(answer, "stats", stats_json(lab->stats));
	(void) json_put_int(answer, "sessions",
			    (int64_t) table_count(lab->sessions));
	(void) json_put_int(answer, "tasks", (int64_t) lab->tasks->count);
	(void) json_put_int(answer, "objects",
			    (int64_t) table_count(lab->objects));
	if (json_get_bool_or(json, "reset", false, &reset, err) < 0)
		return -1;
	if (reset)
		stats_reset(lab->stats);
	return 0;
}

static int _clock(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	int64_t ms;

	(void) answer;
	if (json_get_int(json, "ms", -86400000, 86400000, &ms, err) < 0)
		return -1;
	lab->guest_lab.clock_us = ms * CLOCK_US_PER_MS;
	return 0;
}

/* Another name for a folder. */
static int _folder(struct lab *lab, const struct json *json,
		   struct json *answer, struct err *err)
{
	struct fault fault = FAULT_NONE;
	struct entity *folder;
	const char *path, *name;

	(void) answer;
	if (json_get_str(json, "folder", &path, err) < 0 ||
	    json_get_str(json, "name", &name, err) < 0)
		return -1;
	folder = entity_at_path(lab, path);
	if (!folder || folder->mob.class != &folder_class)
		return err_set(err, ERR_NOTFOUND, "no folder '%s'", path);
	return entity_rename(folder, name, &fault) < 0
		       ? err_set(err, ERR_REFUSED, "%s", fault.text) : 0;
}

static int _renew(struct lab *lab, const struct json *json,
		  struct json *answer, struct err *err)
{
	struct entity *entity;
	const char *path;

	if (json_get_str(json, "path", &path, err) < 0)
		return -1;
	entity = entity_at_path(lab, path);
	if (!entity || (entity->mob.class != &folder_class &&
			entity->mob.class != &pool_class))
		return err_set(err, ERR_NOTFOUND, "no folder or pool '%s'",
			       path);
	folder_renew(entity);
	(void) json_put_str(answer, "id", entity->mob.id);
	return 0;
}

static const struct {
	const char *path;
	int (*run)(struct lab *lab, const struct json *json,
		   struct json *answer, struct err *err);
} _paths[] = {
	{ "/lab/fault", _fault },
	{ "/lab/vm", control_vm },
	{ "/lab/vms", control_vms },
	{ "/lab/delay", _delay },
	{ "/lab/slots", _slots },
	{ "/lab/host", _room },
	{ "/lab/datastore", _store },
	{ "/lab/folder", _folder },
	{ "/lab/renew", _renew },
	{ "/lab/password", _password },
	{ "/lab/clock", _clock },
	{ "/lab/stats", _stats },
};

static int _dispatch(struct lab *lab, const char *path,
		     const struct json *json, struct json *answer,
		     struct err *err)
{
	for (size_t i = 0; i < sizeof(_paths) / sizeof(_paths[0]); i++) {
		if (strcmp(_paths[i].path, path) == 0)
			return _paths[i].run(lab, json, answer, err);
	}
	return err_set(err, ERR_NOTFOUND, "nothing at %s", path);
}

void control_serve(struct lab *lab, struct conn *conn, const char *method,
		   const char *path, const char *body, size_t len)
{
	cleanup_json struct json *json = NULL;
	cleanup_json struct json *answer = json_new_object();
	struct err err = ERR_INIT;
	int rc = -1;

	(void) method;
	json = len ? json_parse(body, len, &err) : json_new_object();
	if (json)
		rc = _dispatch(lab, path, json, answer, &err);
	(void) json_put_bool(answer, "ok", rc == 0);
	if (rc < 0)
		(void) json_put_str(answer, "error", err.text);
	conn_reply_json(conn, rc == 0 ? 200 : 400, answer);
}
