/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "route.h"

static unsigned _bits(const struct inet *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

/* Whether nothing is set behind the prefix. */
static bool _is_net(const struct inet *addr, unsigned prefix)
{
	for (unsigned i = 0; i < _bits(addr) / 8; i++) {
		unsigned keep = prefix > 8 * i ? prefix - 8 * i : 0;

		if (keep < 8 && addr->bytes[i] & 0xff >> keep)
			return false;
	}
	return true;
}

/* The three words; false when there are more, fewer, or too long ones. */
static bool _split(const char *text, char net[64], char via[64])
{
	char word[64] = "";
	int end = 0;

	return sscanf(text, " %63s %63s %63s %n", net, word, via, &end) == 3 &&
	       !strcmp(word, "via") && text[end] == '\0';
}

int route_parse(const char *text, struct route *out, struct err *err)
{
	char net[64], via[64];
	struct route route;

	memset(&route, 0, sizeof(route));
	if (!_split(text, net, via))
		return err_set(err, ERR_CONFIG, "'%s' is not NETWORK/LEN via "
			       "ROUTER, such as 10.0.0.0/8 via 10.20.0.1",
			       text);
	if (parse_inet_prefix(net, &route.net, &route.prefix, err) < 0 ||
	    parse_inet(via, &route.via, err) < 0)
		return -1;
	if (!_is_net(&route.net, route.prefix))
		return err_set(err, ERR_CONFIG, "'%s' is an address, not a "
			       "network: bits behind its prefix are set",
			       net);
	if (route.net.family != route.via.family)
		return err_set(err, ERR_CONFIG, "'%s' mixes IPv4 and IPv6",
			       text);
	*out = route;
	return 0;
}

void route_print(const struct route *route, char out[ROUTE_TEXT_SIZE])
{
	char net[INET_TEXT_SIZE], via[INET_TEXT_SIZE];

	parse_print_inet(&route->net, net);
	parse_print_inet(&route->via, via);
	(void) snprintf(out, ROUTE_TEXT_SIZE, "%.46s/%u via %.46s", net,
			route->prefix, via);
}

static bool _is_link_local(const struct inet *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

bool route_is_router(const struct inet *router, const struct inet *addr,
		     unsigned prefix)
{
	if (router->family != addr->family ||
	    !parse_inet_is_host(router, prefix) ||
	    parse_inet_same_net(router, addr, _bits(addr)))
		return false;
	return parse_inet_same_net(router, addr, prefix) ||
	       _is_link_local(router);
}
