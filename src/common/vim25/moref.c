/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moref.h"

int moref_set(struct moref *ref, const char *type, const char *id,
	      struct err *err)
{
	size_t type_len = strlen(type), id_len = strlen(id);

	if (!type_len || type_len >= MOREF_TYPE_SIZE || !id_len ||
	    id_len >= MOREF_ID_SIZE)
		return err_set(err, ERR_PROTOCOL,
			       "not an object reference: '%.40s:%.40s'", type,
			       id);
	memcpy(ref->type, type, type_len + 1);
	memcpy(ref->id, id, id_len + 1);
	return 0;
}
