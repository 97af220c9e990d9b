/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - the only user of json-c: strict parsing, checked access, one-line
 * printing.
 *
 * A struct json is a value with one owner. What json_get and json_at return
 * is borrowed from its parent; what is put into a parent belongs to it.
 */
#ifndef SCLONE_BASE_JSON_H
#define SCLONE_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cleanup.h"
#include "err.h"

struct json;

#define JSON_DEPTH_MAX 16

/*
 * Parse exactly one value that spans all len bytes (white space around it
 * allowed): strict JSON, valid UTF-8, no NUL, at most JSON_DEPTH_MAX levels.
 * NULL and PROTOCOL (with the offset), FATAL: out of memory, and then nothing
 * is said of the text.
 */
struct json *json_parse(const char *text, size_t len, struct err *err);

/* Accepts NULL. */
void json_destroy(struct json *json);
CLEANUP_DEFINE(struct json *, json_destroy)
#define cleanup_json cleanup_with(json_destroy_cleanup_)

/* Builders; NULL when out of memory. */
struct json *json_new_object(void);
struct json *json_new_array(void);

/*
 * Put a member into an object or an element at the end of an array. The
 * child is taken over, also on failure; -1 when out of memory or child NULL.
 * A NULL string is put as null; in others, what is not UTF-8 becomes '?'.
 */
int json_put(struct json *object, const char *key, struct json *child);
int json_put_str(struct json *object, const char *key, const char *value);
int json_put_int(struct json *object, const char *key, int64_t value);
int json_put_bool(struct json *object, const char *key, bool value);
int json_put_null(struct json *object, const char *key);
int json_append(struct json *array, struct json *child);
int json_append_str(struct json *array, const char *value);
/* All elements of another array, which from then on are of both. */
int json_append_all(struct json *array, const struct json *from);
int json_append_int(struct json *array, int64_t value);

bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);

/* Elements of an array or members of an object; 0 for anything else. */
size_t json_count(const struct json *json);

/* Member of an object, element of an array; NULL when absent or null. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_at(const struct json *array, size_t index);

/* Walk an object's members in order; start with *pos = 0. False at the end
 * or when it is no object. *value is NULL for a member that is null. Each
 * step walks from the start. */
bool json_next(const struct json *object, size_t *pos, const char **key,
	       const struct json **value);

/*
 * Checked access. The first form requires the member; the _or form gives
 * fallback when it is absent or null. A member of another type is always an
 * error (PROTOCOL, names the key). Strings are borrowed from the object.
 */
int json_get_str(const struct json *object, const char *key,
		 const char **out, struct err *err);
int json_get_int(const struct json *object, const char *key, int64_t min,
		 int64_t max, int64_t *out, struct err *err);
int json_get_bool(const struct json *object, const char *key, bool *out,
		  struct err *err);
int json_get_str_or(const struct json *object, const char *key,
		    const char *fallback, const char **out, struct err *err);
int json_get_int_or(const struct json *object, const char *key, int64_t min,
		    int64_t max, int64_t fallback, int64_t *out,
		    struct err *err);
int json_get_bool_or(const struct json *object, const char *key,
		     bool fallback, bool *out, struct err *err);

/* The value itself as a string or integer; NULL / -1 if it is none. A string
 * with a NUL in it (\u0000) is none. */
const char *json_str(const struct json *json);
int json_int(const struct json *json, int64_t *out);

/* Overwrite a member that is a string with zeros: for secrets. */
void json_wipe(struct json *object, const char *key);

/* Append as one line without a newline; failures latch in buf. */
void json_print(const struct json *json, struct buf *buf);

/* As json_print over several indented lines, for people. */
void json_print_pretty(const struct json *json, struct buf *buf);

#endif
