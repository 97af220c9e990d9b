/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `sclone check` finds: a good site first, then one thing wrong at a
 * time, and the finding it must lead to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/rules/owner.h"
#include "sclone/check.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u DeadlineMargin=10s\n" \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-[1-2]\n"                       \
	"TemplateName=u22 Sources=/DC/vm/t/u22-1\n"                         \
	"NodeName=vm[1-3] Templates=r9,u22\n"                               \
	"NodeName=big1 Templates=u22\n"

#define CONFIG                                                              \
	"{\"version\":\"22.05.8\",\"user\":\"slurm\","                      \
	"\"resume_program\":\"/usr/sbin/sclone-resume\","                   \
	"\"suspend_program\":\"/usr/sbin/sclone-suspend\","                 \
	"\"resume_fail_program\":\"/usr/sbin/sclone-resume-fail\","         \
	"\"prologs\":[\"/usr/sbin/sclone-prolog\"],"                        \
	"\"resume_timeout\":120,\"suspend_timeout\":60,"                    \
	"\"suspend_time\":300,\"resume_rate\":0,\"suspend_rate\":0,"        \
	"\"prolog_epilog_timeout\":4294967295,\"return_to_service\":2,"     \
	"\"clouds_shown\":true,\"slurmctld_parameters\":"                   \
	"\"idle_on_node_suspend,power_save_interval=0,cloud_reg_addrs\","   \
	"\"scheduler_parameters\":"                                         \
	"\"batch_sched_delay=0,sched_min_interval=0\","                     \
	"\"auth_info\":\"cred_expire=30\"}"

#define PARTITION(name, nodes)                                              \
	"{\"name\":\"" name "\",\"nodes\":\"" nodes "\","                   \
	"\"exclusive\":true,\"power_down_on_idle\":false,"                  \
	"\"resume_timeout\":0,\"suspend_timeout\":0,\"suspend_time\":0}"

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
	NODE("n1", "metal") "]"

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

/* A good site, but for one string or number of Slurm's configuration. */
static void _with_str(const char *key, const char *value)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_str(config, key, value);
	_take_slurm(config, PARTITIONS, NODES);
}

static void _with_int(const char *key, int64_t value)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_int(config, key, value);
	_take_slurm(config, PARTITIONS, NODES);
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

/* --- the findings ------------------------------------------------------- */

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

static void _problem(enum err_code code, const char *cure, const char *what)
{
	_good();
	err_set(&facts.vcenter.problem, code, "because");
	fails("vcenter", cure, what);
}

static void _test_vcenter(void)
{
	_problem(ERR_AUTH, "because; check User=", "a login is refused");
	_problem(ERR_CONFIG, "CACert=", "the certificate is wrong");
	_problem(ERR_TRANSIENT, "is up", "vCenter is away");
	_good();
	((struct config_global *) config_global(facts.config))->insecure =
		true;
	warns("certificate", "Insecure=yes", "no verification");
	_good();
	facts.vcenter.folder_found = false;
	fails("folder", "/DC/vm/f", "no folder");
	_good();
	facts.vcenter.pool_found = false;
	fails("pool", "/DC/host/h/Resources/p", "no pool");
}

static struct facts_source *_source(size_t index)
{
	_good();
	if (facts.vcenter.source_count != SOURCE_COUNT)
		bail_out("%zu sources", facts.vcenter.source_count);
	return &facts.vcenter.sources[index];
}

/* Of the clone of vm7 in its epoch 5. */
static const char *_marked(void)
{
	static char uuid[UUID_TEXT_SIZE];

	owner_bios_uuid("c1", "vm7", 5, uuid);
	return uuid;
}

#define NET "Network=/DC/network/n"

/* Of u22's host, with two networks in the file; u22's is the second. */
static struct facts_host *_host(void)
{
	struct facts_vcenter *vcenter = &facts.vcenter;

	_good();
	vcenter->hosts = calloc(1, sizeof(*vcenter->hosts));
	for (size_t i = 0; i < vcenter->network_count; i++)
		moref_set(&vcenter->networks[i].ref, "Network", "network-1",
			  NULL);
	vcenter->hosts->told = true;
	for (size_t i = 0; i < vcenter->source_count; i++)
		vcenter->sources[i].on = vcenter->hosts;
	snprintf(vcenter->sources[2].host, sizeof(vcenter->sources[2].host),
		 "esx03");
	return vcenter->hosts;
}

