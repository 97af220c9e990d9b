/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inventory - see inventory.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "call.h"
#include "common/base/path.h"
#include "browser.h"
#include "datastore.h"
#include "folder.h"
#include "host_system.h"
#include "inventory.h"
#include "network.h"
#include "user.h"
#include "vm.h"

#define FILE_MAX_BYTES (16u << 20)
#define MEMORY_MAX (1 << 30)

/* The folder of a path below a datacenter's one, made as needed. */
static struct entity *_folder(struct lab *lab, const char *path,
			      const struct mob_class *class,
			      const char *prefix)
{
	struct entity *at = lab->root;
	char name[256];

	while (*path) {
		size_t len = strcspn(path, "/");
		struct entity *child;

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		child = len > 0 ? entity_child(at, name) : at;
		at = child ? child : folder_create(lab, class, prefix, name,
						   at);
		path += len + (path[len] == '/');
	}
	return at;
}

static void _add_datacenter(struct lab *lab, const char *name)
{
	struct entity *dc;

	if (entity_child(lab->root, name))
		return;
	dc = folder_create(lab, &datacenter_class, "datacenter", name,
			   lab->root);
	(void) folder_create(lab, &folder_class, "group-v", "vm", dc);
	(void) folder_create(lab, &folder_class, "group-h", "host", dc);
	(void) folder_create(lab, &folder_class, "group-s", "datastore", dc);
	(void) folder_create(lab, &folder_class, "group-n", "network", dc);
}

static struct entity *_below(struct lab *lab, const char *dc,
			     const char *name)
{
	struct entity *datacenter = entity_child(lab->root, dc);

	return datacenter ? entity_child(datacenter, name) : NULL;
}

static struct cluster *_cluster(struct lab *lab, const char *dc,
				const char *name)
{
	struct entity *folder = _below(lab, dc, "host");
	struct cluster *cluster;

	if (!folder)
		return NULL;
	cluster = (struct cluster *) entity_child(folder, name);
	if (cluster)
		return cluster;
	cluster = lab_alloc(sizeof(*cluster));
	entity_init(&cluster->entity, lab, &cluster_class,
		    lab_id(lab, "domain-c"), name, folder);
	cluster->pool = folder_create(lab, &pool_class, "resgroup",
				      "Resources", &cluster->entity);
	return cluster;
}

static int _add_host(struct lab *lab, const struct json *json,
		     struct err *err)
{
	struct host *host = lab_alloc(sizeof(*host));
	const char *name, *dc, *cluster;

	if (json_get_str(json, "name", &name, err) < 0 ||
	    json_get_str_or(json, "datacenter", "DC1", &dc, err) < 0 ||
	    json_get_str_or(json, "cluster", "hpc", &cluster, err) < 0 ||
	    json_get_int_or(json, "slots", 1, 100000, 8, &host->slots,
			    err) < 0 ||
	    json_get_int_or(json, "memory_mb", 1, MEMORY_MAX, 65536,
			    &host->memory_mb, err) < 0) {
		free(host);
		return -1;
	}
	host->cluster = _cluster(lab, dc, cluster);
	if (!host->cluster || table_get(lab->hosts, name)) {
		free(host);
		return err_set(err, ERR_CONFIG, "no datacenter '%s', or host "
			       "'%s' stands twice", dc, name);
	}
	entity_init(&host->entity, lab, &host_class, lab_id(lab, "host"),
		    name, &host->cluster->entity);
	return table_set(lab->hosts, name, host, err);
}

static int _add_datastore(struct lab *lab, const struct json *json,
			  struct err *err)
{
	struct datastore *ds = lab_alloc(sizeof(*ds));
	const char *name, *dc;
	struct entity *folder;

