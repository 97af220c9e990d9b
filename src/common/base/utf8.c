/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Length of the sequence at p with n bytes left; 0 when it is none. */
static size_t _sequence(const uint8_t *p, size_t n)
{
	static const uint8_t least[] = { 0, 1, 0xc2, 0xe0, 0xf0 };
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (len > n || p[0] < least[len] || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

bool utf8_is_valid(const char *text, size_t len)
{
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		step = _sequence((const uint8_t *) text + i, len - i);
		if (!step)
			return false;
	}
	return true;
}

char *utf8_clean(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	size_t step;

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < len; i += step) {
		step = _sequence((const uint8_t *) copy + i, len - i);
		if (!step) {
			copy[i] = '?';
			step = 1;
		}
	}
	return copy;
}
