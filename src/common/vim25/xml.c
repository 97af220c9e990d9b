/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxml2 only parses here; the nodes are our own, as small as what the
 * readers ask for and allocated in blocks: extraConfig of many machines comes
 * as hundreds of thousands of elements.
 */
#include <stdlib.h>
#include <string.h>

#include <libxml/parserInternals.h>
#include <libxml/tree.h>

#include "xml.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define OPTIONS                                                             \
	(XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |          \
	 XML_PARSE_NOWARNING)
#define BLOCK_SIZE 32768
#define MEMORY_MAX (256 * 1024 * 1024)
#define ALIGN sizeof(void *)

struct attr {
	struct attr *next;
	const char *name;		/* in the dictionary */
	const char *value;
};

struct xml_node {
	struct xml_node *parent, *child, *last, *next;
	struct attr *attrs;		/* of no name space */
	const char *name;		/* in the dictionary */
	const char *type;		/* xsi:type, or NULL */
	char *text;			/* before the first child, or NULL */
	size_t len;
};

struct block {
	struct block *next;
	size_t used, size;
	char data[];
};

struct xml {
	struct block *blocks;		/* the first has room */
	xmlDict *names;
	struct xml_node *root;

	/* While parsing. */
	struct xml_node *open;
	size_t text_room;		/* of its text */
	unsigned depth;
	size_t memory;			/* in blocks */
	bool no_memory, too_large;
};

/* --- memory ------------------------------------------------------------- */

static void *_allocate(struct xml *xml, size_t size, size_t align)
{
	struct block *block = xml->blocks;
	size_t at = block ? (block->used + align - 1) / align * align : 0;

	if (!block || at + size > block->size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		/* An element of four bytes takes twenty times as many. */
		if (room > MEMORY_MAX - xml->memory) {
			xml->too_large = true;
			return NULL;
		}
		block = malloc(sizeof(*block) + room);
		if (!block) {
			xml->no_memory = true;
			return NULL;
		}
		xml->memory += room;
		*block = (struct block) { .next = xml->blocks, .size = room };
		xml->blocks = block;
		at = 0;
	}
	block->used = at + size;
	return block->data + at;
}

/* A copy that ends with a NUL. */
static char *_copy(struct xml *xml, const char *from, size_t len)
{
	char *copy = _allocate(xml, len + 1, 1);

	if (!copy)
		return NULL;
	memcpy(copy, from, len);
	copy[len] = '\0';
	return copy;
}

/* --- what the parser tells ---------------------------------------------- */

static struct xml *_of(void *ctxt)
{
	return ((xmlParserCtxt *) ctxt)->_private;
}

/* A document type definition has no place in SOAP (SOAP 1.1 section 3). */
static void _refuse_dtd(void *ctxt, const xmlChar *name, const xmlChar *public,
			const xmlChar *system)
{
	(void) name;
	(void) public;
	(void) system;
	xmlStopParser(ctxt);
}

/* An attribute as the parser hands it over: local name, prefix, name space,
 * value, end of the value. Without a tree of its own it leaves '&' as
 * "&#38;". */
static char *_attr_value(struct xml *xml, const xmlChar **given)
{
	const char *from = (const char *) given[3];
	char *value = _copy(xml, from, (size_t) ((const char *) given[4] -
						 from));
	char *to = value;

	if (!value || !strchr(value, '&'))
		return value;
	for (const char *p = value; *p; to++) {
		*to = *p;
		p += strncmp(p, "&#38;", 5) ? 1 : 5;
	}
	*to = '\0';
	return value;
}

static void _add_attr(struct xml *xml, struct xml_node *node,
		      const xmlChar **given)
{
	const char *value = _attr_value(xml, given);
	struct attr *attr;

	if (given[2]) {
		if (!strcmp((const char *) given[0], "type") &&
		    !strcmp((const char *) given[2], XSI))
			node->type = value;
		return;
	}
	attr = _allocate(xml, sizeof(*attr), ALIGN);
	if (!attr)
		return;
	*attr = (struct attr) { node->attrs, (const char *) given[0], value };
	node->attrs = attr;
}

static void _append(struct xml *xml, struct xml_node *node)
{
	struct xml_node *parent = xml->open;

	node->parent = parent;
	if (!parent)
		xml->root = node;
	else if (parent->last)
		parent->last->next = node;
	else
		parent->child = node;
	if (parent)
		parent->last = node;
	xml->open = node;
	xml->text_room = 0;
}

