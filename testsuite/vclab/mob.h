/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mob - a managed object: a reference, properties that can be read, and
 * filters that want to hear of changes.
 *
 * A class lists properties by path; the schema gives their types. What one
 * property shows is written through a struct val. A change names groups
 * (bits); each property says which groups it depends on.
 */
#ifndef SCLONE_VCLAB_MOB_H
#define SCLONE_VCLAB_MOB_H

#include "lab.h"
#include "schema.h"

struct call;
struct mob;
struct val;
struct watch;

typedef void mob_visit(struct mob *mob, void *arg);

struct mob_prop {
	const char *path;
	/* One of the two: write values, or name the objects referred to. */
	void (*emit)(struct val *val, const struct mob *mob);
	void (*refs)(const struct mob *mob, mob_visit *visit, void *arg);
	uint32_t groups;	/* 0: never changes */
};

struct mob_method {
	const char *name;
	int (*run)(struct call *call);
};

struct mob_class {
	const char *type;	/* wire name */
	const struct mob_prop *props;	/* ends with a NULL path */
	const struct mob_method *methods; /* ends with a NULL name */
	void (*free)(struct mob *mob);
};

struct mob {
	const struct mob_class *class;
	const struct schema_type *type;
	struct lab *lab;
	char *id;
	struct watch *watches;	/* filters that hold it; see filter.c */
	unsigned refs;
	bool gone;		/* no longer known under its id */
	uint64_t mark;		/* of a walk */
};

/*
 * Start mob (zeroed memory) as class with this id (taken over); with one
 * reference, the lab's. Known to clients from now on.
 */
void mob_init(struct mob *mob, struct lab *lab,
	      const struct mob_class *class, char *id);

/* As mob_init, but clients do not know it before mob_publish. */
void mob_init_hidden(struct mob *mob, struct lab *lab,
		     const struct mob_class *class, char *id);
void mob_publish(struct mob *mob);

struct mob *mob_ref(struct mob *mob);
void mob_unref(struct mob *mob);	/* accepts NULL */

/* Gone for clients: filters report leave, the lab's reference is dropped. */
void mob_remove(struct mob *mob);

/* Known by this id (taken over) from now on: what had the old one is gone,
 * and for those who still hold it there is a ghost of that class. */
void mob_set_id(struct mob *mob, const struct mob_class *ghosts, char *id);

/* Known object, or NULL. Borrowed. */
struct mob *mob_find(const struct lab *lab, const char *id);

/* Its properties of these groups have changed. */
void mob_changed(struct mob *mob, uint32_t groups);

/* -- writing values ------------------------------------------------- */

/*
 * One property being written: as <val xsi:type=...> of a result, or as
 * element(s) of the object above it. Writers call these once per item;
 * calling none leaves the property unset.
 */
struct val {
	struct buf *out;
	const char *tag;		/* "val", or the field's name */
	const struct schema_type *type;	/* declared */
	bool array;
	bool typed;			/* as val */
	unsigned items;
};

void val_str(struct val *val, const char *text);	/* NULL: nothing */
void val_int(struct val *val, int64_t number);
void val_bool(struct val *val, bool yes);
void val_time(struct val *val, int64_t wall_us);
void val_ref(struct val *val, const struct mob *mob);	/* NULL: nothing */
void val_ref_id(struct val *val, const char *type, const char *id);

/* A data object: open, write its elements to val->out, close. type NULL is
 * the declared one. */
void val_open(struct val *val, const char *type);
void val_close(struct val *val);

/* Write <val>...</val> of a path; false when it is unset or unknown. */
bool mob_write(const struct mob *mob, const char *path, struct buf *out);

/* Groups that can change what the path shows. */
uint32_t mob_groups(const struct mob *mob, const char *path);

/* Objects that a reference property names; false if it is none. */
bool mob_follow(const struct mob *mob, const char *path, mob_visit *visit,
		void *arg);

#endif
