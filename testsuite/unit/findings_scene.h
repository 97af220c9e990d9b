/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings_scene - a site at which `sclone check` finds nothing wrong, and
 * words for what it finds once something is. Included once by each test
 * program.
 */
#ifndef SCLONE_UNIT_FINDINGS_SCENE_H
#define SCLONE_UNIT_FINDINGS_SCENE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sclone/check.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u DeadlineMargin=10s\n" \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-[1-2]\n"                       \
	"TemplateName=u22 Sources=/DC/vm/t/u22-1\n"                         \
	"NodeName=vm[1-3] Templates=r9,u22\n"                               \
	"NodeName=big1 Templates=u22\n"

/* Jobs share its nodes; but the one for tests, which has none. */
#define CONF_SHARED                                                         \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-1\n"                           \
	"NodeName=sh[1-2] Templates=r9 Isolation=shared\n"                  \
	"NodeName=t1 Templates=r9 Test=yes\n"

#define CONFIG                                                              \
	"{\"version\":\"22.05.8\",\"user\":\"slurm\","                      \
	"\"resume_program\":\"/usr/sbin/sclone-resume\","                   \
	"\"suspend_program\":\"/usr/sbin/sclone-suspend\","                 \
	"\"resume_fail_program\":\"/usr/sbin/sclone-resume-fail\","         \
	"\"prologs\":[\"/usr/sbin/sclone-prolog\"],"                        \
	"\"epilog\":\"/etc/slurm/epilog\","                                 \
	"\"resume_timeout\":120,\"suspend_timeout\":60,"                    \
	"\"suspend_time\":4294967295,"                                      \
	"\"resume_rate\":0,\"suspend_rate\":0,"                             \
	"\"prolog_epilog_timeout\":4294967295,\"return_to_service\":2,"     \
	"\"clouds_shown\":true,\"slurmctld_parameters\":"                   \
	"\"idle_on_node_suspend,power_save_interval=0,cloud_reg_addrs\","   \
	"\"scheduler_parameters\":"                                         \
	"\"batch_sched_delay=0,sched_min_interval=0\","                     \
	"\"auth_info\":\"cred_expire=30\"}"

/* With a SuspendTime; "0": none, "4294967295": never. */
#define PARTITION_FOR(name, nodes, time)                                    \
	"{\"name\":\"" name "\",\"nodes\":\"" nodes "\","                   \
	"\"exclusive\":true,\"power_down_on_idle\":false,"                  \
	"\"resume_timeout\":0,\"suspend_timeout\":0,\"suspend_time\":" time "}"
#define PARTITION(name, nodes) PARTITION_FOR(name, nodes, "300")

#define NODE(name, features)                                                \
	"{\"name\":\"" name "\",\"state\":\"IDLE+CLOUD+POWERED_DOWN\","     \
	"\"features\":\"" features "\",\"cpus\":4,\"memory\":7000,"         \
	"\"boot\":0}"

#define PARTITIONS                                                          \
	"[" PARTITION("vm", "vm[1-3],big1") ",{\"name\":\"metal\","         \
	"\"nodes\":\"n[1-9]\"}]"
#define NODES                                                               \
	"[" NODE("vm1", "r9,u22") "," NODE("vm2", "r9,u22") ","             \
	NODE("vm3", "r9,u22") "," NODE("big1", "u22") ","                   \
	"{\"name\":\"n1\",\"state\":\"IDLE\",\"cpus\":4,"               \
	"\"memory\":7000,\"boot\":0}]"

#define SOURCE_COUNT 3

static struct facts facts;
static const char *conf = CONF;

static struct json *_json(const char *text)
{
	struct err err = ERR_INIT;
	struct json *json = json_parse(text, strlen(text), &err);

	if (!json)
		bail_out("%s", err.text);
	return json;
}

