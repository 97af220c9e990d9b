/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network - gives the clone its network: card, link, address, route, MTU,
 * name servers, announcement; or a DHCP client in place of the middle.
 */
#ifndef SCLONE_GUEST_NETWORK_H
#define SCLONE_GUEST_NETWORK_H

#include <net/if.h>

#include "common/base/err.h"
#include "identity.h"
#include "nic.h"
#include "settings.h"

/*
 * Bind the cards and set up the main one as the identity says; name gets its
 * interface. Waits for the link, by event, within LinkTime.
 */
int network_start(const struct settings *settings, struct nics *nics,
		  const struct identity *identity, char name[IF_NAMESIZE],
		  struct err *err);

#endif
