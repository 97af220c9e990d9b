/* SPDX-License-Identifier: GPL-2.0-or-later */
/* members - strict reading of an object's members. PROTOCOL with the key. */
#ifndef SCLONE_GUEST_MEMBERS_H
#define SCLONE_GUEST_MEMBERS_H

#include "common/base/err.h"
#include "common/base/json.h"

/* Whether the object has only keys of this list, which ends with NULL, and
 * no null. */
int members_known(const struct json *json, const char *const *known,
		  struct err *err);

/* The elements of an optional array of strings, at most max; *count is 0
 * without it. */
int members_strings(const struct json *json, const char *key, size_t max,
		    const struct json **list, unsigned *count,
		    struct err *err);

#endif
