/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink - the few requests to the kernel's network that a clone needs
 * (rtnetlink(7)), each acknowledged, and the wait for a link by event.
 */
#ifndef SCLONE_GUEST_NETLINK_H
#define SCLONE_GUEST_NETLINK_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/mac.h"
#include "common/base/parse.h"
#include "common/base/route.h"

/* Set a link up, with an MTU unless it is 0. FATAL. */
int netlink_link_up(int ifindex, unsigned mtu, struct err *err);

/* Set a link down. FATAL. */
int netlink_link_down(int ifindex, struct err *err);

/* A link's own MAC address, by its index: its name may change at any time.
 * FATAL. */
int netlink_mac(int ifindex, struct mac *mac, struct err *err);

/* Wait until the link has its carrier. TRANSIENT when the limit passed. */
int netlink_wait_link(int ifindex, uint64_t limit_s, struct err *err);

/* Give the link an address; IPv6 without duplicate detection, since the
 * controller has given it to nobody else. FATAL. */
int netlink_add_address(int ifindex, const struct inet *addr, unsigned prefix,
			struct err *err);

/* A route through the link. FATAL. */
int netlink_add_route(int ifindex, const struct route *route,
		      struct err *err);

/* The default route of the gateway's family. FATAL. */
int netlink_add_default(int ifindex, const struct inet *gateway,
			struct err *err);

#endif
