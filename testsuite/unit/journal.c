/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: what is kept over a restart, and what is refused. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/clone/journal_own.h"
#include "tap.h"

static char dir[] = "/tmp/sclone-journal.XXXXXX";
static char seen[256];

static void _remove_all(void)
{
	static const char *const names[] = { "journal.db", "journal.db-wal",
		"journal.db-shm", "journal.reserve", "lock" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
}

static int _collect(const char *node, const char *text, void *arg,
		    struct err *err)
{
	size_t len = strlen(seen);

	(void) arg;
	(void) err;
	snprintf(seen + len, sizeof(seen) - len, "%s=%s;", node, text);
	return 0;
}

static int _collect_text(const char *text, void *arg, struct err *err)
{
	return _collect("", text, arg, err);
}

static int _collect_one(const char *node, const char *text, void *arg,
			struct err *err)
{
	(void) _collect(node, text, arg, err);
	return -1;
}

static struct journal *_open(void)
{
	struct err err = ERR_INIT;
	struct journal *journal = journal_open(dir, &err);

	if (!journal)
		bail_out("%s", err.text);
	seen[0] = '\0';
	return journal;
}

static void _records(void)
{
	struct journal *journal = _open();
	struct err err = ERR_INIT;

	ok(!journal_save(journal, "vm2", "one", &err) &&
	   !journal_save(journal, "vm1", "two", &err) &&
	   !journal_save(journal, "vm2", "three", &err) &&
	   !journal_save(journal, "vm3", "gone", &err) &&
	   !journal_forget(journal, "vm3", &err) &&
	   !journal_commit(journal, &err), "records committed");
	ok(!journal_save(journal, "vm1", "lost", &err),
	   "one more, not committed");
	journal_close(journal);
	journal = _open();
	ok(!journal_load(journal, _collect, NULL, &err), "loaded");
	is_str(seen, "vm1=two;vm2=three;", "what was committed, in order");
	journal_close(journal);
}

static void _requests(void)
{
	struct journal *journal = _open();
	struct err err = ERR_INIT;

	is_int(journal_take_request(journal, "r1", 10, &err), 1, "new");
	is_int(journal_take_request(journal, "r1", 11, &err), 0, "repeated");
	ok(!journal_commit(journal, &err), "committed");
	journal_close(journal);
	journal = _open();
	is_int(journal_take_request(journal, "r1", 12, &err), 0,
	       "repeated after a restart");
	ok(!journal_prune(journal, 11, &err) &&
	   journal_take_request(journal, "r1", 13, &err) == 1,
	   "forgotten when pruned");
	journal_close(journal);
}

static void _history(void)
{
	struct journal *journal = _open();
	struct err err = ERR_INIT;
	char *value = NULL;

	journal_add_cycle(journal, "vm1", 1, 7, 100, "a", &err);
	journal_add_cycle(journal, "vm2", 2, 7, 200, "b", &err);
	journal_add_cycle(journal, "vm1", 3, 8, 300, "c", &err);
	journal_add_cycle(journal, "vm1", 3, 8, 300, "c2", &err);
	journal_history(journal, NULL, 0, 10, _collect_text, NULL, &err);
	is_str(seen, "=c2;=b;=a;", "all, newest first, a cycle only once");
	seen[0] = '\0';
	journal_history(journal, "vm1", 0, 1, _collect_text, NULL, &err);
	is_str(seen, "=c2;", "of a node, limited");
	seen[0] = '\0';
	journal_history(journal, NULL, 7, 10, _collect_text, NULL, &err);
	is_str(seen, "=b;=a;", "of a job");
	seen[0] = '\0';
	journal_add_cycle(journal, "vm4", 4, 7, 400,
			  "{\"sharers\":\"70,9\",\"a\":\"5\"}", &err);
	journal_history(journal, NULL, 9, 10, _collect_text, NULL, &err);
	journal_history(journal, NULL, 5, 10, _collect_text, NULL, &err);
	journal_history(journal, NULL, 0x7fffffff, 10, _collect_text, NULL,
			&err);
	is_str(seen, "={\"sharers\":\"70,9\",\"a\":\"5\"};",
	       "of one that shared a VM, and of no other");
	seen[0] = '\0';
	journal_prune(journal, 300, &err);
	journal_history(journal, NULL, 0, 10, _collect_text, NULL, &err);
	is_str(seen, "={\"sharers\":\"70,9\",\"a\":\"5\"};=c2;",
	       "pruned by time");
	ok(!journal_get_meta(journal, "head", &value, &err) && !value,
	   "no such value");
	ok(!journal_set_meta(journal, "head", "x", &err) &&
	   !journal_get_meta(journal, "head", &value, &err), "a value");
	is_str(value, "x", "read back");
	ok(!journal_forget_meta(journal, "head", &err) &&
	   !journal_forget_meta(journal, "never", &err) &&
	   !journal_commit(journal, &err), "forgotten");
	free(steal_ptr(&value));
	ok(!journal_get_meta(journal, "head", &value, &err) && !value,
	   "is not there");
	ok(!journal_set_meta(journal, "source/vm-2", "u2", &err) &&
	   !journal_set_meta(journal, "source/vm-1", "u1", &err), "more");
	seen[0] = '\0';
	ok(!journal_each_meta(journal, "source/", _collect, NULL, &err),
	   "those of a name's beginning");
	is_str(seen, "source/vm-1=u1;source/vm-2=u2;", "and no others");
	seen[0] = '\0';
	is_int(journal_each_meta(journal, "source/", _collect_one, NULL, &err),
	       -1, "the walk ends with an error");
	is_str(seen, "source/vm-1=u1;", "at once");
	journal_close(journal);
}

/* What another process is told that opens it, too; 0 if it may. */
static int _ask_second(char *text, size_t size)
{
	struct err err = ERR_INIT;
	int fds[2], code;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		bail_out("no second process");
	if (pid == 0) {
		code = journal_open(dir, &err) ? 0 : err.code;
		(void) !write(fds[1], err.text, sizeof(err.text));
		_exit(code);
	}
	if (read(fds[0], text, size) < 0 || waitpid(pid, &code, 0) < 0)
		bail_out("the second process told nothing");
	close(fds[0]);
	close(fds[1]);
	return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void _second(void)
{
	struct journal *journal = _open();
	char pid[32], text[sizeof(((struct err *) NULL)->text)] = "";

	is_int(_ask_second(text, sizeof(text)), ERR_BUSY,
	       "a second scloned is refused");
	snprintf(pid, sizeof(pid), "(pid %d)", (int) getpid());
	has_str(text, pid, "and told who has it");
	journal_close(journal);
}

/* Opens the journal, forks what goes on to wait for the pipe's end, dies. */
static void _leave_child(int fd)
{
	char byte;

	if (!journal_open(dir, NULL))
		_exit(1);
	if (fork() == 0) {
		(void) !read(fd, &byte, 1);
		_exit(0);
	}
	kill(getpid(), SIGKILL);
}

/* What a killed scloned has forked and not yet replaced by exec() has its
 * descriptors for a moment; the next scloned must not wait for it. */
static void _survived_by_child(void)
{
	struct journal *journal;
	struct err err = ERR_INIT;
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		bail_out("no process to be killed");
	if (pid == 0) {
		close(fds[1]);
		_leave_child(fds[0]);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSIGNALED(status))
		bail_out("the child did not die as planned");
	journal = journal_open(dir, &err);
	ok(journal, "a child of a killed scloned does not hold its journal: "
	   "%s", err.text);
	journal_close(journal);
	close(fds[0]);
	close(fds[1]);
}

/* A child commits, then dies without closing anything. */
static void _killed(void)
{
	struct journal *journal;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		journal = journal_open(dir, NULL);
		if (journal && !journal_save(journal, "vm9", "kept", NULL) &&
		    !journal_commit(journal, NULL) &&
		    !journal_save(journal, "vm9", "lost", NULL))
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSIGNALED(status))
		bail_out("the child did not die as planned");
	journal = _open();
	journal_load(journal, _collect, NULL, NULL);
	has_str(seen, "vm9=kept;", "a commit survives SIGKILL");
	journal_close(journal);
}

/* A disk that takes no more: a file size limit stands in for it. */
static void _full(void)
{
	struct rlimit old, small = { 300000, 300000 };
	struct journal *journal = _open();
	struct err err = ERR_INIT;
	char text[30000], node[16];
	struct stat st;
	int rc = 0;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; rc == 0 && i < 100; i++) {
		snprintf(node, sizeof(node), "big%d", i);
		rc = journal_save(journal, node, text, &err);
		if (rc == 0)
			rc = journal_commit(journal, &err);
	}
	is_int(rc, -1, "writing ends in an error");
	ok(err.code == ERR_CAPACITY || err.code == ERR_TRANSIENT,
	   "that says to try again: %s %s", err_name(err.code), err.text);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!journal_save(journal, "after", "x", &err) &&
	   !journal_commit(journal, &err), "and goes on with room: %s",
	   err.text);
	ok(!journal_restore_reserve(journal, &err) &&
	   !journal_is_low(journal), "the reserve is back");
	snprintf(seen, sizeof(seen), "%s/journal.reserve", dir);
	ok(!stat(seen, &st) && st.st_blocks > 0, "and takes real room");
	journal_close(journal);
}

