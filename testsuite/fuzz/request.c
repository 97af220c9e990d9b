/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes through the spool and the socket: a request that is taken is
 * written and read again without a difference. */
#include <string.h>

#include "common/ipc/request.h"
#include "common/ipc/wire.h"
#include "fuzz.h"

static void _print(const struct request *request, struct buf *out)
{
	fuzz_must(!request_encode(request, out, NULL));
}

static void _read_request(const char *text, size_t len)
{
	cleanup_request struct request *first = NULL, *second = NULL;
	struct err err = ERR_INIT;
	cleanup_buf struct buf a;
	cleanup_buf struct buf b;

	buf_init(&a, REQUEST_SIZE_MAX);
	buf_init(&b, REQUEST_SIZE_MAX);
	first = request_decode(text, len, &err);
	fuzz_must(first ? !err.code : err.code && err.text[0]);
	if (!first)
		return;
	_print(first, &a);
	second = request_decode(buf_str(&a), a.len, NULL);
	fuzz_must(second != NULL);
	_print(second, &b);
	fuzz_must(!strcmp(buf_str(&a), buf_str(&b)));
}

/* A reply: either no error, or one with a code of ours. */
static void _read_reply(const char *text, size_t len)
{
	cleanup_json struct json *reply = json_parse(text, len, NULL);
	struct err err = ERR_INIT;

	if (reply && wire_get_error(reply, &err))
		fuzz_must(err.code > ERR_NONE && err.code < ERR_CODES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	_read_request((const char *) bytes, len);
	_read_reply((const char *) bytes, len);
	return 0;
}
