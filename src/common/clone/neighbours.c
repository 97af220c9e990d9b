/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "ancestry.h"
#include "facts.h"
#include "hand.h"
#include "neighbours.h"

#define VERSION_SIZE 96
#define DIRS_MAX 65536		/* bytes, of one VM */
#define PAGE_ROWS 2000		/* VMs in one reply: a row of each, or */
#define PAGE_WHOLE 200		/* all their files */

/* What is known of a VM. */
struct neighbour {
	char version[VERSION_SIZE];	/* it was read at; "": none is told */
	char *dirs;		/* each ends in NUL; an empty one is the end */
	bool whole;		/* they are all; else they are not kept */
	bool told;		/* it was there when it was read */
	bool must;		/* be readable */
	int64_t bare_since;	/* mono: it shows nothing; 0: it does */
	uint64_t seen;		/* the read that has listed it last */
};

struct neighbours {
	struct executor *executor;
	neighbours_done_fn *done;
	void *arg;

	struct table *known;	/* struct neighbour, by id */
	uint64_t number;	/* of this read */
	struct moref folder;
	struct moref stores[NEIGHBOURS_STORES_MAX];
	size_t store_count;
	size_t next;		/* store to be listed */
	struct moref *stale;	/* to be read whole */
	size_t stale_count, stale_room;
	size_t seen_count;
	struct tenants *tenants;
	char unreadable[MOREF_ID_SIZE];
	struct property_query *query;
};

static void _free_neighbour(void *value)
{
	struct neighbour *neighbour = value;

	free(neighbour->dirs);
	free(neighbour);
}

static void _end(struct neighbours *neighbours, const struct err *failure)
{
	neighbours->query = NULL;
	neighbours->done(failure, neighbours->arg);
}

/* Send a query; when it cannot be, that is the end. */
static void _send(struct neighbours *neighbours,
		  const struct property_spec *spec, property_each_fn *each,
		  property_done_fn *done)
{
	struct err err = ERR_INIT;

	neighbours->query = property_read(neighbours->executor->session, spec,
					  each, done, neighbours, &err);
	if (!neighbours->query)
		_end(neighbours, &err);
}

/* "" unless both are told and fit. */
static int _version(const struct property_object *object,
		    char out[VERSION_SIZE], struct err *err)
{
	const char *config, *layout;

	if (property_str(object, "config.changeVersion", &config, err) < 0 ||
	    property_str(object, "layoutEx.timestamp", &layout, err) < 0)
		return -1;
	*out = '\0';
	if (config && layout && *config && *layout &&
	    snprintf(out, VERSION_SIZE, "%s %s", config, layout) >=
		    VERSION_SIZE)
		*out = '\0';
	return 0;
}

/* --- the whole of them -------------------------------------------------- */

static bool _is_being_made(const struct neighbour *neighbour)
{
	return neighbour->bare_since &&
	       clock_mono_us() - neighbour->bare_since < NEIGHBOURS_MADE_US;
}

/* All is read: who lives where. */
static int _settle(struct neighbours *neighbours, struct err *err)
{
	struct neighbour *neighbour;
	const char *id, *dir;
	size_t pos = 0;

	while ((neighbour = table_next(neighbours->known, &pos, &id))) {
		if (neighbour->seen != neighbours->number || !neighbour->told)
			continue;
		for (dir = neighbour->dirs; *dir; dir += strlen(dir) + 1)
			if (tenants_add(neighbours->tenants, id, dir,
					err) < 0)
				return -1;
		if (neighbour->must && !neighbour->whole &&
		    !_is_being_made(neighbour))
			memcpy(neighbours->unreadable, id, strlen(id) + 1);
	}
	return 0;
}

/* Those that have gone need not be kept; many of them at once, since others
 * may just not be on this read's datastores. */
static void _forget(struct neighbours *neighbours)
{
	struct neighbour *neighbour;
	const char *id;
	size_t pos = 0;

	if (table_count(neighbours->known) < 2 * neighbours->seen_count + 1024)
		return;
	while ((neighbour = table_next(neighbours->known, &pos, &id)))
		if (neighbour->seen != neighbours->number)
			_free_neighbour(table_take(neighbours->known, id));
}

static void _stale_done(const struct err *failure, void *arg)
{
	struct neighbours *neighbours = arg;
	struct err err = ERR_INIT;

	if (!failure && _settle(neighbours, &err) < 0)
		failure = &err;
	_end(neighbours, failure);
}

/* Nothing is told, and nothing is forbidden. */
static bool _is_bare(const struct property_object *object,
		     const struct machine *machine)
{
	return !machine->path && !machine->files && !machine->devices &&
	       !xml_child(object->node, "missingSet");
}

static int _each_stale(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct neighbours *neighbours = arg;
	struct neighbour *neighbour = table_get(neighbours->known,
						object->ref.id);
	struct machine machine;
	struct buf dirs;
	int whole;

	if (!neighbour)
		return 0;
	if (machine_parse(&machine, object, err) < 0 ||
	    _version(object, neighbour->version, err) < 0)
		return -1;
	buf_init(&dirs, DIRS_MAX);
	whole = facts_directories(&machine, &dirs);
	buf_putc(&dirs, '\0');
	if (dirs.failed) {
		buf_free(&dirs);
		return err_set(err, ERR_CAPACITY, "%s has files in too many "
			       "directories", object->ref.id);
	}
	if (!_is_bare(object, &machine))
		neighbour->bare_since = 0;
	else if (!neighbour->bare_since)
		neighbour->bare_since = clock_mono_us();
	free(neighbour->dirs);
	neighbour->dirs = buf_steal(&dirs);
	neighbour->whole = whole;
	neighbour->told = true;
	return 0;
}

