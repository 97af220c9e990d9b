/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ancestry.h"
#include "facts.h"
#include "hand.h"
#include "neighbours.h"

struct neighbours {
	struct executor *executor;
	struct moref folder;
	struct moref stores[NEIGHBOURS_STORES_MAX];
	size_t store_count;
	size_t next;		/* store to be listed */
	struct tenants *tenants;
	char unreadable[MOREF_ID_SIZE];
	struct property_query *query;
	neighbours_done_fn *done;
	void *arg;
};

/* --- which datastores --------------------------------------------------- */

static int _add_store(struct neighbours *neighbours, const struct moref *store,
		      struct err *err)
{
	for (size_t i = 0; i < neighbours->store_count; i++)
		if (moref_equal(&neighbours->stores[i], store))
			return 0;
	if (neighbours->store_count == NEIGHBOURS_STORES_MAX)
		return err_set(err, ERR_CAPACITY, "clones on more than %d "
			       "datastores", NEIGHBOURS_STORES_MAX);
	neighbours->stores[neighbours->store_count++] = *store;
	return 0;
}

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct moref stores[NEIGHBOURS_STORES_MAX];
	struct neighbours *neighbours = arg;
	size_t count;

	if (property_refs(object, "datastore", stores, NEIGHBOURS_STORES_MAX,
			  &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (_add_store(neighbours, &stores[i], err) < 0)
			return -1;
	return 0;
}

/* --- who is there ------------------------------------------------------- */

static bool _must_tell(const struct neighbours *neighbours,
		       const struct machine *machine)
{
	return moref_equal(&machine->parent, &neighbours->folder) ||
	       table_get(ancestry_vms(neighbours->executor->ancestry),
			 machine->ref.id);
}

static int _each_neighbour(const struct property_object *object, void *arg,
			   struct err *err)
{
	struct neighbours *neighbours = arg;
	struct machine machine;
	int whole;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	whole = facts_put_files(&machine, neighbours->tenants, err);
	if (whole == 0 && _must_tell(neighbours, &machine))
		memcpy(neighbours->unreadable, machine.ref.id,
		       sizeof(neighbours->unreadable));
	return whole < 0 ? -1 : 0;
}

static void _next_store(const struct err *failure, void *arg)
{
	static const struct property_spec plain = {
		.type = "VirtualMachine", .via = "vm", .lenient = true,
		.paths = facts_file_paths, .n_paths = FACTS_FILE_PATHS,
	};
	struct neighbours *neighbours = arg;
	struct property_spec spec = plain;
	struct err err = ERR_INIT;

	neighbours->query = NULL;
	if (failure || neighbours->next == neighbours->store_count) {
		neighbours->done(failure, neighbours->arg);
		return;
	}
	spec.from = &neighbours->stores[neighbours->next++];
	neighbours->query = property_read(neighbours->executor->session, &spec,
					  _each_neighbour, _next_store,
					  neighbours, &err);
	if (!neighbours->query)
		neighbours->done(&err, neighbours->arg);
}

/* --- the whole ---------------------------------------------------------- */

struct neighbours *neighbours_read(struct executor *executor,
				   const struct moref *machines, size_t count,
				   const struct moref *folder,
				   neighbours_done_fn *done, void *arg,
				   struct err *err)
{
	static const char *const paths[] = { "datastore" };
	struct property_spec spec = {
		.type = "VirtualMachine", .paths = paths, .n_paths = 1,
		.objects = machines, .n_objects = count, .lenient = true,
	};
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));

	if (!neighbours) {
		err_nomem(err);
		return NULL;
	}
	neighbours->executor = executor;
	neighbours->folder = *folder;
	neighbours->done = done;
	neighbours->arg = arg;
	neighbours->tenants = tenants_create(NEIGHBOURS_DIRS_MAX);
	if (!neighbours->tenants) {
		err_nomem(err);
		neighbours_destroy(neighbours);
		return NULL;
	}
	neighbours->query = property_read(executor->session, &spec,
					  _each_machine, _next_store,
					  neighbours, err);
	if (neighbours->query)
		return neighbours;
	neighbours_destroy(neighbours);
	return NULL;
}

void neighbours_destroy(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	property_cancel(neighbours->query);
	tenants_destroy(neighbours->tenants);
	free(neighbours);
}

const struct tenants *neighbours_tenants(const struct neighbours *neighbours)
{
	return neighbours->tenants;
}

const char *neighbours_unreadable(const struct neighbours *neighbours)
{
	return neighbours->unreadable;
}
