/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mob - see mob.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "filter.h"
#include "mob.h"
#include "xw.h"

void mob_init_hidden(struct mob *mob, struct lab *lab,
		     const struct mob_class *class, char *id)
{
	mob->class = class;
	mob->type = schema_type(class->type);
	mob->lab = lab;
	mob->id = id;
	mob->refs = 1;
	mob->gone = true;
	if (!mob->type)
		abort();
}

void mob_publish(struct mob *mob)
{
	struct err err = ERR_INIT;

	mob->gone = false;
	if (table_set(mob->lab->objects, mob->id, mob, &err) < 0)
		abort();
}

void mob_init(struct mob *mob, struct lab *lab,
	      const struct mob_class *class, char *id)
{
	mob_init_hidden(mob, lab, class, id);
	mob_publish(mob);
}

struct mob *mob_ref(struct mob *mob)
{
	mob->refs++;
	return mob;
}

void mob_unref(struct mob *mob)
{
	if (!mob || --mob->refs > 0)
		return;
	free(mob->id);
	if (mob->class->free)
		mob->class->free(mob);
	free(mob);
}

void mob_remove(struct mob *mob)
{
	if (!mob->gone) {
		mob->gone = true;
		(void) table_take(mob->lab->objects, mob->id);
		filter_object_gone(mob);
	}
	mob_unref(mob);
}

void mob_set_id(struct mob *mob, const struct mob_class *ghosts, char *id)
{
	struct mob *ghost = lab_alloc(sizeof(*ghost));

	(void) table_take(mob->lab->objects, mob->id);
	mob_init_hidden(ghost, mob->lab, ghosts, mob->id);
	filter_object_moved(mob, ghost);
	filter_object_gone(ghost);
	mob_unref(ghost);
	mob->id = id;
	mob_publish(mob);
}

struct mob *mob_find(const struct lab *lab, const char *id)
{
	return table_get(lab->objects, id);
}

void mob_changed(struct mob *mob, uint32_t groups)
{
	if (mob->watches)
		filter_object_changed(mob, groups);
}

/* -- values --------------------------------------------------------- */

static void _xsi_name(const struct schema_type *type, const char *given,
		      char *out, size_t size)
{
	if (type->kind == SCHEMA_SCALAR &&
	    !(given && strcmp(type->name, "anyType") == 0))
		(void) snprintf(out, size, "xsd:%s", type->name);
	else
		(void) snprintf(out, size, "%s", given ? given : type->name);
}

/* Tag of one item, and its xsi:type or "" where none is needed. */
static const char *_item(struct val *val, const char *given, char *xsi,
			 size_t size)
{
	bool other = given && strcmp(given, val->type->name) != 0;

	val->items++;
	if (val->typed || other ||
	    strcmp(val->type->name, "anyType") == 0)
		_xsi_name(val->type, given, xsi, size);
	else
		*xsi = '\0';
	return val->typed && val->array ? val->type->name : val->tag;
}

void val_open(struct val *val, const char *type)
{
	char xsi[96];
	const char *tag = _item(val, type, xsi, sizeof(xsi));

	xw_open_as(val->out, tag, *xsi ? xsi : NULL);
}

void val_close(struct val *val)
{
	xw_close(val->out, val->typed && val->array ? val->type->name
						    : val->tag);
}

void val_str(struct val *val, const char *text)
{
	if (!text)
		return;
	val_open(val, NULL);
	xw_text(val->out, text);
	val_close(val);
}

void val_int(struct val *val, int64_t number)
{
	char text[24];

	(void) snprintf(text, sizeof(text), "%" PRId64, number);
	val_str(val, text);
}

void val_bool(struct val *val, bool yes)
{
	val_str(val, yes ? "true" : "false");
}

void val_time(struct val *val, int64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_print(wall_us, text);
	val_str(val, text);
}

void val_ref_id(struct val *val, const char *type, const char *id)
{
	const char *tag = val->typed && val->array ? "ManagedObjectReference"
						   : val->tag;
	bool any = strcmp(val->type->name, "anyType") == 0;

	val->items++;
	buf_printf(val->out, "<%s%s type=\"%s\">", tag,
		   val->typed || any ? " xsi:type=\"ManagedObjectReference\""
				     : "", type);
	xw_text(val->out, id);
	xw_close(val->out, tag);
}

