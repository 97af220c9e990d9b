/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec - a PropertyFilterSpec: which objects, found by which traversals,
 * and which of their properties.
 */
#ifndef SCLONE_VCLAB_SPEC_H
#define SCLONE_VCLAB_SPEC_H

#include "fault.h"
#include "mob.h"
#include "xn.h"

struct spec_prop {
	const struct schema_type *type;
	bool all;
	char **paths;
	size_t npaths;
	/* Groups per path, for the class asked for last. */
	const struct mob_class *class;
	uint32_t *groups;
	uint32_t any;
};

struct spec_sel {
	char *name;		/* or NULL */
	const struct schema_type *type;	/* NULL: a reference by name */
	char *path;
	bool skip;
	struct spec_sel *subs;
	size_t nsubs;
};

struct spec_obj {
	struct mob *mob;	/* holds a reference */
	bool skip;
	struct spec_sel *sels;
	size_t nsels;
};

struct spec {
	struct spec_prop *props;
	size_t nprops;
	struct spec_obj *objs;
	size_t nobjs;
};

/*
 * Read a validated PropertyFilterSpec element. NULL with InvalidProperty,
 * InvalidType or ManagedObjectNotFound.
 */
struct spec *spec_create(struct lab *lab, const xmlNode *node,
			 struct fault *fault);
void spec_destroy(struct spec *spec);	/* accepts NULL */

/* The entry of propSet that is meant for mob, or NULL: not reported. */
struct spec_prop *spec_prop_for(const struct spec *spec,
				const struct mob *mob);

/* Fill prop's groups for mob's class. */
void spec_prop_groups(struct spec_prop *prop, const struct mob *mob);

/*
 * Visit what obj leads to: itself unless skipped, and what its selections
 * find. Each object is visited once per walk number (++lab->walks).
 */
void spec_walk(const struct spec_obj *obj, uint64_t walk, mob_visit *visit,
	       void *arg);

#endif
