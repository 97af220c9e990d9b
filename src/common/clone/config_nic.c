/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#include "config_nic.h"

#define MTU_MIN_INET6 1280

const char *config_nic_name(const struct config_nic *nic)
{
	return nic->name ? nic->name : CONFIG_NIC_OWN;
}

/* --- one card ----------------------------------------------------------- */

/* "dhcp", or "10.20.0.1+/16". */
static int _check_addr(const struct conf_line *line, const char *key,
		       size_t count, struct config_nic *nic, struct err *err)
{
	cleanup_free char *text = NULL;
	struct err why = ERR_INIT;
	char *plus;

	if (!strcasecmp(nic->addr_text, "dhcp"))
		return 0;
	text = strdup(nic->addr_text);
	if (!text)
		return err_nomem(err);
	plus = strchr(text, '+');
	if (!plus || plus[1] != '/')
		return conf_error(line, err, "%s: '%s' is neither dhcp nor "
				  "FIRST+/LEN, such as 10.20.0.1+/16", key,
				  nic->addr_text);
	memmove(plus, plus + 1, strlen(plus));
	if (parse_inet_prefix(text, &nic->addr, &nic->prefix, &why) < 0 ||
	    parse_inet_add(&nic->addr, nic->prefix, count - 1, &nic->last,
			   &why) < 0)
		return conf_error(line, err, "%s: %s", key, why.text);
	if (!parse_inet_is_host(&nic->addr, nic->prefix))
		return conf_error(line, err, "%s: '%s' does not start with "
				  "an address a host can have", key,
				  nic->addr_text);
	nic->addr_kind = CONFIG_ADDR_RANGE;
	return 0;
}

static int _check_router(const struct conf_line *line, const char *key,
			 const char *addr_key, const struct config_nic *nic,
			 const struct inet *router, struct err *err)
{
	char text[INET_TEXT_SIZE];

	parse_print_inet(router, text);
	if (config_nic_has(nic, router))
		return conf_error(line, err, "%s: %s is the address of one "
				  "of these nodes", key, text);
	if (!route_is_router(router, &nic->addr, nic->prefix))
		return conf_error(line, err, "%s: %s is not in the network "
				  "of %s=%s", key, text, addr_key,
				  nic->addr_text);
	return 0;
}

static int _check_gateway(const struct conf_line *line, const char *addr_key,
			  const struct config_nic *nic, struct err *err)
{
	struct err why = ERR_INIT;
	struct inet gateway;

	if (!nic->gateway)
		return 0;
	if (nic->addr_kind == CONFIG_ADDR_DHCP)
		return conf_error(line, err, "Gateway: with %s=dhcp the "
				  "network says the gateway", addr_key);
	if (parse_inet(nic->gateway, &gateway, &why) < 0)
		return conf_error(line, err, "Gateway: %s", why.text);
	return _check_router(line, "Gateway", addr_key, nic, &gateway, err);
}

static int _add_route(void *arg, const char *item, struct err *err)
{
	struct config_nic *nic = arg;
	struct route *route = &nic->routes[nic->route_count];

	if (nic->route_count == CONFIG_ROUTES_MAX)
		return err_set(err, ERR_CONFIG, "more than %d routes",
			       CONFIG_ROUTES_MAX);
	if (route_parse(item, route, err) < 0)
		return -1;
	for (size_t i = 0; i < nic->route_count; i++)
		if (nic->routes[i].prefix == route->prefix &&
		    parse_inet_same_net(&nic->routes[i].net, &route->net,
					route->prefix))
			return err_set(err, ERR_CONFIG, "two routes to the "
				       "network of '%s'", item);
	nic->route_count++;
	return 0;
}

