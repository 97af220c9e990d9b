/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The networks of sclone.conf: cards, addresses, routes, MAC addresses; every
 * kind of mistake; and what the guest is told of them. */
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/mac.h"
#include "common/base/route.h"
#include "common/clone/config.h"
#include "common/clone/letter.h"
#include "tap.h"

#define HEAD                                                                \
	"ClusterName=c1 VCenter=https://vc/sdk User=u\n"                    \
	"Folder=/DC/vm/f ResourcePool=/DC/host/h/Resources/p\n"             \
	"TemplateName=r9 Sources=/DC/vm/t/r9-[1-2] Network=/DC/network/t\n" \
	"TemplateName=u22 Sources=/DC/vm/t/u22\n"
#define VM "NodeName=vm[1-3] Templates=r9,u22 "
#define VN "NodeName=vn[1-2] Templates=u22 "
#define OWN "NodeAddr=10.0.0.1+/24 "
#define STORE "NicName=store Nodes=vm[1-3] "

static struct config *_parse(const char *text, struct err *err)
{
	return config_parse("s.conf", text, strlen(text), err);
}

/* --- MAC addresses and routes ------------------------------------------- */

static void _macs(void)
{
	static const char *const bad[] = {
		"", "00:50:56:3f:00", "00:50:56:3f:00:0g", "00-50-56-3f-00-01",
		"00:50:56:3f:00:01:02", "0:50:56:3f:00:001",
		" 00:50:56:3f:00:0",
	};
	struct err err = ERR_INIT;
	char text[MAC_TEXT_SIZE];
	struct mac mac, sum;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(mac_parse(bad[i], &mac, &err) < 0, "no MAC: '%s'", bad[i]);
	if (mac_parse("00:50:56:3F:00:fe", &mac, &err))
		bail_out("%s", err.text);
	ok(!mac_add(&mac, 3, &sum, &err), "counts up");
	mac_print(&sum, text);
	is_str(text, "00:50:56:3f:01:01", "past a byte's end");
	ok(mac_is_unicast(&sum), "one card's");
	mac.bytes[0] = 0xff;
	ok(!mac_is_unicast(&mac), "a group's");
	memset(mac.bytes, 0xff, sizeof(mac.bytes));
	is_int(mac_add(&mac, 1, &sum, &err), -1, "none above the last");
	ok(!mac_equal(&mac, &sum), "and nothing is written then");
}

static void _routes(void)
{
	static const char *const bad[] = {
		"10.0.0.0/8", "10.0.0.0/8 via", "10.0.0.0/8 via a",
		"10.0.0.0/8 to 10.0.0.1", "10.0.0.0 via 10.0.0.1",
		"10.0.0.0/8 via 10.0.0.1 x", "10.0.0.1/8 via 10.0.0.1",
		"10.0.0.0/0 via 10.0.0.1", "fd00::/8 via 10.0.0.1",
		"fd00::1/64 via fe80::1",
	};
	struct err err = ERR_INIT;
	char text[ROUTE_TEXT_SIZE];
	struct route route;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(route_parse(bad[i], &route, &err) < 0, "no route: '%s'",
		   bad[i]);
	ok(!route_parse(" 172.16.0.0/12  via 10.0.0.254 ", &route, &err),
	   "blanks do not count");
	route_print(&route, text);
	is_str(text, "172.16.0.0/12 via 10.0.0.254", "printed");
	ok(!route_parse("fd00:1::/32 via fe80::1", &route, &err), "IPv6");
}

/* --- mistakes ----------------------------------------------------------- */

static void _bad(const char *lines, const char *want)
{
	cleanup_config struct config *config = NULL;
	cleanup_buf struct buf text;
	struct err err = ERR_INIT;

	buf_init(&text, 65536);
	buf_printf(&text, HEAD "%s\n", lines);
	config = _parse(buf_str(&text), &err);
	ok(!config && err.code == ERR_CONFIG, "refused: %s", want);
	has_str(err.text, want, "says why");
}

