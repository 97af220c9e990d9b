/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/json.h"
#include "letter.h"

#define VERSION_PLAIN 1
#define VERSION_CARDS 2

int letter_seed(struct letter *letter, struct err *err)
{
	if (getrandom(letter->seed, sizeof(letter->seed), 0) !=
	    (ssize_t) sizeof(letter->seed))
		return err_errno(err, ERR_FATAL, errno, "random seed");
	return 0;
}

/* Whether version 1 can say all of it. */
static bool _is_plain(const struct config_set *set)
{
	return set->card_count == 1 && !set->own.route_count &&
	       !set->own.mac_text && !set->search_count;
}

/* The keys of both versions. */
static int _put_addr(struct json *json, const struct config_nic *nic,
		     size_t place)
{
	char addr[INET_TEXT_SIZE];
	int rc = 0;

	config_nic_addr(nic, place, addr);
	rc |= json_put_str(json, "addr", addr);
	if (nic->gateway)
		rc |= json_put_str(json, "gw", nic->gateway);
	if (nic->mtu)
		rc |= json_put_int(json, "mtu", (int64_t) nic->mtu);
	return rc;
}

static int _put_routes(struct json *json, const struct config_nic *nic)
{
	struct json *list = json_new_array();
	char text[ROUTE_TEXT_SIZE];
	int rc = 0;

	for (size_t i = 0; list && i < nic->route_count; i++) {
		route_print(&nic->routes[i], text);
		rc |= json_append_str(list, text);
	}
	return rc | json_put(json, "routes", list);
}

static struct json *_card(const struct letter *letter,
			  const struct config_node *node, size_t i)
{
	const struct config_nic *nic = node->set->cards[i].nic;
	size_t place = config_node_place(node, i);
	cleanup_json struct json *json = json_new_object();
	char text[MAC_TEXT_SIZE];
	struct mac mac;
	int rc = 0;

	if (!json)
		return NULL;
	rc |= json_put_str(json, "name", config_nic_name(nic));
	if (letter->sources[i][0])
		rc |= json_put_str(json, "source", letter->sources[i]);
	if (config_nic_mac(nic, place, &mac)) {
		mac_print(&mac, text);
		rc |= json_put_str(json, "mac", text);
	}
	rc |= _put_addr(json, nic, place);
	if (nic->route_count)
		rc |= _put_routes(json, nic);
	return rc ? NULL : steal_ptr(&json);
}

static int _put_cards(struct json *json, const struct letter *letter,
		      const struct config_node *node)
{
	struct json *list = json_new_array();
	int rc = 0;

	for (size_t i = 0; list && i < node->set->card_count; i++)
		rc |= json_append(list, _card(letter, node, i));
	return rc | json_put(json, "nics", list);
}

static int _put_texts(struct json *json, const char *key, char *const *texts,
		      size_t count)
{
	struct json *list = json_new_array();
	int rc = 0;

	for (size_t i = 0; list && i < count; i++)
		rc |= json_append_str(list, texts[i]);
	return rc | json_put(json, key, list);
}

static int _put_network(struct json *json, const struct letter *letter,
			const struct config_node *node)
{
	const struct config_set *set = node->set;
	int rc = _is_plain(set) ? _put_addr(json, &set->own, node->index)
				: _put_cards(json, letter, node);

	rc |= _put_texts(json, "dns", set->dns, set->dns_count);
	if (set->search_count)
		rc |= _put_texts(json, "search", set->search,
				 set->search_count);
	return rc;
}

/* slurmd's options as an array: they are separated by blanks. */
static int _put_slurmd(struct json *json, const char *options)
{
	struct json *list = json_new_array();
	int rc = 0;

	while (list && options && *options) {
		size_t len = strcspn(options, " ");
		cleanup_free char *option = strndup(options, len);

		if (!option || (len && json_append_str(list, option) < 0))
			rc = -1;
		options += len + strspn(options + len, " ");
	}
	return rc | json_put(json, "slurmd", list);
}

static int _put_all(struct json *json, const struct letter *letter,
		    const struct config *config,
		    const struct config_node *node)
{
	char seed[2 * LETTER_SEED_SIZE + 1];
	int rc = 0;

	parse_print_hex(letter->seed, LETTER_SEED_SIZE, seed);
	rc |= json_put_int(json, "v", _is_plain(node->set) ? VERSION_PLAIN
							     : VERSION_CARDS);
	rc |= json_put_str(json, "cluster", config_global(config)->cluster);
	rc |= json_put_str(json, "node", letter->node);
	rc |= json_put_int(json, "epoch", letter->epoch);
	rc |= json_put_str(json, "template", letter->template);
	rc |= _put_network(json, letter, node);
	if (node->set->conf_server)
		rc |= json_put_str(json, "conf_server",
				   node->set->conf_server);
	rc |= _put_slurmd(json, node->set->slurmd_options);
	if (letter->shared)
		rc |= json_put_bool(json, "shared", true);
	rc |= json_put_int(json, "time", letter->time);
	rc |= json_put_int(json, "not_after", letter->not_after);
	rc |= json_put_str(json, "seed", seed);
	return rc;
}

int letter_print(const struct letter *letter, const struct config *config,
		 struct buf *out, struct err *err)
{
	const struct config_node *node = config_node(config, letter->node);
	cleanup_json struct json *json = json_new_object();
	size_t start = out->len;

	if (!node)
		return err_set(err, ERR_CONFIG,
			       "node %s is not in the configuration",
			       letter->node);
	if (!json || _put_all(json, letter, config, node) < 0)
		return err_nomem(err);
	json_print(json, out);
	if (!out->failed && out->len - start > LETTER_MAX)
		return err_set(err, ERR_FATAL,
			       "identity of %s is longer than %d bytes",
			       letter->node, LETTER_MAX);
	return buf_ok(out, "identity", err);
}
