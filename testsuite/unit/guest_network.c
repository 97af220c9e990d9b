/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's cards in a network namespace of the test's own: two ends of
 * cables stand for cards, a made-up sysfs says that they are. What the kernel
 * then has is read from the kernel.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/path.h"
#include "guest/network.h"
#include "tap.h"

static char root[64];

static const char *_at(const char *name)
{
	static char paths[4][192];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void) snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static void _put(const char *name, const char *text)
{
	int fd = open(_at(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		bail_out("%s: %s", name, strerror(errno));
	(void) close(fd);
}

static void _run(const char *const argv[])
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void) execvp(argv[0], (char *const *) argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		bail_out("%s failed", argv[0]);
}

/* A cable whose near end is a card, its far end a switch's. */
static void _plug(const char *near, const char *far, const char *mac)
{
	const char *add[] = { "ip", "link", "add", near, "address", mac,
			      "type", "veth", "peer", "name", far, NULL };
	const char *up[] = { "ip", "link", "set", far, "up", NULL };
	char path[128], text[64];

	_run(add);
	_run(up);
	(void) snprintf(path, sizeof(path), "dev-%s", near);
	(void) mkdir(_at(path), 0755);
	(void) snprintf(path, sizeof(path), "dev-%s/subsystem", near);
	(void) symlink("../bus/pci", _at(path));
	(void) snprintf(path, sizeof(path), "dev-%s/driver", near);
	(void) symlink("../bus/pci/drivers/vmxnet3", _at(path));
	(void) snprintf(path, sizeof(path), "class/net/%s", near);
	(void) mkdir(_at(path), 0755);
	(void) snprintf(text, sizeof(text), "../../../dev-%s", near);
	(void) snprintf(path, sizeof(path), "class/net/%s/device", near);
	(void) symlink(text, _at(path));
	(void) snprintf(path, sizeof(path), "class/net/%s/address", near);
	_put(path, mac);
	(void) snprintf(path, sizeof(path), "class/net/%s/ifindex", near);
	(void) snprintf(text, sizeof(text), "%u\n", if_nametoindex(near));
	_put(path, text);
}

static void _set_up(void)
{
	static const char *const dirs[] = { "", "class", "class/net", "bus",
					    "bus/pci", "bus/pci/drivers",
					    "bus/pci/drivers/vmxnet3" };

	(void) snprintf(root, sizeof(root), "guest-network.XXXXXX");
	if (!mkdtemp(root))
		bail_out("mkdtemp: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		(void) mkdir(_at(dirs[i]), 0755);
	_plug("card0", "far0", "00:50:56:8f:00:01");
	_plug("card1", "far1", "00:50:56:8f:00:02");
	_plug("card2", "far2", "00:50:56:8f:00:03");
}

static void _inet(const char *text, struct inet *addr)
{
	if (parse_inet(text, addr, NULL) < 0)
		bail_out("%s", text);
}

/* A card of an identity, whose source had the address ...:0LAST. */
static struct identity_nic _nic(const char *name, uint8_t last,
				const char *addr, unsigned prefix)
{
	struct identity_nic nic = {
		.has_source = true,
		.source = { { 0x00, 0x50, 0x56, 0x8f, 0x00, last } },
		.prefix = prefix,
	};

	(void) snprintf(nic.name, sizeof(nic.name), "%s", name);
	_inet(addr, &nic.addr);
	return nic;
}

static int _start(const struct identity *id, struct network *network,
		  struct err *err)
{
	struct settings settings = { .nic = (char *) "auto",
				     .link_time = 60 };
	struct nics nics;

	settings.resolv_conf = (char *) _at("resolv.conf");
	if (nic_find(root, "auto", &nics, err) < 0)
		return -1;
	return network_start(root, &settings, &nics, id, network, err);
}

/* --- what the kernel has ------------------------------------------------ */

static bool _has_address(const char *name, const char *want)
{
	struct ifaddrs *list = NULL;
	struct inet addr;
	bool found = false;

	_inet(want, &addr);
	if (getifaddrs(&list) < 0)
		bail_out("getifaddrs: %s", strerror(errno));
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		const void *bytes;

		if (!i->ifa_addr || i->ifa_addr->sa_family != addr.family ||
		    strcmp(i->ifa_name, name))
			continue;
		bytes = addr.family == AF_INET
			? (void *) &((struct sockaddr_in *)
				     i->ifa_addr)->sin_addr
			: (void *) &((struct sockaddr_in6 *)
				     i->ifa_addr)->sin6_addr;
		found |= !memcmp(bytes, addr.bytes,
				 addr.family == AF_INET ? 4 : 16);
	}
	freeifaddrs(list);
	return found;
}

static int _mtu(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq req;

	memset(&req, 0, sizeof(req));
	(void) snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &req) < 0)
		bail_out("mtu: %s", strerror(errno));
	(void) close(fd);
	return req.ifr_mtu;
}

