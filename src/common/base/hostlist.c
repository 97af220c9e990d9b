/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "hostlist.h"
#include "parse.h"
#include "table.h"

#define PRINT_MAX ((size_t) HOSTLIST_MAX * (HOSTLIST_NAME_MAX + 1))
#define DIGITS_MAX 18		/* of a number in brackets: fits uint64_t */

struct hostlist {
	char **names;
	size_t count, room;
	struct table *index;	/* name -> itself, for duplicates */
};

struct hostlist *hostlist_create(void)
{
	struct hostlist *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->index = table_create(HOSTLIST_MAX, NULL);
	if (!list->index) {
		free(list);
		return NULL;
	}
	return list;
}

void hostlist_destroy(struct hostlist *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	table_destroy(list->index);
	free(list);
}

static int _grow(struct hostlist *list, struct err *err)
{
	size_t room = list->room ? 2 * list->room : 64;
	char **names;

	if (list->count < list->room)
		return 0;
	names = realloc(list->names, room * sizeof(*names));
	if (!names)
		return err_nomem(err);
	list->names = names;
	list->room = room;
	return 0;
}

int hostlist_add(struct hostlist *list, const char *name, struct err *err)
{
	cleanup_free char *copy = NULL;

	if (!parse_is_name(name, HOSTLIST_NAME_MAX))
		return err_set(err, ERR_CONFIG, "'%.64s' is not a host name",
			       name);
	if (table_get(list->index, name))
		return 0;
	copy = strdup(name);
	if (!copy || _grow(list, err) < 0)
		return err_nomem(err);
	if (table_set(list->index, name, copy, err) < 0)
		return err_wrap(err, "host list");
	list->names[list->count++] = steal_ptr(&copy);
	return 0;
}

size_t hostlist_count(const struct hostlist *list)
{
	return list->count;
}

const char *hostlist_at(const struct hostlist *list, size_t index)
{
	return index < list->count ? list->names[index] : NULL;
}

/* What one expansion needs, passed down the recursion over brackets. */
struct expansion {
	struct hostlist *list;
	size_t max;
	size_t written;		/* names so far, repeated ones too */
	const char *text;	/* the whole list, for errors */
	struct err *err;
};

static int _malformed(const struct expansion *x)
{
	return err_set(x->err, ERR_CONFIG,
		       "'%.128s' is not a host list such as vm[001-100,107]",
		       x->text);
}

/* Repetitions count too: "[1,1][1,1]..." would go on for ever. */
static int _emit(struct expansion *x, const char *name)
{
	if (++x->written > HOSTLIST_MAX ||
	    (hostlist_count(x->list) >= x->max &&
	     !table_get(x->list->index, name)))
		return err_set(x->err, ERR_CONFIG,
			       "'%.64s...' has more than %zu hosts", x->text,
			       x->max);
	return hostlist_add(x->list, name, x->err);
}

static int _expand(struct expansion *x, const char *prefix,
		   const char *rest);

/* One number of a range, zero-padded to width, then the rest of the item. */
static int _expand_number(struct expansion *x, const char *prefix,
			  uint64_t number, size_t width, const char *rest)
{
	cleanup_buf struct buf name;

	buf_init(&name, HOSTLIST_NAME_MAX);
	buf_puts(&name, prefix);
	buf_printf(&name, "%0*" PRIu64, (int) width, number);
	if (name.failed)
		return _malformed(x);
	return _expand(x, buf_str(&name), rest);
}

static const char *_number(const char *p, uint64_t *out, size_t *width)
{
	const char *start = p;
	uint64_t value = 0;

	for (; isdigit((unsigned char) *p); p++) {
		if (p - start >= DIGITS_MAX)
			return NULL;
		value = value * 10 + (uint64_t) (*p - '0');
	}
	*out = value;
	*width = (size_t) (p - start);
	return p == start ? NULL : p;
}

/* "[1-3,07]": p is behind '[', rest behind the matching ']'. */
static int _expand_bracket(struct expansion *x, const char *prefix,
			   const char *p, const char *rest)
{
	uint64_t from, to;
	size_t width, to_width;

	for (;;) {
		p = _number(p, &from, &width);
		if (!p)
			return _malformed(x);
		to = from;
		if (*p == '-') {
			p = _number(p + 1, &to, &to_width);
			if (!p || to < from || to - from >= x->max)
				return _malformed(x);
		}
		for (uint64_t n = from; n <= to; n++)
			if (_expand_number(x, prefix, n, width, rest) < 0)
				return -1;
		if (*p == ']' && p + 1 == rest)
			return 0;
		if (*p++ != ',')
			return _malformed(x);
	}
}

