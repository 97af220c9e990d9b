/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "fields.h"

static int _put_field(struct json *row, const struct field *field,
		      const void *from)
{
	const void *at = (const char *) from + field->offset;
	const char *text;
	unsigned number;

	switch (field->type) {
	case FIELD_TEXT:
		memcpy(&text, at, sizeof(text));
		return json_put_str(row, field->key, text ? text : "");
	case FIELD_BOOL:
		return json_put_bool(row, field->key, *(const bool *) at);
	case FIELD_UNSIGNED:
		memcpy(&number, at, sizeof(number));
		return json_put_int(row, field->key, number);
	case FIELD_INT64:
		return json_put_int(row, field->key, *(const int64_t *) at);
	}
	return -1;
}

struct json *fields_json(const struct field *fields, const void *from)
{
	cleanup_json struct json *row = json_new_object();

	for (; row && fields->key; fields++)
		if (_put_field(row, fields, from) < 0)
			return NULL;
	return steal_ptr(&row);
}

static int _get_field(const struct json *row, const struct field *field,
		      void *to, struct err *err)
{
	void *at = (char *) to + field->offset;
	const char *text;
	unsigned number;
	int64_t value;

	switch (field->type) {
	case FIELD_TEXT:
		if (json_get_str(row, field->key, &text, err) < 0)
			return -1;
		memcpy(at, &text, sizeof(text));
		return 0;
	case FIELD_BOOL:
		return json_get_bool(row, field->key, at, err);
	case FIELD_UNSIGNED:
		if (json_get_int(row, field->key, 0, UINT32_MAX, &value,
				 err) < 0)
			return -1;
		number = (unsigned) value;
		memcpy(at, &number, sizeof(number));
		return 0;
	case FIELD_INT64:
		return json_get_int(row, field->key, INT64_MIN, INT64_MAX, at,
				    err);
	}
	return err_set(err, ERR_FATAL, "a field of no known type");
}

int fields_read(const struct field *fields, const struct json *from, void *to,
		struct err *err)
{
	for (; fields->key; fields++)
		if (_get_field(from, fields, to, err) < 0)
			return -1;
	return 0;
}
