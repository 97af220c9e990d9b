/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * announce - tells the neighbours which MAC address has an IP address now:
 * a gratuitous ARP (RFC 5227, 2.3), an unsolicited neighbour advertisement
 * for IPv6 (RFC 4861, 7.2.6). Names are reused within seconds of a node's
 * destruction, neighbours' caches are not.
 */
#ifndef SCLONE_GUEST_ANNOUNCE_H
#define SCLONE_GUEST_ANNOUNCE_H

#include "common/base/err.h"
#include "common/base/parse.h"

/* Send it once. FATAL; harmless when it fails. */
int announce_address(int ifindex, const struct inet *addr, struct err *err);

#endif
