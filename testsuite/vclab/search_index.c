/* SPDX-License-Identifier: GPL-2.0-or-later */
/* search_index - SearchIndex; see service_instance.h. */
#include <string.h>

#include "call.h"
#include "service_instance.h"
#include "vm.h"

#define FOUND_MAX 64

static int _by_path(struct call *call)
{
	const char *path = call_arg_text(call, "inventoryPath");
	const struct entity *entity = entity_at_path(call->lab, path);

	if (entity && *path)
		call_return_ref(call, &entity->mob);
	return 0;
}

static int _child(struct call *call)
{
	struct mob *mob = call_object(call, call_arg(call, "entity"));
	struct entity *child;

	if (!mob)
		return -1;
	if (!entity_of(mob))
		return fault_argument(&call->fault, "entity",
				      "It is not in the inventory tree.");
	child = entity_child(entity_of(mob), call_arg_text(call, "name"));
	if (child && !child->mob.gone)
		call_return_ref(call, &child->mob);
	return 0;
}

static size_t _search(struct call *call, struct vm **found, size_t max)
{
	bool instance = xn_child_bool(call->node, "instanceUuid", false);
	const struct table *index = instance ? call->lab->instance_uuids
					     : call->lab->bios_uuids;

	if (!xn_child_bool(call->node, "vmSearch", true))
		return 0;
	return vm_by_uuid(index, call_arg_text(call, "uuid"), found, max);
}

static int _by_uuid(struct call *call)
{
	struct vm *vm;

	if (_search(call, &vm, 1) > 0)
		call_return_ref(call, &vm->entity.mob);
	return 0;
}

static int _all_by_uuid(struct call *call)
{
	struct vm *vms[FOUND_MAX];
	size_t n = _search(call, vms, FOUND_MAX);

	for (size_t i = 0; i < n; i++)
		call_return_ref(call, &vms[i]->entity.mob);
	return 0;
}

static const struct mob_prop _props[] = { { NULL, NULL, NULL, 0 } };
static const struct mob_method _methods[] = {
	{ "FindAllByUuid", _all_by_uuid },
	{ "FindByInventoryPath", _by_path },
	{ "FindByUuid", _by_uuid },
	{ "FindChild", _child },
	{ NULL, NULL },
};
const struct mob_class search_index_class = { "SearchIndex", _props,
					      _methods, NULL };
