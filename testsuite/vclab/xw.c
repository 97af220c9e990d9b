/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xw - XML output; see xw.h. */
#include <inttypes.h>

#include "common/base/clock.h"
#include "xw.h"

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
		return c < 0x20 && c != '\n' && c != '\t' ? "?" : NULL;
	}
}

void xw_text(struct buf *out, const char *text)
{
	const char *start = text;
	const char *p;

	for (p = text; *p; p++) {
		const char *escape = _escape((unsigned char) *p);

		if (!escape)
			continue;
		buf_add(out, start, (size_t) (p - start));
		buf_puts(out, escape);
		start = p + 1;
	}
	buf_add(out, start, (size_t) (p - start));
}

void xw_open(struct buf *out, const char *tag)
{
	buf_putc(out, '<');
	buf_puts(out, tag);
	buf_putc(out, '>');
}

void xw_open_as(struct buf *out, const char *tag, const char *type)
{
	if (!type) {
		xw_open(out, tag);
		return;
	}
	buf_putc(out, '<');
	buf_puts(out, tag);
	buf_puts(out, " xsi:type=\"");
	buf_puts(out, type);
	buf_puts(out, "\">");
}

void xw_close(struct buf *out, const char *tag)
{
	buf_puts(out, "</");
	buf_puts(out, tag);
	buf_putc(out, '>');
}

void xw_str(struct buf *out, const char *tag, const char *text)
{
	xw_str_as(out, tag, NULL, text);
}

void xw_str_as(struct buf *out, const char *tag, const char *type,
	       const char *text)
{
	if (!text)
		return;
	xw_open_as(out, tag, type);
	xw_text(out, text);
	xw_close(out, tag);
}

void xw_int(struct buf *out, const char *tag, int64_t value)
{
	xw_open(out, tag);
	buf_printf(out, "%" PRId64, value);
	xw_close(out, tag);
}

void xw_bool(struct buf *out, const char *tag, bool value)
{
	xw_str(out, tag, value ? "true" : "false");
}

void xw_time(struct buf *out, const char *tag, int64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_print(wall_us, text);
	xw_str(out, tag, text);
}

void xw_ref(struct buf *out, const char *tag, const char *type,
	    const char *id)
{
	if (!id)
		return;
	buf_putc(out, '<');
	buf_puts(out, tag);
	buf_puts(out, " type=\"");
	buf_puts(out, type);
	buf_puts(out, "\">");
	xw_text(out, id);
	xw_close(out, tag);
}

void xw_option(struct buf *out, const char *key, const char *value)
{
	xw_str(out, "key", key);
	xw_str_as(out, "value", "xsd:string", value);
}
