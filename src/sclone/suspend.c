/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suspend - see suspend.h. */
#include <stdlib.h>

#include "common/base/hostlist.h"
#include "common/base/table.h"
#include "facts.h"
#include "suspend.h"

#define NODES_MAX 1000000	/* of the whole cluster */

struct suspend {
	struct suspend_rule global;
	struct suspend_rule *rules;	/* a partition's; 0 seconds: none */
	size_t count;
	struct table *nodes;	/* name -> struct suspend_rule, borrowed */
};

static int _take_node(struct suspend *suspend, const char *name,
		      struct suspend_rule *rule, struct err *err)
{
	const struct suspend_rule *known = table_get(suspend->nodes, name);

	if (known && known->seconds >= rule->seconds)
		return 0;
	return table_set(suspend->nodes, name, rule, err);
}

static int _take_partition(struct suspend *suspend, const struct json *json,
			   struct err *err)
{
	struct suspend_rule *rule = &suspend->rules[suspend->count++];
	cleanup_hostlist struct hostlist *nodes = NULL;
	const char *text;

	if (json_get_str(json, "name", &rule->partition, err) < 0 ||
	    json_get_int_or(json, "suspend_time", 0, FACTS_FOREVER, 0,
			    &rule->seconds, err) < 0 ||
	    json_get_str_or(json, "nodes", "", &text, err) < 0)
		return -1;
	if (!*text)
		return 0;
	nodes = hostlist_parse(text, NODES_MAX, err);
	if (!nodes)
		return -1;
	for (size_t i = 0; i < hostlist_count(nodes); i++)
		if (_take_node(suspend, hostlist_at(nodes, i), rule, err) < 0)
			return -1;
	return 0;
}

struct suspend *suspend_create(const struct json *partitions, int64_t global,
			       struct err *err)
{
	cleanup_suspend struct suspend *suspend = calloc(1, sizeof(*suspend));
	size_t count = json_count(partitions);

	if (suspend) {
		suspend->global = (struct suspend_rule) { "", global };
		suspend->rules = calloc(count + 1, sizeof(*suspend->rules));
		suspend->nodes = table_create(NODES_MAX, NULL);
	}
	if (!suspend || !suspend->rules || !suspend->nodes) {
		err_nomem(err);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (_take_partition(suspend, json_at(partitions, i), err) < 0)
			return NULL;
	return steal_ptr(&suspend);
}

void suspend_destroy(struct suspend *suspend)
{
	if (!suspend)
		return;
	table_destroy(suspend->nodes);
	free(suspend->rules);
	free(suspend);
}

/* A partition turns it on even when another one keeps its nodes up. */
bool suspend_is_on(const struct suspend *suspend)
{
	for (size_t i = 0; i < suspend->count; i++)
		if (suspend->rules[i].seconds &&
		    suspend->rules[i].seconds != FACTS_FOREVER)
			return true;
	return suspend->global.seconds != FACTS_FOREVER;
}

bool suspend_knows(const struct suspend *suspend, const char *node)
{
	return table_get(suspend->nodes, node) != NULL;
}

const struct suspend_rule *suspend_of(const struct suspend *suspend,
				      const char *node)
{
	const struct suspend_rule *rule = table_get(suspend->nodes, node);

	return rule && rule->seconds ? rule : &suspend->global;
}
