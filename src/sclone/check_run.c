/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_run - the tables in their order, and names in findings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const struct check *const tables[] = {
	check_config_table, check_vcenter_table, check_slurm_table,
	check_times_table, check_nodes_table, check_room_table,
};

static bool _can_run(const struct facts *facts, enum check_needs needs)
{
	switch (needs) {
	case CHECK_NOTHING:
		return true;
	case CHECK_CONFIG:
		return facts->config;
	case CHECK_VCENTER:
		return facts->config && !facts->vcenter.problem.code;
	case CHECK_SLURM:
		return facts->config && !facts->slurm.problem.code;
	}
	return false;
}

static void _run(const struct check *check, const struct facts *facts,
		 struct findings *out)
{
	size_t before = findings_count(out);

	if (!_can_run(facts, check->needs))
		return;
	findings_topic(out, check->topic);
	check->run(facts, out);
	if (findings_count(out) == before)
		findings_ok(out, "%s", check->fine);
}

void check_run(const struct facts *facts, struct findings *out)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct check *c = tables[t]; c->topic; c++)
			_run(c, facts, out);
}

/* --- names -------------------------------------------------------------- */

void check_names_add(struct check_names *names, const char *name)
{
	size_t len = strlen(names->text);

	if (!names->list)
		names->list = hostlist_create();
	if (names->list && !hostlist_add(names->list, name, NULL))
		return;
	names->others++;
	(void) snprintf(names->text + len, sizeof(names->text) - len, "%s%s",
			len ? "," : "", name);
}

size_t check_names_count(const struct check_names *names)
{
	return names->others +
	       (names->list ? hostlist_count(names->list) : 0);
}

const char *check_names_print(struct check_names *names)
{
	cleanup_free char *folded = names->list ? hostlist_print(names->list)
						: NULL;
	size_t len = strlen(names->text);

	if (folded && *folded)
		(void) snprintf(names->text + len, sizeof(names->text) - len,
				"%s%s", len ? "," : "", folded);
	if (strlen(names->text) == sizeof(names->text) - 1)
		memcpy(names->text + sizeof(names->text) - 4, "...", 4);
	return names->text;
}

void check_names_clear(struct check_names *names)
{
	hostlist_destroy(names->list);
	*names = (struct check_names) { 0 };
}
