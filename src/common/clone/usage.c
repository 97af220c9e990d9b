/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "hand.h"
#include "usage.h"

#define BYTES_PER_MIB (INT64_C(1) << 20)

static const char *const paths[] = {
	"name", "summary.quickStats.hostMemoryUsage",
	"summary.storage.committed",
};

struct usage {
	struct usage_hooks hooks;
	struct property_query *query;
};

static int _each(const struct property_object *object, void *arg,
		 struct err *err)
{
	struct usage *usage = arg;
	struct usage_row row = { .name = NULL };

	if (property_str(object, paths[0], &row.name, err) < 0 ||
	    property_int(object, paths[1], SOURCE_UNTOLD, &row.memory,
			 err) < 0 ||
	    property_int(object, paths[2], SOURCE_UNTOLD, &row.space,
			 err) < 0)
		return -1;
	if (row.space >= 0)
		row.space /= BYTES_PER_MIB;
	if (row.name)
		usage->hooks.row(&row, usage->hooks.arg);
	return 0;
}

static void _done(const struct err *failure, void *arg)
{
	struct usage *usage = arg;
	struct usage_hooks hooks = usage->hooks;

	free(usage);
	hooks.done(failure, hooks.arg);
}

struct usage *usage_start(struct executor *executor,
			  const struct usage_hooks *hooks, struct err *err)
{
	const struct moref *folder = sources_folder(executor->sources);
	struct property_spec spec = {
		.type = "VirtualMachine", .paths = paths,
		.n_paths = sizeof(paths) / sizeof(*paths), .from = folder,
		.via = "childEntity", .lenient = true,
	};
	struct usage *usage;

	if (!folder) {
		err_set(err, ERR_TRANSIENT,
			"the clone folder is being looked for");
		return NULL;
	}
	usage = calloc(1, sizeof(*usage));
	if (!usage) {
		err_nomem(err);
		return NULL;
	}
	usage->hooks = *hooks;
	usage->query = property_read(executor->session, &spec, _each, _done,
				     usage, err);
	if (usage->query)
		return usage;
	free(usage);
	return NULL;
}

void usage_cancel(struct usage *usage)
{
	if (!usage)
		return;
	property_cancel(usage->query);
	free(usage);
}
