/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `sclone check` finds in vCenter: one thing wrong at a time. */
#include "common/rules/owner.h"
#include "findings_scene.h"

static void _problem(enum err_code code, const char *cure, const char *what)
{
	_good();
	err_set(&facts.vcenter.problem, code, "because");
	fails("vcenter", cure, what);
}

/* What was not asked is not said to be fine. */
static void _silent(const char *topic, const char *what)
{
	cleanup_findings struct findings *findings = findings_create();

	check_run(&facts, findings);
	ok(!_find(findings, topic, ""), "nothing is said of %s: %s", topic,
	   what);
}

static void _test_vcenter(void)
{
	_problem(ERR_AUTH, "because; check User=", "a login is refused");
	_problem(ERR_CONFIG, "CACert=", "the certificate is wrong");
	_problem(ERR_TRANSIENT, "is up", "vCenter is away");
	_silent("certificate", "vCenter is away");
	_silent("capacity", "vCenter is away");
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

static void _on_store(struct facts_source *source, const char *id,
		      int64_t space)
{
	struct moref other;

	snprintf(source->store, sizeof(source->store), "ds1");
	moref_set(&source->stores[0], "Datastore", id, NULL);
	source->store_count = 1;
	facts_take_store(source, &source->stores[0], "ds1", space);
	moref_set(&other, "Datastore", "elsewhere", NULL);
	facts_take_store(source, &other, "ds1", 1);
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
		_on_store(source, "ds-1", space);
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
	_on_store(&facts.vcenter.sources[2], "ds-2", 8192 + 1024);
	fine("capacity", "all nodes could be",
	     "another datastore of that name has its own space");
	_places(100000, 4 * (8192 + 1024) - 1);
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
	warns("excess", "not known", "nor is it said that there are no more");
	for (size_t i = 0; i < privileges_count; i++)
		facts.vcenter.grants[i].granted = true;
	fails("excess", "Interact.PowerOff", "those that were told are");
}

int main(void)
{
	_test_vcenter();
	_test_networks();
	_test_sources();
	_test_room();
	_test_devices();
	_test_privileges();
	facts_clear(&facts);
	return done_testing();
}