static void _test_portgroups(void)
{
	conf = CONF "NodeName=q1 Templates=r9 Network=/DC/network/q\n"
		    "NodeName=m1 Templates=u22 " NET "\n";
	_host()->has[0] = true;
	fails("portgroups", "esx03, the host of /DC/vm/t/u22-1, does not have "
	      "the portgroup /DC/network/n", "a host without the portgroup");
	memset(_host()->has, 1, sizeof(_host()->has));
	_host()->told = false;
	fine("portgroups", "has those of its nodes", "what a host does not "
	     "tell is no finding");
	memset(_host()->has, 1, sizeof(facts.vcenter.hosts->has));
	fine("portgroups", "has those of its nodes", "hosts with them");
}

static void _test_networks(void)
{
	struct moref *ref;

	conf = CONF "NodeName=m1 Templates=u22 " NET "\n";
	_good();
	fails("networks", "/DC/network/n is no portgroup", "no portgroup");
	_good();
	ref = &facts.vcenter.networks[0].ref;
	moref_set(ref, "Folder", "group-1", NULL);
	fails("networks", "/DC/network/n is no portgroup", "something else");
	_good();
	ref = &facts.vcenter.networks[0].ref;
	moref_set(ref, "DistributedVirtualPortgroup", "dvportgroup-1", NULL);
	fine("networks", "found", "a portgroup");
	_test_portgroups();
	conf = CONF "NodeName=m[1-2] Templates=u22\n"
		    "NicName=s Nodes=m[1-2]\n";
	_good();
	fails("cards", "/DC/vm/t/u22-1 has 1 network cards, and m[1-2] have "
	      "2", "a source without the second card");
	conf = CONF;
}

static void _test_sources(void)
{
	_source(1)->found = false;
	fails("sources", "/DC/vm/t/r9-2: no such machine", "no source");
	_source(1)->is_template = true;
	fails("sources", "is a vSphere template", "a template as a source");
	_source(1)->is_on = false;
	fails("sources", "/DC/vm/t/r9-2 is powered off", "a source is off");
	_source(1)->is_frozen = false;
	fails("sources", "/DC/vm/t/r9-2 runs but is not frozen",
	      "a source is not frozen");
	_source(0)->in_folder = true;
	fails("source-folder", "/DC/vm/t/r9-1", "a source among the clones");
	facts_take_mark(_source(0), "c1/vm7/5/00", _marked());
	fails("clones", "/DC/vm/t/r9-1 is a clone, of node vm7",
	      "a source that is a clone");
	facts_take_mark(_source(0), "c1/vm8/5/00", _marked());
	fine("clones", "no source is one", "a mark of another VM");
	_source(1)->is_member = true;
	facts_sift(&facts.vcenter);
	fine("members", "are sources", "a member of a folder");
	_source(1)->is_member = true;
	facts.vcenter.sources[1].has_record = false;
	facts_sift(&facts.vcenter);
	warns("members", "/DC/vm/t/r9-2 is no source: it does not say what "
	      "it is", "one that was never frozen");
	_good();
	facts_refuse(&facts.vcenter, "/DC/vm/t/x", true, "no such folder");
	fails("members", "/DC/vm/t/x/: no such folder", "no folder");
	_source(0)->host_ok = false;
	warns("hosts", "the host of /DC/vm/t/r9-1", "a host is away");
	_source(2)->host_ok = false;
	fails("templates", "u22 has no source", "no source is left");
	_source(1)->memory_mib = 4096;
	fails("source-size", "r9: /DC/vm/t/r9-1 has 4 CPUs and 8192 MiB, "
	      "/DC/vm/t/r9-2 has 4 and 4096", "sources differ");
	_source(2)->cpus = 8;
	fails("template-size", "vm[1-3]: ", "templates of a set differ");
	_source(2)->has_record = false;
	warns("record", "/DC/vm/t/u22-1", "a source without a record");
}

/* Two templates on hosts and a datastore of that size, each with one of the
 * sources of r9; u22's is on the first. */
static void _places(int64_t memory, int64_t space)
{
	_good();
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		struct facts_source *source = &facts.vcenter.sources[i];

		moref_set(&source->host_ref, "HostSystem",
			  i == 1 ? "host-2" : "host-1", NULL);
		source->host_memory_mib = memory;
		snprintf(source->store, sizeof(source->store), "ds1");
		source->store_mib = space;
	}
}

