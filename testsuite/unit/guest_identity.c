/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the guest's reader of the identity: what it takes, and the many
 * things it must refuse. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "guest/identity.h"
#include "guest/services.h"
#include "tap.h"

#define SEED "00112233445566778899aabbccddeeff" \
	     "00112233445566778899aabbccddeeff"

/* The members of a good identity; a test replaces or adds one. */
static const struct member {
	const char *key;
	const char *value;
} _good[] = {
	{ "v", "1" },
	{ "cluster", "\"hpc1\"" },
	{ "node", "\"vm001\"" },
	{ "epoch", "1800000000000001" },
	{ "template", "\"rocky9\"" },
	{ "addr", "\"10.20.0.1/16\"" },
	{ "gw", "\"10.20.255.254\"" },
	{ "dns", "[\"10.20.0.53\",\"fd00::53\"]" },
	{ "mtu", "9000" },
	{ "conf_server", "\"ctl1:6817,ctl2\"" },
	{ "slurmd", "[\"--instance-id=i-1\"]" },
	{ "time", "1800000000000000" },
	{ "not_after", "1800000600000000" },
	{ "seed", "\"" SEED "\"" },
	{ "shared", "true" },
	{ NULL, NULL },
};

/* The good identity with key's value replaced; NULL leaves the key out. */
static void _build(char *out, size_t size, const char *key, const char *value)
{
	size_t n = 0;
	const char *comma = "";

	n += (size_t) snprintf(out + n, size - n, "{");
	for (size_t i = 0; _good[i].key; i++) {
		const char *use = _good[i].value;

		if (key && strcmp(key, _good[i].key) == 0)
			use = value;
		if (!use)
			continue;
		n += (size_t) snprintf(out + n, size - n, "%s\"%s\":%s",
				       comma, _good[i].key, use);
		comma = ",";
	}
	(void) snprintf(out + n, size - n, "}");
}

static void _test_good(void)
{
	char text[4096];
	struct identity id;
	struct err err = ERR_INIT;

	_build(text, sizeof(text), NULL, NULL);
	if (!ok(identity_parse(text, strlen(text), &id, &err) == 0,
		"a good identity is taken")) {
		diag("%s", err.text);
		return;
	}
	is_str(id.cluster, "hpc1", "cluster");
	is_str(id.node, "vm001", "node");
	is_str(id.template, "rocky9", "template");
	is_int(id.epoch, 1800000000000001, "epoch");
	is_int(id.time, 1800000000000000, "time");
	is_int(id.not_after, 1800000600000000, "not_after");
	is_int(id.nic_count, 1, "one card");
	ok(!id.nics[0].has_source && !id.nics[0].has_mac, "the main one");
	ok(!id.nics[0].dhcp && id.nics[0].addr.family == AF_INET &&
	   id.nics[0].prefix == 16, "addr");
	is_int(id.nics[0].addr.bytes[3], 1, "last byte of addr");
	ok(id.nics[0].has_gw && id.nics[0].gw.bytes[3] == 254, "gw");
	is_int(id.dns_count, 2, "dns");
	is_int(id.nics[0].mtu, 9000, "mtu");
	is_str(id.conf_server, "ctl1:6817,ctl2", "conf_server");
	is_int(id.option_count, 1, "options");
	is_int(id.seed[31], 0xff, "last byte of the seed");
	ok(id.shared, "shared");
	_build(text, sizeof(text), "shared", NULL);
	ok(identity_parse(text, strlen(text), &id, &err) == 0 && !id.shared,
	   "or not, which is not said");
}

/* Values that are taken. */
static void _test_taken(void)
{
	static const struct member cases[] = {
		{ "gw", NULL },
		{ "dns", NULL },
		{ "dns", "[]" },
		{ "mtu", NULL },
		{ "conf_server", NULL },
		{ "conf_server", "\"[fd00::1]:6817\"" },
		{ "conf_server", "\"10.0.0.1\"" },
		{ "slurmd", NULL },
		{ "slurmd", "[]" },
		{ "slurmd", "[\"-v\",\"--extra=a,b\"]" },
		{ "addr", "\"10.20.200.1/16\"" },
		{ "shared", "true" },
		{ "shared", "false" },
		{ NULL, NULL },
	};
	char text[4096];
	struct identity id;
	struct err err = ERR_INIT;

	for (size_t i = 0; cases[i].key; i++) {
		_build(text, sizeof(text), cases[i].key, cases[i].value);
		ok(identity_parse(text, strlen(text), &id, &err) == 0,
		   "%s %s is taken", cases[i].key,
		   cases[i].value ? cases[i].value : "left out");
	}
}

