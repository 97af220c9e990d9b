/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network - see network.h. */
#include <errno.h>
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

static int _names(const struct settings *settings,
		  const struct identity *identity, struct err *err)
{
	char addr[INET_TEXT_SIZE];
	cleanup_buf struct buf text;

	buf_init(&text, 1024);
	if (!identity->dns_count)
		return 0;
	for (unsigned i = 0; i < identity->search_count; i++)
		buf_printf(&text, "%s%s", i ? " " : "search ",
			   identity->search[i]);
	if (identity->search_count)
		buf_puts(&text, "\n");
	for (unsigned i = 0; i < identity->dns_count; i++) {
		parse_print_inet(&identity->dns[i], addr);
		buf_printf(&text, "nameserver %s\n", addr);
	}
	if (buf_ok(&text, "name servers", err) < 0)
		return -1;
	return files_replace(settings->resolv_conf, buf_str(&text), err);
}

static int _address(const struct identity_nic *nic, int ifindex,
		    struct err *err)
{
	struct err why = ERR_INIT;

	if (netlink_add_address(ifindex, &nic->addr, nic->prefix, err) < 0)
		return -1;
	if (nic->has_gw && netlink_add_default(ifindex, &nic->gw, err) < 0)
		return -1;
	for (unsigned i = 0; i < nic->route_count; i++)
		if (netlink_add_route(ifindex, &nic->routes[i], err) < 0)
			return -1;
	if (announce_address(ifindex, &nic->addr, &why) < 0)
		log_warn("not announced to the neighbours: %s", why.text);
	return 0;
}

/* What it is called now: udev renames a card when it likes. */
static int _name(int ifindex, char name[IF_NAMESIZE], struct err *err)
{
	if (!if_indextoname((unsigned) ifindex, name))
		return err_errno(err, ERR_FATAL, errno, "interface %d",
				 ifindex);
	return 0;
}

static int _check_mac(const struct identity_nic *nic, int ifindex,
		      struct err *err)
{
	char name[IF_NAMESIZE], is[MAC_TEXT_SIZE], must[MAC_TEXT_SIZE];
	struct mac mac;

	if (!nic->has_mac)
		return 0;
	if (netlink_mac(ifindex, &mac, err) < 0)
		return -1;
	if (mac_equal(&mac, &nic->mac))
		return 0;
	if (_name(ifindex, name, err) < 0)
		return -1;
	mac_print(&mac, is);
	mac_print(&nic->mac, must);
	return err_set(err, ERR_CONFIG, "%s has the MAC address %s, and must "
		       "have %s", name, is, must);
}

/* Find the card's interface and begin to bring its link up. */
static int _raise(const char *sysfs, const struct nics *nics,
		  const struct identity_nic *nic, int *ifindex,
		  struct err *err)
{
	const struct nic *card =
		nic_pick(nics, nic->has_source ? &nic->source : NULL, err);

	if (!card || nic_interface(sysfs, card, ifindex, err) < 0 ||
	    _check_mac(nic, *ifindex, err) < 0)
		return -1;
	return netlink_link_up(*ifindex, nic->mtu, err);
}

static int _set_up(const struct settings *settings,
		   const struct identity_nic *nic, int ifindex,
		   struct err *err)
{
	char name[IF_NAMESIZE];

	if (netlink_wait_link(ifindex, settings->link_time, err) < 0)
		return -1;
	if (!nic->dhcp)
		return _address(nic, ifindex, err);
	if (_name(ifindex, name, err) < 0)
		return -1;
	return _dhcp(settings, name, err);
}

int network_start(const char *sysfs, const struct settings *settings,
		  struct nics *nics, const struct identity *identity,
		  struct network *network, struct err *err)
{
	int ifindex[IDENTITY_NICS_MAX];

	if (nic_bind(sysfs, nics, err) < 0)
		return -1;
	/* All links come up at the same time. */
	for (unsigned i = 0; i < identity->nic_count; i++)
		if (_raise(sysfs, nics, &identity->nics[i], &ifindex[i],
			   err) < 0)
			return err_wrap(err, "card %s",
					identity->nics[i].name);
	for (unsigned i = 0; i < identity->nic_count; i++)
		if (_set_up(settings, &identity->nics[i], ifindex[i],
			    err) < 0)
			return err_wrap(err, "card %s",
					identity->nics[i].name);
	for (unsigned i = 0; i < identity->nic_count; i++)
		if (_name(ifindex[i], network->interfaces[i], err) < 0)
			return -1;
	return _names(settings, identity, err);
}
