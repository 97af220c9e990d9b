/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * moref - a managed object reference: what vSphere calls an object by.
 *
 * Plain data, copied by value. The id is opaque; it is unique within one
 * vCenter and one type, and may be given to another object after a vCenter
 * was restored from a backup.
 */
#ifndef SCLONE_VIM25_MOREF_H
#define SCLONE_VIM25_MOREF_H

#include <stdbool.h>
#include <string.h>

#include "common/base/err.h"

#define MOREF_TYPE_SIZE 48
#define MOREF_ID_SIZE 128

struct moref {
	char type[MOREF_TYPE_SIZE];	/* "VirtualMachine", "Task" ... */
	char id[MOREF_ID_SIZE];		/* "vm-42" */
};

/* Set *ref; PROTOCOL when a part is empty or too long. */
int moref_set(struct moref *ref, const char *type, const char *id,
	      struct err *err);

static inline bool moref_is_set(const struct moref *ref)
{
	return ref->id[0] != '\0';
}

static inline bool moref_equal(const struct moref *a, const struct moref *b)
{
	return !strcmp(a->id, b->id) && !strcmp(a->type, b->type);
}

#endif