static void _test_room(void)
{
	_good();
	fine("capacity", "all nodes could be", "nothing is known to be short");
	_places(4 * 8192, 4 * (8192 + 1024));
	fine("capacity", "all nodes could be", "just enough, with sources");
	_places(3 * 8192 - 1, 100000);
	warns("capacity", "vm[1-3]: 3 nodes, but the sources' hosts have "
	      "memory for 1 clones of 8192 MiB", "memory is short");
	_places(100000, 4 * (8192 + 1024) - 1);
	warns("capacity", "all NodeName= lines together: 4 nodes, but the "
	      "sources' datastores have space for 3 clones of 9216 MiB",
	      "space is short for all sets together");
	facts.vcenter.sources[0].reserved_mib = 8192;
	fine("capacity", "all nodes could be", "reserved memory has no swap");
	conf = CONF "MaxClones=3\n";
	_good();
	warns("capacity", "all NodeName= lines together: 4 nodes, but "
	      "MaxClones= of all nodes allows 3", "a limit of all");
	conf = CONF "MaxClones=2\n";
	_good();
	warns("capacity", "vm[1-3]: 3 nodes, but MaxClones= of all nodes "
	      "allows 2", "and of one set");
	conf = CONF "NodeName=m[1-9] Templates=u22 MaxClones=4\n";
	_good();
	warns("capacity", "m[1-9]: 9 nodes, but MaxClones= of the line "
	      "allows 4, the others stay drained", "a set's own limit");
	conf = CONF;
}

static void _device(const char *type, bool bad)
{
	cleanup_xml struct xml *xml = NULL;
	struct facts_source *source = _source(1);
	char text[512];
	int len;

	len = snprintf(text, sizeof(text),
		       "<v xmlns:i='http://www.w3.org/2001/"
		       "XMLSchema-instance'><d i:type='VirtualDisk'/>"
		       "<d i:type='%s'><deviceInfo>"
		       "<label>Device 0</label></deviceInfo></d></v>", type);
	xml = xml_parse(text, (size_t) len, NULL);
	facts_take_devices(source, xml_root(xml));
	if (bad)
		fails("devices", "/DC/vm/t/r9-2 has Device 0", type);
	else
		fine("devices", "nothing", type);
}

static void _test_devices(void)
{
	_device("VirtualPCIPassthrough", true);
	_device("VirtualSriovEthernetCard", true);
	_device("VirtualVmxnet3Vrdma", true);
	_device("VirtualTPM", true);
	_device("VirtualVmxnet3", false);
}

/* Every row of the table: taken away or given, it leads to its finding. */
static void _test_privileges(void)
{
	for (size_t i = 0; i < privileges_count; i++) {
		const struct privileges_row *row = &privileges_table[i];

		_good();
		facts.vcenter.grants[i].granted ^= true;
		if (row->rule == PRIVILEGES_NEEDED)
			fails("privileges", row->name, row->name);
		else if (row->rule == PRIVILEGES_WANTED)
			warns("privileges", row->name, row->name);
		else if (row->rule == PRIVILEGES_HARMFUL)
			fails("excess", row->name, row->name);
		else
			warns("excess", row->name, row->name);
	}
	_good();
	err_set(&facts.vcenter.grants_problem, ERR_AUTH, "no");
	fails("privileges", "cannot be asked for", "privileges are not told");
}

static void _program(const char *key, const char *topic,
		     enum facts_program_kind kind)
{
	_with_str(key, "");
	fails(topic, "not set", topic);
	_with_str(key, "/site/power --on");
	fails(topic, "it is /site/power;", "another program");
	_good();
	facts.slurm.programs[kind].error = ENOENT;
	fails(topic, "install it there", "is not there");
	_good();
	facts.slurm.programs[kind].mode = S_IFREG | 0644;
	fails(topic, "chmod 755", "cannot be executed");
	_good();
	facts.slurm.programs[kind].mode = S_IFREG | 0777;
	fails(topic, "chmod go-w", "can be written by others");
}

static void _prologs(const char *list)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put(config, "prologs", _json(list));
	_take_slurm(config, PARTITIONS, NODES);
}

