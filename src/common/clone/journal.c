/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/path.h"
#include "journal_own.h"

#define APPLICATION_ID 0x73636c6e	/* "scln" */
#define RESERVE_BYTES (4 * 1024 * 1024)
#define CHANGES_MAX 262144	/* not committed yet */

static const char *const statement_text[STATEMENTS] = {
	[SAVE] = "INSERT INTO record(node,text) VALUES(?1,?2) "
		 "ON CONFLICT(node) DO UPDATE SET text=?2",
	[FORGET] = "DELETE FROM record WHERE node=?1",
	[TAKE] = "INSERT INTO request(id,taken) VALUES(?1,?2) "
		 "ON CONFLICT(id) DO NOTHING",
	[ADD_CYCLE] = "INSERT INTO cycle(node,epoch,job,ended,text) "
		      "VALUES(?1,?2,?3,?4,?5) "
		      "ON CONFLICT(node,epoch) DO UPDATE SET "
		      "job=?3,ended=?4,text=?5",
	[PRUNE_CYCLES] = "DELETE FROM cycle WHERE ended<?1",
	[PRUNE_REQUESTS] = "DELETE FROM request WHERE taken<?1",
	[ADD_RECEIPT] = "INSERT INTO receipt(node,seq,job,absent,text) "
			"VALUES(?1,?2,?3,?4,?5) "
			"ON CONFLICT(seq) DO UPDATE SET "
			"node=?1,job=?3,absent=?4,text=?5",
	[DROP_RECEIPTS] = "DELETE FROM receipt WHERE seq<=?1",
	[GET_META] = "SELECT value FROM meta WHERE name=?1",
	[FORGET_META] = "DELETE FROM meta WHERE name=?1",
	[SET_META] = "INSERT INTO meta(name,value) VALUES(?1,?2) "
		     "ON CONFLICT(name) DO UPDATE SET value=?2",
};

/* Their parameters in order: name, text, numbers. */
static const char *const statement_values[STATEMENTS] = {
	[SAVE] = "nt",	       [FORGET] = "n",
	[TAKE] = "n0",	       [ADD_CYCLE] = "n012t",
	[PRUNE_CYCLES] = "0",  [PRUNE_REQUESTS] = "0",
	[ADD_RECEIPT] = "n012t", [DROP_RECEIPTS] = "0",
	[SET_META] = "nt",     [FORGET_META] = "n",
};

/* What makes version n + 1 of version n; each step is a transaction. */
static const char *const schema[] = {
	"BEGIN;"
	"CREATE TABLE record(node TEXT PRIMARY KEY, text TEXT NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE request(id TEXT PRIMARY KEY, taken INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE cycle(node TEXT NOT NULL, epoch INTEGER NOT NULL,"
	" job INTEGER NOT NULL, ended INTEGER NOT NULL, text TEXT NOT NULL,"
	" PRIMARY KEY(node,epoch)) WITHOUT ROWID;"
	"CREATE INDEX cycle_job ON cycle(job);"
	"CREATE INDEX cycle_ended ON cycle(ended);"
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
	" WITHOUT ROWID;"
	"PRAGMA application_id=0x73636c6e;"
	"PRAGMA user_version=1;"
	"COMMIT;",

	"BEGIN;"
	"CREATE TABLE receipt(seq INTEGER PRIMARY KEY, node TEXT NOT NULL,"
	" job INTEGER NOT NULL, absent INTEGER NOT NULL, text TEXT NOT NULL);"
	"CREATE INDEX receipt_node ON receipt(node);"
	"CREATE INDEX receipt_job ON receipt(job);"
	"PRAGMA user_version=2;"
	"COMMIT;",

	/* Of VMs that jobs shared; see journal_read.c. */
	"BEGIN;"
	"CREATE INDEX cycle_shared ON cycle(ended)"
	" WHERE instr(text,'\"sharers\":');"
	"CREATE INDEX receipt_shared ON receipt(absent)"
	" WHERE instr(text,' sharers=');"
	"PRAGMA user_version=3;"
	"COMMIT;",
};

#define SCHEMA_VERSION ((int) (sizeof(schema) / sizeof(schema[0])))

/*
 * A change that is not committed. After most errors of a disk SQLite rolls
 * the transaction back by itself; then it is made again from these.
 */
struct change {
	enum statement statement;
	const char *name, *text;	/* behind the struct, or NULL */
	int64_t numbers[3];
	char bytes[];
};

/* Not started blind, and not mended in silence: see scloned(8). */
static int _damaged(const struct journal *journal, struct err *err,
		    const char *text)
{
	return err_set(err, ERR_CONFIG, "%s: %s; restore it from a backup, "
		       "or move it away with its -wal and start again: "
		       "clones are then found by their owner marks",
		       journal->db_path, text);
}