static void _start(void *ctxt, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri, int n_spaces, const xmlChar **spaces,
		   int n_attrs, int n_defaulted, const xmlChar **attrs)
{
	struct xml *xml = _of(ctxt);
	struct xml_node *node = NULL;

	(void) prefix;
	(void) uri;
	(void) n_spaces;
	(void) spaces;
	(void) n_defaulted;
	/* libxml2's own limit is 256 or 2048 by version. */
	if (xml->depth < XML_DEPTH_MAX)
		node = _allocate(xml, sizeof(*node), ALIGN);
	if (!node) {
		xmlStopParser(ctxt);
		return;
	}
	xml->depth++;
	*node = (struct xml_node) { .name = (const char *) name };
	for (int i = 0; i < n_attrs; i++)
		_add_attr(xml, node, attrs + 5 * i);
	_append(xml, node);
	if (xml->no_memory || xml->too_large)
		xmlStopParser(ctxt);
}

static void _end(void *ctxt, const xmlChar *name, const xmlChar *prefix,
		 const xmlChar *uri)
{
	struct xml *xml = _of(ctxt);

	(void) name;
	(void) prefix;
	(void) uri;
	xml->open = xml->open->parent;
	xml->depth--;
}

/* Room for so much more of the open element's text and a NUL. */
static int _grow_text(struct xml *xml, struct xml_node *node, size_t more)
{
	size_t need = node->len + more + 1;
	char *text;

	if (need <= xml->text_room)
		return 0;
	if (node->len)
		need *= 2;	/* not the last piece, by all experience */
	text = _allocate(xml, need, 1);
	if (!text)
		return -1;
	if (node->len)
		memcpy(text, node->text, node->len);
	node->text = text;
	xml->text_room = need;
	return 0;
}

/* Text comes in pieces; what follows a child element is not kept. */
static void _text(void *ctxt, const xmlChar *piece, int len)
{
	struct xml *xml = _of(ctxt);
	struct xml_node *node = xml->open;

	if (!node || node->child)
		return;
	if (_grow_text(xml, node, (size_t) len) < 0) {
		xmlStopParser(ctxt);
		return;
	}
	memcpy(node->text + node->len, piece, (size_t) len);
	node->len += (size_t) len;
	node->text[node->len] = '\0';
}

/* --- parsing ------------------------------------------------------------ */

static void _configure(xmlParserCtxt *ctxt, struct xml *xml)
{
	xmlSAXHandler *sax = ctxt->sax;

	xmlCtxtUseOptions(ctxt, OPTIONS);
	ctxt->_private = xml;
	sax->internalSubset = _refuse_dtd;
	sax->externalSubset = NULL;
	sax->entityDecl = NULL;
	sax->startElementNs = _start;
	sax->endElementNs = _end;
	sax->characters = _text;
	sax->ignorableWhitespace = _text;
	sax->cdataBlock = _text;
	sax->reference = NULL;
	sax->comment = NULL;
	sax->processingInstruction = NULL;
}

static int _bad(const xmlParserCtxt *ctxt, const struct xml *xml,
		struct err *err)
{
	const char *why = ctxt->lastError.message;
	int line = ctxt->lastError.line;

	if (ctxt->errNo == XML_ERR_NO_MEMORY || xml->no_memory)
		return err_nomem(err);
	if (xml->too_large)
		return err_set(err, ERR_PROTOCOL,
			       "XML refused: more than %d MiB when read",
			       MEMORY_MAX / 1024 / 1024);
	if (ctxt->errNo == XML_ERR_USER_STOP || !why)
		return err_set(err, ERR_PROTOCOL,
			       "XML refused: a DTD, or more than %d levels",
			       XML_DEPTH_MAX);
	return err_set(err, ERR_PROTOCOL, "not XML: line %d: %.*s", line,
		       (int) strcspn(why, "\n"), why);
}

static int _run(xmlParserCtxt *ctxt, struct xml *xml, struct err *err)
{
	_configure(ctxt, xml);
	(void) xmlParseDocument(ctxt);
	xml->names = ctxt->dict;
	xmlDictReference(xml->names);
	if (ctxt->wellFormed && ctxt->nsWellFormed && xml->root &&
	    ctxt->errNo != XML_ERR_USER_STOP && !xml->no_memory &&
	    !xml->too_large)
		return 0;
	return _bad(ctxt, xml, err);
}

