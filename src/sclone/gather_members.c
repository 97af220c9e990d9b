/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather_members - the machines in the folders of Sources=. */
#include <stdio.h>
#include <string.h>

#include "common/clone/folders.h"
#include "gather_visit.h"

static bool _is_known(const struct facts_vcenter *out, const struct moref *vm)
{
	for (size_t i = 0; i < out->source_count; i++)
		if (moref_equal(&out->sources[i].vm, vm))
			return true;
	return false;
}

static size_t _template_index(const struct visit *visit,
			      const struct folder *folder)
{
	int index = config_template_index(visit->facts->config,
					  folder->tmpl->name);

	return index < 0 ? 0 : (size_t) index;
}

static void _take_children(struct visit *visit, const struct folder *folder)
{
	struct facts_vcenter *out = visit->out;

	for (size_t i = 0; i < folder->count; i++) {
		const struct folder_child *child = &folder->children[i];

		if (_is_known(out, &child->vm))
			continue;
		if (!facts_add_source(out, child->path,
				      _template_index(visit, folder))) {
			facts_refuse(out, child->path, false,
				     "there are too many sources");
			continue;
		}
		out->sources[out->source_count - 1].vm = child->vm;
		out->sources[out->source_count - 1].is_member = true;
	}
}

/* Why it cannot be used as it is; NULL: it can. */
static const char *_trouble(const struct visit *visit,
			    const struct folder *folder)
{
	if (folder->state == FOLDER_MISSING)
		return "no such folder that this account can see";
	if (folder->state != FOLDER_LISTED)
		return folder->why.text;
	if (moref_equal(&folder->ref, &visit->folder))
		return "this is the clones' folder";
	return NULL;
}

static void _take_folder(struct visit *visit, const struct folder *folder)
{
	const char *trouble = _trouble(visit, folder);
	char text[FACTS_LINE_SIZE];

	if (trouble) {
		facts_refuse(visit->out, folder->path, true, trouble);
		return;
	}
	_take_children(visit, folder);
	if (folder->more) {
		snprintf(text, sizeof(text), "%zu more machines than the %d "
			 "of a folder that are used", folder->more,
			 FOLDERS_CHILDREN_MAX);
		facts_refuse(visit->out, folder->path, true, text);
	}
	if (folder->unfit) {
		snprintf(text, sizeof(text), "%zu machines with paths that "
			 "cannot be used", folder->unfit);
		facts_refuse(visit->out, folder->path, true, text);
	}
}

static void _listed(void *arg)
{
	gather_vcenter_ended(arg, NULL);
}

int gather_members(struct visit *visit, struct err *err)
{
	struct facts_vcenter *out = visit->out;

	out->folders = folders_create(visit->session, visit->facts->config,
				      err);
	if (!out->folders)
		return -1;
	visit->pending++;
	folders_look(out->folders, _listed, visit);
	if (gather_vcenter_await(visit, err))
		return -1;
	for (size_t i = 0; i < folders_count(out->folders); i++)
		_take_folder(visit, folders_at(out->folders, i));
	return 0;
}
