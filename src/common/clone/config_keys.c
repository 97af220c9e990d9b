/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of sclone.conf: one table per kind of line. A key is added here
 * and nowhere else; the manual page and the strict reader follow.
 */
#include "common/base/slurmd.h"
#include "common/rules/owner.h"
#include "config.h"

#define GLOBAL(field) .offset = offsetof(struct config_global, field)
#define TEMPLATE(field) .offset = offsetof(struct config_template, field)
#define SET(field) .offset = offsetof(struct config_set, field)
#define NIC(field) .offset = offsetof(struct config_nic, field)

#define DAY UINT64_C(86400)

static const char *const site_placements[] = {
	[CONFIG_PLACEMENT_SPREAD] = "spread",
	[CONFIG_PLACEMENT_PACK] = "pack", NULL
};
static const char *const placements[] = {
	[CONFIG_PLACEMENT_SPREAD] = "spread",
	[CONFIG_PLACEMENT_PACK] = "pack",
	[CONFIG_PLACEMENT_SITE] = "site", NULL
};
static const char *const backends[] = { [CONFIG_INSTANT] = "instant", NULL };
static const char *const isolations[] = {
	[ISOLATION_JOB] = "job", [ISOLATION_SHARED] = "shared", NULL
};
static const char *const levels[] = { "error", "warn", "info", "debug",
				      NULL };

