/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather_vcenter - one short session: find the places and sources, list the
 * folders of sources, read the sources, their hosts and datastores, ask for
 * our privileges, log out.
 * Each step makes its calls and then waits for all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/clone/letter.h"
#include "common/rules/owner.h"
#include "gather_visit.h"

#define CONNECTIONS 4
#define REPLY_MAX (64 * 1024 * 1024)
#define CONNECT_MS 10000

int gather_vcenter_await(struct visit *visit, struct err *err)
{
	if (gather_await(visit->loop, &visit->pending, visit->until_us, err))
		return err_wrap(err, "vCenter");
	if (visit->failure.code) {
		*err = visit->failure;
		return -1;
	}
	return 0;
}

void gather_vcenter_ended(struct visit *visit, const struct err *failure)
{
	visit->pending--;
	if (failure && !visit->failure.code)
		visit->failure = *failure;
}

static void _query_done(const struct err *failure, void *arg)
{
	struct visit *visit = arg;

	visit->query = NULL;
	gather_vcenter_ended(visit, failure);
}

static int _read(struct visit *visit, const struct property_spec *spec,
		 property_each_fn *each, struct err *err)
{
	if (!spec->n_objects)
		return 0;
	visit->query = property_read(visit->session, spec, each, _query_done,
				     visit, err);
	if (!visit->query)
		return -1;
	visit->pending++;
	return gather_vcenter_await(visit, err);
}

/* --- by path ------------------------------------------------------------ */

static void _found(const struct moref *found, const struct err *failure,
		   void *arg)
{
	struct place *place = arg;

	place->search = NULL;
	if (found)
		*place->ref = *found;
	gather_vcenter_ended(place->visit, failure);
}

static int _search(struct visit *visit, const char *path, struct moref *ref,
		   struct err *err)
{
	struct place *place = &visit->places[visit->place_count++];

	*place = (struct place) { visit, ref, NULL };
	place->search = search_path(visit->session, path, NULL, _found, place,
				    err);
	if (!place->search)
		return -1;
	visit->pending++;
	return 0;
}

/* The first calls wait for the login; the session would try again and again,
 * but here one attempt says enough. */
static int _wait_login(struct visit *visit, struct err *err)
{
	const struct err *problem = NULL;

	while (!session_is_ready(visit->session) && !problem) {
		int64_t left = visit->until_us - clock_mono_us();

		if (left <= 0)
			return err_set(err, ERR_TRANSIENT, "no answer in "
				       "time");
		if (loop_turn(visit->loop, left, err) < 0)
			return -1;
		problem = session_problem(visit->session);
	}
	if (!problem)
		return 0;
	*err = *problem;
	return -1;
}

