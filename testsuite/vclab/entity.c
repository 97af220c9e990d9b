/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entity - see entity.h. */
#include <stdlib.h>
#include <string.h>

#include "entity.h"
#include "filter.h"
#include "view.h"

#define CHILDREN_MAX 1000000

struct entity *entity_of(struct mob *mob)
{
	static const struct schema_type *base;

	if (!base)
		base = schema_type("ManagedEntity");
	return mob && schema_is_a(mob->type, base) ? (struct entity *) mob
						   : NULL;
}

void entity_emit_name(struct val *val, const struct mob *mob)
{
	val_str(val, ((const struct entity *) mob)->name);
}

void entity_emit_status(struct val *val, const struct mob *mob)
{
	(void) mob;
	val_str(val, "green");
}

void entity_refs_parent(const struct mob *mob, mob_visit *visit, void *arg)
{
	struct entity *parent = ((const struct entity *) mob)->parent;

	if (parent)
		visit(&parent->mob, arg);
}

void entity_refs_children(const struct mob *mob, mob_visit *visit, void *arg)
{
	const struct entity *entity = (const struct entity *) mob;
	struct entity *child;
	size_t pos = 0;

	while (entity->children &&
	       (child = table_next(entity->children, &pos, NULL)) != NULL) {
		if (!child->mob.gone)
			visit(&child->mob, arg);
	}
}

static void _adopt(struct entity *parent, struct entity *child)
{
	struct err err = ERR_INIT;

	if (!parent->children)
		parent->children = table_create(CHILDREN_MAX, NULL);
	if (!parent->children ||
	    table_set(parent->children, child->name, child, &err) < 0)
		abort();
	child->parent = parent;
}

static void _orphan(struct entity *child)
{
	if (child->parent &&
	    table_get(child->parent->children, child->name) == child)
		(void) table_take(child->parent->children, child->name);
}

void entity_init_hidden(struct entity *entity, struct lab *lab,
			const struct mob_class *class, char *id,
			const char *name, struct entity *parent)
{
	mob_init_hidden(&entity->mob, lab, class, id);
	entity->name = lab_strdup(name);
	if (parent)
		_adopt(parent, entity);
}

void entity_publish(struct entity *entity)
{
	mob_publish(&entity->mob);
	if (entity->parent)
		mob_changed(&entity->parent->mob, ENTITY_CHILDREN);
	view_entity_placed(entity);
	filter_tree_changed(entity->mob.lab);
}

void entity_init(struct entity *entity, struct lab *lab,
		 const struct mob_class *class, char *id, const char *name,
		 struct entity *parent)
{
	entity_init_hidden(entity, lab, class, id, name, parent);
	entity_publish(entity);
}

void entity_clear(struct entity *entity)
{
	free(entity->name);
	table_destroy(entity->children);
}

struct entity *entity_child(const struct entity *parent, const char *name)
{
	return parent->children ? table_get(parent->children, name) : NULL;
}

void entity_remove(struct entity *entity)
{
	struct lab *lab = entity->mob.lab;
	struct entity *parent = entity->parent;

	_orphan(entity);
	if (parent && !entity->mob.gone)
		mob_changed(&parent->mob, ENTITY_CHILDREN);
	mob_remove(&entity->mob);
	filter_tree_changed(lab);
}

static int _free_name(const struct entity *parent, const char *name,
		      struct fault *fault)
{
	const struct entity *other = entity_child(parent, name);

	if (!other)
		return 0;
	(void) fault_set(fault, "DuplicateName",
			 "The name '%s' already exists.", name);
	(void) fault_add(fault, "name", name);
	return fault_add_ref(fault, "object", other->mob.class->type,
			     other->mob.id);
}

int entity_rename(struct entity *entity, const char *name,
		  struct fault *fault)
{
	struct entity *parent = entity->parent;

	if (!parent || _free_name(parent, name, fault) < 0)
		return -1;
	_orphan(entity);
	free(entity->name);
	entity->name = lab_strdup(name);
	_adopt(parent, entity);
	mob_changed(&entity->mob, ENTITY_NAME);
	return 0;
}

int entity_move(struct entity *entity, struct entity *parent,
		struct fault *fault)
{
	struct entity *old = entity->parent;

	if (_free_name(parent, entity->name, fault) < 0)
		return -1;
	view_entity_leaving(entity);
	_orphan(entity);
	_adopt(parent, entity);
	mob_changed(&entity->mob, ENTITY_PARENT);
	mob_changed(&old->mob, ENTITY_CHILDREN);
	mob_changed(&parent->mob, ENTITY_CHILDREN);
	view_entity_placed(entity);
	filter_tree_changed(entity->mob.lab);
	return 0;
}

struct entity *entity_at_path(const struct lab *lab, const char *path)
{
	struct entity *at = lab->root;
	char name[256];

	while (at && *path) {
		size_t len = strcspn(path, "/");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		if (len > 0)
			at = entity_child(at, name);
		path += len + (path[len] == '/');
	}
	return at && !at->mob.gone ? at : NULL;
}

bool entity_is_below(const struct entity *entity, const struct entity *top)
{
	while (entity && entity != top)
		entity = entity->parent;
	return entity != NULL;
}
