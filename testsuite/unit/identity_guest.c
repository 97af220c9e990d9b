/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "guest/identity.h"
#include "identity_guest.h"

int identity_guest_read(const char *text, size_t len, const char *node,
			struct err *err)
{
	struct identity id;

	if (identity_parse(text, len, &id, err) < 0)
		return -1;
	return strcmp(id.node, node) ? err_set(err, ERR_FATAL, "for %s",
					       id.node) : 0;
}