struct xml *xml_parse(const char *bytes, size_t len, struct err *err)
{
	cleanup_xml struct xml *xml = NULL;
	xmlParserCtxt *ctxt;
	int rc;

	if (!len || len > INT32_MAX) {
		err_set(err, ERR_PROTOCOL, "not XML: %s",
			len ? "too long" : "empty");
		return NULL;
	}
	xml = calloc(1, sizeof(*xml));
	ctxt = xml ? xmlCreateMemoryParserCtxt(bytes, (int) len) : NULL;
	if (!ctxt) {
		err_nomem(err);
		return NULL;
	}
	rc = _run(ctxt, xml, err);
	xmlFreeDoc(ctxt->myDoc);
	xmlFreeParserCtxt(ctxt);
	return rc < 0 ? NULL : steal_ptr(&xml);
}

void xml_destroy(struct xml *xml)
{
	if (!xml)
		return;
	while (xml->blocks) {
		struct block *block = xml->blocks;

		xml->blocks = block->next;
		free(block);
	}
	xmlDictFree(xml->names);
	free(xml);
}

/* --- reading ------------------------------------------------------------ */

const struct xml_node *xml_root(const struct xml *xml)
{
	return xml->root;
}

/* The first of these siblings that has that name. */
static const struct xml_node *_find(const struct xml_node *node,
				    const char *name)
{
	while (node && name && strcmp(node->name, name))
		node = node->next;
	return node;
}

const struct xml_node *xml_child(const struct xml_node *node,
				 const char *name)
{
	return node ? _find(node->child, name) : NULL;
}

const struct xml_node *xml_next(const struct xml_node *node, const char *name)
{
	return node ? _find(node->next, name) : NULL;
}

const char *xml_name(const struct xml_node *node)
{
	return node ? node->name : "";
}

const char *xml_text(const struct xml_node *node)
{
	return node && node->text ? node->text : "";
}

const char *xml_child_text(const struct xml_node *node, const char *name)
{
	const struct xml_node *child = xml_child(node, name);

	return child ? xml_text(child) : NULL;
}

const char *xml_attr(const struct xml_node *node, const char *name)
{
	const struct attr *attr = node ? node->attrs : NULL;

	while (attr && strcmp(attr->name, name))
		attr = attr->next;
	return attr ? attr->value : NULL;
}

const char *xml_type(const struct xml_node *node)
{
	const char *type = node && node->type ? node->type : "";
	const char *colon = strchr(type, ':');

	return colon ? colon + 1 : type;
}

/* --- writing ------------------------------------------------------------ */

/* What this byte is written as, NULL for itself. */
static const char *_escape(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

/* XML 1.0 section 2.2, of a text known to be UTF-8. */
static bool _is_char(const char *p)
{
	unsigned char c = (unsigned char) *p;

	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return strncmp(p, "\xEF\xBF\xBE", 3) &&
	       strncmp(p, "\xEF\xBF\xBF", 3);
}

void xml_put_text(struct buf *buf, const char *text)
{
	const char *from = text, *p, *escape;

	if (!xmlCheckUTF8((const xmlChar *) text)) {
		buf->failed = true;
		return;
	}
	for (p = text; *p; p++) {
		if (!_is_char(p)) {
			buf->failed = true;
			return;
		}
		escape = _escape((unsigned char) *p);
		if (!escape)
			continue;
		buf_add(buf, from, (size_t) (p - from));
		buf_puts(buf, escape);
		from = p + 1;
	}
	buf_add(buf, from, (size_t) (p - from));
}

void xml_put_start(struct buf *buf, const char *name)
{
	buf_putc(buf, '<');
	buf_puts(buf, name);
	buf_putc(buf, '>');
}

void xml_put_end(struct buf *buf, const char *name)
{
	buf_puts(buf, "</");
	buf_puts(buf, name);
	buf_putc(buf, '>');
}

void xml_put(struct buf *buf, const char *name, const char *text)
{
	xml_put_start(buf, name);
	xml_put_text(buf, text);
	xml_put_end(buf, name);
}

void xml_put_bool(struct buf *buf, const char *name, int value)
{
	xml_put(buf, name, value ? "true" : "false");
}

void xml_put_uint(struct buf *buf, const char *name, unsigned long value)
{
	buf_printf(buf, "<%s>%lu</%s>", name, value, name);
}
