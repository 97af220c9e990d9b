/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look goes: paths not known yet -> search each; then one read of all
 * machines; then one read of their hosts. What it finds is shown when it is
 * over; until then the last look counts.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/vim25/machine.h"
#include "common/vim25/search.h"
#include "sources.h"

#define AGAIN_US (30 * CLOCK_US_PER_S)
#define RETRY_US (2 * CLOCK_US_PER_S)

/* What is searched by path: sources, then the folder, then the pool. */
struct place {
	const char *path;
	struct moref ref;
	struct search *search;
	struct sources *sources;
	bool told;	/* in this look */
};

struct sources {
	struct session *session;
	void (*changed)(void *arg);
	void *arg;
	struct loop_timer *timer;
	struct source *list;	/* as the last look found them */
	struct source *fresh;	/* of the look under way */
	size_t count;
	struct place *places;	/* count + 2 */
	size_t searching;
	struct property_query *query;
	bool looking, again;
	int64_t seen;
	struct err problem;
};

static const char *const state_names[] = {
	[SOURCE_UNKNOWN] = "unknown", [SOURCE_MISSING] = "missing",
	[SOURCE_OFF] = "off",	      [SOURCE_RUNNING] = "running",
	[SOURCE_UNFIT] = "unfit",     [SOURCE_FROZEN] = "frozen",
};

const char *source_state_name(enum source_state state)
{
	return state_names[state];
}

static void _set_state(struct source *source, enum source_state state,
		       const char *why)
{
	source->state = state;
	snprintf(source->why, sizeof(source->why), "%s", why);
}

/* --- the end of a look -------------------------------------------------- */

static void _show(struct sources *sources)
{
	memcpy(sources->list, sources->fresh,
	       sources->count * sizeof(*sources->list));
}

static void _finish(struct sources *sources, const struct err *failure)
{
	sources->looking = false;
	sources->query = NULL;
	if (failure) {
		sources->problem = *failure;
	} else {
		_show(sources);
		sources->seen = clock_wall_us();
	}
	loop_timer_set(sources->timer, sources->again ? 0
				       : failure      ? RETRY_US
						      : AGAIN_US);
	sources->again = false;
	sources->changed(sources->arg);
}

/* --- hosts -------------------------------------------------------------- */

static void _judge(struct source *source)
{
	if (source->state == SOURCE_FROZEN && !source->host_ok)
		_set_state(source, SOURCE_UNFIT, "its host is not connected "
						 "or in maintenance mode");
}

static int _each_host(const struct property_object *object, void *arg,
		      struct err *err)
{
	struct sources *sources = arg;
	const char *name = NULL, *connection = NULL;
	bool maintenance = false;

	if (property_str(object, "name", &name, err) < 0 ||
	    property_str(object, "runtime.connectionState", &connection,
			 err) < 0 ||
	    property_bool(object, "runtime.inMaintenanceMode", false,
			  &maintenance, err) < 0)
		return -1;
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->fresh[i];

		if (!moref_equal(&source->host_ref, &object->ref))
			continue;
		snprintf(source->host, sizeof(source->host), "%s",
			 name ? name : "");
		source->host_ok = connection && !maintenance &&
				  !strcmp(connection, "connected");
	}
	return 0;
}

static void _hosts_done(const struct err *failure, void *arg)
{
	struct sources *sources = arg;

	if (!failure)
		for (size_t i = 0; i < sources->count; i++)
			_judge(&sources->fresh[i]);
	_finish(sources, failure);
}

static size_t _collect_hosts(const struct sources *sources,
			     struct moref *hosts)
{
	size_t count = 0;

	for (size_t i = 0; i < sources->count; i++) {
		const struct moref *host = &sources->fresh[i].host_ref;
		size_t j = 0;

		while (j < count && !moref_equal(&hosts[j], host))
			j++;
		if (moref_is_set(host) && j == count)
			hosts[count++] = *host;
	}
	return count;
}

