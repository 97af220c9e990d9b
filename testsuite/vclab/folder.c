/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder - see folder.h. */
#include <string.h>

#include "call.h"
#include "filter.h"
#include "folder.h"
#include "host_system.h"
#include "vm.h"

static void _free(struct mob *mob)
{
	entity_clear((struct entity *) mob);
}

struct entity *folder_create(struct lab *lab, const struct mob_class *class,
			     const char *prefix, const char *name,
			     struct entity *parent)
{
	struct entity *entity = lab_alloc(sizeof(*entity));

	entity_init(entity, lab, class, lab_id(lab, prefix), name, parent);
	return entity;
}

/* What is left of the old one, for those who still hold it. */
static const struct mob_prop _nothing[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_class _ghosts[] = {
	{ "Folder", _nothing, NULL, NULL },
	{ "ResourcePool", _nothing, NULL, NULL },
};

void folder_renew(struct entity *folder)
{
	bool is_pool = folder->mob.class == &pool_class;
	struct lab *lab = folder->mob.lab;

	mob_set_id(&folder->mob, &_ghosts[is_pool],
		   lab_id(lab, is_pool ? "resgroup" : "group-v"));
	if (folder->parent)
		mob_changed(&folder->parent->mob, ENTITY_CHILDREN);
	filter_tree_changed(lab);
}

static void _emit_child_type(struct val *val, const struct mob *mob)
{
	const struct entity *folder = (const struct entity *) mob;

	val_str(val, "Folder");
	if (!folder->parent)
		val_str(val, "Datacenter");
	else
		val_str(val, "VirtualMachine");
}

static int _create_folder(struct call *call)
{
	struct entity *parent = (struct entity *) call->self;
	const char *name = call_arg_text(call, "name");
	struct entity *other = entity_child(parent, name);

	if (other) {
		(void) fault_set(&call->fault, "DuplicateName",
				 "The name '%s' already exists.", name);
		(void) fault_add(&call->fault, "name", name);
		return fault_add_ref(&call->fault, "object",
				     other->mob.class->type, other->mob.id);
	}
	call_return_ref(call, &folder_create(call->lab, &folder_class,
					     "group-v", name, parent)->mob);
	return 0;
}

static const struct mob_prop _folder_props[] = {
	ENTITY_PROPS,
	{ "childType", _emit_child_type, NULL, 0 },
	{ "childEntity", NULL, entity_refs_children, ENTITY_CHILDREN },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _folder_methods[] = {
	{ "CreateFolder", _create_folder },
	{ NULL, NULL },
};
const struct mob_class folder_class = { "Folder", _folder_props,
					_folder_methods, _free };

/* -- Datacenter ----------------------------------------------------- */

static void _child(const struct mob *mob, const char *name, mob_visit *visit,
		   void *arg)
{
	struct entity *child = entity_child((const struct entity *) mob,
					    name);

	if (child)
		visit(&child->mob, arg);
}

static void _refs_vm(const struct mob *mob, mob_visit *visit, void *arg)
{
	_child(mob, "vm", visit, arg);
}

static void _refs_host(const struct mob *mob, mob_visit *visit, void *arg)
{
	_child(mob, "host", visit, arg);
}

static void _refs_datastore(const struct mob *mob, mob_visit *visit,
			    void *arg)
{
	_child(mob, "datastore", visit, arg);
}

static void _refs_network(const struct mob *mob, mob_visit *visit, void *arg)
{
	_child(mob, "network", visit, arg);
}

static const struct mob_prop _datacenter_props[] = {
	ENTITY_PROPS,
	{ "vmFolder", NULL, _refs_vm, 0 },
	{ "hostFolder", NULL, _refs_host, 0 },
	{ "datastoreFolder", NULL, _refs_datastore, 0 },
	{ "networkFolder", NULL, _refs_network, 0 },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class datacenter_class = { "Datacenter", _datacenter_props,
					    NULL, _free };

/* -- ResourcePool --------------------------------------------------- */

static const struct mob *_cluster_of(const struct entity *pool)
{
	while (pool && pool->mob.class != &cluster_class)
		pool = pool->parent;
	return pool ? &pool->mob : NULL;
}

struct cluster *pool_cluster(const struct entity *pool)
{
	return (struct cluster *) _cluster_of(pool);
}

static void _refs_owner(const struct mob *mob, mob_visit *visit, void *arg)
{
	struct cluster *cluster = pool_cluster((const struct entity *) mob);

	if (cluster)
		visit(&cluster->entity.mob, arg);
}

static void _refs_pool_vms(const struct mob *mob, mob_visit *visit,
			   void *arg)
{
	struct mob *other;
	size_t pos = 0;

	while ((other = table_next(mob->lab->objects, &pos, NULL))) {
		struct vm *vm = vm_of(other);

		if (vm && &vm->pool->mob == mob)
			visit(other, arg);
	}
}

static const struct mob_prop _pool_props[] = {
	ENTITY_PROPS,
	{ "owner", NULL, _refs_owner, 0 },
	{ "resourcePool", NULL, entity_refs_children, ENTITY_CHILDREN },
	{ "vm", NULL, _refs_pool_vms, 0 },
	{ NULL, NULL, NULL, 0 },
};
const struct mob_class pool_class = { "ResourcePool", _pool_props, NULL,
				      _free };
