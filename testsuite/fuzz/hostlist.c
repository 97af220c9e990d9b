/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host list is bounded whatever is written, and its short form means the
 * same names. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/hostlist.h"
#include "fuzz.h"

#define NAMES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_free char *text = strndup((const char *) bytes, len);
	cleanup_free char *again = NULL;
	cleanup_hostlist struct hostlist *list = NULL, *back = NULL;
	struct err err = ERR_INIT;

	fuzz_must(text != NULL);
	list = hostlist_parse(text, NAMES_MAX, &err);
	fuzz_must(list ? !err.code : err.code && err.text[0]);
	if (!list)
		return 0;
	fuzz_must(hostlist_count(list) <= NAMES_MAX);
	again = hostlist_print(list);
	fuzz_must(again != NULL);
	back = hostlist_parse(again, NAMES_MAX, &err);
	fuzz_must(back && hostlist_count(back) == hostlist_count(list));
	for (size_t i = 0; i < hostlist_count(list); i++)
		fuzz_must(!strcmp(hostlist_at(list, i), hostlist_at(back, i)));
	return 0;
}
