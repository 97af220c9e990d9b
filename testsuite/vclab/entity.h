/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entity - a managed object in the inventory tree: it has a name, a parent
 * and children with names of their own.
 */
#ifndef SCLONE_VCLAB_ENTITY_H
#define SCLONE_VCLAB_ENTITY_H

#include "fault.h"
#include "mob.h"

/* Groups that every entity uses; kinds add theirs from ENTITY_OWN up. */
#define ENTITY_NAME 0x1u
#define ENTITY_PARENT 0x2u
#define ENTITY_CHILDREN 0x4u
#define ENTITY_TASKS 0x8u
#define ENTITY_OWN 0x10u

struct entity {
	struct mob mob;
	char *name;
	struct entity *parent;		/* borrowed; NULL: the root */
	struct table *children;		/* name -> entity; NULL: none yet */
};

/* The properties each entity kind lists first. */
#define ENTITY_PROPS                                                        \
	{ "name", entity_emit_name, NULL, ENTITY_NAME },                    \
	{ "parent", NULL, entity_refs_parent, ENTITY_PARENT },              \
	{ "overallStatus", entity_emit_status, NULL, 0 },                   \
	{ "configStatus", entity_emit_status, NULL, 0 }

void entity_emit_name(struct val *val, const struct mob *mob);
void entity_emit_status(struct val *val, const struct mob *mob);
void entity_refs_parent(const struct mob *mob, mob_visit *visit, void *arg);
void entity_refs_children(const struct mob *mob, mob_visit *visit,
			  void *arg);

/* mob is an entity, or NULL. */
struct entity *entity_of(struct mob *mob);

/*
 * Start an entity below parent (NULL: the root). The name must be free
 * there (see entity_child). id is taken over. As mob_init.
 */
void entity_init(struct entity *entity, struct lab *lab,
		 const struct mob_class *class, char *id, const char *name,
		 struct entity *parent);

/* In two steps, for machines under construction. */
void entity_init_hidden(struct entity *entity, struct lab *lab,
			const struct mob_class *class, char *id,
			const char *name, struct entity *parent);
void entity_publish(struct entity *entity);

/* Free what entity_init allocated. */
void entity_clear(struct entity *entity);

/* A child by name, hidden ones included; NULL. */
struct entity *entity_child(const struct entity *parent, const char *name);

/* Leave the tree and the inventory; drops the lab's reference. */
void entity_remove(struct entity *entity);

/* DuplicateName when the name is taken there. */
int entity_rename(struct entity *entity, const char *name,
		  struct fault *fault);
int entity_move(struct entity *entity, struct entity *parent,
		struct fault *fault);

/* "DC1/vm/x", with or without a leading slash; NULL. */
struct entity *entity_at_path(const struct lab *lab, const char *path);

/* entity is below top or top itself. */
bool entity_is_below(const struct entity *entity, const struct entity *top);

#endif
