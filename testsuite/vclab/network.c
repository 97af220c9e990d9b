/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network - see network.h. */
#include <stdlib.h>
#include <string.h>

#include "host_system.h"
#include "network.h"
#include "vm.h"
#include "xw.h"

static void _free(struct mob *mob)
{
	entity_clear((struct entity *) mob);
}

static const struct network *_network(const struct mob *mob)
{
	return (const struct network *) mob;
}

static void _free_network(struct mob *mob)
{
	free(((struct network *) mob)->host);
	_free(mob);
}

bool network_is_on(const struct network *network, const struct host *host)
{
	return !network->host ||
	       strcmp(network->host, host->entity.name) == 0;
}

static const struct mob_prop _network_props[] = {
	ENTITY_PROPS,
	{ "summary.name", entity_emit_name, NULL, ENTITY_NAME },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class network_class = { "Network", _network_props, NULL,
					 _free_network };

/* -- DistributedVirtualPortgroup ------------------------------------ */

static void _emit_key(struct val *val, const struct mob *mob)
{
	val_str(val, mob->id);
}

static void _refs_dvs(const struct mob *mob, mob_visit *visit, void *arg)
{
	visit(&_network(mob)->dvs->entity.mob, arg);
}

static const struct mob_prop _portgroup_props[] = {
	ENTITY_PROPS,
	{ "summary.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "key", _emit_key, NULL, 0 },
	{ "config.key", _emit_key, NULL, 0 },
	{ "config.name", entity_emit_name, NULL, ENTITY_NAME },
	{ "config.distributedVirtualSwitch", NULL, _refs_dvs, 0 },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class portgroup_class = { "DistributedVirtualPortgroup",
					   _portgroup_props, NULL,
					   _free_network };

/* -- VmwareDistributedVirtualSwitch --------------------------------- */

static void _emit_uuid(struct val *val, const struct mob *mob)
{
	val_str(val, ((const struct dvs *) mob)->uuid);
}

static const struct mob_prop _dvs_props[] = {
	ENTITY_PROPS,
	{ "uuid", _emit_uuid, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class dvs_class = { "VmwareDistributedVirtualSwitch",
				     _dvs_props, NULL, _free };

/* -- both ----------------------------------------------------------- */

struct network *network_create(struct lab *lab, const char *name,
			       struct entity *folder, struct dvs *dvs)
{
	struct network *network = lab_alloc(sizeof(*network));

	network->dvs = dvs;
	entity_init(&network->entity, lab,
		    dvs ? &portgroup_class : &network_class,
		    lab_id(lab, dvs ? "dvportgroup" : "network"), name,
		    folder);
	return network;
}

struct dvs *dvs_create(struct lab *lab, const char *name,
		       struct entity *folder)
{
	struct dvs *dvs = lab_alloc(sizeof(*dvs));

	lab_uuid(lab, dvs->uuid);
	entity_init(&dvs->entity, lab, &dvs_class, lab_id(lab, "dvs"), name,
		    folder);
	return dvs;
}

struct network *network_of(struct mob *mob)
{
	if (!mob || (mob->class != &network_class &&
		     mob->class != &portgroup_class))
		return NULL;
	return (struct network *) mob;
}

struct dvs *dvs_of(struct entity *entity)
{
	if (!entity || entity->mob.class != &dvs_class)
		return NULL;
	return (struct dvs *) entity;
}

struct network *network_by_port(const struct lab *lab, const char *uuid,
				const char *key)
{
	struct network *network = network_of(mob_find(lab, key ? key : ""));

	if (!network || !network->dvs || !uuid ||
	    strcmp(network->dvs->uuid, uuid) != 0)
		return NULL;
	return network;
}

/* -- the inventory -------------------------------------------------- */

static struct network *_by_name(struct entity *folder, const char *name)
{
	struct entity *entity = entity_child(folder, name);

	return entity ? network_of(&entity->mob) : NULL;
}

int network_load(struct lab *lab, const struct json *json, struct err *err)
{
	const char *name, *datacenter, *distributor, *host;
	struct network *network;
	struct entity *folder;
	struct dvs *dvs = NULL;

	if (json_get_str(json, "name", &name, err) < 0 ||
	    json_get_str_or(json, "datacenter", "DC1", &datacenter,
			    err) < 0 ||
	    json_get_str_or(json, "switch", NULL, &distributor, err) < 0 ||
	    json_get_str_or(json, "host", NULL, &host, err) < 0)
		return -1;
	folder = entity_child(lab->root, datacenter);
	folder = folder ? entity_child(folder, "network") : NULL;
	if (!folder || entity_child(folder, name))
		return err_set(err, ERR_CONFIG, "no datacenter '%s', or "
			       "network '%s' stands twice", datacenter, name);
	if (distributor) {
		dvs = dvs_of(entity_child(folder, distributor));
		if (!dvs)
			dvs = dvs_create(lab, distributor, folder);
	}
	network = network_create(lab, name, folder, dvs);
	network->host = host ? lab_strdup(host) : NULL;
	return 0;
}

static int _plug(struct vm *vm, const char *name, struct err *err)
{
	struct entity *folder = entity_child(
		vm->host->cluster->entity.parent->parent, "network");
	struct network *network = name ? _by_name(folder, name) : NULL;

	if (!network && name && !entity_child(folder, name))
		network = network_create(vm->entity.mob.lab, name, folder,
					 NULL);
	if (!network || vm_nics_add(vm, network) < 0)
		return err_set(err, ERR_CONFIG, "network '%s' is none, or "
			       "more than %d of them", name ? name : "",
			       GUEST_NICS_MAX);
	return 0;
}

int network_plug(struct vm *vm, const struct json *json, struct err *err)
{
	const struct json *list = json_get(json, "networks");
	const char *name;

	for (size_t i = 0; i < json_count(list); i++)
		if (_plug(vm, json_str(json_at(list, i)), err) < 0)
			return -1;
	if (list)
		return 0;
	if (json_get_str_or(json, "network", "VM Network", &name, err) < 0)
		return -1;
	return _plug(vm, name, err);
}
