/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `sclone generate` writes, and what it refuses to write. */
#include <stdio.h>
#include <string.h>

#include "sclone/suggest.h"
#include "tap.h"

#define HEAD                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-[1-2]\n"                       \
	"TemplateName=u22 Sources=/DC/vm/t/u22-1\n"
#define SETS                                                                \
	"NodeName=vm[1-3] Templates=r9,u22 Partitions=vm,all "              \
	"NodeAddr=10.0.0.9+/24\n"                                           \
	"NodeName=big1 Templates=u22 Partitions=all\n"
#define RECORD(memory)                                                      \
	"{\"v\":1,\"slurmd\":\"NodeName=x CPUs=4 Boards=1 "                 \
	"SocketsPerBoard=2 CoresPerSocket=2 ThreadsPerCore=1 "              \
	"RealMemory=" memory "\"}"

static struct facts facts;
static struct buf out;

static void _start(const char *conf)
{
	struct err err = ERR_INIT;

	facts_clear(&facts);
	buf_free(&out);
	buf_init(&out, SUGGEST_MAX);
	facts.config = config_parse("s.conf", conf, strlen(conf), &err);
	if (!facts.config || facts_add_sources(&facts, &err) < 0)
		bail_out("%s", err.text);
	for (size_t i = 0; i < facts.vcenter.source_count; i++) {
		facts.vcenter.sources[i].found = true;
		facts.vcenter.sources[i].cpus = 4;
		facts.vcenter.sources[i].memory_mib = 8192;
		facts_take_record(&facts.vcenter.sources[i],
				  i ? RECORD("7800") : RECORD("7700"));
	}
}

static void _slurm_conf(int version)
{
	struct err err = ERR_INIT;

	_start(HEAD SETS);
	if (suggest_slurm_conf(&facts, version, &out, &err) < 0)
		bail_out("%s", err.text);
}

static void _versions(void)
{
	_slurm_conf(2205);
	has_str(buf_str(&out),
		"\nNodeName=vm[1-3] CPUs=4 Boards=1 SocketsPerBoard=2 "
		"CoresPerSocket=2 ThreadsPerCore=1 RealMemory=7623 "
		"Feature=r9,u22 State=CLOUD\n",
		"99 % of the least memory of the set's sources");
	has_str(buf_str(&out), "RealMemory=7722 Feature=u22 State=CLOUD\n",
		"each set by its own sources");
	has_str(buf_str(&out), "# For Slurm 22.05, to be merged",
		"says for which Slurm, and that it is no whole file");
	has_str(buf_str(&out), "PartitionName=vm Nodes=vm[1-3] "
		"OverSubscribe=EXCLUSIVE SuspendTime=300 State=UP\n",
		"a partition");
	has_str(buf_str(&out), "PartitionName=all Nodes=vm[1-3],big1 "
		"OverSubscribe=EXCLUSIVE SuspendTime=300 State=UP\n",
		"one of two sets");
	has_str(buf_str(&out), "\n# Where all holds machines, too: no "
		"SuspendTime here, or SuspendExcNodes=\n",
		"the site's partitions may hold more");
	ok(!strstr(buf_str(&out), "\nSuspendTime="), "no time of other nodes");
	has_str(buf_str(&out), "\nEpilog=/etc/slurm/epilog\n",
		"what a job wrote last is not lost");
	has_str(buf_str(&out), ",cloud_reg_addrs\n", "22.05: addresses");
	has_str(buf_str(&out), "PrivateData=cloud\n", "22.05: clouds shown");
	has_str(buf_str(&out), "TreeWidth=65533\n", "22.05: big1's address is "
		"not known beforehand");
	ok(!strstr(buf_str(&out), "PowerDownOnIdle"), "22.05 does not know "
	   "that");
	ok(!strstr(buf_str(&out), "requeue_delay"), "nor that");
	_slurm_conf(2302);
	has_str(buf_str(&out), ",cloud_reg_addrs\n", "23.02: addresses");
	has_str(buf_str(&out), "TreeWidth=65533\n", "and no handing on");
	has_str(buf_str(&out), "OverSubscribe=EXCLUSIVE "
		"PowerDownOnIdle=YES SuspendTime=300 State=UP\n",
		"23.02 knows that");
	ok(!strstr(buf_str(&out), "PrivateData"), "and shows clouds");
	_slurm_conf(2311);
	has_str(buf_str(&out), "enable_configless\n", "23.11 takes addresses "
		"by itself");
	ok(!strstr(buf_str(&out), "TreeWidth"), "and hands on");
	has_str(buf_str(&out), "OverSubscribe=EXCLUSIVE "
		"PowerDownOnIdle=YES SuspendTime=300 State=UP\n",
		"the rest is 23.02's");
	has_str(buf_str(&out), "bf_interval=5\n", "no delay to choose yet");
	_slurm_conf(2511);
	has_str(buf_str(&out), "bf_interval=5,requeue_delay=30\n",
		"25.11 has one for requeued jobs");
	has_str(buf_str(&out), "OverSubscribe=EXCLUSIVE ", "and the old word");
	_slurm_conf(2605);
	has_str(buf_str(&out), "requeue_delay=30\n", "26.05 too");
	has_str(buf_str(&out), "Exclusive=NODE PowerDownOnIdle=YES",
		"26.05 has another word");
	ok(!strstr(buf_str(&out), "cloud_reg_addrs"), "and does not know it");
}

