/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spank/sclone - the option --template=NAME of srun, sbatch and salloc.
 *
 * Slurm itself carries the value: job_submit/sclone finds it in the job's
 * spank environment and makes a feature of it, sclone-prolog finds it in its
 * own. Nothing is done in slurmd or in the job.
 *
 * A table named spank_options would not be seen by sbatch and salloc, so the
 * option is registered in slurm_spank_init() (common/plugstack.c).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <slurm/slurm_errno.h>
#include <slurm/spank.h>

#define NAME_MAX_BYTES 63	/* as in sclone.conf */

SPANK_PLUGIN(sclone, 1)

static int _is_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char) text[i]) &&
		    (!i || !strchr("._-", text[i])))
			return 0;
	return len > 0 && len <= NAME_MAX_BYTES;
}

/* Here only the form; whether there is such a template is for slurmctld. */
static int _check(int value, const char *text, int remote)
{
	(void) value;
	if (remote || (text && _is_name(text)))
		return ESPANK_SUCCESS;
	slurm_error("--template: \"%s\" is not a template's name: up to %d "
		    "letters, digits and ._-", text ? text : "",
		    NAME_MAX_BYTES);
	return ESPANK_BAD_ARG;
}

int slurm_spank_init(spank_t spank, int argc, char **argv)
{
	static char name[] = "template", argument[] = "name";
	static char usage[] = "what the job's nodes are cloned from";
	struct spank_option option = {
		.name = name,
		.arginfo = argument,
		.usage = usage,
		.has_arg = 1,
		.cb = _check,
	};

	(void) argc;
	(void) argv;
	return spank_option_register(spank, &option);
}
