/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema - what vim25 requests and properties look like: tables printed by
 * schema.py from pyVmomi's type tables, and look-ups in them.
 *
 * Type and field names are the wire's. Types refer to each other by index.
 * Versions are numbers: 6.7 is 6070, 6.7.1 is 6071, 0 is "always".
 */
#ifndef SCLONE_VCLAB_SCHEMA_H
#define SCLONE_VCLAB_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum schema_kind { SCHEMA_SCALAR, SCHEMA_ENUM, SCHEMA_DATA, SCHEMA_MANAGED };

#define SCHEMA_OPTIONAL 1
#define SCHEMA_ARRAY 2

struct schema_field {
	const char *name;
	int type;		/* index into schema_types */
	int version;		/* first release that knows it */
	int flags;
};

struct schema_type {
	const char *name;
	int base;		/* index, -1: none */
	enum schema_kind kind;
	bool abstract;		/* stands for its children only */
	int version;
	const struct schema_field *fields; /* inherited ones first */
	int nfields;
	const char *const *values;	/* of an enum, NULL-terminated */
};

struct schema_method {
	const char *name;	/* "InstantClone_Task" */
	int owner;		/* type that has it */
	int version;
	const char *privilege;	/* or NULL */
	const struct schema_field *params;
	int nparams;
};

/* Both sorted by name. */
extern const struct schema_type schema_types[];
extern const size_t schema_types_count;
extern const struct schema_method schema_methods[];
extern const size_t schema_methods_count;

/* NULL when there is none. */
const struct schema_type *schema_type(const char *name);

/* type is base or inherits from it. */
bool schema_is_a(const struct schema_type *type,
		 const struct schema_type *base);

/* The method name that an object of this type has, or NULL. */
const struct schema_method *schema_method(const struct schema_type *type,
					  const char *name);

/* Some type has a method of this name. */
bool schema_knows_method(const char *name);

/*
 * The field a dotted property path leads to from a managed object type, or
 * NULL when there is no such property.
 */
const struct schema_field *schema_path(const struct schema_type *type,
				       const char *path);

#endif
