/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_nic - one network card of a list of nodes, as sclone.conf describes
 * it: the card of a NodeName= line itself, or a further one from a NicName=
 * line. What counts up over the nodes (addresses, MAC addresses) is a range
 * that no other card of the file may overlap.
 */
#ifndef SCLONE_CLONE_CONFIG_NIC_H
#define SCLONE_CLONE_CONFIG_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/hostlist.h"
#include "common/base/mac.h"
#include "common/base/parse.h"
#include "common/base/route.h"

#define CONFIG_NICS_MAX 4	/* cards of one node */
#define CONFIG_ROUTES_MAX 16	/* of one card */
#define CONFIG_NIC_OWN "node"	/* a NodeName= line's own card */

/* Where the nodes get their addresses. */
enum config_addr { CONFIG_ADDR_DHCP, CONFIG_ADDR_RANGE };

struct config_nic {
	char *name;			/* NULL: CONFIG_NIC_OWN */
	char *nodes_text;		/* of a NicName= line; else NULL */
	struct hostlist *nodes;
	char *addr_text;
	enum config_addr addr_kind;
	struct inet addr;		/* of the first node */
	struct inet last;		/* of the last one */
	unsigned prefix;
	char *gateway;			/* or NULL */
	char *routes_text;
	struct route routes[CONFIG_ROUTES_MAX];
	size_t route_count;
	uint64_t mtu;			/* 0: the card's own */
	char *network;		/* inventory path; NULL: the source's */
	char *mac_text;			/* NULL: vCenter makes one */
	struct mac mac;			/* of the first node */
	struct mac mac_last;
	unsigned line;
};

/* Judge and expand what was read for this many nodes; addr_key is the
 * address's key on this line. CONFIG. */
int config_nic_check(const struct conf_line *line, const char *addr_key,
		     size_t count, struct config_nic *nic, struct err *err);

/* Whether the cards of a file leave each other their addresses. CONFIG. */
int config_nic_compare(const char *file, const struct config_nic *const *nics,
		       size_t count, struct err *err);

/* Storage of the nic, or static. */
const char *config_nic_name(const struct config_nic *nic);

/* "10.20.0.7/16", or "dhcp", of the index-th node; INET_TEXT_SIZE bytes. */
void config_nic_addr(const struct config_nic *nic, size_t index, char *out);

/* The index-th node's MAC address; false: vCenter makes one. */
bool config_nic_mac(const struct config_nic *nic, size_t index,
		    struct mac *out);

/* Whether one of the nodes has the address. */
bool config_nic_has(const struct config_nic *nic, const struct inet *addr);

#endif