static void _bad_addresses(void)
{
	_bad(VM "NodeAddr=10.0.0.0+/24", "s.conf:5: NodeAddr: '10.0.0.0+/24' "
	     "does not start with an address a host can have");
	_bad(VM "NodeAddr=10.0.0.253+/24", "s.conf:5: NodeAddr: ");
	_bad(VM OWN "\n" VN "NodeAddr=10.0.0.3+/24", "s.conf:6: NodeAddr: the "
	     "addresses that '10.0.0.3+/24' counts up overlap those of "
	     "NodeAddr=10.0.0.1+/24 on line 5");
	_bad(VM OWN "\n" STORE "NicAddr=10.0.0.2+/16", "s.conf:6: NicAddr: "
	     "the addresses");
	_bad(VM OWN "Gateway=10.0.0.4\n" VN "NodeAddr=10.0.0.4+/24",
	     "s.conf:5: Gateway: 10.0.0.4 is the address of one of the nodes "
	     "of line 6");
	_bad(VM OWN "Gateway=10.0.0.254\n" STORE "NicAddr=10.1.0.1+/24 "
	     "Gateway=10.1.0.254", "s.conf:6: Gateway: vm[1-3] has one on "
	     "line 5 already");
	_bad(VM OWN "Network=hpc", "s.conf:5: Network: 'hpc' is not an "
	     "inventory path");
	_bad("TemplateName=x Sources=/DC/vm/x Network=hpc\n" VM,
	     "s.conf:5: Network: 'hpc'");
	_bad(VM OWN "DNSSearch=a.b", "s.conf:5: DNSSearch: needs DNS=");
	_bad(VM OWN "DNS=10.0.0.9 DNSSearch=a.b,c/d", "DNSSearch: 'c/d' is "
	     "not a domain");
	_bad(VM OWN "DNS=10.0.0.9 DNSSearch=a,b,c,d,e,f,g", "more than 6");
	_bad(VM "NodeAddr=fd00::1+/64 MTU=1000", "MTU: an IPv6");
}

static void _bad_routes(void)
{
	_bad(VM "Routes=\"10.0.0.0/8 via 10.0.0.9\"", "s.conf:5: Routes: with "
	     "NodeAddr=dhcp the network says the routes");
	_bad(VM OWN "Routes=10.0.0.0/8", "is not NETWORK/LEN via ROUTER");
	_bad(VM OWN "Routes=\"10.9.0.0/16 via 10.0.1.1\"", "s.conf:5: Routes: "
	     "10.0.1.1 is not in the network of NodeAddr=10.0.0.1+/24");
	_bad(VM OWN "Routes=\"10.9.0.0/16 via 10.0.0.255\"",
	     "10.0.0.255 is not in the network");
	_bad(VM OWN "Routes=\"10.9.0.0/16 via 10.0.0.2\"",
	     "10.0.0.2 is the address of one of these nodes");
	_bad(VM OWN "Routes=\"10.9.0.0/16 via 10.0.0.9,10.9.0.0/16 via "
	     "10.0.0.8\"", "two routes to the network");
	_bad(VM OWN "Routes=\"10.9.0.0/16 via 10.0.0.4\"\n" VN
	     "NodeAddr=10.0.0.4+/24", "Routes: a router is one of the nodes "
	     "of line 6");
}

static void _bad_macs(void)
{
	_bad(VM "Mac=00:50:56:3f:00:01", "s.conf:5: Mac: "
	     "'00:50:56:3f:00:01' is not FIRST+");
	_bad(VM "Mac=00:50:56:3f:00:0x+", "is not a MAC address");
	_bad(VM "Mac=00:50:56:3f:00:01+9", "is not FIRST+");
	_bad(VM "Mac=00:50:56:3f:00:019", "is not FIRST+");
	_bad(VM "Mac=00:50:56:40:00:01+", "s.conf:5: Mac: 00:50:56:40:00:01, "
	     "which '00:50:56:40:00:01+' counts up to for 3 nodes, cannot be "
	     "set: only 00:50:56:00:00:00 to 00:50:56:3f:ff:ff");
	_bad(VM "Mac=00:50:56:3f:ff:fe+", "Mac: 00:50:56:40:00:00, which");
	_bad(VM "Mac=00:0c:29:00:00:01+", "cannot be set");
	_bad(VM "Mac=03:00:00:00:00:01+", "cannot be set");
	_bad(VM "Mac=02:ff:ff:ff:ff:fe+", "cannot be set");
	_bad(VM "Mac=00:50:56:00:00:02+\n" VN "Mac=00:50:56:00:00:01+",
	     "s.conf:6: Mac: the addresses that '00:50:56:00:00:01+' counts "
	     "up overlap those of Mac=00:50:56:00:00:02+ on line 5");
	_bad(VM "Mac=00:50:56:00:00:01+\n" STORE "Mac=00:50:56:00:00:03+",
	     "s.conf:6: Mac: the addresses");
}

