/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SLURM_RESUME_FILE of each Slurm, and the template a job's words choose. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/clone/choose.h"
#include "common/ipc/resume_file.h"
#include "tap.h"

static const char conf_text[] =
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"
	"TemplateName=rocky9 Sources=/DC/vm/t/r\n"
	"TemplateName=ubuntu22 Sources=/DC/vm/t/u\n"
	"TemplateName=gpu Sources=/DC/vm/t/g\n"
	"NodeName=vm[1-4] Templates=rocky9,ubuntu22\n";

static void _versions(void)
{
	static const char v2205[] =
		"{\"jobs\":[{\"job_id\":37,\"nodes\":\"vm2\"},"
		"{\"job_id\":38,\"nodes\":\"vm[3-4]\"}],"
		"\"all_nodes\":\"vm[1-4]\"}";
	static const char v2605[] =
		"{\"jobs\":[{\"exclusive\":\"NODE\",\"extra\":null,"
		"\"job_id\":1,\"features\":\"ubuntu22&x\",\"priority\":1,"
		"\"nodes_alloc\":\"vm[1-2]\",\"nodes_resume\":\"vm1\","
		"\"oversubscribe\":\"NO\",\"partition\":\"cloud\","
		"\"reservation\":null}],\"all_nodes_resume\":\"vm1\"}";
	cleanup_resume_file struct resume_file *old = NULL, *new = NULL;
	const struct resume_job *job;
	struct err err = ERR_INIT;

	old = resume_file_parse(v2205, &err);
	new = resume_file_parse(v2605, &err);
	if (!old || !new)
		bail_out("%s", err.text);
	job = resume_file_of_node(old, "vm4");
	ok(job && job->id == 38 && !job->has_features,
	   "22.05: the job of a node, without features");
	ok(!resume_file_of_node(old, "vm1"), "a node without a job");
	job = resume_file_of_node(new, "vm1");
	ok(job && job->id == 1 && job->has_features, "26.05: with features");
	is_str(job ? job->features : NULL, "ubuntu22&x", "as written");
	ok(!resume_file_of_node(new, "vm2"),
	   "a node of the job that is up already is not resumed");
}

static void _hostile(void)
{
	static const char *const odd[] = { "{}", "{\"jobs\":3}",
		"{\"jobs\":[3,null,{\"job_id\":\"x\",\"nodes\":\"vm1\"}]}",
		"{\"jobs\":[{\"job_id\":0,\"nodes\":\"vm1\"}]}",
		"{\"jobs\":[{\"job_id\":1,\"nodes\":\"vm[\"}]}",
		"{\"jobs\":[{\"job_id\":1,\"nodes\":7}]}",
		"{\"jobs\":[{\"job_id\":1}]}" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cleanup_resume_file struct resume_file *file =
			resume_file_parse(odd[i], NULL);

		ok(file && !resume_file_of_node(file, "vm1"),
		   "no job for vm1 in %s", odd[i]);
	}
	ok(!resume_file_parse("nonsense", NULL), "no JSON");
}

/* Many jobs of many nodes: read while it is sane. */
static void _too_much(void)
{
	const size_t jobs = 2 * RESUME_FILE_NAMES_MAX / 20000;
	cleanup_resume_file struct resume_file *file = NULL;
	cleanup_buf struct buf text;
	char node[16];

	buf_init(&text, 1 << 20);
	buf_puts(&text, "{\"jobs\":[");
	for (size_t i = 0; i < jobs; i++)
		buf_printf(&text, "{\"job_id\":%zu,\"nodes\":"
			   "\"vm[1-20000],last%zu\"},", i + 1, i + 1);
	buf_puts(&text, "{\"job_id\":9999,\"nodes\":\"vm1\"}]}");
	file = resume_file_parse(buf_str(&text), NULL);
	ok(file && resume_file_jobs(file) == jobs + 1, "all jobs are known");
	ok(resume_file_of_node(file, "last1") &&
		   resume_file_of_node(file, "last9"),
	   "with their nodes while there are not too many");
	snprintf(node, sizeof(node), "last%zu", jobs);
	ok(!resume_file_of_node(file, node), "and without them then");
}

/* What features, second argument and extra choose, and by what it was named;
 * NULL: refused. */
static void _chooses_of(uint64_t healthy, const char *features,
			const char *argument, const char *extra,
			const char *want, const char *by)
{
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	struct resume_job job = { .features = (char *) features,
				  .extra = (char *) extra };
	char how[CHOOSE_TEXT_SIZE] = "";
	struct err err = ERR_INIT;

	if (!config)
		bail_out("config");
	is_str(choose_template(config, config_node(config, "vm1"), &job,
			       argument, healthy, how, &err), want,
	       features ? features : extra);
	if (want)
		is_str(how, by, "named by that");
	else
		ok(err.code == ERR_CONFIG, "refused with: %s", err.text);
}

static void _chooses(const char *features, const char *argument,
		     const char *extra, const char *want, const char *by)
{
	_chooses_of(UINT64_MAX, features, argument, extra, want, by);
}

#define EXTRA(name) "{\"template\":\"" name "\"}"

