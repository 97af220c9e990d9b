/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view - see view.h. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "filter.h"
#include "session.h"
#include "view.h"
#include "xw.h"

#define MEMBERS_MAX 100000

static const struct mob_class _list_class;
static const struct mob_class _container_class;

struct view *view_of(struct mob *mob)
{
	return mob->class == &_list_class || mob->class == &_container_class
		       ? (struct view *) mob : NULL;
}

static void _tell(struct view *view, struct mob *mob, bool entered)
{
	for (size_t i = 0; i < view->nfilters; i++) {
		if (entered)
			filter_enter(view->filters[i], mob);
		else
			filter_leave(view->filters[i], mob);
	}
}

void view_subscribe(struct view *view, struct filter *filter)
{
	if (view->nfilters == VIEW_FILTERS_MAX)
		abort();
	view->filters[view->nfilters++] = filter;
}

void view_unsubscribe(struct lab *lab, struct filter *filter)
{
	for (struct view *v = lab->views; v; v = v->next) {
		size_t kept = 0;

		for (size_t i = 0; i < v->nfilters; i++) {
			if (v->filters[i] != filter)
				v->filters[kept++] = v->filters[i];
		}
		v->nfilters = kept;
	}
}

/* -- ContainerView -------------------------------------------------- */

static bool _wants(const struct view *view, const struct mob *mob)
{
	for (size_t i = 0; i < view->ntypes; i++) {
		if (schema_is_a(mob->type, view->types[i]))
			return true;
	}
	return view->ntypes == 0;
}

static bool _contains(const struct view *view, const struct entity *entity)
{
	if (entity == view->container || !_wants(view, &entity->mob))
		return false;
	return view->recursive
		       ? entity_is_below(entity, view->container)
		       : entity->parent == view->container;
}

static void _tell_if(struct view *view, struct entity *entity, bool entered)
{
	if (_contains(view, entity))
		_tell(view, &entity->mob, entered);
}

void view_entity_placed(struct entity *entity)
{
	for (struct view *v = entity->mob.lab->views; v; v = v->next) {
		if (v->container && v->nfilters > 0)
			_tell_if(v, entity, true);
	}
}

void view_entity_leaving(struct entity *entity)
{
	for (struct view *v = entity->mob.lab->views; v; v = v->next) {
		if (v->container && v->nfilters > 0)
			_tell_if(v, entity, false);
	}
}

struct visitor {
	const struct view *view;
	mob_visit *visit;
	void *arg;
};

static void _visit_below(struct mob *mob, void *arg)
{
	const struct visitor *visitor = arg;

	if (_wants(visitor->view, mob))
		visitor->visit(mob, visitor->arg);
	if (visitor->view->recursive)
		entity_refs_children(mob, _visit_below, arg);
}

static void _refs_view(const struct mob *mob, mob_visit *visit, void *arg)
{
	const struct view *view = (const struct view *) mob;
	struct visitor visitor = { view, visit, arg };
	struct mob *member;
	size_t pos = 0;

	if (view->container) {
		entity_refs_children(&view->container->mob, _visit_below,
				     &visitor);
		return;
	}
	while ((member = table_next(view->members, &pos, NULL)) != NULL) {
		if (!member->gone)
			visit(member, arg);
	}
}

static void _refs_container(const struct mob *mob, mob_visit *visit,
			    void *arg)
{
	visit(&((const struct view *) mob)->container->mob, arg);
}

/* -- ListView ------------------------------------------------------- */

static void _add_member(struct view *view, struct mob *mob)
{
	struct err err = ERR_INIT;

	if (table_get(view->members, mob->id))
		return;
	if (table_set(view->members, mob->id, mob_ref(mob), &err) < 0)
		mob_unref(mob);
	else
		_tell(view, mob, true);
}

static void _drop_member(struct view *view, const char *id)
{
	struct mob *mob = table_take(view->members, id);

	if (!mob)
		return;
	_tell(view, mob, false);
	mob_unref(mob);
}

static struct mob *_known(struct call *call, const xmlNode *ref)
{
	struct mob *mob = mob_find(call->lab, xn_text(ref));

	return mob && strcmp(mob->class->type, xn_ref_type(ref)) == 0 ? mob
								      : NULL;
}

static void _unresolved(struct call *call, const xmlNode *ref)
{
	xw_ref(&call->out, "returnval", xn_ref_type(ref), xn_text(ref));
}

