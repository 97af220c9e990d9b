/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>

#include "common/base/parse.h"
#include "pair.h"

/* Journal lines are written by the thousand: no printf here. */

static void _put_key(struct buf *out, const char *key)
{
	buf_putc(out, ' ');
	buf_puts(out, key);
	buf_putc(out, '=');
}

static bool _is_plain(char c)
{
	unsigned char byte = (unsigned char) c;

	return byte > 0x20 && byte != 0x7f && byte != '%';
}

void pair_put_text(struct buf *out, const char *key, const char *value)
{
	const char *from = value;

	if (!*value)
		return;
	_put_key(out, key);
	for (; *value; value++) {
		if (_is_plain(*value))
			continue;
		buf_add(out, from, (size_t) (value - from));
		buf_printf(out, "%%%02X", (unsigned char) *value);
		from = value + 1;
	}
	buf_add(out, from, (size_t) (value - from));
}

void pair_put_number(struct buf *out, const char *key, uint64_t value)
{
	char digits[20];	/* of UINT64_MAX */
	size_t at = sizeof(digits);

	if (!value)
		return;
	for (; value; value /= 10)
		digits[--at] = (char) ('0' + value % 10);
	_put_key(out, key);
	buf_add(out, digits + at, sizeof(digits) - at);
}

int pair_decode(char *value)
{
	char *to = value;

	for (; *value; value++) {
		uint8_t byte = (uint8_t) *value;

		if (*value == '%') {
			char hex[3] = { value[1], value[1] ? value[2] : '\0' };

			if (parse_hex(hex, &byte, 1, NULL) < 0 || !byte)
				return -1;
			value += 2;
		}
		*to++ = (char) byte;
	}
	*to = '\0';
	return 0;
}
