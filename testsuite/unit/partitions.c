/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which nodes scloned makes no clones for, by what slurmctld told last. */
#include <string.h>

#include "common/base/log.h"
#include "scloned/partitions.h"
#include "tap.h"

#define CONF                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9\n"                             \
	"NodeName=vm[1-3] Templates=r9\n"                                   \
	"NodeName=sh[1-3] Templates=r9 Isolation=shared\n"

#define PARTITION(name, nodes, exclusive)                                   \
	"{\"name\":\"" name "\",\"nodes\":\"" nodes "\",\"exclusive\":" \
	exclusive ",\"power_down_on_idle\":false}"

static struct partitions *store;
static const struct config *config;

static int _take(const char *text, struct err *err)
{
	cleanup_json struct json *list = json_parse(text, strlen(text), err);

	if (!list)
		bail_out("%s", err->text);
	return partitions_take(store, list, err);
}

static void _take_cluster(const char *text)
{
	struct err err = ERR_INIT;
	cleanup_json struct json *json = json_parse(text, strlen(text), &err);

	if (!json)
		bail_out("%s", err.text);
	partitions_take_cluster(store, json);
}

static void _test_taken(void)
{
	struct err err = ERR_INIT;

	ok(!partitions_known(store) && !partitions_fresh(store) &&
	   !partitions_version(store) && !partitions_flaw(store, 0),
	   "nothing is known at first");
	ok(_take("[" PARTITION("a", "vm[1-2],n7", "true") ","
		 PARTITION("b", "vm[2-3],sh[1-3]", "false") ","
		 PARTITION("c", "vm3", "false") ",{\"name\":\"empty\"},"
		 PARTITION("d", "n[1-9]", "false") "]", &err) == 0 &&
	   partitions_known(store) && partitions_fresh(store), "a list");
	ok(!partitions_refuse(store, "vm1"), "in a sound partition");
	has_str(partitions_refuse(store, "vm2"), "partition b does not give",
		"also in one that is not");
	has_str(partitions_refuse(store, "vm3"), "partition b ",
		"in two such: the first is named");
	ok(partitions_flaw(store, 0) == partitions_refuse(store, "vm2") &&
	   !partitions_flaw(store, 1), "a reason that counts for some");
	ok(!partitions_refuse(store, "sh2"), "shared nodes may be shared");
	ok(!partitions_refuse(store, "n7"), "not ours");
}

static void _test_kept(void)
{
	unsigned version = partitions_version(store);
	struct err err = ERR_INIT;

	ok(_take("[" PARTITION("b", "vm[1-3]", "true") ","
		 "{\"name\":\"c\",\"nodes\":\"vm1\"}]", &err) < 0 &&
	   err.code == ERR_PROTOCOL, "a list that cannot be read");
	ok(partitions_refuse(store, "vm2") && !partitions_refuse(store, "vm1"),
	   "what was told last counts");
	partitions_outdate(store);
	ok(!partitions_fresh(store) && partitions_known(store),
	   "it is to be asked for anew");
	partitions_missed(store);
	ok(partitions_fresh(store) && partitions_refuse(store, "vm2"),
	   "not at once again when it did not come; the last one counts");
	ok(partitions_version(store) == version, "nothing has changed");
	ok(_take("[]", &err) == 0 && !partitions_refuse(store, "vm2"),
	   "no partitions, no second job");
	ok(partitions_version(store) != version, "that is a change");
	version = partitions_version(store);
	ok(_take("[]", &err) == 0 && partitions_version(store) == version,
	   "nothing is wrong, and was not");
}

static void _test_cluster(void)
{
	const char *list = "[" PARTITION("a", "vm[1-3]", "true") "]";
	struct err err = ERR_INIT;

	_take_cluster("{\"version\":\"22.05.8\",\"preempt_suspends\":true}");
	ok(_take(list, &err) == 0, "a list, after a configuration");
	has_str(partitions_refuse(store, "vm1"), "may suspend a job",
		"the cluster's preemption");
	_take_cluster("{\"version\":\"23.02.1\"}");
	ok(_take(list, &err) == 0, "another configuration");
	has_str(partitions_refuse(store, "vm1"), "PowerDownOnIdle=YES",
		"its version");
	_take_cluster("{\"version\":\"23.02.1\",\"built_for\":\"22.05\"}");
	ok(_take(list, &err) == 0 && !partitions_refuse(store, "vm1"),
	   "a libslurm that cannot see it");
}

int main(void)
{
	struct err err = ERR_INIT;

	log_set_level(LOG_LEVEL_ERROR);
	config = config_parse("s.conf", CONF, strlen(CONF), &err);
	store = partitions_create(&config, &err);
	if (!config || !store)
		bail_out("%s", err.text);
	_test_taken();
	_test_kept();
	_test_cluster();
	partitions_destroy(store);
	config_destroy((struct config *) config);
	return done_testing();
}
