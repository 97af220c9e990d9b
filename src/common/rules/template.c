/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>

#include "text.h"
#include "template.h"

struct reader {
	const char *at;
	const char *const *names;
	size_t count;
	int depth;
};

static int _alternatives(struct reader *reader, int *choice,
			 struct err *err);

static int _named(const struct reader *reader, const char *name, size_t len)
{
	for (size_t i = 0; i < reader->count; i++)
		if (strlen(reader->names[i]) == len &&
		    !strncmp(reader->names[i], name, len))
			return (int) i;
	return TEMPLATE_NONE;
}

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

static int _group(struct reader *reader, int *choice, struct err *err)
{
	char close = *reader->at == '(' ? ')' : ']';

	if (++reader->depth > TEMPLATE_DEPTH_MAX)
		return err_set(err, ERR_CONFIG, "the features have more than "
			       "%d brackets in each other",
			       TEMPLATE_DEPTH_MAX);
	reader->at++;
	if (_alternatives(reader, choice, err) < 0)
		return -1;
	if (*reader->at != close)
		return err_set(err, ERR_CONFIG, "'%c' is missing in the "
			       "features", close);
	reader->at++;
	reader->depth--;
	return _skip_count(reader, err);
}

static int _factor(struct reader *reader, int *choice, struct err *err)
{
	size_t len;

	if (*reader->at == '(' || *reader->at == '[')
		return _group(reader, choice, err);
	len = strcspn(reader->at, "&|[](),*");
	if (!len)
		return err_set(err, ERR_CONFIG, "a feature's name is missing "
			       "before '%.20s'", reader->at);
	*choice = _named(reader, reader->at, len);
	reader->at += len;
	return _skip_count(reader, err);
}

/* All factors hold at once: they may name one template only. */
static int _all(struct reader *reader, int *choice, struct err *err)
{
	int one;

	*choice = TEMPLATE_NONE;
	for (;;) {
		if (_factor(reader, &one, err) < 0)
			return -1;
		if (*choice != TEMPLATE_NONE && one != TEMPLATE_NONE &&
		    *choice != one)
			return err_set(err, ERR_CONFIG, "a node cannot be "
				       "both %s and %s; choose one template",
				       reader->names[*choice],
				       reader->names[one]);
		if (one != TEMPLATE_NONE)
			*choice = one;
		if (*reader->at != '&' && *reader->at != ',')
			return 0;
		reader->at++;
	}
}

static int _alternatives(struct reader *reader, int *choice, struct err *err)
{
	int one;

	*choice = TEMPLATE_NONE;
	for (;;) {
		if (_all(reader, &one, err) < 0)
			return -1;
		if (*choice == TEMPLATE_NONE)
			*choice = one;
		if (*reader->at != '|')
			return 0;
		reader->at++;
	}
}

int template_choose(const char *expr, const char *const *names, size_t count,
		    int *choice, struct err *err)
{
	struct reader reader = { expr, names, count, 0 };
	int found;

	if (!expr || !*expr) {
		*choice = TEMPLATE_NONE;
		return 0;
	}
	if (!text_fits(expr, TEMPLATE_EXPR_MAX + 1))
		return err_set(err, ERR_CONFIG, "the features are longer than "
			       "%d bytes", TEMPLATE_EXPR_MAX);
	if (_alternatives(&reader, &found, err) < 0)
		return -1;
	if (*reader.at)
		return err_set(err, ERR_CONFIG, "'%.20s' is out of place in "
			       "the features", reader.at);
	*choice = found;
	return 0;
}
