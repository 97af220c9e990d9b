/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xn - see xn.h. */
#include <stdlib.h>
#include <string.h>

#include "xn.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

static const xmlNode *_element(const xmlNode *node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

const xmlNode *xn_first(const xmlNode *node)
{
	return node ? _element(node->children) : NULL;
}

const xmlNode *xn_next(const xmlNode *node)
{
	return node ? _element(node->next) : NULL;
}

bool xn_is(const xmlNode *node, const char *name)
{
	return strcmp((const char *) node->name, name) == 0;
}

const xmlNode *xn_child(const xmlNode *node, const char *name)
{
	const xmlNode *child = xn_first(node);

	while (child && !xn_is(child, name))
		child = xn_next(child);
	return child;
}

const xmlNode *xn_again(const xmlNode *node)
{
	const xmlNode *next = xn_next(node);

	while (next && !xn_is(next, (const char *) node->name))
		next = xn_next(next);
	return next;
}

const char *xn_text(const xmlNode *node)
{
	if (!node)
		return NULL;
	node = node->children;
	return node && node->content ? (const char *) node->content : "";
}

const char *xn_child_text(const xmlNode *node, const char *name)
{
	return xn_text(xn_child(node, name));
}

bool xn_child_bool(const xmlNode *node, const char *name, bool fallback)
{
	const char *text = xn_child_text(node, name);

	if (!text)
		return fallback;
	return strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
}

int64_t xn_child_int(const xmlNode *node, const char *name, int64_t fallback)
{
	const char *text = xn_child_text(node, name);

	return text ? strtoll(text, NULL, 10) : fallback;
}

static const char *_attribute(const xmlNode *node, const char *name,
			      const char *space)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		if (strcmp((const char *) a->name, name) != 0)
			continue;
		if (space ? a->ns && strcmp((const char *) a->ns->href,
					    space) == 0
			  : !a->ns)
			return a->children && a->children->content
				       ? (const char *) a->children->content
				       : "";
	}
	return NULL;
}

const char *xn_ref_type(const xmlNode *node)
{
	const char *type = _attribute(node, "type", NULL);

	return type ? type : "";
}

const char *xn_xsi_type(const xmlNode *node)
{
	const char *type = _attribute(node, "type", XSI);
	const char *colon = type ? strchr(type, ':') : NULL;

	return colon ? colon + 1 : type;
}
