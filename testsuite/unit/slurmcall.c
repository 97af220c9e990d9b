/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scloned reads of scloned-slurm's answers. */
#include <string.h>

#include "common/ipc/slurmcall.h"
#include "tap.h"

static struct json *_parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json *json = json_parse(text, strlen(text), &err);

	if (!json)
		bail_out("%s", err.text);
	return json;
}

static void _test_states(void)
{
	static const struct {
		const char *text;
		enum slurmcall_base base;
		unsigned flags;
	} cases[] = {
		{ "IDLE", SLURMCALL_IDLE, 0 },
		{ "IDLE+CLOUD+POWERED_DOWN", SLURMCALL_IDLE,
		  SLURMCALL_CLOUD | SLURMCALL_POWERED_DOWN },
		{ "ALLOCATED+CLOUD+POWER_DOWN+POWERING_UP+NOT_RESPONDING",
		  SLURMCALL_ALLOCATED,
		  SLURMCALL_CLOUD | SLURMCALL_POWER_DOWN |
			  SLURMCALL_POWERING_UP | SLURMCALL_NOT_RESPONDING },
		{ "DOWN+DRAIN+NEW_IN_30_05", SLURMCALL_DOWN, SLURMCALL_DRAIN },
		{ "SLEEPY+CLOUD", SLURMCALL_UNKNOWN, SLURMCALL_CLOUD },
		{ "", SLURMCALL_UNKNOWN, 0 },
		{ "+", SLURMCALL_UNKNOWN, 0 },
		{ "IDLE+", SLURMCALL_IDLE, 0 },
		{ "IDLE+POWER", SLURMCALL_IDLE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum slurmcall_base base = SLURMCALL_ERROR;
		unsigned flags = ~0u;

		slurmcall_read_state(cases[i].text, &base, &flags);
		ok(base == cases[i].base && flags == cases[i].flags,
		   "state \"%s\"", cases[i].text);
	}
}

static void _test_node(void)
{
	cleanup_json struct json *json = _parse(
		"{\"name\":\"vm1\",\"state\":\"DOWN+DRAIN\",\"reason\":\"x\","
		"\"boot\":7,\"cpus\":4,\"memory\":7000}");
	cleanup_json struct json *bad = _parse(
		"{\"name\":\"vm1\",\"state\":[],\"boot\":7,\"cpus\":4,"
		"\"memory\":7000}");
	struct slurmcall_node node;
	struct err err = ERR_INIT;

	is_int(slurmcall_read_node(json, &node, &err), 0, "a node");
	is_str(node.name, "vm1", "name");
	is_str(node.reason, "x", "reason");
	ok(!node.features, "no features");
	ok(node.base == SLURMCALL_DOWN && node.flags == SLURMCALL_DRAIN,
	   "state");
	is_int(node.memory_mib, 7000, "memory");
	ok(slurmcall_read_node(bad, &node, &err) &&
		   err.code == ERR_PROTOCOL,
	   "a wrong type is PROTOCOL");
	has_str(err.text, "state", "and named");
}

static void _test_job(void)
{
	cleanup_json struct json *json = _parse(
		"{\"id\":7,\"uid\":1000,\"state\":\"RUNNING\",\"batch\":true,"
		"\"requeue\":false,\"restarts\":1,\"features\":\"a&b\"}");
	cleanup_json struct json *bad = _parse("{\"id\":0}");
	struct slurmcall_job job;
	struct err err = ERR_INIT;

	is_int(slurmcall_read_job(json, &job, &err), 0, "a job");
	is_int(job.id, 7, "id");
	is_str(job.features, "a&b", "features");
	ok(job.batch && !job.requeue && !job.user, "the rest");
	ok(slurmcall_read_job(bad, &job, &err), "job 0 is none");
}

int main(void)
{
	_test_states();
	_test_node();
	_test_job();
	return done_testing();
}
