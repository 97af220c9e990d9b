/* SPDX-License-Identifier: GPL-2.0-or-later */
/* members - see members.h. */
#include <string.h>

#include "members.h"

int members_known(const struct json *json, const char *const *known,
		  struct err *err)
{
	const struct json *value;
	const char *key;
	size_t pos = 0;

	while (json_next(json, &pos, &key, &value)) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return err_set(err, ERR_PROTOCOL, "unknown key %s",
				       key);
		if (!value)
			return err_set(err, ERR_PROTOCOL, "%s is null", key);
	}
	return 0;
}

int members_strings(const struct json *json, const char *key, size_t max,
		    const struct json **list, unsigned *count,
		    struct err *err)
{
	*list = json_get(json, key);
	*count = 0;
	if (!*list)
		return 0;
	if (!json_is_array(*list))
		return err_set(err, ERR_PROTOCOL, "%s is not an array", key);
	if (json_count(*list) > max)
		return err_set(err, ERR_PROTOCOL, "%s has more than %zu", key,
			       max);
	for (size_t i = 0; i < json_count(*list); i++)
		if (!json_str(json_at(*list, i)))
			return err_set(err, ERR_PROTOCOL,
				       "%s has an element that is no string",
				       key);
	*count = (unsigned) json_count(*list);
	return 0;
}
