/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/table.h"
#include "breakers.h"

/* What there is, and as much that was before. */
#define TEMPLATES_MAX (2 * CONFIG_TEMPLATES_MAX)
#define SOURCES_MAX (2 * CONFIG_SOURCES_MAX)

struct entry {
	struct breaker breaker;
	bool used;
};

struct breakers {
	struct table *sources, *templates;
};

struct breakers *breakers_create(void)
{
	struct breakers *breakers = calloc(1, sizeof(*breakers));

	if (!breakers)
		return NULL;
	breakers->sources = table_create(SOURCES_MAX, free);
	breakers->templates = table_create(TEMPLATES_MAX, free);
	if (!breakers->sources || !breakers->templates) {
		breakers_destroy(breakers);
		return NULL;
	}
	return breakers;
}

void breakers_destroy(struct breakers *breakers)
{
	if (!breakers)
		return;
	table_destroy(breakers->sources);
	table_destroy(breakers->templates);
	free(breakers);
}

static struct breaker *_use(struct table *table, const char *name)
{
	struct entry *entry = table_get(table, name);

	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (!entry || table_set(table, name, entry, NULL) < 0) {
			free(entry);
			return NULL;
		}
	}
	entry->used = true;
	return &entry->breaker;
}

struct breaker *breakers_source(struct breakers *breakers, const char *path)
{
	return _use(breakers->sources, path);
}

struct breaker *breakers_template(struct breakers *breakers, const char *name)
{
	return _use(breakers->templates, name);
}

static void _prune(struct table *table)
{
	struct entry *entry;
	const char *name;
	size_t pos = 0;

	while ((entry = table_next(table, &pos, &name)) != NULL) {
		if (!entry->used)
			free(table_take(table, name));
		else
			entry->used = false;
	}
}

void breakers_prune(struct breakers *breakers)
{
	_prune(breakers->sources);
	_prune(breakers->templates);
}
