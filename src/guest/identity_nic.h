/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity_nic - what an identity says of one network card. Version 1 knows
 * one, by keys of the identity itself (addr, gw, mtu); version 2 has a list
 * of objects with these keys and a few more. As hostile as all of it.
 */
#ifndef SCLONE_GUEST_IDENTITY_NIC_H
#define SCLONE_GUEST_IDENTITY_NIC_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/mac.h"
#include "common/base/parse.h"
#include "common/base/route.h"

#define IDENTITY_NAME_MAX 63	/* bytes of a cluster, node, template name */
#define IDENTITY_ROUTES_MAX 16

struct identity_nic {
	char name[IDENTITY_NAME_MAX + 1];
	bool has_source;	/* else the card that Nic= names */
	struct mac source;	/* MAC address of its source's card */
	bool has_mac;
	struct mac mac;		/* that it must have */
	bool dhcp;		/* no address follows */
	struct inet addr;
	unsigned prefix;
	bool has_gw;
	struct inet gw;
	unsigned mtu;		/* 0: as the driver has it */
	unsigned route_count;
	struct route routes[IDENTITY_ROUTES_MAX];
};

/* Fill *nic, which is zeroed, from the keys that both versions have.
 * PROTOCOL with the key at fault. */
int identity_nic_plain(const struct json *json, struct identity_nic *nic,
		       struct err *err);

/* The same from an element of version 2's list, which has no other keys. */
int identity_nic_parse(const struct json *json, struct identity_nic *nic,
		       struct err *err);

#endif
