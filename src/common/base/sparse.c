/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sparse.h"

/*
 * Runs of words of eight bytes: how many zero ones come first, how many
 * others follow, and those. The last run has none that follow.
 */
struct sparse {
	size_t count;
	uint64_t words[];
};

struct run {
	uint32_t zeros, others;
};

static uint64_t _word(const unsigned char *data, size_t index)
{
	uint64_t word;

	memcpy(&word, data + index * sizeof(word), sizeof(word));
	return word;
}

/* The run that begins at this word. */
static struct run _run(const unsigned char *data, size_t count, size_t at)
{
	struct run run = { 0, 0 };

	while (at < count && !_word(data, at)) {
		run.zeros++;
		at++;
	}
	/* A single zero word costs no more than the run it would begin. */
	while (at < count && (_word(data, at) ||
			      (at + 1 < count && _word(data, at + 1)))) {
		run.others++;
		at++;
	}
	return run;
}

/* Returns the words taken; out may be NULL. */
static size_t _pack(const unsigned char *data, size_t count, uint64_t *out)
{
	size_t at = 0, used = 0;
	struct run run;

	do {
		run = _run(data, count, at);
		if (out) {
			memcpy(&out[used], &run, sizeof(run));
			memcpy(&out[used + 1],
			       data + (at + run.zeros) * sizeof(*out),
			       run.others * sizeof(*out));
		}
		at += run.zeros + run.others;
		used += 1 + run.others;
	} while (run.others);
	return used;
}

struct sparse *sparse_pack(const void *data, size_t size)
{
	size_t count = size / sizeof(uint64_t);
	size_t used = _pack(data, count, NULL);
	struct sparse *sparse;

	sparse = malloc(sizeof(*sparse) + used * sizeof(uint64_t));
	if (!sparse)
		return NULL;
	sparse->count = _pack(data, count, sparse->words);
	return sparse;
}

void sparse_unpack(const struct sparse *sparse, void *data, size_t size)
{
	const uint64_t *from = sparse->words;
	unsigned char *to = data;
	struct run run;

	memset(data, 0, size);
	do {
		memcpy(&run, from++, sizeof(run));
		to += run.zeros * sizeof(*from);
		memcpy(to, from, run.others * sizeof(*from));
		to += run.others * sizeof(*from);
		from += run.others;
	} while (run.others);
}

size_t sparse_size(const struct sparse *sparse)
{
	return sizeof(*sparse) + sparse->count * sizeof(uint64_t);
}