	if (json_get_str(json, "name", &name, err) < 0 ||
	    json_get_str_or(json, "datacenter", "DC1", &dc, err) < 0 ||
	    json_get_int_or(json, "capacity_mb", 1, MEMORY_MAX, 1048576,
			    &ds->capacity_mb, err) < 0) {
		free(ds);
		return -1;
	}
	folder = _below(lab, dc, "datastore");
	if (!folder || table_get(lab->datastores, name)) {
		free(ds);
		return err_set(err, ERR_CONFIG, "no datacenter '%s', or "
			       "datastore '%s' stands twice", dc, name);
	}
	ds->free_mb = ds->capacity_mb;
	ds->path = lab_printf("%s/datastores/%s", lab->state_dir, name);
	entity_init(&ds->entity, lab, &datastore_class,
		    lab_id(lab, "datastore"), name, folder);
	ds->browser = browser_create(ds);
	if (mkdir(ds->path, 0755) < 0 && errno != EEXIST)
		return err_errno(err, ERR_FATAL, errno, "%s", ds->path);
	return table_set(lab->datastores, name, ds, err);
}

/* "/DC1/vm/a/b" and pools "/DC1/host/hpc/Resources/x". */
static int _add_path(struct lab *lab, const struct json *json, bool pool,
		     struct err *err)
{
	const char *path = json_str(json);
	struct entity *made;

	if (!path)
		return err_set(err, ERR_CONFIG, "folders and pools are lists "
			       "of paths");
	made = _folder(lab, path, pool ? &pool_class : &folder_class,
		       pool ? "resgroup" : "group-v");
	return made ? 0 : err_set(err, ERR_CONFIG, "path '%s'", path);
}

static int _each(struct lab *lab, const char *key,
		 int (*add)(struct lab *, const struct json *, struct err *),
		 struct err *err)
{
	const struct json *list = json_get(lab->inventory, key);

	for (size_t i = 0; i < json_count(list); i++) {
		if (add(lab, json_at(list, i), err) < 0)
			return err_wrap(err, "%s[%zu]", key, i);
	}
	return 0;
}

static int _add_folder(struct lab *lab, const struct json *json,
		       struct err *err)
{
	return _add_path(lab, json, false, err);
}

static int _add_pool(struct lab *lab, const struct json *json,
		     struct err *err)
{
	return _add_path(lab, json, true, err);
}

static int _add_dc(struct lab *lab, const struct json *json, struct err *err)
{
	if (!json_str(json))
		return err_set(err, ERR_CONFIG, "not a string");
	_add_datacenter(lab, json_str(json));
	return 0;
}

/* -- sources -------------------------------------------------------- */

static int _source_disk(struct vm *vm, struct err *err)
{
	struct fault fault = FAULT_NONE;
	struct disk *disk;
	char *file;

	vm->dir = datastore_make_dir(vm->datastore, vm->entity.name, &fault);
	if (!vm->dir)
		return err_set(err, ERR_FATAL, "%s", fault.text);
	vm->facts.dir = lab_printf("%s/%s", vm->datastore->path, vm->dir);
	if (vm->facts.disk_mb == 0)
		return 0;
	file = lab_printf("%s.vmdk", vm->dir);
	disk = disk_create(vm->datastore, vm->dir, file, vm->entity.mob.id,
			   vm->facts.disk_mb, NULL, !vm->ops->makes_disks,
			   &fault);
	free(file);
	if (!disk)
		return err_set(err, ERR_FATAL, "%s", fault.text);
	vm_set_disk(vm, disk);
	return 0;
}

static int _source_options(struct vm *vm, const struct json *json,
			   struct err *err)
{
	const struct json *options = json_get(json, "extraConfig");
	const struct json *value;
	const char *key;
	size_t pos = 0;

	while (json_next(options, &pos, &key, &value)) {
		if (!json_str(value) ||
		    vm_set_option(vm, key, json_str(value), err) < 0)
			return err_set(err, ERR_CONFIG, "extraConfig %s",
				       key);
	}
	return 0;
}

