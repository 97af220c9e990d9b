/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entropy - see entropy.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "entropy.h"

#define POOL_MAX 64

/* struct rand_pool_info with its room. */
struct pool {
	int entropy_count;	/* bits */
	int buf_size;		/* bytes */
	uint8_t bytes[POOL_MAX];
};

#ifdef __x86_64__
#define RDRAND_TRIES 10	/* Intel's manual: enough unless it is broken */

__attribute__((target("rdrnd"))) static int _rdrand(uint64_t *out)
{
	unsigned long long value;

	for (int i = 0; i < RDRAND_TRIES; i++) {
		if (_rdrand64_step(&value)) {
			*out = value;
			return 1;
		}
	}
	return 0;
}

static int _has_rdrand(void)
{
	unsigned a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND);
}
#else
static int _rdrand(uint64_t *out)
{
	(void) out;
	return 0;
}

static int _has_rdrand(void)
{
	return 0;
}
#endif

size_t entropy_hardware(uint8_t *out, size_t len)
{
	uint64_t word;
	size_t n = 0;

	if (!_has_rdrand())
		return 0;
	while (n + sizeof(word) <= len && _rdrand(&word)) {
		memcpy(out + n, &word, sizeof(word));
		n += sizeof(word);
	}
	return n;
}

static int _add(int fd, const uint8_t *bytes, size_t len, int bits,
		struct err *err)
{
	struct pool pool = { .entropy_count = bits, .buf_size = (int) len };
	int rc;

	memcpy(pool.bytes, bytes, len);
	rc = ioctl(fd, RNDADDENTROPY, &pool);
	explicit_bzero(&pool, sizeof(pool));
	if (rc < 0)
		return err_errno(err, ERR_FATAL, errno, "RNDADDENTROPY");
	return 0;
}

int entropy_reseed(const uint8_t *seed, size_t len, struct err *err)
{
	cleanup_close int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	uint8_t bytes[ENTROPY_HARDWARE];
	size_t got = entropy_hardware(bytes, sizeof(bytes));
	int rc;

	if (fd < 0)
		return err_errno(err, ERR_FATAL, errno, "open /dev/urandom");
	if (len > POOL_MAX)
		return err_set(err, ERR_FATAL, "seed of %zu bytes", len);
	if (_add(fd, seed, len, 0, err) < 0)
		return -1;
	rc = got ? _add(fd, bytes, got, (int) got * 8, err) : 0;
	explicit_bzero(bytes, sizeof(bytes));
	if (rc < 0)
		return -1;
	if (ioctl(fd, RNDRESEEDCRNG) < 0)
		return err_errno(err, ERR_FATAL, errno, "RNDRESEEDCRNG");
	return 0;
}
