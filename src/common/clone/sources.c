/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look goes: search the paths (places.h), and list the folders; then one
 * read of all machines, one of their hosts, one of their datastores. What
 * it finds is shown when it is over; until then the last look counts.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "members.h"
#include "places.h"

#define AGAIN_US (30 * CLOCK_US_PER_S)
#define RETRY_US (2 * CLOCK_US_PER_S)

/* --- the end of a look -------------------------------------------------- */

static void _watch(struct sources *sources)
{
	lookout_begin(sources->lookout);
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->list[i];

		lookout_keep(sources->lookout, &source->vm);
		lookout_keep(sources->lookout, &source->host_ref);
		lookout_keep(sources->lookout, &source->store_ref);
	}
	members_watch(sources);
	lookout_end(sources->lookout);
}

/* Paths of the same source are the same text. */
static const struct source *_before(const struct sources *sources,
				    size_t index)
{
	const char *path = sources->fresh[index].path;

	if (index < sources->count && sources->list[index].path == path)
		return &sources->list[index];
	for (size_t i = sources->named; i < sources->count; i++)
		if (sources->list[i].path == path)
			return &sources->list[i];
	return NULL;
}

static void _show(struct sources *sources)
{
	bool same = sources->fresh_count == sources->count;

	for (size_t i = 0; i < sources->fresh_count; i++) {
		const struct source *before = _before(sources, i);

		if (before)
			source_compare(&sources->fresh[i], before);
		same &= before == &sources->list[i];
	}
	members_keep(sources);
	memcpy(sources->list, sources->fresh,
	       sources->fresh_count * sizeof(*sources->list));
	sources->count = sources->fresh_count;
	sources->shape += !same;
	sources->listed |= folders_answered(sources->folders) &&
			   sources_folder(sources);
	_watch(sources);
}

/* What has not answered is asked again soon, whatever came instead. What is
 * not there can wait. */
static int64_t _pause(const struct sources *sources, bool failed)
{
	if (sources->again)
		return 0;
	return failed || sources->unanswered || !sources_listed(sources)
		       ? RETRY_US : AGAIN_US;
}

static void _finish(struct sources *sources, const struct err *failure)
{
	sources->looking = false;
	sources->query = NULL;
	sources->problem = failure ? *failure : sources->trouble;
	if (!failure)
		_show(sources);
	if (!sources->problem.code)
		sources->seen = clock_wall_us();
	loop_timer_set(sources->timer, _pause(sources, failure != NULL));
	sources->again = false;
	sources->hooks.changed(sources->hooks.arg);
	if (!failure)
		members_prune(sources);
}

/* --- hosts and datastores ----------------------------------------------- */

static int _each(const struct property_object *object, void *arg,
		 struct err *err)
{
	struct sources *sources = arg;

	for (size_t i = 0; i < sources->fresh_count; i++)
		if (source_take(&sources->fresh[i], object, sources->began,
				err) < 0)
			return -1;
	return 0;
}

static void _stores_done(const struct err *failure, void *arg)
{
	struct sources *sources = arg;

	for (size_t i = 0; !failure && i < sources->fresh_count; i++)
		source_judge(&sources->fresh[i]);
	_finish(sources, failure);
}

static size_t _add_ref(struct moref *refs, size_t count,
		       const struct moref *ref)
{
	size_t i = 0;

	while (i < count && !moref_equal(&refs[i], ref))
		i++;
	if (!moref_is_set(ref) || i < count)
		return count;
	refs[count] = *ref;
	return count + 1;
}

static size_t _collect_hosts(const struct sources *sources,
			     struct moref *refs)
{
	size_t count = 0;

	for (size_t i = 0; i < sources->fresh_count; i++)
		count = _add_ref(refs, count, &sources->fresh[i].host_ref);
	return count;
}

static size_t _collect_stores(const struct sources *sources,
			      struct moref *refs)
{
	size_t count = 0;

	for (size_t i = 0; i < sources->fresh_count; i++)
		for (size_t s = 0; s < sources->fresh[i].store_count; s++)
			count = _add_ref(refs, count,
					 &sources->fresh[i].stores[s]);
	return count;
}

/* Read what there is of one kind; if there is nothing, it is done. */
static void _read(struct sources *sources, struct property_spec *spec,
		  size_t (*collect)(const struct sources *sources,
				    struct moref *refs),
		  property_done_fn *done)
{
	cleanup_free struct moref *refs =
		calloc(sources->fresh_count * SOURCE_STORES_MAX + 1,
		       sizeof(*refs));
	struct err err = ERR_INIT;

	if (!refs) {
		err_nomem(&err);
		_finish(sources, &err);
		return;
	}
	spec->objects = refs;
	spec->n_objects = collect(sources, refs);
	if (!spec->n_objects) {
		done(NULL, sources);
		return;
	}
	sources->query = property_read(sources->session, spec, _each, done,
				       sources, &err);
	if (!sources->query)
		_finish(sources, &err);
}