static const struct member _bad[] = {
	{ "v", NULL },
	{ "v", "0" },
	{ "v", "2" },	/* which has no addr */
	{ "v", "3" },
	{ "v", "\"1\"" },
	{ "v", "1.0" },
	{ "v", "null" },
	{ "shared", "1" },
	{ "shared", "\"true\"" },
	{ "shared", "null" },
	{ "cluster", NULL },
	{ "cluster", "\"\"" },
	{ "cluster", "\"a b\"" },
	{ "cluster", "\"../etc\"" },
	{ "node", NULL },
	{ "node", "\"-N\"" },
	{ "node", "\"vm1;reboot\"" },
	{ "node", "\"vm1$(id)\"" },
	{ "node", "\"vm1\\n\"" },
	{ "node", "\"vm1\\u0000\"" },
	{ "node", "\"v\\u00e9\"" },
	{ "node", "17" },
	{ "node", "[\"vm1\"]" },
	{ "node", "{\"a\":1}" },
	{ "node", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaa\"" },
	{ "template", NULL },
	{ "template", "\"a/b\"" },
	{ "epoch", NULL },
	{ "epoch", "0" },
	{ "epoch", "-5" },
	{ "epoch", "1e15" },
	{ "epoch", "99999999999999999999" },
	{ "epoch", "\"1800000000000001\"" },
	{ "addr", NULL },
	{ "addr", "\"\"" },
	{ "addr", "\"DHCP\"" },
	{ "addr", "\"10.20.0.1\"" },
	{ "addr", "\"10.20.0.1/0\"" },
	{ "addr", "\"10.20.0.1/33\"" },
	{ "addr", "\"10.20.0.1/16 \"" },
	{ "addr", "\"10.20.0.0/16\"" },
	{ "addr", "\"10.20.255.255/16\"" },
	{ "addr", "\"127.0.0.1/8\"" },
	{ "addr", "\"224.0.0.1/8\"" },
	{ "addr", "\"0.0.0.0/16\"" },
	{ "addr", "\"::1/64\"" },
	{ "addr", "\"ff02::1/64\"" },
	{ "addr", "\"host.example.org/24\"" },
	{ "addr", "\"dhcp\"" },	/* together with gw */
	{ "gw", "\"10.21.0.1\"" },
	{ "gw", "\"10.20.0.1\"" },
	{ "gw", "\"10.20.255.255\"" },
	{ "gw", "\"fd00::1\"" },
	{ "gw", "\"10.20.255.254/16\"" },
	{ "gw", "[]" },
	{ "dns", "\"10.20.0.53\"" },
	{ "dns", "[\"10.20.0.53\\nnameserver 6.6.6.6\"]" },
	{ "dns", "[1]" },
	{ "dns", "[null]" },
	{ "dns", "[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\",\"10.0.0.4\"]" },
	{ "mtu", "0" },
	{ "mtu", "68" },
	{ "mtu", "65536" },
	{ "mtu", "\"9000\"" },
	{ "conf_server", "\"\"" },
	{ "conf_server", "\"ctl1,\"" },
	{ "conf_server", "\",ctl1\"" },
	{ "conf_server", "\"ctl1:0\"" },
	{ "conf_server", "\"ctl1:65536\"" },
	{ "conf_server", "\"ctl1 -f /tmp/x\"" },
	{ "conf_server", "\"-f\"" },
	{ "conf_server", "\"[10.0.0.1]\"" },
	{ "conf_server", "[\"ctl1\"]" },
	{ "slurmd", "\"-v\"" },
	{ "slurmd", "[\"-f/tmp/evil.conf\"]" },
	{ "slurmd", "[\"-f\"]" },
	{ "slurmd", "[\"-Nother\"]" },
	{ "slurmd", "[\"-Z\"]" },
	{ "slurmd", "[\"--conf=Include /etc/shadow\"]" },
	{ "slurmd", "[\"--extra=\"]" },
	{ "slurmd", "[\"--extra=a b\"]" },
	{ "slurmd", "[\"--extra=$IFS\"]" },
	{ "slurmd", "[\"--extra=a\\\"b\"]" },
	{ "slurmd", "[\"--extrax=a\"]" },
	{ "slurmd", "[\"-v\",7]" },
	{ "slurmd", "[\"-v\",\"-v\",\"-v\",\"-v\",\"-v\",\"-v\",\"-v\",\"-v\","
		    "\"-v\"]" },
	{ "time", NULL },
	{ "time", "1800000000" },	/* seconds */
	{ "time", "1800000000000000000" },	/* nanoseconds */
	{ "not_after", NULL },
	{ "not_after", "1800000000000000" },	/* equal to time */
	{ "not_after", "1799999999999999" },
	{ "not_after", "1800086400000001" },	/* more than a day */
	{ "seed", NULL },
	{ "seed", "\"\"" },
	{ "seed", "\"0011\"" },
	{ "seed", "\"" SEED "00\"" },
	{ "seed", "\"zz112233445566778899aabbccddeeff00112233445566778899aabb"
		  "ccddeeff\"" },
	{ NULL, NULL },
};

