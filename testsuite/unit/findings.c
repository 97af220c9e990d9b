/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `sclone check` finds at a good site, and in sclone.conf. */
#include "findings_scene.h"

static void _test_good(void)
{
	cleanup_findings struct findings *findings = findings_create();
	const struct finding *finding;

	_good();
	check_run(&facts, findings);
	is_int(findings_worst(findings), FINDINGS_OK, "a good site is fine");
	for (size_t i = 0; (finding = findings_at(findings, i)) != NULL; i++)
		if (finding->level)
			diag("%s: %s", finding->topic, finding->text);
	ok(findings_count(findings) >= 40, "and all has been looked at");
}

static void _test_config(void)
{
	_good();
	config_destroy(facts.config);
	facts.config = NULL;
	err_set(&facts.config_problem, ERR_CONFIG, "s.conf:3: no");
	fails("config", "s.conf:3: no", "sclone.conf with an error");
	_good();
	err_set(&facts.files.password.problem, ERR_CONFIG, "mode 0644");
	fails("password", "PasswordFile=: mode 0644", "an open password");
	_good();
	err_set(&facts.files.mark.problem, ERR_CONFIG, "mode 0644");
	fails("key", "KeyFile=: mode 0644", "an open key");
	_good();
	facts.files.mark.uid = 0;
	fails("key", "chown slurm /k", "a key scloned cannot read");
	_good();
	facts.files.spool.error = ENOENT;
	fails("spool", "install -d -o slurm", "no spool");
	_good();
	facts.files.spool.uid = 0;
	fails("spool", "chown slurm", "a spool of somebody else's");
	_good();
	facts.files.spool.mode |= 022;
	fails("spool", "chmod go-w", "a spool that others can write in");
	_good();
	err_set(&facts.files.spool.problem, ERR_CONFIG, "/way: no");
	fails("spool", "/way: no", "a spool on a way that others can change");
	_good();
	facts.files.state.error = ENOENT;
	fine("state", "unit makes it", "before the first start");
	_good();
	facts.files.state.uid = 0;
	fails("state", "chown -R slurm", "a journal of somebody else's");
	_good();
	err_set(&facts.files.state.problem, ERR_CONFIG, "/way: no");
	fails("state", "/way: no", "a journal that others can write");
	_good();
	facts.daemon.running = false;
	fine("scloned", "not running", "before the first start");
	_good();
	snprintf(facts.daemon.version, sizeof(facts.daemon.version), "0.0");
	warns("scloned", "restart", "an old scloned still runs");
}

static void _test_submit(void)
{
	conf = CONF "NodeName=m1 Templates=u22 Partitions=vm\n";
	_good();
	fine("Partitions", "as in Slurm", "Partitions= as in Slurm");
	conf = CONF "NodeName=m1 Templates=u22 Partitions=vm,gone\n";
	_good();
	warns("Partitions", "no partition gone holds nodes", "one too many");
	conf = CONF "NodeName=m1 Templates=u22 Partitions=gone\n";
	_good();
	warns("Partitions", "jobs in partition vm pass job_submit/sclone "
	      "unchecked", "one too few");
	conf = CONF;
}

int main(void)
{
	_test_good();
	_test_config();
	_test_submit();
	facts_clear(&facts);
	return done_testing();
}
