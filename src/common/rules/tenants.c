/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/table.h"
#include "record.h"
#include "text.h"
#include "tenants.h"

/* Two different ones are enough to name one that is not the asker. */
struct residents {
	char one[RECORD_MOREF_SIZE];
	char two[RECORD_MOREF_SIZE];
};

struct tenants {
	struct table *dirs;
};

struct tenants *tenants_create(size_t max_dirs)
{
	cleanup_tenants struct tenants *tenants = calloc(1, sizeof(*tenants));

	if (!tenants)
		return NULL;
	tenants->dirs = table_create(max_dirs, free);
	return tenants->dirs ? steal_ptr(&tenants) : NULL;
}

void tenants_destroy(struct tenants *tenants)
{
	if (!tenants)
		return;
	table_destroy(tenants->dirs);
	free(tenants);
}

size_t tenants_dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *close = strstr(path, "] ");

	if (*path != '[' || !close || !slash || slash < close + 3)
		return 0;
	return (size_t) (slash - path) + 1;
}

/* Its "[datastore] dir/"; -1 when it has none that fits. */
static int _dir(const char *path, char dir[TENANTS_DIR_SIZE])
{
	size_t len = tenants_dir_len(path);

	if (!len || len >= TENANTS_DIR_SIZE)
		return -1;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return 0;
}

int tenants_add(struct tenants *tenants, const char *vm, const char *path,
		struct err *err)
{
	cleanup_free struct residents *fresh = NULL;
	char dir[TENANTS_DIR_SIZE];
	struct residents *pair;

	if (!vm || !*vm || !text_fits(vm, sizeof(pair->one)))
		return err_set(err, ERR_CONFIG, "a file without VM");
	if (!tenants_dir_len(path))
		return 0;
	if (_dir(path, dir) < 0)
		return err_set(err, ERR_CONFIG, "%s: a path of more than %d "
			       "bytes", vm, TENANTS_DIR_SIZE);
	pair = table_get(tenants->dirs, dir);
	if (pair) {
		if (!*pair->two && !text_same(pair->one, vm))
			text_set(pair->two, vm);
		return 0;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return err_nomem(err);
	text_set(fresh->one, vm);
	if (table_set(tenants->dirs, dir, fresh, err) < 0)
		return -1;
	fresh = NULL;	/* the table's */
	return 0;
}

static const struct residents *_pair(const struct tenants *tenants,
				   const char *path)
{
	char dir[TENANTS_DIR_SIZE];

	return _dir(path, dir) < 0 ? NULL : table_get(tenants->dirs, dir);
}

bool tenants_has(const struct tenants *tenants, const char *path,
		 const char *vm)
{
	const struct residents *pair = _pair(tenants, path);

	return pair && (text_same(pair->one, vm) || text_same(pair->two, vm));
}

const char *tenants_other(const struct tenants *tenants, const char *path,
			  const char *own)
{
	const struct residents *pair = _pair(tenants, path);

	if (!pair)
		return NULL;
	if (!text_same(pair->one, own))
		return pair->one;
	return *pair->two ? pair->two : NULL;
}
