/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xn - reading a validated request's elements. All results are borrowed
 * from the document.
 */
#ifndef SCLONE_VCLAB_XN_H
#define SCLONE_VCLAB_XN_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

/* First or next child element; NULL at the end. node may be NULL. */
const xmlNode *xn_first(const xmlNode *node);
const xmlNode *xn_next(const xmlNode *node);

/* The first child of this name, or the next sibling of the same name. */
const xmlNode *xn_child(const xmlNode *node, const char *name);
const xmlNode *xn_again(const xmlNode *node);

bool xn_is(const xmlNode *node, const char *name);

/* Text of a scalar element, "" when empty; NULL for a NULL node. */
const char *xn_text(const xmlNode *node);

/* Text of the child of this name; NULL when absent. */
const char *xn_child_text(const xmlNode *node, const char *name);

/* Value of a boolean or integer child, or the fallback. */
bool xn_child_bool(const xmlNode *node, const char *name, bool fallback);
int64_t xn_child_int(const xmlNode *node, const char *name,
		     int64_t fallback);

/* The type attribute of a reference; "" when absent. */
const char *xn_ref_type(const xmlNode *node);

/* Local part of xsi:type, or NULL. */
const char *xn_xsi_type(const xmlNode *node);

#endif
