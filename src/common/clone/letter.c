/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/json.h"
#include "letter.h"

#define LETTER_VERSION 1

int letter_seed(struct letter *letter, struct err *err)
{
	if (getrandom(letter->seed, sizeof(letter->seed), 0) !=
	    (ssize_t) sizeof(letter->seed))
		return err_errno(err, ERR_FATAL, errno, "random seed");
	return 0;
}

static int _put_network(struct json *json, const struct config_node *node)
{
	const struct config_set *set = node->set;
	struct json *dns = json_new_array();
	char addr[INET_TEXT_SIZE];
	int rc = 0;

	config_node_addr(node, addr);
	rc |= json_put_str(json, "addr", addr);
	if (set->gateway)
		rc |= json_put_str(json, "gw", set->gateway);
	for (size_t i = 0; dns && i < set->dns_count; i++)
		rc |= json_append_str(dns, set->dns[i]);
	rc |= json_put(json, "dns", dns);
	if (set->mtu)
		rc |= json_put_int(json, "mtu", (int64_t) set->mtu);
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
	rc |= json_put_int(json, "v", LETTER_VERSION);
	rc |= json_put_str(json, "cluster", config_global(config)->cluster);
	rc |= json_put_str(json, "node", letter->node);
	rc |= json_put_int(json, "epoch", letter->epoch);
	rc |= json_put_str(json, "template", letter->template);
	rc |= _put_network(json, node);
	if (node->set->conf_server)
		rc |= json_put_str(json, "conf_server",
				   node->set->conf_server);
	rc |= _put_slurmd(json, node->set->slurmd_options);
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