const struct conf_key config_global_keys[] = {
	{ .name = "ClusterName", .type = CONF_NAME, GLOBAL(cluster),
	  .required = true, .max = OWNER_CLUSTER_SIZE - 1,
	  .help = "Name of the cluster. It is part of every owner mark: two "
		  "clusters that share a vCenter must differ in it. When it "
		  "has changed, restart scloned: clones that its journal "
		  "knows keep the old name until they go, others that have "
		  "it are foreign from then on." },
	{ .name = "VCenter", .type = CONF_STRING, GLOBAL(vcenter),
	  .required = true,
	  .help = "The vCenter's SDK address, https://HOST/sdk. An ESXi host "
		  "cannot make instant clones." },
	{ .name = "User", .type = CONF_STRING, GLOBAL(user), .required = true,
	  .help = "Account to log in with. doc/vcenter.md lists the least "
		  "privileges; sclone check compares." },
	{ .name = "PasswordFile", .type = CONF_PATH, GLOBAL(password_file),
	  .fallback = "/etc/slurm/sclone.password",
	  .help = "File with the password on its only line; owned by "
		  "SlurmUser, mode 0600. Read again when it changes." },
	{ .name = "CACert", .type = CONF_PATH, GLOBAL(ca_cert),
	  .help = "PEM file with the authority that signed the vCenter's "
		  "certificate; no other counts then. Default: the system's "
		  "authorities." },
	{ .name = "Pin", .type = CONF_STRING, GLOBAL(pin),
	  .secret = true,
	  .help = "sha256//BASE64 of the vCenter's public key: no other key "
		  "is accepted, whoever signed it." },
	{ .name = "Insecure", .type = CONF_BOOL, GLOBAL(insecure),
	  .fallback = "no",
	  .help = "Do not verify the certificate. Warns at every start; for "
		  "laboratories." },
	{ .name = "Folder", .type = CONF_STRING, GLOBAL(folder),
	  .required = true,
	  .help = "Inventory path of the VM folder for the clones, such as "
		  "/DC1/vm/slurm-clones. It should hold nothing else; the "
		  "account needs its right to delete here only." },
	{ .name = "ResourcePool", .type = CONF_STRING, GLOBAL(pool),
	  .required = true,
	  .help = "Inventory path of the resource pool for the clones, such "
		  "as /DC1/host/hpc/Resources/slurm." },
	{ .name = "KeyFile", .type = CONF_PATH, GLOBAL(key_file),
	  .fallback = "/etc/slurm/sclone.key",
	  .help = "Secret that marks our clones; one line, mode 0600. Keep a "
		  "copy: with it ownership is provable without the journal." },
	{ .name = "StateDir", .type = CONF_PATH, GLOBAL(state_dir),
	  .fallback = "/var/lib/sclone",
	  .help = "Holds the journal. Local disk, no network file system." },
	{ .name = "SpoolDir", .type = CONF_PATH, GLOBAL(spool_dir),
	  .fallback = "/var/spool/sclone",
	  .help = "Where the programs that slurmctld starts leave their "
		  "requests. The programs' own default is the same." },
	{ .name = "Socket", .type = CONF_PATH, GLOBAL(socket),
	  .fallback = "/run/sclone/scloned.sock",
	  .help = "Where scloned listens for those programs and for "
		  "sclone(1)." },
	{ .name = "SlurmConf", .type = CONF_PATH, GLOBAL(slurm_conf),
	  .fallback = "/etc/slurm/slurm.conf",
	  .help = "slurm.conf for the calls to slurmctld." },
	{ .name = "KeepHistory", .type = CONF_DURATION, GLOBAL(keep_history),
	  .fallback = "90d", .min = 3600, .max = 3650 * DAY,
	  .help = "How long finished cycles and records of destruction "
		  "stay in the journal." },
	{ .name = "InFlight", .type = CONF_UINT, GLOBAL(in_flight),
	  .fallback = "32", .min = 1, .max = 256,
	  .help = "Clones being made at one time over all sources." },
	{ .name = "MaxClones", .type = CONF_UINT, GLOBAL(max_clones),
	  .min = 1, .max = CONFIG_NODES_MAX,
	  .help = "Clones that may exist at one time, of all nodes; "
		  "default: no limit. Nodes beyond it are drained in Slurm, "
		  "see CAPACITY." },
	{ .name = "Attempts", .type = CONF_UINT, GLOBAL(attempts),
	  .fallback = "3", .min = 1, .max = 10,
	  .help = "How many clones are tried for one request, inside its "
		  "deadline, before the job is told." },
	{ .name = "Placement", .type = CONF_CHOICE, GLOBAL(placement),
	  .fallback = "spread", .choices = site_placements,
	  .help = "Which source a clone is made from, of those that have a "
		  "lane and room: spread takes the one with the smallest "
		  "part of its lanes busy, then the one with most memory "
		  "free; pack the one with least memory free, so that a "
		  "host is filled before the next one is begun." },
	{ .name = "DeadlineMargin", .type = CONF_DURATION, GLOBAL(margin),
	  .fallback = "10s", .min = 1, .max = 600,
	  .help = "A node must be up this long before Slurm's ResumeTimeout, "
		  "or its clone is given up." },
	{ .name = "ChainResumeProgram", .type = CONF_PATH,
	  GLOBAL(chain_resume),
	  .help = "ResumeProgram for nodes that are not in this file." },
	{ .name = "ChainSuspendProgram", .type = CONF_PATH,
	  GLOBAL(chain_suspend),
	  .help = "SuspendProgram for nodes that are not in this file." },
	{ .name = "ChainResumeFailProgram", .type = CONF_PATH,
	  GLOBAL(chain_resume_fail),
	  .help = "ResumeFailProgram for nodes that are not in this file." },
	{ .name = "ChainPrologSlurmctld", .type = CONF_PATH,
	  GLOBAL(chain_prolog),
	  .help = "Program that sclone-prolog runs first, for each job; what "
		  "it does not let start does not start." },
	{ .name = "LogLevel", .type = CONF_CHOICE, GLOBAL(log_level),
	  .fallback = "info", .choices = levels,
	  .help = "How much scloned says." },
	{ .name = NULL },
};

