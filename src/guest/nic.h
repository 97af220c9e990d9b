/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic - the machine's network cards, taken from their drivers before the
 * freeze and given back after it, so that no clone ever wakes with its
 * source's MAC address (a driver reads it when it binds).
 */
#ifndef SCLONE_GUEST_NIC_H
#define SCLONE_GUEST_NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/mac.h"

#define NIC_MAX 8
#define NIC_TEXT 128
#define NIC_NONE NIC_MAX	/* no index */

struct nic {
	char name[IF_NAMESIZE];	/* before the freeze */
	char bus[NIC_TEXT];	/* "pci" */
	char device[NIC_TEXT];	/* "0000:03:00.0" */
	char driver[NIC_TEXT];	/* "vmxnet3" */
	bool has_mac;
	struct mac mac;		/* before the freeze: the source's */
	bool bound;
	bool touched;		/* its link was set down, or more */
};

struct nics {
	size_t count;
	size_t main;	/* the one for a node that has one card; NIC_NONE:
			 * there are several, and none is named */
	struct nic list[NIC_MAX];
};

/*
 * Find the cards with a driver under sysfs (its root, "/sys"). wanted is
 * the main one's interface, or "auto". CONFIG.
 */
int nic_find(const char *sysfs, const char *wanted, struct nics *nics,
	     struct err *err);

/* Set all links down and unbind all cards. FATAL; call nic_bind then. */
int nic_unbind(const char *sysfs, struct nics *nics, struct err *err);

/* Bind all that are unbound; one that cannot be keeps no other from it. FATAL,
 * of the last one. */
int nic_bind(const char *sysfs, struct nics *nics, struct err *err);

/* The card that had this MAC address in the source; NULL: the main one.
 * CONFIG when there is none. */
const struct nic *nic_pick(const struct nics *nics, const struct mac *source,
			   struct err *err);

/* The index of a bound card's interface. It may have a new name, and udev may
 * give it another one at any moment. FATAL. */
int nic_interface(const char *sysfs, const struct nic *nic, int *ifindex,
		  struct err *err);

#endif