int journal_fail(const struct journal *journal, struct err *err,
		 const char *what)
{
	int rc = sqlite3_extended_errcode(journal->db);
	const char *text = sqlite3_errmsg(journal->db);

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return err_set(err, ERR_CAPACITY, "%s: %s: %s; free space "
			       "there", journal->db_path, what, text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return _damaged(journal, err, text);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return err_set(err, ERR_CONFIG, "%s: %s: %s; scloned's user "
			       "must be able to write there: see the owner, "
			       "the mode and the mount", journal->db_path,
			       what, text);
	case SQLITE_IOERR:
		return err_set(err, ERR_TRANSIENT, "%s: %s: %s",
			       journal->db_path, what, text);
	default:
		return err_set(err, ERR_FATAL, "%s: %s: %s",
			       journal->db_path, what, text);
	}
}

static int _exec(struct journal *journal, const char *sql, const char *what,
		 struct err *err)
{
	if (sqlite3_exec(journal->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return journal_fail(journal, err, what);
	return 0;
}

static int _pragma_int(struct journal *journal, const char *sql, int *out,
		       struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	else
		journal_fail(journal, err, "read");
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

static int _check_version(struct journal *journal, struct err *err)
{
	int version = 0, id = 0;

	if (_pragma_int(journal, "PRAGMA user_version", &version, err) < 0 ||
	    _pragma_int(journal, "PRAGMA application_id", &id, err) < 0)
		return -1;
	if (id != APPLICATION_ID && (version || id))
		return err_set(err, ERR_CONFIG, "%s is not a journal of "
			       "sclone; move it away", journal->db_path);
	if (version > SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG, "%s has version %d, newer "
			       "than this sclone's %d; use the newer sclone",
			       journal->db_path, version, SCHEMA_VERSION);
	journal->is_new = version == 0;
	for (; version < SCHEMA_VERSION; version++)
		if (_exec(journal, schema[version], "create", err) < 0)
			return -1;
	return 0;
}

/* Damage shows now, and not when the page is needed. */
static int _check_pages(struct journal *journal, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int rc, bad = 0;

	rc = sqlite3_prepare_v2(journal->db, "PRAGMA quick_check(1)", -1,
				&stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	text = rc == SQLITE_ROW
		       ? (const char *) sqlite3_column_text(stmt, 0) : NULL;
	if (!text)
		bad = journal_fail(journal, err, "check");
	else if (strcmp(text, "ok"))
		bad = _damaged(journal, err, text);
	sqlite3_finalize(stmt);
	return bad;
}

static int _prepare(struct journal *journal, struct err *err)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(journal->db, statement_text[i], -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &journal->statements[i],
				       NULL) != SQLITE_OK)
			return journal_fail(journal, err, "prepare");
	return 0;
}

static int _open_db(struct journal *journal, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOFOLLOW;

	if (sqlite3_open_v2(journal->db_path, &journal->db, flags, NULL) !=
	    SQLITE_OK)
		return journal_fail(journal, err, "open");
	sqlite3_extended_result_codes(journal->db, 1);
	if (_exec(journal, "PRAGMA locking_mode=EXCLUSIVE;"
			   "PRAGMA journal_mode=WAL;"
			   "PRAGMA synchronous=FULL;"
			   "PRAGMA trusted_schema=OFF;",
		  "open", err) < 0 ||
	    _check_version(journal, err) < 0 ||
	    _check_pages(journal, err) < 0 ||
	    journal_add_functions(journal, err) < 0)
		return -1;
	return _prepare(journal, err);
}

/*
 * One lock per state directory, the process's own (fcntl, not flock): what
 * scloned has forked may outlive its death for a moment, and must not hold
 * the lock that the next one needs. Nobody else closes a descriptor of this
 * file, which would drop it.
 */
static int _lock(struct journal *journal, const char *dir, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct flock holder = whole;
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/lock", dir) < 0)
		return err_nomem(err);
	journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (journal->lock_fd < 0)
		return err_errno(err, ERR_CONFIG, errno, "open %s", path);
	if (!fcntl(journal->lock_fd, F_SETLK, &whole))
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return err_errno(err, ERR_FATAL, errno, "lock %s", path);
	if (fcntl(journal->lock_fd, F_GETLK, &holder) ||
	    holder.l_type == F_UNLCK)
		holder.l_pid = 0;
	return err_set(err, ERR_BUSY, "%s is in use by another scloned "
		       "(pid %d); stop it first", dir, (int) holder.l_pid);
}

int journal_restore_reserve(struct journal *journal, struct err *err)
{
	cleanup_close int fd = -1;
	struct stat st;
	int rc;

	fd = open(journal->reserve_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, ERR_CAPACITY, errno, "create %s",
				 journal->reserve_path);
	rc = fstat(fd, &st) < 0 ? errno : 0;
	if (!rc && st.st_size < RESERVE_BYTES)
		rc = posix_fallocate(fd, 0, RESERVE_BYTES);
	if (rc) {
		(void) unlink(journal->reserve_path);
		return err_errno(err, ERR_CAPACITY, rc, "%s",
				 journal->reserve_path);
	}
	journal->low = false;
	return 0;
}

struct journal *journal_open(const char *dir, struct err *err)
{
	cleanup_journal struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal) {
		err_nomem(err);
		return NULL;
	}
	journal->lock_fd = -1;
	if (asprintf(&journal->db_path, "%s/journal.db", dir) < 0 ||
	    asprintf(&journal->reserve_path, "%s/journal.reserve", dir) < 0 ||
	    !(journal->changes = table_create(CHANGES_MAX, free))) {
		err_nomem(err);
		return NULL;
	}
	if (path_mkdir(dir, 0700, err) < 0 ||
	    path_check_dir(dir, geteuid(), err) < 0 ||
	    _lock(journal, dir, err) < 0)
		return NULL;
	if (journal_restore_reserve(journal, NULL) < 0)
		journal->low = true;
	if (_open_db(journal, err) < 0)
		return NULL;
	return steal_ptr(&journal);
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(journal->statements[i]);
	(void) sqlite3_close(journal->db);
	if (journal->lock_fd >= 0)
		(void) close(journal->lock_fd);
	table_destroy(journal->changes);
	free(journal->db_path);
	free(journal->reserve_path);
	free(journal);
}

/* --- writing ------------------------------------------------------------ */

void journal_bind(sqlite3_stmt *stmt, int index, const char *text)
{
	sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

static int _run(struct journal *journal, const struct change *change,
		struct err *err)
{
	sqlite3_stmt *stmt = journal->statements[change->statement];
	const char *values = statement_values[change->statement];
	int rc;

	for (int i = 0; values[i]; i++) {
		if (values[i] == 'n')
			journal_bind(stmt, i + 1, change->name);
		else if (values[i] == 't')
			journal_bind(stmt, i + 1, change->text);
		else
			sqlite3_bind_int64(stmt, i + 1,
					   change->numbers[values[i] - '0']);
	}
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		journal_fail(journal, err, "write");
	sqlite3_reset(stmt);
	journal->open = !sqlite3_get_autocommit(journal->db);
	return rc == SQLITE_DONE ? 0 : -1;
}

static void _roll_back(struct journal *journal)
{
	(void) sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
	journal->open = !sqlite3_get_autocommit(journal->db);
}

/* Have a transaction that holds all changes. */
static int _begin(struct journal *journal, struct err *err)
{
	const struct change *change;
	size_t pos = 0;

	if (journal->open)
		return 0;
	if (_exec(journal, "BEGIN IMMEDIATE", "begin", err) < 0)
		return -1;
	journal->open = true;
	while ((change = table_next(journal->changes, &pos, NULL)) != NULL) {
		if (_run(journal, change, err) < 0) {
			_roll_back(journal);
			return -1;
		}
	}
	return 0;
}

/* Give up the reserve; 0 when there was one left. */
static int _drop_reserve(struct journal *journal)
{
	if (journal->low)
		return -1;
	journal->low = true;
	return unlink(journal->reserve_path);
}

/* Do it; a full disk costs the reserve and one more try. */
static int _try(struct journal *journal, const struct change *change,
		int (*act)(struct journal *journal,
			   const struct change *change, struct err *err),
		struct err *err)
{
	struct err why = ERR_INIT;
	int rc = _begin(journal, &why) < 0 ? -1
					   : act(journal, change, &why);

	if (rc < 0 && why.code == ERR_CAPACITY && _drop_reserve(journal) == 0)
		rc = _begin(journal, &why) < 0 ? -1
					       : act(journal, change, &why);
	return rc < 0 ? err_set(err, why.code, "%s", why.text) : 0;
}

/* To forget is to change. */
static enum statement _kind(enum statement statement)
{
	if (statement == FORGET)
		return SAVE;
	return statement == FORGET_META ? SET_META : statement;
}

/* A later change of the same thing takes the place of the earlier one. */
static int _remember(struct journal *journal, struct change **change,
		     struct err *err)
{
	const struct change *c = *change;
	cleanup_free char *key = NULL;
	bool many = c->statement == ADD_CYCLE || c->statement == ADD_RECEIPT;
	int64_t which = many ? c->numbers[0] : 0;
	enum statement what = _kind(c->statement);

	if (asprintf(&key, "%d/%lld/%s", what, (long long) which,
		     c->name ? c->name : "") < 0)
		return err_nomem(err);
	if (table_set(journal->changes, key, *change, err) < 0)
		return err_wrap(err, "journal");
	*change = NULL;
	return 0;
}

static struct change *_make(enum statement statement, const char *name,
			    const char *text, const int64_t *numbers,
			    size_t n_numbers, struct err *err)
{
	size_t name_size = name ? strlen(name) + 1 : 0;
	size_t text_size = text ? strlen(text) + 1 : 0;
	struct change *change;

	if (text_size > JOURNAL_TEXT_MAX + 1) {
		err_set(err, ERR_FATAL, "journal: text longer than %d bytes",
			JOURNAL_TEXT_MAX);
		return NULL;
	}
	change = calloc(1, sizeof(*change) + name_size + text_size);
	if (!change) {
		err_nomem(err);
		return NULL;
	}
	change->statement = statement;
	if (name)
		change->name = memcpy(change->bytes, name, name_size);
	if (text)
		change->text = memcpy(change->bytes + name_size, text,
				      text_size);
	for (size_t i = 0; i < n_numbers; i++)
		change->numbers[i] = numbers[i];
	return change;
}

/* 1: changed something, 0: nothing to change, -1: error, and no change. */
static int _change(struct journal *journal, enum statement statement,
		   const char *name, const char *text, const int64_t *numbers,
		   size_t n_numbers, struct err *err)
{
	cleanup_free struct change *change =
		_make(statement, name, text, numbers, n_numbers, err);

	if (!change || _try(journal, change, _run, err) < 0)
		return -1;
	if (!sqlite3_changes(journal->db))
		return 0;
	if (_remember(journal, &change, err) < 0) {
		_roll_back(journal);
		return -1;
	}
	return 1;
}

int journal_save(struct journal *journal, const char *node, const char *text,
		 struct err *err)
{
	return _change(journal, SAVE, node, text, NULL, 0, err) < 0 ? -1 : 0;
}

int journal_forget(struct journal *journal, const char *node, struct err *err)
{
	return _change(journal, FORGET, node, NULL, NULL, 0, err) < 0 ? -1 : 0;
}

int journal_take_request(struct journal *journal, const char *id,
			 int64_t wall_us, struct err *err)
{
	return _change(journal, TAKE, id, NULL, &wall_us, 1, err);
}

int journal_add_cycle(struct journal *journal, const char *node,
		      int64_t epoch, int64_t job, int64_t ended_us,
		      const char *text, struct err *err)
{
	const int64_t numbers[] = { epoch, job, ended_us };

	return _change(journal, ADD_CYCLE, node, text, numbers, 3, err) < 0
		       ? -1 : 0;
}

int journal_add_receipt(struct journal *journal,
			const struct journal_receipt *receipt,
			struct err *err)
{
	const int64_t numbers[] = { receipt->seq, receipt->job,
				    receipt->absent_us };

	return _change(journal, ADD_RECEIPT, receipt->node, receipt->text,
		       numbers, 3, err) < 0 ? -1 : 0;
}

int journal_drop_receipts(struct journal *journal, int64_t through,
			  struct err *err)
{
	return _change(journal, DROP_RECEIPTS, NULL, NULL, &through, 1,
		       err) < 0 ? -1 : 0;
}

int journal_prune(struct journal *journal, int64_t before_us, struct err *err)
{
	return _change(journal, PRUNE_CYCLES, NULL, NULL, &before_us, 1,
		       err) < 0 ||
	       _change(journal, PRUNE_REQUESTS, NULL, NULL, &before_us, 1,
		       err) < 0 ? -1 : 0;
}

int journal_set_meta(struct journal *journal, const char *name,
		     const char *value, struct err *err)
{
	return _change(journal, SET_META, name, value, NULL, 0, err) < 0 ? -1
									 : 0;
}

int journal_forget_meta(struct journal *journal, const char *name,
			struct err *err)
{
	return _change(journal, FORGET_META, name, NULL, NULL, 0,
		       err) < 0 ? -1 : 0;
}

static int _commit(struct journal *journal, const struct change *none,
		   struct err *err)
{
	int rc = _exec(journal, "COMMIT", "commit", err);

	(void) none;
	journal->open = !sqlite3_get_autocommit(journal->db);
	return rc;
}

int journal_commit(struct journal *journal, struct err *err)
{
	struct table *empty;

	if (!journal->open && !table_count(journal->changes))
		return 0;
	empty = table_create(CHANGES_MAX, free);
	if (!empty)
		return err_nomem(err);
	if (_try(journal, NULL, _commit, err) < 0) {
		table_destroy(empty);
		return -1;
	}
	table_destroy(journal->changes);
	journal->changes = empty;
	return 0;
}

bool journal_is_new(const struct journal *journal)
{
	return journal->is_new;
}

bool journal_is_low(const struct journal *journal)
{
	return journal->low;
}

