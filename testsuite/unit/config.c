/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sclone.conf: the example, every kind of mistake, and the identity made
 * from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/clone/config.h"
#include "common/clone/letter.h"
#include "tap.h"

#define GLOBAL                                                              \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"
#define TEMPLATE "TemplateName=r9 Sources=/DC/vm/t/r9-[1-2]\n"
#define NODES "NodeName=vm[1-3] Templates=r9\n"

static struct config *_parse(const char *text, struct err *err)
{
	return config_parse("s.conf", text, strlen(text), err);
}

static void _example(void)
{
	cleanup_config struct config *config = NULL;
	const struct config_node *node;
	struct err err = ERR_INIT;
	char addr[INET_TEXT_SIZE];

	config = config_read(getenv("EXAMPLE"), &err);
	if (!config)
		bail_out("%s", err.text);
	is_int((int64_t) config_node_count(config), 201, "nodes");
	node = config_node(config, "vmtest");
	ok(node && node->set->is_test, "one of them for tests");
	is_int((int64_t) config_template(config, 0)->source_count, 4,
	       "sources expand");
	is_str(config_template(config, 0)->sources[3],
	       "/DC1/vm/templates/rocky9-esx04", "the last one");
	node = config_node(config, "vm200");
	if (!node)
		bail_out("vm200 is not there");
	config_node_addr(node, addr);
	is_str(addr, "10.20.0.200/16", "addresses count up");
	is_int((int64_t) node->set->template_count, 2, "two templates");
	ok(!config_node(config, "vm201"), "another node is not ours");
	is_str(config_global(config)->spool_dir, "/var/spool/sclone",
	       "a default");
}

static void _folders(void)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = _parse(GLOBAL "TemplateName=r9 Sources=/DC/vm/t/a[1-2]/,"
			"/DC/vm/t/b/,/DC/vm/t/c\n"
			"NodeName=vm1 Templates=r9\n", &err);
	if (!config)
		bail_out("%s", err.text);
	is_int((int64_t) config_template(config, 0)->folder_count, 3,
	       "folders, with ranges as well");
	is_str(config_template(config, 0)->folders[1], "/DC/vm/t/a2",
	       "without the slash");
	is_int((int64_t) config_template(config, 0)->source_count, 1,
	       "and a source beside them");
	ok(config_has_source(config, "/DC/vm/t/b/x"), "what lies in one may "
	   "be a source");
	ok(!config_has_source(config, "/DC/vm/t/b/x/y") &&
	   !config_has_source(config, "/DC/vm/t/b") &&
	   !config_has_source(config, "/DC/vm/t/d"), "nothing else");
}

/* Each of the two has its own bound. */
static void _most_folders(void)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = _parse(GLOBAL "TemplateName=r9 Sources=/DC/vm/t/a[1-64]/,"
			"/DC/vm/t/c\nNodeName=vm1 Templates=r9\n", &err);
	ok(config && config_template(config, 0)->source_count == 1,
	   "beside as many folders as can be there may be a source");
}

static void _bad(const char *text, const char *want)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = _parse(text, &err);
	ok(!config && err.code == ERR_CONFIG, "refused: %s", want);
	has_str(err.text, want, "says why");
}

