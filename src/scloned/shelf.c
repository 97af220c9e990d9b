/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "shelf.h"

#define START_US CLOCK_US_PER_S		/* until programs are tried again */
#define REMOVE_US (5 * CLOCK_US_PER_S)	/* until a removal is */
#define OWED "chain/"			/* and the id; the value: the nodes */
#define OWED_SIZE (sizeof(OWED) + REQUEST_ID_SIZE)
/* What is owed stays here until its file is seen to be gone. */
#define FILES_MAX (2 * SPOOL_FILES_MAX)

struct file {
	bool taken;		/* its request is committed */
	char *owed;		/* nodes; NULL: no program is */
	int64_t due;		/* when it is removed, if nothing is owed */
	char problem[ERR_TEXT_SIZE];	/* why it stays; "" if all is well */
};

struct shelf {
	struct shelf_context ctx;
	struct table *files;	/* by id; what is owed, in order */
	size_t owed;
	int64_t due;		/* when programs are started again */
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
static struct file *_put(struct shelf *shelf, const char *id, struct err *err)
{
	struct file *file = table_get(shelf->files, id);

	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		err_nomem(err);
	else if (table_set(shelf->files, id, file, err) < 0)
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

static int _remember(struct shelf *shelf, const char *id, const char *nodes,
		     bool taken, struct err *err)
{
	char *copy = strdup(nodes);
	struct file *file;

	if (!copy)
		return err_nomem(err);
	file = _put(shelf, id, err);
	if (!file) {
		free(copy);
		return -1;
	}
	shelf->owed += !file->owed;
	free(file->owed);
	file->owed = copy;
	file->taken = taken;
	return 0;
}

int shelf_owe(struct shelf *shelf, const char *id, const char *nodes,
	      struct err *err)
{
	const struct file *file = table_get(shelf->files, id);
	char name[OWED_SIZE];

