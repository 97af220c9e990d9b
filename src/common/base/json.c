/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A struct json * is a json_object * under another name. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "utf8.h"
#include "json.h"

static struct json_object *_in(const struct json *json)
{
	return (struct json_object *) (uintptr_t) json;
}

static struct json *_out(struct json_object *object)
{
	return (struct json *) object;
}

/* Outside of strings, between these two: behind a member's name, or a
 * number. */
static bool _is_seam(char before, char after)
{
	return before == ':' || (isdigit((unsigned char) before) &&
				 !strchr("0123456789.eE+-", after));
}

static size_t _up_to_seam(const char *text, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (!quoted && i > 0 && _is_seam(text[i - 1], text[i]))
			return i;
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
	}
	return len;
}

/*
 * Feed all of text; a number at the very end waits for what follows it, so
 * the final NUL is fed too. *end is where the value ended.
 *
 * Out of memory, json-c 0.16 says "success", with no value or even with one
 * that lacks a part: only errno tells. It resets that when a number has ended,
 * and dies of a member without a name: so it is asked at each of these.
 */
static struct json_object *_tokenise(struct json_tokener *tokener,
				     const char *text, size_t len, size_t *end,
				     bool *nomem)
{
	struct json_object *object;
	size_t at = 0, n;

	do {
		n = _up_to_seam(text + at, len - at);
		errno = 0;
		object = json_tokener_parse_ex(tokener, text + at, (int) n);
		*nomem = errno == ENOMEM;
		*end = at + json_tokener_get_parse_end(tokener);
		at += n;
	} while (!*nomem && at < len && json_tokener_get_error(tokener) ==
						json_tokener_continue);
	if (!*nomem &&
	    json_tokener_get_error(tokener) == json_tokener_continue) {
		object = json_tokener_parse_ex(tokener, "", 1);
		*nomem = errno == ENOMEM;
		*end = len;
	}
	return object;
}

/* The end of what may follow a value. */
static size_t _skip_space(const char *text, size_t len, size_t at)
{
	while (at < len && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

static struct json *_parse(struct json_tokener *tokener, const char *text,
			   size_t len, struct err *err)
{
	enum json_tokener_error error;
	struct json_object *object;
	bool nomem = false;
	size_t end;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
						JSON_TOKENER_VALIDATE_UTF8);
	object = _tokenise(tokener, text, len, &end, &nomem);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_success)
		end = _skip_space(text, len, end);
	if (error == json_tokener_success && end == len && object && !nomem)
		return _out(object);
	json_object_put(object);
	if (nomem)
		err_nomem(err);
	else
		err_set(err, ERR_PROTOCOL, "JSON: %s at byte %zu",
			error == json_tokener_success
				? "not one value"
				: json_tokener_error_desc(error), end);
	return NULL;
}

struct json *json_parse(const char *text, size_t len, struct err *err)
{
	struct json_tokener *tokener;
	struct json *json;

	if (len >= INT_MAX || memchr(text, '\0', len)) {
		err_set(err, ERR_PROTOCOL, "JSON: too long, or has a NUL");
		return NULL;
	}
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tokener) {
		err_nomem(err);
		return NULL;
	}
	json = _parse(tokener, text, len, err);
	json_tokener_free(tokener);
	return json;
}

void json_destroy(struct json *json)
{
	json_object_put(_in(json));
}

struct json *json_new_object(void)
{
	return _out(json_object_new_object());
}

struct json *json_new_array(void)
{
	return _out(json_object_new_array());
}

int json_put(struct json *object, const char *key, struct json *child)
{
	if (child && !json_object_object_add(_in(object), key, _in(child)))
		return 0;
	json_destroy(child);
	return -1;
}

/* Errors and reasons hold texts of others, and some are cut somewhere: the
 * reader of what is printed must not trip over it. */
static struct json *_new_string(const char *value)
{
	cleanup_free char *clean = NULL;

	if (utf8_is_valid(value, strlen(value)))
		return _out(json_object_new_string(value));
	clean = utf8_clean(value, strlen(value));
	return clean ? _out(json_object_new_string(clean)) : NULL;
}

int json_put_str(struct json *object, const char *key, const char *value)
{
	if (!value)
		return json_put_null(object, key);
	return json_put(object, key, _new_string(value));
}

int json_put_int(struct json *object, const char *key, int64_t value)
{
	return json_put(object, key, _out(json_object_new_int64(value)));
}

int json_put_bool(struct json *object, const char *key, bool value)
{
	return json_put(object, key, _out(json_object_new_boolean(value)));
}

int json_put_null(struct json *object, const char *key)
{
	return json_object_object_add(_in(object), key, NULL);
}

int json_append(struct json *array, struct json *child)
{
	if (child && !json_object_array_add(_in(array), _in(child)))
		return 0;
	json_destroy(child);
	return -1;
}

int json_append_str(struct json *array, const char *value)
{
	return json_append(array, _new_string(value));
}