static void _source_started(struct vm *vm, const struct err *err, void *arg)
{
	(void) arg;
	if (err) {
		vm_note(vm, "source_failed", NULL, NULL, err->text);
		return;
	}
	vm_set_power(vm, true);
	vm_note(vm, "source_started", NULL, NULL, NULL);
}

static int _place(struct lab *lab, struct vm *vm, const char *host_name,
		  const char *pool_path, const char *ds_name,
		  struct err *err)
{
	struct host *host = table_get(lab->hosts, host_name);
	struct datastore *ds = table_get(lab->datastores, ds_name);
	struct entity *pool;

	if (!host || !ds)
		return err_set(err, ERR_CONFIG,
			       "no host '%s' or no datastore '%s'",
			       host_name, ds_name);
	pool = *pool_path ? entity_at_path(lab, pool_path)
			  : host->cluster->pool;
	if (!pool || !pool_cluster(pool))
		return err_set(err, ERR_CONFIG, "no pool '%s'", pool_path);
	vm_place(vm, host, pool, ds);
	return 0;
}

static int _source_facts(struct vm *vm, const struct json *json,
			 struct err *err)
{
	const char *host, *pool, *ds;

	if (json_get_str(json, "host", &host, err) < 0 ||
	    json_get_str(json, "datastore", &ds, err) < 0 ||
	    json_get_str_or(json, "pool", "", &pool, err) < 0 ||
	    json_get_int_or(json, "cpus", 1, 1024, 1, &vm->facts.cpus,
			    err) < 0 ||
	    json_get_int_or(json, "memory_mb", 1, MEMORY_MAX, 256,
			    &vm->facts.memory_mb, err) < 0 ||
	    json_get_int_or(json, "reserved_mb", 0, vm->facts.memory_mb, 0,
			    &vm->reserved_mb, err) < 0 ||
	    json_get_int_or(json, "disk_mb", 0, MEMORY_MAX, 1024,
			    &vm->facts.disk_mb, err) < 0 ||
	    json_get_bool_or(json, "frozen", true, &vm->freezes, err) < 0 ||
	    json_get_bool_or(json, "template", false, &vm->is_template,
			     err) < 0)
		return -1;
	if (_place(vm->entity.mob.lab, vm, host, pool, ds, err) < 0)
		return -1;
	return network_plug(vm, json, err);
}

static int _source_guest(struct vm *vm, const struct json *json,
			 struct err *err)
{
	const struct json *guest = json_get(json, "guest");
	const char *kind = "sim";
	bool on;

	if ((guest && json_get_str(guest, "kind", &kind, err) < 0) ||
	    json_get_bool_or(json, "powered_on", !vm->is_template, &on,
			     err) < 0)
		return -1;
	vm->ops = vm_guest_kind(kind);
	if (!vm->ops)
		return err_set(err, ERR_CONFIG, "no guest kind '%s'", kind);
	if (vm->ops->source_mac)
		vm_nics_count_from(vm, vm->ops->source_mac);
	if (_source_disk(vm, err) < 0 ||
	    vm_make_guest(vm, vm->ops, guest, err) < 0)
		return -1;
	vm_publish(vm);
	vm->started = _source_started;
	return on ? vm->ops->power_on(vm->guest, err) : 0;
}

static int _add_source(struct lab *lab, const struct json *json,
		       struct err *err)
{
	const char *name, *path, *uuid;
	struct entity *folder;
	struct vm *vm;

	if (json_get_str(json, "name", &name, err) < 0 ||
	    json_get_str_or(json, "folder", "/DC1/vm", &path, err) < 0 ||
	    json_get_str_or(json, "uuid", NULL, &uuid, err) < 0)
		return -1;
	folder = _folder(lab, path, &folder_class, "group-v");
	if (!folder || entity_child(folder, name))
		return err_set(err, ERR_CONFIG, "'%s' stands twice", name);
	vm = vm_create(lab, name, folder, uuid);
	if (_source_facts(vm, json, err) < 0 ||
	    _source_options(vm, json, err) < 0 ||
	    _source_guest(vm, json, err) < 0) {
		vm_remove(vm);
		return err_wrap(err, "source %s", name);
	}
	return 0;
}