/* A route in /proc/net/route: all numbers as they lie in memory. */
static bool _has_route(const char *name, const char *net, const char *via,
		       unsigned prefix)
{
	char line[256], iface[32];
	unsigned to, router, flags, mask;
	struct inet want_net, want_via;
	FILE *file = fopen("/proc/self/net/route", "r");
	bool found = false;

	_inet(net, &want_net);
	_inet(via, &want_via);
	while (file && fgets(line, sizeof(line), file))
		found |= sscanf(line, "%31s %x %x %x %*d %*d %*d %x", iface,
				&to, &router, &flags, &mask) == 5 &&
			 !strcmp(iface, name) &&
			 !memcmp(&to, want_net.bytes, 4) &&
			 !memcmp(&router, want_via.bytes, 4) &&
			 ntohl(mask) ==
				 (prefix ? UINT32_MAX << (32 - prefix) : 0);
	if (file)
		(void) fclose(file);
	return found;
}

/* --- tests -------------------------------------------------------------- */

static void _two_cards(void)
{
	struct identity id = { .version = 2, .nic_count = 2, .dns_count = 1,
			       .search_count = 2 };
	struct network network;
	cleanup_buf struct buf names;
	struct err err = ERR_INIT;

	/* Not in the order of the interfaces. */
	id.nics[0] = _nic("node", 2, "10.20.0.7", 16);
	id.nics[0].has_gw = true;
	id.nics[0].mtu = 1400;
	_inet("10.20.255.254", &id.nics[0].gw);
	id.nics[1] = _nic("store", 1, "10.30.0.7", 24);
	id.nics[1].has_mac = true;
	id.nics[1].mac = id.nics[1].source;
	id.nics[1].route_count = 1;
	if (route_parse("10.40.0.0/13 via 10.30.0.1", &id.nics[1].routes[0],
			&err) < 0)
		bail_out("%s", err.text);
	_inet("10.20.0.53", &id.dns[0]);
	(void) strncpy(id.search[0], "hpc.example", 16);
	(void) strncpy(id.search[1], "example", 16);
	if (!ok(_start(&id, &network, &err) == 0, "two cards are set up"))
		diag("%s", err.text);
	is_str(network.interfaces[0], "card1", "the node's by its source");
	is_str(network.interfaces[1], "card0", "and the other one");
	ok(_has_address("card1", "10.20.0.7"), "the node's address");
	ok(_has_address("card0", "10.30.0.7"), "the other's address");
	ok(!_has_address("card0", "10.20.0.7"), "and no other");
	is_int(_mtu("card1"), 1400, "its MTU");
	is_int(_mtu("card0"), 1500, "the other's stays");
	ok(_has_route("card1", "0.0.0.0", "10.20.255.254", 0), "the gateway");
	ok(_has_route("card0", "10.40.0.0", "10.30.0.1", 13), "the route");
	buf_init(&names, 4096);
	if (path_read(_at("resolv.conf"), &names, &err) < 0)
		bail_out("%s", err.text);
	is_str(buf_str(&names), "search hpc.example example\n"
	       "nameserver 10.20.0.53\n", "the name servers");
}

/* udev's word comes when the interface was found already: sysfs, as it was
 * read, has the old name. */
static void _renamed(void)
{
	const char *argv[] = { "ip", "link", "set", "card2", "name", "ens2",
			       NULL };

	_run(argv);
}

static void _inet6(void)
{
	struct identity id = { .version = 2, .nic_count = 1 };
	struct network network;
	struct err err = ERR_INIT;

	id.nics[0] = _nic("node", 3, "fd00:20::7", 64);
	id.nics[0].route_count = 1;
	if (route_parse("fd00:40::/32 via fe80::1", &id.nics[0].routes[0],
			&err) < 0)
		bail_out("%s", err.text);
	id.nics[0].has_mac = true;
	id.nics[0].mac = id.nics[0].source;
	if (!ok(_start(&id, &network, &err) == 0, "a card with IPv6"))
		diag("%s", err.text);
	is_str(network.interfaces[0], "ens2", "by its new name");
	ok(_has_address("ens2", "fd00:20::7"), "its address");
}

static void _refused(struct identity_nic nic, const char *want)
{
	struct identity id = { .version = 2, .nic_count = 1 };
	struct network network;
	struct err err = ERR_INIT;

	id.nics[0] = nic;
	ok(_start(&id, &network, &err) < 0, "refused: %s", want);
	has_str(err.text, want, "says why");
}

static void _not_so(void)
{
	struct identity_nic nic = _nic("lic", 3, "10.50.0.7", 24);

	nic.has_mac = true;
	nic.mac = (struct mac) { { 0x00, 0x50, 0x56, 0x3f, 0x00, 0x01 } };
	_refused(nic, "card lic: ens2 has the MAC address "
		      "00:50:56:8f:00:03, and must have 00:50:56:3f:00:01");
	ok(!_has_address("ens2", "10.50.0.7"), "and it has no address then");
	_refused(_nic("lost", 9, "10.50.0.7", 24), "card lost: no network "
		 "card had the address 00:50:56:8f:00:09 in the source");
	nic = _nic("any", 3, "10.50.0.7", 24);
	nic.has_source = false;
	_refused(nic, "card any: 3 network cards");
}

int main(void)
{
	const char *rm[] = { "rm", "-rf", root, NULL };

	if (unshare(CLONE_NEWNET) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		printf("1..0 # SKIP no network namespace of one's own\n");
		return 0;
	}
	_set_up();
	_two_cards();
	_renamed();
	_inet6();
	_not_so();
	_run(rm);
	return done_testing();
}