static void _test_programs(void)
{
	_program("resume_program", "ResumeProgram", FACTS_RESUME);
	_program("suspend_program", "SuspendProgram", FACTS_SUSPEND);
	_program("resume_fail_program", "ResumeFailProgram",
		 FACTS_RESUME_FAIL);
	_prologs("[]");
	fails("PrologSlurmctld", "not set", "no prolog");
	_prologs("[\"/site/prolog\"]");
	fails("PrologSlurmctld", "ChainPrologSlurmctld=/site/prolog",
	      "another prolog");
	_prologs("[\"/site/prolog\",\"/usr/sbin/sclone-prolog\"]");
	fine("PrologSlurmctld", "ours", "ours among several");
	_with_str("resume_program", "/usr/sbin/sclone-resume --verbose");
	fine("ResumeProgram", "ours", "with arguments, as 26.05 has them");
}

static void _with_params(const char *version, const char *key,
			 const char *value)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_str(config, "version", version);
	(void) json_put_str(config, key, value);
	_take_slurm(config, PARTITIONS, NODES);
}

/* job_submit_sclone.so, and the slurmctld that would load it next. */
static void _submit(const char *path, uint32_t built_for, uint32_t installed)
{
	_good();
	facts.slurm.submit = (struct facts_submit) {
		.used = true, .built_for = built_for, .installed = installed,
	};
	snprintf(facts.slurm.submit.path, FACTS_LINE_SIZE, "%s", path);
}

static void _test_plugins(void)
{
	static const char topic[] = "JobSubmitPlugins";

	_good();
	fine(topic, "not used", "no job_submit plugin");
	_submit("/usr/lib/slurm/x.so", 0x160508, 0x160508);
	fine(topic, "x.so is for Slurm 22.05.8", "the right one");
	_submit("/usr/lib/slurm/x.so", 0x160508, 0x160509);
	fails(topic, "will not start again: /usr/lib/slurm/x.so was built for "
	      "Slurm 22.05.8, and 22.05.9 is installed; build it again",
	      "a new Slurm");
	_submit("/usr/lib/slurm/x.so", 0x160508, 0);
	fine(topic, "x.so is for Slurm 22.05.8", "nothing to compare with");
	_submit("", 0, 0x160508);
	fails(topic, "no job_submit_sclone.so in ", "it is not there");
	_submit("/usr/lib/slurm/x.so", 0, 0x160508);
	err_set(&facts.slurm.submit.problem, ERR_PROTOCOL, "x.so: no plugin");
	fails(topic, "will not start again: x.so: no plugin", "a wrong file");
}

static void _test_parameters(void)
{
	_good();
	err_set(&facts.slurm.problem, ERR_TRANSIENT, "no answer");
	fails("slurm", "no answer; see whether", "slurmctld is away");
	_with_str("version", "21.08.5");
	fails("slurm-version", "21.08.5", "an old Slurm");
	_good();
	facts.slurm.clouds_shown = false;
	fails("PrivateData", "PrivateData=cloud", "hidden nodes");
	_with_params("22.05.8", "slurmctld_parameters",
		     "idle_on_node_suspend");
	fails("cloud_reg_addrs", "add cloud_reg_addrs", "no cloud_reg_addrs");
	_good();
	snprintf(facts.slurm.nameless, FACTS_NAME_SIZE, "vm3");
	warns("names", "vm3 does not resolve", "a node without an address");
	_with_params("23.02.1", "slurmctld_parameters", "x");
	snprintf(facts.slurm.nameless, FACTS_NAME_SIZE, "vm3");
	fine("names", "do not hold", "which a later Slurm does not mind");
	_with_params("22.05.8", "slurmctld_parameters", "cloud_dns");
	fine("cloud_reg_addrs", "needs it", "cloud_dns instead");
	_with_params("23.11.1", "slurmctld_parameters", "cloud_reg_addrs");
	warns("cloud_reg_addrs", "take it out", "no longer known");
	_with_params("23.11.1", "slurmctld_parameters", "");
	fine("cloud_reg_addrs", "needs it", "nor needed");
	warns("idle_on_node_suspend", "stays down", "no idle_on_node_suspend");
	warns("power_save_interval", "10 s", "the default interval");
	_with_params("22.05.8", "slurmctld_parameters",
		     "power_save_interval=30");
	warns("power_save_interval", "30 s", "a long interval");
	_with_int("return_to_service", 1);
	warns("ReturnToService", "it is 1", "ReturnToService=1");
	_with_str("auth_info", "");
	fine("requeue", "cred_expire=30 shortens", "advice on cred_expire");
	_with_params("25.11.0", "auth_info", "");
	fine("requeue", "requeue_delay=5 shortens", "or requeue_delay");
	_with_str("scheduler_parameters", "sched_min_interval=0");
	fine("scheduler", "batch_sched_delay=0",
	     "advice on batch_sched_delay");
}

