/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts_slurm - scloned-slurm's answers as facts; see facts.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/table.h"
#include "common/ipc/slurmcall.h"
#include "facts.h"

#define NODES_MAX 1000000	/* of the whole cluster */

/* --- the configuration -------------------------------------------------- */

static const char *_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* From 26.05 on, arguments may follow the path. */
static int _take_program(struct facts_slurm *slurm,
			 enum facts_program_kind kind, const char *text,
			 struct err *err)
{
	slurm->programs[kind] = (struct facts_program) { NULL, 0, 0 };
	if (!*text)
		return 0;
	free(slurm->owned[kind]);
	slurm->owned[kind] = strndup(text, strcspn(text, " \t"));
	if (!slurm->owned[kind])
		return err_nomem(err);
	slurm->programs[kind].path = slurm->owned[kind];
	return 0;
}

/* From 24.05 on there may be several: ours, if it is among them. */
static int _take_prolog(struct facts_slurm *slurm, const struct json *config,
			struct err *err)
{
	const struct json *list = json_get(config, "prologs");
	const char *chosen = "";

	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_str(json_at(list, i));

		if (text && (!*chosen ||
			     !strncmp(_base(text), "sclone-prolog",
				      strlen("sclone-prolog"))))
			chosen = text;
	}
	return _take_program(slurm, FACTS_PROLOG, chosen, err);
}

static int _take_programs(struct facts_slurm *slurm,
			  const struct json *config, struct err *err)
{
	static const char *const keys[] = {
		[FACTS_RESUME] = "resume_program",
		[FACTS_SUSPEND] = "suspend_program",
		[FACTS_RESUME_FAIL] = "resume_fail_program",
	};
	const char *text;

	for (int kind = FACTS_RESUME; kind <= FACTS_RESUME_FAIL; kind++)
		if (json_get_str_or(config, keys[kind], "", &text, err) ||
		    _take_program(slurm, (enum facts_program_kind) kind, text,
				  err))
			return -1;
	return _take_prolog(slurm, config, err);
}

static int _take_numbers(struct facts_slurm *slurm, const struct json *config,
			 struct err *err)
{
	const struct {
		const char *key;
		int64_t *out;
	} numbers[] = {
		{ "resume_timeout", &slurm->resume_timeout },
		{ "suspend_timeout", &slurm->suspend_timeout },
		{ "suspend_time", &slurm->suspend_time },
		{ "resume_rate", &slurm->resume_rate },
		{ "suspend_rate", &slurm->suspend_rate },
		{ "prolog_epilog_timeout", &slurm->prolog_timeout },
		{ "return_to_service", &slurm->return_to_service },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (json_get_int(config, numbers[i].key, 0, FACTS_FOREVER,
				 numbers[i].out, err))
			return -1;
	return json_get_bool(config, "clouds_shown", &slurm->clouds_shown,
			     err);
}

static int _take_texts(struct facts_slurm *slurm, const struct json *config,
		       struct err *err)
{
	const struct {
		const char *key;
		const char **out;
	} texts[] = {
		{ "version", &slurm->version_text },
		{ "user", &slurm->user },
		{ "epilog", &slurm->epilog },
		{ "suspend_exc_nodes", &slurm->exc_nodes },
		{ "suspend_exc_parts", &slurm->exc_parts },
		{ "slurmctld_parameters", &slurm->ctld_params },
		{ "slurmd_parameters", &slurm->slurmd_params },
		{ "scheduler_parameters", &slurm->sched_params },
		{ "auth_info", &slurm->auth_info },
		{ "job_submit_plugins", &slurm->submit_plugins },
		{ "plugin_dir", &slurm->plugin_dir },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (json_get_str_or(config, texts[i].key, "", texts[i].out,
				    err))
			return -1;
	slurm->version = partition_release(slurm->version_text);
	partition_read_cluster(config, &slurm->cluster);
	return 0;
}

/* --- partitions --------------------------------------------------------- */

static int _take_holding(const char *name, const struct config_set *set,
			 void *arg, struct err *err)
{
	struct facts_partition *partition = arg;

	(void) err;
	if (set->is_test)
		snprintf(partition->test_node, sizeof(partition->test_node),
			 "%s", name);
	if (set->isolation == ISOLATION_SHARED)
		partition->has_shared = true;
	else
		partition->has_job = true;
	return 0;
}

static int _take_partition(struct facts_partition *partition,
			   const struct json *json, struct err *err)
{
	if (partition_read(json, &partition->gives, err) < 0)
		return -1;
	partition->name = partition->gives.name;
	return json_get_int(json, "resume_timeout", 0, FACTS_FOREVER,
			    &partition->resume_timeout, err) ||
	       json_get_int(json, "suspend_timeout", 0, FACTS_FOREVER,
			    &partition->suspend_timeout, err) ? -1 : 0;
}

static int _take_partitions(struct facts *facts, const struct json *list,
			    struct err *err)
{
	struct facts_slurm *slurm = &facts->slurm;
	size_t count = json_count(list);

