/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml - the only user of libxml2: reads replies, writes requests.
 *
 * Reading is namespace-aware and knows element names by their local part
 * alone, so any prefix will do; xsi:type is found by its name space. Unknown
 * elements and any order are the reader's normal case. Documents come from
 * the network: no DTD at all (so no entities), nothing is loaded, depth and
 * memory are bounded, comments and processing instructions are dropped.
 *
 * Nodes are borrowed from their document. Every reader accepts a NULL node
 * and then finds nothing, so that paths can be chained.
 */
#ifndef SCLONE_VIM25_XML_H
#define SCLONE_VIM25_XML_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"

#define XML_DEPTH_MAX 250	/* levels; each disk parent takes one */

struct xml;		/* a document */
struct xml_node;	/* an element in it */

/* Parse a whole document. NULL and PROTOCOL (with the line), FATAL. The
 * bytes are not needed afterwards. */
struct xml *xml_parse(const char *bytes, size_t len, struct err *err);

/* Accepts NULL. */
void xml_destroy(struct xml *xml);
CLEANUP_DEFINE(struct xml *, xml_destroy)
#define cleanup_xml cleanup_with(xml_destroy_cleanup_)

const struct xml_node *xml_root(const struct xml *xml);

/* First child element of this local name (NULL: of any name), or NULL. */
const struct xml_node *xml_child(const struct xml_node *node,
				 const char *name);

/* Next sibling element of this local name (NULL: of any name), or NULL. */
const struct xml_node *xml_next(const struct xml_node *node,
				const char *name);

/* Local name of the element; "" for NULL. */
const char *xml_name(const struct xml_node *node);

/* Character data up to the first child element; "" when there is none. */
const char *xml_text(const struct xml_node *node);

/* xml_text of the first child of this name, NULL when there is no such
 * child. */
const char *xml_child_text(const struct xml_node *node, const char *name);

/* Value of the attribute of no name space, or NULL. */
const char *xml_attr(const struct xml_node *node, const char *name);

/* Local part of xsi:type ("string" of "xsd:string"), "" when absent. */
const char *xml_type(const struct xml_node *node);

/*
 * Writing. Names are written as they are; text is escaped. Text that is not
 * UTF-8 or holds a character XML 1.0 has no way to write (most control
 * characters) latches the buffer's failure, as being too long does.
 */
void xml_put_text(struct buf *buf, const char *text);
void xml_put_start(struct buf *buf, const char *name);	/* <name> */
void xml_put_end(struct buf *buf, const char *name);	/* </name> */
void xml_put(struct buf *buf, const char *name, const char *text);
void xml_put_bool(struct buf *buf, const char *name, int value);
void xml_put_uint(struct buf *buf, const char *name, unsigned long value);

#endif