static int _expand(struct expansion *x, const char *prefix,
		   const char *rest)
{
	const char *open = strchr(rest, '[');
	cleanup_buf struct buf name;
	const char *close;

	buf_init(&name, HOSTLIST_NAME_MAX);
	buf_puts(&name, prefix);
	buf_add(&name, rest, open ? (size_t) (open - rest) : strlen(rest));
	if (name.failed)
		return _malformed(x);
	if (!open)
		return _emit(x, buf_str(&name));
	close = strchr(open, ']');
	if (!close)
		return _malformed(x);
	return _expand_bracket(x, buf_str(&name), open + 1, close + 1);
}

/* End of the item at p: a comma outside brackets, or the end of the text. */
static const char *_item_end(const char *p)
{
	bool inside = false;

	for (; *p && (inside || *p != ','); p++)
		inside = *p == '[' || (inside && *p != ']');
	return p;
}

struct hostlist *hostlist_parse(const char *text, size_t max,
				struct err *err)
{
	cleanup_hostlist struct hostlist *list = hostlist_create();
	struct expansion x = { list, max, 0, text, err };
	const char *p = text, *end;

	if (!list) {
		err_nomem(err);
		return NULL;
	}
	if (max > HOSTLIST_MAX)
		x.max = HOSTLIST_MAX;
	for (;;) {
		cleanup_free char *item = NULL;

		end = _item_end(p);
		item = strndup(p, (size_t) (end - p));
		if (!item || _expand(&x, "", item) < 0)
			return NULL;
		if (!*end)
			return steal_ptr(&list);
		p = end + 1;
	}
}

/* A name split into what stands before its last number, and that number. */
struct split {
	size_t prefix;		/* bytes before the number */
	size_t width;		/* digits; 0: no number */
	uint64_t number;
};

static struct split _split(const char *name)
{
	struct split split = { .prefix = strlen(name) };
	size_t start = split.prefix;
	const char *end;

	while (start && isdigit((unsigned char) name[start - 1]) &&
	       split.prefix - start < DIGITS_MAX)
		start--;
	if (start == split.prefix || start == 0)
		return split;
	end = _number(name + start, &split.number, &split.width);
	if (end)
		split.prefix = start;
	return split;
}

static bool _same_shape(const char *a, const struct split *sa, const char *b,
			const struct split *sb)
{
	return sa->width && sa->width == sb->width &&
	       sa->prefix == sb->prefix && !memcmp(a, b, sa->prefix);
}

/* The first index past from whose name does not share its shape. */
static size_t _group_end(const struct hostlist *list, size_t from)
{
	struct split first = _split(list->names[from]);
	size_t end = from + 1;

	for (; end < list->count; end++) {
		struct split next = _split(list->names[end]);

		if (!_same_shape(list->names[from], &first, list->names[end],
				 &next))
			break;
	}
	return end;
}

/* The last index of the run of neighbours that starts at from. */
static size_t _run_end(const struct hostlist *list, size_t from, size_t end)
{
	uint64_t number = _split(list->names[from]).number;

	while (from + 1 < end &&
	       _split(list->names[from + 1]).number == number + 1) {
		number++;
		from++;
	}
	return from;
}

/* Names from..end-1 share their shape: "prefix[1-3,7]". */
static void _print_group(const struct hostlist *list, size_t from, size_t end,
			 struct buf *out)
{
	size_t prefix = _split(list->names[from]).prefix;
	char sep = '[';

	buf_add(out, list->names[from], prefix);
	while (from < end) {
		size_t last = _run_end(list, from, end);

		buf_putc(out, sep);
		buf_puts(out, list->names[from] + prefix);
		if (last > from)
			buf_printf(out, "-%s", list->names[last] + prefix);
		sep = ',';
		from = last + 1;
	}
	buf_putc(out, ']');
}

char *hostlist_print(const struct hostlist *list)
{
	cleanup_buf struct buf out;
	size_t i = 0, end;

	buf_init(&out, PRINT_MAX);
	for (; i < list->count; i = end) {
		end = _group_end(list, i);
		if (i)
			buf_putc(&out, ',');
		if (end == i + 1)
			buf_puts(&out, list->names[i]);
		else
			_print_group(list, i, end, &out);
	}
	return buf_steal(&out);
}
