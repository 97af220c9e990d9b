/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/json.h"
#include "text.h"
#include "template.h"

#define SIGNS "&|[](),*"	/* what parts names */
#define LIST_SIZE 320		/* of names in a message */

/* The templates written, each once, in that order. */
struct mention {
	int list[TEMPLATE_NAMES_MAX];
	size_t count;
	uint64_t mask;
};

static int _index(const char *const *names, size_t count, const char *name,
		  size_t len)
{
	for (size_t i = 0; i < count && i < TEMPLATE_NAMES_MAX; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			return (int) i;
	return TEMPLATE_NONE;
}

static void _mention(const char *expr, const char *const *names, size_t count,
		     struct mention *out)
{
	memset(out, 0, sizeof(*out));
	while (expr && *expr) {
		size_t len = strcspn(expr, SIGNS);
		int found = _index(names, count, expr, len);

		if (found >= 0 && !(out->mask & UINT64_C(1) << found)) {
			out->list[out->count++] = found;
			out->mask |= UINT64_C(1) << found;
		}
		expr += len ? len : 1;
	}
}

uint64_t template_named(const char *expr, const char *const *names,
			size_t count)
{
	struct mention mention;

	_mention(expr, names, count, &mention);
	return mention.mask;
}

void template_names(const char *const *names, size_t count, uint64_t mask,
		   char *out, size_t size)
{
	const char *comma = "";

	*out = '\0';
	for (size_t i = 0; i < count && i < TEMPLATE_NAMES_MAX; i++) {
		if (!(mask & UINT64_C(1) << i))
			continue;
		text_add(out, size, comma);
		text_add(out, size, names[i]);
		comma = ", ";
	}
}

void template_of_extra(const char *extra, char name[TEMPLATE_NAME_SIZE])
{
	cleanup_json struct json *json = NULL;
	const char *text = NULL;

	*name = '\0';
	if (!extra || *extra != '{' || !text_fits(extra, TEMPLATE_EXPR_MAX))
		return;
	json = json_parse(extra, strlen(extra), NULL);
	if (json_get_str_or(json, "template", NULL, &text, NULL) == 0)
		text_copy(name, TEMPLATE_NAME_SIZE, text);
}

/* --- is it satisfied? --------------------------------------------------- */

/* Reads the expression for a node that is names[self]. */
struct reader {
	const char *at;
	const char *const *names;
	size_t count;
	int self;
	int depth;
};

static int _any(struct reader *reader, bool *holds, struct err *err);

/* "*3" after a name or a group: how many nodes; no matter here. */
static int _skip_count(struct reader *reader, struct err *err)
{
	size_t digits;

	if (*reader->at != '*')
		return 0;
	digits = strspn(reader->at + 1, "0123456789");
	if (!digits)
		return err_set(err, ERR_CONFIG, "a number must follow '*' in "
			       "the features");
	reader->at += 1 + digits;
	return 0;
}

static int _group(struct reader *reader, bool *holds, struct err *err)
{
	char close = *reader->at == '(' ? ')' : ']';

	if (++reader->depth > TEMPLATE_DEPTH_MAX)
		return err_set(err, ERR_CONFIG, "the features have more than "
			       "%d brackets in each other",
			       TEMPLATE_DEPTH_MAX);
	reader->at++;
	if (_any(reader, holds, err) < 0)
		return -1;
	if (*reader->at != close)
		return err_set(err, ERR_CONFIG, "'%c' is missing in the "
			       "features", close);
	reader->at++;
	reader->depth--;
	return _skip_count(reader, err);
}

static int _factor(struct reader *reader, bool *holds, struct err *err)
{
	size_t len;
	int named;

	if (*reader->at == '(' || *reader->at == '[')
		return _group(reader, holds, err);
	len = strcspn(reader->at, SIGNS);
	if (!len)
		return err_set(err, ERR_CONFIG, "a feature's name is missing "
			       "before '%.20s'", reader->at);
	named = _index(reader->names, reader->count, reader->at, len);
	*holds = named == TEMPLATE_NONE || named == reader->self;
	reader->at += len;
	return _skip_count(reader, err);
}

static int _all(struct reader *reader, bool *holds, struct err *err)
{
	bool one;

	*holds = true;
	for (;;) {
		if (_factor(reader, &one, err) < 0)
			return -1;
		*holds = *holds && one;
		if (*reader->at != '&' && *reader->at != ',')
			return 0;
		reader->at++;
	}
}

static int _any(struct reader *reader, bool *holds, struct err *err)
{
	bool one;

	*holds = false;
	for (;;) {
		if (_all(reader, &one, err) < 0)
			return -1;
		*holds = *holds || one;
		if (*reader->at != '|')
			return 0;
		reader->at++;
	}
}

static int _read(const char *expr, const char *const *names, size_t count,
		 int self, bool *holds, struct err *err)
{
	struct reader reader = { expr, names, count, self, 0 };

	if (!text_fits(expr, TEMPLATE_EXPR_MAX + 1))
		return err_set(err, ERR_CONFIG, "the features are longer than "
			       "%d bytes", TEMPLATE_EXPR_MAX);
	if (_any(&reader, holds, err) < 0)
		return -1;
	if (*reader.at)
		return err_set(err, ERR_CONFIG, "'%.20s' is out of place in "
			       "the features", reader.at);
	return 0;
}

bool template_allows(const char *expr, const char *const *names,
		     size_t count, size_t index)
{
	bool holds;

	return !template_named(expr, names, count) ||
	       (_read(expr, names, count, (int) index, &holds, NULL) == 0 &&
		holds);
}

/* --- the choice --------------------------------------------------------- */

static int _none(const struct template_choice *from,
		 const struct mention *mention, uint64_t able, struct err *err)
{
	const char *first = from->names[mention->list[0]];
	const char *last = from->names[mention->list[mention->count - 1]];
	char asked[LIST_SIZE], offered[LIST_SIZE];

	if (!able)
		return err_set(err, ERR_CONFIG, "a node cannot be both %s and "
			       "%s; choose one template", first, last);
	template_names(from->names, from->count, able, asked, sizeof(asked));
	template_names(from->names, from->count, from->offered, offered,
		      sizeof(offered));
	return err_set(err, ERR_CONFIG, "the template %s is not offered; "
		       "offered: %s", asked, offered);
}

/* The first one written that is in the mask. */
static int _first(const struct mention *mention, uint64_t mask)
{
	for (size_t i = 0; i < mention->count; i++)
		if (mask & UINT64_C(1) << mention->list[i])
			return mention->list[i];
	return TEMPLATE_NONE;
}

/* It can be satisfied without any template. */
static bool _is_open(const char *expr, const struct template_choice *from)
{
	bool holds;

	return _read(expr, from->names, from->count, TEMPLATE_NONE, &holds,
		     NULL) == 0 && holds;
}

int template_choose(const char *expr, const struct template_choice *from,
		    int *choice, struct err *err)
{
	struct mention mention;
	uint64_t able = 0, usable;
	int found;
	bool holds;

	_mention(expr, from->names, from->count, &mention);
	for (size_t i = 0; i < mention.count; i++) {
		int self = mention.list[i];

		if (_read(expr, from->names, from->count, self, &holds,
			  err) < 0)
			return -1;
		able |= holds ? UINT64_C(1) << self : 0;
	}
	if (able && mention.count > 1 && strchr(expr, '*'))
		return err_set(err, ERR_CONFIG, "all nodes of a job get the "
			       "same template: counts do not go with several");
	usable = able & from->offered;
	if (usable & from->healthy)
		usable &= from->healthy;
	found = _first(&mention, usable);
	if (found == TEMPLATE_NONE && mention.count &&
	    !_is_open(expr, from))
		return _none(from, &mention, able, err);
	*choice = found;
	return 0;
}
