/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

/* Digits from text up to its end or to a non-digit; false on overflow or
 * when there is none. */
static bool _digits(const char *text, uint64_t *out, const char **end)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned) (*p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	*end = p;
	return p != text;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out,
	      struct err *err)
{
	const char *end;
	uint64_t value;

	if (!_digits(text, &value, &end) || *end || value < min || value > max)
		return err_set(err, ERR_CONFIG,
			       "'%s' is not a number from %" PRIu64
			       " to %" PRIu64, text, min, max);
	*out = value;
	return 0;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *out,
	      struct err *err)
{
	bool negative = text[0] == '-';
	uint64_t limit = negative ? (uint64_t) INT64_MAX + 1 : INT64_MAX;
	const char *end;
	uint64_t size;
	int64_t value;

	if (!_digits(text + negative, &size, &end) || *end || size > limit)
		goto bad;
	value = negative ? (int64_t) (0 - size) : (int64_t) size;
	if (value < min || value > max)
		goto bad;
	*out = value;
	return 0;
bad:
	return err_set(err, ERR_CONFIG,
		       "'%s' is not a number from %" PRId64 " to %" PRId64,
		       text, min, max);
}

int parse_bool(const char *text, bool *out, struct err *err)
{
	if (!strcasecmp(text, "yes"))
		*out = true;
	else if (!strcasecmp(text, "no"))
		*out = false;
	else
		return err_set(err, ERR_CONFIG, "'%s' is neither yes nor no",
			       text);
	return 0;
}

int parse_duration(const char *text, uint64_t min, uint64_t max,
		   uint64_t *out, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "min", 60 }, { "h", 3600 },
		      { "d", 86400 } };
	const char *end;
	uint64_t value;

	if (!_digits(text, &value, &end))
		goto bad;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		if (value > UINT64_MAX / units[i].seconds)
			goto bad;
		value *= units[i].seconds;
		if (value < min || value > max)
			goto bad;
		*out = value;
		return 0;
	}
bad:
	return err_set(err, ERR_CONFIG,
		       "'%s' is not a duration from %" PRIu64 " to %" PRIu64
		       " seconds (units: s, min, h, d)", text, min, max);
}

static int _hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_hex(const char *text, uint8_t *out, size_t len, struct err *err)
{
	bool good = strlen(text) == 2 * len;

	for (size_t i = 0; good && i < 2 * len; i++)
		good = _hex_digit(text[i]) >= 0;
	if (!good)
		return err_set(err, ERR_CONFIG, "not %zu hexadecimal digits",
			       2 * len);
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t) (_hex_digit(text[2 * i]) << 4 |
				    _hex_digit(text[2 * i + 1]));
	return 0;
}

void parse_print_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

bool parse_is_name(const char *text, size_t max)
{
	size_t i;

	if (!isalnum((unsigned char) text[0]))
		return false;
	for (i = 0; text[i]; i++)
		if (i >= max || (unsigned char) text[i] > 127 ||
		    (!isalnum((unsigned char) text[i]) &&
		     !strchr("._-", text[i])))
			return false;
	return true;
}

bool parse_is_uuid(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (i >= 36 || (dash ? text[i] != '-'
				     : _hex_digit(text[i]) < 0))
			return false;
	}
	return i == 36;
}

int parse_inet(const char *text, struct inet *out, struct err *err)
{
	struct inet addr = { .family = AF_INET };

	if (inet_pton(AF_INET, text, addr.bytes) != 1) {
		addr.family = AF_INET6;
		if (inet_pton(AF_INET6, text, addr.bytes) != 1)
			return err_set(err, ERR_CONFIG,
				       "'%s' is not an IP address", text);
	}
	*out = addr;
	return 0;
}

static unsigned _inet_bits(const struct inet *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

int parse_inet_prefix(const char *text, struct inet *out, unsigned *prefix,
		      struct err *err)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	struct inet addr;
	uint64_t len;

	if (!slash || (size_t) (slash - text) >= sizeof(host))
		return err_set(err, ERR_CONFIG,
			       "'%s' is not ADDRESS/PREFIXLENGTH", text);
	memcpy(host, text, (size_t) (slash - text));
	host[slash - text] = '\0';
	if (parse_inet(host, &addr, err) < 0)
		return -1;
	if (parse_u64(slash + 1, 1, _inet_bits(&addr), &len, err) < 0)
		return err_wrap(err, "prefix length of '%s'", text);
	*out = addr;
	*prefix = (unsigned) len;
	return 0;
}

void parse_print_inet(const struct inet *addr, char *out)
{
	if (!inet_ntop(addr->family, addr->bytes, out, INET_TEXT_SIZE))
		out[0] = '\0';
}

bool parse_inet_same_net(const struct inet *a, const struct inet *b,
			 unsigned prefix)
{
	unsigned whole = prefix / 8, bits = prefix % 8;
	unsigned mask = 0xff00U >> bits & 0xffU;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return !bits || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0;
}

/* The bits behind the prefix: all ones, all zeros, or neither? IPv4. */
static bool _is_edge(const struct inet *addr, unsigned prefix, bool ones)
{
	uint32_t value = (uint32_t) addr->bytes[0] << 24 |
			 (uint32_t) addr->bytes[1] << 16 |
			 (uint32_t) addr->bytes[2] << 8 | addr->bytes[3];
	uint32_t host;

	if (addr->family != AF_INET || prefix > 30)
		return false;
	host = UINT32_MAX >> prefix;
	return (value & host) == (ones ? host : 0);
}

bool parse_inet_is_host(const struct inet *addr, unsigned prefix)
{
	static const uint8_t none[16], loop[16] = { [15] = 1 };
	const uint8_t *bytes = addr->bytes;

	if (addr->family == AF_INET6)
		return bytes[0] != 0xff && memcmp(bytes, none, 16) &&
		       memcmp(bytes, loop, 16);
	return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 &&
	       !_is_edge(addr, prefix, false) && !_is_edge(addr, prefix, true);
}

int parse_inet_add(const struct inet *addr, unsigned prefix, uint64_t n,
		   struct inet *out, struct err *err)
{
	struct inet sum = *addr;
	char text[INET_TEXT_SIZE];
	uint64_t carry = n;

	for (unsigned i = _inet_bits(addr) / 8; i-- > 0 && carry;) {
		carry += sum.bytes[i];
		sum.bytes[i] = (uint8_t) carry;
		carry >>= 8;
	}
	if (carry || !parse_inet_same_net(addr, &sum, prefix) ||
	    _is_edge(&sum, prefix, true)) {
		parse_print_inet(addr, text);
		return err_set(err, ERR_CONFIG,
			       "%s/%u has no room for address number %" PRIu64
			       " above it", text, prefix, n);
	}
	*out = sum;
	return 0;
}
