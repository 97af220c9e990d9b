/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scloned writes to a clone is what the guest takes: a configuration
 * that is accepted makes no identity that is refused. */
#include <stdio.h>
#include <string.h>

#include "common/clone/config.h"
#include "common/clone/letter.h"
#include "guest/identity.h"
#include "tap.h"

#define NAME40 "n234567890123456789012345678901234567890"
#define NAME63 NAME40 "12345678901234567890123"
#define HEAD                                                                \
	"VCenter=https://vc/sdk User=u Folder=/DC/vm/f "                    \
	"ResourcePool=/DC/host/h/Resources/p\n"

static struct config *_config(const char *cluster, const char *template,
			      const char *set, struct err *err)
{
	char text[2048];

	snprintf(text, sizeof(text), HEAD "ClusterName=%s\n"
		 "TemplateName=%s Sources=/DC/vm/t/s\n%s Templates=%s\n",
		 cluster, template, set, template);
	return config_parse("c", text, strlen(text), err);
}

static int _told(const struct config *config, const char *node,
		 const char *template, bool shared, struct err *err)
{
	struct letter letter = { .node = node, .epoch = 1800000000000001,
				 .template = template,
				 .shared = shared,
				 .time = 1800000000000000,
				 .not_after = 1800000600000000 };
	struct identity id;
	cleanup_buf struct buf line;

	for (int i = 0; i < CONFIG_NICS_MAX; i++)
		snprintf(letter.sources[i], MAC_TEXT_SIZE,
			 "00:50:56:8f:00:%02x", i);
	buf_init(&line, LETTER_MAX);
	if (letter_print(&letter, config, &line, err) < 0 ||
	    identity_parse(buf_str(&line), line.len, &id, err) < 0)
		return -1;
	if (id.shared != shared)
		return err_set(err, ERR_FATAL, "shared or not");
	return strcmp(id.node, node) ? err_set(err, ERR_FATAL, "for %s",
					       id.node) : 0;
}

/* Its first and its last node. */
static void _taken(const char *cluster, const char *template, const char *set)
{
	cleanup_config struct config *config = NULL;
	const struct hostlist *nodes;
	struct err err = ERR_INIT;

	config = _config(cluster, template, set, &err);
	if (!ok(config != NULL, "%s", set)) {
		diag("%s", err.text);
		return;
	}
	nodes = config_set(config, 0)->nodes;
	ok(!_told(config, hostlist_at(nodes, 0), template, false, &err),
	   "the guest takes the first: %s", err.text);
	ok(!_told(config, hostlist_at(nodes, hostlist_count(nodes) - 1),
		  template, true, &err), "and the last, shared: %s", err.text);
}

static void _refused(const char *cluster, const char *template,
		     const char *set, const char *want)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = _config(cluster, template, set, &err);
	ok(!config, "refused: %s", set);
	has_str(err.text, want, "with the reason");
}

static void _accepted(void)
{
	_taken("c", "t", "NodeName=vm[1-3]");
	_taken(NAME40, NAME63, "NodeName=" NAME63);
	_taken("c", "t", "NodeName=vm[001-254] NodeAddr=10.0.0.1+/24 MTU=576");
	_taken("c", "t", "NodeName=vm[1-2] NodeAddr=10.0.0.0+/31 MTU=9216");
	_taken("c", "t", "NodeName=vm[1-9] NodeAddr=10.0.0.1+/24 "
	       "Gateway=10.0.0.254 DNS=10.0.0.3,fd00::1,8.8.8.8");
	_taken("c", "t", "NodeName=vm[1-9] NodeAddr=fd00::+/64 MTU=1280 "
	       "Gateway=fd00::ff");
	_taken("c", "t", "NodeName=vm1 ConfServer=a,b:1,[fd00::1]:6817 "
	       "SlurmdOptions=\"-vvv -v  -vv --extra=a=b --instance-id=i-1 "
	       "--instance-type=x/y -v -v\"");
	_taken("c", "t", "NodeName=vm[1-9] NodeAddr=10.0.0.1+/24 MTU=9000 "
	       "Gateway=10.0.0.254 Mac=00:50:56:3f:ff:f7+ DNS=10.0.0.33 "
	       "DNSSearch=a-b.example,c Routes=\"10.1.0.0/16 via 10.0.0.19,"
	       " 10.2.0.0/16 via 10.0.0.20\"");
	_taken("c", "t", "NicName=s NicAddr=fd00::1+/64 Nodes=vm[1-9] "
	       "Gateway=fe80::1 Routes=\"fd01::/32 via fd00::ff\"\n"
	       "NicName=t Nodes=vm[1-9] Mac=fe:00:00:00:00:01+\n"
	       "NicName=u Nodes=vm[1-9] NicAddr=10.1.0.1+/16\n"
	       "NodeName=vm[1-9] NodeAddr=10.0.0.1+/24 Gateway=10.0.0.254");
}

static void _not_accepted(void)
{
	_refused(NAME40 "x", "t", "NodeName=vm1", "ClusterName");
	_refused("c", NAME63 "x", "NodeName=vm1", "TemplateName");
	_refused("c", "t", "NodeName=" NAME63 "x", "longer than 63");
	_refused("c", "t", "NodeName=vm1 NodeAddr=10.0.0.0+/24",
		 "an address a host can have");
	_refused("c", "t", "NodeName=vm1 NodeAddr=127.0.0.1+/8",
		 "an address a host can have");
	_refused("c", "t", "NodeName=vm1 NodeAddr=10.0.0.1+/24 "
		 "Gateway=10.0.0.255", "is not in the network");
	_refused("c", "t", "NodeName=vm[1-9] NodeAddr=10.0.0.1+/24 "
		 "Gateway=10.0.0.9", "of one of these nodes");
	_refused("c", "t", "NodeName=vm1 NodeAddr=fd00::1+/64 MTU=1279",
		 "at least 1280");
	_refused("c", "t", "NodeName=vm1 MTU=9217", "from 576 to 9216");
	_refused("c", "t", "NodeName=vm1 ConfServer=a:0", "ConfServer");
	_refused("c", "t", "NodeName=vm1 ConfServer=a,,b", "ConfServer");
	_refused("c", "t", "NodeName=vm1 SlurmdOptions=\"-v -D\"", "'-D'");
	_refused("c", "t", "NodeName=vm1 SlurmdOptions=--extra=$HOME",
		 "'--extra=$HOME'");
	_refused("c", "t", "NodeName=vm1 SlurmdOptions=\"-v -v -v -v -v -v "
		 "-v -v -v\"", "at most 8");
}

int main(void)
{
	_accepted();
	_not_accepted();
	return done_testing();
}