static void _mistakes(void)
{
	_bad(GLOBAL TEMPLATE "NodeName=t1 Templates=r9 Test=yes "
	     "Partitions=vm\n", "leave out Partitions=");
	_bad(TEMPLATE NODES, "s.conf: ClusterName= is missing");
	_bad(GLOBAL NODES, "no TemplateName= line");
	_bad(GLOBAL TEMPLATE, "no NodeName= line");
	_bad(GLOBAL TEMPLATE NODES "Colour=red",
	     "s.conf:5: unknown key 'Colour'");
	_bad(GLOBAL TEMPLATE NODES "User=v",
	     "s.conf:5: User stands on line 1");
	_bad(GLOBAL TEMPLATE TEMPLATE NODES, "stands on line 3 already");
	_bad(GLOBAL TEMPLATE "TemplateName=u Sources=/DC/vm/t/r9-2\n" NODES,
	     "s.conf:4: Sources: '/DC/vm/t/r9-2' is a source already");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/vm/t/a[1-65]/\n" NODES,
	     "or 64 folders of them");
	_bad(GLOBAL "TemplateName=r9 Sources=r9\n" NODES,
	     "is not an inventory path");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/vm/f/\n" NODES,
	     "is the clones' Folder=");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/t/\n"
	     "TemplateName=u Sources=/DC/t/\n" NODES, "is a source already");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/a,,/DC/b\n" NODES,
	     "an empty item");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/a[1-2\n" NODES, "s.conf:3");
	_bad(GLOBAL TEMPLATE NODES "NodeName=vm3 Templates=r9",
	     "s.conf:5: node vm3 stands on line 4 already");
	_bad(GLOBAL TEMPLATE "NodeName=vm[1-3] Templates=r9,u22",
	     "s.conf:4: Templates: no TemplateName=u22");
	_bad(GLOBAL TEMPLATE "NodeName=vm[1-3] Templates=r9,r9",
	     "r9 stands twice");
	_bad(GLOBAL TEMPLATE "NodeName=vm[3-1] Templates=r9", "s.conf:4");
	_bad(GLOBAL TEMPLATE "NodeName=vm[1-99999] Templates=r9", "s.conf:4");
	_bad(GLOBAL TEMPLATE "NodeName=vm[1-3] Templates=r9 NodeAddr=10.0.0.1",
	     "neither dhcp nor FIRST+/LEN");
	_bad(GLOBAL TEMPLATE
	     "NodeName=vm[1-300] Templates=r9 NodeAddr=10.0.0.1+/24",
	     "no room for address number 299");
	_bad(GLOBAL TEMPLATE "NodeName=vm1 Templates=r9 Gateway=10.0.0.1",
	     "with NodeAddr=dhcp");
	_bad(GLOBAL TEMPLATE "NodeName=vm1 Templates=r9 "
	     "NodeAddr=10.0.0.1+/24 Gateway=10.0.1.1",
	     "is not in the network");
	_bad(GLOBAL TEMPLATE "NodeName=vm1 Templates=r9 DNS=ns.example.org",
	     "not an IP address");
	_bad(GLOBAL TEMPLATE "NodeName=vm1 Templates=r9 Partitions=vm,vm",
	     "partition vm is named twice");
	_bad(GLOBAL TEMPLATE "NodeName=vm1 Templates=r9 Partitions=vm,a/b",
	     "\"a/b\" is not the name of a partition");
	_bad("VCenter=http://vc/sdk ClusterName=c1 User=u "
	     "Folder=/f ResourcePool=/p\n" TEMPLATE NODES,
	     "is not https://HOST/sdk");
	_bad(GLOBAL "Pin=AA:BB\n" TEMPLATE NODES, "is not sha256//BASE64");
	_bad(GLOBAL "Lanes=0\n" TEMPLATE NODES, "unknown key 'Lanes'");
	_bad(GLOBAL "TemplateName=r9 Sources=/DC/a Lanes=0\n" NODES,
	     "'0' is not a number from 1 to 64");
}

static void _identity(void)
{
	cleanup_config struct config *config = NULL;
	cleanup_json struct json *json = NULL;
	cleanup_buf struct buf line;
	struct err err = ERR_INIT;
	struct letter id = { .node = "vm2", .epoch = 1763806272123456,
		.template = "r9", .time = 5, .not_after = 6 };
	const char *text = NULL;
	int64_t epoch = 0;

	buf_init(&line, LETTER_MAX);
	config = _parse(GLOBAL TEMPLATE "NodeName=vm[1-3] Templates=r9 "
			"NodeAddr=10.0.0.1+/24 Gateway=10.0.0.254 "
			"DNS=10.0.0.3,10.0.0.4 MTU=9000 "
			"SlurmdOptions=\"-v  --extra=x\"\n", &err);
	if (!config || letter_print(&id, config, &line, &err) < 0)
		bail_out("%s", err.text);
	ok(!strchr(buf_str(&line), '\n'), "one line");
	json = json_parse(buf_str(&line), line.len, &err);
	if (!json)
		bail_out("%s", err.text);
	ok(!json_get_str(json, "addr", &text, &err) &&
	   !strcmp(text, "10.0.0.2/24"), "the node's own address");
	ok(!json_get_int(json, "epoch", 1, INT64_MAX, &epoch, &err) &&
	   epoch == id.epoch, "the epoch to the microsecond");
	is_int((int64_t) json_count(json_get(json, "dns")), 2, "name servers");
	is_str(json_str(json_at(json_get(json, "slurmd"), 1)), "--extra=x",
	       "options split at blanks");
	ok(!json_get_str(json, "seed", &text, &err) && strlen(text) == 64,
	   "a seed");
	id.node = "vm9";
	is_int(letter_print(&id, config, &line, &err), -1, "not our node");
}

int main(void)
{
	_example();
	_folders();
	_most_folders();
	_mistakes();
	_identity();
	return done_testing();
}