static void _test_times(void)
{
	_with_int("resume_timeout", 10);
	fails("ResumeTimeout", "leaves nothing of ResumeTimeout=10",
	      "no time for a clone");
	_with_int("resume_timeout", 30);
	warns("ResumeTimeout", "no time to try", "no time for a second try");
	_with_int("resume_timeout", FACTS_FOREVER);
	warns("ResumeTimeout", "never ends", "no end");
	_good();
	facts_take_history(&facts.daemon, NULL);
	fine("ResumeTimeout", "long enough", "without a history");
	{
		cleanup_json struct json *history = _json(
			"{\"cycles\":[{\"at\":{\"requested\":1000000,"
			"\"ready\":131000000,\"releasing\":200000000},"
			"\"ended\":290000000},{\"at\":{\"requested\":1},"
			"\"ended\":2}]}");

		facts_take_history(&facts.daemon, history);
	}
	warns("ResumeTimeout", "the slowest of the last 1 clones took 130 s",
	      "clones have taken longer");
	warns("SuspendTimeout", "the last 1 releases took 90 s",
	      "releases have taken longer");
	_with_int("suspend_timeout", 10);
	warns("SuspendTimeout", "SuspendTimeout=10", "a short SuspendTimeout");
	_with_int("suspend_time", FACTS_FOREVER);
	fails("SuspendTime", "power saving is off", "no SuspendTime");
	_with_int("prolog_epilog_timeout", 120);
	fails("PrologEpilogTimeout", "set 180", "it ends the prolog's wait");
	_with_int("prolog_epilog_timeout", 121);
	fine("PrologEpilogTimeout", "longer", "a longer one");
	_with_int("resume_rate", 300);
	warns("rates", "ResumeRate=300", "ResumeRate");
	_with_int("suspend_rate", 60);
	warns("rates", "SuspendRate=60", "SuspendRate");
}

/* A good site with other partitions, or nodes. */
static void _with_lists(const char *version, const char *partitions,
			const char *nodes)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_str(config, "version", version);
	_take_slurm(config, partitions, nodes);
}

static void _test_partitions(void)
{
	_with_lists("22.05.8", "[" PARTITION("metal", "n[1-9]") "]", NODES);
	fails("partitions", "none holds", "no partition");
	_with_lists("22.05.8", "[" PARTITION("a", "vm1") ","
		    PARTITION("b", "n1,vm2") "]", NODES);
	facts.slurm.partitions[1].gives.exclusive = false;
	fails("exclusive", "partition b does not give the node to one job "
	      "alone; set OverSubscribe=EXCLUSIVE or Isolation=shared",
	      "one that shares VMs");
	facts.slurm.partitions[1].gives.preempt = ISOLATION_SUSPENDS;
	fails("preemption", "partition b may suspend a job",
	      "one that gives a suspended job's VM away");
	facts.slurm.partitions[0].resume_timeout = 5;
	fails("ResumeTimeout", "ResumeTimeout of partition a=5",
	      "a partition's own time");
	fine("PowerDownOnIdle", "marks", "22.05 does not know it");
	_with_lists("23.02.1", PARTITIONS, NODES);
	fails("PowerDownOnIdle", "partition vm", "no PowerDownOnIdle");
	facts.slurm.partitions[0].gives.power_down_on_idle = true;
	fine("PowerDownOnIdle", "as Isolation= wants it", "PowerDownOnIdle");
}

#define SHARED_CHOICE                                                       \
	CONF "NodeName=sh1 Templates=r9,u22 Isolation=shared\n"

