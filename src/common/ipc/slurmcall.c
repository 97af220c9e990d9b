/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmcall - scloned's reading of what scloned-slurm answers. */
#include <string.h>

#include "slurmcall.h"

struct word {
	const char *text;
	unsigned value;
};

static const struct word _bases[] = {
	{ "DOWN", SLURMCALL_DOWN },
	{ "IDLE", SLURMCALL_IDLE },
	{ "ALLOCATED", SLURMCALL_ALLOCATED },
	{ "ERROR", SLURMCALL_ERROR },
	{ "MIXED", SLURMCALL_MIXED },
	{ "FUTURE", SLURMCALL_FUTURE },
	{ NULL, 0 },
};

static const struct word _flags[] = {
	{ "CLOUD", SLURMCALL_CLOUD },
	{ "COMPLETING", SLURMCALL_COMPLETING },
	{ "DRAIN", SLURMCALL_DRAIN },
	{ "FAIL", SLURMCALL_FAIL },
	{ "INVALID_REG", SLURMCALL_INVALID_REG },
	{ "NOT_RESPONDING", SLURMCALL_NOT_RESPONDING },
	{ "POWER_DOWN", SLURMCALL_POWER_DOWN },
	{ "POWER_UP", SLURMCALL_POWER_UP },
	{ "POWERED_DOWN", SLURMCALL_POWERED_DOWN },
	{ "POWERING_DOWN", SLURMCALL_POWERING_DOWN },
	{ "POWERING_UP", SLURMCALL_POWERING_UP },
	{ "RESERVED", SLURMCALL_RESERVED },
	{ "MAINTENANCE", SLURMCALL_MAINTENANCE },
	{ "PLANNED", SLURMCALL_PLANNED },
	{ NULL, 0 },
};

/* The value of the word of len bytes at text; 0 when it is not in the list. */
static unsigned _find(const struct word *words, const char *text, size_t len)
{
	for (; words->text; words++) {
		if (strlen(words->text) == len &&
		    !memcmp(words->text, text, len))
			return words->value;
	}
	return 0;
}

void slurmcall_read_state(const char *text, enum slurmcall_base *base,
			  unsigned *flags)
{
	size_t len = strcspn(text, "+");

	*base = (enum slurmcall_base) _find(_bases, text, len);
	*flags = 0;
	for (text += len; *text; text += len) {
		text++;
		len = strcspn(text, "+");
		*flags |= _find(_flags, text, len);
	}
}

int slurmcall_read_node(const struct json *json, struct slurmcall_node *out,
			struct err *err)
{
	struct slurmcall_node node = { 0 };
	const char *state = NULL;

	if (json_get_str(json, "name", &node.name, err) ||
	    json_get_str(json, "state", &state, err) ||
	    json_get_str_or(json, "reason", NULL, &node.reason, err) ||
	    json_get_str_or(json, "features", NULL, &node.features, err) ||
	    json_get_str_or(json, "addr", NULL, &node.addr, err) ||
	    json_get_str_or(json, "version", NULL, &node.version, err) ||
	    json_get_int(json, "boot", 0, INT64_MAX, &node.boot_s, err) ||
	    json_get_int(json, "cpus", 0, INT64_MAX, &node.cpus, err) ||
	    json_get_int(json, "memory", 0, INT64_MAX, &node.memory_mib, err))
		return err_wrap(err, "scloned-slurm: node");
	slurmcall_read_state(state, &node.base, &node.flags);
	*out = node;
	return 0;
}

int slurmcall_read_job(const struct json *json, struct slurmcall_job *out,
		       struct err *err)
{
	struct slurmcall_job job = { 0 };

	if (json_get_int(json, "id", 1, UINT32_MAX, &job.id, err) ||
	    json_get_int(json, "uid", 0, UINT32_MAX, &job.uid, err) ||
	    json_get_str_or(json, "user", NULL, &job.user, err) ||
	    json_get_str(json, "state", &job.state, err) ||
	    json_get_str_or(json, "partition", NULL, &job.partition, err) ||
	    json_get_str_or(json, "features", NULL, &job.features, err) ||
	    json_get_str_or(json, "comment", NULL, &job.comment, err) ||
	    json_get_str_or(json, "admin_comment", NULL, &job.admin_comment,
			    err) ||
	    json_get_str_or(json, "extra", NULL, &job.extra, err) ||
	    json_get_str_or(json, "nodes", NULL, &job.nodes, err) ||
	    json_get_bool(json, "batch", &job.batch, err) ||
	    json_get_bool(json, "requeue", &job.requeue, err) ||
	    json_get_int(json, "restarts", 0, UINT32_MAX, &job.restarts, err))
		return err_wrap(err, "scloned-slurm: job");
	*out = job;
	return 0;
}