static void _read_hosts(struct sources *sources)
{
	static const char *const paths[] = { "name", "runtime.connectionState",
					     "runtime.inMaintenanceMode" };
	cleanup_free struct moref *hosts =
		calloc(sources->count, sizeof(*hosts));
	struct property_spec spec = { .type = "HostSystem", .paths = paths,
				      .n_paths = 3, .objects = hosts };
	struct err err = ERR_INIT;

	if (!hosts) {
		err_nomem(&err);
		_finish(sources, &err);
		return;
	}
	spec.n_objects = _collect_hosts(sources, hosts);
	if (!spec.n_objects) {
		_finish(sources, NULL);
		return;
	}
	sources->query = property_read(sources->session, &spec, _each_host,
				       _hosts_done, sources, &err);
	if (!sources->query)
		_finish(sources, &err);
}

/* --- machines ----------------------------------------------------------- */

static void _read_state(struct source *source, const struct machine *machine)
{
	if (machine->is_template == 1)
		_set_state(source, SOURCE_OFF, "it is a vSphere template, "
					       "which cannot run");
	else if (!machine->power || strcmp(machine->power, "poweredOn"))
		_set_state(source, SOURCE_OFF, "power it on; it freezes "
					       "itself at the end of its "
					       "boot");
	else if (machine->is_frozen != 1)
		_set_state(source, SOURCE_RUNNING, "it runs, but is not "
						   "frozen: sclone-guest "
						   "freeze, in the guest");
	else
		_set_state(source, SOURCE_FROZEN, "");
}

static void _copy_uuid(char *out, const char *uuid)
{
	snprintf(out, UUID_TEXT_SIZE, "%s", uuid ? uuid : "");
}

static int _each_machine(const struct property_object *object, void *arg,
			 struct err *err)
{
	struct sources *sources = arg;
	struct machine machine;

	if (machine_parse(&machine, object, err) < 0)
		return -1;
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->fresh[i];

		if (!moref_equal(&source->vm, &object->ref))
			continue;
		sources->places[i].told = true;
		_read_state(source, &machine);
		_copy_uuid(source->instance_uuid, machine.instance_uuid);
		_copy_uuid(source->bios_uuid, machine.bios_uuid);
		source->host_ref = machine.host;
	}
	return 0;
}

static void _machines_done(const struct err *failure, void *arg)
{
	struct sources *sources = arg;

	for (size_t i = 0; !failure && i < sources->count; i++) {
		struct source *source = &sources->fresh[i];

		/* Gone since it was found: search its path anew. */
		if (moref_is_set(&source->vm) && !sources->places[i].told) {
			sources->places[i].ref = (struct moref) { 0 };
			_set_state(source, SOURCE_MISSING, "it is gone");
		}
	}
	if (failure)
		_finish(sources, failure);
	else
		_read_hosts(sources);
}

static void _read_machines(struct sources *sources)
{
	cleanup_free struct moref *refs =
		calloc(sources->count, sizeof(*refs));
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;

	machine_spec(&spec, MACHINE_ALL);
	spec.objects = refs;
	for (size_t i = 0; refs && i < sources->count; i++) {
		struct source *source = &sources->fresh[i];

		/* What this look does not tell is not known from the last. */
		source->host_ref = (struct moref) { 0 };
		source->host[0] = '\0';
		source->host_ok = false;
		source->vm = sources->places[i].ref;
		if (!moref_is_set(&source->vm))
			continue;
		sources->places[i].told = false;
		refs[spec.n_objects++] = source->vm;
	}
	if (!refs || !spec.n_objects) {
		_show(sources);
		_finish(sources, sources->problem.code ? &sources->problem
						       : NULL);
		return;
	}
	sources->query = property_read(sources->session, &spec, _each_machine,
				       _machines_done, sources, &err);
	if (!sources->query)
		_finish(sources, &err);
}

/* --- paths -------------------------------------------------------------- */

static void _found(const struct moref *ref, const struct err *failure,
		   void *arg)
{
	struct place *place = arg;
	struct sources *sources = place->sources;
	size_t index = (size_t) (place - sources->places);

	place->search = NULL;
	sources->searching--;
	if (ref)
		place->ref = *ref;
	else if (failure)
		sources->problem = *failure;
	else if (index < sources->count)
		_set_state(&sources->fresh[index], SOURCE_MISSING,
			   "no such machine; check Sources= and the "
			   "account's right to see it");
	else
		err_set(&sources->problem, ERR_CONFIG,
			"%s: no such folder or pool; check Folder= and "
			"ResourcePool=", place->path);
	if (!sources->searching)
		_read_machines(sources);
}

