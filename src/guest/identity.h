/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity - what the controller tells a clone through guestinfo.sclone:
 * one line of JSON, read once. Pure: text in, checked values out.
 *
 * The text comes from outside the guest and every value is treated as
 * hostile: unknown, repeated or missing keys, wrong types, control
 * characters and values out of range refuse the whole identity. So does a
 * version that is not known: what it might say cannot be guessed.
 */
#ifndef SCLONE_GUEST_IDENTITY_H
#define SCLONE_GUEST_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/parse.h"
#include "common/base/slurmd.h"
#include "identity_nic.h"

#define IDENTITY_MAX 8192	/* bytes of the line */
#define IDENTITY_VERSION 2	/* the newest; 1 is known as well */
#define IDENTITY_NICS_MAX 4
#define IDENTITY_SEARCH_MAX 6	/* domains; 256 bytes of them in all */
#define IDENTITY_DNS_MAX 3	/* what a resolver reads, resolv.conf(5) */
#define IDENTITY_SEED 32	/* bytes */
#define IDENTITY_LIFE_MAX (INT64_C(24) * 3600 * 1000000)

struct identity {
	int64_t version;
	char cluster[IDENTITY_NAME_MAX + 1];
	char node[IDENTITY_NAME_MAX + 1];
	char template[IDENTITY_NAME_MAX + 1];
	int64_t epoch;		/* µs, names this cycle of the node */
	int64_t time;		/* µs since 1970, when it was written */
	int64_t not_after;	/* µs since 1970, useless from then on */
	bool shared;		/* for several jobs: release does nothing */
	unsigned nic_count;	/* at least 1; the first is the node's own */
	struct identity_nic nics[IDENTITY_NICS_MAX];
	unsigned dns_count;
	struct inet dns[IDENTITY_DNS_MAX];
	unsigned search_count;
	char search[IDENTITY_SEARCH_MAX][256];
	char conf_server[SLURMD_SERVERS_MAX + 1];	/* "": none */
	unsigned option_count;
	char options[SLURMD_OPTIONS_MAX][SLURMD_OPTION_MAX + 1];
	uint8_t seed[IDENTITY_SEED];
};

/* Fill *out from the line. PROTOCOL with the key at fault; *out is then
 * untouched. */
int identity_parse(const char *text, size_t len, struct identity *out,
		   struct err *err);

#endif