	if (file && file->owed)
		return 0;
	if (strlen(nodes) > JOURNAL_TEXT_MAX) {
		log_error("request %s: the other nodes' names are too long "
			  "for an argument; they get no chained program", id);
		return 0;
	}
	if (_remember(shelf, id, nodes, false, err) < 0)
		return -1;
	if (journal_set_meta(shelf->ctx.journal, _name(id, name), nodes,
			     err) == 0)
		return 1;
	shelf_forgive(shelf, id);
	return -1;
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
	*file->problem = '\0';
	if (journal_forget_meta(shelf->ctx.journal, _name(id, name),
				&err) < 0)
		log_error("request %s: %s", id, err.text);
	fleet_commit_soon(shelf->ctx.fleet);
}

void shelf_forgive(struct shelf *shelf, const char *id)
{
	struct file *file = table_get(shelf->files, id);

	if (!file)
		return;
	_acquit(shelf, id, file);
	_drop(shelf, id);
}

/* Each reason is said once. */
static void _say_unpaid(const char *id, struct file *file,
			const struct err *why)
{
	if (strcmp(file->problem, why->text))
		log_warn("request %s: %s; it is tried again", id, why->text);
	snprintf(file->problem, sizeof(file->problem), "%s", why->text);
}

/* Its program is started: only the file is left then. */
static int _pay(struct shelf *shelf, const char *id, struct file *file)
{
	cleanup_request struct request *request = NULL;
	struct err err = ERR_INIT;

	request = spool_read(_spool(shelf), id, &err);
	if (request && _start(shelf, request, file->owed, &err) == 0)
		log_info("request %s: its chained program was started", id);
	else if (request || err.code != ERR_NOTFOUND) {
		_say_unpaid(id, file, &err);
		return -1;
	}
	_acquit(shelf, id, file);
	return 0;
}

/* In the order of the requests: a node's suspend must not overtake its
 * resume. So whoever cannot be paid ends it, for all. */
static void _pay_all(struct shelf *shelf)
{
	struct file *file;
	const char *id;
	size_t pos = 0;

	if (shelf->due > clock_mono_us())
		return;
	while ((file = table_next(shelf->files, &pos, &id)) != NULL) {
		if (!file->owed)
			continue;
		if (!file->taken)
			return;
		if (_pay(shelf, id, file) < 0) {
			shelf->due = clock_mono_us() + START_US;
			return;
		}
	}
}

int shelf_start(struct shelf *shelf, const struct request *request,
		const char *nodes, struct err *err)
{
	_pay_all(shelf);
	if (shelf->owed)
		return err_set(err, ERR_BUSY, "%s: other nodes' chained "
			       "programs wait already", nodes);
	return _start(shelf, request, nodes, err);
}

/* --- files -------------------------------------------------------------- */

static void _say_stays(const char *id, struct file *file,
		       const struct err *why)
{
	if (!file || !*file->problem)
		log_error("request %s: it was taken, but its file stays: %s",
			  id, why->text);
	if (file)
		snprintf(file->problem, sizeof(file->problem), "%s",
			 why->text);
}

void shelf_remove(struct shelf *shelf, const char *id)
{
	struct file *file = table_get(shelf->files, id);
	struct err err = ERR_INIT;

	if (file && file->owed) {
		file->taken = true;
		return;
	}
	if (spool_remove(_spool(shelf), id, &err) == 0) {
		_drop(shelf, id);
		return;
	}
	file = _put(shelf, id, NULL);
	_say_stays(id, file, &err);
	if (!file)
		return;		/* met again, and known by its id */
	file->taken = true;
	file->due = clock_mono_us() + REMOVE_US;
}

static void _was_read(struct shelf *shelf, const char *id)
{
	struct file *file = table_get(shelf->files, id);

	if (file && file->owed)
		*file->problem = '\0';
	else
		_drop(shelf, id);
}

static const char *_advice(enum err_code code)
{
	switch (code) {
	case ERR_PROTOCOL:
		return "";
	case ERR_AUTH:
		return "; it waits until SlurmUser can read it: chown it, or "
		       "remove it";
	default:
		return "; it is read again";
	}
}

void shelf_shut(struct shelf *shelf, const char *id, const struct err *why)
{
	struct err said = ERR_INIT;
	struct file *file;

	if (!why) {
		_was_read(shelf, id);
		return;
	}
	if (why->code == ERR_NOTFOUND)
		return;
	err_set(&said, why->code, "%s%s", why->text, _advice(why->code));
	file = _put(shelf, id, NULL);
	if (!file || !*file->problem)
		log_error("spool: %s", said.text);
	if (file)
		snprintf(file->problem, sizeof(file->problem), "%s",
			 said.text);
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

static void _forget_gone(struct shelf *shelf, const struct spool_list *list)
{
	char id[REQUEST_ID_SIZE];
	const struct file *file;
	const char *key;
	size_t pos = 0;

	while ((file = table_next(shelf->files, &pos, &key)) != NULL) {
		snprintf(id, sizeof(id), "%s", key);
		if (!_is_there(list, id))
			shelf_forgive(shelf, id);
	}
}

static void _remove_due(struct shelf *shelf)
{
	int64_t now = clock_mono_us();
	char id[REQUEST_ID_SIZE];
	const struct file *file;
	const char *key;
	size_t pos = 0;

	while ((file = table_next(shelf->files, &pos, &key)) != NULL) {
		snprintf(id, sizeof(id), "%s", key);
		if (file->taken && !file->owed && file->due <= now)
			shelf_remove(shelf, id);
	}
}

void shelf_tidy(struct shelf *shelf, const struct spool_list *list)
{
	_forget_gone(shelf, list);
	_pay_all(shelf);
	_remove_due(shelf);
}

int64_t shelf_pause(const struct shelf *shelf)
{
	return shelf->owed ? START_US : REMOVE_US;
}

const char *shelf_problem(const struct shelf *shelf)
{
	const struct file *file;
	size_t pos = 0;

	while ((file = table_next(shelf->files, &pos, NULL)) != NULL)
		if (*file->problem)
			return file->problem;
	return NULL;
}

/* --- the whole ---------------------------------------------------------- */

static int _load(const char *name, const char *nodes, void *arg,
		 struct err *err)
{
	return _remember(arg, name + strlen(OWED), nodes, true, err);
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
