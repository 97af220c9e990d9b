/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/table.h"
#include "refs.h"

#define KEY_SIZE (MOREF_TYPE_SIZE + MOREF_ID_SIZE)

struct refs {
	size_t max;
	struct table *waiting;	/* by "Type:id", which says it all */
	struct moref *told;
	size_t n_told;
};

static void _key(const struct moref *ref, char *key)
{
	snprintf(key, KEY_SIZE, "%s:%s", ref->type, ref->id);
}

static void _parse(const char *key, struct moref *ref)
{
	snprintf(ref->type, sizeof(ref->type), "%.*s",
		 (int) strcspn(key, ":"), key);
	snprintf(ref->id, sizeof(ref->id), "%s", strchr(key, ':') + 1);
}

struct refs *refs_create(size_t max)
{
	struct refs *refs = calloc(1, sizeof(*refs));

	if (!refs)
		return NULL;
	refs->max = max;
	refs->waiting = table_create(max, NULL);
	if (!refs->waiting) {
		free(refs);
		return NULL;
	}
	return refs;
}

void refs_destroy(struct refs *refs)
{
	if (!refs)
		return;
	table_destroy(refs->waiting);
	free(refs->told);
	free(refs);
}

int refs_add(struct refs *refs, const struct moref *ref, struct err *err)
{
	char key[KEY_SIZE];

	_key(ref, key);
	return table_set(refs->waiting, key, refs, err);
}

bool refs_take(struct refs *refs, const struct moref *ref)
{
	char key[KEY_SIZE];

	_key(ref, key);
	return table_take(refs->waiting, key) != NULL;
}

size_t refs_waiting(const struct refs *refs)
{
	return table_count(refs->waiting);
}

bool refs_meet(const struct refs *a, const struct refs *b)
{
	const char *key;
	size_t pos = 0;

	if (refs_waiting(b) < refs_waiting(a))
		return refs_meet(b, a);
	while (table_next(a->waiting, &pos, &key))
		if (table_get(b->waiting, key))
			return true;
	return false;
}

int refs_tell(struct refs *refs, size_t max, struct err *err)
{
	size_t count = refs_waiting(refs), pos = 0;
	const char *key;

	if (count > max)
		count = max;
	if (!count)
		return 0;
	refs->told = calloc(count, sizeof(*refs->told));
	if (!refs->told)
		return err_nomem(err);
	while (refs->n_told < count &&
	       table_next(refs->waiting, &pos, &key)) {
		_parse(key, &refs->told[refs->n_told++]);
		(void) table_take(refs->waiting, key);
	}
	return 0;
}

const struct moref *refs_told(const struct refs *refs, size_t *count)
{
	*count = refs->n_told;
	return refs->told;
}

void refs_arrived(struct refs *refs)
{
	free(steal_ptr(&refs->told));
	refs->n_told = 0;
}

void refs_return(struct refs *refs)
{
	/* Out of memory: as if it had never been asked for. */
	for (size_t i = 0; i < refs->n_told; i++)
		(void) refs_add(refs, &refs->told[i], NULL);
	refs_arrived(refs);
}

void refs_clear(struct refs *refs)
{
	const char *key;
	size_t pos = 0;

	while (table_next(refs->waiting, &pos, &key))
		(void) table_take(refs->waiting, key);
	refs_arrived(refs);
}
