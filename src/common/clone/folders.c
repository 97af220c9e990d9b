/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One after the other: two requests each, half a minute apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/vim25/property.h"
#include "common/vim25/search.h"
#include "folders.h"

struct folders {
	struct session *session;
	struct folder list[CONFIG_FOLDERS_MAX];
	size_t count;

	/* The look under way. */
	size_t at;
	struct search *search;
	struct property_query *query;
	void (*done)(void *arg);
	void *arg;
};

static void _next(struct folders *folders);

/* --- the machines in one ------------------------------------------------ */

/* Control characters would be printed on terminals. */
static bool _is_plain(const char *name)
{
	for (; *name; name++)
		if ((unsigned char) *name < ' ' || *name == 0x7f)
			return false;
	return true;
}

static int _each_child(const struct property_object *object, void *arg,
		       struct err *err)
{
	struct folders *folders = arg;
	struct folder *folder = &folders->list[folders->at];
	struct folder_child *child = &folder->children[folder->count];
	const char *name = NULL;

	if (property_str(object, "name", &name, err) < 0)
		return -1;
	if (!name || !_is_plain(name) ||
	    strlen(folder->path) + strlen(name) + 2 > sizeof(child->path)) {
		folder->unfit++;
	} else if (folder->count == FOLDERS_CHILDREN_MAX) {
		folder->more++;
	} else {
		child->vm = object->ref;
		snprintf(child->path, sizeof(child->path), "%s/%s",
			 folder->path, name);
		folder->count++;
	}
	return 0;
}

static int _compare(const void *a, const void *b)
{
	const struct folder_child *first = a, *second = b;

	return strcmp(first->path, second->path);
}

static void _end(struct folders *folders, enum folder_state state,
		 const struct err *why)
{
	struct folder *folder = &folders->list[folders->at];

	folder->state = state;
	folder->why = why ? *why : (struct err) ERR_INIT;
	folders->at++;
	_next(folders);
}

static void _listed(const struct err *failure, void *arg)
{
	struct folders *folders = arg;
	struct folder *folder = &folders->list[folders->at];

	folders->query = NULL;
	if (failure) {
		_end(folders, FOLDER_FAILED, failure);
		return;
	}
	qsort(folder->children, folder->count, sizeof(*folder->children),
	      _compare);
	_end(folders, FOLDER_LISTED, NULL);
}

static void _list(struct folders *folders)
{
	static const char *const paths[] = { "name" };
	struct folder *folder = &folders->list[folders->at];
	struct property_spec spec = {
		.type = "VirtualMachine", .paths = paths, .n_paths = 1,
		.from = &folder->ref, .via = "childEntity",
	};
	struct err err = ERR_INIT;

	folder->count = folder->unfit = folder->more = 0;
	folders->query = property_read(folders->session, &spec, _each_child,
				       _listed, folders, &err);
	if (!folders->query)
		_end(folders, FOLDER_FAILED, &err);
}

/* --- one after the other ------------------------------------------------ */

static void _found(const struct moref *ref, const struct err *failure,
		   void *arg)
{
	struct folders *folders = arg;

	folders->search = NULL;
	if (failure) {
		_end(folders, FOLDER_FAILED, failure);
	} else if (!ref || strcmp(ref->type, "Folder") != 0) {
		folders->list[folders->at].ref = (struct moref) { 0 };
		_end(folders, FOLDER_MISSING, NULL);
	} else {
		folders->list[folders->at].ref = *ref;
		_list(folders);
	}
}

static void _next(struct folders *folders)
{
	struct err err = ERR_INIT;

	if (folders->at == folders->count) {
		folders->done(folders->arg);
		return;
	}
	folders->search = search_path(folders->session,
				      folders->list[folders->at].path, NULL,
				      _found, folders, &err);
	if (!folders->search)
		_end(folders, FOLDER_FAILED, &err);
}

void folders_look(struct folders *folders, void (*done)(void *arg),
		  void *arg)
{
	folders->done = done;
	folders->arg = arg;
	folders->at = 0;
	_next(folders);
}

void folders_cancel(struct folders *folders)
{
	search_cancel(steal_ptr(&folders->search));
	property_cancel(steal_ptr(&folders->query));
}

/* --- the whole ---------------------------------------------------------- */

static int _add(struct folders *folders, const struct config_template *tmpl,
		const char *path, struct err *err)
{
	struct folder *folder = &folders->list[folders->count];

	*folder = (struct folder) { .path = path, .tmpl = tmpl };
	folder->children = calloc(FOLDERS_CHILDREN_MAX + 1,
				  sizeof(*folder->children));
	if (!folder->children)
		return err_nomem(err);
	folders->count++;
	return 0;
}

struct folders *folders_create(struct session *session,
			       const struct config *config, struct err *err)
{
	cleanup_folders struct folders *folders = calloc(1, sizeof(*folders));

	if (!folders) {
		err_nomem(err);
		return NULL;
	}
	folders->session = session;
	for (size_t t = 0; t < config_template_count(config); t++) {
		const struct config_template *tmpl = config_template(config,
								     t);

		for (size_t i = 0; i < tmpl->folder_count; i++)
			if (_add(folders, tmpl, tmpl->folders[i], err) < 0)
				return NULL;
	}
	return steal_ptr(&folders);
}

void folders_destroy(struct folders *folders)
{
	if (!folders)
		return;
	folders_cancel(folders);
	for (size_t i = 0; i < folders->count; i++)
		free(folders->list[i].children);
	free(folders);
}

size_t folders_count(const struct folders *folders)
{
	return folders->count;
}

const struct folder *folders_at(const struct folders *folders, size_t index)
{
	return &folders->list[index];
}

bool folders_answered(const struct folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		if (folders->list[i].state != FOLDER_LISTED &&
		    folders->list[i].state != FOLDER_MISSING)
			return false;
	return true;
}
