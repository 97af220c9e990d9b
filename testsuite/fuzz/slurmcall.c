/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NODE and a JOB of scloned-slurm, which repeats what users wrote. */
#include "common/ipc/slurmcall.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_json struct json *json = NULL;
	struct slurmcall_node node;
	struct slurmcall_job job;
	struct err err = ERR_INIT;

	json = json_parse((const char *) bytes, len, &err);
	if (!json) {
		fuzz_must(err.code && err.text[0]);
		return 0;
	}
	if (!slurmcall_read_node(json, &node, &err))
		fuzz_must(node.name && node.base <= SLURMCALL_FUTURE);
	if (!slurmcall_read_job(json, &job, &err))
		fuzz_must(job.id > 0 && job.state);
	return 0;
}