/* What a commit could not write is not forgotten by SQLite's rollback. */
static void _full_once(void)
{
	struct rlimit old, small = { 4096, 4096 };
	struct journal *journal = _open();
	struct err err = ERR_INIT;

	is_int(journal_take_request(journal, "r-full", 5, &err), 1,
	       "a request");
	ok(!journal_save(journal, "vm7", "old", &err) &&
	   !journal_save(journal, "vm7", "intent", &err),
	   "its record, changed twice");
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	is_int(journal_commit(journal, &err), -1, "a commit without room");
	is_int(journal_commit(journal, &err), -1, "fails as often as tried");
	is_int(journal_take_request(journal, "r-full", 6, &err), 0,
	       "the request is still known");
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!journal_save(journal, "vm8", "later", &err), "another record");
	ok(!journal_commit(journal, &err), "with room: %s", err.text);
	journal_close(journal);
	journal = _open();
	ok(!journal_load(journal, _collect, NULL, &err), "read again");
	has_str(seen, "vm7=intent;", "what the first commit was for");
	has_str(seen, "vm8=later;", "and what came after");
	is_int(journal_take_request(journal, "r-full", 7, &err), 0,
	       "the request too");
	journal_close(journal);
}

static void _newer(void)
{
	cleanup_journal struct journal *journal = NULL;
	struct err err = ERR_INIT;
	sqlite3 *db = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL) !=
		    SQLITE_OK)
		bail_out("cannot change %s", path);
	sqlite3_close(db);
	journal = journal_open(dir, &err);
	ok(!journal && err.code == ERR_CONFIG, "a newer journal is refused");
	has_str(err.text, "use the newer sclone", "with what to do");
}

