/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network - see network.h. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "announce.h"
#include "command.h"
#include "files.h"
#include "netlink.h"
#include "network.h"

#define DHCP_WORDS 16

/* Run the configured client, split at blanks, %i being the interface. */
static int _dhcp(const struct settings *settings, char *name,
		 struct err *err)
{
	cleanup_free char *line = strdup(settings->dhcp);
	const char *argv[DHCP_WORDS + 1] = { NULL };
	struct command command = { .argv = argv,
				   .limit_s = settings->dhcp_time };
	char *save = NULL;
	size_t n = 0;

	if (!line)
		return err_nomem(err);
	for (char *word = strtok_r(line, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (n == DHCP_WORDS)
			return err_set(err, ERR_CONFIG,
				       "DhcpClient has more than %d words",
				       DHCP_WORDS);
		argv[n++] = strcmp(word, "%i") == 0 ? name : word;
	}
	return command_must(&command, err);
}

static int _dns(const struct settings *settings,
		const struct identity *identity, struct err *err)
{
	char addr[INET_TEXT_SIZE];
	cleanup_buf struct buf text;

	buf_init(&text, 1024);
	if (!identity->dns_count)
		return 0;
	for (unsigned i = 0; i < identity->dns_count; i++) {
		parse_print_inet(&identity->dns[i], addr);
		buf_printf(&text, "nameserver %s\n", addr);
	}
	if (buf_ok(&text, "name servers", err) < 0)
		return -1;
	return files_replace(settings->resolv_conf, buf_str(&text), err);
}

static int _address(const struct identity *identity, const char *name,
		    int ifindex, struct err *err)
{
	struct err why = ERR_INIT;

	if (netlink_add_address(ifindex, &identity->addr, identity->prefix,
				err) < 0)
		return -1;
	if (identity->has_gw &&
	    netlink_add_default(ifindex, &identity->gw, err) < 0)
		return -1;
	if (announce_address(name, ifindex, &identity->addr, &why) < 0)
		log_warn("not announced to the neighbours: %s", why.text);
	return 0;
}

int network_start(const struct settings *settings, struct nics *nics,
		  const struct identity *identity, char name[IF_NAMESIZE],
		  struct err *err)
{
	int ifindex;

	if (nic_bind("/sys", nics, err) < 0 ||
	    nic_interface("/sys", nics, name, &ifindex, err) < 0 ||
	    netlink_link_up(ifindex, identity->mtu, err) < 0 ||
	    netlink_wait_link(ifindex, settings->link_time, err) < 0)
		return -1;
	if (identity->dhcp ? _dhcp(settings, name, err) < 0
			   : _address(identity, name, ifindex, err) < 0)
		return -1;
	return _dns(settings, identity, err);
}
