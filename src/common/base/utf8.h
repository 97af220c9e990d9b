/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8 - text of other programs made fit for JSON, whose readers refuse
 * what is not UTF-8 (RFC 3629).
 */
#ifndef SCLONE_BASE_UTF8_H
#define SCLONE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the len bytes are UTF-8 without NUL: no overlong forms, no
 * surrogates, nothing past U+10FFFF. */
bool utf8_is_valid(const char *text, size_t len);

/* A copy in which each byte that does not belong became '?'; the caller frees
 * it. NULL when out of memory. */
char *utf8_clean(const char *text, size_t len);

#endif
