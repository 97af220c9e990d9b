/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mac - Ethernet addresses: read, written, counted. Which of them a site may
 * use is for the caller to know.
 */
#ifndef SCLONE_BASE_MAC_H
#define SCLONE_BASE_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define MAC_TEXT_SIZE 18

struct mac {
	uint8_t bytes[6];
};

/* Six pairs of hexadecimal digits, either case, with colons between. CONFIG;
 * *out is then untouched. */
int mac_parse(const char *text, struct mac *out, struct err *err);

/* Lower case. */
void mac_print(const struct mac *mac, char out[MAC_TEXT_SIZE]);

/* As a number, for ranges. */
uint64_t mac_value(const struct mac *mac);

bool mac_equal(const struct mac *a, const struct mac *b);

/* Of one card: neither a group's nor nobody's. */
bool mac_is_unicast(const struct mac *mac);

/* The one n above; counts on past the last byte, and CONFIG past the end. */
int mac_add(const struct mac *mac, uint64_t n, struct mac *out,
	    struct err *err);

#endif
