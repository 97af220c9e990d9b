/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool's files that stay, with a spool, a journal and chained programs
 * that only note down. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "scloned/shelf.h"
#include "tap.h"

#define FILES 3
#define S CLOCK_US_PER_S

static const char *const ids[FILES] = {
	"0000000000000001-0000001-0000000000000001",
	"0000000000000002-0000001-0000000000000002",
	"0000000000000003-0000001-0000000000000003",
};

static bool there[FILES];	/* in the spool */
static bool immovable;
static char metas[FILES][64];	/* what the journal says is owed */
static bool busy;		/* for chained programs */
static bool full;		/* the journal's disk */
static enum err_code unread;	/* why no file can be read; or NONE */
static bool chained;		/* sclone.conf names one */
static char started[200];	/* whose programs were */
static unsigned errors, warnings, removals, commits;
static int64_t now;

static int _index(const char *id)
{
	for (int i = 0; i < FILES; i++)
		if (!strcmp(ids[i], id))
			return i;
	bail_out("an unknown id: %s", id);
}

/* --- in place of the others --------------------------------------------- */

static int64_t _clock(void *arg)
{
	(void) arg;
	return now;
}

void log_error(const char *fmt, ...)
{
	(void) fmt;
	errors++;
}

void log_warn(const char *fmt, ...)
{
	(void) fmt;
	warnings++;
}

void log_info(const char *fmt, ...)
{
	(void) fmt;
}

const struct config_global *config_global(const struct config *config)
{
	static char spool[] = "/spool", program[] = "/program";
	static struct config_global global = { .spool_dir = spool };

	(void) config;
	global.chain_suspend = chained ? program : NULL;
	return &global;
}

int spool_remove(const char *dir, const char *id, struct err *err)
{
	(void) dir;
	removals++;
	if (immovable)
		return err_set(err, ERR_FATAL, "remove %s: no", id);
	there[_index(id)] = false;
	return 0;
}

static struct request *_request(int i)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		bail_out("out of memory");
	snprintf(request->id, sizeof(request->id), "%s", ids[i]);
	request->kind = REQUEST_SUSPEND;
	return request;
}

struct request *spool_read(const char *dir, const char *id, struct err *err)
{
	(void) dir;
	if (!unread)
		return _request(_index(id));
	err_set(err, unread, "%s: no", id);
	return NULL;
}

void request_destroy(struct request *request)
{
	free(request);
}

const char *request_kind_name(enum request_kind kind)
{
	(void) kind;
	return "suspend";
}

int journal_set_meta(struct journal *journal, const char *name,
		     const char *value, struct err *err)
{
	(void) journal;
	if (full)
		return err_set(err, ERR_CAPACITY, "the disk is full");
	snprintf(metas[_index(strchr(name, '/') + 1)], sizeof(*metas), "%s",
		 value);
	return 0;
}

int journal_forget_meta(struct journal *journal, const char *name,
			struct err *err)
{
	(void) journal;
	(void) err;
	*metas[_index(strchr(name, '/') + 1)] = '\0';
	return 0;
}

int journal_each_meta(struct journal *journal, const char *prefix,
		      int (*each)(const char *name, const char *value,
				  void *arg, struct err *err),
		      void *arg, struct err *err)
{
	char name[80];

	(void) journal;
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, ids[i]);
		if (*metas[i] && each(name, metas[i], arg, err) < 0)
			return -1;
	}
	return 0;
}

int chain_run(struct chain *chain, const char *program, const char *nodes,
	      const char *features, const char *resume, struct err *err)
{
	size_t len = strlen(started);

	(void) chain;
	(void) program;
	(void) features;
	(void) resume;
	if (busy)
		return err_set(err, ERR_BUSY, "too many run");
	snprintf(started + len, sizeof(started) - len, "%s ", nodes);
	return 0;
}

void fleet_commit_soon(struct fleet *fleet)
{
	(void) fleet;
	commits++;
}

/* --- scenes ------------------------------------------------------------- */

static struct shelf *_open(void)
{
	static const struct config *config;
	const struct shelf_context context = { .config = &config };
	struct err err = ERR_INIT;
	struct shelf *shelf = shelf_create(&context, &err);

	if (!shelf)
		bail_out("%s", err.text);
	return shelf;
}

static struct shelf *_begin(void)
{
	memset(metas, 0, sizeof(metas));
	for (int i = 0; i < FILES; i++)
		there[i] = true;
	immovable = busy = full = false;
	unread = ERR_NONE;
	chained = true;
	*started = '\0';
	errors = warnings = removals = commits = 0;
	return _open();
}

static void _tidy(struct shelf *shelf, int64_t later)
{
	char listed[FILES][REQUEST_ID_SIZE];
	struct spool_list list = { 0, listed };

	now += later;
	for (int i = 0; i < FILES; i++)
		if (there[i])
			memcpy(listed[list.count++], ids[i], sizeof(*listed));
	shelf_tidy(shelf, &list);
}