const struct conf_key config_template_keys[] = {
	{ .name = "TemplateName", .type = CONF_NAME, TEMPLATE(name),
	  .required = true, .max = CONFIG_NAME_MAX,
	  .help = "The name jobs ask for; also the Feature= of the nodes in "
		  "slurm.conf." },
	{ .name = "Sources", .type = CONF_STRING, TEMPLATE(sources_text),
	  .required = true,
	  .help = "Inventory paths of the template's frozen VMs, one per "
		  "host, with ranges: /DC1/vm/templates/rocky9-esx[01-04]; "
		  "or of a folder of them, with a / at the end: "
		  "/DC1/vm/templates/rocky9/, see FOLDERS OF SOURCES. "
		  "None may be in Folder=, nor carry the mark of a clone of "
		  "ours (sclone.owner)." },
	{ .name = "Lanes", .type = CONF_UINT, TEMPLATE(lanes),
	  .fallback = "4", .min = 1, .max = 64,
	  .help = "Clones being made at one time from one source. Half as "
		  "many again as its host works on at a time keep the host "
		  "busy: a lane is empty from a clone's end until the next "
		  "one is submitted." },
	{ .name = "Placement", .type = CONF_CHOICE, TEMPLATE(placement),
	  .fallback = "site", .choices = placements,
	  .help = "For this template alone; site leaves it to the global "
		  "key." },
	{ .name = "MaxClones", .type = CONF_UINT, TEMPLATE(max_clones),
	  .min = 1, .max = CONFIG_NODES_MAX,
	  .help = "Clones of the template that may exist at one time; "
		  "default: no limit." },
	{ .name = "MemoryGrowth", .type = CONF_UINT, TEMPLATE(memory_growth),
	  .fallback = "100", .min = 1, .max = 200,
	  .help = "Percent of its memory that a clone will take of its host. "
		  "A clone shares all pages with its source until it writes "
		  "to them; a job that has the node to itself may write to "
		  "all, and a host that swaps is slower than a job that "
		  "waits: hence 100. Less where jobs are known to be small." },
	{ .name = "DiskGrowth", .type = CONF_UINT, TEMPLATE(disk_growth),
	  .fallback = "1024", .min = 0, .max = 1 << 24,
	  .help = "MiB that a clone will write to its disk. Each also has a "
		  "swap file on the datastore, of its memory less what is "
		  "reserved of it." },
	{ .name = "Backend", .type = CONF_CHOICE, TEMPLATE(backend),
	  .fallback = "instant", .choices = backends,
	  .help = "How a clone is made: instant is an instant clone of a "
		  "source frozen in its guest." },
	{ .name = "Network", .type = CONF_STRING, TEMPLATE(network),
	  .help = "Inventory path of the portgroup that the clones' first "
		  "card is put on, such as /DC1/network/hpc-nodes; default: "
		  "the source's. A NodeName= line's own Network= wins." },
	{ .name = NULL },
};

const struct conf_key config_set_keys[] = {
	{ .name = "NodeName", .type = CONF_STRING, SET(nodes_text),
	  .required = true,
	  .help = "Slurm's names of the nodes, as in slurm.conf: "
		  "vm[001-200]." },
	{ .name = "Templates", .type = CONF_STRING, SET(templates_text),
	  .required = true,
	  .help = "Templates these nodes may become, comma-separated; the "
		  "first is the default." },
	{ .name = "NodeAddr", .type = CONF_STRING, SET(own.addr_text),
	  .fallback = "dhcp",
	  .help = "FIRST+/LEN gives the first node the address FIRST and "
		  "counts up, in a network with a prefix of LEN bits "
		  "(10.20.0.1+/16); dhcp leaves it to the network." },
	{ .name = "Gateway", .type = CONF_STRING, SET(own.gateway),
	  .help = "Address of the default route; not with dhcp." },
	{ .name = "Routes", .type = CONF_STRING, SET(own.routes_text),
	  .help = "Further routes, comma-separated: \"10.0.0.0/8 via "
		  "10.20.255.254, 172.16.0.0/12 via 10.20.255.253\"; not "
		  "with dhcp." },
	{ .name = "MTU", .type = CONF_UINT, SET(own.mtu), .min = 576,
	  .max = 9216,
	  .help = "MTU of the clone's first card; default: the card's own." },
	{ .name = "Network", .type = CONF_STRING, SET(own.network),
	  .help = "Inventory path of the portgroup, of a standard or a "
		  "distributed switch, that the clone's first card is put "
		  "on; default: "
		  "the template's Network=, or the source's." },
	{ .name = "Mac", .type = CONF_STRING, SET(own.mac_text),
	  .help = "FIRST+ gives the first node's card the MAC address FIRST "
		  "and counts up (00:50:56:3f:00:01+), for licences and DHCP "
		  "reservations. Allowed are 00:50:56:00:00:00 to "
		  "00:50:56:3f:ff:ff and locally administered addresses; "
		  "default: vCenter makes one for each clone." },
	{ .name = "DNS", .type = CONF_STRING, SET(dns_text),
	  .help = "Up to three name servers, comma-separated; default: what "
		  "the template has." },
	{ .name = "DNSSearch", .type = CONF_STRING, SET(search_text),
	  .help = "Up to six domains that short names are looked up in, "
		  "comma-separated; needs DNS=." },
	{ .name = "ConfServer", .type = CONF_STRING, SET(conf_server),
	  .help = "HOST[:PORT][,...] for slurmd --conf-server; default: what "
		  "the template has. Addresses save a name lookup." },
	{ .name = "SlurmdOptions", .type = CONF_STRING, SET(slurmd_options),
	  .help = "More options for slurmd, blank-separated. Allowed: "
		  SLURMD_OPTIONS_TEXT "." },
	{ .name = "Isolation", .type = CONF_CHOICE, SET(isolation),
	  .fallback = "job", .choices = isolations,
	  .help = "job: a VM serves one job, and scloned makes none where "
		  "Slurm's partitions do not give a node to one job alone. "
		  "shared: a VM serves as many as Slurm puts there until "
		  "Slurm suspends it, and is always the first of Templates=; "
		  "see SHARED CLONES." },
	{ .name = "MaxClones", .type = CONF_UINT, SET(max_clones),
	  .min = 1, .max = CONFIG_NODES_MAX,
	  .help = "Clones that these nodes may be at one time; default: "
		  "as many as there are names." },
	{ .name = "Partitions", .type = CONF_STRING, SET(partitions_text),
	  .help = "Slurm's partitions with these nodes, comma-separated: "
		  "where job_submit/sclone makes jobs exclusive (but for "
		  "Isolation=shared), checks "
		  "--template and sets the default template." },
	{ .name = "Test", .type = CONF_BOOL, SET(is_test), .fallback = "no",
	  .help = "yes: these nodes are for sclone template test, which makes "
		  "them clones of any of Templates=. In slurm.conf they are "
		  "like the nodes they stand for, but in no partition, so "
		  "that no job gets there. One name is enough; with more, as "
		  "many tests can run at a time." },
	{ .name = NULL },
};

