/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "shelf.h"

#define START_US CLOCK_US_PER_S		/* until a program is tried again */
#define REMOVE_US (5 * CLOCK_US_PER_S)	/* until a removal is */
#define OWED "chain/"			/* and the id; the value: the nodes */
#define OWED_SIZE (sizeof(OWED) + REQUEST_ID_SIZE)
/* What is owed stays here until its file is seen to be gone. */
#define FILES_MAX (2 * SPOOL_FILES_MAX)

struct file {
	bool taken;		/* else it cannot be read */
	char *owed;		/* nodes; NULL: no program is */
	int64_t due;
};

struct shelf {
	struct shelf_context ctx;
	struct table *files;	/* by id */
	size_t owed;
	struct err problem;
};

static const char *_spool(const struct shelf *shelf)
{
	return config_global(*shelf->ctx.config)->spool_dir;
}

static void _free_file(void *arg)
{
	struct file *file = arg;

	free(file->owed);
	free(file);
}

/* NULL: out of memory, or too many. */
static struct file *_put(struct shelf *shelf, const char *id)
{
	struct file *file = table_get(shelf->files, id);

	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (file && table_set(shelf->files, id, file, NULL) < 0)
		free(steal_ptr(&file));
	return file;
}

static void _drop(struct shelf *shelf, const char *id)
{
	struct file *file = table_take(shelf->files, id);

	if (file)
		_free_file(file);
}

/* --- what is owed ------------------------------------------------------- */

static const char *_name(const char *id, char name[OWED_SIZE])
{
	snprintf(name, OWED_SIZE, OWED "%s", id);
	return name;
}

static const char *_program(const struct shelf *shelf, enum request_kind kind)
{
	const struct config_global *global = config_global(*shelf->ctx.config);

	switch (kind) {
	case REQUEST_RESUME:
		return global->chain_resume;
	case REQUEST_SUSPEND:
		return global->chain_suspend;
	case REQUEST_RESUME_FAIL:
		return global->chain_resume_fail;
	}
	return NULL;
}

static int _start(const struct shelf *shelf, const struct request *request,
		  const char *nodes, struct err *err)
{
	const char *program = _program(shelf, request->kind);

	if (!program) {
		log_warn("request %s: %s: not in the configuration, and no "
			 "chained program for %s", request->id, nodes,
			 request_kind_name(request->kind));
		return 0;
	}
	if (chain_run(shelf->ctx.chain, program, nodes, request->features,
		      request->resume, err) < 0)
		return err_wrap(err, "%s %s", program, nodes);
	return 0;
}

/* Those that wait come first. */
int shelf_start(struct shelf *shelf, const struct request *request,
		const char *nodes, struct err *err)
{
	if (shelf->owed)
		return err_set(err, ERR_BUSY, "%s: other nodes' chained "
			       "programs wait already", nodes);
	return _start(shelf, request, nodes, err);
}

static int _owe(struct shelf *shelf, const char *id, const char *nodes,
		struct err *err)
{
	struct file *file = _put(shelf, id);
	char *copy = strdup(nodes);

	if (!file || !copy) {
		free(copy);
		return err_nomem(err);
	}
	shelf->owed += !file->owed;
	free(file->owed);
	*file = (struct file) { .taken = true, .owed = copy };
	return 0;
}

void shelf_chain(struct shelf *shelf, const struct request *request,
		 const char *nodes)
{
	struct err err = ERR_INIT;
	char name[OWED_SIZE];

	if (shelf_start(shelf, request, nodes, &err) == 0)
		return;
	log_warn("request %s: %s; it is tried again", request->id, err.text);
	shelf->problem = err;
	if (_owe(shelf, request->id, nodes, &err) < 0 ||
	    journal_set_meta(shelf->ctx.journal, _name(request->id, name),
			     nodes, &err) < 0)
		log_error("request %s: %s", request->id, err.text);
}

/* A commit that comes too late does not hurt: without its file nothing is
 * owed. */
static void _acquit(struct shelf *shelf, const char *id, struct file *file)
{
	struct err err = ERR_INIT;
	char name[OWED_SIZE];

	if (!file->owed)
		return;
	free(steal_ptr(&file->owed));
	shelf->owed--;
	if (journal_forget_meta(shelf->ctx.journal, _name(id, name),
				&err) < 0)
		log_error("request %s: %s", id, err.text);
	fleet_commit_soon(shelf->ctx.fleet);
}

