/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "partition.h"

#define NODES_MAX 1000000	/* of the whole cluster */

int partition_release(const char *text)
{
	unsigned major, minor;

	if (sscanf(text, "%u.%u", &major, &minor) != 2 || major > 99 ||
	    minor > 99)
		return 0;
	return (int) (major * 100 + minor);
}

void partition_read_cluster(const struct json *config,
			    struct isolation_cluster *out)
{
	const char *version = "", *built = "", *type = "";
	int release;

	memset(out, 0, sizeof(*out));
	(void) json_get_str_or(config, "version", "", &version, NULL);
	(void) json_get_str_or(config, "built_for", "", &built, NULL);
	(void) json_get_str_or(config, "preempt_type", "", &type, NULL);
	(void) json_get_bool_or(config, "preempt_suspends", false,
				&out->suspends, NULL);
	(void) json_get_bool_or(config, "preempt_gang", false, &out->gang,
				NULL);
	out->by_qos = !strcmp(type, "preempt/qos");
	out->version = partition_release(version);
	release = partition_release(built);
	if (release && release < out->version)
		out->version = release;
}

int partition_read(const struct json *json, struct isolation_partition *out,
		   struct err *err)
{
	struct isolation_partition partition = { 0 };
	bool suspends;

	if (json_get_str(json, "name", &partition.name, err) < 0 ||
	    json_get_bool(json, "exclusive", &partition.exclusive, err) < 0 ||
	    json_get_bool(json, "power_down_on_idle",
			  &partition.power_down_on_idle, err) < 0 ||
	    json_get_bool_or(json, "preempt_suspends", false, &suspends,
			     err) < 0)
		return err_wrap(err, "partition");
	if (json_get(json, "preempt_suspends"))
		partition.preempt = suspends ? ISOLATION_SUSPENDS
					     : ISOLATION_ENDS;
	*out = partition;
	return 0;
}

int partition_each_node(const struct json *json, const struct config *config,
			int (*each)(const char *name,
				    const struct config_set *set, void *arg,
				    struct err *err),
			void *arg, struct err *err)
{
	cleanup_hostlist struct hostlist *nodes = NULL;
	const char *text;

	if (json_get_str_or(json, "nodes", "", &text, err) < 0)
		return -1;
	if (!*text)
		return 0;
	nodes = hostlist_parse(text, NODES_MAX, err);
	if (!nodes)
		return -1;
	for (size_t i = 0; i < hostlist_count(nodes); i++) {
		const char *name = hostlist_at(nodes, i);
		const struct config_node *node = config_node(config, name);

		if (node && each(name, node->set, arg, err) < 0)
			return -1;
	}
	return 0;
}
