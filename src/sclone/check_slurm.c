/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_slurm - slurm.conf: the programs and the parameters. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "plugin_file.h"

static void _slurmctld(const struct facts *facts, struct findings *out)
{
	if (facts->slurm.problem.code)
		findings_fail(out, "%s; see whether slurmctld is up, and "
			      "SlurmConf=", facts->slurm.problem.text);
	else
		findings_ok(out, "version %s answers",
			    facts->slurm.version_text);
}

static void _version(const struct facts *facts, struct findings *out)
{
	if (facts->slurm.version && facts->slurm.version < 2205)
		findings_fail(out, "%s is too old to say which job a node is "
			      "resumed for; sclone needs 22.05 or later",
			      facts->slurm.version_text);
}

/* --- programs ----------------------------------------------------------- */

static const char *_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void _program(const struct facts *facts, enum facts_program_kind kind,
		     const char *key, const char *ours, const char *chain,
		     struct findings *out)
{
	const struct facts_program *program = &facts->slurm.programs[kind];

	if (!program->path)
		findings_fail(out, "not set; in slurm.conf: %s=" SBINDIR
			      "/%s", key, ours);
	else if (strcmp(_base(program->path), ours))
		findings_fail(out, "it is %s; in slurm.conf: %s=" SBINDIR
			      "/%s, and for other nodes %s=%s in sclone.conf",
			      program->path, key, ours, chain, program->path);
	else if (program->error)
		findings_fail(out, "%s: %s; install it there on every host "
			      "with a slurmctld, or correct %s=",
			      program->path, strerror(program->error), key);
	else if (!S_ISREG(program->mode) || !(program->mode & 0111))
		findings_fail(out, "%s cannot be executed; run: chmod 755 %s",
			      program->path, program->path);
	else if (program->mode & 022)
		findings_fail(out, "others can write to %s, so that slurmctld "
			      "refuses it; run: chmod go-w %s",
			      program->path, program->path);
}

static void _resume(const struct facts *facts, struct findings *out)
{
	_program(facts, FACTS_RESUME, "ResumeProgram", "sclone-resume",
		 "ChainResumeProgram", out);
}

static void _suspend(const struct facts *facts, struct findings *out)
{
	_program(facts, FACTS_SUSPEND, "SuspendProgram", "sclone-suspend",
		 "ChainSuspendProgram", out);
}

static void _resume_fail(const struct facts *facts, struct findings *out)
{
	_program(facts, FACTS_RESUME_FAIL, "ResumeFailProgram",
		 "sclone-resume-fail", "ChainResumeFailProgram", out);
}

static void _prolog(const struct facts *facts, struct findings *out)
{
	_program(facts, FACTS_PROLOG, "PrologSlurmctld", "sclone-prolog",
		 "ChainPrologSlurmctld", out);
}

static bool _any_single(const struct config *config)
{
	for (size_t s = 0; s < config_set_count(config); s++) {
		const struct config_set *set = config_set(config, s);

		if (!set->is_test && set->isolation != ISOLATION_SHARED)
			return true;
	}
	return false;
}

/* Only a node can say what it does there; in clones that jobs share, release
 * does nothing. */
static void _epilog(const struct facts *facts, struct findings *out)
{
	const char *path = facts->slurm.epilog;

	if (*path)
		findings_ok(out, "%s; in a clone it is to run sclone-guest "
			    "release", path);
	else if (_any_single(facts->config))
		findings_warn(out, "not set, so that what a job wrote last to "
			      "a network file system may be lost with its VM; "
			      "give all nodes a script as in EPILOG of "
			      "sclone-guest(8), and then in slurm.conf: "
			      "Epilog=/etc/slurm/epilog");
}

/* --- parameters --------------------------------------------------------- */

static void _clouds(const struct facts *facts, struct findings *out)
{
	if (!facts->slurm.clouds_shown)
		findings_fail(out, "without it Slurm %s hides nodes that are "
			      "powered down from scloned; add PrivateData="
			      "cloud", facts->slurm.version_text);
}

static void _reg_addrs(const struct facts *facts, struct findings *out)
{
	const char *params = facts->slurm.ctld_params;
	bool set = facts_param(params, "cloud_reg_addrs", NULL);

	if (facts->slurm.version >= 2311 && set)
		findings_warn(out, "Slurm %s always does this and does not "
			      "know cloud_reg_addrs any more; take it out of "
			      "SlurmctldParameters",
			      facts->slurm.version_text);
	else if (facts->slurm.version < 2311 && !set &&
		 !facts_param(params, "cloud_dns", NULL))
		findings_fail(out, "slurmctld will not learn a clone's "
			      "address; add cloud_reg_addrs to "
			      "SlurmctldParameters");
}

static void _idle(const struct facts *facts, struct findings *out)
{
	if (!facts_param(facts->slurm.ctld_params, "idle_on_node_suspend",
			 NULL))
		findings_warn(out, "a node that failed stays down after its "
			      "clone is gone; add idle_on_node_suspend to "
			      "SlurmctldParameters");
}

static void _interval(const struct facts *facts, struct findings *out)
{
	int64_t seconds = 10;

	(void) facts_param(facts->slurm.ctld_params, "power_save_interval",
			   &seconds);
	if (seconds < 0 || seconds > 1)
		findings_warn(out, "a node may wait %" PRId64 " s before it "
			      "is resumed; add power_save_interval=0 to "
			      "SlurmctldParameters", seconds);
}

