/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats - see stats.h. */
#include <stdlib.h>

#include "lab.h"
#include "stats.h"

#define METHODS_MAX 200

struct stats *stats_create(void)
{
	struct stats *stats = lab_alloc(sizeof(*stats));

	stats->methods = table_create(METHODS_MAX, free);
	return stats;
}

void stats_destroy(struct stats *stats)
{
	if (!stats)
		return;
	table_destroy(stats->methods);
	free(stats);
}

void stats_call(struct stats *stats, const char *method)
{
	int64_t *count = table_get(stats->methods, method);
	struct err err = ERR_INIT;

	stats->requests++;
	if (!count) {
		count = lab_alloc(sizeof(*count));
		if (table_set(stats->methods, method, count, &err) < 0) {
			free(count);
			return;
		}
	}
	(*count)++;
}

void stats_reset(struct stats *stats)
{
	table_destroy(stats->methods);
	*stats = (struct stats) { .methods = table_create(METHODS_MAX, free) };
}

struct json *stats_json(const struct stats *stats)
{
	struct json *json = json_new_object();
	struct json *methods = json_new_object();
	const char *name;
	int64_t *count;
	size_t pos = 0;

	while ((count = table_next(stats->methods, &pos, &name)) != NULL)
		(void) json_put_int(methods, name, *count);
	(void) json_put_int(json, "requests", stats->requests);
	(void) json_put_int(json, "logins", stats->logins);
	(void) json_put_int(json, "failed_logins", stats->failed_logins);
	(void) json_put_int(json, "connections", stats->connections);
	(void) json_put(json, "methods", methods);
	return json;
}