/* -- the rest ------------------------------------------------------- */

static int _limits(struct lab *lab, struct err *err)
{
	const struct json *json = json_get(lab->inventory, "limits");
	struct lab_limits *l = &lab->limits;
	cleanup_json struct json *none = json_new_object();
	const struct json *from = json ? json : none;

	if (json_get_int_or(from, "session_idle_s", 0, 1000000, 1800,
			    &l->session_idle_s, err) < 0 ||
	    json_get_int_or(from, "login_failures", 1, 1000, 5,
			    &l->login_failures, err) < 0 ||
	    json_get_int_or(from, "lockout_s", 0, 1000000, 300,
			    &l->lockout_s, err) < 0 ||
	    json_get_int_or(from, "page_size", 0, 1000000, 0, &l->page_size,
			    err) < 0 ||
	    json_get_int_or(from, "update_size", 0, 1000000, 0,
			    &l->update_size, err) < 0 ||
	    json_get_int_or(from, "task_keep_s", 0, 1000000, 600,
			    &l->task_keep_s, err) < 0 ||
	    json_get_int_or(from, "chain_max", 1, 10000, 255, &l->chain_max,
			    err) < 0 ||
	    json_get_int_or(from, "delta_mb", 0, MEMORY_MAX, 1, &l->delta_mb,
			    err) < 0)
		return err_wrap(err, "limits");
	return 0;
}

static int _delays(struct lab *lab, struct err *err)
{
	const struct json *delays = json_get(lab->inventory, "delays");
	const struct json *json;
	const char *method;
	int64_t ms, jitter;
	size_t pos = 0;

	while (json_next(delays, &pos, &method, &json)) {
		if (json_get_int_or(json, "ms", 0, 3600000, 0, &ms, err) < 0 ||
		    json_get_int_or(json, "jitter_ms", 0, 3600000, 0,
				    &jitter, err) < 0 ||
		    lab_set_delay(lab, method, ms, jitter, err) < 0)
			return err_wrap(err, "delays: %s", method);
	}
	return 0;
}

static int _general(struct lab *lab, struct err *err)
{
	int64_t seed;

	if (json_get_int_or(lab->inventory, "seed", 0, INT64_MAX, 1, &seed,
			    err) < 0 ||
	    json_get_bool_or(lab->inventory, "real_files", true,
			     &lab->real_files, err) < 0 ||
	    _limits(lab, err) < 0 || _delays(lab, err) < 0)
		return -1;
	lab->random += (uint64_t) seed;
	return 0;
}

static int _datastores_dir(struct lab *lab, struct err *err)
{
	char *path = lab_printf("%s/datastores", lab->state_dir);
	int rc = path_mkdir(path, 0755, err);

	free(path);
	return rc;
}

int inventory_load(struct lab *lab, const char *path, struct err *err)
{
	struct buf text;

	buf_init(&text, FILE_MAX_BYTES);
	if (path_read(path, &text, err) == 0)
		lab->inventory = json_parse(buf_str(&text), text.len, err);
	buf_free(&text);
	if (!lab->inventory)
		return err_wrap(err, "%s", path);
	if (!json_get(lab->inventory, "datacenters"))
		_add_datacenter(lab, "DC1");
	if (_datastores_dir(lab, err) < 0 || _general(lab, err) < 0 ||
	    _each(lab, "datacenters", _add_dc, err) < 0 ||
	    _each(lab, "hosts", _add_host, err) < 0 ||
	    _each(lab, "datastores", _add_datastore, err) < 0 ||
	    _each(lab, "pools", _add_pool, err) < 0 ||
	    _each(lab, "folders", _add_folder, err) < 0 ||
	    _each(lab, "networks", network_load, err) < 0 ||
	    _each(lab, "sources", _add_source, err) < 0 ||
	    user_load(lab, lab->inventory, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}
