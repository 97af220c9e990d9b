/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "census.h"
#include "hand.h"

struct census {
	struct executor *executor;
	struct census_hooks hooks;
	struct moref folder;
	struct property_query *query;
	struct moref *odd;
	size_t count, room;
};

static void _free(struct census *census)
{
	free(census->odd);
	free(census);
}

static void _end(struct census *census, const struct err *failure)
{
	census->query = NULL;
	census->hooks.done(failure, census->hooks.arg);
	_free(census);
}

static int _push(struct census *census, const struct moref *ref,
		 struct err *err)
{
	size_t room = census->room ? 2 * census->room : 64;
	struct moref *odd;

	if (census->count == CENSUS_ODD_MAX)
		return err_set(err, ERR_CAPACITY, "more than %d machines in "
			       "the clone folder are not ours: move them to "
			       "another one", CENSUS_ODD_MAX);
	if (census->count == census->room) {
		odd = reallocarray(census->odd, room, sizeof(*odd));
		if (!odd)
			return err_nomem(err);
		census->odd = odd;
		census->room = room;
	}
	census->odd[census->count++] = *ref;
	return 0;
}

static struct census_row _row(const struct census *census,
			      const struct machine *machine)
{
	return (struct census_row) {
		.vm = machine->ref.id,
		.name = machine->name,
		.bios_uuid = machine->bios_uuid,
		.instance_uuid = machine->instance_uuid,
		.inside = moref_equal(&machine->parent, &census->folder),
	};
}

/* --- the close look ----------------------------------------------------- */

static int _each_odd(const struct property_object *object, void *arg,
		     struct err *err)
{
	struct census *census = arg;
	struct census_row row;
	struct machine machine;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	row = _row(census, &machine);
	row.owned = hand_owner(census->executor, &machine, &row.owner) == 0;
	census->hooks.row(&row, census->hooks.arg);
	return 0;
}

static void _odd_done(const struct err *failure, void *arg)
{
	_end(arg, failure);
}

static int _push_missed(struct census *census, struct err *err)
{
	struct moref ref;
	const char *vm;

	while ((vm = census->hooks.missed(census->hooks.arg)) != NULL)
		if (moref_set(&ref, "VirtualMachine", vm, err) < 0 ||
		    _push(census, &ref, err) < 0)
			return -1;
	return 0;
}

static void _read_odd(struct census *census)
{
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;

	if (_push_missed(census, &err) < 0) {
		_end(census, &err);
		return;
	}
	if (!census->count) {
		_end(census, NULL);
		return;
	}
	machine_spec(&spec, MACHINE_OPTIONS);
	spec.objects = census->odd;
	spec.n_objects = census->count;
	census->query = property_read(census->executor->session, &spec,
				      _each_odd, _odd_done, census, &err);
	if (!census->query)
		_end(census, &err);
}

/* --- the listing -------------------------------------------------------- */

static int _each_listed(const struct property_object *object, void *arg,
			struct err *err)
{
	struct census *census = arg;
	struct census_row row;
	struct machine machine;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	row = _row(census, &machine);
	if (census->hooks.explains(&row, census->hooks.arg))
		return 0;
	return _push(census, &machine.ref, err);
}

static void _listed(const struct err *failure, void *arg)
{
	struct census *census = arg;

	census->query = NULL;
	if (failure)
		_end(census, failure);
	else
		_read_odd(census);
}

struct census *census_start(struct executor *executor,
			    const struct census_hooks *hooks,
			    struct err *err)
{
	const struct moref *folder = sources_folder(executor->sources);
	const struct err *problem = sources_problem(executor->sources);
	struct property_spec spec = { 0 };
	struct census *census;

	if (!folder) {
		err_set(err, ERR_TRANSIENT, "%s", problem ? problem->text
			: "the clone folder is being looked for");
		return NULL;
	}
	census = calloc(1, sizeof(*census));
	if (!census) {
		err_nomem(err);
		return NULL;
	}
	census->executor = executor;
	census->hooks = *hooks;
	census->folder = *folder;
	machine_spec(&spec, MACHINE_ROW);
	spec.from = folder;
	spec.via = "childEntity";
	census->query = property_read(executor->session, &spec, _each_listed,
				      _listed, census, err);
	if (census->query)
		return census;
	_free(census);
	return NULL;
}

void census_cancel(struct census *census)
{
	if (!census)
		return;
	property_cancel(census->query);
	_free(census);
}