static void _shared(void)
{
	struct err err = ERR_INIT;

	_start(HEAD "NodeName=sh[1-2] Templates=u22,r9 Isolation=shared "
	       "Partitions=sh,mix\nNodeName=vm1 Templates=r9 "
	       "Partitions=mix\n");
	if (suggest_slurm_conf(&facts, 2302, &out, &err) < 0)
		bail_out("%s", err.text);
	has_str(buf_str(&out), "Feature=u22 State=CLOUD\n",
		"shared nodes are of one template");
	has_str(buf_str(&out), "PartitionName=sh Nodes=sh[1-2] "
		"SuspendTime=300 State=UP\n",
		"a partition of theirs alone lets jobs share");
	has_str(buf_str(&out), "PartitionName=mix Nodes=sh[1-2],vm1 "
		"OverSubscribe=EXCLUSIVE PowerDownOnIdle=YES SuspendTime=300 "
		"State=UP\n",
		"one with others does not");
	has_str(buf_str(&out), "\nEpilog=", "which lose what they wrote");
	_start(HEAD "NodeName=sh[1-2] Templates=r9 Isolation=shared\n");
	is_int(suggest_slurm_conf(&facts, 2302, &out, &err), 0,
	       "shared nodes alone");
	ok(!strstr(buf_str(&out), "Epilog"), "need no Epilog");
}

static void _tests(void)
{
	struct err err = ERR_INIT;

	_start(HEAD "NodeName=vm[1-3] Templates=r9\n"
	       "NodeName=vmtest Templates=r9 Test=yes\n");
	if (suggest_slurm_conf(&facts, 2205, &out, &err) < 0)
		bail_out("%s", err.text);
	has_str(buf_str(&out), "NodeName=vmtest CPUs=4", "a node for tests");
	has_str(buf_str(&out), "PartitionName=vm Nodes=vm[1-3] ",
		"is in no partition");
}

static void _refuses(const char *want, enum err_code code, const char *what)
{
	struct err err = ERR_INIT;

	ok(suggest_slurm_conf(&facts, 2205, &out, &err) < 0 &&
	   err.code == code, "%s", what);
	has_str(err.text, want, what);
}

static void _wrong(void)
{
	struct facts_source *source;

	_start(HEAD SETS);
	source = facts.vcenter.sources;
	snprintf(source[1].device, sizeof(source[1].device), "a GPU");
	_refuses("/DC/vm/t/r9-2 has a GPU, which no clone can have: it is the "
		 "copy of a running machine, and a device cannot be copied. "
		 "Remove it there; nodes that need it stay machines of their "
		 "own, outside sclone.conf",
		 ERR_CONFIG, "a device");
	_start(HEAD SETS);
	facts.vcenter.sources[2].memory_mib = 4096;
	_refuses("differ, and nodes may become either", ERR_CONFIG,
		 "other memory");
	_start(HEAD SETS);
	source = facts.vcenter.sources;
	snprintf(source[1].record_line, sizeof(source[1].record_line),
		 "CPUs=8");
	_refuses("(CPUs=8, 8192 MiB)", ERR_CONFIG, "other processors");
	_start(HEAD SETS);
	facts.vcenter.sources[0].has_record = false;
	_refuses("has not written down its hardware", ERR_NOTFOUND,
		 "no record");
	_start(HEAD SETS);
	facts.vcenter.sources[2].found = false;
	_refuses("/DC/vm/t/u22-1 does not exist", ERR_NOTFOUND, "no source");
}

static void _others(void)
{
	struct err err = ERR_INIT;

	_start(HEAD SETS);
	suggest_gres(&facts, &out);
	is_str(buf_str(&out), "NodeName=vm[1-3] AutoDetect=off\n"
	       "NodeName=big1 AutoDetect=off\n", "gres.conf");
	buf_reset(&out);
	is_int(suggest_hosts(&facts, &out, &err), 0, "hosts");
	is_str(buf_str(&out), "10.0.0.9\tvm1\n10.0.0.10\tvm2\n"
	       "10.0.0.11\tvm3\n", "with fixed addresses");
	_start(HEAD "NodeName=a[1-2] Templates=r9\n"
	       "NodeName=vm[1-2] Templates=r9 NodeAddr=10.0.0.1+/24\n"
	       "NicName=s Nodes=a[1-2],vm[1-2] NicAddr=fd00::1+/64\n"
	       "NicName=t Nodes=vm[1-2]\n");
	is_int(suggest_hosts(&facts, &out, &err), 0, "hosts with more cards");
	is_str(buf_str(&out), "fd00::1\ta1-s\nfd00::2\ta2-s\n"
	       "10.0.0.1\tvm1\n10.0.0.2\tvm2\n"
	       "fd00::3\tvm1-s\nfd00::4\tvm2-s\n", "have names for them");
	_start(HEAD "NodeName=vm[1-2] Templates=r9 NodeAddr=10.0.0.1+/24\n");
	is_int(suggest_slurm_conf(&facts, 2205, &out, &err), 0,
	       "fixed addresses alone");
	ok(!strstr(buf_str(&out), "TreeWidth"), "need no TreeWidth");
	_start(HEAD "NodeName=vm1 Templates=r9,u22\n");
	is_int(suggest_hosts(&facts, &out, &err), -1, "dhcp alone");
	has_str(err.text, "no node has a fixed address", "is said");
	is_int(suggest_slurm_conf(&facts, 2205, &out, &err), 0,
	       "sets without Partitions=");
	has_str(buf_str(&out), "PartitionName=vm Nodes=vm1 ", "are in vm");
	ok(!strstr(buf_str(&out), "holds machines"), "which holds them alone");
}

int main(void)
{
	_versions();
	_shared();
	_tests();
	_wrong();
	_others();
	facts_clear(&facts);
	buf_free(&out);
	return done_testing();
}
