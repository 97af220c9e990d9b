/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "conf.h"
#include "parse.h"
#include "path.h"

#define LINE_MAX_BYTES (64 * 1024)
#define NAME_MAX_BYTES 255

struct conf {
	char *name;
	struct conf_line *lines;
	size_t count, room;
};

static void _clear_line(struct conf_line *line)
{
	for (size_t i = 0; i < line->count; i++) {
		free(line->pairs[i].key);
		free(line->pairs[i].value);
	}
}

void conf_destroy(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->count; i++)
		_clear_line(&conf->lines[i]);
	free(conf->lines);
	free(conf->name);
	free(conf);
}

int conf_error(const struct conf_line *line, struct err *err, const char *fmt,
	       ...)
{
	char text[ERR_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_CONFIG, "%s:%u: %s", line->file, line->number,
		       text);
}

/* The value at *p, bare or quoted; *p moves behind it. NULL when malformed
 * (or out of memory, which the next step reports the same way). */
static char *_value(const char **p)
{
	const char *start = *p, *end;
	char *value;

	if (*start == '"') {
		end = strchr(++start, '"');
		if (!end || (end[1] && !isspace((unsigned char) end[1])))
			return NULL;
		*p = end + 1;
	} else {
		end = start;
		while (*end && !isspace((unsigned char) *end) && *end != '"')
			end++;
		if (*end == '"')
			return NULL;
		*p = end;
	}
	value = strndup(start, (size_t) (end - start));
	return value;
}

static int _split_pair(struct conf_line *line, const char **p,
		       struct err *err)
{
	size_t len = strcspn(*p, "= \t");
	cleanup_free char *key = strndup(*p, len);
	char *value;

	if (!key)
		return err_nomem(err);
	if (!len || (*p)[len] != '=')
		return conf_error(line, err, "'%s' is not Key=Value", key);
	if (line->count == CONF_PAIRS_MAX)
		return conf_error(line, err, "more than %d keys on one line",
				  CONF_PAIRS_MAX);
	*p += len + 1;
	value = _value(p);
	if (!value)
		return conf_error(line, err,
				  "the value of %s has a stray quote", key);
	line->pairs[line->count++] =
		(struct conf_pair) { steal_ptr(&key), value };
	return 0;
}

static int _split_line(struct conf_line *line, const char *text,
		       struct err *err)
{
	const char *p = text;

	for (;;) {
		while (isspace((unsigned char) *p))
			p++;
		if (!*p)
			return 0;
		if (_split_pair(line, &p, err) < 0)
			return -1;
	}
}

static struct conf_line *_new_line(struct conf *conf, unsigned number,
				   struct err *err)
{
	struct conf_line *lines = conf->lines, *line;

	if (conf->count == CONF_LINES_MAX) {
		err_set(err, ERR_CONFIG, "%s: more than %d objects",
			conf->name, CONF_LINES_MAX);
		return NULL;
	}
	if (conf->count == conf->room) {
		size_t room = conf->room ? 2 * conf->room : 32;

		lines = realloc(conf->lines, room * sizeof(*lines));
		if (!lines) {
			err_nomem(err);
			return NULL;
		}
		conf->lines = lines;
		conf->room = room;
	}
	line = &lines[conf->count++];
	*line = (struct conf_line) { .file = conf->name, .number = number };
	return line;
}

/* Cut the comment off a line: '#' outside quotes. */
static size_t _without_comment(const char *text, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '#' && !quoted)
			return i;
	}
	return len;
}

/* One logical line (continuations joined) has been collected. */
static int _take_line(struct conf *conf, unsigned number, struct buf *joined,
		      struct err *err)
{
	const char *text = buf_str(joined);
	struct conf_line *line;

	if (joined->failed)
		return err_set(err, ERR_CONFIG,
			       "%s:%u: line longer than %d bytes", conf->name,
			       number, LINE_MAX_BYTES);
	if (!text[strspn(text, " \t\r\v\f")])
		return 0;
	line = _new_line(conf, number, err);
	return line ? _split_line(line, text, err) : -1;
}

