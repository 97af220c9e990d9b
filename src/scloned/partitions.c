/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/clone/partition.h"
#include "partitions.h"

#define FRESH_US CLOCK_US_PER_S

/* A partition that does not give its nodes to one job alone. */
struct flawed {
	STAILQ_ENTRY(flawed) link;
	char text[ISOLATION_TEXT_SIZE];
};

/* What one list says. */
struct verdict {
	STAILQ_HEAD(, flawed) flawed;
	struct table *nodes;	/* name -> why, of a flawed one's */
};

struct partitions {
	const struct config *const *config;
	struct isolation_cluster cluster;
	struct verdict now;
	bool known;
	unsigned version;
	int64_t asked;		/* monotonic us; 0: long ago */
};

static void _clear(struct verdict *verdict)
{
	struct flawed *flawed;

	while ((flawed = STAILQ_FIRST(&verdict->flawed)) != NULL) {
		STAILQ_REMOVE_HEAD(&verdict->flawed, link);
		free(flawed);
	}
	table_destroy(verdict->nodes);
	verdict->nodes = NULL;
}

static int _prepare(struct verdict *verdict, struct err *err)
{
	STAILQ_INIT(&verdict->flawed);
	verdict->nodes = table_create(CONFIG_NODES_MAX, NULL);
	return verdict->nodes ? 0 : err_nomem(err);
}

static bool _says(const struct verdict *verdict, const char *text)
{
	const struct flawed *flawed;

	STAILQ_FOREACH(flawed, &verdict->flawed, link)
		if (!strcmp(flawed->text, text))
			return true;
	return false;
}

/* Each change is logged once. */
static void _log(const struct verdict *old, const struct verdict *new)
{
	const struct flawed *flawed;

	STAILQ_FOREACH(flawed, &new->flawed, link)
		if (!_says(old, flawed->text))
			log_error("no clones for its nodes: %s", flawed->text);
	STAILQ_FOREACH(flawed, &old->flawed, link)
		if (!_says(new, flawed->text))
			log_info("no longer so: %s", flawed->text);
}

/* --- reading ------------------------------------------------------------ */

struct reading {
	struct verdict *verdict;
	struct flawed *flawed;
	bool any;		/* it has a node that is for one job */
};

static int _refuse(const char *name, const struct config_set *set, void *arg,
		   struct err *err)
{
	struct reading *reading = arg;

	if (set->isolation == ISOLATION_SHARED ||
	    table_get(reading->verdict->nodes, name))
		return 0;
	reading->any = true;
	return table_set(reading->verdict->nodes, name,
			 reading->flawed->text, err);
}

/* The first thing that is wrong is told; then the next. */
static enum isolation_flaw _first(unsigned flaws)
{
	int flaw = 0;

	while (!(flaws & 1u << flaw))
		flaw++;
	return (enum isolation_flaw) flaw;
}

static int _judge(const struct partitions *partitions,
		  struct verdict *verdict, const struct json *json,
		  struct err *err)
{
	struct reading reading = { .verdict = verdict };
	struct isolation_partition partition;
	unsigned flaws;
	int rc;

	if (!json_get(json, "nodes"))
		return 0;
	if (partition_read(json, &partition, err) < 0)
		return -1;
	flaws = isolation_flaws(&partitions->cluster, &partition);
	if (!flaws)
		return 0;
	reading.flawed = calloc(1, sizeof(*reading.flawed));
	if (!reading.flawed)
		return err_nomem(err);
	isolation_say(&partitions->cluster, &partition, _first(flaws),
		      reading.flawed->text);
	rc = partition_each_node(json, *partitions->config, _refuse, &reading,
				 err);
	if (reading.any)
		STAILQ_INSERT_TAIL(&verdict->flawed, reading.flawed, link);
	else
		free(reading.flawed);
	return rc;
}

int partitions_take(struct partitions *partitions, const struct json *list,
		    struct err *err)
{
	size_t count = json_count(list);
	struct verdict verdict;
	int rc = 0;

	partitions->asked = clock_mono_us();
	if (count > PARTITION_MAX)
		return err_set(err, ERR_PROTOCOL, "%zu partitions", count);
	if (_prepare(&verdict, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = _judge(partitions, &verdict, json_at(list, i), err);
	if (rc < 0) {
		_clear(&verdict);
		return -1;
	}
	if (!STAILQ_EMPTY(&verdict.flawed) ||
	    !STAILQ_EMPTY(&partitions->now.flawed))
		partitions->version++;
	_log(&partitions->now, &verdict);
	_clear(&partitions->now);
	STAILQ_CONCAT(&partitions->now.flawed, &verdict.flawed);
	partitions->now.nodes = verdict.nodes;
	partitions->known = true;
	return 0;
}

void partitions_take_cluster(struct partitions *partitions,
			     const struct json *config)
{
	partition_read_cluster(config, &partitions->cluster);
}

void partitions_missed(struct partitions *partitions)
{
	partitions->asked = clock_mono_us();
}

void partitions_outdate(struct partitions *partitions)
{
	partitions->asked = 0;
}

bool partitions_known(const struct partitions *partitions)
{
	return partitions->known;
}

bool partitions_fresh(const struct partitions *partitions)
{
	return partitions->asked &&
	       clock_mono_us() - partitions->asked < FRESH_US;
}

unsigned partitions_version(const struct partitions *partitions)
{
	return partitions->version;
}

const char *partitions_flaw(const struct partitions *partitions,
			    size_t index)
{
	const struct flawed *flawed;

	STAILQ_FOREACH(flawed, &partitions->now.flawed, link)
		if (!index--)
			return flawed->text;
	return NULL;
}

const char *partitions_refuse(const struct partitions *partitions,
			      const char *node)
{
	const struct config_node *known = NULL;

	if (!STAILQ_EMPTY(&partitions->now.flawed))
		known = config_node(*partitions->config, node);
	if (!known || known->set->isolation == ISOLATION_SHARED)
		return NULL;
	return table_get(partitions->now.nodes, node);
}

struct partitions *partitions_create(const struct config *const *config,
				     struct err *err)
{
	struct partitions *partitions = calloc(1, sizeof(*partitions));

	if (!partitions) {
		err_nomem(err);
		return NULL;
	}
	partitions->config = config;
	if (_prepare(&partitions->now, err) < 0) {
		partitions_destroy(partitions);
		return NULL;
	}
	return partitions;
}

void partitions_destroy(struct partitions *partitions)
{
	if (!partitions)
		return;
	_clear(&partitions->now);
	free(partitions);
}
