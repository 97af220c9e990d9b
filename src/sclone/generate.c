/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sclone generate - lines for other files that fit sclone.conf and the
 * templates, so that nobody has to copy numbers. They go to standard output;
 * nothing is changed.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "command.h"
#include "gather.h"
#include "suggest.h"

struct wish {
	const char *what;	/* "slurm-conf" */
	const char *version;	/* --slurm-version, or NULL: slurmctld's */
	const char *helper;
};

static int _parse(int argc, char **argv, struct wish *wish)
{
	if (!argc)
		return -1;
	wish->what = argv[0];
	for (int i = 1; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], "--slurm-version"))
			wish->version = argv[i + 1];
		else if (!strcmp(argv[i], "--slurm-helper"))
			wish->helper = argv[i + 1];
		else
			return -1;
	return argc % 2 ? 0 : -1;
}

static int _version(const struct wish *wish, const struct facts *facts,
		    int *version, struct err *err)
{
	unsigned major, minor;

	if (wish->version) {
		if (sscanf(wish->version, "%2u.%2u", &major, &minor) != 2)
			return err_set(err, ERR_CONFIG, "--slurm-version %s "
				       "is not like 22.05", wish->version);
		*version = (int) (major * 100 + minor);
		return 0;
	}
	if (!facts->slurm.problem.code) {
		*version = facts->slurm.version;
		return 0;
	}
	*err = facts->slurm.problem;
	return err_wrap(err, "slurmctld does not tell its version; give "
			"--slurm-version");
}

static int _slurm_conf(const struct wish *wish, struct facts *facts,
		       struct buf *out, struct err *err)
{
	int version = 0;

	gather_slurm(facts, wish->helper);
	if (_version(wish, facts, &version, err) < 0)
		return -1;
	gather_files(facts);
	gather_vcenter(facts);
	if (facts->vcenter.problem.code) {
		*err = facts->vcenter.problem;
		return -1;
	}
	return suggest_slurm_conf(facts, version, out, err);
}

static int _generate(const struct wish *wish, struct facts *facts,
		     struct buf *out, struct err *err)
{
	if (!strcmp(wish->what, "slurm-conf"))
		return _slurm_conf(wish, facts, out, err);
	if (!strcmp(wish->what, "hosts"))
		return suggest_hosts(facts, out, err);
	if (strcmp(wish->what, "gres"))
		return err_set(err, ERR_CONFIG, "there is slurm-conf, gres "
			       "and hosts, no \"%.40s\"", wish->what);
	suggest_gres(facts, out);
	return buf_ok(out, "gres.conf", err);
}

int generate_command(const struct command_options *options, int argc,
		     char **argv)
{
	struct wish wish = { .helper = SLURM_HELPER };
	cleanup_facts struct facts facts = { 0 };
	cleanup_buf struct buf out;
	struct err err = ERR_INIT;

	buf_init(&out, SUGGEST_MAX);
	if (_parse(argc, argv, &wish)) {
		fprintf(stderr, "usage: sclone generate slurm-conf|gres|hosts "
			"[--slurm-version N.N] [--slurm-helper PATH]\n");
		return COMMAND_CRITICAL;
	}
	/* It reads secrets, as sclone check does. */
	(void) prctl(PR_SET_DUMPABLE, 0);
	(void) signal(SIGPIPE, SIG_IGN);
	facts.config_path = options->config;
	facts.config = config_read(options->config, &err);
	if (!facts.config)
		return command_fail_config(&err);
	if (_generate(&wish, &facts, &out, &err) < 0)
		return command_fail("generate", &err);
	(void) fwrite(buf_str(&out), 1, out.len, stdout);
	return fflush(stdout) ? COMMAND_CRITICAL : COMMAND_OK;
}