/* sbatch --extra, of 23.02 and later: free text of the user's. */
static void _extra(void)
{
	const char *by = "extra '" EXTRA("ubuntu22") "'";

	_chooses(NULL, NULL, EXTRA("ubuntu22"), "ubuntu22", by);
	_chooses("avx512", NULL, EXTRA("ubuntu22"), "ubuntu22", by);
	_chooses("rocky9|ubuntu22", NULL, EXTRA("ubuntu22"), "ubuntu22", by);
	_chooses("ubuntu22", NULL, EXTRA("ubuntu22"), "ubuntu22", by);
	_chooses("rocky9", NULL, EXTRA("ubuntu22"), NULL, NULL);
	_chooses(NULL, NULL, EXTRA("gpu"), NULL, NULL);
	_chooses(NULL, NULL, EXTRA("rocky8"), NULL, NULL);
	_chooses(NULL, NULL, "ubuntu22", "rocky9", "default");
	_chooses(NULL, NULL, "{\"a\":[1,{\"template\":\"ubuntu22\"}]}",
		 "rocky9", "default");
	_chooses(NULL, NULL, "[rocky9&(", "rocky9", "default");
	_chooses(NULL, NULL, "{\"template\":[]}", "rocky9", "default");
	_chooses(NULL, NULL, "", "rocky9", "default");
}

/* As slurmctld 26.05 writes them into SLURM_RESUME_FILE. */
static void _recorded_extra(void)
{
	static const char text[] =
		"{\"jobs\":[{\"exclusive\":\"NODE\",\"extra\":\"{\\\"template"
		"\\\":\\\"ubuntu22\\\"}\",\"job_id\":1,\"priority\":1,"
		"\"features\":null,\"nodes_alloc\":\"vm1\",\"nodes_resume\":"
		"\"vm1\",\"oversubscribe\":\"NO\",\"partition\":\"cloud\","
		"\"reservation\":null}],\"all_nodes_resume\":\"vm1\"}";
	cleanup_resume_file struct resume_file *file = NULL;
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	char how[CHOOSE_TEXT_SIZE];
	struct err err = ERR_INIT;

	file = resume_file_parse(text, &err);
	if (!file || !config)
		bail_out("%s", err.text);
	is_str(choose_template(config, config_node(config, "vm1"),
			       resume_file_of_node(file, "vm1"), NULL,
			       UINT64_MAX, how, &err), "ubuntu22",
	       "--extra in slurmctld's own words");
}

static void _misfits(const char *template_name, const char *features,
		     const char *option, enum cause want, const char *text)
{
	cleanup_config struct config *config =
		config_parse("c", conf_text, strlen(conf_text), NULL);
	struct choose_prolog asks = { features, option };
	struct err why = ERR_INIT;
	enum cause cause;

	if (!config)
		bail_out("config");
	cause = choose_misfit(config, template_name, false, &asks, &why);
	ok(cause == CAUSE_NONE ||
	   choose_misfit(config, template_name, true, &asks, NULL) ==
		   CAUSE_TEMPLATE, "on a shared node it is final");
	ok(cause == want, "a node that is %s for %s, %s", template_name,
	   features ? features : "-", option ? option : "-");
	is_str(why.text, text, "the reason");
}

/* What the prolog knows, against what the node was asked for as. */
static void _prologs(void)
{
	_misfits("rocky9", NULL, NULL, CAUSE_NONE, "");
	_misfits("rocky9", "big", NULL, CAUSE_NONE, "");
	_misfits("rocky9", "rocky9&big", "rocky9", CAUSE_NONE, "");
	_misfits("rocky9", NULL, "rocky9", CAUSE_NONE, "");
	_misfits("ubuntu22", "rocky9|ubuntu22", NULL, CAUSE_NONE, "");
	_misfits("rocky9", NULL, "ubuntu22", CAUSE_TEMPLATE,
		 "--template=ubuntu22 came too late, since slurmctld has no "
		 "job_submit/sclone: the node is rocky9; use "
		 "--constraint=ubuntu22");
	_misfits("rocky9", NULL, "rocky8", CAUSE_TEMPLATE,
		 "--template=rocky8: there is no such template; there are: "
		 "rocky9, ubuntu22, gpu");
	_misfits("rocky9", "ubuntu22", NULL, CAUSE_IMAGE,
		 "the node is rocky9, and the job asks for ubuntu22");
	_misfits("gone", "ubuntu22", NULL, CAUSE_NONE, "");
}

static void _choice(void)
{
	_chooses(NULL, NULL, NULL, "rocky9", "default");
	_chooses("ubuntu22", NULL, NULL, "ubuntu22", "features 'ubuntu22'");
	_chooses("ubuntu22|rocky9", NULL, NULL, "ubuntu22",
		 "features 'ubuntu22|rocky9'");
	_chooses("avx512", NULL, NULL, "rocky9", "default");
	_chooses("avx512", "ubuntu22", NULL, "ubuntu22",
		 "argument 'ubuntu22'");
	_chooses("rocky9", "ubuntu22", NULL, "rocky9", "features 'rocky9'");
	_chooses("gpu", NULL, NULL, NULL, NULL);
	_chooses("gpu|rocky9", NULL, NULL, "rocky9",
		 "features 'gpu|rocky9'");
	_chooses("gpu|avx512", NULL, NULL, "rocky9", "default");
	_chooses("rocky9&ubuntu22", NULL, NULL, NULL, NULL);
}

/* Of alternatives the first healthy one; ubuntu22 is the second bit. */
static void _health(void)
{
	_chooses_of(2, "rocky9|ubuntu22", NULL, NULL, "ubuntu22",
		    "features 'rocky9|ubuntu22'");
	_chooses_of(2, "rocky9", NULL, NULL, "rocky9", "features 'rocky9'");
	_chooses_of(0, "rocky9|ubuntu22", NULL, NULL, "rocky9",
		    "features 'rocky9|ubuntu22'");
	_chooses_of(2, NULL, NULL, NULL, "rocky9", "default");
}

int main(void)
{
	_versions();
	_hostile();
	_too_much();
	_choice();
	_health();
	_extra();
	_recorded_extra();
	_prologs();
	return done_testing();
}