static void _read_stale(struct neighbours *neighbours)
{
	struct property_spec spec = {
		.type = "VirtualMachine", .lenient = true, .page = PAGE_WHOLE,
		.paths = facts_file_paths, .n_paths = FACTS_FILE_PATHS,
		.objects = neighbours->stale,
		.n_objects = neighbours->stale_count,
	};

	if (spec.n_objects)
		_send(neighbours, &spec, _each_stale, _stale_done);
	else
		_stale_done(NULL, neighbours);
}

/* --- their versions ----------------------------------------------------- */

static bool _must_tell(const struct neighbours *neighbours,
		       const struct property_object *object,
		       const struct moref *parent)
{
	return moref_equal(parent, &neighbours->folder) ||
	       table_get(ancestry_vms(neighbours->executor->ancestry),
			 object->ref.id);
}

static struct neighbour *_neighbour(struct neighbours *neighbours,
				    const char *id, struct err *err)
{
	struct neighbour *neighbour = table_get(neighbours->known, id);

	if (neighbour)
		return neighbour;
	neighbour = calloc(1, sizeof(*neighbour));
	if (!neighbour) {
		err_nomem(err);
		return NULL;
	}
	if (table_set(neighbours->known, id, neighbour, err) < 0) {
		free(neighbour);
		return NULL;
	}
	return neighbour;
}

static int _add_stale(struct neighbours *neighbours, const struct moref *ref,
		      struct err *err)
{
	size_t room = neighbours->stale_room ? 2 * neighbours->stale_room
					     : 256;
	struct moref *stale;

	if (neighbours->stale_count == neighbours->stale_room) {
		stale = reallocarray(neighbours->stale, room, sizeof(*stale));
		if (!stale)
			return err_nomem(err);
		neighbours->stale = stale;
		neighbours->stale_room = room;
	}
	neighbours->stale[neighbours->stale_count++] = *ref;
	return 0;
}

static int _each_row(const struct property_object *object, void *arg,
		     struct err *err)
{
	struct neighbours *neighbours = arg;
	struct neighbour *neighbour;
	char version[VERSION_SIZE];
	struct moref parent;

	if (property_ref(object, "parent", &parent, err) < 0 ||
	    _version(object, version, err) < 0)
		return -1;
	neighbour = _neighbour(neighbours, object->ref.id, err);
	if (!neighbour)
		return -1;
	if (neighbour->seen == neighbours->number)
		return 0;	/* on two datastores */
	if (neighbours->seen_count == NEIGHBOURS_MAX)
		return err_set(err, ERR_CAPACITY, "more than %d VMs on the "
			       "clones' datastores", NEIGHBOURS_MAX);
	neighbour->seen = neighbours->number;
	neighbour->must = _must_tell(neighbours, object, &parent);
	neighbours->seen_count++;
	if (*version && neighbour->whole &&
	    !strcmp(version, neighbour->version))
		return 0;
	neighbour->told = neighbour->whole = false;
	return _add_stale(neighbours, &object->ref, err);
}

static void _next_store(const struct err *failure, void *arg)
{
	static const char *const paths[] = {
		"parent", "config.changeVersion", "layoutEx.timestamp",
	};
	struct neighbours *neighbours = arg;
	struct property_spec spec = {
		.type = "VirtualMachine", .via = "vm", .lenient = true,
		.paths = paths, .n_paths = 3, .page = PAGE_ROWS,
	};

	neighbours->query = NULL;
	if (failure) {
		_end(neighbours, failure);
	} else if (neighbours->next == neighbours->store_count) {
		_read_stale(neighbours);
	} else {
		spec.from = &neighbours->stores[neighbours->next++];
		_send(neighbours, &spec, _each_row, _next_store);
	}
}

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

/* --- a read ------------------------------------------------------------- */

static int _begin(struct neighbours *neighbours, const struct moref *folder,
		  struct err *err)
{
	tenants_destroy(neighbours->tenants);
	neighbours->tenants = tenants_create(NEIGHBOURS_DIRS_MAX);
	if (!neighbours->tenants)
		return err_nomem(err);
	_forget(neighbours);	/* also after reads that came to nothing */
	neighbours->folder = *folder;
	neighbours->number++;
	neighbours->store_count = neighbours->next = 0;
	neighbours->stale_count = neighbours->seen_count = 0;
	neighbours->unreadable[0] = '\0';
	return 0;
}

int neighbours_read(struct neighbours *neighbours,
		    const struct moref *machines, size_t count,
		    const struct moref *folder, struct err *err)
{
	static const char *const paths[] = { "datastore" };
	struct property_spec spec = {
		.type = "VirtualMachine", .paths = paths, .n_paths = 1,
		.objects = machines, .n_objects = count, .lenient = true,
	};

	if (_begin(neighbours, folder, err) < 0)
		return -1;
	neighbours->query = property_read(neighbours->executor->session, &spec,
					  _each_machine, _next_store,
					  neighbours, err);
	return neighbours->query ? 0 : -1;
}

struct neighbours *neighbours_create(struct executor *executor,
				     neighbours_done_fn *done, void *arg)
{
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));

	if (!neighbours)
		return NULL;
	neighbours->executor = executor;
	neighbours->done = done;
	neighbours->arg = arg;
	neighbours->known = table_create(4 * NEIGHBOURS_MAX, _free_neighbour);
	if (neighbours->known)
		return neighbours;
	free(neighbours);
	return NULL;
}

void neighbours_destroy(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	property_cancel(neighbours->query);
	table_destroy(neighbours->known);
	tenants_destroy(neighbours->tenants);
	free(neighbours->stale);
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
