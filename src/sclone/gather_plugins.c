/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_plugins - the job_submit plugin that slurmctld loads when it is
 * started next, and what Slurm it would be loaded by. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gather.h"
#include "plugin_file.h"

#define OURS "job_submit_sclone.so"

/* Where slurmctld looks: a list of directories parted by colons. */
static bool _find(const char *dirs, const char *name,
		  char path[FACTS_LINE_SIZE])
{
	while (*dirs) {
		int len = (int) strcspn(dirs, ":");
		int size = snprintf(path, FACTS_LINE_SIZE, "%.*s/%s", len,
				    dirs, name);

		if (len && size < FACTS_LINE_SIZE && !access(path, F_OK))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	*path = '\0';
	return false;
}

/* Slurm's own plugins are of the slurmctld that is installed, which need not
 * be the one that runs. */
static uint32_t _installed(const char *dirs)
{
	static const char *const names[] = {
		"job_submit_all_partitions.so",
		"job_submit_require_timelimit.so", "auth_munge.so",
		"select_cons_tres.so"
	};
	char path[FACTS_LINE_SIZE];
	uint32_t version;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (_find(dirs, names[i], path) &&
		    plugin_file_version(path, &version, NULL) == 0)
			return version;
	return 0;
}

/* slurmctld takes either name (job_submit.c: job_submit_plugin_init). */
static bool _is_used(const char *plugins)
{
	return facts_param(plugins, "sclone", NULL) ||
	       facts_param(plugins, "job_submit/sclone", NULL);
}

void gather_plugins(struct facts *facts)
{
	struct facts_slurm *slurm = &facts->slurm;
	struct facts_submit *submit = &slurm->submit;

	if (slurm->problem.code || !_is_used(slurm->submit_plugins))
		return;
	submit->used = true;
	submit->installed = _installed(slurm->plugin_dir);
	if (_find(slurm->plugin_dir, OURS, submit->path))
		(void) plugin_file_version(submit->path, &submit->built_for,
					   &submit->problem);
}
