/* SPDX-License-Identifier: GPL-2.0-or-later */
/* identity - see identity.h. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/parse.h"
#include "common/base/slurmd.h"
#include "identity.h"

/* 2020-01-01 and 2200-01-01: a time outside is a mistake of units. */
#define TIME_MIN INT64_C(1577836800000000)
#define TIME_MAX INT64_C(7258118400000000)

static const char *const _known[] = {
	"v",	"cluster", "node",	  "epoch",  "template",
	"addr", "gw",	   "dns",	  "mtu",    "conf_server",
	"time", "slurmd",  "not_after", "seed",   NULL,
};

/*
 * A JSON reader keeps the last of two equal keys, another one the first:
 * refuse both. Colons outside strings count the keys, since no value of an
 * identity is itself an object.
 */
static size_t _count_keys(const char *text, size_t len)
{
	size_t keys = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && text[i] == ':')
			keys++;
	}
	return keys;
}

static int _check_keys(const struct json *json, const char *text, size_t len,
		       struct err *err)
{
	const struct json *value;
	const char *key;
	size_t pos = 0;

	if (!json_is_object(json))
		return err_set(err, ERR_PROTOCOL, "not a JSON object");
	if (_count_keys(text, len) != json_count(json))
		return err_set(err, ERR_PROTOCOL, "a key stands twice");
	while (json_next(json, &pos, &key, &value)) {
		size_t i = 0;

		while (_known[i] && strcmp(_known[i], key) != 0)
			i++;
		if (!_known[i])
			return err_set(err, ERR_PROTOCOL, "unknown key %s",
				       key);
		if (!value)
			return err_set(err, ERR_PROTOCOL, "%s is null", key);
	}
	return 0;
}