static void _search(struct sources *sources, struct place *place)
{
	struct err err = ERR_INIT;

	place->search = search_path(sources->session, place->path, NULL,
				    _found, place, &err);
	if (place->search)
		sources->searching++;
	else
		sources->problem = err;
}

static void _look(void *arg)
{
	struct sources *sources = arg;

	if (sources->looking) {
		sources->again = true;
		return;
	}
	sources->looking = true;
	memset(&sources->problem, 0, sizeof(sources->problem));
	for (size_t i = 0; i < sources->count + 2; i++)
		if (!moref_is_set(&sources->places[i].ref))
			_search(sources, &sources->places[i]);
	if (!sources->searching)
		_read_machines(sources);
}

/* --- the whole ---------------------------------------------------------- */

static void _fill(struct sources *sources, const struct config *config)
{
	for (size_t t = 0; t < config_template_count(config); t++) {
		const struct config_template *template =
			config_template(config, t);

		for (size_t s = 0; s < template->source_count; s++) {
			size_t i = sources->count++;

			sources->list[i].path = template->sources[s];
			sources->list[i].template_name = template->name;
			sources->list[i].lanes = (unsigned) template->lanes;
			sources->places[i].path = template->sources[s];
		}
	}
	sources->places[sources->count].path = config_global(config)->folder;
	sources->places[sources->count + 1].path = config_global(config)->pool;
	for (size_t i = 0; i < sources->count + 2; i++)
		sources->places[i].sources = sources;
}

static size_t _count(const struct config *config)
{
	size_t count = 0;

	for (size_t t = 0; t < config_template_count(config); t++)
		count += config_template(config, t)->source_count;
	return count;
}

struct sources *sources_create(struct loop *loop, struct session *session,
			       const struct config *config,
			       void (*changed)(void *arg), void *arg,
			       struct err *err)
{
	cleanup_sources struct sources *sources = calloc(1, sizeof(*sources));
	size_t count = _count(config);

	if (sources) {
		sources->session = session;
		sources->changed = changed;
		sources->arg = arg;
		sources->list = calloc(count, sizeof(*sources->list));
		sources->fresh = calloc(count, sizeof(*sources->fresh));
		sources->places = calloc(count + 2, sizeof(*sources->places));
		sources->timer = loop_timer_create(loop, _look, sources, err);
	}
	if (!sources || !sources->list || !sources->fresh ||
	    !sources->places || !sources->timer) {
		err_nomem(err);
		return NULL;
	}
	err_set(&sources->problem, ERR_TRANSIENT, "not asked yet");
	_fill(sources, config);
	memcpy(sources->fresh, sources->list, count * sizeof(*sources->list));
	loop_timer_set(sources->timer, 0);
	return steal_ptr(&sources);
}

void sources_destroy(struct sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; sources->places && i < sources->count + 2; i++)
		search_cancel(sources->places[i].search);
	property_cancel(sources->query);
	loop_timer_destroy(sources->timer);
	free(sources->places);
	free(sources->list);
	free(sources->fresh);
	free(sources);
}

void sources_poke(struct sources *sources)
{
	if (sources->looking)
		sources->again = true;
	else
		loop_timer_set(sources->timer, 0);
}

size_t sources_count(const struct sources *sources)
{
	return sources->count;
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
	return &sources->list[index];
}

const struct source *sources_find(const struct sources *sources,
				  const char *path)
{
	for (size_t i = 0; i < sources->count; i++)
		if (!strcmp(sources->list[i].path, path))
			return &sources->list[i];
	return NULL;
}

static const struct moref *_place(const struct sources *sources, size_t offset)
{
	const struct place *place = &sources->places[sources->count + offset];
	const struct moref *ref = &place->ref;

	return moref_is_set(ref) ? ref : NULL;
}

const struct moref *sources_folder(const struct sources *sources)
{
	return _place(sources, 0);
}

const struct moref *sources_pool(const struct sources *sources)
{
	return _place(sources, 1);
}

const struct err *sources_problem(const struct sources *sources)
{
	return sources->problem.code ? &sources->problem : NULL;
}

int64_t sources_seen(const struct sources *sources)
{
	return sources->seen;
}
