/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "kind.h"

static bool _is_same(const struct kind *a, const struct kind *b)
{
	return text_same(a->template_name, b->template_name) &&
	       a->limit_count == b->limit_count &&
	       !memcmp(a->limits, b->limits, sizeof(a->limits));
}

struct kind *kind_get(struct kind **kinds, const struct kind_rule *rule,
		      const char *node, const char *template_name,
		      struct err *err)
{
	struct kind is = { .next = *kinds }, *kind;

	text_set(is.template_name, template_name);
	if (rule->limits)
		is.limit_count = rule->limits(node, template_name, is.limits,
					      rule->arg);
	for (kind = *kinds; kind; kind = kind->next)
		if (_is_same(kind, &is))
			return kind;
	kind = malloc(sizeof(*kind));
	if (!kind) {
		err_nomem(err);
		return NULL;
	}
	*kind = is;
	*kinds = kind;
	return kind;
}

void kind_free(struct kind *kinds)
{
	while (kinds) {
		struct kind *next = kinds->next;

		free(kinds);
		kinds = next;
	}
}

uint64_t kind_nodes(const struct kind *kinds, const char *template_name,
		    bool waiting)
{
	uint64_t nodes = 0;

	for (; kinds; kinds = kinds->next)
		if (text_same(kinds->template_name, template_name))
			nodes += kinds->in_flight +
				 (waiting ? kinds->queued : 0);
	return nodes;
}

void kind_promise(const struct kind *kinds, struct kind_promises *promises)
{
	for (; kinds; kinds = kinds->next)
		for (unsigned i = 0; i < kinds->limit_count; i++)
			promises->of[kinds->limits[i]] += kinds->queued;
}

void kind_take_back(const struct kind *kinds, struct kind_promises *promises)
{
	for (; kinds; kinds = kinds->next)
		for (unsigned i = 0; i < kinds->limit_count; i++)
			promises->of[kinds->limits[i]] -= kinds->queued;
}

bool kind_allows(const struct kind *kind, const struct kind_rule *rule)
{
	for (unsigned i = 0; i < kind->limit_count; i++)
		if (!rule->room(kind->limits[i], rule->arg))
			return false;
	return true;
}

static bool _is_kept(const struct kind *kind, const struct kind_rule *rule,
		     const struct kind_promises *promises)
{
	for (unsigned i = 0; i < kind->limit_count; i++)
		if (promises->of[kind->limits[i]] >
		    rule->room(kind->limits[i], rule->arg))
			return false;
	return true;
}

bool kind_allows_all(const struct kind *kinds, const struct kind_rule *rule,
		     const struct kind_promises *promises)
{
	for (; kinds; kinds = kinds->next)
		if (kinds->queued && !_is_kept(kinds, rule, promises))
			return false;
	return true;
}
