/* SPDX-License-Identifier: GPL-2.0-or-later */
/* identity_nic - see identity_nic.h. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "identity_nic.h"
#include "members.h"

static const char *const _known[] = {
	"name", "source", "mac", "addr", "gw", "mtu", "routes", NULL,
};

static int _addr(const struct json *json, struct identity_nic *nic,
		 struct err *err)
{
	struct err why = ERR_INIT;
	const char *text;

	if (json_get_str(json, "addr", &text, err) < 0)
		return -1;
	nic->dhcp = strcmp(text, "dhcp") == 0;
	if (nic->dhcp)
		return 0;
	if (parse_inet_prefix(text, &nic->addr, &nic->prefix, &why) < 0)
		return err_set(err, ERR_PROTOCOL, "addr: %s", why.text);
	if (!parse_inet_is_host(&nic->addr, nic->prefix))
		return err_set(err, ERR_PROTOCOL,
			       "addr is no address of a host");
	return 0;
}

static int _gw(const struct json *json, struct identity_nic *nic,
	       struct err *err)
{
	struct err why = ERR_INIT;
	const char *text;

	if (json_get_str_or(json, "gw", NULL, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (nic->dhcp)
		return err_set(err, ERR_PROTOCOL, "gw together with dhcp");
	if (parse_inet(text, &nic->gw, &why) < 0)
		return err_set(err, ERR_PROTOCOL, "gw: %s", why.text);
	if (!route_is_router(&nic->gw, &nic->addr, nic->prefix))
		return err_set(err, ERR_PROTOCOL, "gw is no router of addr");
	nic->has_gw = true;
	return 0;
}

static int _mtu(const struct json *json, struct identity_nic *nic,
		struct err *err)
{
	bool is_inet6 = !nic->dhcp && nic->addr.family == AF_INET6;
	int64_t least = is_inet6 ? 1280 : 576;
	int64_t mtu = 0;

	if (!json_get(json, "mtu"))
		return 0;
	if (json_get_int(json, "mtu", least, 9216, &mtu, err) < 0)
		return -1;
	nic->mtu = (unsigned) mtu;
	return 0;
}

int identity_nic_plain(const struct json *json, struct identity_nic *nic,
		       struct err *err)
{
	return _addr(json, nic, err) < 0 || _gw(json, nic, err) < 0 ||
	       _mtu(json, nic, err) < 0 ? -1 : 0;
}

static int _mac(const struct json *json, const char *key, bool *has,
		struct mac *mac, struct err *err)
{
	struct err why = ERR_INIT;
	const char *text;

	if (json_get_str_or(json, key, NULL, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (mac_parse(text, mac, &why) < 0)
		return err_set(err, ERR_PROTOCOL, "%s: %s", key, why.text);
	if (!mac_is_unicast(mac))
		return err_set(err, ERR_PROTOCOL, "%s is no card's", key);
	*has = true;
	return 0;
}

static int _routes(const struct json *json, struct identity_nic *nic,
		   struct err *err)
{
	struct err why = ERR_INIT;
	const struct json *list;

	if (members_strings(json, "routes", IDENTITY_ROUTES_MAX, &list,
			  &nic->route_count, err) < 0)
		return -1;
	if (nic->route_count && nic->dhcp)
		return err_set(err, ERR_PROTOCOL, "routes together with "
						  "dhcp");
	for (unsigned i = 0; i < nic->route_count; i++) {
		struct route *route = &nic->routes[i];

		if (route_parse(json_str(json_at(list, i)), route, &why) < 0)
			return err_set(err, ERR_PROTOCOL, "routes: %s",
				       why.text);
		if (!route_is_router(&route->via, &nic->addr, nic->prefix))
			return err_set(err, ERR_PROTOCOL, "route %u has no "
				       "router of addr", i);
	}
	return 0;
}

int identity_nic_parse(const struct json *json, struct identity_nic *nic,
		       struct err *err)
{
	const char *name;

	if (!json_is_object(json))
		return err_set(err, ERR_PROTOCOL, "not a JSON object");
	if (members_known(json, _known, err) < 0 ||
	    json_get_str(json, "name", &name, err) < 0)
		return -1;
	if (!parse_is_name(name, IDENTITY_NAME_MAX))
		return err_set(err, ERR_PROTOCOL, "name is not a name");
	(void) snprintf(nic->name, sizeof(nic->name), "%s", name);
	return _mac(json, "source", &nic->has_source, &nic->source,
		    err) < 0 ||
	       _mac(json, "mac", &nic->has_mac, &nic->mac, err) < 0 ||
	       identity_nic_plain(json, nic, err) < 0 ||
	       _routes(json, nic, err) < 0 ? -1 : 0;
}
