/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `sclone check` finds in Slurm: one thing wrong at a time. */
#include "findings_scene.h"

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

static void _test_epilog(void)
{
	_good();
	fine("Epilog", "/etc/slurm/epilog; in a clone", "some epilog");
	_with_str("epilog", "");
	warns("Epilog", "not set, so that what a job wrote last", "none");
	conf = CONF_SHARED;
	_with_str("epilog", "");
	fine("Epilog", "not needed", "which shared nodes do not need");
	conf = CONF;
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
	_with_str("auth_info", "cred_expire=19");
	warns("requeue", "cred_expire=19 is too short", "a hasty requeue");
	_with_str("auth_info", "cred_expire=20");
	fine("requeue", "", "one that is late enough");
	_with_params("25.11.0", "auth_info", "cred_expire=5");
	fine("requeue", "requeue_delay=30 shortens", "or requeue_delay");
	_with_params("25.11.0", "scheduler_parameters", "requeue_delay=5");
	warns("requeue", "requeue_delay=5 is too short", "which may be hasty");
	_with_str("scheduler_parameters", "sched_min_interval=0");
	fine("scheduler", "batch_sched_delay=0",
	     "advice on batch_sched_delay");
}

/* SuspendTime for all nodes, or none of that kind, and partitions. */
static void _with_time(int64_t global, const char *partitions)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_int(config, "suspend_time", global);
	_take_slurm(config, partitions, NODES);
}

#define NO_TIME "[" PARTITION_FOR("vm", "vm[1-3],big1", "0") "," METAL("0") "]"
#define METAL(time) PARTITION_FOR("metal", "n[1-9]", time)
#define FOREVER "4294967295"

/* SuspendTime for all nodes, and one thing more. */
static void _with_global(const char *key, const char *value)
{
	struct json *config = _json(CONFIG);

	_start();
	(void) json_put_int(config, "suspend_time", 300);
	(void) json_put_str(config, key, value);
	_take_slurm(config, NO_TIME, NODES);
}

static void _test_suspend_global(void)
{
	_with_time(FACTS_FOREVER, NO_TIME);
	fails("SuspendTime", "power saving is off", "no SuspendTime");
	_with_global("version", "26.05.1");
	warns("SuspendTime", "takes n1 and others that are no clones",
	      "one for all nodes");
	_with_global("suspend_exc_nodes", "n[1-9]");
	fine("SuspendTime", "set for clones", "of which others are spared");
	_with_global("suspend_exc_parts", "metal");
	fine("SuspendTime", "set for clones", "by their partition, too");
	conf = CONF "ChainSuspendProgram=/site/suspend\n";
	_with_global("user", "slurm");
	fine("SuspendTime", "set for clones", "or have a program");
	conf = CONF;
	_with_time(300, "[" PARTITION_FOR("vm", "vm[1-3],big1", "0") ","
		   METAL(FOREVER) "]");
	fine("SuspendTime", "set for clones", "or a time without end");
}

/* The longest time of the partitions counts, then that for all nodes. */
static void _test_suspend_partitions(void)
{
	_good();
	fine("SuspendTime", "set for clones", "SuspendTime of the partition");
	_with_time(FACTS_FOREVER, "[" PARTITION("vm", "vm[1-3],big1") ","
		   PARTITION_FOR("all", "vm[1-3],n[1-9]", "0") "]");
	fine("SuspendTime", "set for clones", "beside one that has none");
	_with_time(FACTS_FOREVER, "[" PARTITION("batch", "vm[1-3],big1,n1")
		   "]");
	warns("SuspendTime", "partition batch has 300 also for n1, which is",
	      "one with machines");
	_with_time(FACTS_FOREVER, "[" PARTITION("batch", "vm[1-3],big1,n1")
		   "," METAL(FOREVER) "]");
	fine("SuspendTime", "set for clones", "which another one spares");
	_with_time(FACTS_FOREVER, "[" PARTITION("a", "vm[1-3],big1") ","
		   PARTITION_FOR("b", "vm[1-2]", FOREVER) "]");
	warns("SuspendTime", "vm[1-2] have none that ends: a VM to which no",
	      "one that keeps clones up");
	_with_time(FACTS_FOREVER, "[" PARTITION("a", "vm[1-3]") ","
		   PARTITION_FOR("b", "big1", "0") "]");
	warns("SuspendTime", "big1 have none that ends: ", "one without");
	_with_time(FACTS_FOREVER, "[" PARTITION_FOR("vm", "vm[1-3]", "0") ","
		   PARTITION("cloud", "aws[1-9]") "]");
	warns("SuspendTime", "vm[1-3] have none that ends: ",
	      "not power saving that is off: others have it");
}

static void _test_suspend_shared(void)
{
	static const char parts[] = "["
		PARTITION("vm", "vm[1-3],big1") ","
		PARTITION_FOR("shr", "sh[1-2]", "0") "]";

	conf = CONF "NodeName=sh[1-2] Templates=r9 Isolation=shared\n"
		    "NodeName=t1 Templates=r9 Test=yes\n";
	_with_time(FACTS_FOREVER, parts);
	fails("SuspendTime", "sh[1-2] have none that ends: their VMs, which",
	      "shared clones that nobody would end");
	facts.slurm.version = 2605;
	warns("SuspendTime", "unless the nodes' NodeName= lines have one",
	      "which may be said elsewhere later");
	_with_time(600, parts);
	warns("SuspendTime", "it is 600 for all", "the one for all ends them");
	_with_time(FACTS_FOREVER, "[" PARTITION("a", "vm[1-3],big1,sh1,sh2")
		   "]");
	fine("SuspendTime", "set for clones", "so does a partition; and the "
	     "node for tests needs none");
	conf = CONF;
}

static void _test_suspend_time(void)
{
	_test_suspend_global();
	_test_suspend_partitions();
	_test_suspend_shared();
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
	_test_suspend_time();
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
	_test_programs();
	_test_epilog();
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
