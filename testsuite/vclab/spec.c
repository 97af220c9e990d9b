/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec - see spec.h. */
#include <stdlib.h>
#include <string.h>

#include "spec.h"

#define DEPTH_MAX 32

static size_t _count(const xmlNode *node, const char *name)
{
	size_t n = 0;

	for (const xmlNode *c = xn_child(node, name); c; c = xn_again(c))
		n++;
	return n;
}

static void *_array(size_t n, size_t size)
{
	return lab_alloc((n ? n : 1) * size);
}

static int _read_prop(struct spec_prop *prop, const xmlNode *node,
		      struct fault *fault)
{
	const char *type = xn_child_text(node, "type");
	size_t i = 0;

	prop->type = schema_type(type);
	if (!prop->type || prop->type->kind != SCHEMA_MANAGED) {
		(void) fault_set(fault, "InvalidType", "no type '%s'", type);
		return fault_add(fault, "argument", type);
	}
	prop->all = xn_child_bool(node, "all", false);
	prop->npaths = prop->all ? (size_t) prop->type->nfields
				 : _count(node, "pathSet");
	prop->paths = _array(prop->npaths, sizeof(*prop->paths));
	prop->groups = _array(prop->npaths, sizeof(*prop->groups));
	for (int f = 0; prop->all && f < prop->type->nfields; f++)
		prop->paths[f] = lab_strdup(prop->type->fields[f].name);
	if (prop->all)
		return 0;
	for (const xmlNode *p = xn_child(node, "pathSet"); p;
	     p = xn_again(p)) {
		prop->paths[i++] = lab_strdup(xn_text(p));
		if (schema_path(prop->type, xn_text(p)))
			continue;
		(void) fault_set(fault, "InvalidProperty",
				 "%s has no property '%s'", type, xn_text(p));
		return fault_add(fault, "name", xn_text(p));
	}
	return 0;
}

static int _read_sels(struct spec_sel **sels, size_t *nsels,
		      const xmlNode *node, int depth, struct fault *fault);

static int _read_sel(struct spec_sel *sel, const xmlNode *node, int depth,
		     struct fault *fault)
{
	const char *type = xn_child_text(node, "type");
	const char *name = xn_child_text(node, "name");
	const char *xsi = xn_xsi_type(node);

	sel->name = name ? lab_strdup(name) : NULL;
	if (!xsi || strcmp(xsi, "TraversalSpec") != 0)
		return 0;
	sel->type = schema_type(type);
	if (!sel->type || sel->type->kind != SCHEMA_MANAGED) {
		(void) fault_set(fault, "InvalidType", "no type '%s'", type);
		return fault_add(fault, "argument", type);
	}
	sel->path = lab_strdup(xn_child_text(node, "path"));
	if (!schema_path(sel->type, sel->path)) {
		(void) fault_set(fault, "InvalidProperty",
				 "%s has no property '%s'", type, sel->path);
		return fault_add(fault, "name", sel->path);
	}
	sel->skip = xn_child_bool(node, "skip", false);
	return _read_sels(&sel->subs, &sel->nsubs, node, depth + 1, fault);
}

static int _read_sels(struct spec_sel **sels, size_t *nsels,
		      const xmlNode *node, int depth, struct fault *fault)
{
	size_t i = 0;

	if (depth > DEPTH_MAX)
		return fault_argument(fault, "selectSet", "too deep");
	*nsels = _count(node, "selectSet");
	*sels = _array(*nsels, sizeof(**sels));
	for (const xmlNode *s = xn_child(node, "selectSet"); s;
	     s = xn_again(s)) {
		if (_read_sel(&(*sels)[i++], s, depth, fault) < 0)
			return -1;
	}
	return 0;
}

static struct mob *_find_obj(struct lab *lab, const xmlNode *node)
{
	const xmlNode *ref = xn_child(node, "obj");
	struct mob *mob = mob_find(lab, xn_text(ref));

	return mob && strcmp(mob->class->type, xn_ref_type(ref)) == 0 ? mob
								      : NULL;
}

static int _read_obj(struct lab *lab, struct spec_obj *obj,
		     const xmlNode *node, struct fault *fault)
{
	const xmlNode *ref = xn_child(node, "obj");
	struct mob *mob = _find_obj(lab, node);

	if (!mob)
		return fault_gone(fault, xn_ref_type(ref), xn_text(ref));
	obj->mob = mob_ref(mob);
	obj->skip = xn_child_bool(node, "skip", false);
	return _read_sels(&obj->sels, &obj->nsels, node, 0, fault);
}

/* With reportMissingObjectsInResults, what is missing is passed over. */
static int _read_objs(struct lab *lab, struct spec *spec,
		      const xmlNode *node, struct fault *fault)
{
	bool lenient = xn_child_bool(node, "reportMissingObjectsInResults",
				     false);

	spec->objs = _array(_count(node, "objectSet"), sizeof(*spec->objs));
	for (const xmlNode *o = xn_child(node, "objectSet"); o;
	     o = xn_again(o)) {
		if (lenient && !_find_obj(lab, o))
			continue;
		if (_read_obj(lab, &spec->objs[spec->nobjs++], o, fault) < 0)
			return -1;
	}
	return 0;
}