const struct conf_key config_nic_keys[] = {
	{ .name = "NicName", .type = CONF_NAME, NIC(name), .required = true,
	  .max = CONFIG_NAME_MAX,
	  .help = "What the card is for, such as storage: in messages, and "
		  "in SCLONE_INTERFACES of the guest's hooks." },
	{ .name = "Nodes", .type = CONF_STRING, NIC(nodes_text),
	  .required = true,
	  .help = "The nodes that have the card: those of one or more whole "
		  "NodeName= lines, in their order. A node's cards are its "
		  "VM's network adapters in their order: the NodeName= "
		  "line's own first, then those of the NicName= lines." },
	{ .name = "NicAddr", .type = CONF_STRING, NIC(addr_text),
	  .fallback = "dhcp",
	  .help = "FIRST+/LEN or dhcp, as in NodeAddr=." },
	{ .name = "Gateway", .type = CONF_STRING, NIC(gateway),
	  .help = "Address of the default route; not with dhcp; one card of "
		  "a node can have it." },
	{ .name = "Routes", .type = CONF_STRING, NIC(routes_text),
	  .help = "Further routes, comma-separated: \"10.0.0.0/8 via "
		  "10.20.255.254, 172.16.0.0/12 via 10.20.255.253\"; not "
		  "with dhcp." },
	{ .name = "MTU", .type = CONF_UINT, NIC(mtu), .min = 576,
	  .max = 9216,
	  .help = "MTU of the card; default: the card's own." },
	{ .name = "Network", .type = CONF_STRING, NIC(network),
	  .help = "Inventory path of the portgroup, of a standard or a "
		  "distributed switch, that the card is put on; default: "
		  "the source's." },
	{ .name = "Mac", .type = CONF_STRING, NIC(mac_text),
	  .help = "FIRST+ gives the first node's card the MAC address FIRST "
		  "and counts up (00:50:56:3f:00:01+), for licences and DHCP "
		  "reservations. Allowed are 00:50:56:00:00:00 to "
		  "00:50:56:3f:ff:ff and locally administered addresses; "
		  "default: vCenter makes one for each clone." },
	{ .name = NULL },
};
