/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/table.h"
#include "diary.h"
#include "fleet.h"

/* An entry, in two lists: of all, and of its node. */
struct diary_page {
	TAILQ_ENTRY(diary_page) of_all, of_node;
	struct diary_entry entry;
	struct chapter *chapter;
	size_t size;
	char text[];
};

TAILQ_HEAD(pages, diary_page);

/* All of one node. */
struct chapter {
	struct pages pages;
	size_t count;
	char node[OWNER_NODE_SIZE];
};

struct diary {
	struct table *chapters;		/* by node; owns them */
	struct pages pages;
	size_t count, bytes, bytes_max;
	uint64_t number;
	int64_t forgotten;		/* the last that was, for its size */
};

static void _free_chapter(void *arg)
{
	struct chapter *chapter = arg;
	struct diary_page *page;

	while ((page = TAILQ_FIRST(&chapter->pages)) != NULL) {
		TAILQ_REMOVE(&chapter->pages, page, of_node);
		free(page);
	}
	free(chapter);
}

struct diary *diary_create(size_t bytes_max)
{
	struct diary *diary = calloc(1, sizeof(*diary));

	if (!diary)
		return NULL;
	diary->chapters = table_create(FLEET_NODES_MAX, _free_chapter);
	diary->bytes_max = bytes_max;
	TAILQ_INIT(&diary->pages);
	if (!diary->chapters) {
		free(diary);
		return NULL;
	}
	return diary;
}

void diary_destroy(struct diary *diary)
{
	if (!diary)
		return;
	table_destroy(diary->chapters);
	free(diary);
}

static void _forget(struct diary *diary, struct diary_page *page)
{
	struct chapter *chapter = page->chapter;

	TAILQ_REMOVE(&diary->pages, page, of_all);
	TAILQ_REMOVE(&chapter->pages, page, of_node);
	diary->bytes -= page->size;
	diary->count--;
	free(page);
	if (!--chapter->count)
		_free_chapter(table_take(diary->chapters, chapter->node));
}

static struct chapter *_chapter(struct diary *diary, const char *node)
{
	struct chapter *chapter = table_get(diary->chapters, node);

	if (chapter)
		return chapter;
	chapter = calloc(1, sizeof(*chapter));
	if (!chapter)
		return NULL;
	TAILQ_INIT(&chapter->pages);
	snprintf(chapter->node, sizeof(chapter->node), "%s", node);
	if (table_set(diary->chapters, node, chapter, NULL) < 0) {
		free(chapter);
		return NULL;
	}
	return chapter;
}

static bool _is_said(const struct diary *diary,
		     const struct diary_entry *entry)
{
	const struct chapter *chapter = table_get(diary->chapters,
						  entry->node);
	const struct diary_page *last;

	if (!chapter)
		return false;
	last = TAILQ_LAST(&chapter->pages, pages);
	return last->entry.epoch == entry->epoch &&
	       !strcmp(last->entry.what, entry->what) &&
	       !strcmp(last->entry.text, entry->text);
}

static struct diary_page *_page(struct diary *diary,
				const struct diary_entry *entry)
{
	size_t len = strnlen(entry->text, DIARY_TEXT_SIZE - 1);
	struct diary_page *page = malloc(sizeof(*page) + len + 1);

	if (!page)
		return NULL;
	page->size = sizeof(*page) + len + 1;
	memcpy(page->text, entry->text, len);
	page->text[len] = '\0';
	page->entry = *entry;
	page->entry.text = page->text;
	page->entry.number = ++diary->number;
	return page;
}

/* Room first, so that what is added cannot go with what is forgotten. */
static void _make_room(struct diary *diary)
{
	const size_t most = sizeof(struct diary_page) + DIARY_TEXT_SIZE;

	while (diary->bytes + most > diary->bytes_max &&
	       !TAILQ_EMPTY(&diary->pages)) {
		diary->forgotten = TAILQ_FIRST(&diary->pages)->entry.at;
		_forget(diary, TAILQ_FIRST(&diary->pages));
	}
}

void diary_add(struct diary *diary, const struct diary_entry *entry)
{
	struct chapter *chapter;
	struct diary_page *page;

	if (_is_said(diary, entry))
		return;
	_make_room(diary);
	page = _page(diary, entry);
	chapter = page ? _chapter(diary, entry->node) : NULL;
	if (!chapter) {
		free(page);
		return;
	}
	page->chapter = chapter;
	page->entry.node = chapter->node;
	TAILQ_INSERT_TAIL(&diary->pages, page, of_all);
	TAILQ_INSERT_TAIL(&chapter->pages, page, of_node);
	diary->bytes += page->size;
	diary->count++;
	if (++chapter->count > DIARY_NODE_MAX)
		_forget(diary, TAILQ_FIRST(&chapter->pages));
}

const struct diary_entry *diary_next(const struct diary *diary,
				     const char *node,
				     const struct diary_page **pos)
{
	const struct chapter *chapter;

	if (*pos) {
		*pos = node ? TAILQ_NEXT(*pos, of_node)
			    : TAILQ_NEXT(*pos, of_all);
	} else if (node) {
		chapter = table_get(diary->chapters, node);
		*pos = chapter ? TAILQ_FIRST(&chapter->pages) : NULL;
	} else {
		*pos = TAILQ_FIRST(&diary->pages);
	}
	return *pos ? &(*pos)->entry : NULL;
}

size_t diary_count(const struct diary *diary)
{
	return diary->count;
}

int64_t diary_whole_since(const struct diary *diary)
{
	return diary->forgotten;
}