	if (count > PARTITION_MAX)
		return err_set(err, ERR_PROTOCOL, "%zu partitions", count);
	slurm->partitions = calloc(count + 1, sizeof(*slurm->partitions));
	if (!slurm->partitions)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		const struct json *json = json_at(list, i);
		struct facts_partition *partition =
			&slurm->partitions[slurm->partition_count];

		if (partition_each_node(json, facts->config, _take_holding,
					partition, err) < 0)
			return err_wrap(err, "partitions");
		if (!partition->has_job && !partition->has_shared)
			continue;
		if (_take_partition(partition, json, err) < 0)
			return err_wrap(err, "partitions");
		slurm->partition_count++;
	}
	return 0;
}

/* --- nodes -------------------------------------------------------------- */

static struct facts_node *_add_nodes(struct facts *facts,
				     const struct suspend *suspend,
				     struct err *err)
{
	struct facts_slurm *slurm = &facts->slurm;
	const struct config *config = facts->config;

	slurm->nodes = calloc(config_node_count(config) + 1,
			      sizeof(*slurm->nodes));
	if (!slurm->nodes) {
		err_nomem(err);
		return NULL;
	}
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);

		for (size_t i = 0; i < hostlist_count(set->nodes); i++) {
			const char *name = hostlist_at(set->nodes, i);

			slurm->nodes[slurm->node_count++] =
				(struct facts_node) {
					.name = name,
					.set = set,
					.features = "",
					.is_listed = suspend_knows(suspend,
								   name),
					.suspend_time = suspend_of(
						suspend, name)->seconds,
				};
		}
	}
	return slurm->nodes;
}

static int _take_node(struct facts_node *node, const struct json *json,
		      struct err *err)
{
	struct slurmcall_node told;

	if (slurmcall_read_node(json, &told, err))
		return -1;
	node->found = true;
	node->is_cloud = told.flags & SLURMCALL_CLOUD;
	node->features = told.features ? told.features : "";
	node->cpus = told.cpus;
	node->memory_mib = told.memory_mib;
	return 0;
}

static int _take_other(struct facts_machine *machine,
		       const struct suspend *suspend, const struct json *json,
		       struct err *err)
{
	struct slurmcall_node told;
	const struct suspend_rule *rule;

	if (slurmcall_read_node(json, &told, err))
		return -1;
	rule = suspend_of(suspend, told.name);
	if (told.flags & SLURMCALL_CLOUD || told.base == SLURMCALL_FUTURE ||
	    rule->seconds == FACTS_FOREVER || *machine->name)
		return 0;
	snprintf(machine->name, sizeof(machine->name), "%s", told.name);
	machine->rule = *rule;
	return 0;
}

static int _take_nodes(struct facts *facts, const struct json *list,
		       const struct suspend *suspend, struct err *err)
{
	cleanup_table struct table *names = table_create(NODES_MAX, NULL);
	struct facts_node *nodes = _add_nodes(facts, suspend, err);
	struct facts_node *node;
	const char *name;

	if (!nodes)
		return -1;
	if (!names)
		return err_nomem(err);
	for (size_t i = 0; i < facts->slurm.node_count; i++)
		if (table_set(names, nodes[i].name, &nodes[i], err))
			return -1;
	for (size_t i = 0; i < json_count(list); i++) {
		if (json_get_str(json_at(list, i), "name", &name, err))
			return err_wrap(err, "nodes");
		node = table_get(names, name);
		if (node ? _take_node(node, json_at(list, i), err)
			 : _take_other(&facts->slurm.machine, suspend,
				       json_at(list, i), err))
			return err_wrap(err, "node %s", name);
	}
	return 0;
}

/* --- all ---------------------------------------------------------------- */

int facts_take_slurm(struct facts *facts, struct json *config,
		     struct json *partitions, struct json *nodes,
		     struct err *err)
{
	struct facts_slurm *slurm = &facts->slurm;
	cleanup_suspend struct suspend *suspend = NULL;

	slurm->answers[0] = config;
	slurm->answers[1] = partitions;
	slurm->answers[2] = nodes;
	if (_take_texts(slurm, config, err) ||
	    _take_numbers(slurm, config, err) ||
	    _take_programs(slurm, config, err))
		return err_wrap(err, "config");
	suspend = suspend_create(partitions, slurm->suspend_time, err);
	if (!suspend)
		return err_wrap(err, "partitions");
	slurm->saves_power = suspend_is_on(suspend);
	if (_take_partitions(facts, partitions, err) ||
	    _take_nodes(facts, nodes, suspend, err))
		return -1;
	return 0;
}