/* Its program is started: only the file is left then. */
static int _pay(struct shelf *shelf, const char *id, struct file *file)
{
	cleanup_request struct request *request = NULL;
	struct err err = ERR_INIT;

	request = spool_read(_spool(shelf), id, &err);
	if (!request || _start(shelf, request, file->owed, &err) < 0) {
		file->due = clock_mono_us() + START_US;
		return -1;
	}
	log_info("request %s: its chained program was started", id);
	_acquit(shelf, id, file);
	return 0;
}

/* --- files -------------------------------------------------------------- */

void shelf_remove(struct shelf *shelf, const char *id)
{
	struct file *file = table_get(shelf->files, id);
	struct err err = ERR_INIT;

	if (file && file->owed)
		return;
	if (spool_remove(_spool(shelf), id, &err) == 0) {
		_drop(shelf, id);
		return;
	}
	if (!file || !file->taken) {
		log_error("request %s: it was taken, but its file stays: %s",
			  id, err.text);
		shelf->problem = err;
	}
	file = _put(shelf, id);
	if (!file)
		return;		/* met again, and known by its id */
	file->taken = true;
	file->due = clock_mono_us() + REMOVE_US;
}

void shelf_shut(struct shelf *shelf, const char *id, const struct err *why)
{
	if (!why) {
		_drop(shelf, id);
		return;
	}
	if (table_get(shelf->files, id) || why->code == ERR_NOTFOUND)
		return;
	err_set(&shelf->problem, why->code, "%s%s", why->text,
		why->code == ERR_PROTOCOL ? "" :
		"; it waits until SlurmUser can read it: chown it, or remove "
		"it");
	log_error("spool: %s", shelf->problem.text);
	(void) _put(shelf, id);
}

bool shelf_has_taken(const struct shelf *shelf, const char *id)
{
	const struct file *file = table_get(shelf->files, id);

	return file && file->taken;
}

static int _compare(const void *key, const void *id)
{
	return strcmp(key, id);
}

static bool _is_there(const struct spool_list *list, const char *id)
{
	/* A full list does not tell who is missing. */
	return list->count >= SPOOL_FILES_MAX ||
	       (list->count && bsearch(id, list->ids, list->count,
				       sizeof(*list->ids), _compare));
}

void shelf_tidy(struct shelf *shelf, const struct spool_list *list)
{
	int64_t now = clock_mono_us();
	struct file *file;
	const char *key;
	size_t pos = 0;

	while ((file = table_next(shelf->files, &pos, &key)) != NULL) {
		char id[REQUEST_ID_SIZE];

		snprintf(id, sizeof(id), "%s", key);
		if (!_is_there(list, id)) {
			_acquit(shelf, id, file);
			_drop(shelf, id);
		} else if (file->taken && file->due <= now &&
			   (!file->owed || _pay(shelf, id, file) == 0)) {
			shelf_remove(shelf, id);
		}
	}
}

int64_t shelf_pause(const struct shelf *shelf)
{
	return shelf->owed ? START_US : REMOVE_US;
}

const char *shelf_problem(const struct shelf *shelf)
{
	return table_count(shelf->files) ? shelf->problem.text : NULL;
}

/* --- the whole ---------------------------------------------------------- */

static int _load(const char *name, const char *nodes, void *arg,
		 struct err *err)
{
	struct shelf *shelf = arg;

	err_set(&shelf->problem, ERR_BUSY, "%s: a chained program is still "
		"to be started", nodes);
	return _owe(shelf, name + strlen(OWED), nodes, err);
}

struct shelf *shelf_create(const struct shelf_context *context,
			   struct err *err)
{
	cleanup_shelf struct shelf *shelf = calloc(1, sizeof(*shelf));

	if (!shelf) {
		err_nomem(err);
		return NULL;
	}
	shelf->ctx = *context;
	shelf->files = table_create(FILES_MAX, _free_file);
	if (!shelf->files) {
		err_nomem(err);
		return NULL;
	}
	if (journal_each_meta(context->journal, OWED, _load, shelf, err) < 0)
		return NULL;
	return steal_ptr(&shelf);
}

void shelf_destroy(struct shelf *shelf)
{
	if (!shelf)
		return;
	table_destroy(shelf->files);
	free(shelf);
}
