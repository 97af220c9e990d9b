/* SPDX-License-Identifier: GPL-2.0-or-later */
/* browser - see browser.h. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "browser.h"
#include "call.h"
#include "task.h"
#include "vm.h"
#include "xw.h"

#define ENTRIES_MAX 1000

struct browser {
	struct mob mob;
	struct datastore *datastore;	/* borrowed */
};

static struct datastore *_datastore(const struct mob *mob)
{
	return ((const struct browser *) mob)->datastore;
}

struct mob *browser_create(struct datastore *datastore)
{
	struct browser *browser = lab_alloc(sizeof(*browser));
	struct lab *lab = datastore->entity.mob.lab;

	browser->datastore = datastore;
	mob_init(&browser->mob, lab, &browser_class,
		 lab_printf("datastoreBrowser-%s", datastore->entity.mob.id));
	return &browser->mob;
}

static void _emit_datastore(struct val *val, const struct mob *mob)
{
	val_ref(val, &_datastore(mob)->entity.mob);
}

static const struct mob_prop _props[] = {
	{ "datastore", _emit_datastore, NULL, 0 },
	{ NULL, NULL, NULL, 0 },
};

/* -- what was found --------------------------------------------------- */

struct listing {
	char *folder;			/* "[ds1] vm1" */
	char *id;			/* of the datastore */
	char *names[ENTRIES_MAX];
	size_t count;
};

static void _free_listing(void *value)
{
	struct listing *listing = value;

	for (size_t i = 0; i < listing->count; i++)
		free(listing->names[i]);
	free(listing->folder);
	free(listing->id);
	free(listing);
}

static void _emit_listing(struct val *val, const struct task *task)
{
	const struct listing *listing = task->found;

	val_open(val, "HostDatastoreBrowserSearchResults");
	xw_ref(val->out, "datastore", "Datastore", listing->id);
	xw_str(val->out, "folderPath", listing->folder);
	for (size_t i = 0; i < listing->count; i++) {
		xw_open(val->out, "file");
		xw_str(val->out, "path", listing->names[i]);
		xw_close(val->out, "file");
	}
	val_close(val);
}

/* -- SearchDatastore_Task --------------------------------------------- */

static int _absent(struct fault *fault, const char *path)
{
	(void) fault_set(fault, "FileNotFound", "File %s was not found",
			 path);
	return fault_add(fault, "file", path);
}

/* Without real files the directories are those of the machines. */
static bool _is_modelled(const struct datastore *datastore, const char *dir)
{
	struct mob *mob;
	size_t pos = 0;

	while ((mob = table_next(datastore->entity.mob.lab->objects, &pos,
				 NULL)) != NULL) {
		const struct vm *vm = vm_of(mob);

		if (vm && vm->datastore == datastore && vm->dir &&
		    strcmp(vm->dir, dir) == 0)
			return true;
	}
	return false;
}

static int _list(const struct datastore *datastore, const char *dir,
		 struct listing *listing, struct fault *fault)
{
	char *path = lab_printf("%s/%s", datastore->path, dir);
	const struct dirent *entry;
	DIR *stream = opendir(path);

	free(path);
	if (!stream)
		return _absent(fault, listing->folder);
	while (listing->count < ENTRIES_MAX &&
	       (entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.')
			listing->names[listing->count++] =
				lab_strdup(entry->d_name);
	}
	(void) closedir(stream);
	return 0;
}

/* The part behind "[ds1] "; NULL when it is of another datastore, or tries to
 * leave this one. */
static const char *_inside(const struct datastore *datastore,
			   const char *path)
{
	size_t len = strlen(datastore->entity.name);

	if (path[0] != '[' || strncmp(path + 1, datastore->entity.name, len) ||
	    strncmp(path + 1 + len, "] ", 2) || strstr(path, ".."))
		return NULL;
	return path + len + 3;
}

static int _run(struct task *task)
{
	const struct datastore *datastore =
		(const struct datastore *) task->entity;
	const char *path = task->arg;
	const char *dir = _inside(datastore, path);
	struct listing *listing;

	if (!dir)
		return fault_set(&task->error, "InvalidDatastorePath",
				 "Invalid datastore path '%s'.", path);
	listing = lab_alloc(sizeof(*listing));
	listing->folder = lab_strdup(path);
	listing->id = lab_strdup(datastore->entity.mob.id);
	task->found = listing;
	if (datastore->entity.mob.lab->real_files)
		return _list(datastore, dir, listing, &task->error);
	return _is_modelled(datastore, dir) ? 0
					    : _absent(&task->error, path);
}

static const struct task_kind _kind = {
	.name = "SearchDatastore_Task",
	.description = "HostDatastoreBrowser.searchDatastore",
	.run = _run,
	.free_arg = free,
	.emit = _emit_listing,
	.free_found = _free_listing,
};

static int _search(struct call *call)
{
	struct datastore *datastore = _datastore(call->self);

	if (call_need(call, &datastore->entity.mob, "Datastore.Browse") < 0)
		return -1;
	return task_submit_for(call, &_kind, &datastore->entity,
			       lab_strdup(call_arg_text(call,
							"datastorePath")));
}

static const struct mob_method _methods[] = {
	{ "SearchDatastore_Task", _search },
	{ NULL, NULL },
};

const struct mob_class browser_class = { "HostDatastoreBrowser", _props,
					 _methods, NULL };
