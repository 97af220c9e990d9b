/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/table.h"
#include "record.h"
#include "text.h"
#include "chains.h"

/* Two different users are enough to name one that is not the asker. */
struct users {
	char one[RECORD_MOREF_SIZE];
	char two[RECORD_MOREF_SIZE];
};

struct chains {
	struct table *files;
};

struct chains *chains_create(size_t max_files)
{
	cleanup_chains struct chains *chains = calloc(1, sizeof(*chains));

	if (!chains)
		return NULL;
	chains->files = table_create(max_files, free);
	return chains->files ? steal_ptr(&chains) : NULL;
}

void chains_destroy(struct chains *chains)
{
	if (!chains)
		return;
	table_destroy(chains->files);
	free(chains);
}

int chains_add(struct chains *chains, const char *vm, const char *path,
	       struct err *err)
{
	cleanup_free struct users *fresh = NULL;
	struct users *users;

	if (!vm || !*vm || !path || !*path ||
	    !text_fits(vm, sizeof(users->one)))
		return err_set(err, ERR_CONFIG, "a disk file without name "
			       "or VM");
	users = table_get(chains->files, path);
	if (users) {
		if (!*users->two && !text_same(users->one, vm))
			text_set(users->two, vm);
		return 0;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return err_nomem(err);
	text_set(fresh->one, vm);
	if (table_set(chains->files, path, fresh, err) < 0)
		return -1;
	fresh = NULL;	/* the table's */
	return 0;
}

const char *chains_user(const struct chains *chains, const char *path,
			const char *own)
{
	const struct users *users = table_get(chains->files, path);

	if (!users)
		return NULL;
	if (!text_same(users->one, own))
		return users->one;
	return *users->two ? users->two : NULL;
}