static int _check_routes(const struct conf_line *line, const char *addr_key,
			 struct config_nic *nic, struct err *err)
{
	if (!nic->routes_text)
		return 0;
	if (nic->addr_kind == CONFIG_ADDR_DHCP)
		return conf_error(line, err, "Routes: with %s=dhcp the "
				  "network says the routes", addr_key);
	if (conf_each(line, "Routes", nic->routes_text, _add_route, nic,
		      err) < 0)
		return -1;
	for (size_t i = 0; i < nic->route_count; i++)
		if (_check_router(line, "Routes", addr_key, nic,
				  &nic->routes[i].via, err) < 0)
			return -1;
	return 0;
}

/* IPv6 has links of at least 1280 bytes (RFC 8200 section 5). */
static int _check_mtu(const struct conf_line *line,
		      const struct config_nic *nic, struct err *err)
{
	if (!nic->mtu || nic->mtu >= MTU_MIN_INET6 ||
	    nic->addr_kind == CONFIG_ADDR_DHCP || nic->addr.family == AF_INET)
		return 0;
	return conf_error(line, err, "MTU: an IPv6 network needs at least %d",
			  MTU_MIN_INET6);
}

/*
 * vCenter makes up the upper three quarters of VMware's 00:50:56 itself and
 * refuses them when set by hand (vSphere Networking, "VMware OUI in Static
 * MAC Addresses"). An address of another maker belongs to somebody else.
 */
static bool _may_be_set(const struct mac *mac)
{
	static const uint8_t vmware[3] = { 0x00, 0x50, 0x56 };

	if (!memcmp(mac->bytes, vmware, sizeof(vmware)))
		return mac->bytes[3] <= 0x3f;
	return (mac->bytes[0] & 3) == 2;
}

/* "00:50:56:3f:00:01+" */
static int _check_mac(const struct conf_line *line, size_t count,
		      struct config_nic *nic, struct err *err)
{
	char text[MAC_TEXT_SIZE] = "", end;
	struct err why = ERR_INIT;
	const struct mac *bad;

	if (!nic->mac_text)
		return 0;
	if (sscanf(nic->mac_text, "%17[^+]%c", text, &end) != 2 ||
	    end != '+' || strlen(nic->mac_text) != strlen(text) + 1)
		return conf_error(line, err, "Mac: '%s' is not FIRST+, such "
				  "as 00:50:56:3f:00:01+", nic->mac_text);
	if (mac_parse(text, &nic->mac, &why) < 0 ||
	    mac_add(&nic->mac, count - 1, &nic->mac_last, &why) < 0)
		return conf_error(line, err, "Mac: %s", why.text);
	bad = !_may_be_set(&nic->mac) ? &nic->mac : &nic->mac_last;
	if (_may_be_set(bad) && nic->mac.bytes[0] == nic->mac_last.bytes[0])
		return 0;
	mac_print(bad, text);
	return conf_error(line, err, "Mac: %s, which '%s' counts up to for "
			  "%zu nodes, cannot be set: only 00:50:56:00:00:00 "
			  "to 00:50:56:3f:ff:ff, or a locally administered "
			  "address (the second digit is 2, 6, a or e)", text,
			  nic->mac_text, count);
}

int config_nic_check(const struct conf_line *line, const char *addr_key,
		     size_t count, struct config_nic *nic, struct err *err)
{
	nic->line = line->number;
	if (nic->network && *nic->network != '/')
		return conf_error(line, err, "Network: '%s' is not an "
				  "inventory path such as "
				  "/DC1/network/hpc-nodes", nic->network);
	return _check_addr(line, addr_key, count, nic, err) < 0 ||
	       _check_gateway(line, addr_key, nic, err) < 0 ||
	       _check_routes(line, addr_key, nic, err) < 0 ||
	       _check_mtu(line, nic, err) < 0 ||
	       _check_mac(line, count, nic, err) < 0 ? -1 : 0;
}

/* --- several cards ------------------------------------------------------ */

