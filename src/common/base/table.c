/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open addressing over an array of entries kept in order of insertion. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define FIRST_SLOTS 16		/* a power of two */
#define SLOT_EMPTY 0		/* slots hold entry index + 1 */

struct entry {
	char *key;		/* NULL: taken */
	void *value;
	uint64_t hash;
};

struct table {
	size_t max, count;
	void (*free_value)(void *);
	struct entry *entries;
	size_t used;		/* entries in use or taken */
	size_t room;		/* entries allocated */
	uint32_t *slots;
	size_t slot_count;	/* a power of two: 2 * room */
};

/* FNV-1a; keys are names from configuration and servers we log in to. */
static uint64_t _hash(const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *key; key++)
		hash = (hash ^ (unsigned char) *key) *
		       UINT64_C(0x100000001b3);
	return hash;
}

struct table *table_create(size_t max, void (*free_value)(void *))
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->max = max;
	table->free_value = free_value;
	return table;
}

static void _free_value(struct table *table, void *value)
{
	if (table->free_value)
		table->free_value(value);
}

void table_destroy(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->used; i++) {
		if (!table->entries[i].key)
			continue;
		free(table->entries[i].key);
		_free_value(table, table->entries[i].value);
	}
	free(table->entries);
	free(table->slots);
	free(table);
}

static struct entry *_find(const struct table *table, const char *key)
{
	uint64_t hash = _hash(key);
	size_t mask = table->slot_count - 1;

	if (!table->slot_count)
		return NULL;
	for (size_t i = hash & mask; table->slots[i] != SLOT_EMPTY;
	     i = (i + 1) & mask) {
		struct entry *entry = &table->entries[table->slots[i] - 1];

		if (entry->key && entry->hash == hash &&
		    !strcmp(entry->key, key))
			return entry;
	}
	return NULL;
}

static void _link(struct table *table, size_t index)
{
	size_t mask = table->slot_count - 1;
	size_t i = table->entries[index].hash & mask;

	while (table->slots[i] != SLOT_EMPTY)
		i = (i + 1) & mask;
	table->slots[i] = (uint32_t) index + 1;
}

/* Drop taken entries and rebuild the slots, with room for one more. */
static int _rebuild(struct table *table)
{
	size_t room = FIRST_SLOTS / 2, kept = 0;
	struct entry *entries;
	uint32_t *slots;

	while (room < 2 * (table->count + 1))
		room *= 2;
	entries = calloc(room, sizeof(*entries));
	slots = calloc(2 * room, sizeof(*slots));
	if (!entries || !slots) {
		free(entries);
		free(slots);
		return -1;
	}
	for (size_t i = 0; i < table->used; i++)
		if (table->entries[i].key)
			entries[kept++] = table->entries[i];
	free(table->entries);
	free(table->slots);
	table->entries = entries;
	table->used = kept;
	table->room = room;
	table->slots = slots;
	table->slot_count = 2 * room;
	for (size_t i = 0; i < kept; i++)
		_link(table, i);
	return 0;
}

void *table_get(const struct table *table, const char *key)
{
	struct entry *entry = _find(table, key);

	return entry ? entry->value : NULL;
}

int table_set(struct table *table, const char *key, void *value,
	      struct err *err)
{
	struct entry *entry = _find(table, key);
	char *copy;

	if (entry) {
		_free_value(table, entry->value);
		entry->value = value;
		return 0;
	}
	if (table->count >= table->max)
		return err_set(err, ERR_BUSY, "more than %zu entries",
			       table->max);
	copy = strdup(key);
	if (!copy || (table->used == table->room && _rebuild(table) < 0)) {
		free(copy);
		return err_nomem(err);
	}
	table->entries[table->used] =
		(struct entry) { copy, value, _hash(key) };
	_link(table, table->used++);
	table->count++;
	return 0;
}

void *table_take(struct table *table, const char *key)
{
	struct entry *entry = _find(table, key);
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	free(entry->key);
	entry->key = NULL;
	table->count--;
	return value;
}

size_t table_count(const struct table *table)
{
	return table->count;
}

void *table_next(const struct table *table, size_t *pos, const char **key)
{
	while (*pos < table->used) {
		const struct entry *entry = &table->entries[(*pos)++];

		if (!entry->key)
			continue;
		if (key)
			*key = entry->key;
		return entry->value;
	}
	return NULL;
}
