/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "digest.h"
#include "parse.h"

void digest_sha256(const void *bytes, size_t len, uint8_t out[DIGEST_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, bytes);
	sha256_digest(&ctx, DIGEST_SIZE, out);
}

void digest_hmac(const void *key, size_t key_len, const void *bytes,
		 size_t len, uint8_t out[DIGEST_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_len, key);
	hmac_sha256_update(&ctx, len, bytes);
	hmac_sha256_digest(&ctx, DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool digest_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memeql_sec(a, b, len) == 1;
}

void digest_uuid5(const uint8_t space[16], const void *name, size_t len,
		  char out[UUID_TEXT_SIZE])
{
	static const unsigned char group_ends[] = { 4, 6, 8, 10, 16 };
	uint8_t hash[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;
	unsigned from = 0;

	sha1_init(&ctx);
	sha1_update(&ctx, 16, space);
	sha1_update(&ctx, len, name);
	sha1_digest(&ctx, sizeof(hash), hash);
	hash[6] = (hash[6] & 0x0f) | 0x50;	/* version 5 */
	hash[8] = (hash[8] & 0x3f) | 0x80;	/* the RFC's variant */
	for (size_t i = 0; i < sizeof(group_ends); i++) {
		unsigned n = group_ends[i] - from;

		if (from)
			*out++ = '-';
		parse_print_hex(hash + from, n, out);
		out += 2 * n;
		from = group_ends[i];
	}
}