bool config_nic_has(const struct config_nic *nic, const struct inet *addr)
{
	size_t len = addr->family == AF_INET ? 4 : 16;

	return nic->addr_kind == CONFIG_ADDR_RANGE &&
	       nic->addr.family == addr->family &&
	       memcmp(addr->bytes, nic->addr.bytes, len) >= 0 &&
	       memcmp(addr->bytes, nic->last.bytes, len) <= 0;
}

static const char *_addr_key(const struct config_nic *nic)
{
	return nic->name ? "NicAddr" : "NodeAddr";
}

/* Two ranges overlap when one begins in the other. */
static int _compare_addrs(const struct conf_line *line,
			  const struct config_nic *nic,
			  const struct config_nic *other, struct err *err)
{
	if (nic->addr_kind != CONFIG_ADDR_RANGE ||
	    other->addr_kind != CONFIG_ADDR_RANGE ||
	    (!config_nic_has(nic, &other->addr) &&
	     !config_nic_has(other, &nic->addr)))
		return 0;
	return conf_error(line, err, "%s: the addresses that '%s' counts up "
			  "overlap those of %s=%s on line %u",
			  _addr_key(nic), nic->addr_text, _addr_key(other),
			  other->addr_text, other->line);
}

static int _compare_macs(const struct conf_line *line,
			 const struct config_nic *nic,
			 const struct config_nic *other, struct err *err)
{
	if (!nic->mac_text || !other->mac_text ||
	    mac_value(&nic->mac) > mac_value(&other->mac_last) ||
	    mac_value(&other->mac) > mac_value(&nic->mac_last))
		return 0;
	return conf_error(line, err, "Mac: the addresses that '%s' counts up "
			  "overlap those of Mac=%s on line %u", nic->mac_text,
			  other->mac_text, other->line);
}

/* A node must not have the address of another's router. */
static int _compare_routers(const struct conf_line *line,
			    const struct config_nic *nic,
			    const struct config_nic *other, struct err *err)
{
	struct inet gateway;

	if (nic->gateway && !parse_inet(nic->gateway, &gateway, NULL) &&
	    config_nic_has(other, &gateway))
		return conf_error(line, err, "Gateway: %s is the address of "
				  "one of the nodes of line %u",
				  nic->gateway, other->line);
	for (size_t i = 0; i < nic->route_count; i++)
		if (config_nic_has(other, &nic->routes[i].via))
			return conf_error(line, err, "Routes: a router is "
					  "one of the nodes of line %u",
					  other->line);
	return 0;
}

int config_nic_compare(const char *file, const struct config_nic *const *nics,
		       size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct conf_line line = { .file = file,
					  .number = nics[i]->line };

		for (size_t j = 0; j < count; j++)
			if (_compare_routers(&line, nics[i], nics[j],
					     err) < 0 ||
			    (j < i &&
			     (_compare_addrs(&line, nics[i], nics[j],
					     err) < 0 ||
			      _compare_macs(&line, nics[i], nics[j],
					    err) < 0)))
				return -1;
	}
	return 0;
}

/* --- a node's values ---------------------------------------------------- */

void config_nic_addr(const struct config_nic *nic, size_t index, char *out)
{
	char text[INET_TEXT_SIZE / 2 + INET_TEXT_SIZE / 4];
	struct inet addr;

	/* The last node's address was computed when the file was read. */
	if (nic->addr_kind == CONFIG_ADDR_DHCP ||
	    parse_inet_add(&nic->addr, nic->prefix, index, &addr, NULL) < 0 ||
	    !inet_ntop(addr.family, addr.bytes, text, sizeof(text))) {
		snprintf(out, INET_TEXT_SIZE, "dhcp");
		return;
	}
	snprintf(out, INET_TEXT_SIZE, "%s/%u", text, nic->prefix);
}

bool config_nic_mac(const struct config_nic *nic, size_t index,
		    struct mac *out)
{
	return nic->mac_text && mac_add(&nic->mac, index, out, NULL) == 0;
}