/* Partition a has shared nodes alone, both has one of each kind. */
static void _test_shared(void)
{
	static const char shared[] = CONF
		"NodeName=sh[1-2] Templates=r9 Isolation=shared\n";

	conf = shared;
	_with_lists("23.02.1", "[" PARTITION("a", "sh[1-2]") ","
		    PARTITION("both", "sh1,vm1") "]", NODES);
	facts.slurm.partitions[0].gives.exclusive = false;
	facts.slurm.partitions[0].gives.preempt = ISOLATION_SUSPENDS;
	facts.slurm.partitions[1].gives.power_down_on_idle = true;
	fine("exclusive", "one job a VM", "shared nodes in any partition");
	fine("preemption", "leaves a job its VM", "and preempted as it says");
	fine("PowerDownOnIdle", "as Isolation", "they stay up");
	facts.slurm.partitions[0].gives.power_down_on_idle = true;
	warns("PowerDownOnIdle", "partition a powers a node down",
	      "or go down after each job");
	facts.slurm.partitions[1].gives.exclusive = false;
	fails("exclusive", "partition both", "others in the same partition");
	conf = SHARED_CHOICE;
	_with_lists("22.05.8", "[" PARTITION("a", "sh1") "]",
		    "[" NODE("sh1", "r9,u22") "]");
	warns("features", "sh1 have Feature=u22, but are never that",
	      "a choice that there is not");
	_with_lists("22.05.8", "[" PARTITION("a", "sh1") "]",
		    "[" NODE("sh1", "r9") "]");
	fine("features", "", "no choice is promised");
	conf = CONF;
}

/* A good site with nodes for tests, which are of one template. */
static void _with_tests(const char *partitions)
{
	conf = CONF "NodeName=t[1-2] Templates=r9 Test=yes\n";
	_with_lists("22.05.8", partitions, "[" NODE("vm1", "r9,u22") ","
		    NODE("vm2", "r9,u22") "," NODE("vm3", "r9,u22") ","
		    NODE("big1", "u22") "," NODE("t1", "") ","
		    NODE("t2", "") "]");
	conf = CONF;
}

static void _test_tests(void)
{
	_good();
	fine("test-nodes", "cannot try r9,u22", "without nodes for tests");
	_with_tests(PARTITIONS);
	fine("test-nodes", "cannot try u22;", "with them for one template");
	fine("features", "", "they need no features");
	_with_tests("[" PARTITION("all", "big1,t[1-2]") "]");
	warns("test-nodes", "partition all holds t2, which is kept",
	      "jobs can get there");
}

static void _test_nodes(void)
{
	_with_lists("22.05.8", PARTITIONS, "[" NODE("big1", "u22") "]");
	fails("nodes", "does not know vm[1-3]", "nodes missing");
	_good();
	facts.slurm.nodes[1].is_cloud = false;
	fails("nodes", "vm2 are no cloud nodes", "not CLOUD");
	_good();
	facts.slurm.nodes[0].features = "r9x,u22";
	warns("features", "vm1 lack Feature=r9,", "a feature is missing");
	_good();
	facts.slurm.nodes[3].cpus = 8;
	fails("node-size", "big1 have more CPUs", "too many CPUs");
	_good();
	facts.slurm.nodes[2].memory_mib = 9000;
	fails("node-size", "vm3 have a larger RealMemory", "too much memory");
	_good();
	facts.slurm.nodes[2].memory_mib = 8000;
	fine("node-size", "no larger", "a little more than the source's");
	_with_str("slurmd_parameters", "config_overrides");
	facts.slurm.nodes[2].memory_mib = 9000;
	fine("node-size", "no larger", "slurm.conf counts");
	_with_str("slurmctld_parameters", "node_reg_mem_percent=100");
	facts.slurm.nodes[2].memory_mib = 8000;
	fails("node-size", "vm3", "all of the memory has to be there");
}

/* Many names do not make a text of a megabyte, nor get lost. */
static void _test_names(void)
{
	cleanup_check_names struct check_names names = { 0 };
	char name[32];

	check_names_add(&names, "vm1");
	check_names_add(&names, "vm2");
	check_names_add(&names, "my store");
	is_int((int64_t) check_names_count(&names), 3, "names");
	is_str(check_names_print(&names), "my store,vm[1-2]", "folded");
	check_names_clear(&names);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "store %d", i);
		check_names_add(&names, name);
	}
	is_int((int64_t) check_names_count(&names), 1000, "a thousand");
	is_int((int64_t) strlen(check_names_print(&names)),
	       CHECK_NAMES_SIZE - 1, "cut");
	has_str(names.text, "...", "which is shown");
}

int main(void)
{
	_test_good();
	_test_config();
	_test_submit();
	_test_vcenter();
	_test_networks();
	_test_sources();
	_test_room();
	_test_devices();
	_test_privileges();
	_test_programs();
	_test_parameters();
	_test_plugins();
	_test_times();
	_test_partitions();
	_test_shared();
	_test_tests();
	_test_nodes();
	_test_names();
	facts_clear(&facts);
	return done_testing();
}
