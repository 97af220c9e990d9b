/* SPDX-License-Identifier: GPL-2.0-or-later */
/* identity - see identity.h. */
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/parse.h"
#include "common/base/slurmd.h"
#include "identity.h"
#include "members.h"

/* 2020-01-01 and 2200-01-01: a time outside is a mistake of units. */
#define TIME_MIN INT64_C(1577836800000000)
#define TIME_MAX INT64_C(7258118400000000)

static const char *const _known_plain[] = {
	"v",	"cluster", "node",	  "epoch",  "template",
	"addr", "gw",	   "dns",	  "mtu",    "conf_server",
	"time", "slurmd",  "not_after", "seed",   "shared", NULL,
};
static const char *const _known_cards[] = {
	"v",	"cluster", "node",	  "epoch",  "template",
	"nics", "search",  "dns",	  "conf_server",
	"time", "slurmd",  "not_after", "seed",   "shared", NULL,
};

/*
 * A JSON reader keeps the last of two equal keys, another one the first:
 * refuse both. Colons outside strings count the keys; the only objects in an
 * identity are the elements of nics.
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

static size_t _count_all(const struct json *json)
{
	const struct json *nics = json_get(json, "nics");
	size_t keys = json_count(json);

	for (size_t i = 0; json_is_array(nics) && i < json_count(nics); i++)
		if (json_is_object(json_at(nics, i)))
			keys += json_count(json_at(nics, i));
	return keys;
}

static int _check_keys(const struct json *json, const char *text, size_t len,
		       struct identity *id, struct err *err)
{
	if (!json_is_object(json))
		return err_set(err, ERR_PROTOCOL, "not a JSON object");
	if (_count_keys(text, len) != _count_all(json))
		return err_set(err, ERR_PROTOCOL, "a key stands twice");
	if (json_get_int(json, "v", 1, IDENTITY_VERSION, &id->version,
			 err) < 0)
		return -1;
	return members_known(json, id->version > 1 ? _known_cards
						   : _known_plain, err);
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
	if (_name(json, "cluster", id->cluster, err) < 0 ||
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

static int _dns(const struct json *json, struct identity *id,
		struct err *err)
{
	const struct json *list;
	struct err why = ERR_INIT;

	if (members_strings(json, "dns", IDENTITY_DNS_MAX, &list,
			    &id->dns_count, err) < 0)
		return -1;
	for (unsigned i = 0; i < id->dns_count; i++)
		if (parse_inet(json_str(json_at(list, i)), &id->dns[i],
			       &why) < 0)
			return err_set(err, ERR_PROTOCOL, "dns: %s",
				       why.text);
	return 0;
}

static int _search(const struct json *json, struct identity *id,
		   struct err *err)
{
	const struct json *list;
	size_t bytes = 0;

	if (members_strings(json, "search", IDENTITY_SEARCH_MAX, &list,
			    &id->search_count, err) < 0)
		return -1;
	for (unsigned i = 0; i < id->search_count; i++) {
		const char *text = json_str(json_at(list, i));

		bytes += strlen(text) + 1;
		if (bytes > sizeof(id->search[i]) ||
		    !parse_is_name(text, sizeof(id->search[i]) - 1))
			return err_set(err, ERR_PROTOCOL,
				       "search %u is no domain, or too long",
				       i);
		(void) snprintf(id->search[i], sizeof(id->search[i]), "%s",
				text);
	}
	return 0;
}

/* Two entries for one card, or two default routes, contradict each other. */
static int _differ(const struct identity *id, unsigned at, struct err *err)
{
	const struct identity_nic *nic = &id->nics[at];

	for (unsigned i = 0; i < at; i++) {
		const struct identity_nic *other = &id->nics[i];

		if (!strcmp(nic->name, other->name) ||
		    mac_equal(&nic->source, &other->source))
			return err_set(err, ERR_PROTOCOL,
				       "nics: %s stands twice", nic->name);
		if (nic->has_gw && other->has_gw &&
		    nic->gw.family == other->gw.family)
			return err_set(err, ERR_PROTOCOL,
				       "nics: %s has a second gw", nic->name);
	}
	return 0;
}

static int _cards(const struct json *json, struct identity *id,
		  struct err *err)
{
	const struct json *list = json_get(json, "nics");

	if (!json_is_array(list) || !json_count(list) ||
	    json_count(list) > IDENTITY_NICS_MAX)
		return err_set(err, ERR_PROTOCOL, "nics is no array of 1 to "
			       "%d", IDENTITY_NICS_MAX);
	id->nic_count = (unsigned) json_count(list);
	for (unsigned i = 0; i < id->nic_count; i++) {
		struct identity_nic *nic = &id->nics[i];

		if (identity_nic_parse(json_at(list, i), nic, err) < 0)
			return err_wrap(err, "nics");
		if (id->nic_count > 1 && !nic->has_source)
			return err_set(err, ERR_PROTOCOL,
				       "nics: %s does not say its source",
				       nic->name);
		if (_differ(id, i, err) < 0)
			return -1;
	}
	return 0;
}

static int _network(const struct json *json, struct identity *id,
		    struct err *err)
{
	if (id->version > 1)
		return _cards(json, id, err) < 0 ? -1
						 : _search(json, id, err);
	id->nic_count = 1;
	(void) snprintf(id->nics[0].name, sizeof(id->nics[0].name), "node");
	return identity_nic_plain(json, &id->nics[0], err);
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

	if (members_strings(json, "slurmd", SLURMD_OPTIONS_MAX, &list,
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
	rc = _check_keys(json, text, len, &id, err) < 0 ||
	     _names(json, &id, err) < 0 || _times(json, &id, err) < 0 ||
	     _network(json, &id, err) < 0 || _dns(json, &id, err) < 0 ||
	     _servers(json, &id, err) < 0 || _options(json, &id, err) < 0 ||
	     json_get_bool_or(json, "shared", false, &id.shared, err) < 0 ||
	     _seed(json, &id, err) < 0 ? -1 : 0;
	json_wipe(json, "seed");
	if (rc == 0)
		*out = id;
	explicit_bzero(id.seed, sizeof(id.seed));
	return rc;
}
