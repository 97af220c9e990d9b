/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/table.h"
#include "lookout.h"

struct post {
	struct lookout *lookout;
	struct watch_item *item;	/* NULL: not watched (any more) */
	bool kept;
};

struct lookout {
	struct watch *watch;
	lookout_fn *changed;
	void *arg;
	struct table *posts;	/* by moref id, which no two kinds share */
};

static void _free_post(void *value)
{
	struct post *post = value;

	watch_remove(post->item);
	free(post);
}

struct lookout *lookout_create(struct watch *watch, lookout_fn *changed,
			       void *arg, struct err *err)
{
	struct lookout *lookout = calloc(1, sizeof(*lookout));

	if (lookout) {
		*lookout = (struct lookout) { watch, changed, arg, NULL };
		lookout->posts = table_create(LOOKOUT_MAX, _free_post);
	}
	if (!lookout || !lookout->posts) {
		free(lookout);
		err_nomem(err);
		return NULL;
	}
	return lookout;
}

void lookout_destroy(struct lookout *lookout)
{
	if (!lookout)
		return;
	table_destroy(lookout->posts);
	free(lookout);
}

static void _seen(const struct watch_event *event, void *arg)
{
	struct post *post = arg;
	struct lookout *lookout = post->lookout;

	if (event->kind != WATCH_CHANGED)
		post->item = NULL;
	lookout->changed(event->kind == WATCH_CHANGED ? event->object : NULL,
			 lookout->arg);
}

void lookout_begin(struct lookout *lookout)
{
	struct post *post;
	size_t pos = 0;

	while ((post = table_next(lookout->posts, &pos, NULL)) != NULL)
		post->kept = false;
}

static struct post *_post(struct lookout *lookout, const char *id)
{
	struct post *post = table_get(lookout->posts, id);

	if (post)
		return post;
	post = calloc(1, sizeof(*post));
	if (post)
		post->lookout = lookout;
	if (post && table_set(lookout->posts, id, post, NULL) < 0) {
		free(post);
		post = NULL;
	}
	return post;
}

void lookout_keep(struct lookout *lookout, const struct moref *object)
{
	struct post *post = moref_is_set(object) ? _post(lookout, object->id)
						 : NULL;

	if (!post)
		return;
	post->kept = true;
	if (!post->item)
		post->item = watch_add(lookout->watch, object, WATCH_STATE,
				       _seen, post, NULL);
}

void lookout_end(struct lookout *lookout)
{
	struct post *post;
	const char *id;
	size_t pos = 0;

	while ((post = table_next(lookout->posts, &pos, &id)) != NULL)
		if (!post->kept)
			_free_post(table_take(lookout->posts, id));
}
