/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text - bounded C strings in fixed fields, for records and reasons.
 *
 * What does not fit is cut, between characters; control characters become
 * '?', so that a hostile text cannot forge a line. Names and ids must not be
 * cut: check them with text_fits() first.
 */
#ifndef SCLONE_RULES_TEXT_H
#define SCLONE_RULES_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copy from (NULL is "") to size bytes; always NUL-terminated. */
void text_copy(char *to, size_t size, const char *from);

/* Append to the text that is in to already. */
void text_add(char *to, size_t size, const char *from);

/* Append a decimal number. */
void text_add_number(char *to, size_t size, uint64_t number);

/* from (NULL is "") and its NUL fit into size bytes. */
bool text_fits(const char *from, size_t size);

/* Whether a comma-separated list has that item. */
bool text_lists(const char *list, const char *item);

/* Both NULL-safe; NULL equals "". */
bool text_same(const char *a, const char *b);

/* For arrays. */
#define text_set(field, from) text_copy((field), sizeof(field), (from))

#endif
