/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest - SHA-256, HMAC-SHA-256 and name-based UUIDs; the only user of
 * nettle. Nothing here can fail.
 */
#ifndef SCLONE_BASE_DIGEST_H
#define SCLONE_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_TEXT_SIZE (2 * DIGEST_SIZE + 1)
#define UUID_TEXT_SIZE 37

void digest_sha256(const void *bytes, size_t len, uint8_t out[DIGEST_SIZE]);

/* RFC 2104 with SHA-256. */
void digest_hmac(const void *key, size_t key_len, const void *bytes,
		 size_t len, uint8_t out[DIGEST_SIZE]);

/* Compare in a time that does not depend on where they differ. */
bool digest_equal(const uint8_t *a, const uint8_t *b, size_t len);

/*
 * UUID version 5 (RFC 9562 section 5.5) of a name in a name space given as
 * 16 bytes; canonical lower-case text to out.
 */
void digest_uuid5(const uint8_t space[16], const void *name, size_t len,
		  char out[UUID_TEXT_SIZE]);

#endif
