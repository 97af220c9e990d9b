/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <libxml/parserInternals.h>
#include <libxml/tree.h>

#include "xml.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define OPTIONS                                                             \
	(XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT |          \
	 XML_PARSE_NOERROR | XML_PARSE_NOWARNING)

/* The opaque types are libxml2's own under other names. */
static const xmlNode *_in(const struct xml_node *node)
{
	return (const xmlNode *) node;
}

static const struct xml_node *_out(const xmlNode *node)
{
	return (const struct xml_node *) node;
}

/* A document type definition has no place in SOAP (SOAP 1.1 section 3). */
static void _refuse_dtd(void *arg, const xmlChar *name, const xmlChar *public,
			const xmlChar *system)
{
	xmlParserCtxt *ctxt = arg;

	(void) name;
	(void) public;
	(void) system;
	xmlStopParser(ctxt);
}

/* libxml2's own limit is 256 or 2048 by version. */
static void _start(void *arg, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri, int namespaces, const xmlChar **ns,
		   int attributes, int defaulted, const xmlChar **attrs)
{
	xmlParserCtxt *ctxt = arg;

	if (ctxt->nodeNr >= XML_DEPTH_MAX) {
		xmlStopParser(ctxt);
		return;
	}
	xmlSAX2StartElementNs(arg, name, prefix, uri, namespaces, ns,
			      attributes, defaulted, attrs);
}

static void _configure(xmlParserCtxt *ctxt)
{
	xmlSAXHandler *sax = ctxt->sax;

	sax->internalSubset = _refuse_dtd;
	sax->externalSubset = NULL;
	sax->entityDecl = NULL;
	sax->startElementNs = _start;
	sax->comment = NULL;
	sax->processingInstruction = NULL;
	xmlCtxtUseOptions(ctxt, OPTIONS);
}

static int _bad(const xmlParserCtxt *ctxt, struct err *err)
{
	const char *why = ctxt->lastError.message;
	int line = ctxt->lastError.line;

	if (ctxt->errNo == XML_ERR_NO_MEMORY)
		return err_nomem(err);
	if (ctxt->errNo == XML_ERR_USER_STOP || !why)
		return err_set(err, ERR_PROTOCOL,
			       "XML refused: a DTD, or more than %d levels",
			       XML_DEPTH_MAX);
	return err_set(err, ERR_PROTOCOL, "not XML: line %d: %.*s", line,
		       (int) strcspn(why, "\n"), why);
}

static bool _is_good(const xmlParserCtxt *ctxt)
{
	return ctxt->wellFormed && ctxt->nsWellFormed && ctxt->myDoc &&
	       ctxt->errNo != XML_ERR_USER_STOP &&
	       xmlDocGetRootElement(ctxt->myDoc);
}

struct xml *xml_parse(const char *bytes, size_t len, struct err *err)
{
	xmlParserCtxt *ctxt;
	xmlDoc *doc = NULL;

	if (!len || len > INT32_MAX) {
		err_set(err, ERR_PROTOCOL, "not XML: %s",
			len ? "too long" : "empty");
		return NULL;
	}
	ctxt = xmlCreateMemoryParserCtxt(bytes, (int) len);
	if (!ctxt) {
		err_nomem(err);
		return NULL;
	}
	_configure(ctxt);
	(void) xmlParseDocument(ctxt);
	if (_is_good(ctxt))
		doc = ctxt->myDoc;
	else
		_bad(ctxt, err);
	if (!doc && ctxt->myDoc)
		xmlFreeDoc(ctxt->myDoc);
	ctxt->myDoc = NULL;
	xmlFreeParserCtxt(ctxt);
	return (struct xml *) doc;
}

void xml_destroy(struct xml *xml)
{
	if (xml)
		xmlFreeDoc((xmlDoc *) xml);
}

const struct xml_node *xml_root(const struct xml *xml)
{
	return _out(xmlDocGetRootElement((const xmlDoc *) xml));
}

/* The first of these siblings that is such an element. */
static const struct xml_node *_find(const xmlNode *node, const char *name)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!name || !strcmp((const char *) node->name, name))
			return _out(node);
	}
	return NULL;
}

const struct xml_node *xml_child(const struct xml_node *node,
				 const char *name)
{
	return node ? _find(_in(node)->children, name) : NULL;
}

const struct xml_node *xml_next(const struct xml_node *node, const char *name)
{
	return node ? _find(_in(node)->next, name) : NULL;
}

const char *xml_name(const struct xml_node *node)
{
	return node ? (const char *) _in(node)->name : "";
}

const char *xml_text(const struct xml_node *node)
{
	const xmlNode *first = node ? _in(node)->children : NULL;

	if (!first || first->type != XML_TEXT_NODE || !first->content)
		return "";
	return (const char *) first->content;
}

const char *xml_child_text(const struct xml_node *node, const char *name)
{
	const struct xml_node *child = xml_child(node, name);

	return child ? xml_text(child) : NULL;
}

static const char *_attr_value(const xmlAttr *attr)
{
	const xmlNode *text = attr->children;

	if (!text || text->type != XML_TEXT_NODE || !text->content)
		return "";
	return (const char *) text->content;
}

const char *xml_attr(const struct xml_node *node, const char *name)
{
	const xmlAttr *attr = node ? _in(node)->properties : NULL;

	for (; attr; attr = attr->next)
		if (!attr->ns && !strcmp((const char *) attr->name, name))
			return _attr_value(attr);
	return NULL;
}

const char *xml_type(const struct xml_node *node)
{
	const xmlAttr *attr = node ? _in(node)->properties : NULL;
	const char *value, *colon;

	for (; attr; attr = attr->next) {
		if (!attr->ns || strcmp((const char *) attr->name, "type") ||
		    strcmp((const char *) attr->ns->href, XSI))
			continue;
		value = _attr_value(attr);
		colon = strchr(value, ':');
		return colon ? colon + 1 : value;
	}
	return "";
}

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