static void _take_slurm(struct json *config, const char *partitions,
			const char *nodes)
{
	struct err err = ERR_INIT;

	if (facts_take_slurm(&facts, config, _json(partitions), _json(nodes),
			     &err) < 0)
		bail_out("%s", err.text);
	for (size_t i = 0; i < FACTS_PROGRAMS; i++)
		facts.slurm.programs[i].mode = S_IFREG | 0755;
}

static void _fill_sources(void)
{
	for (size_t i = 0; i < facts.vcenter.source_count; i++) {
		struct facts_source *source = &facts.vcenter.sources[i];

		source->found = source->is_on = source->is_frozen = true;
		source->host_ok = true;
		source->cpus = 4;
		source->memory_mib = 8192;
		source->nic_count = 1;
		facts_take_record(source, "{\"v\":1,\"slurmd\":\"NodeName=x "
				  "CPUs=4 Boards=1 RealMemory=7800\"}");
	}
}

static void _fill_grants(void)
{
	facts.vcenter.grants = calloc(privileges_count,
				      sizeof(*facts.vcenter.grants));
	for (size_t i = 0; i < privileges_count; i++) {
		struct facts_grant *grant = &facts.vcenter.grants[i];

		grant->row = &privileges_table[i];
		grant->granted = grant->row->rule <= PRIVILEGES_WANTED;
		snprintf(grant->object, sizeof(grant->object), "thing");
	}
	facts.vcenter.grant_count = privileges_count;
}

/* Everything but Slurm. */
static void _start(void)
{
	struct err err = ERR_INIT;

	facts_clear(&facts);
	facts.config = config_parse("s.conf", conf, strlen(conf), &err);
	if (!facts.config || facts_add_sources(&facts, &err) < 0 ||
	    facts_add_networks(&facts, &err) < 0)
		bail_out("%s", err.text);
	facts.files.user = 64030;
	snprintf(facts.files.user_name, sizeof(facts.files.user_name),
		 "slurm");
	facts.files.password = (struct facts_secret) { "PasswordFile",
		"/p", ERR_INIT, 64030 };
	facts.files.mark = (struct facts_secret) { "KeyFile", "/k", ERR_INIT,
		64030 };
	facts.files.spool = (struct facts_dir) { "/spool", 0, 64030,
		S_IFDIR | 0700, ERR_INIT };
	facts.files.state = facts.files.spool;
	facts.vcenter.folder_found = facts.vcenter.pool_found = true;
	_fill_sources();
	_fill_grants();
	facts.daemon.running = true;
	snprintf(facts.daemon.version, sizeof(facts.daemon.version), "%s",
		 PACKAGE_VERSION);
}

static void _good(void)
{
	_start();
	_take_slurm(_json(CONFIG), PARTITIONS, NODES);
}

/* --- looking ------------------------------------------------------------ */

/* The first finding of a topic with this in its text. */
static const struct finding *_find(const struct findings *findings,
				   const char *topic, const char *part)
{
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_at(findings, i)) != NULL; i++)
		if (!strcmp(finding->topic, topic) &&
		    strstr(finding->text, part))
			return finding;
	return NULL;
}

static void _expect(const char *topic, enum findings_level level,
		    const char *part, const char *what)
{
	cleanup_findings struct findings *findings = findings_create();
	const struct finding *finding;

	check_run(&facts, findings);
	finding = _find(findings, topic, part);
	if (ok(finding && finding->level == level, "%s", what))
		return;
	for (size_t i = 0; (finding = findings_at(findings, i)) != NULL; i++)
		if (finding->level || !strcmp(finding->topic, topic))
			diag("%s %s: %s", findings_level_name(finding->level),
			     finding->topic, finding->text);
}

#define fails(topic, part, what) _expect(topic, FINDINGS_FAIL, part, what)
#define warns(topic, part, what) _expect(topic, FINDINGS_WARN, part, what)
#define fine(topic, part, what) _expect(topic, FINDINGS_OK, part, what)

#endif