static int _parse(struct conf *conf, const char *text, size_t len,
		  struct err *err)
{
	cleanup_buf struct buf joined;
	unsigned number = 0, first = 1;
	const char *end = text + len;

	buf_init(&joined, LINE_MAX_BYTES);
	while (text < end) {
		const char *newline = memchr(text, '\n',
					     (size_t) (end - text));
		const char *stop = newline ? newline : end;
		size_t n = _without_comment(text, (size_t) (stop - text));
		bool more;

		number++;
		while (n && isspace((unsigned char) text[n - 1]))
			n--;
		more = n && text[n - 1] == '\\';
		buf_add(&joined, text, n - more);
		text = newline ? newline + 1 : end;
		if (more) {
			buf_putc(&joined, ' ');
			continue;
		}
		if (_take_line(conf, first, &joined, err) < 0)
			return -1;
		buf_reset(&joined);
		first = number + 1;
	}
	return _take_line(conf, first, &joined, err);
}

struct conf *conf_parse(const char *name, const char *text, size_t len,
			struct err *err)
{
	cleanup_conf struct conf *conf = calloc(1, sizeof(*conf));

	if (conf)
		conf->name = strdup(name);
	if (!conf || !conf->name) {
		err_nomem(err);
		return NULL;
	}
	if (memchr(text, '\0', len)) {
		err_set(err, ERR_CONFIG, "%s: holds a NUL byte", name);
		return NULL;
	}
	if (_parse(conf, text, len, err) < 0)
		return NULL;
	return steal_ptr(&conf);
}

struct conf *conf_read(const char *path, struct err *err)
{
	cleanup_buf struct buf text;

	buf_init(&text, CONF_FILE_MAX);
	if (path_read(path, &text, err) < 0)
		return NULL;
	return conf_parse(path, buf_str(&text), text.len, err);
}

size_t conf_count(const struct conf *conf)
{
	return conf->count;
}

const struct conf_line *conf_line(const struct conf *conf, size_t index)
{
	return index < conf->count ? &conf->lines[index] : NULL;
}

const char *conf_value(const struct conf_line *line, const char *key)
{
	for (size_t i = 0; i < line->count; i++)
		if (!strcasecmp(line->pairs[i].key, key))
			return line->pairs[i].value;
	return NULL;
}

static const struct conf_key *_key(const struct conf_key *keys,
				   const char *name)
{
	for (; keys->name; keys++)
		if (!strcasecmp(keys->name, name))
			return keys;
	return NULL;
}

static int _unknown_key(const struct conf_line *line,
			const struct conf_key *keys, const char *name,
			struct err *err)
{
	cleanup_buf struct buf allowed;

	buf_init(&allowed, ERR_TEXT_SIZE / 2);
	for (; keys->name; keys++)
		buf_printf(&allowed, " %s", keys->name);
	return conf_error(line, err, "unknown key '%s'; allowed here:%s", name,
			  buf_str(&allowed));
}

static int _set_choice(const struct conf_key *key, const char *text, int *out,
		       struct err *err)
{
	cleanup_buf struct buf allowed;

	buf_init(&allowed, ERR_TEXT_SIZE / 2);
	for (int i = 0; key->choices[i]; i++) {
		if (!strcasecmp(key->choices[i], text)) {
			*out = i;
			return 0;
		}
		buf_printf(&allowed, " %s", key->choices[i]);
	}
	return err_set(err, ERR_CONFIG, "'%s' is not one of:%s", text,
		       buf_str(&allowed));
}

static int _set_string(const struct conf_key *key, const char *text,
		       char **out, struct err *err)
{
	size_t max = key->max ? (size_t) key->max : NAME_MAX_BYTES;
	char *copy;

	if (!*text)
		return err_set(err, ERR_CONFIG, "the value is empty");
	if (key->type == CONF_NAME && !parse_is_name(text, max))
		return err_set(err, ERR_CONFIG,
			       "'%s' is not a name (letters, digits, . _ -; "
			       "at most %zu)", text, max);
	if (key->type == CONF_PATH && *text != '/')
		return err_set(err, ERR_CONFIG,
			       "'%s' is not a path that starts with /", text);
	copy = strdup(text);
	if (!copy)
		return err_nomem(err);
	free(*out);
	*out = copy;
	return 0;
}

