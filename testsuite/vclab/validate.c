/* SPDX-License-Identifier: GPL-2.0-or-later */
/* validate - requests against the schema; see validate.h. */
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/parse.h"
#include "validate.h"
#include "xn.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define XSD "http://www.w3.org/2001/XMLSchema"
#define DEPTH_MAX 24

struct check {
	int version;
	int depth;
	struct fault *fault;
};

static int _value(struct check *check, xmlNode *node,
		  const struct schema_type *type);

static const char *_name(const xmlNode *node)
{
	return (const char *) node->name;
}

static bool _blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* One text node, or none. */
static void _join_text(xmlNode *node)
{
	xmlChar *text;
	xmlChar *escaped;

	if (!node->children ||
	    (!node->children->next && node->children->type == XML_TEXT_NODE))
		return;
	text = xmlNodeGetContent(node);
	escaped = xmlEncodeSpecialChars(node->doc, text);
	xmlNodeSetContent(node, escaped);
	xmlFree(escaped);
	xmlFree(text);
}

static int _attributes(struct check *check, const xmlNode *node, bool ref)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		const char *name = (const char *) a->name;

		if (a->ns && strcmp((const char *) a->ns->href, XSI) == 0 &&
		    strcmp(name, "type") == 0)
			continue;
		if (ref && !a->ns && (strcmp(name, "type") == 0 ||
				      strcmp(name, "serverGuid") == 0))
			continue;
		return fault_request(check->fault,
				     "unexpected attribute %s of element %s",
				     name, _name(node));
	}
	return 0;
}

/* The type xsi:type names, its prefix resolved; NULL with *present. */
static const struct schema_type *_xsi_type(xmlNode *node, bool *present)
{
	xmlAttr *a = xmlHasNsProp(node, (const xmlChar *) "type",
				  (const xmlChar *) XSI);
	const struct schema_type *type;
	const char *text;
	const char *colon;
	char prefix[32];
	const char *space;
	xmlNs *ns;

	*present = a != NULL;
	if (!a || !a->children || !a->children->content)
		return NULL;
	text = (const char *) a->children->content;
	colon = strchr(text, ':');
	(void) snprintf(prefix, sizeof(prefix), "%.*s",
			colon ? (int) (colon - text) : 0, text);
	ns = xmlSearchNs(node->doc, node,
			 colon ? (const xmlChar *) prefix : NULL);
	if (!ns)
		return NULL;
	space = (const char *) ns->href;
	type = schema_type(colon ? colon + 1 : text);
	if (!type)
		return NULL;
	if (strcmp(space, type->kind == SCHEMA_SCALAR ? XSD : VALIDATE_NS))
		return NULL;
	return type;
}

static int _integer(const char *text, int64_t min, int64_t max)
{
	struct err err = ERR_INIT;
	int64_t value;

	return parse_i64(*text == '+' ? text + 1 : text, min, max, &value,
			 &err);
}

/* YYYY-MM-DDThh:mm:ss, whatever follows. */
static int _date_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";

	for (size_t i = 0; form[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return -1;
	}
	return 0;
}

static int _lexical(const char *type, const char *text)
{
	if (strcmp(type, "boolean") == 0)
		return !strcmp(text, "true") || !strcmp(text, "false") ||
		       !strcmp(text, "0") || !strcmp(text, "1") ? 0 : -1;
	if (strcmp(type, "int") == 0)
		return _integer(text, INT32_MIN, INT32_MAX);
	if (strcmp(type, "long") == 0)
		return _integer(text, INT64_MIN, INT64_MAX);
	if (strcmp(type, "short") == 0)
		return _integer(text, INT16_MIN, INT16_MAX);
	if (strcmp(type, "byte") == 0)
		return _integer(text, INT8_MIN, INT8_MAX);
	if (strcmp(type, "dateTime") == 0)
		return _date_time(text);
	if (strcmp(type, "double") == 0 || strcmp(type, "float") == 0)
		return *text &&
		       text[strspn(text, "+-.0123456789eEINFa")] == '\0' ? 0
									  : -1;
	return 0;	/* string, anyURI, base64Binary */
}

static int _leaf(struct check *check, xmlNode *node,
		 const struct schema_type *type)
{
	const char *text;

	if (xn_first(node))
		return fault_request(check->fault,
				     "element %s may not hold elements",
				     _name(node));
	_join_text(node);
	text = xn_text(node);
	if (type->kind == SCHEMA_ENUM) {
		for (int i = 0; type->values[i]; i++) {
			if (strcmp(type->values[i], text) == 0)
				return 0;
		}
		return fault_request(check->fault, "%s: no %s is called '%s'",
				     _name(node), type->name, text);
	}
	if (_lexical(type->name, text) == 0)
		return 0;
	return fault_request(check->fault, "%s: '%.40s' is no xsd:%s",
			     _name(node), text, type->name);
}