/* Taken, but not yet committed. */
static void _owe(struct shelf *shelf, int i, const char *nodes)
{
	struct err err = ERR_INIT;

	if (shelf_owe(shelf, ids[i], nodes, &err) != 1)
		bail_out("%s", err.text);
}

static void _chain(struct shelf *shelf, int i, const char *nodes)
{
	_owe(shelf, i, nodes);
	shelf_remove(shelf, ids[i]);
	_tidy(shelf, 0);
}

static void _done(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	immovable = true;
	shelf_remove(shelf, ids[0]);
	ok(shelf_has_taken(shelf, ids[0]) && !shelf_has_taken(shelf, ids[1]),
	   "a file that cannot be removed is known as taken");
	has_str(shelf_problem(shelf), "remove 0000000000000001", "it is told");
	_tidy(shelf, S);
	is_int(removals, 1, "it is not tried again at once");
	_tidy(shelf, 5 * S);
	_tidy(shelf, 5 * S);
	is_int(removals, 3, "but then");
	is_int(errors, 1, "and is said once");
	immovable = false;
	_tidy(shelf, 5 * S);
	ok(!there[0] && !shelf_problem(shelf) &&
	   !shelf_has_taken(shelf, ids[0]), "until it can be removed");
}

static void _done_by_hand(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	immovable = true;
	shelf_remove(shelf, ids[0]);
	there[0] = false;
	_tidy(shelf, 0);
	is_str(shelf_problem(shelf), NULL, "an admin removes it: forgotten");
}

static void _shut(void)
{
	cleanup_shelf struct shelf *shelf = _begin();
	struct err err = ERR_INIT;

	err_set(&err, ERR_AUTH, "open /spool/1: Permission denied");
	shelf_shut(shelf, ids[0], &err);
	shelf_shut(shelf, ids[0], &err);
	is_int(errors, 1, "a file that cannot be read is said once");
	has_str(shelf_problem(shelf), "denied; it waits until SlurmUser can "
		"read it: chown it", "with the next step");
	ok(!shelf_has_taken(shelf, ids[0]), "it is not taken");
	_tidy(shelf, 9 * S);
	is_int(removals, 0, "and stays");
	err_set(&err, ERR_FATAL, "/spool/1: out of memory");
	shelf_shut(shelf, ids[0], &err);
	is_str(shelf_problem(shelf), "/spool/1: out of memory; it is read "
	       "again", "what is no question of rights asks for nothing");
	shelf_shut(shelf, ids[0], NULL);
	is_str(shelf_problem(shelf), NULL, "until it can be read");
	err_set(&err, ERR_PROTOCOL, "/spool/2: no request (moved to bad)");
	shelf_shut(shelf, ids[1], &err);
	is_str(shelf_problem(shelf), err.text, "what is none is told, too");
	there[1] = false;
	_tidy(shelf, 0);
	err_set(&err, ERR_NOTFOUND, "no such file");
	shelf_shut(shelf, ids[2], &err);
	is_str(shelf_problem(shelf), NULL, "what is gone is not");
}

static void _several(void)
{
	cleanup_shelf struct shelf *shelf = _begin();
	struct err err = ERR_INIT;

	err_set(&err, ERR_FATAL, "read /spool/1: EIO");
	shelf_shut(shelf, ids[0], &err);
	immovable = true;
	shelf_remove(shelf, ids[1]);
	immovable = false;
	_tidy(shelf, 9 * S);
	ok(!there[1], "the second of two troubles is over");
	has_str(shelf_problem(shelf), "read /spool/1", "the first is told");
}

static void _owed(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = true;
	_chain(shelf, 0, "aws1");
	ok(there[0] && shelf_has_taken(shelf, ids[0]),
	   "a program that cannot be started keeps its file");
	is_str(metas[0], "aws1", "and is in the journal");
	has_str(shelf_problem(shelf), "too many run", "it is told");
	is_int(shelf_pause(shelf), S, "tried again soon");
	busy = false;
	_chain(shelf, 1, "aws2");
	is_str(started, "", "a later one does not overtake it");
	_tidy(shelf, S);
	is_str(started, "aws1 aws2 ", "both are started, in order");
	ok(!there[0] && !there[1] && !*metas[0] && !*metas[1] && commits,
	   "and their files go");
	is_int(warnings, 1, "it was said once");
	_chain(shelf, 2, "aws3");
	is_str(started, "aws1 aws2 aws3 ", "the next one is started at once");
	ok(!there[2] && !shelf_problem(shelf), "and its file goes");
}

/* A resume, half a second later the suspend; then programs can run. */
static void _in_order(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = true;
	_chain(shelf, 0, "resume-aws1");
	_tidy(shelf, S / 2);
	_chain(shelf, 1, "suspend-aws1");
	busy = false;
	_tidy(shelf, 0);
	shelf_remove(shelf, ids[2]);
	ok(!there[2], "what waits does not keep the others' files");
	_tidy(shelf, S / 2);
	is_str(started, "resume-aws1 suspend-aws1 ",
	       "what was owed first is started first");
}