static void _test_refused(void)
{
	char text[4096];

	for (size_t i = 0; _bad[i].key; i++) {
		struct identity id;
		struct err err = ERR_INIT;

		memset(&id, 0x55, sizeof(id));
		_build(text, sizeof(text), _bad[i].key, _bad[i].value);
		ok(identity_parse(text, strlen(text), &id, &err) < 0 &&
			   err.code == ERR_PROTOCOL &&
			   id.epoch == 0x5555555555555555,
		   "%s %s is refused", _bad[i].key,
		   _bad[i].value ? _bad[i].value : "left out");
	}
}

static void _refuse_text(const char *text, size_t len, const char *what)
{
	struct identity id;
	struct err err = ERR_INIT;

	ok(identity_parse(text, len, &id, &err) < 0 && err.text[0], "%s",
	   what);
}

static void _test_texts(void)
{
	static char text[4096], big[16384];
	size_t len;

	_build(text, sizeof(text), NULL, NULL);
	len = strlen(text);
	_refuse_text("", 0, "nothing is refused");
	_refuse_text("used 1800000000000001", 21, "\"used\" is no identity");
	_refuse_text("[]", 2, "an array is refused");
	_refuse_text("{}", 2, "an empty object is refused");
	_refuse_text(text, len - 1, "a cut identity is refused");
	for (size_t cut = 1; cut < len; cut += 17)
		_refuse_text(text, len - cut, "a cut identity is refused");
	(void) snprintf(big, sizeof(big), "%s{}", text);
	_refuse_text(big, strlen(big), "a second value is refused");
	(void) snprintf(big, sizeof(big), "{\"node\":\"vm2\",%s", text + 1);
	_refuse_text(big, strlen(big), "a key that stands twice is refused");
	(void) snprintf(big, sizeof(big), "{\"x\":1,%s", text + 1);
	_refuse_text(big, strlen(big), "an unknown key is refused");
	(void) snprintf(big, sizeof(big), "{\"search\":[],%s", text + 1);
	_refuse_text(big, strlen(big), "version 2's key is none of 1's");
	(void) snprintf(big, sizeof(big), "\n%s", text);
	_refuse_text(big, strlen(big), "a control character is refused");
	memset(big, ' ', sizeof(big));
	memcpy(big, text, len);
	_refuse_text(big, IDENTITY_MAX + 1, "8 KiB and a byte are refused");
	memcpy(big, text, len + 1);
	big[len] = '\0';
	_refuse_text(big, len + 1, "a NUL is refused");
}

