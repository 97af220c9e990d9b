/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields - members of a struct as members of a JSON object, by one table for
 * both ways.
 */
#ifndef SCLONE_BASE_FIELDS_H
#define SCLONE_BASE_FIELDS_H

#include <stddef.h>

#include "err.h"
#include "json.h"

enum field_type {
	FIELD_TEXT,		/* const char *, NULL is ""; borrowed */
	FIELD_BOOL,		/* bool */
	FIELD_UNSIGNED,		/* unsigned, uint32_t */
	FIELD_INT64,		/* int64_t */
};

/* A table ends with a NULL key. */
struct field {
	const char *key;
	enum field_type type;
	size_t offset;		/* in the struct */
};

/* A new object; NULL when out of memory. */
struct json *fields_json(const struct field *fields, const void *from);

/* All must be there: else PROTOCOL. Texts are borrowed from the object. */
int fields_read(const struct field *fields, const struct json *from, void *to,
		struct err *err);

#endif
