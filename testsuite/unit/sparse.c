/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/sparse.h"
#include "tap.h"

#define SIZE 4096

/* Packed and unpacked: the same again? */
static bool _same(const unsigned char *data, size_t size, size_t *took)
{
	struct sparse *sparse = sparse_pack(data, size);
	unsigned char back[SIZE];
	bool same;

	if (!sparse)
		bail_out("out of memory");
	memset(back, 0xa5, sizeof(back));
	sparse_unpack(sparse, back, size);
	same = !memcmp(back, data, size) &&
	       (size == SIZE || back[size] == 0xa5);
	*took = sparse_size(sparse);
	free(sparse);
	return same;
}

static void _test_shapes(void)
{
	unsigned char data[SIZE] = { 0 };
	size_t took;

	ok(_same(data, SIZE, &took) && took <= 32, "nothing but zeros");
	memcpy(data + 1000, "a text", 6);
	ok(_same(data, SIZE, &took) && took <= 64, "one text");
	data[0] = 1;
	ok(_same(data, SIZE, &took), "from the first byte");
	data[SIZE - 1] = 1;
	ok(_same(data, SIZE, &took) && took <= 96, "to the last");
	memset(data, 7, SIZE);
	ok(_same(data, SIZE, &took) && took <= SIZE + 64,
	   "full: hardly more than it was");
	ok(_same(data, 0, &took), "no data at all");
	ok(_same(data, 8, &took), "a single word");
}

/* Every pattern of words that are zero and others, and some long ones. */
static void _test_patterns(void)
{
	unsigned char data[SIZE];
	unsigned bad = 0;
	size_t took;

	for (unsigned bits = 0; bits < 1u << 12; bits++) {
		memset(data, 0, sizeof(data));
		for (unsigned i = 0; i < 12; i++)
			if (bits & 1u << i)
				data[8 * i + bits % 8] = 1;
		bad += !_same(data, 8 * 12, &took);
	}
	is_int(bad, 0, "all patterns of twelve words");
	srand(1);
	for (int round = 0; round < 2000; round++) {
		memset(data, 0, sizeof(data));
		for (int i = rand() % 60; i > 0; i--)
			data[rand() % SIZE] = (unsigned char) rand();
		bad += !_same(data, SIZE, &took) || took > SIZE;
	}
	is_int(bad, 0, "2,000 sparse ones");
}

int main(void)
{
	_test_shapes();
	_test_patterns();
	return done_testing();
}