void val_ref(struct val *val, const struct mob *mob)
{
	if (mob)
		val_ref_id(val, mob->class->type, mob->id);
}

static void _visit_ref(struct mob *mob, void *arg)
{
	val_ref(arg, mob);
}

static void _emit(struct val *val, const struct mob *mob,
		  const struct mob_prop *prop)
{
	if (prop->refs)
		prop->refs(mob, _visit_ref, val);
	else
		prop->emit(val, mob);
}

/* ArrayOfString for xsd:string, and so on. */
static void _array_name(const struct schema_type *type, char *out,
			size_t size)
{
	const char *name = type->kind == SCHEMA_MANAGED
				   ? "ManagedObjectReference" : type->name;

	(void) snprintf(out, size, "ArrayOf%s", name);
	if (out[7] >= 'a' && out[7] <= 'z')
		out[7] = (char) (out[7] - 'a' + 'A');
}

static const struct mob_prop *_prop(const struct mob *mob, const char *path)
{
	for (const struct mob_prop *p = mob->class->props; p->path; p++) {
		if (strcmp(p->path, path) == 0)
			return p;
	}
	return NULL;
}

static bool _has_below(const struct mob *mob, const char *path)
{
	size_t len = strlen(path);

	for (const struct mob_prop *p = mob->class->props; p->path; p++) {
		if (strncmp(p->path, path, len) == 0 && p->path[len] == '.')
			return true;
	}
	return false;
}

/* An object put together from the properties below path. */
static void _compose(struct val *val, const struct mob *mob,
		     const char *path)
{
	char below[128];

	val_open(val, NULL);
	for (int i = 0; i < val->type->nfields; i++) {
		const struct schema_field *field = &val->type->fields[i];
		struct val member = { val->out, field->name,
				      &schema_types[field->type],
				      (field->flags & SCHEMA_ARRAY) != 0,
				      false, 0 };
		const struct mob_prop *prop;

		(void) snprintf(below, sizeof(below), "%s.%s", path,
				field->name);
		prop = _prop(mob, below);
		if (prop)
			_emit(&member, mob, prop);
		else if (_has_below(mob, below))
			_compose(&member, mob, below);
	}
	val_close(val);
}

static void _write_array(struct val *val, const struct mob *mob,
			 const struct mob_prop *prop)
{
	char name[96];

	_array_name(val->type, name, sizeof(name));
	xw_open_as(val->out, "val", name);
	_emit(val, mob, prop);
	xw_close(val->out, "val");
}

bool mob_write(const struct mob *mob, const char *path, struct buf *out)
{
	const struct schema_field *field = schema_path(mob->type, path);
	const struct mob_prop *prop = _prop(mob, path);
	struct val val = { out, "val", NULL, false, true, 0 };

	if (!field)
		return false;
	val.type = &schema_types[field->type];
	val.array = (field->flags & SCHEMA_ARRAY) != 0;
	if (prop && val.array) {
		_write_array(&val, mob, prop);
		return true;
	}
	if (prop)
		_emit(&val, mob, prop);
	else if (_has_below(mob, path))
		_compose(&val, mob, path);
	return val.items > 0;
}

uint32_t mob_groups(const struct mob *mob, const char *path)
{
	const struct mob_prop *own = _prop(mob, path);
	size_t len = strlen(path);
	uint32_t groups = own ? own->groups : 0;

	for (const struct mob_prop *p = mob->class->props; p->path; p++) {
		if (strncmp(p->path, path, len) == 0 && p->path[len] == '.')
			groups |= p->groups;
	}
	return groups;
}

bool mob_follow(const struct mob *mob, const char *path, mob_visit *visit,
		void *arg)
{
	const struct mob_prop *prop = _prop(mob, path);

	if (!prop || !prop->refs)
		return false;
	prop->refs(mob, visit, arg);
	return true;
}
