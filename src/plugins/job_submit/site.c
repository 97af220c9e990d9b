/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/clone/config.h"
#include "site.h"

#define PARTITIONS_MAX 256

struct site {
	struct config *config;
	const char *templates[CONFIG_TEMPLATES_MAX];
	struct submit_partition partitions[PARTITIONS_MAX];
	struct submit_site rules;
};

static struct submit_partition *_partition(struct site *site,
					   const char *name,
					   const char *by_default)
{
	size_t *count = &site->rules.partition_count;
	struct submit_partition *partition;

	for (size_t i = 0; i < *count; i++)
		if (!strcmp(site->partitions[i].name, name))
			return &site->partitions[i];
	if (*count == PARTITIONS_MAX)
		return NULL;
	partition = &site->partitions[(*count)++];
	partition->name = name;
	partition->by_default = by_default;
	partition->shared = true;	/* until a node is not */
	return partition;
}

/* Node sets may share a partition: it offers what any of them does. */
static int _add_set(struct site *site, const struct config_set *set,
		    struct err *err)
{
	bool shared = set->isolation == ISOLATION_SHARED;

	site->rules.shared &= shared;
	for (size_t i = 0; i < set->partition_count; i++) {
		const char *first = site->templates[set->templates[0]];
		struct submit_partition *partition =
			_partition(site, set->partitions[i], first);

		if (!partition)
			return err_set(err, ERR_CONFIG, "Partitions= name "
				       "more than %d", PARTITIONS_MAX);
		partition->offered |= config_set_offers(set);
		partition->shared &= shared;
		if (partition->by_default != first)
			partition->by_default = NULL;
	}
	return 0;
}

static int _read(struct site *site, const char *path, struct err *err)
{
	site->config = config_read(path, err);
	if (!site->config)
		return -1;
	for (size_t i = 0; i < config_template_count(site->config); i++)
		site->templates[i] = config_template(site->config, i)->name;
	site->rules.shared = true;
	for (size_t i = 0; i < config_set_count(site->config); i++)
		if (_add_set(site, config_set(site->config, i), err) < 0)
			return -1;
	site->rules.templates = site->templates;
	site->rules.template_count = config_template_count(site->config);
	site->rules.partitions = site->partitions;
	return 0;
}

struct site *site_read(const char *path, struct err *err)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site) {
		err_nomem(err);
		return NULL;
	}
	if (_read(site, path, err) < 0) {
		site_destroy(site);
		return NULL;
	}
	return site;
}

void site_destroy(struct site *site)
{
	if (!site)
		return;
	config_destroy(site->config);
	free(site);
}

const struct submit_site *site_rules(const struct site *site)
{
	return &site->rules;
}
