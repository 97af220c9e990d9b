/* SPDX-License-Identifier: GPL-2.0-or-later */
/* retrieve - see retrieve.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "retrieve.h"
#include "session.h"
#include "spec.h"
#include "user.h"
#include "vm.h"
#include "xw.h"

#define OBJECTS_MAX 1000000

struct found {
	const struct spec *spec;
	struct mob **mobs;
	size_t count;
	size_t cap;
};

static void _found(struct mob *mob, void *arg)
{
	struct found *found = arg;

	if (!spec_prop_for(found->spec, mob) || found->count >= OBJECTS_MAX)
		return;
	if (found->count == found->cap) {
		found->cap = found->cap ? found->cap * 2 : 16;
		found->mobs = reallocarray(found->mobs, found->cap,
					   sizeof(*found->mobs));
		if (!found->mobs)
			abort();
	}
	found->mobs[found->count++] = mob_ref(mob);
}

static void _missing(struct buf *out, const char *path, const char *type,
		     const struct mob *mob)
{
	struct fault fault = FAULT_NONE;

	(void) fault_set(&fault, type, "%s", path);
	if (mob)
		(void) fault_add_ref(&fault, "object", mob->class->type,
				     mob->id);
	(void) fault_add(&fault, mob ? "privilegeId" : "name",
			 mob ? "System.View" : path);
	xw_open(out, "missingSet");
	xw_str(out, "path", path);
	xw_open(out, "fault");
	fault_print(&fault, out);
	xw_close(out, "fault");
	xw_close(out, "missingSet");
}

/* Why mob may not be read, as a fault type; NULL: it may. */
static const char *_barred(const struct call *call, const struct mob *mob)
{
	if (strcmp(mob->class->type, "ServiceInstance") == 0)
		return NULL;
	if (!call->session)
		return "NotAuthenticated";
	if (entity_of((struct mob *) mob) &&
	    !user_may(call->lab, call->session->user, mob, "System.View"))
		return "NoPermission";
	return NULL;
}

/* What a test has made of this property: a fault, "" for unset, or NULL. */
static const char *_odd(const struct mob *mob, const char *path)
{
	const struct vm *vm = vm_of((struct mob *) mob);

	for (size_t i = 0; vm && i < vm->nbarred; i++) {
		const struct vm_option *barred = &vm->barred[i];

		if (!strcmp(barred->key, path) || !strcmp(barred->key, "*"))
			return barred->value;
	}
	return NULL;
}

static void _object(struct call *call, const struct spec *spec,
		    const struct mob *mob, const char *tag)
{
	const struct spec_prop *prop = spec_prop_for(spec, mob);
	const char *barred = _barred(call, mob);
	struct buf *out = &call->out;

	xw_open(out, tag);
	xw_ref(out, "obj", mob->class->type, mob->id);
	for (size_t i = 0; !barred && i < prop->npaths; i++) {
		size_t mark = out->len;
		const char *odd = _odd(mob, prop->paths[i]);

		if (odd && *odd)
			continue;
		xw_open(out, "propSet");
		xw_str(out, "name", prop->paths[i]);
		if (!odd && mob_write(mob, prop->paths[i], out)) {
			xw_close(out, "propSet");
		} else if (!out->failed) {
			out->len = mark;
			out->data[mark] = '\0';
		}
	}
	for (size_t i = 0; i < prop->npaths; i++) {
		const char *odd = barred ? barred
					 : _odd(mob, prop->paths[i]);

		if (odd && *odd)
			_missing(out, prop->paths[i], odd, mob);
	}
	xw_close(out, tag);
}

void retrieve_free(struct retrieval *retrieval)
{
	for (size_t i = 0; i < retrieval->count; i++)
		mob_unref(retrieval->mobs[i]);
	free(retrieval->mobs);
	spec_destroy(retrieval->spec);
	free(retrieval->token);
	free(retrieval);
}

