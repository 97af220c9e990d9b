/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of decisions, and how much of it. */
#include <stdio.h>
#include <string.h>

#include "scloned/diary.h"
#include "tap.h"

static void _add(struct diary *diary, const char *node, int64_t at,
		 const char *what, const char *text)
{
	struct diary_entry entry = { .at = at, .epoch = 1, .job = 7,
				     .node = node, .what = what,
				     .text = text };

	diary_add(diary, &entry);
}

static unsigned _count(const struct diary *diary, const char *node,
		       int64_t *first)
{
	const struct diary_page *pos = NULL;
	const struct diary_entry *entry;
	unsigned count = 0;

	*first = 0;
	while ((entry = diary_next(diary, node, &pos)) != NULL)
		if (!count++)
			*first = entry->at;
	return count;
}

static void _order(void)
{
	struct diary *diary = diary_create(DIARY_BYTES_MAX);
	const struct diary_page *pos = NULL;
	const struct diary_entry *entry;
	int64_t first;

	if (!diary)
		bail_out("out of memory");
	_add(diary, "vm1", 1, "waits", "paused");
	_add(diary, "vm2", 2, "ready", "");
	_add(diary, "vm1", 3, "waits", "paused");
	_add(diary, "vm1", 4, "admitted", "esx01");
	is_int(_count(diary, NULL, &first), 3, "nothing is said twice");
	is_int(_count(diary, "vm1", &first), 2, "each node has its own");
	is_int(_count(diary, "vm3", &first), 0, "or none");
	entry = diary_next(diary, "vm1", &pos);
	is_str(entry->text, "paused", "the oldest first");
	entry = diary_next(diary, "vm1", &pos);
	ok(!strcmp(entry->node, "vm1") && entry->job == 7 &&
	   entry->number == 3, "then the next");
	is_int(diary_whole_since(diary), 0, "nothing is forgotten");
	diary_destroy(diary);
}

static void _bounds(void)
{
	struct diary *diary = diary_create(64 * 1024);
	char longer[3 * DIARY_TEXT_SIZE], node[16];
	const struct diary_page *pos = NULL;
	int64_t first;

	if (!diary)
		bail_out("out of memory");
	for (int i = 0; i < 100; i++) {
		snprintf(longer, sizeof(longer), "%d", i);
		_add(diary, "vm1", i, "waits", longer);
	}
	is_int(_count(diary, "vm1", &first), DIARY_NODE_MAX,
	       "a node has a limit");
	is_int(first, 100 - DIARY_NODE_MAX, "the oldest go");
	is_int(diary_whole_since(diary), 0, "which is no loss of others");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(node, sizeof(node), "n%d", i);
		_add(diary, node, 1000 + i, "waits", longer);
	}
	ok(_count(diary, NULL, &first) <= 64, "all have one together");
	ok(first > 1900 && diary_whole_since(diary) == first - 1,
	   "and it is known since when there is everything");
	is_int(_count(diary, "vm1", &first), 0, "a node can be forgotten");
	is_int(strlen(diary_next(diary, "n999", &pos)->text),
	       DIARY_TEXT_SIZE - 1, "a text has a limit, too");
	_add(diary, "vm1", 5000, "ready", "");
	is_int(_count(diary, "vm1", &first), 1, "and come again");
	diary_destroy(diary);
}

int main(void)
{
	_order();
	_bounds();
	return done_testing();
}
