/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host lists: expansion, folding, bounds, hostile input. */
#include <stdlib.h>
#include <string.h>

#include "common/base/hostlist.h"
#include "tap.h"

/* Expand, and fold again to want. */
static void _round(const char *text, int64_t count, const char *want)
{
	cleanup_hostlist struct hostlist *list = NULL;
	cleanup_free char *printed = NULL;
	struct err err = ERR_INIT;

	list = hostlist_parse(text, HOSTLIST_MAX, &err);
	if (!list)
		bail_out("%s", err.text);
	is_int((int64_t) hostlist_count(list), count, text);
	printed = hostlist_print(list);
	is_str(printed, want, "folded");
}

static void _expand(void)
{
	cleanup_hostlist struct hostlist *list = NULL;
	static const char *const want[] = { "r1n08", "r1n09", "r1n10",
		"r2n08", "r2n09", "r2n10", "x" };
	struct err err = ERR_INIT;

	list = hostlist_parse("r[1-2]n[08-10],x", 100, &err);
	if (!list)
		bail_out("%s", err.text);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		is_str(hostlist_at(list, i), want[i], "in order, zeros kept");
	ok(!hostlist_at(list, 7), "nothing past the end");
	_round("vm1", 1, "vm1");
	_round("vm[1-3]", 3, "vm[1-3]");
	_round("vm[001-100,107,109]", 102, "vm[001-100,107,109]");
	_round("vm[9-11]", 3, "vm9,vm[10-11]");
	_round("vm1,vm2,login,vm3", 4, "vm[1-2],login,vm3");
	_round("a1,b1,b2", 3, "a1,b[1-2]");
	_round("vm[1-3],vm[2-5]", 5, "vm[1-5]");
	_round("vm3,vm1", 2, "vm[3,1]");
	_round("vm[00001-10000]", 10000, "vm[00001-10000]");
	_round("n1-2,n1-3", 2, "n1-[2-3]");
}

static void _bad(void)
{
	static const char *const bad[] = { "", ",", "a,", "a,,b", "a[", "a[]",
		"a[1", "a[1-]", "a[-1]", "a[2-1]", "a[1,]", "a[x]", "a]",
		"a[1]]", "a[1[2]]", "a b", "[1-2]\n", "a[1-99999999999999]",
		"a[1-9999999999999999999999]", "-a", "a/b" };
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup_hostlist struct hostlist *list = NULL;

		err = (struct err) ERR_INIT;
		list = hostlist_parse(bad[i], 1000, &err);
		ok(!list && err.code == ERR_CONFIG, "'%s' is refused", bad[i]);
	}
}

#define TWICE "[1,1][1,1][1,1][1,1]"

static void _bounds(void)
{
	cleanup_hostlist struct hostlist *fits = NULL, *more = NULL;
	cleanup_hostlist struct hostlist *product = NULL, *long_name = NULL;
	cleanup_hostlist struct hostlist *repeated = NULL;
	char name[HOSTLIST_NAME_MAX + 2];
	struct err err = ERR_INIT;

	fits = hostlist_parse("a[1-10]", 10, &err);
	ok(fits != NULL, "exactly the maximum");
	more = hostlist_parse("a[1-10],b", 10, &err);
	ok(!more && strstr(err.text, "more than 10"), "one more");
	product = hostlist_parse("a[1-999]b[1-999]c[1-999]", 1000, &err);
	ok(!product, "a product of brackets ends at the maximum");
	repeated = hostlist_parse("a" TWICE TWICE TWICE TWICE TWICE TWICE
				  TWICE TWICE TWICE TWICE, 10, &err);
	ok(!repeated && strstr(err.text, "more than 10"),
	   "so does a product of repetitions (2^40 times one name)");
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	long_name = hostlist_parse(name, 10, &err);
	ok(!long_name && err.code == ERR_CONFIG, "a name that is too long");
}

int main(void)
{
	_expand();
	_bad();
	_bounds();
	return done_testing();
}