static void _service(const struct facts *facts, struct findings *out)
{
	if (facts->slurm.return_to_service != 2)
		findings_warn(out, "it is %" PRId64 ": a clone whose slurmd "
			      "starts again is set DOWN; set "
			      "ReturnToService=2",
			      facts->slurm.return_to_service);
}

/* --- plugins ------------------------------------------------------------ */

/* slurmctld ends at its start when one of its plugins is of another version,
 * down to the last number. */
static void _submit_version(const struct facts_submit *submit,
			    struct findings *out)
{
	char built_for[PLUGIN_FILE_VERSION_SIZE];
	char installed[PLUGIN_FILE_VERSION_SIZE];

	plugin_file_print(submit->built_for, built_for);
	plugin_file_print(submit->installed, installed);
	if (submit->installed && submit->built_for != submit->installed)
		findings_fail(out, "slurmctld will not start again: %s was "
			      "built for Slurm %s, and %s is installed; build "
			      "it again, or take sclone out of "
			      "JobSubmitPlugins", submit->path, built_for,
			      installed);
	else
		findings_ok(out, "%s is for Slurm %s", submit->path,
			    built_for);
}

static void _submit(const struct facts *facts, struct findings *out)
{
	const struct facts_submit *submit = &facts->slurm.submit;

	if (!submit->used)
		findings_ok(out, "not used: what a job asks for is checked "
			    "when it has its nodes");
	else if (!*submit->path)
		findings_fail(out, "slurmctld will not start again: no "
			      "job_submit_sclone.so in %s; install it there, "
			      "set PluginDir, or take sclone out of "
			      "JobSubmitPlugins", facts->slurm.plugin_dir);
	else if (submit->problem.code)
		findings_fail(out, "slurmctld will not start again: %s",
			      submit->problem.text);
	else
		_submit_version(submit, out);
}

/*
 * For as long slurmctld (22.05 to 26.05) goes on trying to tell a node that
 * refuses that its job ended: slurm_send_addr_recv_msgs() in its
 * src/common/slurm_protocol_api.c. A job that runs on that name again by then
 * is ended by it.
 */
#define SOONEST_REQUEUE_S 20
#define DEFAULT_REQUEUE_S 120

static void _requeue(const struct facts *facts, struct findings *out)
{
	const struct facts_slurm *slurm = &facts->slurm;
	const bool delay = slurm->version >= 2511;
	const char *where = delay ? "SchedulerParameters=requeue_delay" :
				    "AuthInfo=cred_expire";
	int64_t seconds = DEFAULT_REQUEUE_S;

	if (delay)
		(void) facts_param(slurm->sched_params, "requeue_delay",
				   &seconds);
	else
		(void) facts_param(slurm->auth_info, "cred_expire", &seconds);
	if (seconds < SOONEST_REQUEUE_S)
		findings_warn(out, "%s=%" PRId64 " is too short: for up to %d "
			      "s slurmctld goes on telling the node to end "
			      "the job, which may run there again; in "
			      "slurm.conf: %s=30", where, seconds,
			      SOONEST_REQUEUE_S, where);
	else if (seconds >= DEFAULT_REQUEUE_S)
		findings_ok(out, "a job whose clone failed waits %" PRId64
			    " s; %s=30 shortens that", seconds + 1, where);
}

static void _scheduler(const struct facts *facts, struct findings *out)
{
	const char *params = facts->slurm.sched_params;

	if (!facts_param(params, "batch_sched_delay", NULL) ||
	    !facts_param(params, "sched_min_interval", NULL))
		findings_ok(out, "sbatch may wait 3 s for its nodes; "
			    "SchedulerParameters=batch_sched_delay=0,"
			    "sched_min_interval=0 shortens that");
}

const struct check check_slurm_table[] = {
	{ "slurm", "", CHECK_CONFIG, _slurmctld },
	{ "slurm-version", "22.05 or later", CHECK_SLURM, _version },
	{ "ResumeProgram", "ours", CHECK_SLURM, _resume },
	{ "SuspendProgram", "ours", CHECK_SLURM, _suspend },
	{ "ResumeFailProgram", "ours", CHECK_SLURM, _resume_fail },
	{ "PrologSlurmctld", "ours", CHECK_SLURM, _prolog },
	{ "Epilog", "not needed by nodes that jobs share", CHECK_SLURM,
	  _epilog },
	{ "PrivateData", "powered-down nodes are shown", CHECK_SLURM,
	  _clouds },
	{ "cloud_reg_addrs", "as this version needs it", CHECK_SLURM,
	  _reg_addrs },
	{ "idle_on_node_suspend", "set", CHECK_SLURM, _idle },
	{ "power_save_interval", "short", CHECK_SLURM, _interval },
	{ "ReturnToService", "2", CHECK_SLURM, _service },
	{ "JobSubmitPlugins", "", CHECK_SLURM, _submit },
	{ "requeue", "soon", CHECK_SLURM, _requeue },
	{ "scheduler", "allocates at once", CHECK_SLURM, _scheduler },
	{ .topic = NULL },
};
