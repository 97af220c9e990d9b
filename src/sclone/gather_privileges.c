/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_privileges - asks vCenter what our own account may do. */
#include <stdlib.h>
#include <string.h>

#include "gather_visit.h"

static void _add_grant(struct facts_vcenter *out, const struct object *object,
		       const char *privilege, bool granted)
{
	for (size_t i = 0; i < privileges_count; i++) {
		const struct privileges_row *row = &privileges_table[i];
		struct facts_grant *grant;

		if (row->on != object->on || strcmp(row->name, privilege) ||
		    out->grant_count >= FACTS_GRANTS_MAX)
			continue;
		grant = &out->grants[out->grant_count++];
		grant->row = row;
		grant->granted = granted;
		memcpy(grant->object, object->name, sizeof(grant->object));
	}
}

static void _each_grant(const struct moref *ref, const char *privilege,
			bool granted, void *arg)
{
	struct visit *visit = arg;

	for (size_t i = 0; i < visit->object_count; i++)
		if (moref_equal(&visit->objects[i].ref, ref))
			_add_grant(visit->out, &visit->objects[i], privilege,
				   granted);
}

static void _asked(const struct err *failure, void *arg)
{
	struct visit *visit = arg;

	visit->check = NULL;
	gather_vcenter_ended(visit, failure);
}

static int _ask_on(struct visit *visit, enum privileges_on on,
		   struct err *err)
{
	cleanup_free struct moref *refs =
		calloc(visit->object_count + 1, sizeof(*refs));
	cleanup_free const char **names =
		calloc(privileges_count, sizeof(*names));
	size_t ref_count = 0, name_count = 0;

	if (!refs || !names)
		return err_nomem(err);
	for (size_t i = 0; i < visit->object_count; i++)
		if (visit->objects[i].on == on)
			refs[ref_count++] = visit->objects[i].ref;
	for (size_t i = 0; i < privileges_count; i++)
		if (privileges_table[i].on == on)
			names[name_count++] = privileges_table[i].name;
	if (!ref_count)
		return 0;
	visit->check = privilege_ask(visit->session, refs, ref_count, names,
				     name_count, _each_grant, _asked, visit,
				     err);
	if (!visit->check)
		return -1;
	visit->pending++;
	return gather_vcenter_await(visit, err);
}

int gather_privileges(struct visit *visit, struct err *err)
{
	visit->out->grants = calloc(FACTS_GRANTS_MAX,
				    sizeof(*visit->out->grants));
	if (!visit->out->grants)
		return err_nomem(err);
	for (int on = 0; on < PRIVILEGES_ON; on++)
		if (_ask_on(visit, (enum privileges_on) on, err))
			return -1;
	return 0;
}
