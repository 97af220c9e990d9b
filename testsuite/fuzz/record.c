/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's record from the journal: what is read is written as what is read
 * again, without a difference. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/rules/record.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_free char *line = strndup((const char *) bytes, len);
	struct record first, second;
	struct err err = ERR_INIT;
	cleanup_buf struct buf a;
	cleanup_buf struct buf b;

	buf_init(&a, RECORD_LINE_MAX);
	buf_init(&b, RECORD_LINE_MAX);
	fuzz_must(line != NULL);
	if (record_decode(line, &first, &err)) {
		fuzz_must(err.code && err.text[0]);
		return 0;
	}
	record_encode(&first, &a);
	fuzz_must(!a.failed);
	fuzz_must(!record_decode(buf_str(&a), &second, &err));
	record_encode(&second, &b);
	fuzz_must(!strcmp(buf_str(&a), buf_str(&b)));
	return 0;
}
