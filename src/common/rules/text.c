/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "text.h"

void text_copy(char *to, size_t size, const char *from)
{
	if (!size)
		return;
	*to = '\0';
	text_add(to, size, from);
}

/* A byte of a UTF-8 character that is not its first (RFC 3629). */
static bool _is_inside(char byte)
{
	return ((unsigned char) byte & 0xc0) == 0x80;
}

void text_add(char *to, size_t size, const char *from)
{
	size_t len = strnlen(to, size);

	for (; from && *from && len + 1 < size; from++) {
		unsigned char c = (unsigned char) *from;

		to[len++] = (c < 0x20 || c == 0x7f) ? '?' : *from;
	}
	if (from && _is_inside(*from)) {	/* cut within a character */
		while (len && _is_inside(to[len - 1]))
			len--;
		len -= len > 0;
	}
	if (len < size)
		to[len] = '\0';
}

void text_add_number(char *to, size_t size, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number);
	text_add(to, size, digits + at);
}

bool text_fits(const char *from, size_t size)
{
	return !from || strnlen(from, size) < size;
}

bool text_lists(const char *list, const char *item)
{
	size_t len = strlen(item);

	for (; *list; list += *list == ',') {
		size_t word = strcspn(list, ",");

		if (word == len && !strncmp(list, item, len))
			return true;
		list += word;
	}
	return false;
}

bool text_same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}
