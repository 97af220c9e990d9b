/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter - see filter.h. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "collector.h"
#include "filter.h"
#include "view.h"
#include "xw.h"

static void _queue(struct watch *watch)
{
	struct filter *filter = watch->filter;

	if (watch->queued)
		return;
	watch->queued = true;
	watch->news = NULL;
	if (filter->last)
		filter->last->news = watch;
	else
		filter->first = watch;
	filter->last = watch;
	collector_wake(filter->collector);
}

static struct watch *_find(const struct filter *filter,
			   const struct mob *mob)
{
	struct watch *w = mob->watches;

	while (w && w->filter != filter)
		w = w->of_mob;
	return w;
}

static struct watch *_watch(struct filter *filter, struct mob *mob,
			    struct spec_prop *prop)
{
	struct watch *watch = lab_alloc(sizeof(*watch));

	watch->filter = filter;
	watch->mob = mob_ref(mob);
	watch->prop = prop;
	watch->of_mob = mob->watches;
	mob->watches = watch;
	watch->next = filter->watches;
	if (watch->next)
		watch->next->prev = watch;
	filter->watches = watch;
	return watch;
}

/* The watch must not be queued. */
static void _forget(struct watch *watch)
{
	struct watch **link = &watch->mob->watches;

	while (*link != watch)
		link = &(*link)->of_mob;
	*link = watch->of_mob;
	if (watch->next)
		watch->next->prev = watch->prev;
	if (watch->prev)
		watch->prev->next = watch->next;
	else
		watch->filter->watches = watch->next;
	mob_unref(watch->mob);
	free(watch);
}

static struct watch *_found(struct filter *filter, struct mob *mob)
{
	struct spec_prop *prop = spec_prop_for(filter->spec, mob);
	struct watch *watch;

	if (!prop || mob->gone)
		return NULL;
	watch = _find(filter, mob);
	if (!watch)
		watch = _watch(filter, mob, prop);
	if (!watch->told || watch->left)
		_queue(watch);
	watch->left = false;
	return watch;
}

static void _lost(struct watch *watch)
{
	watch->left = true;
	_queue(watch);
}

void filter_enter(struct filter *filter, struct mob *mob)
{
	struct watch *watch = _found(filter, mob);

	if (watch)
		watch->reasons++;
}

static bool _walked(const struct watch *watch)
{
	return watch->filter->walks && watch->walk == watch->filter->walk;
}

void filter_leave(struct filter *filter, struct mob *mob)
{
	struct watch *watch = _find(filter, mob);

	if (!watch || watch->reasons == 0)
		return;
	watch->reasons--;
	if (watch->reasons == 0 && !_walked(watch))
		_lost(watch);
}

void filter_object_changed(struct mob *mob, uint32_t groups)
{
	for (struct watch *w = mob->watches; w; w = w->of_mob) {
		spec_prop_groups(w->prop, mob);
		if (!(w->prop->any & groups))
			continue;
		w->groups |= groups;
		_queue(w);
	}
}

void filter_object_gone(struct mob *mob)
{
	for (struct watch *w = mob->watches; w; w = w->of_mob) {
		w->reasons = 0;
		_lost(w);
	}
}

void filter_object_moved(struct mob *mob, struct mob *to)
{
	for (struct watch *w = mob->watches; w; w = w->of_mob) {
		w->mob = mob_ref(to);
		mob_unref(mob);
	}
	to->watches = mob->watches;
	mob->watches = NULL;
}

void filter_tree_changed(struct lab *lab)
{
	lab->tree_version++;
	collector_wake_walkers(lab);
}

/* -- what a spec holds ---------------------------------------------- */

static bool _is_flat(const struct spec_obj *obj)
{
	if (!view_of(obj->mob))
		return obj->nsels == 0;
	for (size_t i = 0; i < obj->nsels; i++) {
		const struct spec_sel *sel = &obj->sels[i];

		if (!sel->type || sel->nsubs > 0 || sel->skip ||
		    strcmp(sel->path, "view") != 0)
			return false;
	}
	return true;
}

static void _enter(struct mob *mob, void *arg)
{
	filter_enter(arg, mob);
}

static void _take_flat(struct filter *filter, const struct spec_obj *obj)
{
	if (!obj->skip)
		filter_enter(filter, obj->mob);
	for (size_t i = 0; i < obj->nsels; i++) {
		view_subscribe(view_of(obj->mob), filter);
		(void) mob_follow(obj->mob, "view", _enter, filter);
	}
}

static void _walk_found(struct mob *mob, void *arg)
{
	struct filter *filter = arg;
	struct watch *watch = _found(filter, mob);

	if (watch)
		watch->walk = filter->walk;
}