static int _reference(struct check *check, xmlNode *node,
		      const struct schema_type *type)
{
	const char *name = xn_ref_type(node);
	const struct schema_type *have = schema_type(name);

	if (xn_first(node))
		return fault_request(check->fault,
				     "element %s is a reference and may not "
				     "hold elements", _name(node));
	_join_text(node);
	if (!have || have->kind != SCHEMA_MANAGED)
		return fault_request(check->fault, "%s: type \"%s\" is no "
				     "managed object type", _name(node), name);
	if (!schema_is_a(have, type))
		return fault_request(check->fault,
				     "%s: a %s is needed, not a %s",
				     _name(node), type->name, name);
	if (*xn_text(node) == '\0')
		return fault_request(check->fault, "%s: empty reference",
				     _name(node));
	return 0;
}

static int _stray(struct check *check, const xmlNode *node)
{
	for (const xmlNode *n = node->children; n; n = n->next) {
		if (n->type == XML_ELEMENT_NODE ||
		    n->type == XML_COMMENT_NODE)
			continue;
		if (n->type == XML_TEXT_NODE &&
		    _blank((const char *) n->content))
			continue;
		return fault_request(check->fault, "text inside element %s",
				     _name(node));
	}
	return 0;
}

static int _namespace(struct check *check, const xmlNode *node)
{
	if (node->ns &&
	    strcmp((const char *) node->ns->href, VALIDATE_NS) == 0)
		return 0;
	return fault_request(check->fault, "element %s is not in %s",
			     _name(node), VALIDATE_NS);
}

/* The elements from *child on that field allows. */
static int _field(struct check *check, const xmlNode *parent,
		  const struct schema_field *field, xmlNode **child)
{
	const struct schema_type *type = &schema_types[field->type];
	int count = 0;

	while (*child && strcmp(_name(*child), field->name) == 0) {
		if (count > 0 && !(field->flags & SCHEMA_ARRAY))
			break;
		if (check->version < field->version)
			return fault_request(check->fault,
					     "element %s is newer than the "
					     "client's release", field->name);
		if (_namespace(check, *child) < 0 ||
		    _value(check, *child, type) < 0)
			return -1;
		count++;
		*child = (xmlNode *) xn_next(*child);
	}
	if (count == 0 && !(field->flags & SCHEMA_OPTIONAL))
		return fault_request(check->fault,
				     "element %s of %s is missing or not in "
				     "its place", field->name, _name(parent));
	return 0;
}

static int _sequence(struct check *check, const xmlNode *parent,
		     xmlNode *child, const struct schema_field *fields,
		     int nfields)
{
	for (int i = 0; i < nfields; i++) {
		if (_field(check, parent, &fields[i], &child) < 0)
			return -1;
	}
	if (child)
		return fault_request(check->fault,
				     "element %s of %s is unknown or not in "
				     "its place", _name(child),
				     _name(parent));
	return 0;
}

static int _actual_type(struct check *check, xmlNode *node,
			const struct schema_type **type)
{
	bool present;
	const struct schema_type *given = _xsi_type(node, &present);
	bool any = strcmp((*type)->name, "anyType") == 0;

	if (present && !given)
		return fault_request(check->fault,
				     "%s: xsi:type names no type",
				     _name(node));
	if (!given && (any || (*type)->abstract))
		return fault_request(check->fault,
				     "%s: xsi:type is needed for %s",
				     _name(node), (*type)->name);
	if (!given)
		return 0;
	if (given->abstract || (!any && !schema_is_a(given, *type)))
		return fault_request(check->fault, "%s: a %s cannot be a %s",
				     _name(node), given->name,
				     (*type)->name);
	*type = given;
	return 0;
}

static int _data(struct check *check, xmlNode *node,
		 const struct schema_type *type)
{
	int rc;

	if (check->depth >= DEPTH_MAX)
		return fault_request(check->fault, "too many levels");
	if (_stray(check, node) < 0)
		return -1;
	check->depth++;
	rc = _sequence(check, node, (xmlNode *) xn_first(node), type->fields,
		       type->nfields);
	check->depth--;
	return rc;
}

static int _value(struct check *check, xmlNode *node,
		  const struct schema_type *type)
{
	if (_attributes(check, node, type->kind == SCHEMA_MANAGED) < 0)
		return -1;
	if (type->kind == SCHEMA_MANAGED)
		return _reference(check, node, type);
	if (_actual_type(check, node, &type) < 0)
		return -1;
	return type->kind == SCHEMA_DATA ? _data(check, node, type)
					 : _leaf(check, node, type);
}

int validate_call(xmlNode *call, const struct schema_method *method,
		  int version, struct fault *fault)
{
	struct check check = { version, 0, fault };
	xmlNode *self = (xmlNode *) xn_first(call);

	if (_attributes(&check, call, false) < 0 || _stray(&check, call) < 0)
		return -1;
	if (!self || !xn_is(self, "_this"))
		return fault_request(fault, "%s does not begin with _this",
				     _name(call));
	if (_namespace(&check, self) < 0 ||
	    _attributes(&check, self, true) < 0 ||
	    _reference(&check, self, &schema_types[method->owner]) < 0)
		return -1;
	return _sequence(&check, call, (xmlNode *) xn_next(self),
			 method->params, method->nparams);
}
