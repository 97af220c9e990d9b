/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "mac.h"

#define MAC_BITS 48

int mac_parse(const char *text, struct mac *out, struct err *err)
{
	struct mac mac;
	char pair[3] = "";
	bool good = strlen(text) == MAC_TEXT_SIZE - 1;

	for (size_t i = 0; good && i < sizeof(mac.bytes); i++) {
		memcpy(pair, text + 3 * i, 2);
		good = parse_hex(pair, &mac.bytes[i], 1, NULL) == 0 &&
		       text[3 * i + 2] == (i == 5 ? '\0' : ':');
	}
	if (!good)
		return err_set(err, ERR_CONFIG, "'%s' is not a MAC address "
			       "such as 00:50:56:3f:00:01", text);
	*out = mac;
	return 0;
}

void mac_print(const struct mac *mac, char out[MAC_TEXT_SIZE])
{
	const uint8_t *b = mac->bytes;

	(void) snprintf(out, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x",
			b[0], b[1], b[2], b[3], b[4], b[5]);
}

uint64_t mac_value(const struct mac *mac)
{
	uint64_t value = 0;

	for (size_t i = 0; i < sizeof(mac->bytes); i++)
		value = value << 8 | mac->bytes[i];
	return value;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool mac_is_unicast(const struct mac *mac)
{
	return !(mac->bytes[0] & 1) && mac_value(mac) != 0;
}

int mac_add(const struct mac *mac, uint64_t n, struct mac *out,
	    struct err *err)
{
	uint64_t value = mac_value(mac);
	char text[MAC_TEXT_SIZE];

	if (n >> MAC_BITS || (value + n) >> MAC_BITS) {
		mac_print(mac, text);
		return err_set(err, ERR_CONFIG, "there are not that many MAC "
			       "addresses above %s", text);
	}
	value += n;
	for (size_t i = sizeof(out->bytes); i-- > 0; value >>= 8)
		out->bytes[i] = (uint8_t) value;
	return 0;
}