static void _walk(struct filter *filter)
{
	struct lab *lab = filter->mob.lab;

	if (!filter->walks || filter->tree == lab->tree_version)
		return;
	filter->tree = lab->tree_version;
	filter->walk = ++lab->walks;
	for (size_t i = 0; i < filter->spec->nobjs; i++) {
		if (!_is_flat(&filter->spec->objs[i]))
			spec_walk(&filter->spec->objs[i], filter->walk,
				  _walk_found, filter);
	}
	for (struct watch *w = filter->watches; w; w = w->next) {
		if (w->reasons == 0 && !_walked(w) && !w->left)
			_lost(w);
	}
}

static void _free(struct mob *mob)
{
	spec_destroy(((struct filter *) mob)->spec);
}

static int _destroy_filter(struct call *call);

static const struct mob_prop _props[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_method _methods[] = {
	{ "DestroyPropertyFilter", _destroy_filter },
	{ NULL, NULL },
};
static const struct mob_class _class = { "PropertyFilter", _props, _methods,
					 _free };

static int _destroy_filter(struct call *call)
{
	filter_remove((struct filter *) call->self);
	return 0;
}

struct filter *filter_create(struct collector *collector, struct spec *spec)
{
	struct filter *filter = lab_alloc(sizeof(*filter));
	struct lab *lab = collector->mob.lab;

	mob_init(&filter->mob, lab, &_class,
		 collector_new_id(collector, "filter"));
	filter->collector = collector;
	filter->spec = spec;
	filter->next = collector->filters;
	collector->filters = filter;
	filter->tree = lab->tree_version - 1;
	for (size_t i = 0; i < spec->nobjs; i++) {
		if (_is_flat(&spec->objs[i]))
			_take_flat(filter, &spec->objs[i]);
		else
			filter->walks = true;
	}
	_walk(filter);
	return filter;
}

void filter_remove(struct filter *filter)
{
	struct filter **link = &filter->collector->filters;

	while (*link != filter)
		link = &(*link)->next;
	*link = filter->next;
	view_unsubscribe(filter->mob.lab, filter);
	while (filter->watches)
		_forget(filter->watches);
	mob_remove(&filter->mob);
}

/* -- telling -------------------------------------------------------- */

static struct watch *_pop(struct filter *filter)
{
	struct watch *watch = filter->first;

	if (!watch)
		return NULL;
	filter->first = watch->news;
	if (!filter->first)
		filter->last = NULL;
	watch->queued = false;
	return watch;
}

void filter_restart(struct filter *filter)
{
	struct watch *w;
	struct watch *next;

	while (_pop(filter))
		;
	_walk(filter);
	while (_pop(filter))
		;
	for (w = filter->watches; w; w = next) {
		next = w->next;
		w->told = false;
		if (w->left)
			_forget(w);
		else
			_queue(w);
	}
}

/* A change that nobody needs to hear of. */
static bool _idle(const struct watch *watch)
{
	return watch->left && !watch->told;
}

bool filter_has_news(struct filter *filter)
{
	_walk(filter);
	while (filter->first && _idle(filter->first))
		_forget(_pop(filter));
	return filter->first != NULL;
}

static void _write_changes(const struct watch *w, struct buf *out)
{
	spec_prop_groups(w->prop, w->mob);
	for (size_t i = 0; i < w->prop->npaths; i++) {
		size_t mark = out->len;
		bool set;

		if (w->told && !(w->prop->groups[i] & w->groups))
			continue;
		xw_open(out, "changeSet");
		xw_str(out, "name", w->prop->paths[i]);
		xw_str(out, "op", "assign");
		set = mob_write(w->mob, w->prop->paths[i], out);
		xw_close(out, "changeSet");
		if (!set && !w->told && !out->failed) {
			out->len = mark;
			out->data[mark] = '\0';
		}
	}
}

static void _write_watch(struct watch *w, struct buf *out)
{
	xw_open(out, "objectSet");
	xw_str(out, "kind", w->left ? "leave" : w->told ? "modify" : "enter");
	xw_ref(out, "obj", w->mob->class->type, w->mob->id);
	if (!w->left)
		_write_changes(w, out);
	xw_close(out, "objectSet");
	w->groups = 0;
	w->told = true;
}

size_t filter_write(struct filter *filter, struct buf *out, size_t max)
{
	size_t count = 0;

	while (filter_has_news(filter) && (max == 0 || count < max)) {
		struct watch *watch = _pop(filter);
		bool left = watch->left;

		_write_watch(watch, out);
		if (left)
			_forget(watch);
		count++;
	}
	return count;
}
