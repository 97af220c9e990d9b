/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/buf.h"
#include "common/base/parse.h"
#include "text.h"
#include "owner.h"

/* sclone's own name space: a random UUID, fixed for ever. */
static const uint8_t space[16] = {
	0x43, 0xf2, 0x92, 0xef, 0x91, 0xe1, 0x46, 0x14,
	0x98, 0x3a, 0x8b, 0x14, 0x20, 0xae, 0x36, 0x70
};

void owner_bios_uuid(const char *cluster, const char *node, uint64_t epoch,
		     char out[UUID_TEXT_SIZE])
{
	char name[OWNER_TEXT_SIZE] = "";

	text_add(name, sizeof(name), cluster);
	text_add(name, sizeof(name), "/");
	text_add(name, sizeof(name), node);
	text_add(name, sizeof(name), "/");
	text_add_number(name, sizeof(name), epoch);
	digest_uuid5(space, name, strlen(name), out);
}

static void _lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char) (*text - 'A' + 'a');
}

static void _hmac(const void *key, size_t key_len, const struct owner *owner,
		  const char *bios_uuid, uint8_t out[DIGEST_SIZE])
{
	char text[OWNER_TEXT_SIZE + UUID_TEXT_SIZE] = "";
	char uuid[UUID_TEXT_SIZE];

	text_set(uuid, bios_uuid);
	_lower(uuid);
	text_add(text, sizeof(text), owner->cluster);
	text_add(text, sizeof(text), "|");
	text_add(text, sizeof(text), owner->node);
	text_add(text, sizeof(text), "|");
	text_add_number(text, sizeof(text), owner->epoch);
	text_add(text, sizeof(text), "|");
	text_add(text, sizeof(text), uuid);
	digest_hmac(key, key_len, text, strlen(text), out);
}

static int _owner_set(struct owner *owner, const char *cluster,
		      const char *node, uint64_t epoch, struct err *err)
{
	if (!parse_is_name(cluster, OWNER_CLUSTER_SIZE - 1))
		return err_set(err, ERR_CONFIG, "'%.60s' is no cluster name "
			       "(at most %d letters, digits, . _ -)", cluster,
			       OWNER_CLUSTER_SIZE - 1);
	if (!parse_is_name(node, OWNER_NODE_SIZE - 1))
		return err_set(err, ERR_CONFIG, "'%.90s' is no node name "
			       "(at most %d letters, digits, . _ -)", node,
			       OWNER_NODE_SIZE - 1);
	text_set(owner->cluster, cluster);
	text_set(owner->node, node);
	owner->epoch = epoch;
	return 0;
}

int owner_make(const void *key, size_t key_len, const char *cluster,
	       const char *node, uint64_t epoch, char out[OWNER_TEXT_SIZE],
	       struct err *err)
{
	char bios_uuid[UUID_TEXT_SIZE];
	char hex[DIGEST_TEXT_SIZE];
	uint8_t mac[DIGEST_SIZE];
	struct owner owner;

	if (_owner_set(&owner, cluster, node, epoch, err) < 0)
		return -1;
	owner_bios_uuid(cluster, node, epoch, bios_uuid);
	_hmac(key, key_len, &owner, bios_uuid, mac);
	parse_print_hex(mac, sizeof(mac), hex);
	text_copy(out, OWNER_TEXT_SIZE, cluster);
	text_add(out, OWNER_TEXT_SIZE, "/");
	text_add(out, OWNER_TEXT_SIZE, node);
	text_add(out, OWNER_TEXT_SIZE, "/");
	text_add_number(out, OWNER_TEXT_SIZE, epoch);
	text_add(out, OWNER_TEXT_SIZE, "/");
	text_add(out, OWNER_TEXT_SIZE, hex);
	return 0;
}

/* Cut "CLUSTER/NODE/EPOCH/HEX" (copied to text) into its four fields. */
static int _split(char *text, char *field[4])
{
	for (int i = 0; i < 4; i++) {
		char *slash = strchr(text, '/');

		field[i] = text;
		if (!slash != (i == 3))
			return -1;
		if (slash) {
			*slash = '\0';
			text = slash + 1;
		}
	}
	return 0;
}

int owner_verify(const void *key, size_t key_len, const char *text,
		 const char *bios_uuid, struct owner *out, struct err *err)
{
	uint8_t want[DIGEST_SIZE], got[DIGEST_SIZE];
	char copy[OWNER_TEXT_SIZE];
	struct owner owner;
	uint64_t epoch;
	char *field[4];

	if (!text || !*text || !text_fits(text, sizeof(copy)))
		return err_set(err, ERR_REFUSED, "no owner key of sclone");
	if (!bios_uuid || !parse_is_uuid(bios_uuid))
		return err_set(err, ERR_REFUSED, "the VM's biosUuid is not "
			       "a UUID");
	text_set(copy, text);
	if (_split(copy, field) < 0 ||
	    parse_u64(field[2], 1, UINT64_MAX, &epoch, NULL) < 0 ||
	    _owner_set(&owner, field[0], field[1], epoch, NULL) < 0 ||
	    parse_hex(field[3], got, sizeof(got), NULL) < 0)
		return err_set(err, ERR_REFUSED, "the owner key is malformed");
	_hmac(key, key_len, &owner, bios_uuid, want);
	if (!digest_equal(want, got, sizeof(want)))
		return err_set(err, ERR_REFUSED, "the owner key does not "
			       "match the VM and sclone.key");
	*out = owner;
	return 0;
}
