/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ancestry.h"

struct ancestor {
	struct moref vm;
	bool asked, told, gone;
};

struct ancestry {
	struct table *vms;	/* struct ancestor */
	struct table *uuids;	/* values mean nothing */
};

struct ancestry *ancestry_create(void)
{
	cleanup_ancestry struct ancestry *ancestry =
		calloc(1, sizeof(*ancestry));

	if (!ancestry)
		return NULL;
	ancestry->vms = table_create(ANCESTRY_MAX, free);
	ancestry->uuids = table_create(ANCESTRY_MAX, NULL);
	if (!ancestry->vms || !ancestry->uuids)
		return NULL;
	return steal_ptr(&ancestry);
}

void ancestry_destroy(struct ancestry *ancestry)
{
	if (!ancestry)
		return;
	table_destroy(ancestry->vms);
	table_destroy(ancestry->uuids);
	free(ancestry);
}

static int _add_vm(struct ancestry *ancestry, const char *vm, struct err *err)
{
	struct ancestor *ancestor = calloc(1, sizeof(*ancestor));

	if (!ancestor)
		return err_nomem(err);
	if (moref_set(&ancestor->vm, "VirtualMachine", vm, err) < 0 ||
	    table_set(ancestry->vms, vm, ancestor, err) < 0) {
		free(ancestor);
		return -1;
	}
	return 0;
}

int ancestry_add(struct ancestry *ancestry, const char *vm,
		 const char *instance_uuid, struct err *err)
{
	if (!*vm || !*instance_uuid)
		return err_set(err, ERR_CONFIG, "a source without id");
	if (table_get(ancestry->vms, vm) &&
	    table_get(ancestry->uuids, instance_uuid))
		return 0;
	if (table_set(ancestry->uuids, instance_uuid, ancestry, err) < 0 ||
	    (!table_get(ancestry->vms, vm) &&
	     _add_vm(ancestry, vm, err) < 0))
		return -1;
	return 1;
}

const struct table *ancestry_vms(const struct ancestry *ancestry)
{
	return ancestry->vms;
}

const struct table *ancestry_uuids(const struct ancestry *ancestry)
{
	return ancestry->uuids;
}

size_t ancestry_ask(struct ancestry *ancestry, struct moref *refs)
{
	struct ancestor *ancestor;
	size_t pos = 0, count = 0;

	while ((ancestor = table_next(ancestry->vms, &pos, NULL)) != NULL) {
		ancestor->asked = !ancestor->gone;
		ancestor->told = false;
		if (ancestor->asked)
			refs[count++] = ancestor->vm;
	}
	return count;
}

void ancestry_tell(struct ancestry *ancestry, const char *vm)
{
	struct ancestor *ancestor = table_get(ancestry->vms, vm);

	if (ancestor)
		ancestor->told = true;
}

void ancestry_settle(struct ancestry *ancestry)
{
	struct ancestor *ancestor;
	size_t pos = 0;

	while ((ancestor = table_next(ancestry->vms, &pos, NULL)) != NULL)
		if (ancestor->asked && !ancestor->told)
			ancestor->gone = true;
}
