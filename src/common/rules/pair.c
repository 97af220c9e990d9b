/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/parse.h"
#include "pair.h"

void pair_put_text(struct buf *out, const char *key, const char *value)
{
	if (!*value)
		return;
	buf_printf(out, " %s=", key);
	for (; *value; value++) {
		unsigned char c = (unsigned char) *value;

		if (c > 0x20 && c != 0x7f && c != '%')
			buf_putc(out, *value);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void pair_put_number(struct buf *out, const char *key, uint64_t value)
{
	if (value)
		buf_printf(out, " %s=%llu", key, (unsigned long long) value);
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
