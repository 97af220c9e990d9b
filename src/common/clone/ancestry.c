/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ancestry.h"

struct ancestry {
	struct table *vms;	/* the values mean nothing */
	struct table *uuids;
};

struct ancestry *ancestry_create(void)
{
	cleanup_ancestry struct ancestry *ancestry =
		calloc(1, sizeof(*ancestry));

	if (!ancestry)
		return NULL;
	ancestry->vms = table_create(ANCESTRY_MAX, NULL);
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

int ancestry_add(struct ancestry *ancestry, const char *vm,
		 const char *instance_uuid, struct err *err)
{
	if (!*vm || !*instance_uuid)
		return err_set(err, ERR_CONFIG, "a source without id");
	if (table_get(ancestry->vms, vm) &&
	    table_get(ancestry->uuids, instance_uuid))
		return 0;
	if (table_set(ancestry->uuids, instance_uuid, ancestry, err) < 0 ||
	    table_set(ancestry->vms, vm, ancestry, err) < 0)
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
