/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route - a way to another network, "10.0.0.0/8 via 10.20.255.254". The
 * configuration is checked by these rules, and the guest checks again.
 */
#ifndef SCLONE_BASE_ROUTE_H
#define SCLONE_BASE_ROUTE_H

#include <stdbool.h>

#include "err.h"
#include "parse.h"

#define ROUTE_TEXT_SIZE 112

struct route {
	struct inet net;
	unsigned prefix;	/* 1..32 or 1..128 */
	struct inet via;
};

/* NET/LEN via ADDRESS, parted by blanks; of one family, no bits set behind
 * the prefix. CONFIG; *out is then untouched. */
int route_parse(const char *text, struct route *out, struct err *err);

/* The text that route_parse() reads. */
void route_print(const struct route *route, char out[ROUTE_TEXT_SIZE]);

/*
 * Whether a host with this address can send to that router at once: another
 * host of its network, or, for IPv6, a link-local address.
 */
bool route_is_router(const struct inet *router, const struct inet *addr,
		     unsigned prefix);

#endif