static void _add_all(struct call *call, struct view *view, const char *arg)
{
	for (const xmlNode *r = call_arg(call, arg); r; r = xn_again(r)) {
		struct mob *mob = _known(call, r);

		if (mob)
			_add_member(view, mob);
		else
			_unresolved(call, r);
	}
}

static int _modify(struct call *call)
{
	struct view *view = (struct view *) call->self;

	for (const xmlNode *r = call_arg(call, "remove"); r;
	     r = xn_again(r)) {
		if (table_get(view->members, xn_text(r)))
			_drop_member(view, xn_text(r));
		else
			_unresolved(call, r);
	}
	_add_all(call, view, "add");
	return 0;
}

static int _reset(struct call *call)
{
	struct view *view = (struct view *) call->self;
	const char *id;
	size_t pos = 0;

	while (table_next(view->members, &pos, &id))
		_drop_member(view, id);
	_add_all(call, view, "obj");
	return 0;
}

/* -- life ----------------------------------------------------------- */

static void _remove(struct view *view)
{
	struct view **link = &view->mob.lab->views;
	const char *id;
	size_t pos = 0;

	while (*link != view)
		link = &(*link)->next;
	*link = view->next;
	while (view->members && table_next(view->members, &pos, &id))
		_drop_member(view, id);
	if (view->container)
		mob_unref(&view->container->mob);
	mob_remove(&view->mob);
}

void view_remove_of(struct lab *lab, const struct session *session)
{
	struct view *v;
	struct view *next;

	for (v = lab->views; v; v = next) {
		next = v->next;
		if (v->session == session)
			_remove(v);
	}
}

static int _destroy(struct call *call)
{
	_remove((struct view *) call->self);
	return 0;
}

static void _free(struct mob *mob)
{
	table_destroy(((struct view *) mob)->members);
}

static const struct mob_prop _list_props[] = {
	{ "view", NULL, _refs_view, 0 },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _list_methods[] = {
	{ "ModifyListView", _modify },
	{ "ResetListView", _reset },
	{ "DestroyView", _destroy },
	{ NULL, NULL },
};
static const struct mob_class _list_class = { "ListView", _list_props,
					      _list_methods, _free };

static const struct mob_prop _container_props[] = {
	{ "container", NULL, _refs_container, 0 },
	{ "view", NULL, _refs_view, 0 },
	{ NULL, NULL, NULL, 0 },
};
static const struct mob_method _container_methods[] = {
	{ "DestroyView", _destroy },
	{ NULL, NULL },
};
static const struct mob_class _container_class = {
	"ContainerView", _container_props, _container_methods, _free
};

static struct view *_create(struct call *call, const struct mob_class *class)
{
	struct view *view = lab_alloc(sizeof(*view));
	struct session *session = call->session;

	view->session = session;
	view->next = call->lab->views;
	call->lab->views = view;
	mob_init(&view->mob, call->lab, class,
		 lab_printf("session[%s]view-%llu", session->key,
			    (unsigned long long) ++session->next_id));
	return view;
}

static int _create_list(struct call *call)
{
	struct view *view;

	for (const xmlNode *r = call_arg(call, "obj"); r; r = xn_again(r)) {
		if (!call_object(call, r))
			return -1;
	}
	view = _create(call, &_list_class);
	view->members = table_create(MEMBERS_MAX, NULL);
	if (!view->members)
		abort();
	_add_all(call, view, "obj");
	call_return_ref(call, &view->mob);
	return 0;
}

static int _create_container(struct call *call)
{
	struct mob *mob = call_object(call, call_arg(call, "container"));
	struct entity *container = entity_of(mob);
	struct view *view;
	const xmlNode *t;

	if (!mob)
		return -1;
	for (t = call_arg(call, "type"); t; t = xn_again(t)) {
		if (!schema_type(xn_text(t)))
			return fault_argument(&call->fault, "type",
					      "no such type");
	}
	if (!container)
		return fault_argument(&call->fault, "container",
				      "not a container");
	view = _create(call, &_container_class);
	view->container = (struct entity *) mob_ref(mob);
	view->recursive = xn_child_bool(call->node, "recursive", false);
	for (t = call_arg(call, "type"); t && view->ntypes < 8;
	     t = xn_again(t))
		view->types[view->ntypes++] = schema_type(xn_text(t));
	call_return_ref(call, &view->mob);
	return 0;
}

static const struct mob_prop _manager_props[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_method _manager_methods[] = {
	{ "CreateListView", _create_list },
	{ "CreateContainerView", _create_container },
	{ NULL, NULL },
};
const struct mob_class view_manager_class = { "ViewManager", _manager_props,
					      _manager_methods, NULL };
