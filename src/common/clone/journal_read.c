/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked of the journal; see journal.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_own.h"

/*
 * A statement has the conditions that are asked for, and no others: for
 * "?1 IS NULL OR node=?1" SQLite takes no index and goes through all there is,
 * for seconds. Who shared a VM is looked for among shared ones alone, which
 * have an index of their own; its words must be those here.
 */
#define SQL_SIZE 512
#define BY_NODE " AND node=?1"
#define CYCLES "SELECT text,ended,epoch FROM cycle WHERE "
#define BY_SHARER(key) "instr(text,'" key "') AND shares(text,?2)"
#define NEWEST " ORDER BY ended DESC, epoch DESC LIMIT ?3"

static const char *_text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	return text ? (const char *) text : "";
}

/* The list behind the key, in a cycle's JSON or in a record's pairs. */
static const char *_sharers(const char *text)
{
	static const char *const keys[] = { "\"sharers\":\"", " sharers=" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *at = strstr(text, keys[i]);

		if (at)
			return at + strlen(keys[i]);
	}
	return "";
}

static void _shares(sqlite3_context *context, int count,
		    sqlite3_value **values)
{
	const unsigned char *text = sqlite3_value_text(values[0]);
	const char *list = text ? _sharers((const char *) text) : "";
	int64_t job = sqlite3_value_int64(values[1]);
	bool found = false;
	char *end;

	(void) count;
	while (!found && *list >= '0' && *list <= '9') {
		found = strtoll(list, &end, 10) == job;
		list = end + (*end == ',');
	}
	sqlite3_result_int(context, found);
}

int journal_add_functions(struct journal *journal, struct err *err)
{
	if (sqlite3_create_function(journal->db, "shares", 2,
				    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				    _shares, NULL, NULL) != SQLITE_OK)
		return journal_fail(journal, err, "prepare");
	return 0;
}

/* Walk rows of two texts; frees the statement. */
static int _each_pair(struct journal *journal, sqlite3_stmt *stmt,
		      int (*each)(const char *name, const char *text,
				  void *arg, struct err *err),
		      void *arg, struct err *err)
{
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	while (rc == SQLITE_ROW &&
	       each(_text(stmt, 0), _text(stmt, 1), arg, err) == 0)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		journal_fail(journal, err, "read");
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int journal_load(struct journal *journal,
		 int (*each)(const char *node, const char *text, void *arg,
			     struct err *err),
		 void *arg, struct err *err)
{
	sqlite3_stmt *stmt = NULL;

	(void) sqlite3_prepare_v2(journal->db,
				  "SELECT node,text FROM record ORDER BY node",
				  -1, &stmt, NULL);
	return _each_pair(journal, stmt, each, arg, err);
}

int journal_each_meta(struct journal *journal, const char *prefix,
		      int (*each)(const char *name, const char *value,
				  void *arg, struct err *err),
		      void *arg, struct err *err)
{
	static const char sql[] = "SELECT name,value FROM meta WHERE "
				  "substr(name,1,length(?1))=?1 ORDER BY name";
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL) == SQLITE_OK)
		journal_bind(stmt, 1, prefix);
	return _each_pair(journal, stmt, each, arg, err);
}

int journal_history(struct journal *journal, const char *node, int64_t job,
		    size_t limit,
		    int (*each)(const char *text, void *arg, struct err *err),
		    void *arg, struct err *err)
{
	const char *by_node = node ? BY_NODE : "";
	sqlite3_stmt *stmt = NULL;
	char sql[SQL_SIZE];
	int rc;

	if (job)
		snprintf(sql, sizeof(sql), "SELECT text FROM ("
			 CYCLES "job=?2%s UNION "
			 CYCLES BY_SHARER("\"sharers\":") "%s)" NEWEST,
			 by_node, by_node);
	else
		snprintf(sql, sizeof(sql), CYCLES "1%s" NEWEST, by_node);
	if (limit > JOURNAL_HISTORY_MAX)
		limit = JOURNAL_HISTORY_MAX;
	rc = sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		if (node)
			journal_bind(stmt, 1, node);
		sqlite3_bind_int64(stmt, 2, job);
		sqlite3_bind_int64(stmt, 3, (int64_t) limit);
		rc = sqlite3_step(stmt);
	}
	while (rc == SQLITE_ROW && each(_text(stmt, 0), arg, err) == 0)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		journal_fail(journal, err, "read");
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static void _read_receipt(sqlite3_stmt *stmt, struct journal_receipt *out)
{
	*out = (struct journal_receipt) {
		.seq = sqlite3_column_int64(stmt, 0),
		.node = _text(stmt, 1),
		.job = sqlite3_column_int64(stmt, 2),
		.absent_us = sqlite3_column_int64(stmt, 3),
		.text = _text(stmt, 4),
	};
}

static sqlite3_stmt *_ask_receipts(struct journal *journal,
				   const struct journal_receipts *wanted)
{
	static const char by_job[] =
		" AND seq IN (SELECT seq FROM receipt WHERE job=?2 UNION "
		"SELECT seq FROM receipt WHERE " BY_SHARER(" sharers=") ")";
	size_t limit = wanted->limit < JOURNAL_HISTORY_MAX
			       ? wanted->limit : JOURNAL_HISTORY_MAX;
	sqlite3_stmt *stmt = NULL;
	char sql[SQL_SIZE];

	snprintf(sql, sizeof(sql), "SELECT seq,node,job,absent,text "
		 "FROM receipt WHERE 1%s%s%s LIMIT ?4",
		 wanted->node ? BY_NODE : "", wanted->job ? by_job : "",
		 wanted->newest ? " ORDER BY seq DESC"
				: " AND seq>?3 ORDER BY seq");
	if (sqlite3_prepare_v2(journal->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	if (wanted->node)
		journal_bind(stmt, 1, wanted->node);
	sqlite3_bind_int64(stmt, 2, wanted->job);
	sqlite3_bind_int64(stmt, 3, wanted->after);
	sqlite3_bind_int64(stmt, 4, (int64_t) limit);
	return stmt;
}

int journal_receipts(struct journal *journal,
		     const struct journal_receipts *wanted,
		     int (*each)(const struct journal_receipt *receipt,
				 void *arg, struct err *err),
		     void *arg, struct err *err)
{
	sqlite3_stmt *stmt = _ask_receipts(journal, wanted);
	int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
	struct journal_receipt receipt;
	int more = 0;

	while (rc == SQLITE_ROW && !more) {
		_read_receipt(stmt, &receipt);
		more = each(&receipt, arg, err);
		if (!more)
			rc = sqlite3_step(stmt);
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		journal_fail(journal, err, "read");
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE || more > 0 ? 0 : -1;
}

int journal_get_meta(struct journal *journal, const char *name, char **out,
		     struct err *err)
{
	sqlite3_stmt *stmt = journal->statements[GET_META];
	char *value = NULL;
	int rc;

	journal_bind(stmt, 1, name);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		value = strdup(_text(stmt, 0));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		journal_fail(journal, err, "read");
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW && !value)
		return err_nomem(err);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return -1;
	*out = value;
	return 0;
}