static int _read(struct lab *lab, struct spec *spec, const xmlNode *node,
		 struct fault *fault)
{
	size_t i = 0;

	spec->nprops = _count(node, "propSet");
	spec->props = _array(spec->nprops, sizeof(*spec->props));
	for (const xmlNode *p = xn_child(node, "propSet"); p;
	     p = xn_again(p)) {
		if (_read_prop(&spec->props[i++], p, fault) < 0)
			return -1;
	}
	return _read_objs(lab, spec, node, fault);
}

struct spec *spec_create(struct lab *lab, const xmlNode *node,
			 struct fault *fault)
{
	struct spec *spec = lab_alloc(sizeof(*spec));

	if (_read(lab, spec, node, fault) < 0) {
		spec_destroy(spec);
		return NULL;
	}
	return spec;
}

static void _free_sels(struct spec_sel *sels, size_t nsels)
{
	for (size_t i = 0; i < nsels; i++) {
		free(sels[i].name);
		free(sels[i].path);
		_free_sels(sels[i].subs, sels[i].nsubs);
	}
	free(sels);
}

void spec_destroy(struct spec *spec)
{
	if (!spec)
		return;
	for (size_t i = 0; spec->props && i < spec->nprops; i++) {
		struct spec_prop *prop = &spec->props[i];

		for (size_t p = 0; prop->paths && p < prop->npaths; p++)
			free(prop->paths[p]);
		free(prop->paths);
		free(prop->groups);
	}
	for (size_t i = 0; spec->objs && i < spec->nobjs; i++) {
		mob_unref(spec->objs[i].mob);
		_free_sels(spec->objs[i].sels, spec->objs[i].nsels);
	}
	free(spec->props);
	free(spec->objs);
	free(spec);
}

struct spec_prop *spec_prop_for(const struct spec *spec,
				const struct mob *mob)
{
	for (size_t i = 0; i < spec->nprops; i++) {
		if (spec->props[i].type == mob->type)
			return &spec->props[i];
	}
	for (size_t i = 0; i < spec->nprops; i++) {
		if (schema_is_a(mob->type, spec->props[i].type))
			return &spec->props[i];
	}
	return NULL;
}

void spec_prop_groups(struct spec_prop *prop, const struct mob *mob)
{
	if (prop->class == mob->class)
		return;
	prop->class = mob->class;
	prop->any = 0;
	for (size_t i = 0; i < prop->npaths; i++) {
		prop->groups[i] = mob_groups(mob, prop->paths[i]);
		prop->any |= prop->groups[i];
	}
}

/* -- walking -------------------------------------------------------- */

struct walk {
	const struct spec_obj *obj;	/* where named selections live */
	uint64_t number;
	mob_visit *visit;
	void *arg;
	const struct spec_sel *sel;	/* being followed */
	int depth;
};

static void _follow(const struct walk *walk, struct mob *mob,
		    const struct spec_sel *sels, size_t nsels);

static const struct spec_sel *_named(const struct spec_sel *sels, size_t n,
				     const char *name)
{
	const struct spec_sel *found;

	for (size_t i = 0; i < n; i++) {
		if (sels[i].type && sels[i].name &&
		    strcmp(sels[i].name, name) == 0)
			return &sels[i];
		found = _named(sels[i].subs, sels[i].nsubs, name);
		if (found)
			return found;
	}
	return NULL;
}

static void _report(const struct walk *walk, struct mob *mob)
{
	if (mob->mark == walk->number)
		return;
	mob->mark = walk->number;
	walk->visit(mob, walk->arg);
}

static void _step(struct mob *mob, void *arg)
{
	const struct walk *walk = arg;

	if (!walk->sel->skip)
		_report(walk, mob);
	_follow(walk, mob, walk->sel->subs, walk->sel->nsubs);
}

static void _follow(const struct walk *walk, struct mob *mob,
		    const struct spec_sel *sels, size_t nsels)
{
	if (walk->depth >= DEPTH_MAX)
		return;
	for (size_t i = 0; i < nsels; i++) {
		struct walk next = *walk;

		next.depth++;
		next.sel = sels[i].type || !sels[i].name
				   ? &sels[i]
				   : _named(walk->obj->sels,
					    walk->obj->nsels, sels[i].name);
		if (next.sel && next.sel->type &&
		    schema_is_a(mob->type, next.sel->type))
			(void) mob_follow(mob, next.sel->path, _step, &next);
	}
}

void spec_walk(const struct spec_obj *obj, uint64_t number, mob_visit *visit,
	       void *arg)
{
	struct walk walk = { obj, number, visit, arg, NULL, 0 };

	if (obj->mob->gone)
		return;
	if (!obj->skip)
		_report(&walk, obj->mob);
	_follow(&walk, obj->mob, obj->sels, obj->nsels);
}
