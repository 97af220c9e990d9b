/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger: one chain over restarts and pruning, whatever happened to what
 * is stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/clone/ledger.h"
#include "common/rules/text.h"
#include "tap.h"

static char dir[] = "/tmp/sclone-ledger.XXXXXX";
static struct journal *journal;
static struct ledger *ledger;
static char told[512];

static void _open(void)
{
	struct err err = ERR_INIT;

	journal = journal_open(dir, &err);
	ledger = journal ? ledger_create(journal, &err) : NULL;
	if (!ledger)
		bail_out("%s", err.text);
}

static void _close(void)
{
	ledger_destroy(ledger);
	journal_close(journal);
}

static void _sql(const char *sql)
{
	sqlite3 *db = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		bail_out("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int _add(const char *node, uint64_t epoch, int64_t at)
{
	struct err err = ERR_INIT;
	struct record rec;

	if (record_init(&rec, "hpc1", node, NULL) < 0)
		bail_out("no record");
	rec.epoch = epoch;
	rec.req.job = 7;
	if (ledger_add(ledger, &rec, at, &err) < 0)
		bail_out("%s", err.text);
	return journal_commit(journal, NULL);
}

struct walk {
	struct receipt_head last;
	int records, offences;
};

static int _each(const struct journal_receipt *receipt, void *arg,
		 struct err *err)
{
	struct walk *walk = arg;

	(void) err;
	walk->records++;
	walk->offences += receipt_take(&walk->last, (uint64_t) receipt->seq,
				       receipt->text, NULL) < 0;
	return 0;
}

static struct walk _walk(void)
{
	const struct journal_receipts all = { .limit = 100 };
	struct walk walk = { .last = *ledger_anchor(ledger) };

	if (journal_receipts(journal, &all, _each, &walk, NULL) < 0)
		bail_out("cannot read");
	return walk;
}

static bool _is_whole(int records)
{
	struct walk walk = _walk();

	return walk.records == records && !walk.offences &&
	       walk.last.seq == ledger_head(ledger)->seq &&
	       !strcmp(walk.last.hash, ledger_head(ledger)->hash);
}

static void _tell(const struct receipt_head *head, const char *node,
		  uint64_t epoch, void *arg)
{
	size_t len = strlen(told);

	(void) arg;
	snprintf(told + len, sizeof(told) - len, "%d %s %d;", (int) head->seq,
		 node, (int) epoch);
}

static void _test_restarts(void)
{
	_open();
	ok(_is_whole(0), "it begins empty");
	_add("vm1", 10, 100);
	_add("vm2", 11, 200);
	ledger_publish(ledger, _tell, NULL);
	ledger_publish(ledger, _tell, NULL);
	is_str(told, "1 vm1 10;2 vm2 11;", "each head is published once");
	_close();
	_open();
	_add("vm1", 12, 300);
	ok(_is_whole(3), "the chain goes on after a restart");
	_close();
}

/* What was not committed is in no chain, nor published. */
static void _test_lost(void)
{
	struct receipt_head before;
	struct record rec;

	_open();
	before = *ledger_head(ledger);
	if (record_init(&rec, "hpc1", "vm9", NULL) < 0 ||
	    ledger_add(ledger, &rec, 1, NULL) < 0)
		bail_out("not added");
	_close();
	_open();
	ok(_is_whole(3) && ledger_head(ledger)->seq == before.seq,
	   "a record that was not committed is not there");
	_close();
}

static int _count(const struct journal_receipt *receipt, void *arg,
		  struct err *err)
{
	(void) err;
	snprintf(arg, 16, "%d", (int) receipt->seq);
	return 1;
}

static void _test_asked(void)
{
	struct journal_receipts wanted = { .node = "vm1", .limit = 10,
					   .newest = true };
	char seq[16] = "";

	_open();
	journal_receipts(journal, &wanted, _count, seq, NULL);
	is_str(seq, "3", "the newest of a node");
	wanted.newest = false;
	journal_receipts(journal, &wanted, _count, seq, NULL);
	is_str(seq, "1", "the oldest of a node");
	wanted.after = 1;
	wanted.job = 7;
	journal_receipts(journal, &wanted, _count, seq, NULL);
	is_str(seq, "3", "from there on, of a job");
	_close();
}

static void _test_pruned(void)
{
	struct err err = ERR_INIT;

	_open();
	ok(!ledger_prune(ledger, 100, &err) && _is_whole(3),
	   "nothing is old enough");
	ok(!ledger_prune(ledger, 201, &err) && _is_whole(1),
	   "a pruned chain begins after its anchor");
	is_int((int64_t) ledger_anchor(ledger)->seq, 2, "which is number 2");
	ok(!journal_commit(journal, &err), "committed");
	_close();
	_open();
	ok(_is_whole(1), "also after a restart");
	for (int i = 0; i < 2500; i++) {
		struct record rec;

		if (record_init(&rec, "hpc1", "vm3", NULL) < 0 ||
		    ledger_add(ledger, &rec, 400, NULL) < 0)
			bail_out("not added");
	}
	_add("vm4", 1, 500);
	ok(!ledger_prune(ledger, 450, &err) && _is_whole(1),
	   "many at once");
	_add("vm4", 2, 501);
	ok(!ledger_prune(ledger, 1000, &err) && _is_whole(0),
	   "all are old: the anchor is the head");
	_add("vm4", 3, 502);
	ok(_is_whole(1), "and the next one follows it");
	_close();
}

/* New records are written whatever was done to the old ones, and do not heal
 * the chain. */
static void _test_harmed(void)
{
	_sql("UPDATE receipt SET text='nonsense'");
	_open();
	_add("vm5", 1, 600);
	is_int(_walk().offences, 2, "a spoiled record: nothing follows it");
	_close();
	_sql("DELETE FROM receipt WHERE seq=(SELECT max(seq) FROM receipt)");
	_open();
	_add("vm5", 2, 601);
	ok(_walk().offences == 2, "so is one that was cut off");
	_close();
	_sql("UPDATE meta SET value='1:' WHERE name='receipt.head'");
	_open();
	_add("vm5", 3, 602);
	is_int(_walk().records, 3, "no number is used twice without a head");
	ok(_walk().offences == 3, "which shows");
	_close();
}

static void _test_older(void)
{
	_sql("DROP TABLE receipt; DROP INDEX cycle_shared; DELETE FROM meta;"
	     "PRAGMA user_version=1");
	_open();
	_add("vm1", 1, 100);
	ok(_is_whole(1), "an older journal learns to keep records");
	_close();
}

int main(void)
{
	char path[64];

	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	_test_restarts();
	_test_lost();
	_test_asked();
	_test_pruned();
	_test_harmed();
	_test_older();
	for (const char *const *name = (const char *const[]){ "journal.db",
			"journal.db-wal", "journal.db-shm", "journal.reserve",
			"lock", NULL }; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		unlink(path);
	}
	is_int(rmdir(dir), 0, "nothing else was left");
	return done_testing();
}