/* Write the next page; keeps the rest under its token or frees it. */
static void _page(struct call *call, struct retrieval *r)
{
	size_t left = r->count - r->next;
	size_t n = r->page > 0 && r->page < left ? r->page : left;
	struct buf *out = &call->out;

	xw_open(out, "returnval");
	if (n < left)
		xw_str(out, "token", r->token);
	for (size_t i = 0; i < n; i++) {
		const struct mob *mob = r->mobs[r->next++];

		if (!mob->gone)
			_object(call, r->spec, mob, "objects");
	}
	xw_close(out, "returnval");
	if (r->next == r->count) {
		retrieve_free(r);
		return;
	}
	r->after = call->session->retrievals;
	call->session->retrievals = r;
}

static void _collect(struct call *call, const struct spec *spec,
		     struct found *found)
{
	struct lab *lab = call->lab;

	found->spec = spec;
	lab->walks++;
	for (size_t i = 0; i < spec->nobjs; i++)
		spec_walk(&spec->objs[i], lab->walks, _found, found);
}

/* All specs of the request, in one list; only the last one may page. */
static struct retrieval *_retrieve(struct call *call, const xmlNode *set)
{
	struct retrieval *r = lab_alloc(sizeof(*r));
	struct found found = { NULL, NULL, 0, 0 };

	r->spec = spec_create(call->lab, set, &call->fault);
	if (!r->spec) {
		retrieve_free(r);
		return NULL;
	}
	_collect(call, r->spec, &found);
	r->mobs = found.mobs;
	r->count = found.count;
	return r;
}

static bool _too_many(const struct session *session)
{
	size_t n = 0;

	for (struct retrieval *r = session ? session->retrievals : NULL; r;
	     r = r->after)
		n++;
	return n >= SESSION_TOKENS_MAX;
}

int retrieve_ex(struct call *call)
{
	const xmlNode *set = call_arg(call, "specSet");
	int64_t max = xn_child_int(call_arg(call, "options"), "maxObjects",
				   0);
	int64_t bound = call->lab->limits.page_size;
	struct retrieval *r;

	if (!set)
		return fault_argument(&call->fault, "specSet", "empty");
	if (xn_again(set))
		return fault_set(&call->fault, "NotSupported",
				 "vclab takes one specSet in a call");
	if (max < 0 || _too_many(call->session))
		return fault_argument(&call->fault, "options",
				      "maxObjects, or too many open pages");
	r = _retrieve(call, set);
	if (!r)
		return -1;
	if (r->count == 0) {
		retrieve_free(r);
		return 0;
	}
	r->page = (size_t) (bound > 0 && (max == 0 || max > bound) ? bound
								   : max);
	if (!call->session)
		r->page = 0;
	if (r->page > 0)
		r->token = lab_printf("%" PRIu64,
				      ++call->session->next_id);
	_page(call, r);
	return 0;
}

static struct retrieval *_take(struct call *call)
{
	const char *token = call_arg_text(call, "token");
	struct retrieval **link;
	struct retrieval *r;

	link = call->session ? &call->session->retrievals : NULL;
	while (link && *link && strcmp((*link)->token, token) != 0)
		link = &(*link)->after;
	if (!link || !*link) {
		(void) fault_argument(&call->fault, "token", "unknown");
		return NULL;
	}
	r = *link;
	*link = r->after;
	return r;
}

int retrieve_continue(struct call *call)
{
	struct retrieval *r = _take(call);

	if (!r)
		return -1;
	_page(call, r);
	return 0;
}

int retrieve_cancel(struct call *call)
{
	struct retrieval *r = _take(call);

	if (!r)
		return -1;
	retrieve_free(r);
	return 0;
}

int retrieve_old(struct call *call)
{
	for (const xmlNode *set = call_arg(call, "specSet"); set;
	     set = xn_again(set)) {
		struct retrieval *r = _retrieve(call, set);

		if (!r)
			return -1;
		for (size_t i = 0; i < r->count; i++)
			_object(call, r->spec, r->mobs[i], "returnval");
		retrieve_free(r);
	}
	return 0;
}