static void _open_to_others(void)
{
	cleanup_journal struct journal *journal = NULL;
	struct err err = ERR_INIT;

	chmod(dir, 0770);
	journal = journal_open(dir, &err);
	ok(!journal && err.code == ERR_CONFIG,
	   "a directory that others can write is refused");
	has_str(err.text, "chmod go-w", "with what to do");
	chmod(dir, 0700);
}

static void _overwrite(const char *bytes, size_t len)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t) len)
		bail_out("cannot write %s", path);
	close(fd);
}

/* A page in the middle is spoilt, which nothing needs at the start. */
static void _spoilt(void)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;
	char text[3000], path[64], node[16];
	int fd;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	_remove_all();
	journal = _open();
	ok(journal_is_new(journal), "a new journal says so");
	for (int i = 0; i < 50; i++) {
		snprintf(node, sizeof(node), "vm%d", i);
		journal_add_cycle(journal, node, i + 1, 7, 100, text, &err);
	}
	if (journal_commit(journal, &err) < 0)
		bail_out("%s", err.text);
	journal_close(journal);
	journal = _open();
	ok(!journal_is_new(journal), "an old one does not");
	journal_close(journal);
	snprintf(path, sizeof(path), "%s/journal.db", dir);
	fd = open(path, O_WRONLY);
	if (fd < 0 || pwrite(fd, text, sizeof(text), 20 * 4096) < 0)
		bail_out("cannot spoil %s", path);
	close(fd);
	journal = journal_open(dir, &err);
	ok(!journal && err.code == ERR_CONFIG, "damage is found at the start");
	has_str(err.text, "restore it from a backup", "with what to do");
}

