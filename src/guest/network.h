/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network - gives the clone its network: for each of its cards link, MTU,
 * address, routes, announcement, or a DHCP client in place of these; then the
 * name servers.
 */
#ifndef SCLONE_GUEST_NETWORK_H
#define SCLONE_GUEST_NETWORK_H

#include <net/if.h>

#include "common/base/err.h"
#include "identity.h"
#include "nic.h"
#include "settings.h"

struct network {
	/* Of each of the identity's cards, in its order: their names when all
	 * were set up. */
	char interfaces[IDENTITY_NICS_MAX][IF_NAMESIZE];
};

/*
 * Bind the cards under sysfs (its root, "/sys") and set them up as the
 * identity says. Waits for the links,
 * by event, within LinkTime each. A card that has not the MAC address it must
 * have is an error: somebody relies on it.
 */
int network_start(const char *sysfs, const struct settings *settings,
		  struct nics *nics, const struct identity *identity,
		  struct network *network, struct err *err);

#endif