static int _check_bytes(const char *text, size_t len, struct err *err)
{
	if (len > IDENTITY_MAX)
		return err_set(err, ERR_PROTOCOL, "longer than %d bytes",
			       IDENTITY_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
			return err_set(err, ERR_PROTOCOL,
				       "control character at byte %zu", i);
	return 0;
}

static int _name(const struct json *json, const char *key, char *out,
		 struct err *err)
{
	const char *text;

	if (json_get_str(json, key, &text, err) < 0)
		return -1;
	if (!parse_is_name(text, IDENTITY_NAME_MAX))
		return err_set(err, ERR_PROTOCOL, "%s is not a name", key);
	(void) snprintf(out, IDENTITY_NAME_MAX + 1, "%s", text);
	return 0;
}

static int _names(const struct json *json, struct identity *id,
		  struct err *err)
{
	int64_t version;

	if (json_get_int(json, "v", 1, 1, &version, err) < 0 ||
	    _name(json, "cluster", id->cluster, err) < 0 ||
	    _name(json, "node", id->node, err) < 0 ||
	    _name(json, "template", id->template, err) < 0)
		return -1;
	return 0;
}

static int _times(const struct json *json, struct identity *id,
		  struct err *err)
{
	if (json_get_int(json, "epoch", 1, TIME_MAX, &id->epoch, err) < 0 ||
	    json_get_int(json, "time", TIME_MIN, TIME_MAX, &id->time, err) <
		    0 ||
	    json_get_int(json, "not_after", TIME_MIN, TIME_MAX,
			 &id->not_after, err) < 0)
		return -1;
	if (id->not_after <= id->time ||
	    id->not_after - id->time > IDENTITY_LIFE_MAX)
		return err_set(err, ERR_PROTOCOL,
			       "not_after must follow time within a day");
	return 0;
}

static int _addr(const struct json *json, struct identity *id,
		 struct err *err)
{
	struct err why = ERR_INIT;
	const char *text;

	if (json_get_str(json, "addr", &text, err) < 0)
		return -1;
	id->dhcp = strcmp(text, "dhcp") == 0;
	if (id->dhcp)
		return 0;
	if (parse_inet_prefix(text, &id->addr, &id->prefix, &why) < 0)
		return err_set(err, ERR_PROTOCOL, "addr: %s", why.text);
	if (!parse_inet_is_host(&id->addr, id->prefix))
		return err_set(err, ERR_PROTOCOL,
			       "addr is no address of a host");
	return 0;
}

static bool _is_link_local(const struct inet *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe &&
	       (a->bytes[1] & 0xc0) == 0x80;
}

static int _gw(const struct json *json, struct identity *id, struct err *err)
{
	struct err why = ERR_INIT;
	const char *text;

	if (json_get_str_or(json, "gw", NULL, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (id->dhcp)
		return err_set(err, ERR_PROTOCOL, "gw together with dhcp");
	if (parse_inet(text, &id->gw, &why) < 0)
		return err_set(err, ERR_PROTOCOL, "gw: %s", why.text);
	if (id->gw.family != id->addr.family ||
	    !parse_inet_is_host(&id->gw, id->prefix) ||
	    parse_inet_same_net(&id->gw, &id->addr,
				id->addr.family == AF_INET ? 32 : 128))
		return err_set(err, ERR_PROTOCOL, "gw is no router of addr");
	if (!parse_inet_same_net(&id->gw, &id->addr, id->prefix) &&
	    !_is_link_local(&id->gw))
		return err_set(err, ERR_PROTOCOL, "gw is not in addr's net");
	id->has_gw = true;
	return 0;
}

/* The elements of an optional array of strings; *count is 0 without it. */
static int _list(const struct json *json, const char *key, size_t max,
		 const struct json **list, unsigned *count, struct err *err)
{
	*list = json_get(json, key);
	*count = 0;
	if (!*list)
		return 0;
	if (!json_is_array(*list))
		return err_set(err, ERR_PROTOCOL, "%s is not an array", key);
	if (json_count(*list) > max)
		return err_set(err, ERR_PROTOCOL, "%s has more than %zu", key,
			       max);
	for (size_t i = 0; i < json_count(*list); i++)
		if (!json_str(json_at(*list, i)))
			return err_set(err, ERR_PROTOCOL,
				       "%s has an element that is no string",
				       key);
	*count = (unsigned) json_count(*list);
	return 0;
}

static int _dns(const struct json *json, struct identity *id,
		struct err *err)
{
	const struct json *list;
	struct err why = ERR_INIT;

	if (_list(json, "dns", IDENTITY_DNS_MAX, &list, &id->dns_count, err) <
	    0)
		return -1;
	for (unsigned i = 0; i < id->dns_count; i++)
		if (parse_inet(json_str(json_at(list, i)), &id->dns[i],
			       &why) < 0)
			return err_set(err, ERR_PROTOCOL, "dns: %s",
				       why.text);
	return 0;
}

static int _mtu(const struct json *json, struct identity *id,
		struct err *err)
{
	int64_t least = !id->dhcp && id->addr.family == AF_INET6 ? 1280 : 576;
	int64_t mtu = 0;

	if (!json_get(json, "mtu"))
		return 0;
	if (json_get_int(json, "mtu", least, 9216, &mtu, err) < 0)
		return -1;
	id->mtu = (unsigned) mtu;
	return 0;
}

static int _servers(const struct json *json, struct identity *id,
		    struct err *err)
{
	const char *text;

	if (json_get_str_or(json, "conf_server", NULL, &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (!slurmd_is_servers(text))
		return err_set(err, ERR_PROTOCOL,
			       "conf_server is not host[:port],...");
	(void) snprintf(id->conf_server, sizeof(id->conf_server), "%s", text);
	return 0;
}

static int _options(const struct json *json, struct identity *id,
		    struct err *err)
{
	const struct json *list;

	if (_list(json, "slurmd", SLURMD_OPTIONS_MAX, &list,
		  &id->option_count, err) < 0)
		return -1;
	for (unsigned i = 0; i < id->option_count; i++) {
		const char *text = json_str(json_at(list, i));

		if (!slurmd_option_allowed(text))
			return err_set(err, ERR_PROTOCOL,
				       "slurmd option %u is not allowed", i);
		(void) snprintf(id->options[i], sizeof(id->options[i]), "%s",
				text);
	}
	return 0;
}

static int _seed(const struct json *json, struct identity *id,
		 struct err *err)
{
	const char *text;

	if (json_get_str(json, "seed", &text, err) < 0)
		return -1;
	if (parse_hex(text, id->seed, sizeof(id->seed), NULL) < 0)
		return err_set(err, ERR_PROTOCOL,
			       "seed is not %d hexadecimal digits",
			       2 * IDENTITY_SEED);
	return 0;
}

int identity_parse(const char *text, size_t len, struct identity *out,
		   struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct identity id;
	int rc;

	memset(&id, 0, sizeof(id));
	if (_check_bytes(text, len, err) < 0)
		return -1;
	json = json_parse(text, len, err);
	if (!json)
		return -1;
	rc = _check_keys(json, text, len, err) < 0 ||
	     _names(json, &id, err) < 0 || _times(json, &id, err) < 0 ||
	     _addr(json, &id, err) < 0 || _gw(json, &id, err) < 0 ||
	     _dns(json, &id, err) < 0 || _mtu(json, &id, err) < 0 ||
	     _servers(json, &id, err) < 0 || _options(json, &id, err) < 0 ||
	     _seed(json, &id, err) < 0 ? -1 : 0;
	json_wipe(json, "seed");
	if (rc == 0)
		*out = id;
	explicit_bzero(id.seed, sizeof(id.seed));
	return rc;
}
