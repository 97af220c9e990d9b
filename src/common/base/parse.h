/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse - strict readers of small values: numbers, durations, names,
 * addresses. The whole text must be the value; no leading blanks, no rest.
 * On failure *out is untouched and the error (CONFIG) says what is allowed.
 */
#ifndef SCLONE_BASE_PARSE_H
#define SCLONE_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Decimal digits only, min..max. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out,
	      struct err *err);

/* As parse_u64, with an optional leading '-'. */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *out,
	      struct err *err);

/* "yes" or "no", any case. */
int parse_bool(const char *text, bool *out, struct err *err);

/*
 * A duration in seconds: a number with an optional unit s, min, h, d
 * ("90", "15min", "90d"). min and max are in seconds.
 */
int parse_duration(const char *text, uint64_t min, uint64_t max,
		   uint64_t *out, struct err *err);

/* Exactly 2*len hexadecimal digits, either case, to len bytes. */
int parse_hex(const char *text, uint8_t *out, size_t len, struct err *err);

/* 2*len lower-case hexadecimal digits and a NUL to out. */
void parse_print_hex(const uint8_t *bytes, size_t len, char *out);

/*
 * A name as hosts and clusters have it: letters, digits, '.', '_', '-';
 * first character a letter or digit; 1..max bytes (max <= 255).
 */
bool parse_is_name(const char *text, size_t max);

/* A canonical UUID: 8-4-4-4-12 hexadecimal digits, either case. */
bool parse_is_uuid(const char *text);

/* An IP address with its family, in network byte order. */
struct inet {
	int family;		/* AF_INET or AF_INET6 */
	uint8_t bytes[16];	/* 4 or 16 of them in use */
};

#define INET_TEXT_SIZE 64

/* A numeric IPv4 or IPv6 address, no name, no zone, no prefix length. */
int parse_inet(const char *text, struct inet *out, struct err *err);

/* "ADDRESS/LEN"; the prefix length is 1..32 or 1..128. */
int parse_inet_prefix(const char *text, struct inet *out, unsigned *prefix,
		      struct err *err);

/* Whether both are in one network of this prefix length (0..32 or 0..128). */
bool parse_inet_same_net(const struct inet *a, const struct inet *b,
			 unsigned prefix);

/*
 * Whether a host of a network with this prefix length can have the address:
 * not a group's, nobody's or a loopback address; for IPv4 up to /30 neither
 * the network's own nor its broadcast address.
 */
bool parse_inet_is_host(const struct inet *addr, unsigned prefix);

/* Text form; out has INET_TEXT_SIZE bytes. */
void parse_print_inet(const struct inet *addr, char *out);

/*
 * The address n above addr, inside addr's own network of the given prefix
 * length; -1 (CONFIG) when it would leave the network or, for IPv4, be its
 * broadcast address.
 */
int parse_inet_add(const struct inet *addr, unsigned prefix, uint64_t n,
		   struct inet *out, struct err *err);

#endif
