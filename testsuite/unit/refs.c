/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/vim25/refs.h"
#include "tap.h"

static struct moref _ref(const char *type, int number)
{
	struct moref ref = { .id = "" };
	char id[MOREF_ID_SIZE];

	snprintf(id, sizeof(id), "x-%d", number);
	(void) moref_set(&ref, type, id, NULL);
	return ref;
}

static void _add(struct refs *refs, int number)
{
	struct moref ref = _ref("Task", number);

	if (refs_add(refs, &ref, NULL))
		bail_out("cannot add");
}

static bool _take(struct refs *refs, int number)
{
	struct moref ref = _ref("Task", number);

	return refs_take(refs, &ref);
}

/* "x-1 x-2" of those being told. */
static const char *_told(const struct refs *refs)
{
	static char text[256];
	const struct moref *told;
	size_t count, len = 0;

	text[0] = '\0';
	told = refs_told(refs, &count);
	for (size_t i = 0; i < count; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len,
					 "%s%s", i ? " " : "", told[i].id);
	return text;
}

static void _test_order(void)
{
	struct refs *refs = refs_create(100);

	for (int i = 1; i <= 4; i++)
		_add(refs, i);
	ok(_take(refs, 2) && !_take(refs, 2), "taken once");
	refs_tell(refs, 2, NULL);
	is_str(_told(refs), "x-1 x-3", "the first two are told, in order");
	is_int((int64_t) refs_waiting(refs), 1, "the third waits");
	ok(!_take(refs, 1), "what is being told cannot be taken back");
	refs_return(refs);
	is_int((int64_t) refs_waiting(refs), 3, "not arrived: all wait again");
	refs_tell(refs, 100, NULL);
	is_str(_told(refs), "x-4 x-1 x-3", "none is lost");
	refs_arrived(refs);
	ok(!refs_waiting(refs) && !*_told(refs), "arrived");
	refs_tell(refs, 100, NULL);
	is_str(_told(refs), "", "told once");
	refs_destroy(refs);
}

static void _test_names(void)
{
	struct refs *refs = refs_create(2);
	struct moref vm = _ref("VirtualMachine", 1), odd, third = vm;
	struct err err = ERR_INIT;
	const struct moref *told;
	size_t count;

	(void) moref_set(&odd, "PropertyCollector", "session[5:2]:b", NULL);
	(void) moref_set(&third, "Task", "x-1", NULL);
	refs_add(refs, &vm, NULL);
	refs_add(refs, &odd, NULL);
	refs_add(refs, &odd, NULL);
	is_int((int64_t) refs_waiting(refs), 2, "each waits once");
	ok(refs_add(refs, &third, &err) < 0 && err.code == ERR_BUSY,
	   "the type counts, and there is a bound");
	refs_tell(refs, 2, NULL);
	told = refs_told(refs, &count);
	ok(count == 2 && moref_equal(&told[0], &vm) &&
	   moref_equal(&told[1], &odd), "names come back as they were");
	refs_clear(refs);
	ok(!refs_waiting(refs) && !*_told(refs), "forgotten");
	refs_destroy(refs);
}

static void _test_meet(void)
{
	struct refs *many = refs_create(1000), *one = refs_create(1000);

	for (int i = 0; i < 1000; i++)
		_add(many, i);
	ok(!refs_meet(many, one), "nothing meets nothing");
	_add(one, 5000);
	ok(!refs_meet(many, one), "another does not meet them");
	_add(one, 999);
	ok(refs_meet(many, one) && refs_meet(one, many), "the same does");
	refs_tell(one, 2, NULL);
	ok(!refs_meet(many, one), "unless it is being told");
	refs_destroy(many);
	refs_destroy(one);
}

int main(void)
{
	_test_order();
	_test_names();
	_test_meet();
	return done_testing();
}
