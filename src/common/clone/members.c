/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "members.h"
#include "places.h"

/* --- those that are none ------------------------------------------------ */

static struct sources_refused *_refuse(struct sources *sources,
				       const char *path,
				       const char *template_name,
				       const char *why)
{
	struct sources_refused *row =
		&sources->next_refused[sources->next_refused_count];

	if (sources->next_refused_count == SOURCES_REFUSED_MAX)
		return NULL;	/* those before say enough */
	sources->next_refused_count++;
	*row = (struct sources_refused) { .template_name = template_name };
	snprintf(row->path, sizeof(row->path), "%s", path);
	snprintf(row->why, sizeof(row->why), "%s", why);
	return row;
}

static void _refuse_machine(struct sources *sources,
			    const struct source *source, const char *why)
{
	const struct sources_hooks *hooks = &sources->hooks;
	struct sources_refused *row = _refuse(sources, source->path,
					      source->template_name, why);

	if (!row)
		return;
	row->vm = source->vm;
	memcpy(row->instance_uuid, source->instance_uuid,
	       sizeof(row->instance_uuid));
	row->is_clone = hooks->is_clone(source, hooks->arg);
}

/* What is wrong with the folder itself. */
static void _refuse_folder(struct sources *sources,
			   const struct folder *folder, const char *why)
{
	char path[FOLDERS_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/", folder->path);
	(void) _refuse(sources, path, folder->tmpl->name, why);
}

void members_watch(struct sources *sources)
{
	for (size_t i = 0; i < folders_count(sources->folders); i++)
		lookout_keep(sources->lookout,
			     &folders_at(sources->folders, i)->ref);
	for (size_t i = 0; i < sources->refused_count; i++)
		lookout_keep(sources->lookout, &sources->refused[i].vm);
}

bool members_concerns(const struct sources *sources,
		      const struct moref *object)
{
	for (size_t i = 0; i < sources->refused_count; i++)
		if (moref_equal(&sources->refused[i].vm, object))
			return true;
	return !strcmp(object->type, "Folder");
}

/* --- what is to be read ------------------------------------------------- */

/* One text for each path, so that paths can be compared by their address. */
static const char *_intern(struct sources *sources, const char *path)
{
	char *text = table_get(sources->paths, path);

	if (text)
		return text;
	text = strdup(path);
	if (text && table_set(sources->paths, path, text, NULL) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Behind the others of a list; NULL: there is no room. */
static struct source *_append(struct sources *sources, struct source *list,
			      size_t *count, size_t folder, const char *path)
{
	const char *text = *count < CONFIG_SOURCES_MAX
				   ? _intern(sources, path) : NULL;
	struct source *source = &list[*count];

	if (!text)
		return NULL;
	source_init(source, text, sources->config,
		    folders_at(sources->folders, folder)->tmpl);
	source->folder = (int) folder;
	(*count)++;
	return source;
}

/* A member of before by its machine, whatever its name was. */
static const struct source *_known(const struct sources *sources,
				   const struct moref *vm)
{
	for (size_t i = sources->named; i < sources->count; i++)
		if (moref_equal(&sources->list[i].kept_vm, vm))
			return &sources->list[i];
	return NULL;
}

static void _keep_in_mind(struct source *source, const struct source *known)
{
	source->kept_vm = known->kept_vm;
	memcpy(source->kept_uuid, known->kept_uuid,
	       sizeof(source->kept_uuid));
}

static void _keep_known(struct sources *sources, struct source *source,
			const struct source *known)
{
	_keep_in_mind(source, known);
	if (sources->awaited)
		sources->awaited--;
}

/* For one more, with those of before that are still to come. */
static bool _has_room(const struct sources *sources)
{
	return sources->fresh_count + sources->awaited < CONFIG_SOURCES_MAX;
}

static void _refuse_rest(struct sources *sources, const char *path,
			 const struct folder *folder)
{
	char text[SOURCE_WHY_SIZE];

	snprintf(text, sizeof(text), "there are more than %d sources in all",
		 CONFIG_SOURCES_MAX);
	(void) _refuse(sources, path, folder->tmpl->name, text);
}

static bool _is_named(const struct sources *sources, const struct moref *vm,
		      const char *path)
{
	for (size_t i = 0; i < sources->named; i++)
		if (moref_equal(&sources->places[i].ref, vm) ||
		    !strcmp(sources->places[i].path, path))
			return true;
	return false;
}

static void _take_child(struct sources *sources, size_t index,
			const struct folder_child *child)
{
	const struct folder *folder = folders_at(sources->folders, index);
	const struct source *known = _known(sources, &child->vm);
	struct source *source;

	if (_is_named(sources, &child->vm, child->path))
		return;
	source = known || _has_room(sources)
			 ? _append(sources, sources->fresh,
				   &sources->fresh_count, index, child->path)
			 : NULL;
	if (!source) {
		_refuse_rest(sources, child->path, folder);
		return;
	}
	source->vm = child->vm;
	if (known)
		_keep_known(sources, source, known);
}

/* It is to be read, at that path. */
static bool _is_taken(const struct sources *sources, const char *path)
{
	for (size_t i = sources->named; i < sources->fresh_count; i++)
		if (sources->fresh[i].path == path)
			return true;
	return false;
}

static bool _lists(const struct folder *folder, const struct moref *vm)
{
	if (folder->state != FOLDER_LISTED)
		return false;
	for (size_t i = 0; i < folder->count; i++)
		if (moref_equal(&folder->children[i].vm, vm))
			return true;
	return false;
}

/* Its machine lies in a folder; not at its path: so it was renamed. */
static bool _is_renamed(const struct sources *sources,
			const struct source *known)
{
	for (size_t i = 0; i < folders_count(sources->folders); i++)
		if (_lists(folders_at(sources->folders, i), &known->kept_vm))
			return true;
	return false;
}

static void _take_one(struct sources *sources, const struct source *known,
		      bool left)
{
	size_t folder = (size_t) known->folder;
	struct source *source =
		_append(sources, sources->fresh, &sources->fresh_count,
			folder, known->path);

	if (!source) {
		_refuse_rest(sources, known->path,
			     folders_at(sources->folders, folder));
		return;
	}
	source->vm = known->kept_vm;
	source->left = left;
	_keep_known(sources, source, known);
}

/* Those of before that the folder does not list: it is whole or it is not. */
static void _take_known(struct sources *sources, size_t index, bool whole)
{
	const struct sources_hooks *hooks = &sources->hooks;

	for (size_t i = sources->named; i < sources->count; i++) {
		const struct source *known = &sources->list[i];
		bool left;

		if (known->folder != (int) index ||
		    _is_taken(sources, known->path) ||
		    _is_named(sources, &known->kept_vm, known->path))
			continue;
		left = whole || known->left || _is_renamed(sources, known);
		if (!left || hooks->needs(known->path, hooks->arg))
			_take_one(sources, known, left);
	}
}

/* Why a folder's list is not to be used as it is; NULL: it is. */
static const char *_folder_trouble(const struct sources *sources,
				   const struct folder *folder, char *text,
				   size_t size)
{
	const struct moref *clones = sources_folder(sources);

	if (folder->state == FOLDER_MISSING)
		return "no such folder: check Sources=, and the account's "
		       "right to see it; its sources of before stay";
	if (folder->state == FOLDER_LISTED && !clones)
		return "not used before the clones' folder is found";
	if (folder->state == FOLDER_LISTED &&
	    moref_equal(&folder->ref, clones))
		return "this is the clones' folder";
	if (folder->state == FOLDER_LISTED)
		return NULL;
	snprintf(text, size, "it cannot be listed, its sources of before "
		 "stay: %.120s", folder->why.text);
	return text;
}

/* More than can be used. */
static void _tell_rest(struct sources *sources, const struct folder *folder)
{
	char text[SOURCE_WHY_SIZE];

	if (folder->more) {
		snprintf(text, sizeof(text), "%zu more machines than the %d "
			 "of a folder that are used; move some to another "
			 "folder", folder->more, FOLDERS_CHILDREN_MAX);
		_refuse_folder(sources, folder, text);
	}
	if (folder->unfit) {
		snprintf(text, sizeof(text), "%zu machines with paths longer "
			 "than %d bytes, or no plain text", folder->unfit,
			 FOLDERS_PATH_SIZE - 1);
		_refuse_folder(sources, folder, text);
	}
	if (!folder->count && !folder->unfit)
		_refuse_folder(sources, folder, "there is no machine in it");
}

static void _tell_folder(struct sources *sources, const struct folder *folder)
{
	char text[SOURCE_WHY_SIZE];
	const char *trouble = _folder_trouble(sources, folder, text,
					      sizeof(text));

	/* A right that is missing is vCenter's own answer. */
	if (folder->state == FOLDER_FAILED && folder->why.code != ERR_AUTH) {
		sources->trouble = folder->why;
		sources->unanswered = true;
	}
	if (trouble)
		_refuse_folder(sources, folder, trouble);
	else
		_tell_rest(sources, folder);
}

static void _compose_folder(struct sources *sources, size_t index)
{
	const struct folder *folder = folders_at(sources->folders, index);
	char text[SOURCE_WHY_SIZE];

	if (_folder_trouble(sources, folder, text, sizeof(text))) {
		_take_known(sources, index, false);
		return;
	}
	for (size_t i = 0; i < folder->count; i++)
		_take_child(sources, index, &folder->children[i]);
	_take_known(sources, index, !folder->more && !folder->unfit);
}

/* What is wrong with folders comes first: machines may be many. */
void members_compose(struct sources *sources)
{
	sources->fresh_count = sources->named;
	sources->awaited = sources->count - sources->named;
	sources->next_refused_count = 0;
	for (size_t i = 0; i < folders_count(sources->folders); i++)
		_tell_folder(sources, folders_at(sources->folders, i));
	for (size_t i = 0; i < folders_count(sources->folders); i++)
		_compose_folder(sources, i);
}

/* --- who is fit --------------------------------------------------------- */

static bool _was_source(const struct source *source)
{
	return moref_equal(&source->kept_vm, &source->vm) &&
	       !strcmp(source->kept_uuid, source->instance_uuid);
}

/* NULL: it is a source. */
static const char *_unfit(const struct source *source)
{
	if (source->left || (!source->told && moref_is_set(&source->kept_vm)))
		return NULL;
	if (!source->told)
		return "it is gone";
	if (!*source->instance_uuid)
		return "the account cannot read what it is";
	return source_unfit(source->owner, source->is_template == 1,
			    *source->record || _was_source(source));
}

static void _accept(struct source *source)
{
	if (!source->told) {
		source->vm = (struct moref) { 0 };
		source_set_state(source, SOURCE_MISSING, "it is gone");
	} else if (!source->left) {
		source->kept_vm = source->vm;
		memcpy(source->kept_uuid, source->instance_uuid,
		       sizeof(source->kept_uuid));
	}
}

/* One that was a source is still needed, though it is fit no more. */
static bool _is_needed(const struct sources *sources,
		       const struct source *source)
{
	const struct sources_hooks *hooks = &sources->hooks;

	return moref_is_set(&source->kept_vm) &&
	       hooks->needs(source->path, hooks->arg);
}

void members_sift(struct sources *sources)
{
	size_t count = sources->named;

	for (size_t i = sources->named; i < sources->fresh_count; i++) {
		struct source *source = &sources->fresh[i];
		const char *why = _unfit(source);

		if (why) {
			_refuse_machine(sources, source, why);
			if (!_is_needed(sources, source))
				continue;
			source->left = true;
		}
		_accept(source);
		if (count != i)
			sources->fresh[count] = *source;
		count++;
	}
	sources->fresh_count = count;
}

/* --- what counts -------------------------------------------------------- */

static const struct source *_by_path(const struct source *list, size_t from,
				     size_t count, const char *path)
{
	for (size_t i = from; i < count; i++)
		if (list[i].path == path)
			return &list[i];
	return NULL;
}

static bool _is_kept_as(const struct source *source,
			const struct source *before)
{
	return before && moref_equal(&before->kept_vm, &source->kept_vm) &&
	       !strcmp(before->kept_uuid, source->kept_uuid);
}

/* The same under another path, rather one that has not left; or NULL. */
static const struct source *_former(const struct sources *sources,
				    const struct source *source)
{
	const struct source *found = NULL;

	for (size_t i = sources->named; i < sources->count; i++)
		if (_is_kept_as(source, &sources->list[i]) &&
		    (!found || found->left))
			found = &sources->list[i];
	return found;
}

static void _keep(struct sources *sources, const struct source *source)
{
	const struct sources_hooks *hooks = &sources->hooks;
	const struct source *former = _former(sources, source);

	if (former)
		hooks->renamed(source, former->path, hooks->arg);
	hooks->member(source, true, hooks->arg);
}

static void _keep_all(struct sources *sources)
{
	const struct sources_hooks *hooks = &sources->hooks;

	for (size_t i = sources->named; i < sources->fresh_count; i++) {
		const struct source *source = &sources->fresh[i];

		if (!_is_kept_as(source, _by_path(sources->list,
						  sources->named,
						  sources->count,
						  source->path)))
			_keep(sources, source);
	}
	for (size_t i = sources->named; i < sources->count; i++) {
		const struct source *source = &sources->list[i];

		if (!_by_path(sources->fresh, sources->named,
			      sources->fresh_count, source->path))
			hooks->member(source, false, hooks->arg);
	}
}

void members_keep(struct sources *sources)
{
	struct sources_refused *shown = sources->refused;

	_keep_all(sources);
	sources->refused = sources->next_refused;
	sources->refused_count = sources->next_refused_count;
	sources->next_refused = shown;
}

void members_prune(struct sources *sources)
{
	const char *key;
	size_t pos = 0;
	char *path;

	while ((path = table_next(sources->paths, &pos, &key)) != NULL)
		if (!_by_path(sources->list, sources->named, sources->count,
			      path))
			free(table_take(sources->paths, key));
}

/* --- what was before ---------------------------------------------------- */

/* Of the folder with what lies there; -1: none. */
static int _folder_of(const struct sources *sources, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t) (slash - path) : 0;

	for (size_t i = 0; i < folders_count(sources->folders); i++) {
		const char *folder = folders_at(sources->folders, i)->path;

		if (strlen(folder) == len && !strncmp(folder, path, len))
			return (int) i;
	}
	return -1;
}

int members_recall(struct sources *sources, const char *path,
		   const char *vm, const char *instance_uuid,
		   struct err *err)
{
	int folder = _folder_of(sources, path);
	struct source *source;
	struct moref ref;

	if (folder < 0)
		return err_set(err, ERR_NOTFOUND, "%s lies in no folder of "
			       "Sources=", path);
	if (moref_set(&ref, "VirtualMachine", vm, err) < 0)
		return -1;
	source = _append(sources, sources->list, &sources->count,
			 (size_t) folder, path);
	if (!source)
		return err_set(err, ERR_CAPACITY, "there are too many "
			       "sources");
	source->vm = source->kept_vm = ref;
	snprintf(source->kept_uuid, sizeof(source->kept_uuid), "%s",
		 instance_uuid);
	sources->shape++;
	return 0;
}

void members_inherit(struct sources *sources, const struct sources *former)
{
	const struct sources_hooks *hooks = &sources->hooks;

	for (size_t i = former->named; i < former->count; i++) {
		const struct source *source = &former->list[i];

		if (members_recall(sources, source->path, source->kept_vm.id,
				   source->kept_uuid, NULL) < 0)
			hooks->member(source, false, hooks->arg);
	}
}