static int _set(const struct conf_key *key, const char *text, void *object,
		struct err *err)
{
	void *field = (char *) object + key->offset;

	switch (key->type) {
	case CONF_STRING:
	case CONF_NAME:
	case CONF_PATH:
		return _set_string(key, text, field, err);
	case CONF_UINT:
		return parse_u64(text, key->min, key->max, field, err);
	case CONF_DURATION:
		return parse_duration(text, key->min, key->max, field, err);
	case CONF_BOOL:
		return parse_bool(text, field, err);
	case CONF_CHOICE:
		return _set_choice(key, text, field, err);
	}
	return err_set(err, ERR_FATAL, "key of no known type");
}

static int _set_pair(const struct conf_line *line, const struct conf_key *keys,
		     const struct conf_pair *pair, void *object,
		     unsigned *lines, struct err *err)
{
	const struct conf_key *key = _key(keys, pair->key);
	struct err why = ERR_INIT;
	size_t index;

	if (!key)
		return _unknown_key(line, keys, pair->key, err);
	index = (size_t) (key - keys);
	if (lines[index])
		return conf_error(line, err, "%s stands on line %u already",
				  key->name, lines[index]);
	if (_set(key, pair->value, object, &why) < 0)
		return conf_error(line, err, "%s: %s", key->name, why.text);
	lines[index] = line->number;
	return 0;
}

int conf_merge(const struct conf_line *line, const struct conf_key *keys,
	       void *object, unsigned *lines, struct err *err)
{
	for (size_t i = 0; i < line->count; i++)
		if (_set_pair(line, keys, &line->pairs[i], object, lines,
			      err) < 0)
			return -1;
	return 0;
}

int conf_finish(const char *file, const struct conf_key *keys, void *object,
		const unsigned *lines, struct err *err)
{
	for (size_t i = 0; keys[i].name; i++) {
		if (lines[i])
			continue;
		if (keys[i].required)
			return err_set(err, ERR_CONFIG, "%s: %s= is missing",
				       file, keys[i].name);
		if (keys[i].fallback &&
		    _set(&keys[i], keys[i].fallback, object, err) < 0)
			return err_wrap(err, "%s: default of %s", file,
					keys[i].name);
	}
	return 0;
}

int conf_fill(const struct conf_line *line, const struct conf_key *keys,
	      void *object, struct err *err)
{
	unsigned lines[CONF_PAIRS_MAX] = { 0 };
	char place[ERR_TEXT_SIZE / 2];

	snprintf(place, sizeof(place), "%s:%u", line->file, line->number);
	if (conf_merge(line, keys, object, lines, err) < 0 ||
	    conf_finish(place, keys, object, lines, err) < 0) {
		conf_clear(keys, object);
		return -1;
	}
	return 0;
}

int conf_each(const struct conf_line *line, const char *key,
	      const char *value,
	      int (*each)(void *arg, const char *item, struct err *err),
	      void *arg, struct err *err)
{
	struct err why = ERR_INIT;

	for (;;) {
		cleanup_free char *item = NULL;
		const char *end = value;
		bool inside = false;

		for (; *end && (inside || *end != ','); end++)
			inside = *end == '[' || (inside && *end != ']');
		item = strndup(value, (size_t) (end - value));
		if (!item)
			return err_nomem(err);
		if (!*item)
			return conf_error(line, err, "%s: an empty item", key);
		if (each(arg, item, &why) < 0)
			return conf_error(line, err, "%s: %s", key, why.text);
		if (!*end)
			return 0;
		value = end + 1;
	}
}

void conf_clear(const struct conf_key *keys, void *object)
{
	for (; keys->name; keys++) {
		char **field = (void *) ((char *) object + keys->offset);

		if (keys->type != CONF_STRING && keys->type != CONF_NAME &&
		    keys->type != CONF_PATH)
			continue;
		free(*field);
		*field = NULL;
	}
}