static void _hosts_done(const struct err *failure, void *arg)
{
	struct sources *sources = arg;
	struct property_spec spec;

	if (failure) {
		_finish(sources, failure);
		return;
	}
	source_store_spec(&spec);
	_read(sources, &spec, _collect_stores, _stores_done);
}

/* --- machines ----------------------------------------------------------- */

/* It may not be cloned, nor kept as a source. */
static void _refuse(struct source *source, const char *why)
{
	source_forget(source);
	source_set_state(source, SOURCE_MISSING, why);
}

static void _check_machine(struct sources *sources, size_t index)
{
	const struct sources_hooks *hooks = &sources->hooks;
	struct source *source = &sources->fresh[index];
	const struct moref *folder = sources_folder(sources);

	if (!moref_is_set(&source->vm))
		return;
	if (!source->told) {
		/* Gone since it was found: search its path anew. */
		sources->places[index].ref = (struct moref) { 0 };
		source_set_state(source, SOURCE_MISSING, "it is gone");
	} else if (folder && moref_equal(&source->parent, folder)) {
		_refuse(source, "it is in the clone folder, where no source "
			"can be: a clone, or to be moved");
	} else if (hooks->is_clone(source, hooks->arg)) {
		_refuse(source, "it carries the mark of a clone of this "
			"cluster (sclone.owner), which no source has: take "
			"that out of its configuration, or name another VM");
	}
}

static void _machines_done(const struct err *failure, void *arg)
{
	struct sources *sources = arg;
	struct property_spec spec;

	if (failure) {
		_finish(sources, failure);
		return;
	}
	for (size_t i = 0; i < sources->named; i++)
		_check_machine(sources, i);
	members_sift(sources);
	source_host_spec(&spec);
	_read(sources, &spec, _collect_hosts, _hosts_done);
}

static void _read_machines(struct sources *sources)
{
	cleanup_free struct moref *refs =
		calloc(CONFIG_SOURCES_MAX, sizeof(*refs));
	struct property_spec spec = { 0 };
	struct err err = ERR_INIT;

	if (!refs) {
		err_nomem(&err);
		_finish(sources, &err);
		return;
	}
	source_machine_spec(&spec);
	spec.objects = refs;
	/* What this look does not tell is not known from the last. */
	for (size_t i = 0; i < sources->named; i++) {
		source_forget(&sources->fresh[i]);
		sources->fresh[i].vm = sources->places[i].ref;
	}
	members_compose(sources);
	for (size_t i = 0; i < sources->fresh_count; i++)
		if (moref_is_set(&sources->fresh[i].vm))
			refs[spec.n_objects++] = sources->fresh[i].vm;
	if (!spec.n_objects) {	/* to be seen, also when the look failed */
		err = sources->trouble;
		if (err.code)
			_show(sources);
		_finish(sources, err.code ? &err : NULL);
		return;
	}
	sources->query = property_read(sources->session, &spec, _each,
				       _machines_done, sources, &err);
	if (!sources->query)
		_finish(sources, &err);
}

/* --- the beginning of a look -------------------------------------------- */

void sources_searched(struct sources *sources)
{
	sources->searching--;
	if (!sources->searching)
		_read_machines(sources);
}

static void _listed(void *arg)
{
	sources_searched(arg);
}

static void _look(void *arg)
{
	struct sources *sources = arg;

	if (sources->looking) {
		sources->again = true;
		return;
	}
	sources->looking = true;
	sources->began = clock_wall_us();
	sources->trouble = (struct err) ERR_INIT;
	sources->unanswered = false;
	sources->searching = 1;
	places_search(sources);
	folders_look(sources->folders, _listed, sources);
}

/* --- news --------------------------------------------------------------- */

/* What is under way may have read what was before. */
static void _look_again(struct sources *sources)
{
	if (sources->looking)
		sources->again = true;
	else
		loop_timer_set(sources->timer, 0);
}

/* A host that none of the others is on has to be looked at first. */
static void _follow(struct sources *sources, struct source *source,
		    const struct property_object *object, int64_t now)
{
	struct moref host = source->host_ref;
	enum source_state state = source->state;

	if (source_take(source, object, now, NULL) < 0 ||
	    !moref_equal(&host, &source->host_ref))
		_look_again(sources);
	source_judge(source);
	source_follow(source, state, &host);
	if (state != source->state && sources->looking)
		sources->again = true;
}

static void _news(const struct property_object *object, void *arg)
{
	struct sources *sources = arg;
	int64_t now = clock_wall_us();

	for (size_t i = 0; object && i < sources->count; i++)
		_follow(sources, &sources->list[i], object, now);
	if (!object || members_concerns(sources, &object->ref)) {
		_look_again(sources);
		return;
	}
	if (!sources->news_at)
		sources->news_at = now;
	loop_timer_set(sources->tell, 0);
}

