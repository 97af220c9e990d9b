/* SPDX-License-Identifier: GPL-2.0-or-later */
/* schema - look-ups in the generated tables; see schema.h. */
#include <stdlib.h>
#include <string.h>

#include "schema.h"

static int _cmp_type(const void *key, const void *entry)
{
	const struct schema_type *type = entry;

	return strcmp(key, type->name);
}

const struct schema_type *schema_type(const char *name)
{
	return bsearch(name, schema_types, schema_types_count,
		       sizeof(schema_types[0]), _cmp_type);
}

bool schema_is_a(const struct schema_type *type,
		 const struct schema_type *base)
{
	while (type) {
		if (type == base)
			return true;
		type = type->base < 0 ? NULL : &schema_types[type->base];
	}
	return false;
}

static int _cmp_method(const void *key, const void *entry)
{
	const struct schema_method *method = entry;

	return strcmp(key, method->name);
}

bool schema_knows_method(const char *name)
{
	return bsearch(name, schema_methods, schema_methods_count,
		       sizeof(schema_methods[0]), _cmp_method) != NULL;
}

const struct schema_method *schema_method(const struct schema_type *type,
					  const char *name)
{
	const struct schema_method *end =
		schema_methods + schema_methods_count;
	const struct schema_method *m;

	m = bsearch(name, schema_methods, schema_methods_count,
		    sizeof(schema_methods[0]), _cmp_method);
	if (!m)
		return NULL;
	while (m > schema_methods && strcmp(m[-1].name, name) == 0)
		m--;
	for (; m < end && strcmp(m->name, name) == 0; m++) {
		if (schema_is_a(type, &schema_types[m->owner]))
			return m;
	}
	return NULL;
}

static const struct schema_field *_field(const struct schema_type *type,
					 const char *name, size_t len)
{
	for (int i = 0; i < type->nfields; i++) {
		const char *have = type->fields[i].name;

		if (strncmp(have, name, len) == 0 && have[len] == '\0')
			return &type->fields[i];
	}
	return NULL;
}

const struct schema_field *schema_path(const struct schema_type *type,
				       const char *path)
{
	for (;;) {
		size_t len = strcspn(path, ".");
		const struct schema_field *field = _field(type, path, len);

		if (!field || path[len] == '\0')
			return field;
		if (field->flags & SCHEMA_ARRAY)
			return NULL;
		type = &schema_types[field->type];
		if (type->kind != SCHEMA_DATA)
			return NULL;
		path += len + 1;
	}
}