int json_append_all(struct json *array, const struct json *from)
{
	for (size_t i = 0; i < json_count(from); i++) {
		struct json_object *element =
			json_object_array_get_idx(_in(from), i);

		if (json_append(array, _out(json_object_get(element))) < 0)
			return -1;
	}
	return 0;
}

int json_append_int(struct json *array, int64_t value)
{
	return json_append(array, _out(json_object_new_int64(value)));
}

bool json_is_object(const struct json *json)
{
	return json_object_is_type(_in(json), json_type_object);
}

bool json_is_array(const struct json *json)
{
	return json_object_is_type(_in(json), json_type_array);
}

size_t json_count(const struct json *json)
{
	if (json_is_array(json))
		return json_object_array_length(_in(json));
	if (json_is_object(json))
		return (size_t) json_object_object_length(_in(json));
	return 0;
}

const struct json *json_get(const struct json *object, const char *key)
{
	struct json_object *child = NULL;

	if (!json_is_object(object))
		return NULL;
	(void) json_object_object_get_ex(_in(object), key, &child);
	return _out(child);
}

const struct json *json_at(const struct json *array, size_t index)
{
	if (!json_is_array(array) || index >= json_count(array))
		return NULL;
	return _out(json_object_array_get_idx(_in(array), index));
}

bool json_next(const struct json *object, size_t *pos, const char **key,
	       const struct json **value)
{
	struct lh_entry *entry;
	size_t skip = *pos;

	if (!json_is_object(object))
		return false;
	entry = json_object_get_object(_in(object))->head;
	while (entry && skip--)
		entry = entry->next;
	if (!entry)
		return false;
	(*pos)++;
	*key = lh_entry_k(entry);
	*value = _out(lh_entry_v(entry));
	return true;
}

const char *json_str(const struct json *json)
{
	const char *text;

	if (!json_object_is_type(_in(json), json_type_string))
		return NULL;
	text = json_object_get_string(_in(json));
	/* A NUL inside (\u0000) would cut the string short unseen. */
	return strlen(text) == (size_t) json_object_get_string_len(_in(json))
		       ? text : NULL;
}

int json_int(const struct json *json, int64_t *out)
{
	if (!json_object_is_type(_in(json), json_type_int))
		return -1;
	*out = json_object_get_int64(_in(json));
	return 0;
}

static int _missing(const char *key, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "JSON: '%s' is missing", key);
}

static int _not_a(const char *key, const char *type, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "JSON: '%s' is not %s", key, type);
}

int json_get_str(const struct json *object, const char *key,
		 const char **out, struct err *err)
{
	const struct json *member = json_get(object, key);
	const char *value;

	if (!member)
		return _missing(key, err);
	value = json_str(member);
	if (!value)
		return _not_a(key, "a string", err);
	*out = value;
	return 0;
}

int json_get_int(const struct json *object, const char *key, int64_t min,
		 int64_t max, int64_t *out, struct err *err)
{
	const struct json *member = json_get(object, key);
	int64_t value;

	if (!member)
		return _missing(key, err);
	if (json_int(member, &value) < 0 || value < min || value > max)
		return _not_a(key, "an integer in its range", err);
	*out = value;
	return 0;
}

int json_get_bool(const struct json *object, const char *key, bool *out,
		  struct err *err)
{
	const struct json *member = json_get(object, key);

	if (!member)
		return _missing(key, err);
	if (!json_object_is_type(_in(member), json_type_boolean))
		return _not_a(key, "true or false", err);
	*out = json_object_get_boolean(_in(member));
	return 0;
}

int json_get_str_or(const struct json *object, const char *key,
		    const char *fallback, const char **out, struct err *err)
{
	if (json_get(object, key))
		return json_get_str(object, key, out, err);
	*out = fallback;
	return 0;
}

int json_get_int_or(const struct json *object, const char *key, int64_t min,
		    int64_t max, int64_t fallback, int64_t *out,
		    struct err *err)
{
	if (json_get(object, key))
		return json_get_int(object, key, min, max, out, err);
	*out = fallback;
	return 0;
}

int json_get_bool_or(const struct json *object, const char *key,
		     bool fallback, bool *out, struct err *err)
{
	if (json_get(object, key))
		return json_get_bool(object, key, out, err);
	*out = fallback;
	return 0;
}

void json_wipe(struct json *object, const char *key)
{
	struct json_object *child = _in(json_get(object, key));

	/* json-c keeps the bytes and hands them out as const. */
	if (json_object_is_type(child, json_type_string))
		explicit_bzero((char *) json_object_get_string(child),
			       (size_t) json_object_get_string_len(child));
}

static void _print(const struct json *json, int flags, struct buf *buf)
{
	const char *text = json_object_to_json_string_ext(
		_in(json), flags | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		buf_puts(buf, text);
	else
		buf_nomem(buf);
}

void json_print(const struct json *json, struct buf *buf)
{
	_print(json, JSON_C_TO_STRING_PLAIN, buf);
}

void json_print_pretty(const struct json *json, struct buf *buf)
{
	_print(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED, buf);
}