static void _bad_cards(void)
{
	_bad(VM OWN "\nNicName=store Nodes=vm[1-2]", "s.conf:6: Nodes: from "
	     "vm1 on it is not the nodes of a whole NodeName= line");
	_bad(VM OWN "\nNicName=store Nodes=vm[2-3,1]", "Nodes: from vm2 on");
	_bad(VM OWN "\nNicName=store Nodes=vm[1-3],x", "Nodes: from x on");
	_bad(VM OWN "\n" STORE "\n" STORE, "s.conf:7: NicName: store of "
	     "vm[1-3] stands on line 6 already");
	_bad(VM OWN "\nNicName=node Nodes=vm[1-3]", "NicName: node is the "
	     "card of the NodeName= line itself");
	_bad(VM OWN "\n" STORE "NodeAddr=dhcp", "unknown key 'NodeAddr'");
	_bad(VM OWN "\nNicName=a Nodes=vm[1-3]\nNicName=b Nodes=vm[1-3]\n"
	     "NicName=c Nodes=vm[1-3]\nNicName=d Nodes=vm[1-3]",
	     "s.conf:9: vm[1-3]: more than 4 cards");
}

/* --- what is right ------------------------------------------------------ */

#define TWO                                                                 \
	HEAD VN "\n" VM OWN "Gateway=10.0.0.254 MTU=9000 DNS=10.0.0.253 "   \
	"DNSSearch=a.example,b.example\n"                                   \
	"NicName=store Nodes=vn[1-2],vm[1-3] NicAddr=10.1.0.1+/16 "         \
	"Network=/DC/network/s Mac=00:50:56:3f:00:fe+ "                     \
	"Routes=\"10.2.0.0/16 via 10.1.255.254\"\n"

static void _cards(void)
{
	cleanup_config struct config *config = NULL;
	const struct config_node *node;
	const struct config_set *set;
	struct err err = ERR_INIT;
	char text[INET_TEXT_SIZE];
	struct mac mac;

	config = _parse(TWO, &err);
	if (!config)
		bail_out("%s", err.text);
	node = config_node(config, "vm2");
	set = node->set;
	is_int((int64_t) set->card_count, 2, "two cards");
	is_int((int64_t) config_node_place(node, 0), 1, "its place in its "
	       "own line");
	is_int((int64_t) config_node_place(node, 1), 3, "and in the card's, "
	       "which spans two lines");
	config_nic_addr(set->cards[1].nic, 3, text);
	is_str(text, "10.1.0.4/16", "its second address");
	ok(config_nic_mac(set->cards[1].nic, 3, &mac), "it has a MAC");
	mac_print(&mac, text);
	is_str(text, "00:50:56:3f:01:01", "which counts up");
	ok(!config_nic_mac(&set->own, 1, &mac), "the own card has none");
	is_str(config_card_network(config, set, 0, 0), "/DC/network/t",
	       "the template's network");
	ok(!config_card_network(config, set, 0, 1), "another template has "
	   "none");
	is_str(config_card_network(config, set, 1, 0), "/DC/network/s",
	       "the second card's");
}

/* A node line's network wins over its template's. */
static void _wins(void)
{
	cleanup_config struct config *config = NULL;
	struct err err = ERR_INIT;

	config = _parse(HEAD VM "Network=/DC/network/n "
			"Mac=02:00:00:00:00:01+\n", &err);
	if (!config)
		bail_out("%s", err.text);
	is_str(config_card_network(config, config_set(config, 0), 0, 0),
	       "/DC/network/n", "a node line's network wins");
}

/* --- the letter --------------------------------------------------------- */

static struct json *_letter(const char *text, struct letter *letter)
{
	cleanup_config struct config *config = NULL;
	cleanup_buf struct buf line;
	struct err err = ERR_INIT;
	struct json *json;

	buf_init(&line, 2 * LETTER_MAX);
	config = _parse(text, &err);
	if (!config || letter_print(letter, config, &line, &err) < 0)
		bail_out("%s", err.text);
	diag("%zu bytes", line.len);
	json = json_parse(buf_str(&line), line.len, &err);
	if (!json)
		bail_out("%s", err.text);
	return json;
}

static const char *_str(const struct json *json, const char *key)
{
	const char *text = NULL;

	(void) json_get_str_or(json, key, NULL, &text, NULL);
	return text;
}

