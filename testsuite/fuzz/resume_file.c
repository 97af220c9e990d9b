/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SLURM_RESUME_FILE: it holds text of users. */
#include <string.h>

#include "common/ipc/resume_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_resume_file struct resume_file *file = NULL;
	cleanup_free char *text = strndup((const char *) bytes, len);
	struct err err = ERR_INIT;

	fuzz_must(text != NULL);
	file = resume_file_parse(text, &err);
	fuzz_must(file ? !err.code : err.code && err.text[0]);
	if (!file)
		return 0;
	for (size_t i = 0; i < resume_file_jobs(file); i++)
		fuzz_must(resume_file_job(file, i)->id != 0);
	(void) resume_file_of_node(file, "vm1");
	return 0;
}
