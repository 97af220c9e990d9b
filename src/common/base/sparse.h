/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sparse - a copy of plain data that is mostly zero, in little more memory
 * than the rest of it takes.
 *
 * For structs with many fixed texts that are empty most of the time: what
 * works on them stays simple, and keeping ten thousand of them costs what
 * they say and not what they could say.
 */
#ifndef SCLONE_BASE_SPARSE_H
#define SCLONE_BASE_SPARSE_H

#include <stddef.h>

struct sparse;

/* size is a multiple of 8 and at most 1 MiB; NULL when out of memory. Freed
 * with free(). */
struct sparse *sparse_pack(const void *data, size_t size);

/* Write the size bytes that were packed. */
void sparse_unpack(const struct sparse *sparse, void *data, size_t size);

/* The memory it takes. */
size_t sparse_size(const struct sparse *sparse);

#endif