static void _versions(void)
{
	struct letter letter = { .node = "vm2", .epoch = 1, .template = "r9",
				 .time = 5, .not_after = 6 };
	cleanup_json struct json *plain = NULL, *two = NULL;
	const struct json *card;
	int64_t v = 0;

	plain = _letter(HEAD VM OWN "Gateway=10.0.0.254 Network=/n", &letter);
	ok(!json_get_int(plain, "v", 1, 2, &v, NULL) && v == 1, "one plain "
	   "card is what version 1 says");
	is_str(_str(plain, "addr"), "10.0.0.2/24", "its address");
	snprintf(letter.sources[1], MAC_TEXT_SIZE, "00:50:56:8f:00:01");
	two = _letter(TWO, &letter);
	ok(!json_get_int(two, "v", 1, 2, &v, NULL) && v == 2, "two are "
	   "version 2");
	ok(!json_get(two, "addr"), "whose addresses are the cards'");
	card = json_at(json_get(two, "nics"), 0);
	is_str(_str(card, "name"), "node", "the own card first");
	is_str(_str(card, "gw"), "10.0.0.254", "with its gateway");
	ok(!json_get(card, "source"), "whose source is not known");
	card = json_at(json_get(two, "nics"), 1);
	is_str(_str(card, "addr"), "10.1.0.4/16", "the second card's address");
	is_str(_str(card, "mac"), "00:50:56:3f:01:01", "its MAC");
	is_str(_str(card, "source"), "00:50:56:8f:00:01", "its source's");
	is_str(json_str(json_at(json_get(card, "routes"), 0)),
	       "10.2.0.0/16 via 10.1.255.254", "its route");
	is_str(json_str(json_at(json_get(two, "search"), 1)), "b.example",
	       "the domains");
}

/* Lines for the largest identity that sclone.conf can ask for. */
static void _largest(struct buf *text, const char *name)
{
	char fill[256];

	memset(fill, 'a', sizeof(fill));
	buf_printf(text, HEAD "TemplateName=%s Sources=/DC/vm/l\nNodeName=%s "
		   "Templates=%s ConfServer=%.63s,%.63s,%.63s,%.63s "
		   "DNSSearch=%.255s "
		   "DNS=fd00:1111:2222:3333:4444:5555:6666:7771,"
		   "fd00:1111:2222:3333:4444:5555:6666:7772,"
		   "fd00:1111:2222:3333:4444:5555:6666:7773 SlurmdOptions=\"",
		   name, name, name, fill, fill, fill, fill, fill);
	for (int i = 0; i < 8; i++)
		buf_printf(text, " --extra=%.247s", fill);
	buf_puts(text, "\"");
	for (int i = 0; i < CONFIG_NICS_MAX; i++) {
		if (i)
			buf_printf(text, "\nNicName=%d%.62s Nodes=%s Nic", i,
				   fill, name);
		else
			buf_puts(text, " Node");
		buf_printf(text, "Addr=fd00:1111:2222:3333:4444:555%d:6666:"
			   "7777+/112 Mac=02:00:00:00:00:0%d+ MTU=9000 "
			   "%s Routes=\"", i, i, i ? "" : "Gateway="
			   "fe80:1111:2222:3333:4444:5555:6666:7777");
		for (int r = 0; r < 8; r++)
			buf_printf(text, "%s%d%d00:1111:2222:3333:4444:5555:"
				   "6666:7777/128 via fe80:1111:2222:3333:"
				   "4444:5555:6666:7777", r ? "," : "",
				   i + 1, r);
		buf_puts(text, "\"");
	}
}

static void _fits(void)
{
	char name[CONFIG_NAME_MAX + 1] = "n";
	struct letter letter = { .node = name, .epoch = INT64_MAX,
				 .template = name, .time = INT64_MAX - 1,
				 .not_after = INT64_MAX };
	cleanup_json struct json *json = NULL;
	cleanup_buf struct buf text;

	memset(name, 'n', CONFIG_NAME_MAX);
	for (size_t i = 0; i < CONFIG_NICS_MAX; i++)
		memcpy(letter.sources[i], "00:50:56:8f:00:01", MAC_TEXT_SIZE);
	buf_init(&text, 65536);
	_largest(&text, name);
	json = _letter(buf_str(&text), &letter);
	ok(json_count(json_get(json, "nics")) == CONFIG_NICS_MAX,
	   "the largest identity fits");
}

int main(void)
{
	_macs();
	_routes();
	_bad_addresses();
	_bad_routes();
	_bad_macs();
	_bad_cards();
	_cards();
	_wins();
	_versions();
	_fits();
	return done_testing();
}