static int _find(struct visit *visit, struct err *err)
{
	const struct config_global *global =
		config_global(visit->facts->config);
	size_t count = visit->out->source_count;

	visit->places = calloc(count + visit->out->network_count + 2,
			       sizeof(*visit->places));
	if (!visit->places)
		return err_nomem(err);
	if (_search(visit, global->folder, &visit->folder, err) ||
	    _search(visit, global->pool, &visit->pool, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (_search(visit, visit->out->sources[i].path,
			    &visit->out->sources[i].vm, err))
			return -1;
	for (size_t i = 0; i < visit->out->network_count; i++)
		if (_search(visit, visit->out->networks[i].path,
			    &visit->out->networks[i].ref, err))
			return -1;
	if (_wait_login(visit, err) || gather_vcenter_await(visit, err))
		return -1;
	visit->out->folder_found = !strcmp(visit->folder.type, "Folder");
	visit->out->pool_found = !strcmp(visit->pool.type, "ResourcePool");
	return 0;
}

/* --- what to ask privileges for ----------------------------------------- */

static const char *_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int _add_object(struct visit *visit, enum privileges_on on,
		       const struct moref *ref, const char *name,
		       struct err *err)
{
	struct object *objects;

	for (size_t i = 0; i < visit->object_count; i++)
		if (moref_equal(&visit->objects[i].ref, ref))
			return 0;
	objects = reallocarray(visit->objects, visit->object_count + 1,
			       sizeof(*objects));
	if (!objects)
		return err_nomem(err);
	visit->objects = objects;
	objects += visit->object_count++;
	*objects = (struct object) { .on = on, .ref = *ref };
	snprintf(objects->name, sizeof(objects->name), "%s", name);
	return 0;
}

static int _add_places(struct visit *visit, struct err *err)
{
	const struct config_global *global =
		config_global(visit->facts->config);

	if (visit->out->folder_found &&
	    _add_object(visit, PRIVILEGES_FOLDER, &visit->folder,
			_last(global->folder), err))
		return -1;
	if (visit->out->pool_found &&
	    _add_object(visit, PRIVILEGES_POOL, &visit->pool,
			_last(global->pool), err))
		return -1;
	for (size_t i = 0; i < visit->out->network_count; i++) {
		const struct facts_network *network =
			&visit->out->networks[i];

		if (moref_is_set(&network->ref) &&
		    _add_object(visit, PRIVILEGES_NETWORK, &network->ref,
				_last(network->path), err))
			return -1;
	}
	return 0;
}

/* --- sources ------------------------------------------------------------ */

/* "[ds1] dir/x.vmx" is on "ds1". */
static void _take_store(struct facts_source *source, const char *path)
{
	const char *end = path ? strchr(path, ']') : NULL;

	if (end && *path == '[')
		snprintf(source->store, sizeof(source->store), "%.*s",
			 (int) (end - path - 1), path + 1);
}

static void _take_options(struct facts_source *source,
			  const struct property_object *object)
{
	const struct xml_node *options =
		property_value(object, "config.extraConfig");
	const char *bios_uuid = NULL;

	(void) property_str(object, "config.uuid", &bios_uuid, NULL);
	facts_take_record(source, property_option(options,
						  LETTER_TEMPLATE_KEY));
	facts_take_mark(source, property_option(options, OWNER_KEY),
			bios_uuid);
}

static int _take_machine(struct visit *visit, struct facts_source *source,
			 const struct property_object *object,
			 struct err *err)
{
	struct moref parent = { .id = "" };
	const char *power = NULL, *path = NULL;

	if (property_str(object, "runtime.powerState", &power, err) ||
	    property_bool(object, "runtime.instantCloneFrozen", false,
			  &source->is_frozen, err) ||
	    property_bool(object, "config.template", false,
			  &source->is_template, err) ||
	    property_int(object, "config.hardware.numCPU", -1, &source->cpus,
			 err) ||
	    property_int(object, "config.hardware.memoryMB", -1,
			 &source->memory_mib, err) ||
	    property_int(object, "summary.config.memoryReservation", 0,
			 &source->reserved_mib, err) ||
	    property_str(object, "config.files.vmPathName", &path, err) ||
	    property_ref(object, "runtime.host", &source->host_ref, err) ||
	    property_ref(object, "parent", &parent, err) ||
	    property_refs(object, "datastore", source->stores,
			  FACTS_STORES_MAX, &source->store_count, err))
		return -1;
	source->found = true;
	_take_store(source, path);
	source->is_on = power && !strcmp(power, "poweredOn");
	source->in_folder = moref_is_set(&parent) &&
			    moref_equal(&parent, &visit->folder);
	facts_take_devices(source, property_value(object,
						  "config.hardware.device"));
	_take_options(source, object);
	if (facts_unfit(source))
		return 0;
	for (size_t i = 0; i < source->store_count; i++)
		if (_add_object(visit, PRIVILEGES_DATASTORE,
				&source->stores[i], source->stores[i].id,
				err))
			return -1;
	return _add_object(visit, PRIVILEGES_SOURCE, &source->vm,
			   _last(source->path), err);
}

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct visit *visit = arg;

	for (size_t i = 0; i < visit->out->source_count; i++) {
		struct facts_source *source = &visit->out->sources[i];

		if (moref_equal(&source->vm, &object->ref) &&
		    _take_machine(visit, source, object, err))
			return err_wrap(err, "%s", source->path);
	}
	return 0;
}

static int _read_machines(struct visit *visit, struct err *err)
{
	static const char *const paths[] = {
		"parent", "runtime.powerState", "runtime.host",
		"runtime.instantCloneFrozen", "config.template",
		"config.hardware.numCPU", "config.hardware.memoryMB",
		"config.hardware.device", "config.extraConfig", "datastore",
		"config.uuid",
		"config.files.vmPathName", "summary.config.memoryReservation",
	};
	cleanup_free struct moref *refs =
		calloc(visit->out->source_count + 1, sizeof(*refs));
	struct property_spec spec = {
		.type = "VirtualMachine", .paths = paths,
		.n_paths = sizeof(paths) / sizeof(*paths), .objects = refs,
		.page = 40,
	};

	if (!refs)
		return err_nomem(err);
	for (size_t i = 0; i < visit->out->source_count; i++)
		if (!strcmp(visit->out->sources[i].vm.type,
			    "VirtualMachine"))
			refs[spec.n_objects++] = visit->out->sources[i].vm;
	return _read(visit, &spec, _each_machine, err);
}

/* --- hosts, datastores -------------------------------------------------- */

/* Which of the networks in sclone.conf the host has. */
static void _take_networks(const struct visit *visit, struct facts_host *host,
			   const struct xml_node *list)
{
	const struct facts_vcenter *out = visit->out;
	const struct xml_node *node = xml_child(list,
						"ManagedObjectReference");
	struct moref ref;

	host->told = list != NULL;
	for (; node; node = xml_next(node, "ManagedObjectReference"))
		for (size_t i = 0; i < out->network_count; i++)
			if (!soap_ref(node, &ref, NULL) &&
			    moref_equal(&ref, &out->networks[i].ref))
				host->has[i] = true;
}

static struct facts_host *_take_host(const struct visit *visit,
				     const struct property_object *object)
{
	for (size_t i = 0; i < visit->out->host_count; i++) {
		struct facts_host *host = &visit->out->hosts[i];

		if (!moref_equal(&host->ref, &object->ref))
			continue;
		_take_networks(visit, host, property_value(object, "network"));
		return host;
	}
	return NULL;
}

static int _each_host(const struct property_object *object, void *arg,
		      struct err *err)
{
	const struct facts_host *host = _take_host(arg, object);
	const char *name = NULL, *connection = NULL;
	struct visit *visit = arg;
	bool maintenance = false;
	int64_t bytes;

	if (property_str(object, "name", &name, err) ||
	    property_str(object, "runtime.connectionState", &connection,
			 err) ||
	    property_bool(object, "runtime.inMaintenanceMode", false,
			  &maintenance, err) ||
	    property_int(object, "summary.hardware.memorySize", -1, &bytes,
			 err))
		return -1;
	for (size_t i = 0; i < visit->out->source_count; i++) {
		struct facts_source *source = &visit->out->sources[i];

		if (!moref_equal(&source->host_ref, &object->ref))
			continue;
		snprintf(source->host, sizeof(source->host), "%s",
			 name ? name : "");
		source->on = host;
		source->host_memory_mib = bytes < 0 ? -1 : bytes >> 20;
		source->host_ok = connection && !maintenance &&
				  !strcmp(connection, "connected");
	}
	return 0;
}

static void _add_host(struct facts_vcenter *out, const struct moref *ref)
{
	for (size_t i = 0; i < out->host_count; i++)
		if (moref_equal(&out->hosts[i].ref, ref))
			return;
	out->hosts[out->host_count++].ref = *ref;
}

static int _read_hosts(struct visit *visit, struct err *err)
{
	static const char *const paths[] = {
		"name", "runtime.connectionState",
		"runtime.inMaintenanceMode", "summary.hardware.memorySize",
		"network",
	};
	struct facts_vcenter *out = visit->out;
	cleanup_free struct moref *refs =
		calloc(out->source_count + 1, sizeof(*refs));
	struct property_spec spec = {
		.type = "HostSystem", .paths = paths,
		.n_paths = sizeof(paths) / sizeof(*paths), .objects = refs,
	};

	out->hosts = calloc(out->source_count + 1, sizeof(*out->hosts));
	if (!refs || !out->hosts)
		return err_nomem(err);
	for (size_t i = 0; i < out->source_count; i++)
		if (moref_is_set(&out->sources[i].host_ref))
			_add_host(out, &out->sources[i].host_ref);
	while (spec.n_objects < out->host_count) {
		refs[spec.n_objects] = out->hosts[spec.n_objects].ref;
		spec.n_objects++;
	}
	return _read(visit, &spec, _each_host, err);
}

static int _each_datastore(const struct property_object *object, void *arg,
			   struct err *err)
{
	struct visit *visit = arg;
	const char *name = NULL;
	int64_t bytes;

	if (property_str(object, "name", &name, err) ||
	    property_int(object, "summary.capacity", -1, &bytes, err))
		return -1;
	for (size_t i = 0; name && i < visit->out->source_count; i++)
		facts_take_store(&visit->out->sources[i], &object->ref, name,
				 bytes >= 0 ? bytes >> 20 : -1);
	for (size_t i = 0; name && i < visit->object_count; i++)
		if (moref_equal(&visit->objects[i].ref, &object->ref))
			snprintf(visit->objects[i].name,
				 sizeof(visit->objects[i].name), "%s", name);
	return 0;
}

static int _read_datastores(struct visit *visit, struct err *err)
{
	static const char *const paths[] = { "name", "summary.capacity" };
	cleanup_free struct moref *refs =
		calloc(visit->object_count + 1, sizeof(*refs));
	struct property_spec spec = { .type = "Datastore", .paths = paths,
				      .n_paths = 2, .objects = refs,
				      .lenient = true };

	if (!refs)
		return err_nomem(err);
	for (size_t i = 0; i < visit->object_count; i++)
		if (visit->objects[i].on == PRIVILEGES_DATASTORE)
			refs[spec.n_objects++] = visit->objects[i].ref;
	return _read(visit, &spec, _each_datastore, err);
}

/* --- the visit ---------------------------------------------------------- */

static int _look_around(struct visit *visit, struct err *err)
{
	if (_find(visit, err))
		return -1;
	snprintf(visit->out->version, sizeof(visit->out->version), "%s",
		 session_service(visit->session)->api_version);
	if (_add_places(visit, err) || gather_members(visit, err) ||
	    _read_machines(visit, err) ||
	    _read_hosts(visit, err) || _read_datastores(visit, err))
		return -1;
	facts_sift(visit->out);
	if (gather_privileges(visit, &visit->out->grants_problem))
		visit->failure = (struct err) ERR_INIT;
	return 0;
}

static void _left(void *arg)
{
	struct visit *visit = arg;

	visit->pending = 0;
}

/* What is still under way is of no interest any more. */
static void _cancel(struct visit *visit)
{
	for (size_t i = 0; i < visit->place_count; i++)
		search_cancel(visit->places[i].search);
	property_cancel(visit->query);
	privilege_cancel(visit->check);
	if (visit->out->folders)
		folders_cancel(visit->out->folders);
}

static void _leave(struct visit *visit)
{
	_cancel(visit);
	visit->pending = 1;
	session_logout(visit->session, _left, visit);
	(void) gather_await(visit->loop, &visit->pending,
			    clock_mono_us() + 10 * CLOCK_US_PER_S, NULL);
}

static int _enter(struct visit *visit, struct err *err)
{
	const struct config_global *global =
		config_global(visit->facts->config);
	struct session_config config = {
		.http = { .url = global->vcenter,
			  .ca_file = global->ca_cert,
			  .pin = global->pin,
			  .insecure = global->insecure,
			  .connections = CONNECTIONS,
			  .reply_max = REPLY_MAX,
			  .connect_ms = CONNECT_MS },
		.user = global->user,
		.password_file = global->password_file,
		.password_owner = visit->facts->files.user,
	};

	visit->loop = loop_create(err);
	if (visit->loop)
		visit->session = session_create(visit->loop, &config, err);
	return visit->session ? 0 : -1;
}

void gather_vcenter(struct facts *facts)
{
	struct visit visit = { .facts = facts, .out = &facts->vcenter };
	struct err *problem = &facts->vcenter.problem;

	visit.until_us = clock_mono_us() + GATHER_VCENTER_MS * CLOCK_US_PER_MS;
	if (!facts_add_sources(facts, problem) &&
	    !facts_add_networks(facts, problem) &&
	    !_enter(&visit, problem)) {
		(void) _look_around(&visit, problem);
		_leave(&visit);
	}
	session_destroy(visit.session);
	loop_destroy(visit.loop);
	free(visit.places);
	free(visit.objects);
}
