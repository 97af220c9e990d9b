/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what vCenter and others send, writing what it must understand. */
#include <stdlib.h>
#include <string.h>

#include "common/vim25/xml.h"
#include "tap.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

static struct xml *_parse(const char *text, struct err *err)
{
	return xml_parse(text, strlen(text), err);
}

static void _is_refused(const char *text, const char *what)
{
	struct err err = ERR_INIT;
	struct xml *xml = _parse(text, &err);

	ok(!xml && err.code == ERR_PROTOCOL, "%s: refused (%s)", what,
	   err.text);
	xml_destroy(xml);
}

static void _type_is(const char *text, const char *want, const char *what)
{
	struct err err = ERR_INIT;
	cleanup_xml struct xml *xml = _parse(text, &err);

	if (!xml)
		diag("%s", err.text);
	is_str(xml_type(xml_root(xml)), want, what);
}

static void _test_types(void)
{
	_type_is("<v xmlns:xsi='" XSI "' xsi:type='xsd:string'/>", "string",
		 "type by the usual prefix");
	_type_is("<v xmlns:XMLSchema-instance='" XSI "'"
		 " XMLSchema-instance:type='TaskInfoState'/>",
		 "TaskInfoState", "type by a long prefix");
	_type_is("<v type='no' xmlns:a='urn:a' a:type='no'/>", "",
		 "other attributes named type are none");
	_is_refused("<v xsi:type='x'/>", "an undeclared prefix");
}

static void _test_reading(void)
{
	struct err err = ERR_INIT;
	cleanup_xml struct xml *xml = _parse(
		"<?xml version='1.0'?><!-- c --><p:a xmlns:p='urn:p'>\n"
		"<?pi x?><p:b k='v&amp;&lt;&#38;#38;'>one<!-- c --> &amp; "
		"<![CDATA[<two>]]>"
		"&#34;</p:b><b>2</b><c/></p:a>", &err);
	const struct xml_node *root = xml_root(xml), *b;

	is_str(xml_name(root), "a", "local name");
	b = xml_child(root, "b");
	is_str(xml_text(b), "one & <two>\"",
	       "text goes on over comments, entities and CDATA");
	is_str(xml_attr(b, "k"), "v&<&#38;", "attribute");
	ok(!xml_attr(b, "none"), "no such attribute");
	b = xml_next(b, "b");
	is_str(xml_text(b), "2", "next sibling, another name space");
	ok(!xml_next(b, "b"), "no more");
	is_str(xml_name(xml_next(b, NULL)), "c", "next of any name");
	is_str(xml_text(xml_next(b, NULL)), "", "empty element, empty text");
	ok(!xml_child_text(root, "d"), "no such child");
	ok(!xml_child(xml_child(xml_child(NULL, "x"), "y"), "z"),
	   "paths through nothing lead to nothing");
}

/* Text in so many pieces must neither be lost nor cost the square of it. */
static void _test_long_text(void)
{
	const size_t pieces = 1000000;
	cleanup_buf struct buf buf;
	cleanup_xml struct xml *xml = NULL;
	const char *text;

	buf_init(&buf, 8 * pieces);
	buf_puts(&buf, "<a>");
	for (size_t i = 0; i < pieces; i++)
		buf_puts(&buf, "x&amp;");
	buf_puts(&buf, "<b/>lost</a>");
	xml = xml_parse(buf_str(&buf), buf.len, NULL);
	text = xml_text(xml ? xml_root(xml) : NULL);
	is_int(strlen(text), 2 * pieces, "a text of a million pieces");
	ok(!strncmp(text, "x&x&", 4) && !strcmp(text + 2 * pieces - 2, "x&"),
	   "from its beginning to the first child element");
}

static char *_nested(int depth)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	for (int i = 0; i < depth; i++)
		buf_puts(&buf, "<a>");
	for (int i = 0; i < depth; i++)
		buf_puts(&buf, "</a>");
	return buf_steal(&buf);
}

static void _test_hostile(void)
{
	static const char good[] = "<a x='1'><b>t&amp;</b><c/></a>";
	cleanup_free char *deep = _nested(XML_DEPTH_MAX + 1);
	cleanup_free char *fits = _nested(XML_DEPTH_MAX);
	cleanup_xml struct xml *xml = NULL;
	unsigned refused = 0;

	for (size_t len = 0; len < sizeof(good) - 1; len++) {
		struct xml *cut = xml_parse(good, len, NULL);

		refused += !cut;
		xml_destroy(cut);
	}
	is_int(refused, sizeof(good) - 1, "cut at every byte: refused");
	_is_refused("<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>"
		    "<lolz>&b;</lolz>", "entities");
	_is_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
		    "an outside DTD");
	_is_refused("<!DOCTYPE html><html><body>Busy</body></html>", "HTML5");
	_is_refused("<a>&nbsp;</a>", "an unknown entity");
	_is_refused("<a>\xff\xfe</a>", "bytes that are not UTF-8");
	_is_refused("<a></a><b/>", "two roots");
	_is_refused(deep, "too deep");
	xml = _parse(fits, NULL);
	ok(xml, "%d levels are taken", XML_DEPTH_MAX);
}

/* 16 MB of the smallest elements would be 300 MB of nodes. */
static void _test_amplified(void)
{
	const size_t count = 4000000;
	cleanup_buf struct buf buf;
	cleanup_xml struct xml *xml = NULL;
	struct err err = ERR_INIT;

	buf_init(&buf, 4 * count + 16);
	buf_puts(&buf, "<a>");
	for (size_t i = 0; i < count; i++)
		buf_puts(&buf, "<b/>");
	buf_puts(&buf, "</a>");
	xml = xml_parse(buf_str(&buf), buf.len, &err);
	ok(!xml && err.code == ERR_PROTOCOL, "elements beyond all measure");
	has_str(err.text, "more than 256 MiB", "say so");
}

static void _writes(const char *text, const char *want)
{
	struct buf buf;

	buf_init(&buf, 1000);
	xml_put(&buf, "a", text);
	if (want)
		is_str(buf.failed ? NULL : buf_str(&buf), want, "written");
	else
		ok(buf.failed, "not writable: refused");
	buf_free(&buf);
}

static void _test_writing(void)
{
	_writes("{\"h\":\"a&<>\"}", "<a>{&quot;h&quot;:&quot;a&amp;&lt;&gt;"
		"&quot;}</a>");
	_writes("a\tb\nc\rd", "<a>a\tb\nc&#13;d</a>");
	_writes("gr\xc3\xbc\xc3\x9f", "<a>gr\xc3\xbc\xc3\x9f</a>");
	_writes("a\x01", NULL);
	_writes("a\x1b[0m", NULL);
	_writes("\xff", NULL);
	_writes("\xef\xbf\xbf", NULL);
}

int main(void)
{
	_test_types();
	_test_reading();
	_test_long_text();
	_test_hostile();
	_test_amplified();
	_test_writing();
	return done_testing();
}