static void _unread(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = true;
	_chain(shelf, 0, "aws1");
	busy = false;
	unread = ERR_FATAL;
	_tidy(shelf, S);
	has_str(shelf_problem(shelf), "0001: no", "that it cannot be read "
		"again is told");
	unread = ERR_NOTFOUND;
	_tidy(shelf, S);
	ok(!*started && !*metas[0], "without its file nothing is owed");
}

static void _not_committed(void)
{
	cleanup_shelf struct shelf *shelf = _begin();
	struct err err = ERR_INIT;

	_owe(shelf, 0, "aws1");
	_tidy(shelf, 9 * S);
	ok(there[0] && !*started && !shelf_has_taken(shelf, ids[0]),
	   "before the commit nothing is started, and the file stays");
	shelf_shut(shelf, ids[0], NULL);
	is_int(shelf_owe(shelf, ids[0], "aws1", &err), 0,
	       "taken again, it is owed once");
	shelf_remove(shelf, ids[0]);
	_tidy(shelf, 0);
	ok(!there[0], "after it the file goes");
	is_str(started, "aws1 ", "and the program was started");
	_owe(shelf, 1, "aws2");
	shelf_forgive(shelf, ids[1]);
	shelf_remove(shelf, ids[1]);
	_tidy(shelf, 9 * S);
	is_str(started, "aws1 ", "what was taken before is not owed again");
	ok(!there[1] && !*metas[1], "and leaves nothing");
}

static void _cannot_owe(void)
{
	cleanup_shelf struct shelf *shelf = _begin();
	cleanup_free char *names = calloc(1, JOURNAL_TEXT_MAX + 2);
	struct err err = ERR_INIT;

	full = true;
	is_int(shelf_owe(shelf, ids[0], "aws1", &err), -1,
	       "what the journal does not take is not owed");
	is_int(err.code, ERR_CAPACITY, "and it says why");
	ok(!shelf_has_taken(shelf, ids[0]) && shelf_pause(shelf) > S,
	   "the request waits");
	full = false;
	is_int(shelf_owe(shelf, ids[0], "aws1", &err), 1, "until it does");
	if (!names)
		bail_out("out of memory");
	memset(names, 'x', JOURNAL_TEXT_MAX + 1);
	is_int(shelf_owe(shelf, ids[1], names, &err), 0,
	       "no program can have so many names");
	is_int(errors, 1, "which is said");
}

static void _still_busy(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = true;
	_chain(shelf, 0, "aws1");
	_tidy(shelf, S);
	_tidy(shelf, S);
	ok(there[0] && *metas[0] && warnings == 1, "it waits, in silence");
}

static void _owed_after_a_restart(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = true;
	_chain(shelf, 0, "aws1");
	_chain(shelf, 1, "aws2");
	shelf_destroy(shelf);
	busy = false;
	there[1] = false;
	shelf = _open();
	ok(shelf_has_taken(shelf, ids[0]), "owed, also after a restart");
	_tidy(shelf, 0);
	is_str(started, "aws1 ", "it is started, without its file it is not");
	ok(!*metas[0] && !*metas[1] && !shelf_problem(shelf),
	   "and nothing is left");
}

static void _owed_and_done(void)
{
	cleanup_shelf struct shelf *shelf = _begin();

	busy = immovable = true;
	_chain(shelf, 0, "aws1");
	busy = false;
	_tidy(shelf, S);
	_tidy(shelf, 9 * S);
	is_str(started, "aws1 ", "a file that stays: its program runs once");
	ok(shelf_has_taken(shelf, ids[0]), "and it is known");
}

static void _called(void)
{
	cleanup_shelf struct shelf *shelf = _begin();
	cleanup_request struct request *request = _request(0);
	struct err err = ERR_INIT;

	busy = true;
	is_int(shelf_start(shelf, request, "aws1", &err), -1,
	       "who has no file is told");
	is_int(err.code, ERR_BUSY, "that it is busy");
	is_str(shelf_problem(shelf), NULL, "and nothing is owed");
	_chain(shelf, 1, "aws2");
	busy = false;
	is_int(shelf_start(shelf, request, "aws1", &err), -1,
	       "it does not overtake what is owed");
	now += S;
	is_int(shelf_start(shelf, request, "aws1", &err), 0,
	       "which is started without a look into the spool");
	is_str(started, "aws2 aws1 ", "and first");
	chained = false;
	*started = '\0';
	warnings = 0;
	_chain(shelf, 0, "aws1");
	ok(!there[0] && !*started && warnings == 1,
	   "no program for the nodes: said, and the file goes");
}

int main(void)
{
	static const struct clock_source clock = { _clock, _clock, NULL };

	clock_set_source(&clock);
	_done();
	_done_by_hand();
	_shut();
	_several();
	_owed();
	_in_order();
	_unread();
	_not_committed();
	_cannot_owe();
	_still_busy();
	_owed_after_a_restart();
	_owed_and_done();
	_called();
	return done_testing();
}