static void _test_families(void)
{
	static const char v6[] =
		"{\"v\":1,\"cluster\":\"c\",\"node\":\"n\",\"epoch\":1,"
		"\"template\":\"t\",\"addr\":\"fd00::5/64\","
		"\"gw\":\"fe80::1\",\"time\":1800000000000000,"
		"\"not_after\":1800000600000000,\"seed\":\"" SEED "\"}";
	static const char dhcp[] =
		"{\"v\":1,\"cluster\":\"c\",\"node\":\"n\",\"epoch\":1,"
		"\"template\":\"t\",\"addr\":\"dhcp\","
		"\"time\":1800000000000000,"
		"\"not_after\":1800000600000000,\"seed\":\"" SEED "\"}";
	struct identity id;

	ok(identity_parse(v6, strlen(v6), &id, NULL) == 0 && 
		   id.nics[0].has_gw && id.nics[0].prefix == 64 &&
		   id.nics[0].addr.family == AF_INET6,
	   "an IPv6 address with a link-local router");
	ok(identity_parse(dhcp, strlen(dhcp), &id, NULL) == 0 && 
		   id.nics[0].dhcp && !id.nics[0].has_gw &&
		   id.option_count == 0,
	   "dhcp and nothing optional");
}

/* --- version 2 --- */

#define NODE(more)                                                          \
	"{\"name\":\"node\",\"source\":\"00:50:56:8f:00:01\","              \
	"\"addr\":\"10.20.0.1/16\"" more "}"
#define STORE(more)                                                         \
	"{\"name\":\"store\",\"source\":\"00:50:56:8f:00:02\","             \
	"\"addr\":\"10.30.0.1/16\"" more "}"
#define ROUTE "\"10.0.0.0/8 via 10.20.255.254\""

/* An identity of version 2 with these cards, and more members. */
static int _parse_cards(const char *nics, const char *more,
			struct identity *id, struct err *err)
{
	char text[8192];

	(void) snprintf(text, sizeof(text), "{\"v\":2,\"cluster\":\"c\","
			"\"node\":\"n\",\"epoch\":1,\"template\":\"t\","
			"\"nics\":%s%s,\"time\":1800000000000000,"
			"\"not_after\":1800000600000000,\"seed\":\"" SEED
			"\"}", nics, more);
	return identity_parse(text, strlen(text), id, err);
}

static void _test_two_cards(void)
{
	struct identity id;
	struct err err = ERR_INIT;
	char mac[MAC_TEXT_SIZE], route[ROUTE_TEXT_SIZE];

	if (!ok(_parse_cards("[" NODE(",\"gw\":\"10.20.255.254\",\"mtu\":9000")
			     "," STORE(",\"mac\":\"02:00:00:00:00:0a\","
			     "\"routes\":[\"10.40.0.0/16 via 10.30.0.9\"]")
			     "]", ",\"dns\":[\"10.20.0.53\"],"
			     "\"search\":[\"a.b\",\"c\"]", &id, &err) == 0,
		"two cards are taken")) {
		diag("%s", err.text);
		return;
	}
	is_int(id.nic_count, 2, "they are two");
	ok(id.nics[0].has_gw && id.nics[0].mtu == 9000, "the first's values");
	ok(!id.nics[1].has_gw && id.nics[1].mtu == 0, "not the second's");
	is_str(id.nics[1].name, "store", "its name");
	mac_print(&id.nics[1].source, mac);
	is_str(mac, "00:50:56:8f:00:02", "its source");
	mac_print(&id.nics[1].mac, mac);
	ok(id.nics[1].has_mac && !id.nics[0].has_mac, "a MAC address");
	is_str(mac, "02:00:00:00:00:0a", "which");
	is_int(id.nics[1].route_count, 1, "a route");
	route_print(&id.nics[1].routes[0], route);
	is_str(route, "10.40.0.0/16 via 10.30.0.9", "where to");
	is_int(id.search_count, 2, "domains");
	is_str(id.search[1], "c", "the second");
	ok(!_parse_cards("[{\"name\":\"node\",\"addr\":\"dhcp\"}]", "", &id,
			 &err) && !id.nics[0].has_source,
	   "one card need not say its source");
}

