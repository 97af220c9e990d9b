/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner - which VM is ours: the biosUuid that follows from (cluster, node,
 * epoch), and the owner key that proves it without any journal.
 *
 * VM name = node name. sclone.owner = "CLUSTER/NODE/EPOCH/HEX", HEX =
 * HMAC-SHA-256(key, "CLUSTER|NODE|EPOCH|BIOSUUID"). Names of clusters and
 * nodes hold neither '/' nor '|' (parse_is_name), so both are unambiguous.
 * The biosUuid is inside the HMAC: a key copied to another VM proves nothing.
 */
#ifndef SCLONE_RULES_OWNER_H
#define SCLONE_RULES_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"

#define OWNER_KEY "sclone.owner"	/* in extraConfig */
#define OWNER_CLUSTER_SIZE 41	/* Slurm: 40 characters */
#define OWNER_NODE_SIZE 81	/* vSphere: a VM's name has at most 80 */
#define OWNER_TEXT_SIZE \
	(OWNER_CLUSTER_SIZE + OWNER_NODE_SIZE + 21 + DIGEST_TEXT_SIZE + 3)

struct owner {
	char cluster[OWNER_CLUSTER_SIZE];
	char node[OWNER_NODE_SIZE];
	uint64_t epoch;
};

/* UUIDv5(sclone's name space, "CLUSTER/NODE/EPOCH"). */
void owner_bios_uuid(const char *cluster, const char *node, uint64_t epoch,
		     char out[UUID_TEXT_SIZE]);

/* The owner key's text for that cycle's VM. -1 CONFIG: a name is no name. */
int owner_make(const void *key, size_t key_len, const char *cluster,
	       const char *node, uint64_t epoch, char out[OWNER_TEXT_SIZE],
	       struct err *err);

/*
 * Verify an owner key found on a VM with this biosUuid (either case); *out
 * says whose VM it is. -1 REFUSED when it proves nothing.
 */
int owner_verify(const void *key, size_t key_len, const char *text,
		 const char *bios_uuid, struct owner *out, struct err *err);

#endif