static void _foreign(void)
{
	cleanup_journal struct journal *journal = NULL;
	char bytes[8192];
	struct err err = ERR_INIT;

	memset(bytes, 'z', sizeof(bytes));
	_overwrite(bytes, sizeof(bytes));
	journal = journal_open(dir, &err);
	ok(!journal && err.code == ERR_CONFIG, "damage is refused");
	has_str(err.text, "move it away", "with what to do");
}

static int _count(void *arg)
{
	++*(unsigned *) arg;
	return 0;
}

static int _see_receipt(const struct journal_receipt *receipt, void *arg,
			struct err *err)
{
	size_t len = strlen(seen);

	(void) arg;
	(void) err;
	snprintf(seen + len, sizeof(seen) - len, "%s;", receipt->text);
	return 0;
}

static void _fill(struct journal *journal, int count)
{
	char node[16], text[16];
	struct err err = ERR_INIT;

	for (int i = 1; i <= count; i++) {
		const struct journal_receipt receipt = {
			.seq = i, .node = node, .job = i / 4, .text = text,
		};

		snprintf(node, sizeof(node), "vm%d", i % 500);
		snprintf(text, sizeof(text), "%d", i);
		if (journal_add_cycle(journal, node, i, i / 4, i, text,
				      &err) < 0 ||
		    journal_add_receipt(journal, &receipt, &err) < 0)
			bail_out("%s", err.text);
	}
	(void) journal_commit(journal, &err);
}

/* Anybody may ask for a node's or a job's, and scloned waits meanwhile. */
static void _much_history(void)
{
	struct err err = ERR_INIT;
	struct journal *journal = journal_open(dir, &err);
	struct journal_receipts wanted = { .limit = 10, .newest = true };
	unsigned steps = 0;

	_fill(journal, 2000);
	/* Once for each ten steps of SQLite's machine. */
	sqlite3_progress_handler(journal->db, 10, _count, &steps);
	seen[0] = '\0';
	journal_history(journal, "vm3", 0, 10, _collect_text, NULL, &err);
	journal_history(journal, NULL, 100, 10, _collect_text, NULL, &err);
	journal_history(journal, "vm3", 125, 10, _collect_text, NULL, &err);
	is_str(seen, "=1503;=1003;=503;=3;=403;=402;=401;=400;=503;",
	       "cycles of a node, of a job, of both, newest first");
	seen[0] = '\0';
	wanted.node = "vm3";
	journal_receipts(journal, &wanted, _see_receipt, NULL, &err);
	wanted.job = 125;
	journal_receipts(journal, &wanted, _see_receipt, NULL, &err);
	wanted = (struct journal_receipts) { .job = 100, .after = 400,
					     .limit = 10 };
	journal_receipts(journal, &wanted, _see_receipt, NULL, &err);
	is_str(seen, "1503;1003;503;3;503;401;402;403;", "receipts likewise");
	ok(steps < 200, "without a look at all the others (%u)", steps);
	journal_close(journal);
	_remove_all();
}

int main(void)
{
	if (!mkdtemp(dir))
		bail_out("mkdtemp");
	signal(SIGXFSZ, SIG_IGN);
	_records();
	_requests();
	_history();
	_much_history();
	_second();
	_survived_by_child();
	_killed();
	_full_once();
	_full();
	_newer();
	_open_to_others();
	_foreign();
	_spoilt();
	_remove_all();
	is_int(rmdir(dir), 0, "nothing else was left");
	return done_testing();
}