static void _test_bad_cards(void)
{
	static const char *const bad[] = {
		"[]", "{}", "null", "7", "[7]", "[null]", "[[]]", "[{}]",
		"[" NODE(",\"x\":1") "]", "[" NODE(",\"name\":\"b\"") "]",
		"[" NODE(",\"gw\":\"10.21.0.1\"") "]",
		"[" NODE(",\"mac\":\"01:00:00:00:00:0a\"") "]",
		"[" NODE(",\"mac\":\"00:00:00:00:00:00\"") "]",
		"[" NODE(",\"mac\":\"02:00:00:00:00\"") "]",
		"[" NODE(",\"mac\":7") "]", "[" NODE(",\"mac\":null") "]",
		"[" NODE(",\"mtu\":70000") "]",
		"[" NODE(",\"routes\":" ROUTE) "]",
		"[" NODE(",\"routes\":[7]") "]",
		"[" NODE(",\"routes\":[\"10.0.0.0/8 via 10.21.0.1\"]") "]",
		"[" NODE(",\"routes\":[\"10.0.0.0/8 via 10.20.0.1\"]") "]",
		"[" NODE(",\"routes\":[\"10.0.0.1/8 via 10.20.0.2\"]") "]",
		"[" NODE(",\"routes\":[\"0.0.0.0/0 via 10.20.0.2\"]") "]",
		"[" NODE(",\"routes\":[" ROUTE "," ROUTE "," ROUTE "," ROUTE
			 "," ROUTE "," ROUTE "," ROUTE "," ROUTE "," ROUTE ","
			 ROUTE "," ROUTE "," ROUTE "," ROUTE "," ROUTE ","
			 ROUTE "," ROUTE "," ROUTE "]") "]",
		"[{\"name\":\"a b\",\"addr\":\"dhcp\"}]",
		"[{\"name\":\"../a\",\"addr\":\"dhcp\"}]",
		"[{\"addr\":\"dhcp\"}]", "[{\"name\":\"a\"}]",
		"[{\"name\":\"a\",\"addr\":\"dhcp\",\"routes\":[" ROUTE "]}]",
		"[" NODE("") "," NODE("") "]",
		"[" NODE("") ",{\"name\":\"b\",\"addr\":\"dhcp\"}]",
		"[" NODE("") ",{\"name\":\"b\",\"addr\":\"dhcp\","
			"\"source\":\"00:50:56:8F:00:01\"}]",
		"[" NODE(",\"gw\":\"10.20.0.9\"") ","
			STORE(",\"gw\":\"10.30.0.9\"") "]",
		"[" NODE("") "," NODE("") "," NODE("") "," NODE("") ","
			NODE("") "]",
	};
	static const char *const more[] = {
		",\"addr\":\"10.0.0.1/8\"", ",\"gw\":\"10.20.0.9\"",
		",\"mtu\":1500", ",\"search\":\"a\"", ",\"search\":[7]",
		",\"search\":[\"a b\"]", ",\"search\":[\"\"]",
		",\"search\":[\"a\\nnameserver 6.6.6.6\"]",
		",\"search\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]",
		",\"slurmd\":[{\"a\":1}]",
	};
	struct identity id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = ERR_INIT;

		ok(_parse_cards(bad[i], "", &id, &err) < 0 &&
			   err.code == ERR_PROTOCOL,
		   "refused: nics %s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		struct err err = ERR_INIT;

		ok(_parse_cards("[" NODE("") "]", more[i], &id, &err) < 0 &&
			   err.code == ERR_PROTOCOL,
		   "refused: %s", more[i] + 1);
	}
}

static void _test_arguments(void)
{
	struct settings settings = { .slurmd = (char *) "/sbin/slurmd" };
	const char *argv[SERVICES_ARGS_MAX];
	char text[4096];
	struct identity id;
	static const char *const want[] = { "/sbin/slurmd", "-b", "-N",
					    "vm001", "--conf-server",
					    "ctl1:6817,ctl2",
					    "--instance-id=i-1" };

	_build(text, sizeof(text), NULL, NULL);
	if (identity_parse(text, strlen(text), &id, NULL) < 0)
		bail_out("no identity");
	services_slurmd_args(&settings, &id, argv);
	for (size_t i = 0; i < 7; i++)
		is_str(argv[i], want[i], "argument of slurmd");
	ok(!argv[7], "no further argument");
}

int main(void)
{
	_test_good();
	_test_taken();
	_test_refused();
	_test_texts();
	_test_families();
	_test_two_cards();
	_test_bad_cards();
	_test_arguments();
	return done_testing();
}
