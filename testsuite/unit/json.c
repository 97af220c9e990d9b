/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON: strict parsing, checked access, printing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "tap.h"

static void _refused(const char *text, size_t len)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;

	json = json_parse(text, len, &err);
	ok(!json && err.code == ERR_PROTOCOL, "'%.40s' is refused", text);
}

static void _parse(void)
{
	static const char *const bad[] = { "", " ", "{", "{\"a\":1", "[1,]",
		"{\"a\":1}x", "{\"a\":1}{}", "['a']", "{a:1}", "nul", "null",
		"{\"a\":\"\xff\"}", "{\"a\":1,}", "/* c */ {}", "\"a\nb",
		"{\"a\":01}" };
	char deep[2 * JSON_DEPTH_MAX + 8];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		_refused(bad[i], strlen(bad[i]));
	_refused("{}\0", 3);
	memset(deep, '[', sizeof(deep));
	memset(deep + sizeof(deep) / 2, ']', sizeof(deep) / 2);
	_refused(deep, sizeof(deep));
}

static void _access(void)
{
	static const char text[] = " {\"s\":\"x\\u00e4/\",\"n\":-5,\"b\":true,"
		"\"z\":null,\"u\":\"a\\u0000b\",\"l\":[1,\"two\"],"
		"\"big\":1763806272123456,\"f\":1.5}\n";
	cleanup_json struct json *json = NULL, *nul = NULL;
	struct err err = ERR_INIT;
	const char *s = NULL;
	int64_t n = 0;
	bool b = false;

	json = json_parse(text, strlen(text), &err);
	if (!json)
		bail_out("%s", err.text);
	ok(!json_get_str(json, "s", &s, &err), "a string");
	is_str(s, "x\xc3\xa4/", "decoded");
	ok(!json_get_int(json, "n", -5, 5, &n, &err) && n == -5, "an integer");
	ok(!json_get_int(json, "big", 0, INT64_MAX, &n, &err) &&
	   n == INT64_C(1763806272123456), "microseconds are kept");
	ok(!json_get_bool(json, "b", &b, &err) && b, "a boolean");
	is_int(json_get_int(json, "n", 0, 5, &n, &err), -1, "out of range");
	is_int(json_get_int(json, "f", 0, 5, &n, &err), -1, "no integer");
	is_int(json_get_int(json, "s", 0, 5, &n, &err), -1, "wrong type");
	is_int(json_get_str(json, "none", &s, &err), -1, "missing");
	has_str(err.text, "'none' is missing", "by name");
	is_int(json_get_str(json, "u", &s, &err), -1, "a NUL in a string");
	ok(!json_get_str_or(json, "z", "d", &s, &err) && !strcmp(s, "d"),
	   "null counts as absent");
	is_int(json_get_str_or(json, "n", "d", &s, &err), -1,
	       "a fallback does not hide a wrong type");
	is_str(json_str(json_at(json_get(json, "l"), 1)), "two", "an element");
	ok(!json_at(json_get(json, "l"), 2), "no such element");
	nul = json_parse("[\"a\\u0000b\"]", 12, &err);
	ok(nul && !json_str(json_at(nul, 0)), "a string with a NUL is none");
}

static void _build(void)
{
	cleanup_json struct json *json = json_new_object();
	struct json *list = json_new_array();
	cleanup_buf struct buf buf;

	buf_init(&buf, 1000);
	json_put_str(json, "path", "/a\n\"b\"");
	json_put_int(json, "n", INT64_MIN);
	json_append_str(list, "x");
	json_append_int(list, 2);
	json_put(json, "l", list);
	json_put_bool(json, "b", false);
	json_put_str(json, "none", NULL);
	json_print(json, &buf);
	is_str(buf_str(&buf), "{\"path\":\"/a\\n\\\"b\\\"\","
	       "\"n\":-9223372036854775808,\"l\":[\"x\",2],\"b\":false,"
	       "\"none\":null}", "one line");
	is_int((int64_t) json_count(json), 5, "members");
	is_int(json_put(json, "x", NULL), -1, "no child is a failure");
	json_wipe(json, "path");
	json_wipe(json, "n");
	json_wipe(json, "absent");
	buf_reset(&buf);
	json_print(json, &buf);
	ok(!strstr(buf_str(&buf), "/a") && strstr(buf_str(&buf), "\"x\""),
	   "a wiped string is gone, the rest is there");
}

static void _walk(void)
{
	static const char text[] = "{\"c\":1,\"a\":null,\"b\":3}";
	cleanup_json struct json *json = NULL;
	const struct json *value;
	const char *key;
	size_t pos = 0, n = 0;
	char seen[8] = "";

	json = json_parse(text, strlen(text), NULL);
	while (json_next(json, &pos, &key, &value))
		seen[n++] = value ? *key : '-';
	is_str(seen, "c-b", "members in order, also past one that is null");
	pos = 0;
	ok(!json_next(value, &pos, &key, &value), "a number has no members");
}

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static unsigned _strdup_fails;	/* the how manieth; 0: none */

/* The C library's, for json-c as well. */
char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = NULL;

	if (_strdup_fails && --_strdup_fails == 0)
		errno = ENOMEM;
	else
		copy = malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

static struct json *_parse_without(unsigned nth, const char *text,
				   struct err *err)
{
	struct json *json;

	_strdup_fails = nth;
	if (__lsan_disable)
		__lsan_disable();
	json = json_parse(text, strlen(text), err);
	if (__lsan_enable)
		__lsan_enable();
	return json;
}

/*
 * json-c copies names and some numbers. Without a name it would fall over;
 * without the object's copy of it, it leaves the member out, which is lost
 * memory.
 */
static void _short_of_memory(void)
{
	static const char text[] = "{\"s\":\"x\",\"n\":5,\"o\":{\"l\":[1,"
		"\"2]\\\":1 \",3.5e1 ],\"m\":-1}\n,\"z\":null,\"i\":7 }\n";
	cleanup_json struct json *whole = NULL;
	struct err err = ERR_INIT;
	unsigned nth;

	whole = json_parse(text, strlen(text), &err);
	ok(whole && json_count(whole) == 5, "a whole value: %s", err.text);
	for (nth = 1; nth < 100; nth++) {
		cleanup_json struct json *json =
			_parse_without(nth, text, &err);

		if (_strdup_fails || json || err.code != ERR_FATAL)
			break;
		err.code = ERR_NONE;
	}
	ok(_strdup_fails && nth > 14, "no memory for a part, the %uth: "
	   "neither a value nor a bad text", nth);
	_strdup_fails = 0;
}

int main(void)
{
	_parse();
	_access();
	_build();
	_walk();
	_short_of_memory();
	return done_testing();
}