/* Figures of a reply show the clones whose tasks end in the same one. */
static void _tell(void *arg)
{
	struct sources *sources = arg;
	int64_t now = clock_wall_us();

	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->list[i];

		if (source->host_at >= sources->news_at)
			source->host_at = now;
		if (source->space_at >= sources->news_at)
			source->space_at = now;
	}
	sources->news_at = 0;
	sources->hooks.changed(sources->hooks.arg);
}

/* --- the whole ---------------------------------------------------------- */

static size_t _count_named(const struct config *config)
{
	size_t count = 0;

	for (size_t t = 0; t < config_template_count(config); t++)
		count += config_template(config, t)->source_count;
	return count;
}

static void _fill(struct sources *sources)
{
	const struct config *config = sources->config;

	for (size_t t = 0; t < config_template_count(config); t++) {
		const struct config_template *tmpl = config_template(config,
								     t);

		for (size_t s = 0; s < tmpl->source_count; s++) {
			size_t i = sources->count++;

			source_init(&sources->list[i], tmpl->sources[s],
				    config, tmpl);
		}
	}
	places_fill(sources);
	memcpy(sources->fresh, sources->list,
	       sources->count * sizeof(*sources->list));
}

/* What is not used takes no memory. */
static bool _allocate(struct sources *sources)
{
	sources->list = calloc(CONFIG_SOURCES_MAX, sizeof(*sources->list));
	sources->fresh = calloc(CONFIG_SOURCES_MAX, sizeof(*sources->fresh));
	sources->refused = calloc(SOURCES_REFUSED_MAX,
				  sizeof(*sources->refused));
	sources->next_refused = calloc(SOURCES_REFUSED_MAX,
				       sizeof(*sources->refused));
	sources->places = calloc(sources->named + PLACES_OWN,
				 sizeof(*sources->places));
	sources->paths = table_create(4 * CONFIG_SOURCES_MAX, free);
	return sources->list && sources->fresh && sources->refused &&
	       sources->next_refused && sources->places && sources->paths;
}

static bool _equip(struct sources *sources, struct loop *loop,
		   struct watch *watch, struct err *err)
{
	sources->folders = folders_create(sources->session, sources->config,
					  err);
	sources->timer = loop_timer_create(loop, _look, sources, err);
	sources->tell = loop_timer_create(loop, _tell, sources, err);
	sources->lookout = lookout_create(watch, _news, sources, err);
	return sources->folders && sources->timer && sources->tell &&
	       sources->lookout;
}

struct sources *sources_create(struct loop *loop, struct watch *watch,
			       const struct config *config,
			       const struct sources_hooks *hooks,
			       struct err *err)
{
	cleanup_sources struct sources *sources = calloc(1, sizeof(*sources));

	if (!sources) {
		err_nomem(err);
		return NULL;
	}
	sources->session = watch_session(watch);
	sources->config = config;
	sources->hooks = *hooks;
	sources->named = _count_named(config);
	if (!_allocate(sources) || !_equip(sources, loop, watch, err)) {
		err_nomem(err);
		return NULL;
	}
	err_set(&sources->problem, ERR_TRANSIENT, "not asked yet");
	_fill(sources);
	loop_timer_set(sources->timer, 0);
	return steal_ptr(&sources);
}

void sources_destroy(struct sources *sources)
{
	if (!sources)
		return;
	places_cancel(sources);
	property_cancel(sources->query);
	loop_timer_destroy(sources->timer);
	loop_timer_destroy(sources->tell);
	lookout_destroy(sources->lookout);
	folders_destroy(sources->folders);
	table_destroy(sources->paths);
	free(sources->places);
	free(sources->list);
	free(sources->fresh);
	free(sources->refused);
	free(sources->next_refused);
	free(sources);
}

int sources_recall(struct sources *sources, const char *path,
		   const char *vm, const char *instance_uuid,
		   struct err *err)
{
	return members_recall(sources, path, vm, instance_uuid, err);
}

void sources_inherit(struct sources *sources, const struct sources *former)
{
	members_inherit(sources, former);
}

void sources_poke(struct sources *sources)
{
	_look_again(sources);
}

unsigned sources_shape(const struct sources *sources)
{
	return sources->shape;
}

bool sources_listed(const struct sources *sources)
{
	return sources->listed || !folders_count(sources->folders);
}

size_t sources_refused_count(const struct sources *sources)
{
	return sources->refused_count;
}

const struct sources_refused *sources_refused_at(const struct sources *sources,
						 size_t index)
{
	return &sources->refused[index];
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

const struct moref *sources_folder(const struct sources *sources)
{
	return places_folder(sources);
}

const struct moref *sources_pool(const struct sources *sources)
{
	return places_pool(sources);
}

const struct err *sources_problem(const struct sources *sources)
{
	return sources->problem.code ? &sources->problem : NULL;
}

int64_t sources_seen(const struct sources *sources)
{
	return sources->seen;
}
