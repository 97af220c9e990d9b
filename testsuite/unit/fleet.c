/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fleet over a real journal whose commits can fail: what is durable
 * becomes so as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scloned/fleet.h"
#include "scloned/lineage.h"
#include "tap.h"

static char dir[] = "/tmp/sclone-fleet.XXXXXX";
static unsigned failures;	/* commits that fail from now on */
static struct loop *loop;
static struct journal *journal;
static struct fleet *fleet;
static struct engine_conf conf;
static bool told;	/* that the journal cannot be written */

/* --- in place of the others --------------------------------------------- */

int __real_journal_commit(struct journal *journal, struct err *err);
int __wrap_journal_commit(struct journal *journal, struct err *err);

int __wrap_journal_commit(struct journal *journal_, struct err *err)
{
	if (!failures)
		return __real_journal_commit(journal_, err);
	failures--;
	return err_set(err, ERR_TRANSIENT, "the disk has a bad day");
}

int executor_remember(struct executor *executor, const char *vm,
		      const char *instance_uuid, struct err *err)
{
	(void) executor;
	(void) vm;
	(void) instance_uuid;
	return err_set(err, ERR_NOTFOUND, "not here");
}

int executor_recall(struct executor *executor, const char *path,
		    const char *vm, const char *uuid, struct err *err)
{
	(void) executor;
	(void) path;
	(void) vm;
	(void) uuid;
	return err_set(err, ERR_NOTFOUND, "not here");
}

static void _act(const struct record *rec, const struct action *action,
		 void *arg)
{
	(void) rec;
	(void) action;
	(void) arg;
}

static void _stepped(const struct record *rec, const struct event *ev,
		     const struct outcome *out, void *arg)
{
	(void) rec;
	(void) ev;
	(void) out;
	(void) arg;
}

static void _forgotten(const char *node, void *arg)
{
	(void) node;
	(void) arg;
}

static void _journal(const struct err *err, void *arg)
{
	(void) arg;
	told = err != NULL;
}

static void _committed(void *arg)
{
	(void) arg;
}

/* --- scenes ------------------------------------------------------------- */

static int _load(const char *node, const char *line, void *arg,
		 struct err *err)
{
	(void) arg;
	return fleet_load(fleet, "hpc1", node, line, err) < 0 ? -1 : 0;
}

static void _open(void)
{
	static const struct fleet_hooks hooks = { _act, _stepped, _forgotten,
						  _journal, _committed, NULL };
	struct err err = ERR_INIT;

	journal = journal_open(dir, &err);
	if (journal)
		fleet = fleet_create(loop, journal, &conf, &hooks, &err);
	if (!fleet || journal_load(journal, _load, NULL, &err) < 0 ||
	    fleet_load_kept(fleet, "hpc1", &err) < 0)
		bail_out("%s", err.text);
}

static void _close(void)
{
	fleet_destroy(steal_ptr(&fleet));
	journal_close(steal_ptr(&journal));
}

/* As if it were killed: what was not committed is lost. */
static void _die(void)
{
	failures = -1U;
	_close();
	failures = 0;
}

/* Something that must not be forgotten. */
static void _hold(const char *node)
{
	struct event ev = { .kind = EVENT_HOLD };
	struct err err = ERR_INIT;

	if (!fleet_record(fleet, node) &&
	    fleet_add(fleet, "hpc1", node, &err) < 0)
		bail_out("%s", err.text);
	fleet_event(fleet, node, &ev);
}

static bool _held(const char *node)
{
	const struct record *rec = fleet_record(fleet, node);

	return rec && rec->hold;
}

static bool _has_meta(const char *name)
{
	cleanup_free char *value = NULL;
	struct err err = ERR_INIT;

	if (journal_get_meta(journal, name, &value, &err) < 0)
		bail_out("%s", err.text);
	return value != NULL;
}

static void _commits_what_is_left(void)
{
	_open();
	_hold("vm1");
	_close();
	_open();
	ok(_held("vm1"), "the end commits what is left");

	_hold("vm2");
	failures = 1;
	is_int(fleet_commit(fleet, NULL), -1, "a commit fails");
	ok(told, "which is told");
	_close();
	_open();
	ok(_held("vm2"), "the end commits that as well");

	lineage_source(journal, fleet, "vm-1", "uuid");
	_close();
	_open();
	ok(_has_meta("source/vm-1"), "and what is of no node");
	_close();
}

static void _commits_as_a_whole(void)
{
	_open();
	_hold("vm3");
	lineage_source(journal, fleet, "vm-2", "uuid");
	_die();
	_open();
	ok(!_held("vm3"), "a death before the commit");
	ok(!_has_meta("source/vm-2"), "takes all of it");
	_hold("vm3");
	lineage_source(journal, fleet, "vm-2", "uuid");
	ok(fleet_commit(fleet, NULL) == 0, "a commit");
	_die();
	_open();
	ok(_held("vm3"), "keeps all of it");
	ok(_has_meta("source/vm-2"), "the source, too");
	_close();
}

/* After an upgrade, say, the kept line can be read again. */
static void _quarantine_is_said(void)
{
	struct err err = ERR_INIT;
	struct record rec;
	cleanup_buf struct buf text;

	buf_init(&text, RECORD_LINE_MAX);
	if (record_init(&rec, "hpc1", "vm8", &err) < 0)
		bail_out("%s", err.text);
	record_encode(&rec, &text);
	_open();
	ok(!journal_set_meta(journal, "quarantine/vm8", buf_str(&text),
			     &err) &&
	   !journal_set_meta(journal, "quarantine/vm9", "v=1 phase=lost",
			     &err) &&
	   !fleet_commit(fleet, &err), "two lines are kept");
	_close();
	_open();
	has_str(fleet_record(fleet, "vm9")->quarantine, "phase",
		"one cannot be read: why");
	has_str(fleet_record(fleet, "vm8")->quarantine,
		"can be read again, but what came since is not in it: sclone "
		"release vm8", "one can be: what to do");
	ok(!fleet_clear(fleet, "vm8", &err) &&
	   !*fleet_record(fleet, "vm8")->quarantine, "which helps");
	_close();
}

static void _remove_all(void)
{
	static const char *const names[] = { "journal.db", "journal.db-wal",
					     "journal.db-shm",
					     "journal.reserve",
					     "lock" };
	char path[sizeof(dir) + 20];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	loop = loop_create(&err);
	if (!loop)
		bail_out("%s", err.text);
	engine_conf_init(&conf);
	_commits_what_is_left();
	_commits_as_a_whole();
	_quarantine_is_said();
	loop_destroy(loop);
	_remove_all();
	return done_testing();
}
